// sin and cos: the argument in units of pi, reduced modulo 2, exactly enough at every magnitude.
#pragma once

#include "ir/math_common.h"

namespace frit::ir::math {

// x / pi modulo 2, in [-1, 1], for x of 24 bits. 1/pi stands in pieces of 29 bits, so that x times a
// piece is exact; even integers are taken off after each piece, and what they leave is exact or tiny.
template <class W>
W half_turns(W x) {
  constexpr double pieces[] = {0x1.45f306dp-2,  0x1.9391054p-31,  0x1.4fe13abp-60,
                               0x1.d1f534dp-89, 0x1.b81b6c5p-118, 0x1.5993c439041fep-149};
  W s = x * x.lit(pieces[0]);
  s = fma(rint(s * x.lit(0.5)), x.lit(-2.0), s);
  for (int k = 1; k < 6; ++k) {
    s = fma(x, x.lit(pieces[k]), s);
    s = fma(rint(s * x.lit(0.5)), x.lit(-2.0), s);
  }
  return s;
}

// sin(pi (n + h)), n an integer in [-2, 2], |h| <= 1/2.
template <class W, size_t N>
W sin_pi(W n, W h, const std::array<double, N>& p) {
  const W sign = fma(abs(n) * abs(n - n.lit(2.0) * rint(n * n.lit(0.5))), n.lit(-2.0), n.lit(1.0));
  return h * polynomial(h * h, p) * sign;
}

template <class X>
X sin(X x) {
  auto s = half_turns(cast<double>(x));
  auto n = rint(s);
  auto y = sin_pi(n, s - n, sin_short<double>);
  return select(eq(x, x.lit(typename X::type{0})), x, cast<typename X::type>(y));
}

// cos(pi s) = sin(pi (s + 1/2)).
template <class X>
X cos(X x) {
  auto s = half_turns(cast<double>(x));
  auto n = rint(s + s.lit(0.5));
  auto y = sin_pi(n, (s - n) + s.lit(0.5), sin_short<double>);
  return cast<typename X::type>(y);
}

}  // namespace frit::ir::math
