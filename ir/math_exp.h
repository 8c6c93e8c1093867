// exp, expm1, tanh, sigmoid. All but tanh in f32 reduce x = n ln 2 + r and put the power of two back.
#pragma once

#include "ir/math_common.h"
#include "ir/scalar_program.h"

namespace frit::ir::math {

// 2^n (1 + e) for t = n + round_shift + 2 exponent_bias, as 2^i 2^(n-i), i = floor(n/2): neither factor
// leaves the range where the result is denormal or overflows, and no lane needs another path.
template <class X>
X scaled(X t, X e) {
  using T = typename X::type;
  using I = int_of<T>;
  const auto i = to_bits(t);
  const auto exponent = i.lit(static_cast<I>(-(I{1} << mantissa_bits<T>) & std::numeric_limits<I>::max()));
  const auto first = shl(i, i.lit(I{mantissa_bits<T> - 1})) & exponent;
  const auto second = shl(i, i.lit(I{mantissa_bits<T>})) - first;
  return fma(e, to_float(first), to_float(first)) * to_float(second);
}

// The bounds are just past where the result is 0 or inf. In f32 n has four binary places, by which the powers of two
// between 1 and 2 are looked up (Tang's idea): n times the leading 24 bits of ln 2 leaves an exact number, and what is
// left for the polynomial is at most ln 2 / 32. A table of round(2^(j/16)) would be half a unit wrong; times a number
// near 1, by which the polynomial is divided, it is 0.29 of one. The polynomial's order of steps lets exp ascend: the
// rounding of what multiplies r^2 counts for less than a step of r.
template <class X>
X exp(X x) {
  using T = typename X::type;
  x = min(max(x, number(x, -104.0f, -746.0)), number(x, 89.0f, 710.0));
  const X shift = x.lit(single<T> ? kScaleShift : round_shift<T> + 2 * exponent_bias<T>);
  const X t = fma(x, number(x, log2_e), shift);
  const X n = t - shift;
  if constexpr (single<T>) {
    const X r = fma(n, x.lit(0x1.05c61p-29f), fma(n, x.lit(-0x1.62e43p-1f), x));
    constexpr auto c = exp_near<T>;
    const X p = fma(r * r, fma(r, x.lit(c[3]), x.lit(c[2])), fma(r, x.lit(c[1]), x.lit(c[0])));
    const X power = lookup(to_bits(t), RowPlace{Table::exp_powers, 0});
    return scale(fma(power, p, power), n, t);
  } else {
    const X r = fma(n, -ln2_lo(x), fma(n, -ln2_hi(x), x));
    return scaled(t, fma(r * r, polynomial(r, exp_q<T>), r));
  }
}

// 2^n (exp(r) - 1) + (2^n - 1). n is rounded so that r lies in [-ln 4/3, ln 3/2]: there exp(r) - 1
// stays in [-1/4, 1/2], whose rounding error is small beside every result with n != 0.
template <class X>
X expm1(X x) {
  using T = typename X::type;
  const X v = min(max(x, number(x, -20.0f, -40.0)), number(x, 89.0f, 710.0));
  const X n = rint(fma(v, number(v, log2_e), number(v, -0.08496250072115618)));  // log2(3/2) - 1/2
  const X h = fma(n, -ln2_hi(v), v);
  const X r = fma(n, -ln2_lo(v), h);
  const X rest = fma(n, -ln2_lo(v), h - r);
  const X p = r + fma(r * r, polynomial(r, expm1_q<T>), rest);
  const X s = power_of_two(n + x.lit(power_shift<T> - T{1}));  // 2^(n-1): n = 128 is in range
  const X half = number(x, 0.5);
  const X c = s - half;
  const X y = fma(s, p, (s - c) - half) + c;  // what c lost counts when s is 2^24 (f64: 2^53)
  return select(lt(abs(x), number(x, 0x1p-26f, 0x1p-55)), x, y + y);
}

// f32 in segments. f64: up to 1 an odd polynomial; above 1 - 2 / (exp(2 |x|) + 1). The quotient is small beside 1:
// one rounding of 2 log2(e) does no harm.
template <class X>
X tanh(X x) {
  using T = typename X::type;
  const X a = abs(x);
  if constexpr (single<T>) {
    const Segments<X> s(min(a, x.lit(tanh_one)), Table::tanh_segments);
    return with_sign_of(x, s.add_to(s.c0()));
  } else {
    const X one = x.lit(T{1});
    const X z = a * a;
    const X near = fma(a, z * polynomial(z, tanh_p<T>), a);
    const X c = min(a, x.lit(20.0));
    const X scale = x.lit(2 * log2_e), shift = x.lit(power_shift<T>);
    const X t = fma(c, scale, shift);
    const X r = fma(c, scale, shift - t);
    const X far = one - x.lit(T{2}) / fma(polynomial(r, exp2_near<T>), power_of_two(t), one);
    return with_sign_of(x, select(lt(a, one), near, far));
  }
}

// 1 / (1 + exp(-x)). For f32 in f64, where no step needs care.
template <class X>
X sigmoid(X x) {
  using T = typename X::type;
  if constexpr (single<T>) {
    auto w = cast<double>(min(max(x, x.lit(T{-110})), x.lit(T{40})));
    auto shift = w.lit(power_shift<double>);
    auto t = fma(w, w.lit(-log2_e), shift);
    auto r = fma(t - shift, w.lit(-0x1.62e42fefa39efp-1), -w);
    auto d = fma(polynomial(r, exp_short<double>), power_of_two(t), w.lit(1.0));
    return cast<float>(w.lit(1.0) / d);
  } else {
    // exp(-|x|) or 1, over 1 + exp(-|x|), whose rounding and that of the division are taken back.
    const X one = x.lit(T{1});
    const X e = exp(-abs(x));
    const X n = select(lt(x, x.lit(T{0})), e, one);
    const Sum<X> d = quick_sum(one, e);
    const X i = one / d.high;
    const X q = n * i;
    return fma(fma(-q, d.low, fma(-q, d.high, n)), i, q);
  }
}

}  // namespace frit::ir::math
