// What the elementary functions share: polynomials, powers of two, bit views, and the constants of
// their types. X is Num<T> or Expr<T> (ir/num.h, ir/expr.h), T float or double.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "ir/expr.h"
#include "ir/math_polynomials.h"
#include "ir/num.h"

namespace frit::ir::math {

template <class T>
inline constexpr bool single = std::is_same_v<T, float>;

template <class T>
using int_of = std::conditional_t<single<T>, int32_t, int64_t>;

// c in the type of x.
template <class X>
X number(X x, double c) { return x.lit(static_cast<typename X::type>(c)); }

// The constant for x's type.
template <class X>
X number(X x, float f32, double f64) {
  if constexpr (single<typename X::type>) return x.lit(f32);
  else return x.lit(f64);
}

// The bits of a NaN are of no account in any formula: the result is NaN or does not depend on them.
template <class X>
auto to_bits(X x) { return bitcast_any<int_of<typename X::type>>(x); }

template <class I>
auto to_float(I i) {
  return bitcast<std::conditional_t<std::is_same_v<typename I::type, int32_t>, float, double>>(i);
}

// c[0] + c[1] x + c[2] x^2 + ..., by Horner's rule.
template <class X, size_t N>
X polynomial(X x, const std::array<typename X::type, N>& c) {
  X p = x.lit(c[N - 1]);
  for (size_t k = N - 1; k-- > 0;) p = fma(p, x, x.lit(c[k]));
  return p;
}

// Adding 1.5 * 2^(digits-1) rounds to an integer that then stands in the low bits. With the bias of
// the exponent added as well, shifting those bits up makes the power of two.
template <class T>
inline constexpr int mantissa_bits = std::numeric_limits<T>::digits - 1;
template <class T>
inline constexpr int exponent_bias = std::numeric_limits<T>::max_exponent - 1;
template <class T>
inline constexpr T round_shift = T{1.5} * (int64_t{1} << mantissa_bits<T>);
template <class T>
inline constexpr T power_shift = round_shift<T> + exponent_bias<T>;

// Functions of a >= 0 in 16 segments (lookup.h). The segment is named by the exponent of a + 0.625 and two bits of
// its fraction; there f(a) = c0 + r p(r), r = a - node. In the first one, up to 1/8, node and c0 are 0.
template <class X>
class Segments {
 public:
  Segments(X a, Table table) : table_(table), shifted_(a + a.lit(0.625f)), segment_(to_bits(shifted_)) {
    segment_ = shr(segment_, segment_.lit(int32_t{mantissa_bits<float> - 2}));
    r_ = a - row(0);
  }
  X c0() const { return row(1); }
  auto first() const { return lt(shifted_, shifted_.lit(0.75f)); }
  // c + r p(r)
  X add_to(X c) const {
    const int rows = info(table_).count;
    X p = row(rows - 1);
    for (int k = rows - 2; k >= 2; --k) p = fma(p, r_, row(k));
    return fma(p, r_, c);
  }

 private:
  X row(int k) const { return lookup(segment_, RowPlace{table_, k}); }

  Table table_;
  X shifted_, r_;
  typename X::template rebind<int32_t> segment_;
};

// 2^n from t = n + power_shift, n a normal exponent.
template <class X>
X power_of_two(X t) {
  auto i = to_bits(t);
  return to_float(shl(i, i.lit(int_of<typename X::type>{mantissa_bits<typename X::type>})));
}

// y with the sign of x, y not negative.
template <class X>
X with_sign_of(X x, X y) {
  auto i = to_bits(x);
  using I = int_of<typename X::type>;
  return to_float((i & i.lit(std::numeric_limits<I>::min())) | to_bits(y));
}

// a + b as high + low, exactly.
template <class X>
struct Sum {
  X high, low;
};
template <class X>
Sum<X> two_sum(X a, X b) {
  const X s = a + b;
  const X c = s - a;
  return {s, (a - (s - c)) + (b - c)};
}
// The same for |a| >= |b| or a = 0.
template <class X>
Sum<X> quick_sum(X a, X b) {
  const X s = a + b;
  return {s, b - (s - a)};
}
// a * b as high + low, exactly.
template <class X>
Sum<X> two_product(X a, X b) {
  const X p = a * b;
  return {p, fma(a, b, -p)};
}

// ln 2 in two parts; the first has zeros at its end, so that small multiples of it are exact.
inline constexpr double ln2_hi32 = 0x1.62e4p-1, ln2_lo32 = 0x1.7f7d1cf79abcap-20;
inline constexpr double ln2_hi64 = 0x1.62e42fefa38p-1, ln2_lo64 = 0x1.ef35793c7673p-45;
inline constexpr double ln2 = 0x1.62e42fefa39efp-1, log2_e = 0x1.71547652b82fep+0;

template <class X>
X ln2_hi(X x) { return number(x, static_cast<float>(ln2_hi32), ln2_hi64); }
template <class X>
X ln2_lo(X x) { return number(x, static_cast<float>(ln2_lo32), ln2_lo64); }

}  // namespace frit::ir::math
