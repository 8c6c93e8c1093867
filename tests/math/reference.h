// Errors of computed values against references of higher precision: f32 against f64 functions of the C
// library (their own error is a billionth of a unit of f32), f64 against MPFR.
//
// The unit in the last place is the distance of the neighbouring numbers of the type in the binade of
// the exact value. An infinite result counts as 2^128 (f64: 2^1024), exact values beyond count as it.
// Where the exact value is NaN, infinite or zero the result must be the same, with the sign.
#pragma once

#include <mpfr.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace frit::math_test {

inline constexpr double kWrong = 1e30;

inline double error_f32(float got, double exact) {
  if (std::isnan(exact) || std::isnan(got)) return std::isnan(exact) && std::isnan(got) ? 0 : kWrong;
  if (std::isinf(exact) || exact == 0)
    return got == exact && std::signbit(got) == std::signbit(exact) ? 0 : kWrong;
  if (std::signbit(got) != std::signbit(exact)) return kWrong;
  const double g = std::min<double>(std::fabs(got), 0x1p128), e = std::min(std::fabs(exact), 0x1p128);
  const int binade = std::clamp(std::ilogb(e), -126, 127);
  return std::ldexp(std::fabs(g - e), 23 - binade);
}

// A number of MPFR, with the working precision of the references.
struct Exact {
  mpfr_t v;
  Exact() { mpfr_init2(v, 200); }
  explicit Exact(double x) {
    mpfr_init2(v, 53);
    mpfr_set_d(v, x, MPFR_RNDN);
  }
  Exact(const Exact&) = delete;
  Exact& operator=(const Exact&) = delete;
  ~Exact() { mpfr_clear(v); }
};

inline double error_f64(double got, const Exact& exact) {
  if (mpfr_nan_p(exact.v) || std::isnan(got)) return mpfr_nan_p(exact.v) && std::isnan(got) ? 0 : kWrong;
  const bool minus = mpfr_signbit(exact.v) != 0;
  if (std::signbit(got) != minus) return kWrong;
  if (mpfr_inf_p(exact.v)) return std::isinf(got) ? 0 : kWrong;
  if (mpfr_zero_p(exact.v)) return got == 0 ? 0 : kWrong;
  Exact e, g;
  mpfr_abs(e.v, exact.v, MPFR_RNDN);
  Exact limit;
  mpfr_set_ui_2exp(limit.v, 1, 1024, MPFR_RNDN);
  if (mpfr_greater_p(e.v, limit.v)) mpfr_set(e.v, limit.v, MPFR_RNDN);
  if (std::isinf(got)) mpfr_set(g.v, limit.v, MPFR_RNDN);
  else mpfr_set_d(g.v, std::fabs(got), MPFR_RNDN);
  const long binade = std::clamp<long>(mpfr_get_exp(e.v) - 1, -1022, 1023);
  mpfr_sub(g.v, g.v, e.v, MPFR_RNDA);
  mpfr_mul_2si(g.v, g.v, 52 - binade, MPFR_RNDN);
  return std::fabs(mpfr_get_d(g.v, MPFR_RNDN));
}

// The functions in f64 ...
namespace f64 {
inline double exp(double x) { return std::exp(x); }
inline double expm1(double x) { return std::expm1(x); }
inline double log(double x) { return std::log(x); }
inline double log1p(double x) { return std::log1p(x); }
inline double sin(double x) { return std::sin(x); }
inline double cos(double x) { return std::cos(x); }
inline double tanh(double x) { return std::tanh(x); }
inline double erf(double x) { return std::erf(x); }
inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
inline double rsqrt(double x) { return 1 / std::sqrt(x); }
inline double pow(double x, double y) { return std::pow(x, y); }
}  // namespace f64

// ... and in MPFR.
namespace exact {
#define FRIT_EXACT(name, fn) \
  inline void name(Exact& r, const Exact& x) { fn(r.v, x.v, MPFR_RNDN); }
FRIT_EXACT(exp, mpfr_exp)
FRIT_EXACT(expm1, mpfr_expm1)
FRIT_EXACT(log, mpfr_log)
FRIT_EXACT(log1p, mpfr_log1p)
FRIT_EXACT(sin, mpfr_sin)
FRIT_EXACT(cos, mpfr_cos)
FRIT_EXACT(tanh, mpfr_tanh)
FRIT_EXACT(erf, mpfr_erf)
FRIT_EXACT(rsqrt, mpfr_rec_sqrt)
#undef FRIT_EXACT
inline void sigmoid(Exact& r, const Exact& x) {
  mpfr_neg(r.v, x.v, MPFR_RNDN);
  mpfr_exp(r.v, r.v, MPFR_RNDN);
  mpfr_add_ui(r.v, r.v, 1, MPFR_RNDN);
  mpfr_ui_div(r.v, 1, r.v, MPFR_RNDN);
}
inline void pow(Exact& r, const Exact& x, const Exact& y) { mpfr_pow(r.v, x.v, y.v, MPFR_RNDN); }
}  // namespace exact

}  // namespace frit::math_test
