// Values that the functions must give exactly: zeros with their signs, infinities, NaN, the ends of the
// range, C's special cases of pow; and that neither the bits of a NaN nor the way a formula is run
// (plain numbers or a recorded program) shows in a result.
#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <random>
#include <vector>

#include "ir/math.h"
#include "ir/scalar_program.h"
#include "tests/math/program.h"

namespace frit {
namespace {

using ir::Num;
namespace math = ir::math;

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;

template <class T>
struct Special : testing::Test {
  static constexpr T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  static constexpr T largest = std::numeric_limits<T>::max(), least = std::numeric_limits<T>::denorm_min();

  // The same number: NaN for NaN, zeros by sign.
  static void same(T got, T want, const char* call, T x) {
    const bool ok = std::isnan(want) ? std::isnan(got) : std::bit_cast<Bits<T>>(got) == std::bit_cast<Bits<T>>(want);
    EXPECT_TRUE(ok) << call << " at " << x << ": " << got << ", not " << want;
  }
  template <class F>
  static void table(const char* name, F f, const std::vector<std::pair<T, T>>& rows) {
    for (auto [x, want] : rows) same(f(Num<T>{x}).v, want, name, x);
    for (Bits<T> bits : {Bits<T>(1), Bits<T>(12345)})  // NaN of any bits gives NaN
      for (T sign : {T{1}, T{-1}}) {
        const T odd = std::copysign(std::bit_cast<T>(std::bit_cast<Bits<T>>(nan) | bits), sign);
        same(f(Num<T>{odd}).v, nan, name, odd);
      }
  }
};

using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Special, Types);

#define FRIT_TABLE(fn, ...)                      \
  TYPED_TEST(Special, fn) {                      \
    using T = TypeParam;                         \
    using S = Special<T>;                        \
    constexpr T inf = S::inf, nan = S::nan;      \
    [[maybe_unused]] constexpr T largest = S::largest, least = S::least; \
    S::table(#fn, [](Num<T> x) { return math::fn(x); }, {{nan, nan}, __VA_ARGS__}); \
    (void)inf;                                   \
  }

FRIT_TABLE(exp, {T(0), T(1)}, {T(-0.0), T(1)}, {inf, inf}, {-inf, T(0)}, {largest, inf}, {-largest, T(0)},
           {least, T(1)}, {T(1000), inf}, {T(-1000), T(0)})
FRIT_TABLE(expm1, {T(0), T(0)}, {T(-0.0), T(-0.0)}, {inf, inf}, {-inf, T(-1)}, {largest, inf}, {-largest, T(-1)},
           {least, least}, {-least, -least}, {T(-50), T(-1)})
FRIT_TABLE(log, {T(1), T(0)}, {T(0), -inf}, {T(-0.0), -inf}, {inf, inf}, {-inf, nan}, {T(-1), nan}, {-least, nan})
FRIT_TABLE(log1p, {T(0), T(0)}, {T(-0.0), T(-0.0)}, {T(-1), -inf}, {inf, inf}, {-inf, nan}, {T(-2), nan},
           {least, least}, {-least, -least}, {std::nextafter(T(-1), T(-2)), nan})
FRIT_TABLE(sin, {T(0), T(0)}, {T(-0.0), T(-0.0)}, {inf, nan}, {-inf, nan}, {least, least}, {-least, -least})
FRIT_TABLE(cos, {T(0), T(1)}, {T(-0.0), T(1)}, {inf, nan}, {-inf, nan}, {least, T(1)})
FRIT_TABLE(tanh, {T(0), T(0)}, {T(-0.0), T(-0.0)}, {inf, T(1)}, {-inf, T(-1)}, {T(25), T(1)}, {T(-25), T(-1)},
           {largest, T(1)}, {least, least}, {-least, -least})
FRIT_TABLE(erf, {T(0), T(0)}, {T(-0.0), T(-0.0)}, {inf, T(1)}, {-inf, T(-1)}, {T(7), T(1)}, {T(-7), T(-1)},
           {largest, T(1)}, {least, least}, {-least, -least})
FRIT_TABLE(sigmoid, {T(0), T(0.5)}, {T(-0.0), T(0.5)}, {inf, T(1)}, {-inf, T(0)}, {largest, T(1)}, {-largest, T(0)},
           {T(50), T(1)})
FRIT_TABLE(rsqrt, {T(0), inf}, {T(-0.0), -inf}, {inf, T(0)}, {-inf, nan}, {T(-1), nan}, {T(4), T(0.5)}, {T(1), T(1)},
           {T(0.25), T(2)})

// Underflow is gradual.
TEST(Special, Denormals) {
  EXPECT_EQ(math::exp(Num<float>{-103.0f}).v, 0x1p-149f);
  EXPECT_GT(math::sigmoid(Num<float>{-100.0f}).v, 0.0f);
  EXPECT_GT(math::exp(Num<double>{-745.0}).v, 0.0);
  EXPECT_EQ(math::log(Num<float>{0x1p-149f}).v, static_cast<float>(std::log(0x1p-149)));
}

// pow against C's: every pair of special values agrees exactly where C's result is zero, one, NaN or
// infinite, and within rounding elsewhere.
TYPED_TEST(Special, pow) {
  using T = TypeParam;
  using S = Special<T>;
  const std::vector<T> values = {T(0), T(0.25), T(0.5), T(1), T(1.5), T(2), T(2.5), T(3), T(4), T(5), T(7), T(16),
                                 T(1e10), T(16777215), T(16777217), T(4503599627370495), T(9007199254740991),
                                 T(9007199254740992),
                                 S::least, std::numeric_limits<T>::min(), S::largest, S::inf, S::nan,
                                 std::nextafter(T(1), T(0)), std::nextafter(T(1), T(2)), T(128), T(1024), T(1023.5)};
  int checked = 0;
  for (T ax : values)
    for (T ay : values)
      for (T sx : {T(1), T(-1)})
        for (T sy : {T(1), T(-1)}) {
          const T x = std::copysign(ax, sx), y = std::copysign(ay, sy);
          const T got = math::pow(Num<T>{x}, Num<T>{y}).v, want = std::pow(x, y);
          ++checked;
          if (std::isnan(want)) {
            EXPECT_TRUE(std::isnan(got)) << "pow(" << x << ", " << y << ") = " << got;
          } else if (want == 0 || std::isinf(want) || std::fabs(x) == 1 || y == 0 || y == 1) {
            EXPECT_EQ(std::bit_cast<Bits<T>>(got), std::bit_cast<Bits<T>>(want))
                << "pow(" << x << ", " << y << ") = " << got << ", not " << want;
          } else {
            EXPECT_EQ(std::signbit(got), std::signbit(want)) << "pow(" << x << ", " << y << ") = " << got;
            EXPECT_LE(std::fabs(got - want), std::fabs(want) * 2 * std::numeric_limits<T>::epsilon() + S::least)
                << "pow(" << x << ", " << y << ") = " << got << ", not " << want;
          }
        }
  EXPECT_EQ(checked, static_cast<int>(4 * values.size() * values.size()));
}

// A recorded program gives the bits that the plain numbers give.
TYPED_TEST(Special, ProgramsAgreeWithNumbers) {
  using T = TypeParam;
  std::vector<T> values = {T(0), T(-0.0), Special<T>::inf, -Special<T>::inf, Special<T>::nan, Special<T>::least,
                           Special<T>::largest, -Special<T>::largest, T(1), T(-1)};
  uint64_t state = 1;
  for (int i = 0; i < 2000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    values.push_back(std::bit_cast<T>(static_cast<Bits<T>>(state >> (sizeof(T) == 4 ? 32 : 0))));
    values.push_back(static_cast<T>(static_cast<double>(state >> 11) * 0x1p-48 - 16));
  }
#define FRIT_MATH(fn, bound32, bound64)                                                              \
  {                                                                                                  \
    ir::Recorder r;                                                                                  \
    r.program.result = math::fn(ir::Expr<T>::arg(r, 0)).id;                                          \
    for (T x : values) this->same(math_test::run<T>(r.program, x, x), math::fn(Num<T>{x}).v, #fn, x); \
  }
#define FRIT_MATH2(fn, bound32, bound64)                                                             \
  {                                                                                                  \
    ir::Recorder r;                                                                                  \
    r.program.result = math::fn(ir::Expr<T>::arg(r, 0), ir::Expr<T>::arg(r, 1)).id;                  \
    for (size_t i = 1; i < values.size(); ++i) {                                                     \
      const T x = std::fabs(values[i]), y = values[i - 1];                                           \
      this->same(math_test::run<T>(r.program, x, y), math::fn(Num<T>{x}, Num<T>{y}).v, #fn, x);      \
    }                                                                                                \
  }
#include "tests/math/bounds.def"
}

// x 2^floor(n), rounded once: the product is exact in f64.
TEST(Special, ScaleRoundsOnce) {
  std::mt19937 rng(3);
  for (int n = -152 * 16; n <= 152 * 16; ++n)
    for (float sign : {1.0f, -1.0f}) {
      std::vector<float> xs = {0.5f, 1, 2, 0x1.fffffep+0f, 0x1.000002p-1f};
      for (int i = 0; i < 20; ++i) xs.push_back(0.5f + 1.5f * static_cast<float>(rng() >> 8) * 0x1p-24f);
      const float places = static_cast<float>(n) / 16;
      for (float x : xs) {
        const float y = ir::scale(Num<float>{sign * x}, Num<float>{places}, Num<float>{places + ir::kScaleShift}).v;
        EXPECT_EQ(y, static_cast<float>(static_cast<double>(sign * x) * std::exp2(std::floor(n / 16.0)))) << x << " " << places;
      }
    }
  const Num<float> nan{std::numeric_limits<float>::quiet_NaN()};
  EXPECT_TRUE(std::isnan(ir::scale(nan, nan, nan).v));
}

}  // namespace
}  // namespace frit
