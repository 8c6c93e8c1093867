// log, log1p, pow. x = 2^k m with m in [3/4, 3/2), found by integer arithmetic on the bits.
#pragma once

#include "ir/math_common.h"

namespace frit::ir::math {

// The exponent field of x over 3/4, in place: k << mantissa bits.
template <class X>
auto exponent_in_place(X x) {
  auto i = to_bits(x);
  using I = typename decltype(i)::type;
  const auto three_quarters = i.lit(static_cast<I>(single<typename X::type> ? 0x3f400000 : 0x3fe8000000000000));
  const auto field = i.lit(static_cast<I>(-(I{1} << mantissa_bits<typename X::type>)));
  return (i - three_quarters) & field;
}

// y where 0 < x < inf; the special values elsewhere.
template <class X>
X log_specials(X x, X y) {
  using L = std::numeric_limits<typename X::type>;
  const X zero = x.lit(typename X::type{0});
  const X below = select(eq(x, zero), x.lit(-L::infinity()), x.lit(L::quiet_NaN()));
  return select(le(x, zero), below, select(lt(x, x.lit(L::infinity())), y, x));
}

template <class X>
X log(X x) {
  using T = typename X::type;
  constexpr T scale = single<T> ? T(0x1p23) : T(0x1p52);
  const auto tiny = lt(x, x.lit(std::numeric_limits<T>::min()));
  const X v = select(tiny, x * x.lit(scale), x);
  auto e = exponent_in_place(v);
  const X f = to_float(to_bits(v) - e) - x.lit(T{1});
  const X k = fma(cast<T>(e), x.lit(T{1} / scale), select(tiny, x.lit(-T(mantissa_bits<T>)), x.lit(T{0})));
  const X s = f + fma(f * f, polynomial(f, log_q<T>), k * ln2_lo(x));
  return log_specials(x, fma(k, ln2_hi(x), s));
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

// |x|^y = 2^(y log2 |x|), then C's special cases. For f32 in f64.
template <class X>
X pow(X x, X y) {
  using T = typename X::type;
  using L = std::numeric_limits<T>;
  const X zero = x.lit(T{0}), one = x.lit(T{1}), half = x.lit(T{0.5});
  const auto w = cast<double>(abs(x));
  auto i = bitcast<int64_t>(w);
  auto e = (i - i.lit(int64_t{0x3fe6a09e667f3bcd})) & i.lit(-(int64_t{1} << 52));
  auto f = bitcast<double>(i - e) - w.lit(1.0);
  auto l = fma(f, polynomial(f, log2_short<double>), cast<double>(e) * w.lit(0x1p-52));
  l = select(lt(w, w.lit(std::numeric_limits<double>::infinity())), l, w);
  l = select(eq(w, w.lit(0.0)), w.lit(-std::numeric_limits<double>::infinity()), l);
  auto v = min(max(cast<double>(y), w.lit(-0x1p200)), w.lit(0x1p200));
  auto t = min(max(v * l, w.lit(-200.0)), w.lit(200.0));
  auto shift = w.lit(power_shift<double>);
  auto n = t + shift;
  auto r = t - (n - shift);
  const X m = cast<T>(polynomial(r, exp2_short<double>) * power_of_two(n));
  const auto whole = eq(rint(y), y);
  const auto odd = whole & ne(rint(y * half), y * half);
  auto negative = lt(to_bits(x), to_bits(zero));
  const X nan = x.lit(L::quiet_NaN());
  X z = select(negative & odd, -m, m);
  z = select(lt(x, zero) & ~whole & lt(-x, x.lit(L::infinity())), nan, z);
  return select(eq(x, one) | eq(y, zero), one, z);
}

}  // namespace frit::ir::math
