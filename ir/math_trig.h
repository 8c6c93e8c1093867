// sin and cos. The argument is reduced in turns (units of 2 pi) modulo 1, exactly enough at every
// magnitude, and then to the nearest half or quarter turn, whose number gives the sign.
#pragma once

#include <algorithm>
#include <cmath>

#include "ir/math_common.h"

namespace frit::ir::math {

// For x of 24 bits. 1/(2 pi) stands in pieces of 29 bits, so that x times a piece is exact; integers are
// taken off after each piece. Where the sum is near a half turn it cannot hold what the angle has below
// 2^-53, which is kept apart.
template <class W>
Sum<W> turns_of_single(W x) {
  constexpr double pieces[] = {0x1.45f306dp-3,  0x1.9391054p-32,  0x1.4fe13abp-61,
                               0x1.d1f534dp-90, 0x1.b81b6c5p-119, 0x1.5993c439041fep-150};
  W s = x * x.lit(pieces[0]);
  s = s - rint(s);
  W low = s;
  for (int k = 1; k < 6; ++k) {
    const W c = x.lit(pieces[k]);
    const W sum = fma(x, c, s);
    const W lost = fma(x, c, s - sum);
    low = k == 1 ? lost : low + lost;
    s = k == 5 ? sum : sum - rint(sum);
  }
  return {s, low};
}

// For x of 53 bits (Payne and Hanek's idea). Piece k of 1/(2 pi) holds its bits 53k+1 to 53k+53, times
// 2^53k. Pieces whose product with x is an integer are passed over: x is divided by 2^53 for each, five
// binary decisions that select the pieces that count.
template <class W>
Sum<W> turns_of_double(W x) {
  constexpr int count = 23;
  constexpr double pieces[count] = {
      0x1.45f306dc9c88p-3,  0x1.529fc2757d1f5p-1, 0x1.a6ee06db14accp-3, 0x1.3c439041fe514p-3,  0x1.1d5ef5de2b0dbp-1,
      0x1.246e3a424dd2ep-1, 0x1.924bba82746p-10,  0x1.21cfe1deb1cbp-3,  0x1.29a73ee88235ep-2,  0x1.52ebb4484e99cp-1,
      0x1.c09ad17df904ep-2, 0x1.91d639835339cp-3, 0x1.a4e422fc5defcp-1, 0x1.283b1ff897ffdp-1,  0x1.c0b301fde5e23p-1,
      0x1.6b414da3eda68p-4, 0x1.3f6793e584dbap-1, 0x1.e8c7ecd3cbfd4p-2, 0x1.6ba93dd63f5fp-3,   0x1.7c5ecf41ce7dep-1,
      0x1.4a525d4d7f6bcp-3, 0x1.b11f8d5d0856p-1,  0x1.98237e3db5d5cp-3};
  W c[count];
  for (int k = 0; k < count; ++k) c[k] = x.lit(pieces[k]);
  int live = count;
  for (int step = 16; step >= 1; step /= 2) {
    const auto skip = le(x.lit(std::ldexp(1.0, 52 + 53 * step)), abs(x));
    x = select(skip, x * x.lit(std::ldexp(1.0, -53 * step)), x);
    const int needed = std::min(5 + step - 1, live);
    for (int k = 0; k < needed; ++k)
      if (k + step < live) c[k] = select(skip, c[k + step], c[k]);
    live = needed;
  }
  // Now |x| < 2^105. The products are p + e.
  W p[4], e[4];
  for (int k = 0; k < 4; ++k) {
    const W v = x * x.lit(std::ldexp(1.0, -53 * k));
    p[k] = v * c[k];
    e[k] = fma(v, c[k], -p[k]);
  }
  const W p0 = p[0] - rint(p[0]), e0 = e[0] - rint(e[0]);
  const W s = p0 + e0;
  auto a = two_sum(s - rint(s), p[1] - rint(p[1]));
  auto b = two_sum(a.high, e[1]);
  auto d = two_sum(b.high, p[2]);
  // The parts below 2^-52, kept to 2^-117: no argument comes nearer to a multiple of pi/2 than 2^-62.
  auto f = two_sum(a.low, b.low);
  auto g = two_sum(f.high, d.low);
  auto h = two_sum(g.high, e[2]);
  auto i = two_sum(h.high, p[3]);
  auto j = two_sum(i.high, e0 - (s - p0));
  const W rest = fma(x * x.lit(0x1p-212), c[4], e[3]) + ((f.low + g.low) + (h.low + (i.low + j.low)));
  return {d.high, j.high + rest};
}

// sin(x), or with `cosine` sin(x + pi/2). In f32 one polynomial over half a turn, in f64.
template <class X>
X sine_in_f64(X x, bool cosine) {
  const auto [s, low] = turns_of_single(cast<double>(x));
  auto shift = s.lit(round_shift<double>);
  // x = (n + h) half turns, or (n - 1/2 + h) for the cosine.
  auto t = cosine ? fma(s, s.lit(2.0), s.lit(0.5)) + shift : fma(s, s.lit(2.0), shift);
  auto n = t - shift;
  auto h = low + (cosine ? fma(fma(n, n.lit(2.0), n.lit(-1.0)), n.lit(-0.25), s) : fma(n, n.lit(-0.5), s));
  auto i = to_bits(t);
  auto y = to_bits(h * polynomial(h * h, sin_short<double>)) ^ shl(i, i.lit(int64_t{63}));
  return cast<typename X::type>(to_float(y));
}

// In f64 two polynomials over a quarter turn, r + low being the angle left.
template <class X>
X sine_by_quarters(X x, bool cosine) {
  const X one = x.lit(1.0), half = x.lit(0.5), shift = x.lit(round_shift<double>);
  const Sum<X> s = turns_of_double(x);
  const X t = fma(s.high, x.lit(4.0), shift);
  const Sum<X> h = two_sum(fma(t - shift, x.lit(-0.25), s.high), s.low);
  const X two_pi = x.lit(0x1.921fb54442d18p+2);
  const X r = h.high * two_pi;
  const X low = fma(h.low, two_pi, fma(h.high, x.lit(0x1.1a62633145c07p-52), fma(h.high, two_pi, -r)));
  const X z = r * r;
  const X sine = r + fma(r * z, polynomial(z, sin_q<double>), fma(z * -half, low, low));
  const X w = one - z * half;
  const X tail = fma(z * z, polynomial(z, cos_q<double>), -(r * low));
  const X rest = ((one - w) - z * half) + tail;
  const X cosines = w + rest;
  auto i = to_bits(t);
  auto unit = i.lit(int64_t{1});
  if (cosine) i = i + unit;
  const X y = select(eq(i & unit, i.lit(int64_t{0})), sine, cosines);
  return to_float(to_bits(y) ^ (shl(i, i.lit(int64_t{62})) & i.lit(std::numeric_limits<int64_t>::min())));
}

template <class X>
X sin(X x) {
  if constexpr (single<typename X::type>) {
    return select(eq(x, x.lit(0.0f)), x, sine_in_f64(x, false));
  } else {
    return select(lt(abs(x), x.lit(0x1p-27)), x, sine_by_quarters(x, false));
  }
}

template <class X>
X cos(X x) {
  if constexpr (single<typename X::type>) return sine_in_f64(x, true);
  else return sine_by_quarters(x, true);
}

}  // namespace frit::ir::math
