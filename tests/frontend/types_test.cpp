// Promotion between tensors, weak numbers, exact types of what is made.
#include <array>
#include <map>

#include "frit/frit.h"
#include "gtest/gtest.h"
#include "tests/frontend/help.h"

namespace {

using frit::array;
using frit::DType;
using frit::Tensor;

// The array API's table over the types there are; a dash: of different kinds, or no common type.
constexpr DType kTypes[] = {DType::boolean, DType::u8, DType::i32, DType::u32, DType::i64, DType::u64, DType::f32, DType::f64, DType::f16, DType::bf16};
const char* const kTable[10] = {
    // bool  u8    i32   u32   i64   u64   f32   f64   f16   bf16
    "bool -    -    -    -    -    -    -    -    -",
    "-    u8   i32  u32  i64  u64  -    -    -    -",
    "-    i32  i32  i64  i64  -    -    -    -    -",
    "-    u32  i64  u32  i64  u64  -    -    -    -",
    "-    i64  i64  i64  i64  -    -    -    -    -",
    "-    u64  -    u64  -    u64  -    -    -    -",
    "-    -    -    -    -    -    f32  f64  f32  f32",
    "-    -    -    -    -    -    f64  f64  f64  f64",
    "-    -    -    -    -    -    f32  f64  f16  f32",
    "-    -    -    -    -    -    f32  f64  f32  bf16",
};

TEST(Promotion, IsTheTable) {
  for (int i = 0; i < 10; ++i) {
    std::istringstream row(kTable[i]);
    for (int k = 0; k < 10; ++k) {
      std::string want;
      row >> want;
      const Tensor x = frit::ones({2}, kTypes[i]), y = frit::ones({2}, kTypes[k]);
      auto both = frit::jit([](Tensor a, Tensor b) { return maximum(a, b); });
      SCOPED_TRACE(std::string(frit::name(kTypes[i])) + " and " + std::string(frit::name(kTypes[k])));
      if (want == "-") {
        const frit::Error e = help::error_of([&] { maximum(x, y); });
        EXPECT_EQ(e.op, "maximum");
        EXPECT_NE(e.help.find("x.to(frit::DType::"), std::string::npos) << e.help;
        EXPECT_EQ(help::error_of([&] { both(x, y); }).message, e.message);
      } else {
        EXPECT_EQ(frit::name(maximum(x, y).dtype()), want);
        EXPECT_EQ(frit::name(both(x, y).dtype()), want);
      }
    }
  }
}

TEST(Promotion, ConvertsValues) {
  EXPECT_EQ((array({-1}) + array({4000000000u})).item<int64_t>(), 3999999999);
  EXPECT_EQ((array({uint8_t{200}}) + array({100})).item<int>(), 300);
  EXPECT_EQ((array({0.1f}) + array({1.0})).item<double>(), static_cast<double>(0.1f) + 1.0);
}

TEST(WeakNumbers, TakeTheTypeOfTheTensor) {
  EXPECT_EQ((array({1.f}) * 2.0).dtype(), DType::f32);
  EXPECT_EQ((array({1.f}) * 0.1).item<float>(), 0.1f);  // rounded to the type first
  EXPECT_EQ((array({1.f}) * 2).item<float>(), 2.f);
  EXPECT_EQ((array({1.0}) * 0.1f).item<double>(), static_cast<double>(0.1f));
  EXPECT_EQ((array({uint8_t{250}}) + 10).item<uint8_t>(), 4);  // wraps
  EXPECT_EQ((2 - array({int64_t{5}})).item<int64_t>(), -3);
  EXPECT_EQ((array({1.f}) + 16777217).item<float>(), 16777216.f);  // 16777217 is not an f32
  EXPECT_EQ(frit::maximum(1.5f, 2.5f).item<float>(), 2.5f);        // numbers alone keep their type
}

TEST(WeakNumbers, AreRefusedWhereTheyDoNotFit) {
  auto message = [](auto f) { return help::error_of(f).message; };
  EXPECT_EQ(message([] { array({1}) + 0.5; }), "a tensor of i32 and a floating-point number, 0.5, have no common type");
  EXPECT_EQ(message([] { array({uint8_t{1}}) + 256; }), "the number 256 does not fit u8");
  EXPECT_EQ(message([] { array({uint8_t{1}}) + -1; }), "the number -1 does not fit u8");
  EXPECT_EQ(message([] { array({1}) + int64_t{1} * (int64_t{1} << 40); }), "the number 1099511627776 does not fit i32");
  EXPECT_EQ(message([] { array({true}) & 1; }), "a tensor of bool and an integer, 1, have no common type");
  EXPECT_EQ(message([] { array({1.f}) + true; }), "a tensor of f32 and a bool, true, have no common type");
  // The same inside of a trace, at the user's line.
  auto f = frit::jit([](Tensor x) { return x + 0.5; });
  const frit::Error e = help::error_of([&] { f(array({1})); });
  EXPECT_EQ(e.op, "add");
  EXPECT_EQ(e.where.line, __LINE__ - 3);
  EXPECT_NE(e.help.find("x.to(frit::DType::f32)"), std::string::npos);
  // A plan that is kept checks every number.
  EXPECT_EQ((array({uint8_t{1}}) * 255).item<uint8_t>(), 255);
  EXPECT_THROW(array({uint8_t{1}}) * 300, frit::Error);
}

TEST(Factories, TakeExactlyTheCppType) {
  EXPECT_EQ(Tensor(1.0).dtype(), DType::f64);
  EXPECT_EQ(Tensor(1.0f).dtype(), DType::f32);
  EXPECT_EQ(Tensor(1).dtype(), DType::i32);
  EXPECT_EQ(Tensor(1u).dtype(), DType::u32);
  EXPECT_EQ(Tensor(int64_t{1}).dtype(), DType::i64);
  EXPECT_EQ(Tensor(true).dtype(), DType::boolean);
  EXPECT_EQ(frit::full({2}, 1.0).dtype(), DType::f64);
  EXPECT_EQ(frit::zeros({2}).dtype(), DType::f32);
  EXPECT_EQ(frit::zeros<int64_t>({2}).dtype(), DType::i64);
  EXPECT_EQ(frit::ones({2}, DType::u8).to_vector<uint8_t>(), (std::vector<uint8_t>{1, 1}));
  EXPECT_EQ(frit::arange(3).to_vector<int>(), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(frit::arange(5, 0, -2).to_vector<int>(), (std::vector<int>{5, 3, 1}));
  EXPECT_EQ(frit::arange(1.f, 2.f, 0.25f).to_vector<float>(), (std::vector<float>{1, 1.25f, 1.5f, 1.75f}));
  EXPECT_EQ(frit::arange(3, 3).count(), 0);
  EXPECT_EQ(frit::linspace(1.f, 2.f, 5).to_vector<float>(), (std::vector<float>{1, 1.25f, 1.5f, 1.75f, 2}));
  EXPECT_EQ(frit::linspace(1.0, 7.0, 1).to_vector<double>(), (std::vector<double>{1}));
  EXPECT_EQ(frit::iota({2, 3}, DType::i64, 0).to_vector<int64_t>(), (std::vector<int64_t>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(frit::full_like(array({1, 2}), 7).to_vector<int>(), (std::vector<int>{7, 7}));
  EXPECT_EQ(array({{1.f, 2.f}, {3.f, 4.f}}).shape(), (frit::Shape{2, 2}));
  EXPECT_EQ(array({{{1}, {2}}}).shape(), (frit::Shape{1, 2, 1}));
  EXPECT_THROW(array({{1, 2}, {3}}), frit::Error);
  EXPECT_THROW(frit::arange(0, 5, 0), frit::Error);
  EXPECT_THROW(frit::arange(0.f, 1e30f), frit::Error);
}

TEST(Items, AreOfExactlyTheType) {
  const Tensor x = array({1.5f});
  EXPECT_EQ(x.item<float>(), 1.5f);
  const frit::Error e = help::error_of([&] { x.item<double>(); });
  EXPECT_EQ(e.op, "item");
  EXPECT_NE(e.help.find("x.to(frit::DType::f64)"), std::string::npos);
  EXPECT_THROW(array({1, 2}).item<int>(), frit::Error);
  EXPECT_EQ(array({{7}}).item<int>(), 7);
}

TEST(Borrow, ReadsTheMemoryInPlace) {
  const std::vector<float> v = {1, 2, 3, 4, 5, 6};
  const Tensor x = Tensor::borrow(v.data(), {2, 3});
  EXPECT_EQ(x.span<float>().data(), v.data());
  EXPECT_EQ((x + 1).to_vector<float>(), (std::vector<float>{2, 3, 4, 5, 6, 7}));
  // Column-major: 2 rows, 3 columns.
  const Tensor c = Tensor::borrow(v.data(), {2, 3}, {}, {1, 2});
  EXPECT_FALSE(c.is_dense());
  EXPECT_EQ(c.to_vector<float>(), (std::vector<float>{1, 3, 5, 2, 4, 6}));
  EXPECT_EQ((c * 10).to_vector<float>(), (std::vector<float>{10, 30, 50, 20, 40, 60}));
  EXPECT_EQ(sum(c, 1).to_vector<float>(), (std::vector<float>{9, 12}));
  EXPECT_EQ(reshape(c, {6}).to_vector<float>(), (std::vector<float>{1, 3, 5, 2, 4, 6}));
  EXPECT_EQ(c(1).to_vector<float>(), (std::vector<float>{2, 4, 6}));
  EXPECT_THROW(c.span<float>(), frit::Error);
  auto f = frit::jit([](Tensor a) { return a + a; });
  EXPECT_EQ(f(c).to_vector<float>(), (std::vector<float>{2, 6, 10, 4, 8, 12}));
  EXPECT_EQ(f(c + 0).to_vector<float>(), (std::vector<float>{2, 6, 10, 4, 8, 12}));
  EXPECT_EQ(f.stats().traces, 2);  // strides are a part of the guard
  // Every second element, and a row repeated by a stride of 0.
  EXPECT_EQ(Tensor::borrow(v.data(), {3}, {}, {2}).to_vector<float>(), (std::vector<float>{1, 3, 5}));
  EXPECT_EQ((Tensor::borrow(v.data(), {2, 2}, {}, {0, 1}) + 0).to_vector<float>(), (std::vector<float>{1, 2, 1, 2}));
  // The owner lives as long as a tensor refers to it.
  auto owner = std::make_shared<std::vector<float>>(v);
  std::weak_ptr<std::vector<float>> watch = owner;
  {
    Tensor part = Tensor::borrow(owner->data(), {6}, owner)(frit::slice(0, 2));
    owner.reset();
    EXPECT_FALSE(watch.expired());
    EXPECT_EQ(part.to_vector<float>(), (std::vector<float>{1, 2}));
  }
  EXPECT_TRUE(watch.expired());
  EXPECT_THROW(Tensor::borrow(static_cast<const float*>(nullptr), {2}), frit::Error);
  EXPECT_THROW(Tensor::borrow(v.data(), {2, 3}, {}, {1}), frit::Error);
  EXPECT_THROW(Tensor::borrow(v.data(), {2}, {}, {-1}), frit::Error);
}

}  // namespace
