// Reductions, compositions and products against definitions written out here.
#include <cmath>
#include <numeric>

#include "frit/frit.h"
#include "gtest/gtest.h"
#include "tests/frontend/help.h"

namespace {

using frit::array;
using frit::DType;
using frit::Tensor;
using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;

TEST(Reduce, AxesShapesAndKeep) {
  const Tensor x = reshape(frit::arange(24), {2, 3, 4});
  EXPECT_EQ(sum(x).item<int64_t>(), 276);
  EXPECT_EQ(sum(x, 0).to_vector<int64_t>(), (Ints{12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34}));
  EXPECT_EQ(sum(x, {0, 2}).to_vector<int64_t>(), (Ints{60, 92, 124}));
  EXPECT_EQ(sum(x, {-1, 0}).to_vector<int64_t>(), (Ints{60, 92, 124}));
  EXPECT_EQ(sum(x, {0, 2}, true).shape(), (frit::Shape{1, 3, 1}));
  EXPECT_EQ(max(x, 1).to_vector<int>(), (std::vector<int>{8, 9, 10, 11, 20, 21, 22, 23}));
  EXPECT_EQ(min(x, {1, 2}).to_vector<int>(), (std::vector<int>{0, 12}));
  EXPECT_EQ(prod(array({2, 3, 4})).item<int64_t>(), 24);
  EXPECT_EQ(argmax(x).item<int64_t>(), 23);
  EXPECT_EQ(argmin(x, 1).to_vector<int64_t>(), (Ints(8, 0)));
  EXPECT_EQ(argmax(x, -1, true).shape(), (frit::Shape{2, 3, 1}));
  EXPECT_EQ(argmax(array({1.f, NAN, 3.f, NAN})).item<int64_t>(), 1);
  EXPECT_EQ(argmin(array({0.f, -0.f, 5.f})).item<int64_t>(), 0);
  EXPECT_TRUE(frit::all(x >= 0).item<bool>());
  EXPECT_FALSE(any(x > 23).item<bool>());
  EXPECT_EQ(sum(array({true, true, false})).item<int64_t>(), 2);
  EXPECT_EQ(sum(array({uint8_t{200}, uint8_t{200}})).dtype(), DType::u64);
  EXPECT_EQ(sum(x, frit::Axes(std::vector<int64_t>{})).shape(), x.shape());
  EXPECT_EQ(sum(x, frit::Axes(std::vector<int64_t>{})).dtype(), DType::i64);
  EXPECT_EQ(sum(Tensor(3.f)).item<float>(), 3);
  EXPECT_EQ(argmax(Tensor(3.f)).item<int64_t>(), 0);
}

TEST(Reduce, OfNothing) {
  const Tensor none = frit::zeros({0, 2});
  EXPECT_EQ(sum(none, 0).to_vector<float>(), (Floats{0, 0}));
  EXPECT_FALSE(std::signbit(sum(none).item<float>()));
  EXPECT_EQ(prod(none).item<float>(), 1);
  EXPECT_EQ(max(none).item<float>(), -INFINITY);
  EXPECT_EQ(min(none).item<float>(), INFINITY);
  EXPECT_EQ(max(frit::zeros<int>({0})).item<int>(), INT32_MIN);
  EXPECT_TRUE(frit::all(none > 0).item<bool>());
  EXPECT_FALSE(any(none > 0).item<bool>());
  EXPECT_TRUE(std::isnan(mean(none).item<float>()));
  EXPECT_THROW(argmax(none), frit::Error);
  EXPECT_EQ(sum(none, 1).count(), 0);
}

// The one order of LAWS.md, 9, for one extent.
float lawful_sum(const float* p, int64_t n, int64_t stride = 1) {
  if (n == 0) return 0.f;
  Floats blocks;
  for (int64_t b = 0; b < n; b += 1024) {
    float lane[128];
    for (float& l : lane) l = -0.f;
    for (int64_t i = b; i < std::min(n, b + 1024); ++i) lane[(i - b) % 128] += p[i * stride];
    for (int h = 64; h > 0; h /= 2)
      for (int l = 0; l < h; ++l) lane[l] += lane[l + h];
    blocks.push_back(lane[0]);
  }
  size_t pow = 1;
  while (pow < blocks.size()) pow *= 2;
  blocks.resize(pow, -0.f);
  for (; blocks.size() > 1; blocks.resize(blocks.size() / 2))
    for (size_t i = 0; i < blocks.size() / 2; ++i) blocks[i] = blocks[2 * i] + blocks[2 * i + 1];
  return blocks[0];
}

TEST(Reduce, OneRunAnIrReduction) {
  // Axes 0, 2 and 3 of five: the run [2, 3] first, as one extent, then [0].
  const Tensor x = help::random({3, 2, 40, 30, 2}, 5);
  const auto v = x.to_vector<float>();
  const Tensor s = sum(x, {3, 0, 2});
  ASSERT_EQ(s.shape(), (frit::Shape{2, 2}));
  for (int64_t a = 0; a < 2; ++a)
    for (int64_t b = 0; b < 2; ++b) {
      Floats inner;
      for (int64_t i = 0; i < 3; ++i) inner.push_back(lawful_sum(v.data() + (i * 2 + a) * 2400 + b, 1200, 2));
      EXPECT_EQ(s(a, b).item<float>(), lawful_sum(inner.data(), 3));
    }
  auto f = frit::jit([](Tensor t) { return sum(t, {3, 0, 2}); });
  EXPECT_EQ(help::first_difference(f(x), s), "");
  const std::string ir = f.ir(frit::Level::tensor, x);
  const size_t first = ir.find("axes=[2,3]"), second = ir.find("axes=[0]");
  EXPECT_NE(first, std::string::npos) << ir;
  EXPECT_LT(first, second) << ir;
  // Extents of 1 belong to the run.
  EXPECT_NE(frit::jit([](Tensor t) { return sum(t, {0, 1, 2}); }).ir(frit::Level::tensor, frit::spec<float>({4, 1, 5})).find("axes=[0,1,2]"), std::string::npos);
}

// Each composition, written out again with single ops.
TEST(Compositions, AreTheirDefinitions) {
  const Tensor x = help::random({7, 33}, 3), w = help::random({33}, 4), b = help::random({33}, 5);
  auto check = [](const char* what, const Tensor& got, const Tensor& want) { EXPECT_EQ(help::first_difference(got, want), "") << what; };
  const Tensor m = max(x, 1, true), e = exp(x - m);
  check("softmax", softmax(x), e * (1.f / sum(e, 1, true)));
  check("logsumexp", logsumexp(x, 1), log(sum(e, 1)) + reshape(m, {7}));
  const Tensor mu = sum(x, 1, true) / 33.f, d = x - mu;
  check("mean", mean(x, 1, true), mu);
  check("variance", variance(x, 1), sum(d * d, 1) / 33.f);
  const Tensor n = d * rsqrt(sum(d * d, 1, true) / 33.f + 1e-5f);
  check("layer_norm", layer_norm(x), n);
  check("layer_norm with scale and bias", layer_norm(x, w, b), n * w + b);
  check("rms_norm", rms_norm(x, w), x * rsqrt(sum(x * x, 1, true) / 33.f + 1e-6f) * w);
  check("relu", relu(x), maximum(x, 0.f));
  check("silu", silu(x), x * sigmoid(x));
  check("gelu", gelu(x), 0.5f * x * (1.0f + tanh(0.7978845608028654f * (x + 0.044715f * x * x * x))));
  check("gelu_erf", gelu_erf(x), 0.5f * x * (1.0f + erf(x * 0.7071067811865476f)));
  check("log_softmax", log_softmax(x), x - logsumexp(x, 1, true));
  // The same bits when fused.
  auto all_of_them = [](Tensor t, Tensor s, Tensor o) {
    return std::tuple{softmax(t), logsumexp(t, 1), variance(t, 1), layer_norm(t, s, o), rms_norm(t, s), gelu(t), gelu_erf(t), silu(t)};
  };
  const frit::Comparison c = frit::jit(all_of_them).compare(x, w, b);
  EXPECT_TRUE(c.same_bits) << c.text;
}

TEST(Compositions, LogsumexpOfInfinities) {
  EXPECT_EQ(logsumexp(array({-INFINITY, -INFINITY})).item<float>(), -INFINITY);
  EXPECT_EQ(logsumexp(array({INFINITY, 1.f})).item<float>(), INFINITY);
  EXPECT_EQ(logsumexp(array({3.f})).item<float>(), 3.f);
}

// LAWS.md, 12, by the loop.
float lawful_dot(const Floats& a, const Floats& b) {
  Floats blocks;
  for (size_t k = 0; k < a.size(); k += 1024) {
    float acc = 0;
    for (size_t i = k; i < std::min(a.size(), k + 1024); ++i) acc = std::fma(a[i], b[i], acc);
    blocks.push_back(acc);
  }
  size_t pow = 1;
  while (pow < blocks.size()) pow *= 2;
  blocks.resize(pow, -0.f);
  for (; blocks.size() > 1; blocks.resize(blocks.size() / 2))
    for (size_t i = 0; i < blocks.size() / 2; ++i) blocks[i] = blocks[2 * i] + blocks[2 * i + 1];
  return blocks[0];
}

TEST(Products, MatmulByTheLaw) {
  const int64_t k = 1500;
  const Tensor a = help::random({3, k}, 1), b = help::random({k, 4}, 2);
  const Tensor c = matmul(a, b);
  ASSERT_EQ(c.shape(), (frit::Shape{3, 4}));
  const Tensor bt = transpose(b);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 4; ++j) EXPECT_EQ(c(i, j).item<float>(), lawful_dot(a(i).to_vector<float>(), bt(j).to_vector<float>()));
  EXPECT_EQ(help::first_difference(dot(a, b), c), "");
  EXPECT_EQ(help::first_difference(matmul(a, bt(0)), c(frit::all, 0)), "");   // a vector on the right
  EXPECT_EQ(help::first_difference(matmul(a(1), b), c(1)), "");               // on the left
  EXPECT_EQ(help::first_difference(frit::jit([](Tensor x, Tensor y) { return matmul(x, y); })(a, b), c), "");
}

TEST(Products, WithoutFreeAxesTheyAreSums) {
  const Tensor a = help::random({2000}, 1), b = help::random({2000}, 2);
  EXPECT_EQ(help::first_difference(matmul(a, b), sum(a * b)), "");
  EXPECT_EQ(help::first_difference(dot(a, b), sum(a * b)), "");
  const Tensor x = help::random({3, 5, 40}, 3), y = help::random({40, 3, 5}, 4);
  // Batch axis 1 of x with 2 of y; contracted: 2 with 0, then 0 with 1.
  const Tensor got = tensordot(x, y, {.lhs = {2, 0}, .rhs = {0, 1}, .batch_lhs = {1}, .batch_rhs = {2}});
  const Tensor p = permute(x, {1, 2, 0}) * permute(y, {2, 0, 1});
  EXPECT_EQ(help::first_difference(got, sum(p, {1, 2})), "");
  // Two batch axes, in the order in which they are named.
  const Tensor z = help::random({2, 3, 40}, 6);
  const Tensor g2 = tensordot(z, z, {.lhs = {2}, .rhs = {2}, .batch_lhs = {1, 0}, .batch_rhs = {1, 0}});
  EXPECT_EQ(help::first_difference(g2, transpose(sum(z * z, 2))), "");
  EXPECT_EQ(dot(array({1 << 30, 1 << 30}), array({2, 2})).item<int>(), 0);  // wraps in i32
  EXPECT_EQ(dot(array({1 << 30, 1 << 30}), array({2, 2})).dtype(), DType::i32);
}

TEST(Products, BatchesBroadcastAndOuter) {
  const Tensor a = help::random({2, 1, 3, 4}, 1), b = help::random({5, 4, 2}, 2);
  const Tensor c = matmul(a, b);
  ASSERT_EQ(c.shape(), (frit::Shape{2, 5, 3, 2}));
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 5; ++j) EXPECT_EQ(help::first_difference(c(i, j), matmul(a(i, 0), b(j))), "");
  EXPECT_EQ(matmul(help::random({4}, 1), b).shape(), (frit::Shape{5, 2}));
  EXPECT_EQ(matmul(a, help::random({4}, 1)).shape(), (frit::Shape{2, 1, 3}));
  const Tensor u = array({1.f, 2.f}), v = array({3.f, 4.f, 5.f});
  EXPECT_EQ(tensordot(u, v, {}).to_vector<float>(), (Floats{3, 4, 5, 6, 8, 10}));
  const Tensor p = help::random({3, 2}, 7), q = help::random({3, 4}, 8);
  const Tensor r = tensordot(p, q, {.batch_lhs = {0}, .batch_rhs = {0}});
  EXPECT_EQ(help::first_difference(r, reshape(p, {3, 2, 1}) * reshape(q, {3, 1, 4})), "");
}

}  // namespace
