// The orders of LAWS.md (4, 9, 10, 12) on the interpreter, against recursive definitions and cases
// computed by hand.
#include <cmath>
#include <functional>
#include <limits>

#include "frit/error.h"
#include "tests/ir_interpret/build.h"

namespace frit::ir {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// LAWS.md, 9, as recursive definitions over element numbers.
template <class T>
struct Law9 {
  const std::vector<T>& x;
  T missing;
  std::function<T(T, T)> f;

  int64_t count() const { return static_cast<int64_t>(x.size()); }
  // Lane l of block b after the elements l, l + 128, ..., l + 128 * (k - 1) of the block.
  T lane(int64_t b, int64_t l, int k) const {
    if (k == 0) return missing;
    const int64_t i = b * 1024 + l + 128 * (k - 1);
    return f(lane(b, l, k - 1), i < count() ? x[static_cast<size_t>(i)] : missing);
  }
  // Lane l once only `width` lanes are left.
  T halved(int64_t b, int64_t l, int64_t width) const {
    return width == 128 ? lane(b, l, 8) : f(halved(b, l, 2 * width), halved(b, l + width, 2 * width));
  }
  // Blocks [b, b + width).
  T blocks(int64_t b, int64_t width) const {
    if (b * 1024 >= count()) return missing;
    return width == 1 ? halved(b, 0, 1) : f(blocks(b, width / 2), blocks(b + width / 2, width / 2));
  }
  T all() const {
    int64_t width = 1;
    while (width * 1024 < count()) width *= 2;
    return blocks(0, width);
  }
};

template <class T>
T law_sum(const std::vector<T>& x) {
  return x.empty() ? T{0} : Law9<T>{x, T{-0.0}, [](T a, T b) { return a + b; }}.all();
}
template <class T>
T law_product(const std::vector<T>& x) {
  return Law9<T>{x, T{1}, [](T a, T b) { return a * b; }}.all();
}

template <class T>
void check_sums() {
  bool order_shows = false;
  for (int64_t n : {0, 1, 2, 7, 64, 65, 127, 128, 129, 255, 1000, 1023, 1024, 1025, 2048, 3000, 5000, 9217}) {
    const auto x = spread_numbers<T>(n, 7 + static_cast<uint64_t>(n));
    expect_numbers<T>(reduce(Op::reduce_sum, array(Shape{n}, x), {0}), {law_sum(x)});
    T plain = 0;
    for (T v : x) plain += v;
    order_shows |= plain != law_sum(x);
    std::vector<T> near_one;
    for (T v : x) near_one.push_back(1 + v * T{0x1p-20});
    expect_numbers<T>(reduce(Op::reduce_prod, array(Shape{n}, near_one), {0}), {law_product(near_one)});
  }
  EXPECT_TRUE(order_shows);
}

TEST(Orders, SumsAndProductsFollowTheDefinition) {
  check_sums<float>();
  check_sums<double>();
}

TEST(Orders, SumsByHand) {
  std::vector<float> x(1024, -0.0f);
  x[0] = 0x1p24f;
  x[128] = x[256] = 1;  // the lane of element 0: each 1 is lost
  expect_numbers<float>(reduce(Op::reduce_sum, array(Shape{1024}, x), {0}), {0x1p24f});
  x[128] = x[256] = 0;
  x[1] = x[65] = 1;  // their lanes meet first
  expect_numbers<float>(reduce(Op::reduce_sum, array(Shape{1024}, x), {0}), {0x1p24f + 2});
  // Three blocks: (b0 + b1) + (b2 + missing).
  std::vector<float> y(3072, -0.0f);
  y[0] = 0x1p24f;
  y[1024] = y[2048] = 1;
  expect_numbers<float>(reduce(Op::reduce_sum, array(Shape{3072}, y), {0}), {0x1p24f});
  y.resize(4096, -0.0f);
  y[1024] = 0;
  y[3072] = 1;  // b2 + b3 = 2
  expect_numbers<float>(reduce(Op::reduce_sum, array(Shape{4096}, y), {0}), {0x1p24f + 2});
}

TEST(Orders, ZerosOfSums) {
  expect_numbers<float>(reduce(Op::reduce_sum, array<float>(Shape{0}, {}), {0}), {0.0f});
  expect_numbers<float>(reduce(Op::reduce_sum, array<float>(Shape{1}, {-0.0f}), {0}), {-0.0f});
  expect_numbers<float>(reduce(Op::reduce_sum, array<float>(Shape{3}, {-0.0f, -0.0f, -0.0f}), {0}), {-0.0f});
  expect_numbers<float>(reduce(Op::reduce_sum, array<float>(Shape{2}, {-0.0f, 0.0f}), {0}), {0.0f});
  expect_numbers<float>(reduce(Op::reduce_sum, array<float>(Shape{3}, {kInf, 1, -kInf}), {0}), {kNan});
  expect_numbers<float>(reduce(Op::reduce_sum, array<float>(Shape{2, 0}, {}), {1}), {0, 0});
  expect_numbers<float>(reduce(Op::reduce_sum, array<float>(Shape{0, 2}, {}), {1}), {});
  expect_numbers<float>(reduce(Op::reduce_prod, array<float>(Shape{0}, {}), {0}), {1});
}

TEST(Orders, SeveralAxesAreOneExtentInTheirOrder) {
  const auto x = spread_numbers<float>(40 * 50, 3);
  std::vector<float> other;  // axis 1 outermost
  for (size_t j = 0; j < 50; ++j)
    for (size_t i = 0; i < 40; ++i) other.push_back(x[i * 50 + j]);
  ASSERT_NE(law_sum(x), law_sum(other));
  expect_numbers<float>(reduce(Op::reduce_sum, array(Shape{40, 50}, x), {0, 1}), {law_sum(x)});
  expect_numbers<float>(reduce(Op::reduce_sum, array(Shape{40, 50}, x), {1, 0}), {law_sum(other)});
  expect_numbers<float>(reduce(Op::reduce_sum, array(Shape{40, 50}, x), {}), x);
  expect_numbers<float>(reduce(Op::reduce_sum, scalar(2.5f), {}), {2.5f});
}

TEST(Orders, IntegerSumsWidenAndWrap) {
  expect_numbers<uint64_t>(reduce(Op::reduce_sum, array<uint8_t>(Shape{3}, {255, 255, 255}), {0}), {765});
  expect_numbers<int64_t>(reduce(Op::reduce_sum, array<int32_t>(Shape{2}, {INT32_MIN, INT32_MIN}), {0}), {-4294967296});
  expect_numbers<uint64_t>(reduce(Op::reduce_sum, array<uint32_t>(Shape{2}, {~0u, 1}), {0}), {4294967296});
  expect_numbers<int64_t>(reduce(Op::reduce_sum, array<int64_t>(Shape{2}, {INT64_MAX, 1}), {0}), {INT64_MIN});
  expect_numbers<int64_t>(reduce(Op::reduce_sum, array<bool>(Shape{3}, {true, false, true}), {0}), {2});
  expect_numbers<int64_t>(reduce(Op::reduce_prod, array<int32_t>(Shape{3}, {-3, 1 << 20, 1 << 20}), {0}), {-(int64_t{3} << 40)});
  expect_numbers<int64_t>(reduce(Op::reduce_sum, array<int32_t>(Shape{0}, {}), {0}), {0});
  expect_numbers<uint64_t>(reduce(Op::reduce_prod, array<uint8_t>(Shape{0}, {}), {0}), {1});
}

TEST(Orders, ExtremesAndTheirIndices) {
  const auto x = array<float>(Shape{4, 3}, {-0.0f, 0.0f, -1, 1, kNan, kNan, kInf, 5, kInf, -kInf, 2, -kInf});
  expect_numbers<float>(reduce(Op::reduce_max, x, {1}), {0.0f, kNan, kInf, 2});
  expect_numbers<float>(reduce(Op::reduce_min, x, {1}), {-1, kNan, 5, -kInf});
  expect_numbers<int64_t>(reduce(Op::reduce_argmax, x, {1}), {0, 1, 0, 1});
  expect_numbers<int64_t>(reduce(Op::reduce_argmin, x, {1}), {2, 1, 1, 0});
  expect_numbers<int64_t>(reduce(Op::reduce_argmax, x, {0, 1}), {4});
  expect_numbers<int64_t>(reduce(Op::reduce_argmax, x, {1, 0}), {5});  // row-major over axis 1, then axis 0
  expect_numbers<float>(reduce(Op::reduce_min, array<float>(Shape{2}, {0.0f, -0.0f}), {0}), {-0.0f});
  expect_numbers<float>(reduce(Op::reduce_max, array<float>(Shape{0}, {}), {0}), {-kInf});
  expect_numbers<float>(reduce(Op::reduce_min, array<float>(Shape{0}, {}), {0}), {kInf});
  expect_numbers<int32_t>(reduce(Op::reduce_max, array<int32_t>(Shape{0}, {}), {0}), {INT32_MIN});
  expect_numbers<uint8_t>(reduce(Op::reduce_min, array<uint8_t>(Shape{0}, {}), {0}), {255});
  expect_numbers<bool>(reduce(Op::reduce_max, array<bool>(Shape{2}, {false, true}), {0}), {true});
  expect_numbers<bool>(reduce(Op::reduce_any, array<bool>(Shape{0}, {}), {0}), {false});
  expect_numbers<bool>(reduce(Op::reduce_all, array<bool>(Shape{0}, {}), {0}), {true});
  expect_numbers<bool>(reduce(Op::reduce_any, array<bool>(Shape{2, 2}, {false, true, false, false}), {1}), {true, false});
  expect_numbers<bool>(reduce(Op::reduce_all, array<bool>(Shape{2, 2}, {true, true, true, false}), {1}), {true, false});
  EXPECT_THROW(reduce(Op::reduce_argmax, array<float>(Shape{0}, {}), {0}), Error);
}

struct DotAxes {
  Ints lhs, rhs, batch_lhs = {}, batch_rhs = {};
};
Array dot(const Array& x, const Array& y, Shape result, const DotAxes& a) {
  return run_op(Op::dot, {x, y}, Type::tensor(x.dtype, result),
                {{AttrName::lhs, a.lhs}, {AttrName::rhs, a.rhs}, {AttrName::batch_lhs, a.batch_lhs}, {AttrName::batch_rhs, a.batch_rhs}});
}

// LAWS.md, 12: one chain a block, blocks as in 9.
template <class T>
T law_dot(const std::vector<T>& x, const std::vector<T>& y) {
  std::vector<T> blocks;
  for (size_t b = 0; b < x.size(); b += 1024) {
    std::function<T(size_t)> chain = [&](size_t k) { return k == b ? T{0} : std::fma(x[k - 1], y[k - 1], chain(k - 1)); };
    blocks.push_back(chain(std::min(x.size(), b + 1024)));
  }
  std::function<T(size_t, size_t)> tree = [&](size_t lo, size_t width) -> T {
    if (lo >= blocks.size()) return T{-0.0};
    return width == 1 ? blocks[lo] : tree(lo, width / 2) + tree(lo + width / 2, width / 2);
  };
  size_t width = 1;
  while (width < blocks.size()) width *= 2;
  return x.empty() ? T{0} : tree(0, width);
}

TEST(Orders, DotIsChainsOfABlock) {
  for (int64_t k : {0, 1, 2, 100, 1023, 1024, 1025, 2500, 5000}) {
    const auto x = spread_numbers<float>(k, 11), y = spread_numbers<float>(2 * k, 13);
    const auto half = static_cast<ptrdiff_t>(k);
    expect_numbers<float>(dot(array(Shape{k}, x), array(Shape{2, k}, y), Shape{2}, {{0}, {1}}),
                          {law_dot(x, std::vector<float>(y.begin(), y.begin() + half)),
                           law_dot(x, std::vector<float>(y.begin() + half, y.end()))});
  }
}

TEST(Orders, DotByHand) {
  const float e = 0x1p-13f;
  const auto x = array<float>(Shape{2}, {-1, 1 + e}), y = array<float>(Shape{2}, {1, 1 - e});
  // A free axis (of extent 1): the chain keeps what the product's rounding would lose.
  const auto row = array<float>(Shape{1, 2}, {-1, 1 + e});
  expect_numbers<float>(dot(row, y, Shape{1}, {{1}, {0}}), {-0x1p-26f});
  // No free axis: sum(x * y).
  expect_numbers<float>(dot(x, y, Shape{}, {{0}, {0}}), {0.0f});
  // The same with a batch axis.
  expect_numbers<float>(dot(row, array<float>(Shape{1, 2}, {1, 1 - e}), Shape{1}, {{1}, {1}, {0}, {0}}), {0.0f});
  // No contracted axis: a * b keeps a negative zero; a contracted extent of 1 starts from +0.
  const auto a = array<float>(Shape{1}, {-1}), b = array<float>(Shape{1}, {0});
  expect_numbers<float>(dot(a, b, Shape{1, 1}, {{}, {}}), {-0.0f});
  expect_numbers<float>(dot(array<float>(Shape{1, 1}, {-1}), b, Shape{1}, {{1}, {0}}), {0.0f});
  expect_numbers<float>(dot(a, b, Shape{}, {{0}, {0}}), {-0.0f});
}

TEST(Orders, DotAxesAndBatches) {
  // x[b, i, k, l], y[l, b, k, j] contracted over (k, l) in that order; exact in i32, so any order
  // gives the same.
  std::vector<int32_t> x(2 * 2 * 3 * 2), y(2 * 2 * 3 * 2);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<int32_t>(i * i) - 50;
    y[i] = 7 - static_cast<int32_t>(3 * i);
  }
  std::vector<int32_t> want;
  for (size_t b = 0; b < 2; ++b)
    for (size_t i = 0; i < 2; ++i)
      for (size_t j = 0; j < 2; ++j) {
        int32_t sum = 0;
        for (size_t k = 0; k < 3; ++k)
          for (size_t l = 0; l < 2; ++l) sum += x[((b * 2 + i) * 3 + k) * 2 + l] * y[((l * 2 + b) * 3 + k) * 2 + j];
        want.push_back(sum);
      }
  expect_numbers<int32_t>(dot(array(Shape{2, 2, 3, 2}, x), array(Shape{2, 2, 3, 2}, y), Shape{2, 2, 2}, {{2, 3}, {2, 0}, {0}, {1}}), want);
  // Integers wrap in their type.
  expect_numbers<uint8_t>(dot(array<uint8_t>(Shape{2}, {200, 100}), array<uint8_t>(Shape{2}, {3, 1}), Shape{}, {{0}, {0}}), {188});
}

TEST(Orders, DotOrderOfContractedAxes) {
  const auto x = spread_numbers<float>(30 * 40, 5), y = spread_numbers<float>(30 * 40, 6);
  auto turned = [](const std::vector<float>& v) {
    std::vector<float> out;
    for (size_t j = 0; j < 40; ++j)
      for (size_t i = 0; i < 30; ++i) out.push_back(v[i * 40 + j]);
    return out;
  };
  ASSERT_NE(law_dot(x, y), law_dot(turned(x), turned(y)));
  const auto row = array(Shape{1, 30, 40}, x), other = array(Shape{30, 40}, y);
  expect_numbers<float>(dot(row, other, Shape{1}, {{1, 2}, {0, 1}}), {law_dot(x, y)});
  expect_numbers<float>(dot(row, other, Shape{1}, {{2, 1}, {1, 0}}), {law_dot(turned(x), turned(y))});
}

}  // namespace
}  // namespace frit::ir
