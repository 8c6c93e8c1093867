// f16 and bf16 as C++ numbers: every value there is to f32 and back, and the rounding of f32 against an
// exact reference in f64, at halfway points, beside them, and over a sweep of all bit patterns.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "frit/half.h"
#include "ir/func.h"
#include "ir/ops.h"

namespace frit {
namespace {

template <class T>
struct Half : testing::Test {
  static constexpr bool ieee = std::is_same_v<T, f16>;
  static constexpr int fraction_bits = ieee ? 10 : 7, bias = ieee ? 15 : 127;
  static constexpr DType dtype = dtype_of<T>();

  // The number with these bits, from its fields.
  static double decoded(uint32_t bits) {
    const uint32_t fraction = bits & ((1u << fraction_bits) - 1);
    const int exponent = static_cast<int>((bits & 0x7fff) >> fraction_bits), top = 2 * bias + 1;
    double v = exponent == 0 ? std::ldexp(fraction, 1 - bias - fraction_bits)
                             : std::ldexp((1u << fraction_bits) + fraction, exponent - bias - fraction_bits);
    if (exponent == top) v = fraction ? NAN : INFINITY;
    return bits >> 15 ? -v : v;
  }
  // x rounded to the nearest of these numbers, ties to even: in f64 all steps are exact.
  static double nearest(float x) {
    if (x == 0 || !std::isfinite(x)) return x;
    const double quantum = std::ldexp(1.0, std::max(std::ilogb(x), 1 - bias) - fraction_bits);
    const double r = std::nearbyint(x / quantum) * quantum;
    return std::fabs(r) >= std::ldexp(1.0, bias + 1) ? std::copysign(INFINITY, r) : std::copysign(r, static_cast<double>(x));
  }
  static bool check(float x) {
    const T got(x);
    const double want = nearest(x);
    if (std::isnan(want)) {
      EXPECT_EQ(got.bits, std::numeric_limits<T>::quiet_NaN().bits);
      return got.bits == std::numeric_limits<T>::quiet_NaN().bits;
    }
    const double have = decoded(got.bits);
    const bool ok = have == want && std::signbit(have) == std::signbit(want);
    EXPECT_TRUE(ok) << std::hexfloat << x << " gives " << have << ", not " << want;
    return ok;
  }
};

using Types = testing::Types<f16, bf16>;
TYPED_TEST_SUITE(Half, Types);

TYPED_TEST(Half, EveryValueToF32AndBack) {
  for (uint32_t b = 0; b < 0x10000; ++b) {
    const auto h = TypeParam::from_bits(static_cast<uint16_t>(b));
    const double want = this->decoded(b);
    const float f = static_cast<float>(h);
    if (std::isnan(want)) {
      ASSERT_TRUE(std::isnan(f)) << b;
      ASSERT_EQ(TypeParam(f).bits, std::numeric_limits<TypeParam>::quiet_NaN().bits);
      ASSERT_FALSE(h == h);
      continue;
    }
    ASSERT_EQ(static_cast<double>(f), want) << b;
    ASSERT_EQ(std::signbit(f), std::signbit(want)) << b;
    ASSERT_EQ(TypeParam(f).bits, b);
    ASSERT_EQ((-h).bits, b ^ 0x8000u);
  }
}

TYPED_TEST(Half, HalfwayPointsAndTheirNeighbours) {
  for (uint32_t b = 0; b < 0x7fff; ++b) {
    const double low = this->decoded(b), high = this->decoded(b + 1);
    if (std::isnan(high)) break;
    // Past the largest number the next one would be 2^(bias + 1).
    const double next = std::isinf(high) ? std::ldexp(1.0, this->bias + 1) : high;
    const float middle = static_cast<float>((low + next) / 2);
    ASSERT_EQ(static_cast<double>(middle), (low + next) / 2);
    for (float x : {middle, std::nextafter(middle, 0.0f), std::nextafter(middle, INFINITY)})
      ASSERT_TRUE(this->check(x) && this->check(-x));
  }
}

TYPED_TEST(Half, SweepOfF32) {
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 509)
    ASSERT_TRUE(this->check(std::bit_cast<float>(static_cast<uint32_t>(bits))));
}

// LAWS.md, 6: everything goes through f32.
TYPED_TEST(Half, ConversionsGoThroughF32) {
  const double x = 1 + std::ldexp(1.0, -this->fraction_bits - 1) + 0x1p-40;  // just above a halfway point of the type
  const void* in[] = {&x};
  const size_t step[] = {0};
  TypeParam h;
  ir::evaluate(ir::Op::cast, DType::f64, this->dtype, 1, in, step, &h);
  EXPECT_EQ(static_cast<float>(h), 1.0f);  // the rounding to f32 makes a tie of it
  EXPECT_EQ(ir::Literal::of(this->dtype, x).to_double(), 1.0);
  const int64_t i = (int64_t{1} << 40) + 1;
  in[0] = &i;
  ir::evaluate(ir::Op::cast, DType::i64, this->dtype, 1, in, step, &h);
  EXPECT_EQ(static_cast<float>(h), this->ieee ? INFINITY : 0x1p40f);
}

// A literal's text reads back, and is no longer than it must be.
TYPED_TEST(Half, TextsOfLiterals) {
  for (uint32_t b = 0; b < 0x10000; ++b) {
    const auto h = TypeParam::from_bits(static_cast<uint16_t>(b));
    if (h != h) continue;
    const std::string s = ir::Literal::of(h).str();
    ASSERT_EQ(TypeParam(std::strtof(s.c_str(), nullptr)).bits, b) << s;
  }
  EXPECT_EQ(ir::Literal::of(TypeParam(0.1f)).str(), "0.1");
  EXPECT_EQ(ir::Literal::of(TypeParam(-3.0f)).str(), "-3.0");
  EXPECT_EQ(ir::Literal::of(TypeParam(1.0f / 3)).str(), this->ieee ? "0.3333" : "0.334");
  EXPECT_EQ(ir::Literal::of(std::numeric_limits<TypeParam>::max()).str(), this->ieee ? "65500.0" : "3.39e+38");
}

// One op rounds once, from f32: no other type shows.
TYPED_TEST(Half, OpsRoundOnce) {
  std::vector<TypeParam> x, y;
  for (uint32_t k = 0; k < 4096; ++k) {
    x.push_back(TypeParam::from_bits(static_cast<uint16_t>(k * 40503u)));
    y.push_back(TypeParam::from_bits(static_cast<uint16_t>(k * 30011u + 77)));
  }
  const void* in[] = {x.data(), y.data()};
  const size_t step[] = {1, 1};
  std::vector<TypeParam> out(x.size());
  auto same = [](TypeParam a, float want) { return a.bits == TypeParam(want).bits; };
  ir::evaluate(ir::Op::add, this->dtype, this->dtype, x.size(), in, step, out.data());
  for (size_t i = 0; i < x.size(); ++i) ASSERT_TRUE(same(out[i], static_cast<float>(x[i]) + static_cast<float>(y[i])));
  ir::evaluate(ir::Op::div, this->dtype, this->dtype, x.size(), in, step, out.data());
  for (size_t i = 0; i < x.size(); ++i) ASSERT_TRUE(same(out[i], static_cast<float>(x[i]) / static_cast<float>(y[i])));
  ir::evaluate(ir::Op::sqrt, this->dtype, this->dtype, x.size(), in, step, out.data());
  for (size_t i = 0; i < x.size(); ++i) ASSERT_TRUE(same(out[i], std::sqrt(static_cast<float>(x[i]))));
}

}  // namespace
}  // namespace frit
