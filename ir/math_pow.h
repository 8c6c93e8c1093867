// pow: |x|^y = 2^(y log2 |x|), then C's special cases.
#pragma once

#include "ir/math_exp.h"
#include "ir/math_log.h"

namespace frit::ir::math {

// |x|^y for f32, in f64, where a plain product is exact enough; 0, inf and NaN come out by themselves.
template <class X>
X power_in_f64(X x, X y) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const auto w = cast<double>(abs(x));
  const auto e = exponent_in_place(w, 0x3fe6a09e667f3bcd);  // m in [sqrt(1/2), sqrt(2))
  const auto f = to_float(to_bits(w) - e) - w.lit(1.0);
  auto l = fma(f, polynomial(f, log2_short<double>), cast<double>(e) * w.lit(0x1p-52));
  l = select(lt(w, w.lit(inf)), l, w);
  l = select(eq(w, w.lit(0.0)), w.lit(-inf), l);
  const auto v = min(max(cast<double>(y), w.lit(-0x1p200)), w.lit(0x1p200));  // inf times log2(1) is 0 here
  const auto t = min(max(v * l, w.lit(-200.0)), w.lit(200.0));
  const auto shift = w.lit(power_shift<double>);
  const auto n = t + shift;
  const auto r = t - (n - shift);
  return cast<typename X::type>(polynomial(r, exp2_short<double>) * power_of_two(n));
}

// log2 of a finite x > 0 as high + low, to about 2^-66 of its value.
template <class X>
Sum<X> log2_in_two(X x) {
  const auto tiny = lt(x, x.lit(0x1p-1022));
  const X v = select(tiny, x * x.lit(0x1p52), x);
  const auto e = exponent_in_place(v);
  const X k = fma(cast<double>(e), x.lit(0x1p-52), select(tiny, x.lit(-52.0), x.lit(0.0)));
  const X f = to_float(to_bits(v) - e) - x.lit(1.0);
  // s = f / (2 + f), log(1 + f) = 2 atanh(s) = 2 s (1 + z/3 + z^2 q(z)), z = s^2 <= 1/25.
  const Sum<X> d = quick_sum(x.lit(2.0), f);
  const X i = x.lit(1.0) / d.high;
  const X s = f * i;
  const X s_low = fma(-s, d.low, fma(-s, d.high, f)) * i;
  const Sum<X> z = two_product(s, s);
  const X z_low = fma(s + s, s_low, z.low);
  const X third = x.lit(0x1.5555555555555p-2);
  const Sum<X> c = quick_sum(third, z.high * polynomial(z.high, atanh_q<double>));
  const Sum<X> zc = two_product(z.high, c.high);
  const X zc_low = fma(z_low, c.high, fma(z.high, c.low + x.lit(0x1.5555555555555p-56), zc.low));
  const Sum<X> szc = two_product(s, zc.high);
  const X szc_low = fma(s, zc_low, fma(s_low, zc.high, szc.low));
  const Sum<X> a = quick_sum(s, szc.high);
  const X a_low = a.low + (szc_low + s_low);
  const X scale = x.lit(0x1.71547652b82fep+1);  // 2 / ln 2
  const Sum<X> b = two_product(a.high, scale);
  const X b_low = fma(a_low, scale, fma(a.high, x.lit(0x1.777d0ffda0d24p-55), b.low));
  const Sum<X> l = two_sum(k, b.high);
  return quick_sum(l.high, l.low + b_low);
}

// |x|^y for f64.
template <class X>
X power_in_two(X x, X y) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const X a = abs(x), zero = x.lit(0.0);
  const Sum<X> l = log2_in_two(a);
  const X v = min(max(y, x.lit(-0x1p66)), x.lit(0x1p66));  // beyond, all but 1 overflow or underflow
  const Sum<X> p = two_product(v, l.high);
  const X t = min(max(p.high, x.lit(-1100.0)), x.lit(1100.0));
  const X shift = x.lit(round_shift<double> + 2 * exponent_bias<double>);
  const X n = t + shift;
  const Sum<X> r = quick_sum(t - (n - shift), select(eq(t, p.high), fma(v, l.low, p.low), zero));
  const X ln2 = x.lit(0x1.62e42fefa39efp-1);
  const Sum<X> w = two_product(r.high, ln2);
  const X w_low = fma(r.low, ln2, fma(r.high, x.lit(0x1.abc9e3b39803fp-56), w.low));
  const X e = w.high + fma(w.high * w.high, polynomial(w.high, exp_q<double>), fma(w.high, w_low, w_low));
  const X m = scaled(n, e);
  // 0 and inf, either way up; NaN stays.
  const X ends = select(lt(zero, y) ^ eq(a, zero), x.lit(inf), zero);
  const X z = select(eq(a, zero) | eq(a, x.lit(inf)), ends, m);
  return select(eq(x, x), select(eq(y, y), z, y), x);
}

template <class X>
X pow(X x, X y) {
  using T = typename X::type;
  using L = std::numeric_limits<T>;
  const X zero = x.lit(T{0}), one = x.lit(T{1}), half = x.lit(T{0.5});
  X m = x;
  if constexpr (single<T>) m = power_in_f64(x, y);
  else m = power_in_two(x, y);
  const auto whole = eq(rint(y), y);
  const auto odd = whole & ne(rint(y * half), y * half);
  const auto negative = lt(to_bits(x), to_bits(zero));
  X z = select(negative & odd, -m, m);
  z = select(lt(x, zero) & lt(x.lit(-L::infinity()), x) & ~whole, x.lit(L::quiet_NaN()), z);
  return select(eq(x, one) | eq(y, zero), one, z);
}

}  // namespace frit::ir::math
