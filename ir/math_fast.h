// Formulas of Numerics::fast in f32: shorter than those of the laws, a few units of f32 from the exact value, and 0
// where that is below about 2^-125. gpu: with the hardware's approximations. NaN, infinities and zeros give what
// the laws' formulas give.
#pragma once

#include "ir/math_common.h"

namespace frit::ir::math::fast {

// On a CPU 2 exp(r) 2^(n-1): n - 1 reaches 127 where the result overflows, and -127, which makes 0, where it is
// below 2^-125.5. On a GPU 2^h for the rounded product h, times 2^l for what the rounding took.
template <bool gpu, class X>
X exp(X x) {
  if constexpr (gpu) {
    const X c = min(max(x, x.lit(-104.0f)), x.lit(89.0f));
    const X log2e = number(x, log2_e);
    const X h = c * log2e;
    const X l = fma(c, number(x, log2_e - 0x1.715476p+0), fma(c, log2e, -h));
    return approx_exp2(h) * fma(l, number(x, ln2), x.lit(1.0f));
  } else {
    const X c = min(max(x, x.lit(-87.5f)), x.lit(89.0f));
    const X shift = x.lit(power_shift<float> - 1.0f);
    const X t = fma(c, number(x, log2_e), shift);
    const X n = t - shift;
    const X r = fma(n, -ln2_lo(x), fma(n, -ln2_hi(x), c));
    constexpr auto q = exp_fast_q<float>;
    constexpr std::array<float, 6> twice = {2, 2, 2 * q[0], 2 * q[1], 2 * q[2], 2 * q[3]};
    return polynomial(r, twice) * power_of_two(t);
  }
}

// A quotient of polynomials of x^2. At 9.9 it has passed 1 by more than a GPU's reciprocal may lack, so that
// the bounds are met exactly from there on: 1 + tanh(x) must not be left with a crumb that x then multiplies.
template <bool gpu, class X>
X tanh(X x) {
  const X one = x.lit(1.0f);
  const X c = min(max(x, x.lit(-9.9f)), x.lit(9.9f));
  const X z = c * c;
  const X num = c * polynomial(z, tanh_fast_num<float>), over = polynomial(z, tanh_fast_over<float>);
  const auto quotient = [&] {
    if constexpr (gpu) return num * approx_rcp(over);
    else return num / over;
  };
  return min(max(quotient(), -one), one);
}

template <bool gpu, class X>
X sigmoid(X x) {
  const X one = x.lit(1.0f), d = one + exp<gpu>(-x);
  if constexpr (gpu) return approx_rcp(d);
  else return one / d;
}

template <bool gpu, class X>
X rsqrt(X x) {
  if constexpr (gpu) return approx_rsqrt(x);
  else return x.lit(1.0f) / sqrt(x);
}

}  // namespace frit::ir::math::fast
