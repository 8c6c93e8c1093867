// Structs of tensors: taken apart, named, put together again.
#include <array>

#include "frit/frit.h"
#include "gtest/gtest.h"
#include "tests/frontend/help.h"

namespace {

using frit::array;
using frit::Tensor;

struct Linear {
  Tensor w, b;
  Tensor operator()(const Tensor& x) const { return matmul(x, w) + b; }
};
struct Mlp {
  Linear l1, l2;
  Tensor operator()(const Tensor& x) const { return l2(maximum(l1(x), 0.0f)); }
};
struct Mixed {
  std::vector<Tensor> list;
  int count = 0;
  std::array<Tensor, 2> two;
  std::string label;
  std::pair<Tensor, float> last;
};
class Private {
 public:
  explicit Private(Tensor a, int n) : scale_(std::move(a)), times_(n) {}
  Tensor apply(Tensor x) const {
    for (int i = 0; i < times_; ++i) x = x * scale_;
    return x;
  }
  FRIT_FIELDS(scale_, times_)

 private:
  Tensor scale_;
  int times_;
};
struct Sixteen {
  Tensor a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p;
};
struct Nothing {};

static_assert(frit::detail::field_count<Linear>() == 2);
static_assert(frit::detail::field_count<Mlp>() == 2);
static_assert(frit::detail::field_count<Mixed>() == 5);
static_assert(frit::detail::field_count<Sixteen>() == 16);
static_assert(frit::detail::field_name<Linear, 1>() == "b");
static_assert(frit::detail::field_name<Mixed, 3>() == "label");
static_assert(frit::detail::field_name<Sixteen, 15>() == "p");
static_assert(frit::detail::listed_name("scale_, times_", 1) == "times_");
static_assert(!frit::detail::decomposable<Private>());

TEST(Structs, GoInAndOut) {
  auto f = frit::jit([](Mlp m, Tensor x) {
    m.l1.w = m.l1.w - 0.5f;
    Tensor y = m(x);
    return std::pair{m, y};
  }, {.name = "step"});
  Mlp m{{frit::ones({2, 3}), frit::zeros({3})}, {frit::ones({3, 1}), frit::ones({1})}};
  const Tensor x = array({{1.f, 3.f}});
  auto [m2, y] = f(m, x);
  EXPECT_EQ(y.item<float>(), 7);
  EXPECT_EQ(m2.l1.w.to_vector<float>(), std::vector<float>(6, 0.5f));
  EXPECT_EQ(m2.l2.b.item<float>(), 1);
  std::tie(m, y) = f(std::move(m), x);
  EXPECT_EQ(m.l1.w.to_vector<float>(), std::vector<float>(6, 0.5f));
  EXPECT_EQ(f.stats().traces, 1);
  const std::string ir = f.ir(frit::Level::tensor, m, x);
  EXPECT_NE(ir.find("%arg0.l1.w: f32[2,3]"), std::string::npos) << ir;
  EXPECT_NE(ir.find("%arg0.l2.b: f32[1]"), std::string::npos) << ir;
  const frit::Error e = help::error_of([&] { f(Mlp{}, x); });
  EXPECT_EQ(e.message.substr(0, 24), "arg0.l1.w has no value: ");
}

TEST(Structs, NumbersInsideAreStatic) {
  auto f = frit::jit([](Mixed m) {
    m.last.first = m.last.first * m.last.second + static_cast<float>(m.count);
    m.count += 1;
    m.label += "!";
    m.list.push_back(m.two[1]);
    return m;
  });
  Mixed m{{array({1.f}), array({2.f})}, 3, {array({4.f}), array({5.f})}, "x", {array({6.f}), 10.f}};
  Mixed r = f(m);
  r = f(m);
  EXPECT_EQ(r.count, 4);
  EXPECT_EQ(r.label, "x!");
  ASSERT_EQ(r.list.size(), 3u);
  EXPECT_EQ(r.list[2].item<float>(), 5);
  EXPECT_EQ(r.last.first.item<float>(), 63);
  EXPECT_EQ(f.stats().traces, 1);
  m.last.second = 2;
  EXPECT_EQ(f(m).last.first.item<float>(), 15);
  EXPECT_EQ(f.stats().traces, 2);
  EXPECT_NE(f.stats().misses[1].find("arg0.last.1 is 2.000000, was 10.000000"), std::string::npos) << f.stats().misses[1];
}

TEST(Structs, WithAMacroWherePrivate) {
  auto f = frit::jit([](Private p, Tensor x) { return p.apply(x); });
  EXPECT_EQ(f(Private(array({3.f}), 2), array({2.f})).item<float>(), 18);
  EXPECT_EQ(f(Private(array({3.f}), 3), array({2.f})).item<float>(), 54);
  EXPECT_EQ(f.stats().traces, 2);
  EXPECT_NE(f.ir(frit::Level::tensor, Private(array({3.f}), 2), array({2.f})).find("%arg0.scale_"), std::string::npos);
}

TEST(Structs, EmptyAndGeneric) {
  auto f = frit::jit([](auto s, Nothing, auto x) { return std::tuple{s.w + x, Nothing{}}; });
  EXPECT_EQ(std::get<0>(f(Linear{array({1.f}), array({2.f})}, Nothing{}, 5.f)).item<float>(), 6);
  EXPECT_THROW(f(Linear{array({1.f}), array({2.f})}, Nothing{}, 5), frit::Error);  // an i32 input: no longer weak
}

TEST(Structs, SixteenFields) {
  auto f = frit::jit([](Sixteen s) { return s.a + s.p; });
  Sixteen s;
  float v = 0;
  for (Tensor* t : {&s.a, &s.b, &s.c, &s.d, &s.e, &s.f, &s.g, &s.h, &s.i, &s.j, &s.k, &s.l, &s.m, &s.n, &s.o, &s.p}) *t = array({v++});
  EXPECT_EQ(f(s).item<float>(), 15);
}

TEST(Structs, TheResultMayHaveNoTensorAtAll) {
  auto f = frit::jit([](Tensor x) { return std::tuple{x.rank(), std::string("ok")}; });
  EXPECT_EQ(std::get<0>(f(frit::ones({2, 3}))), 2);
  EXPECT_EQ(std::get<1>(f(frit::ones({2, 3}))), "ok");
}

}  // namespace
