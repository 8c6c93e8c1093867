// JitOptions::numerics through the public interface.
#include <gtest/gtest.h>

#include <cmath>

#include "frit/frit.h"

namespace frit {
namespace {

Tensor rows(Tensor x) { return softmax(silu(x) * 3.0f / 7.0f + x); }

Tensor input(DType t) {
  std::vector<float> v(8 * 1000);
  for (size_t i = 0; i < v.size(); ++i) v[i] = std::sin(static_cast<float>(i) * 0.37f) * 5;
  return Tensor::copy(std::span<const float>(v), {8, 1000}).to(t);
}

TEST(Numerics, FastIsNearStrictAndApartFromIt) {
  for (DType t : {DType::f32, DType::bf16, DType::f16}) {
    const Tensor x = input(t);
    auto strict = jit(rows, {.name = "rows"});
    auto fast = jit(rows, {.name = "rows", .numerics = Numerics::fast});
    for (int i = 0; i < 2; ++i) {  // in turns: neither finds the other's code
      const Comparison s = strict.compare(x), f = fast.compare(x);
      EXPECT_TRUE(s.same_bits) << s.difference;
      EXPECT_EQ(s.largest_difference, 0);
      EXPECT_FALSE(f.same_bits);
      EXPECT_GT(f.largest_difference, 0);
      EXPECT_LT(f.largest_difference, t == DType::bf16 ? 1e-2 : t == DType::f16 ? 1e-3 : 1e-6);
      EXPECT_NE(f.text.find("fast numerics: the largest difference is"), f.text.npos) << f.text;
    }
    EXPECT_EQ(strict.explain(x).numerics, Numerics::strict);
    EXPECT_EQ(fast.explain(x).numerics, Numerics::fast);
    EXPECT_NE(fast.explain(x).text.find("fast numerics"), std::string::npos);
    for (Level l : {Level::tensor, Level::fused, Level::kernel}) {
      EXPECT_NE(fast.ir(l, x).find("fast "), std::string::npos);
      EXPECT_EQ(strict.ir(l, x).find("fast "), std::string::npos);
    }
  }
}

// Excluded places stay excluded, rows without a place are what they are strictly.
TEST(Numerics, MasksKeepTheirMeaning) {
  const float inf = INFINITY;
  auto fast = jit([](Tensor x) { return softmax(x); }, {.numerics = Numerics::fast});
  const Tensor y = fast(array({{1.0f, -inf, 1.0f, -inf}, {-inf, -inf, -200.0f, -inf}, {NAN, 1.0f, 2.0f, 3.0f}}));
  const auto v = y.span<float>();
  EXPECT_NEAR(v[0], 0.5f, 1e-6f);
  EXPECT_EQ(v[1], 0);
  EXPECT_EQ(v[3], 0);
  EXPECT_NEAR(v[6], 1.0f, 1e-6f);
  EXPECT_EQ(v[4], 0);
  for (size_t i = 8; i < 12; ++i) EXPECT_TRUE(std::isnan(v[i]));
}

// A function inside of another one's trace is a part of that.
TEST(Numerics, TheOuterFunctionDecides) {
  auto inner = jit(rows, {.numerics = Numerics::fast});
  auto outer = jit([&](Tensor x) { return inner(x); });
  EXPECT_TRUE(outer.compare(input(DType::bf16)).same_bits);
}

}  // namespace
}  // namespace frit
