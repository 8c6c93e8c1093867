// log and log1p. x = 2^k m with m in [3/4, 3/2), or [sqrt(1/2), sqrt(2)) for log in f32, by integer
// arithmetic on the bits.
#pragma once

#include "ir/math_common.h"

namespace frit::ir::math {

// With x = 2^k m, k in place in the exponent field: m is in [c, 2c) for the bits of c, or [3/4, 3/2).
template <class X>
auto exponent_in_place(X x, int_of<typename X::type> c) {
  const auto i = to_bits(x);
  using I = int_of<typename X::type>;
  return (i - i.lit(c)) & i.lit(static_cast<I>(-(I{1} << mantissa_bits<typename X::type>)));
}
template <class X>
auto exponent_in_place(X x) {
  if constexpr (single<typename X::type>) return exponent_in_place(x, 0x3f400000);
  else return exponent_in_place(x, 0x3fe8000000000000);
}

// y where 0 < x < inf; the special values elsewhere. Copies of the sign make negative numbers NaN.
template <class X>
X log_specials(X x, X y) {
  using T = typename X::type;
  const auto i = to_bits(x);
  const X marked = to_float(i | shr(i, i.lit(static_cast<int_of<T>>(8 * sizeof(T) - 1))));
  const X inf = x.lit(std::numeric_limits<T>::infinity());
  return select(eq(x, x.lit(T{0})), -inf, select(lt(marked, inf), y, marked));
}

template <class X>
X log(X x) {
  using T = typename X::type;
  constexpr T scale = single<T> ? T(0x1p23) : T(0x1p52);
  const auto tiny = lt(x, x.lit(std::numeric_limits<T>::min()));
  const X v = select(tiny, x * x.lit(scale), x);
  const auto e = [&] {
    if constexpr (single<T>) return exponent_in_place(v, 0x3f3504f3);
    else return exponent_in_place(v);
  }();
  const X f = to_float(to_bits(v) - e) - x.lit(T{1});
  const X k = fma(cast<T>(e), x.lit(T{1} / scale), select(tiny, x.lit(-T(mantissa_bits<T>)), x.lit(T{0})));
  if constexpr (single<T>) {
    // The rounding of ln 2 is 1/16 of a unit of any result with k other than 0.
    return log_specials(x, fma(k, number(x, ln2), fma(f * f, polynomial(f, log_near<T>), f)));
  } else {
    return log_specials(x, fma(k, ln2_hi(x), f + fma(f * f, polynomial(f, log_q<T>), k * ln2_lo(x))));
  }
}

// log of u = 1 + x, but with m - 1 from x itself: (x - (2^k - 1)) / 2^k.
template <class X>
X log1p(X x) {
  using T = typename X::type;
  const X one = x.lit(T{1}), quarter = x.lit(T{0.25});
  const X u = x + one;
  auto e = exponent_in_place(u);
  const X s4 = to_float(to_bits(x.lit(T{4})) - e);  // 4 / 2^k is normal for all k
  const X c = fma(quarter, s4, -one);
  const X f = fma(x * quarter, s4, c);
  const X k = cast<T>(e) * x.lit(single<T> ? T(0x1p-23) : T(0x1p-52));
  const X s = f + fma(f * f, polynomial(f, log_q<T>), k * ln2_lo(x));
  const X y = log_specials(u, fma(k, ln2_hi(x), s));
  return select(lt(abs(x), number(x, 0x1p-26f, 0x1p-55)), x, y);
}

}  // namespace frit::ir::math
