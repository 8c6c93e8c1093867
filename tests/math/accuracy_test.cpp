// The errors that tests/math/bounds.def promises: f32 on a strided sweep of all 2^32 inputs, f64 on
// random ones and on arguments that are hard to reduce. scripts/accuracy runs the full sweep.
#include <gtest/gtest.h>

#include <bit>
#include <random>

#include "ir/math.h"
#include "tests/math/reference.h"

namespace frit {
namespace {

using ir::Num;
using namespace math_test;
namespace math = ir::math;

// Every 1031st bit pattern, each function starting elsewhere.
constexpr uint64_t kStride = 1031;

template <class Function, class Reference>
void sweep(const char* name, double bound, uint64_t offset, Function function, Reference reference) {
  double worst = 0;
  float at = 0;
  for (uint64_t bits = offset; bits < uint64_t{1} << 32; bits += kStride) {
    const float x = std::bit_cast<float>(static_cast<uint32_t>(bits));
    const double e = error_f32(function(Num<float>{x}).v, reference(static_cast<double>(x)));
    if (e > worst) worst = e, at = x;
  }
  EXPECT_LE(worst, bound) << name << "(" << at << ") = " << function(Num<float>{at}).v << ", exactly "
                          << reference(static_cast<double>(at));
  EXPECT_GT(worst, 0.49) << name << ": a sweep that meets no rounding error measures nothing";
}

template <class Function, class Reference>
void try_f64(const char* name, double bound, const std::vector<double>& inputs, Function function,
             Reference reference) {
  double worst = 0, at = 0;
  Exact r;
  for (double x : inputs) {
    reference(r, Exact(x));
    const double e = error_f64(function(Num<double>{x}).v, r);
    if (e > worst) worst = e, at = x;
  }
  EXPECT_LE(worst, bound) << name << "(" << std::hexfloat << at << ") = " << function(Num<double>{at}).v;
}

std::vector<double> f64_inputs(uint64_t seed) {
  std::mt19937_64 rng(seed);
  std::vector<double> in;
  for (int i = 0; i < 6000; ++i) {
    const double unit = static_cast<double>(rng() >> 11) * 0x1p-52 - 1;
    in.push_back(std::bit_cast<double>(rng()));
    in.push_back(unit * 2);
    in.push_back(unit * 40);
    in.push_back(std::ldexp(unit, -static_cast<int>(rng() % 60)));
    in.push_back(unit * 745);
  }
  // Where formulas change over, and the ends.
  for (double edge : {0x1p-27, 0x1p-26, 0x1p-55, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 6.0, 20.0, 40.0, 709.78,
                      745.13, 0x1p53, 0x1p105, 0x1p-1022})
    for (int ulps = -40; ulps <= 40; ++ulps)
      for (double sign : {1.0, -1.0}) in.push_back(sign * std::bit_cast<double>(std::bit_cast<int64_t>(edge) + ulps));
  return in;
}

uint64_t offset = 0;

#define FRIT_MATH(fn, bound32, bound64)                                                                       \
  TEST(Accuracy, fn##_f32) {                                                                                  \
    offset = (offset + 331) % kStride;                                                                        \
    sweep(#fn, bound32, offset, [](auto x) { return math::fn(x); }, [](double x) { return f64::fn(x); });     \
  }                                                                                                           \
  TEST(Accuracy, fn##_f64) {                                                                                  \
    try_f64(#fn, bound64, f64_inputs(std::hash<std::string>()(#fn)), [](auto x) { return math::fn(x); },      \
            [](Exact& r, const Exact& x) { exact::fn(r, x); });                                               \
  }
#include "tests/math/bounds.def"

// exp of f32 never descends: runs of neighbours in every binade, and around the edges between powers of its table.
TEST(Accuracy, exp_ascends_f32) {
  auto next = [](float x) { return std::nextafter(x, std::numeric_limits<float>::infinity()); };
  auto ascends = [&](float x, int steps) {
    float y = math::exp(Num<float>{x}).v;
    for (int i = 0; i < steps; ++i) {
      x = next(x);
      const float z = math::exp(Num<float>{x}).v;
      ASSERT_LE(y, z) << std::hexfloat << "exp(" << x << ")";
      y = z;
    }
  };
  for (float binade = 0x1p-26f; binade < 128; binade *= 2)
    for (float part = 1; part < 2; part += 0x1p-4f)
      for (float sign : {1.0f, -1.0f}) ascends(sign * binade * part, 4096);
  for (int n = -152 * 16; n <= 129 * 16; ++n) {
    float x = static_cast<float>((n + 0.5) / 16 * std::log(2.0));
    for (int i = 0; i < 16; ++i) x = std::nextafter(x, -std::numeric_limits<float>::infinity());
    ascends(x, 32);
  }
}

#define FRIT_MATH(fn, bound32, bound64) \
  [[maybe_unused]] constexpr double fn##_bound_f32 = bound32, fn##_bound_f64 = bound64;
#define FRIT_MATH2 FRIT_MATH
#include "tests/math/bounds.def"

// Exponents that keep the power in range, or nearly, for bases of every size and close to 1.
template <class T>
std::pair<T, T> pair_for_pow(std::mt19937_64& rng) {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  const double unit = static_cast<double>(rng() >> 11) * 0x1p-53;
  T x = std::fabs(std::bit_cast<T>(static_cast<Bits>(rng())));
  if (rng() & 1) x = static_cast<T>(1 + (unit - 0.5) * std::ldexp(1.0, -static_cast<int>(rng() % 30)));
  const double limit = (sizeof(T) == 4 ? 151 : 1080) / std::log2(static_cast<double>(x));
  return {x, static_cast<T>((static_cast<double>(rng() >> 11) * 0x1p-52 - 1) * limit)};
}

TEST(Accuracy, pow_f32) {
  std::mt19937_64 rng(7);
  double worst = 0;
  for (int i = 0; i < 1000000; ++i) {
    const auto [x, y] = pair_for_pow<float>(rng);
    const double exact = std::pow(static_cast<double>(x), static_cast<double>(y));
    const double e = error_f32(math::pow(Num<float>{x}, Num<float>{y}).v, exact);
    worst = std::max(worst, e);
    ASSERT_LE(e, pow_bound_f32) << "pow(" << x << ", " << y << ")";
  }
  EXPECT_GT(worst, 0.49);
}

TEST(Accuracy, pow_f64) {
  std::mt19937_64 rng(8);
  Exact r;
  for (int i = 0; i < 60000; ++i) {
    const auto [x, y] = pair_for_pow<double>(rng);
    exact::pow(r, Exact(x), Exact(y));
    ASSERT_LE(error_f64(math::pow(Num<double>{x}, Num<double>{y}).v, r), pow_bound_f64)
        << std::hexfloat << "pow(" << x << ", " << y << ")";
  }
}

// Numbers that lie next to a multiple of pi/2, found by continued fractions: the nearest of all f64
// first, then f64 rounded from multiples.
TEST(Accuracy, ArgumentsNextToMultiplesOfHalfPi) {
  std::vector<double> hard = {std::ldexp(6381956970095103.0, 797), 0x1.921fb54442d18p+0, 0x1.921fb54442d18p+1,
                              0x1.2d97c7f3321d2p+2, 0x1.921fb54442d18p+2, 0x1.6ac5b262ca1ffp+849, 1e22,
                              0x1.fffffffffffffp+1023};
  Exact half_pi, n;
  mpfr_const_pi(half_pi.v, MPFR_RNDN);
  mpfr_div_ui(half_pi.v, half_pi.v, 2, MPFR_RNDN);
  std::mt19937_64 rng(9);
  for (int i = 0; i < 20000; ++i) {  // f64 rounded from k pi/2
    mpfr_mul_ui(n.v, half_pi.v, static_cast<unsigned long>(rng() >> (rng() % 50 + 13)) + 1, MPFR_RNDN);
    hard.push_back(mpfr_get_d(n.v, MPFR_RNDN));
  }
  try_f64("sin", sin_bound_f64, hard, [](auto x) { return math::sin(x); }, exact::sin);
  try_f64("cos", cos_bound_f64, hard, [](auto x) { return math::cos(x); }, exact::cos);
}

// All f32 from 2^23 on that lie within 2^-19 quarter turns of a multiple, found by multiplying every
// mantissa with 64 bits of the fraction of 2^e 2/pi. The sweep passes most of them by.
TEST(Accuracy, SinglesNextToMultiplesOfHalfPi) {
  Exact r;
  mpfr_set_prec(r.v, 300);
  int found = 0;
  for (int e = 0; e <= 104; ++e) {
    mpfr_const_pi(r.v, MPFR_RNDN);
    mpfr_si_div(r.v, 2, r.v, MPFR_RNDN);
    mpfr_mul_2si(r.v, r.v, e, MPFR_RNDN);
    uint64_t fraction = 0;
    for (int half = 0; half < 2; ++half) {
      mpfr_frac(r.v, r.v, MPFR_RNDN);
      mpfr_mul_2si(r.v, r.v, 32, MPFR_RNDN);
      fraction = fraction << 32 | mpfr_get_ui(r.v, MPFR_RNDZ);
    }
    for (uint64_t m = 1 << 23; m < 1 << 24; ++m) {
      const int64_t near = static_cast<int64_t>(fraction * m);
      if (near > int64_t{1} << 45 || near < -(int64_t{1} << 45)) continue;
      const float x = std::ldexp(static_cast<float>(m), e);
      ++found;
      ASSERT_LE(error_f32(math::sin(Num<float>{x}).v, std::sin(static_cast<double>(x))), sin_bound_f32) << x;
      ASSERT_LE(error_f32(math::cos(Num<float>{x}).v, std::cos(static_cast<double>(x))), cos_bound_f32) << x;
    }
  }
  EXPECT_GT(found, 1000);
}

}  // namespace
}  // namespace frit
