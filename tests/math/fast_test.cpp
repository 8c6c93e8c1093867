// The formulas of Numerics::fast (ir/math_fast.h): errors on a strided sweep of all f32, and special values. On GPUs
// the hardware's approximations come on top, up to 2 units each (docs/accuracy.md); here they are exact.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "ir/math.h"
#include "tests/math/reference.h"

namespace frit {
namespace {

using ir::Num;
namespace fast = ir::math::fast;
constexpr float kInf = std::numeric_limits<float>::infinity(), kNaN = std::numeric_limits<float>::quiet_NaN();

// Results below 2^-125 may be 0.
template <class Function, class Reference>
void sweep(const char* name, double bound, Function function, Reference reference) {
  double worst = 0;
  float at = 0;
  for (uint64_t bits = 17; bits < uint64_t{1} << 32; bits += 1031) {
    const float x = std::bit_cast<float>(static_cast<uint32_t>(bits));
    const double exact = reference(static_cast<double>(x));
    const float have = function(Num<float>{x}).v;
    if (std::fabs(exact) < 0x1p-125) {
      EXPECT_LE(std::fabs(have), 0x1p-124) << name << "(" << x << ")";
      continue;
    }
    const double e = math_test::error_f32(have, exact);
    if (e > worst) worst = e, at = x;
  }
  EXPECT_LE(worst, bound) << name << "(" << at << ") = " << function(Num<float>{at}).v << ", exactly " << reference(static_cast<double>(at));
  EXPECT_GT(worst, 0.49) << name;
  std::printf("%s: %.2f at %.9g\n", name, worst, static_cast<double>(at));
}

template <bool gpu>
void all(const char* device) {
  const std::string d = std::string(" ") + device;
  sweep(("exp" + d).c_str(), gpu ? 1.9 : 2.2, [](auto x) { return fast::exp<gpu>(x); }, [](double x) { return std::exp(x); });
  sweep(("sigmoid" + d).c_str(), gpu ? 3.3 : 3.1, [](auto x) { return fast::sigmoid<gpu>(x); }, [](double x) { return 1 / (1 + std::exp(-x)); });
  sweep(("rsqrt" + d).c_str(), 1.5, [](auto x) { return fast::rsqrt<gpu>(x); }, [](double x) { return 1 / std::sqrt(x); });
  const auto e = [](float x) { return fast::exp<gpu>(Num<float>{x}).v; };
  const auto t = [](float x) { return fast::tanh<gpu>(Num<float>{x}).v; };
  const auto s = [](float x) { return fast::sigmoid<gpu>(Num<float>{x}).v; };
  EXPECT_EQ(e(-kInf), 0) << device;
  EXPECT_EQ(e(kInf), kInf);
  EXPECT_EQ(e(0), 1);
  EXPECT_EQ(e(-0.0f), 1);
  EXPECT_TRUE(std::isnan(e(kNaN)) && std::isnan(t(kNaN)) && std::isnan(s(kNaN)));
  EXPECT_EQ(s(-kInf), 0);
  EXPECT_EQ(s(kInf), 1);
  EXPECT_EQ(s(0), 0.5f);
  EXPECT_EQ(t(0), 0);
  EXPECT_TRUE(std::signbit(t(-0.0f)));
  EXPECT_EQ(t(kInf), 1);
  EXPECT_EQ(t(-kInf), -1);
  // Never beyond 1, and 1 where gelu multiplies what is left of 1 - tanh by a large number.
  for (float x = 5; x < 3e38f; x *= 1.0001f) {
    ASSERT_LE(t(x), 1) << x;
    ASSERT_GE(t(-x), -1) << x;
    if (x >= 9.9f) {
      ASSERT_EQ(t(x), 1) << x;
    }
  }
}

TEST(Fast, FormulasForCpus) { all<false>("on CPUs"); }
TEST(Fast, FormulasForGpus) { all<true>("on GPUs"); }
TEST(Fast, Tanh) {
  sweep("tanh", 4.8, [](auto x) { return fast::tanh<false>(x); }, [](double x) { return std::tanh(x); });
}

}  // namespace
}  // namespace frit
