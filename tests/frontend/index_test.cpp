// Parts of tensors against Python's rules, written down independently; shape functions.
#include <numeric>

#include "frit/frit.h"
#include "gtest/gtest.h"
#include "tests/frontend/help.h"

namespace {

using frit::all;
using frit::array;
using frit::newaxis;
using frit::slice;
using frit::Tensor;
using Ints = std::vector<int>;

// range(*slice(start, stop, step).indices(n)) as CPython computes it.
Ints python_slice(int n, std::optional<int> start, std::optional<int> stop, int step) {
  const int lower = step < 0 ? -1 : 0, upper = step < 0 ? n - 1 : n;
  auto fix = [&](std::optional<int> v, int otherwise) {
    if (!v) return otherwise;
    if (*v < 0) return std::max(*v + n, lower);
    return std::min(*v, upper);
  };
  const int a = fix(start, step < 0 ? upper : lower), z = fix(stop, step < 0 ? lower : upper);
  Ints out;
  for (int i = a; step < 0 ? i > z : i < z; i += step) out.push_back(i);
  return out;
}

TEST(Slice, EveryRangeOfSmallAxes) {
  std::vector<std::optional<int64_t>> places = {std::nullopt};
  for (int i = -8; i <= 8; ++i) places.push_back(i);
  for (int n : {0, 1, 5}) {
    const Tensor x = frit::arange(n);
    for (auto start : places)
      for (auto stop : places)
        for (int step : {1, 2, 3, 7, -1, -2, -3, -7}) {
          auto narrow = [](std::optional<int64_t> v) { return v ? std::optional<int>(static_cast<int>(*v)) : std::nullopt; };
          const Tensor got = x(slice(start, stop, step));
          ASSERT_EQ(got.to_vector<int>(), python_slice(n, narrow(start), narrow(stop), step))
              << n << ": " << (start ? std::to_string(*start) : "") << ":" << (stop ? std::to_string(*stop) : "") << ":" << step;
        }
  }
}

TEST(Index, NumbersRangesAndAxes) {
  const Tensor x = reshape(frit::arange(24), {2, 3, 4});
  EXPECT_EQ(x(1, 2, 3).item<int>(), 23);
  EXPECT_EQ(x(-1, -3, 0).item<int>(), 12);
  EXPECT_EQ(x(1).shape(), (frit::Shape{3, 4}));
  EXPECT_EQ(x(all, 1).to_vector<int>(), (Ints{4, 5, 6, 7, 16, 17, 18, 19}));
  EXPECT_EQ(x(all, all, -1).to_vector<int>(), (Ints{3, 7, 11, 15, 19, 23}));
  EXPECT_EQ(x(0, slice(1, {}), slice({}, {}, 2)).to_vector<int>(), (Ints{4, 6, 8, 10}));
  EXPECT_EQ(x(0, newaxis, 0).shape(), (frit::Shape{1, 4}));
  EXPECT_EQ(x(newaxis, all, newaxis).shape(), (frit::Shape{1, 2, 1, 3, 4}));
  EXPECT_EQ(x(1, slice({}, {}, -1), 0).to_vector<int>(), (Ints{20, 16, 12}));
  EXPECT_EQ(x(slice(1, 1)).shape(), (frit::Shape{0, 3, 4}));
  // The same when traced, and through a borrowed layout.
  auto f = frit::jit([](Tensor t) { return t(1, slice({}, {}, -1), newaxis, slice(3, 0, -2)); });
  EXPECT_EQ(help::first_difference(f(x), x(1, slice({}, {}, -1), newaxis, slice(3, 0, -2))), "");
  EXPECT_EQ(f(x).to_vector<int>(), (Ints{23, 21, 19, 17, 15, 13}));
}

TEST(Index, ViewsShareMemory) {
  const Tensor x = reshape(frit::arange(24), {2, 3, 4});
  EXPECT_EQ(x(1).span<int>().data(), x.span<int>().data() + 12);
  EXPECT_EQ(x(1, slice(1, 3)).span<int>().data(), x.span<int>().data() + 16);
  EXPECT_EQ(reshape(x, {6, -1}).span<int>().data(), x.span<int>().data());
  EXPECT_EQ((x(1, slice(1, 3)) + 1).to_vector<int>(), (Ints{17, 18, 19, 20, 21, 22, 23, 24}));
}

TEST(Index, ErrorsNameThePlace) {
  const Tensor x = frit::zeros({2, 3});
  auto e = help::error_of([&] { x(2); });
  EXPECT_EQ(e.op, "slice");
  EXPECT_EQ(e.message, "index 2 is outside of axis 0 of f32[2,3], which has extent 2");
  EXPECT_EQ(e.where.line, __LINE__ - 3);
  EXPECT_THROW(x(0, -4), frit::Error);
  EXPECT_EQ(help::error_of([&] { x(0, 0, 0); }).message, "3 indices for f32[2,3], which has 2 axes");
  EXPECT_EQ(help::error_of([&] { x(slice(0, 1, 0)); }).message, "the step is 0");
  EXPECT_THROW(Tensor(1.f)(0), frit::Error);
}

TEST(Shapes, ReshapeAndKin) {
  const Tensor x = frit::arange(12);
  EXPECT_EQ(reshape(x, {3, -1}).shape(), (frit::Shape{3, 4}));
  EXPECT_EQ(reshape(x, {-1}).shape(), (frit::Shape{12}));
  EXPECT_EQ(reshape(frit::zeros({0, 3}), {3, 0, 5}).shape(), (frit::Shape{3, 0, 5}));
  EXPECT_EQ(ravel(frit::zeros({2, 0})).shape(), (frit::Shape{0}));
  for (const std::vector<int64_t>& bad : std::vector<std::vector<int64_t>>{{5}, {-1, 5}, {-1, -1}, {-2, 6}, {0}, {int64_t{1} << 62, 1 << 30}})
    EXPECT_EQ(help::error_of([&] { reshape(x, bad); }).op, "reshape");
  EXPECT_EQ(squeeze(frit::zeros({1, 3, 1})).shape(), (frit::Shape{3}));
  EXPECT_EQ(squeeze(frit::zeros({1, 3, 1}), -1).shape(), (frit::Shape{1, 3}));
  EXPECT_THROW(squeeze(frit::zeros({1, 3}), 1), frit::Error);
  EXPECT_EQ(expand_dims(x, 0).shape(), (frit::Shape{1, 12}));
  EXPECT_EQ(expand_dims(x, -1).shape(), (frit::Shape{12, 1}));
  EXPECT_EQ(broadcast_to(array({{1}, {2}}), {2, 2}).to_vector<int>(), (Ints{1, 1, 2, 2}));
  EXPECT_EQ(broadcast_to(Tensor(3), {2}).to_vector<int>(), (Ints{3, 3}));
  EXPECT_THROW(broadcast_to(x, {5}), frit::Error);
}

TEST(Shapes, PermuteTransposeReverse) {
  const Tensor x = reshape(frit::arange(6), {2, 3});
  EXPECT_EQ(transpose(x).to_vector<int>(), (Ints{0, 3, 1, 4, 2, 5}));
  const Tensor y = reshape(frit::arange(24), {2, 3, 4});
  const Tensor p = permute(y, {2, 0, -2});
  EXPECT_EQ(p.shape(), (frit::Shape{4, 2, 3}));
  EXPECT_EQ(p(3, 1, 2).item<int>(), y(1, 2, 3).item<int>());
  EXPECT_EQ(transpose(y, 0, 2)(1, 2, 0).item<int>(), y(0, 2, 1).item<int>());
  EXPECT_EQ(reverse(x).to_vector<int>(), (Ints{5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(flip(x, 1).to_vector<int>(), (Ints{2, 1, 0, 5, 4, 3}));
  EXPECT_THROW(permute(x, {0, 0}), frit::Error);
  EXPECT_THROW(permute(x, {0}), frit::Error);
  EXPECT_EQ(help::error_of([&] { transpose(x, 0, 2); }).message.substr(0, 21), "axis 2 does not exist");
}

TEST(Shapes, JoinSplitPadGather) {
  const Tensor a = array({{1, 2}, {3, 4}}), b = array({{5, 6}});
  EXPECT_EQ(frit::concatenate({a, b}).to_vector<int>(), (Ints{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(frit::concatenate({a, transpose(b)}, -1).to_vector<int>(), (Ints{1, 2, 5, 3, 4, 6}));
  EXPECT_EQ(frit::concatenate({a, b.to(frit::DType::i64)}).dtype(), frit::DType::i64);
  EXPECT_EQ(frit::stack({a, a}, 1).shape(), (frit::Shape{2, 2, 2}));
  EXPECT_EQ(frit::stack({Tensor(1), Tensor(2)}).to_vector<int>(), (Ints{1, 2}));
  EXPECT_THROW(frit::concatenate({a, b}, 1), frit::Error);
  EXPECT_THROW(frit::concatenate(std::span<const Tensor>{}), frit::Error);
  const auto parts = split(frit::arange(6), 3);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[2].to_vector<int>(), (Ints{4, 5}));
  EXPECT_EQ(split(frit::arange(6), std::vector<int64_t>{1, 5})[1].count(), 5);
  EXPECT_THROW(split(frit::arange(6), 4), frit::Error);
  EXPECT_EQ(pad(b, {1, 0}, {0, 2}, 9).to_vector<int>(), (Ints{9, 9, 9, 9, 5, 6, 9, 9}));
  EXPECT_EQ(pad(array({1.f}), {1}, {0}).to_vector<float>(), (std::vector<float>{0, 1}));
  EXPECT_THROW(pad(b, {-1, 0}, {0, 0}), frit::Error);
  EXPECT_THROW(pad(b, {1}, {1}), frit::Error);
  EXPECT_EQ(gather(frit::arange(5) * 10, array({{0, -1}, {7, -9}})).to_vector<int>(), (Ints{0, 40, 40, 0}));
  EXPECT_EQ(take(a, array({uint8_t{1}}), 1).to_vector<int>(), (Ints{2, 4}));
  EXPECT_THROW(gather(a, array({0.5f})), frit::Error);
}

}  // namespace
