// f16 and bf16 as users meet them: C++ numbers and tensors, weak numbers, promotion, compositions that work
// in f32 and round once, eager and jitted; files.
#include <cmath>

#include "gtest/gtest.h"
#include "tests/frontend/help.h"

namespace {

using frit::array;
using frit::bf16;
using frit::DType;
using frit::f16;
using frit::Tensor;
constexpr DType kHalves[] = {DType::f16, DType::bf16};

std::string same(const Tensor& got, const Tensor& want) { return help::first_difference(got, want); }

TEST(Half, NumbersAndTensors) {
  const std::vector<bf16> v = {bf16(1.0f), bf16(-2.5f), bf16(1e30f)};
  const Tensor x = Tensor::copy(v, {3});
  EXPECT_EQ(x.dtype(), DType::bf16);
  EXPECT_EQ(x.to_vector<bf16>(), v);
  EXPECT_EQ(x.span<bf16>()[1], bf16(-2.5f));
  EXPECT_EQ(x(2).item<bf16>(), bf16(1e30f));
  EXPECT_EQ(same(array({bf16(1.0f), bf16(-2.5f), bf16(1e30f)}), x), "");
  EXPECT_EQ(same(x.to(DType::f32), Tensor::copy(std::vector<float>{1.0f, -2.5f, static_cast<float>(bf16(1e30f))}, {3})), "");
  EXPECT_EQ(frit::full({2}, f16(0.1f)).dtype(), DType::f16);
  EXPECT_EQ(frit::zeros<bf16>({2}).dtype(), DType::bf16);
  EXPECT_EQ(frit::ones({2}, DType::f16).to_vector<f16>(), (std::vector<f16>{f16(1.0f), f16(1.0f)}));
  EXPECT_EQ(frit::spec<bf16>({2, 3}).dtype(), DType::bf16);
  EXPECT_EQ(same(Tensor::borrow(v.data(), {3}), x), "");
}

TEST(Half, WeakNumbersAreRoundedToTheTypeFirst) {
  const Tensor x = array({bf16(3.0f)});
  EXPECT_EQ((x * 2.0).dtype(), DType::bf16);
  EXPECT_EQ((x * 0.1).item<bf16>(), bf16(3.0f * static_cast<float>(bf16(0.1f))));
  EXPECT_EQ((x + 1).item<bf16>(), bf16(4.0f));
  EXPECT_EQ((array({f16(1.0f)}) * 1e6).item<f16>(), std::numeric_limits<f16>::infinity());
  EXPECT_EQ((x * bf16(0.5f)).item<bf16>(), bf16(1.5f));
  // A number stored in a tensor is no longer weak.
  EXPECT_EQ((x * Tensor(2.0f)).dtype(), DType::f32);
  EXPECT_THROW(array({1}) + bf16(0.5f), frit::Error);
}

TEST(Half, TheTwoPromoteToF32) {
  const Tensor h = array({f16(0.1f)}), b = array({bf16(0.1f)});
  EXPECT_EQ((h * b).dtype(), DType::f32);
  EXPECT_EQ((h * b).item<float>(), static_cast<float>(f16(0.1f)) * static_cast<float>(bf16(0.1f)));
  EXPECT_EQ((h + array({1.0})).dtype(), DType::f64);
  EXPECT_EQ(where(true, h, b).dtype(), DType::f32);
}

TEST(Half, Ranges) {
  for (DType t : kHalves) {
    // i is rounded once, not the sum of rounded numbers.
    const Tensor wide = frit::arange(3000.f).to(t);
    EXPECT_EQ(same(t == DType::f16 ? frit::arange(f16(3000.f)) : frit::arange(bf16(3000.f))(frit::slice(0, 3000)), wide), "");
    const Tensor line = t == DType::f16 ? frit::linspace(f16(0.f), f16(1.f), 11) : frit::linspace(bf16(0.f), bf16(1.f), 11);
    EXPECT_EQ(same(line, frit::linspace(0.f, 1.f, 11).to(t)), "");
  }
}

struct Composition {
  const char* name;
  Tensor (*f)(const Tensor&);
};
const Composition kCompositions[] = {
    {"softmax", [](const Tensor& x) { return softmax(x, -1); }},
    {"softmax of columns", [](const Tensor& x) { return softmax(x, 0); }},
    {"log_softmax", [](const Tensor& x) { return log_softmax(x, -1); }},
    {"logsumexp", [](const Tensor& x) { return logsumexp(x, -1); }},
    {"mean", [](const Tensor& x) { return mean(x, 1); }},
    {"mean of all", [](const Tensor& x) { return mean(x); }},
    {"variance", [](const Tensor& x) { return variance(x, 0); }},
    {"layer_norm", [](const Tensor& x) { return layer_norm(x); }},
    {"layer_norm with numbers", [](const Tensor& x) { return layer_norm(x, 0.5, 0.25); }},
    {"rms_norm", [](const Tensor& x) { return rms_norm(x, 0.5); }},
    {"silu", [](const Tensor& x) { return silu(x); }},
    {"gelu", [](const Tensor& x) { return gelu(x); }},
    {"gelu_erf", [](const Tensor& x) { return gelu_erf(x); }},
    {"relu", [](const Tensor& x) { return relu(x); }},
    {"sum", [](const Tensor& x) { return sum(x, 1); }},
    {"sum of two runs", [](const Tensor& x) { return sum(reshape(x, {5, 3, 400}), {0, 2}); }},
    {"prod", [](const Tensor& x) { return prod(x, {0}); }},
    {"max", [](const Tensor& x) { return max(x, 1); }},
    {"matmul", [](const Tensor& x) { return matmul(x, transpose(x)); }},
    {"dot", [](const Tensor& x) { return dot(x(0), x(1)); }},
    {"batched matmul", [](const Tensor& x) { return matmul(reshape(x, {3, 5, 400}), reshape(x, {3, 400, 5})); }},
    {"one op", [](const Tensor& x) { return tanh(x); }},
};

// A composition of f16 or bf16 is the same of f32, rounded once.
TEST(Half, CompositionsRoundOnce) {
  for (DType t : kHalves) {
    const Tensor x = (help::random({15, 400}) * 1.7f).to(t);
    for (const Composition& c : kCompositions) {
      SCOPED_TRACE(std::string(c.name) + " of " + std::string(frit::name(t)));
      const Tensor want = c.f(x.to(DType::f32)).to(t);
      EXPECT_EQ(same(c.f(x), want), "");
      auto jitted = frit::jit([&c](Tensor a) { return c.f(a); });
      EXPECT_EQ(same(jitted(x), want), "");
    }
  }
}

TEST(Half, CompositionsWithFurtherOperands) {
  const Tensor x = help::random({6, 64}).to(DType::bf16), w = help::random({64}, 2), b = help::random({64}, 3);
  const Tensor wh = w.to(DType::bf16), bh = b.to(DType::bf16), v = x.to(DType::f32);
  // One type: one rounding, at the end.
  EXPECT_EQ(same(layer_norm(x, wh, bh), layer_norm(v, wh.to(DType::f32), bh.to(DType::f32)).to(DType::bf16)), "");
  EXPECT_EQ(same(rms_norm(x, wh), rms_norm(v, wh.to(DType::f32)).to(DType::bf16)), "");
  // Others: the common type.
  EXPECT_EQ(same(rms_norm(x, w), rms_norm(v, w)), "");
  EXPECT_EQ(same(rms_norm(x, w.to(DType::f16)), rms_norm(v, w.to(DType::f16).to(DType::f32))), "");
  EXPECT_EQ(layer_norm(x, wh, b.to(DType::f64)).dtype(), DType::f64);
  // Numbers take the type of x first.
  const float third = static_cast<float>(bf16(1.0f / 3));
  EXPECT_EQ(same(rms_norm(x, 1.0 / 3), rms_norm(v, third).to(DType::bf16)), "");
  EXPECT_THROW(rms_norm(x, array({1})), frit::Error);
}

// Rounding happens after each op, fused or not: 256 + 1 is 256 in bf16.
TEST(Half, FusedChainsRoundEveryOp) {
  auto chain = [](Tensor x) {
    for (int i = 0; i < 10; ++i) x = x + 1;
    return x;
  };
  EXPECT_EQ(frit::jit(chain)(array({bf16(256.0f)})).item<bf16>(), bf16(256.0f));
  EXPECT_EQ(chain(array({bf16(256.0f)})).item<bf16>(), bf16(256.0f));
  // There and back is nothing, whatever stands between; a narrower type in between is a rounding.
  auto there = frit::jit([](Tensor x) { return x.to(DType::f32).to(DType::bf16); });
  const Tensor x = help::random({100}).to(DType::bf16);
  EXPECT_EQ(same(there(x), x), "");
  auto narrow = frit::jit([](Tensor v) { return v.to(DType::bf16).to(DType::f32); });
  EXPECT_EQ(narrow(array({1.001f})).item<float>(), 1.0f);
}

TEST(Half, Npy) {
  const Tensor x = array({bf16(1.0f), bf16(2.5f)});
  const auto bytes = frit::npy_bytes(x);
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  EXPECT_NE(text.find("'descr': '<V2'"), std::string::npos);
  EXPECT_EQ(same(frit::parse_npy(bytes), x), "");
  EXPECT_NE(std::string(reinterpret_cast<const char*>(frit::npy_bytes(array({f16(1.0f)})).data()), 40).find("'<f2'"), std::string::npos);
  // As NumPy saves what it read from the first: two bytes of anything.
  std::string untyped = text;
  untyped[untyped.find("<V2")] = '|';
  const std::string path = testing::TempDir() + "frit_half_test.npy";
  std::FILE* f = std::fopen(path.c_str(), "wb");
  ASSERT_NE(f, nullptr);
  std::fwrite(untyped.data(), 1, untyped.size(), f);
  std::fclose(f);
  EXPECT_EQ(same(frit::load_npy(path, DType::bf16), x), "");
  const frit::Error e = help::error_of([&] { frit::load_npy(path); });
  EXPECT_NE(e.message.find("load_npy(path, frit::DType::bf16)"), std::string::npos) << e.message;
  EXPECT_THROW(frit::load_npy(path, DType::f32), frit::Error);
  std::remove(path.c_str());
}

}  // namespace
