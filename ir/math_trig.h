// sin and cos: the argument in units of pi, reduced modulo 2, exactly enough at every magnitude.
#pragma once

#include "ir/math_common.h"

namespace frit::ir::math {

// x / (2 pi) modulo 1, about [-1/2, 1/2], for x of 24 bits. 1/(2 pi) stands in pieces of 29 bits, so that
// x times a piece is exact; integers are taken off after each piece, and what they leave is exact or tiny.
template <class W>
W turns(W x) {
  constexpr double pieces[] = {0x1.45f306dp-3,  0x1.9391054p-32,  0x1.4fe13abp-61,
                               0x1.d1f534dp-90, 0x1.b81b6c5p-119, 0x1.5993c439041fep-150};
  W s = x * x.lit(pieces[0]);
  s = s - rint(s);
  for (int k = 1; k < 5; ++k) {
    s = fma(x, x.lit(pieces[k]), s);
    s = s - rint(s);
  }
  return fma(x, x.lit(pieces[5]), s);
}

// sin(2 pi (n/2 + h)), |h| <= 1/4, n the integer that t = n + round_shift holds.
template <class W, size_t N>
W sin_turns(W t, W h, const std::array<double, N>& p) {
  auto i = to_bits(t);
  auto sign = shl(i, i.lit(int64_t{63}));
  return to_float(to_bits(h * polynomial(h * h, p)) ^ sign);
}

template <class X>
X sin(X x) {
  auto s = turns(cast<double>(x));
  auto shift = s.lit(round_shift<double>);
  auto t = fma(s, s.lit(2.0), shift);
  auto y = sin_turns(t, fma(t - shift, s.lit(-0.5), s), sin_short<double>);
  return select(eq(x, x.lit(typename X::type{0})), x, cast<typename X::type>(y));
}

// cos(2 pi s) = sin(2 pi (s + 1/4)).
template <class X>
X cos(X x) {
  auto s = turns(cast<double>(x));
  auto shift = s.lit(round_shift<double>);
  auto t = fma(s, s.lit(2.0), s.lit(0.5)) + shift;
  auto y = sin_turns(t, fma(t - shift, s.lit(-0.5), s) + s.lit(0.25), sin_short<double>);
  return cast<typename X::type>(y);
}

}  // namespace frit::ir::math
