// Every elementwise op on every type it takes, eagerly and jitted, against the reference evaluation,
// on special values; the types that it does not take are refused.
#include <cmath>
#include <cstring>
#include <limits>

#include "frit/frit.h"
#include "gtest/gtest.h"
#include "ir/ops.h"
#include "tests/frontend/help.h"

namespace {

using frit::Arg;
using frit::DType;
using frit::Tensor;

struct Row {
  const char* name;
  frit::ir::Op op;
  int arity;
  Tensor (*one)(Arg, frit::Loc);
  Tensor (*two)(Arg, Arg, frit::Loc);
  Tensor (*three)(Arg, Arg, Arg, frit::Loc);
  Tensor call(const std::vector<Tensor>& x) const {
    if (arity == 1) return one(x[0], {});
    if (arity == 2) return two(x[0], x[1], {});
    return three(x[0], x[1], x[2], {});
  }
};

#define FN_1(name) frit::name, nullptr, nullptr
#define FN_2(name) nullptr, frit::name, nullptr
#define FN_3(name) nullptr, nullptr, frit::name
const Row kRows[] = {
#define FRIT_ELEMENTWISE(name, arity, types, result, doc) {#name, frit::ir::Op::name, arity, FN_##arity(name)},
#include "frit/ops.def"
};

class EveryOp : public testing::TestWithParam<Row> {};

TEST_P(EveryOp, GivesTheReferenceBits) {
  const Row& row = GetParam();
  for (int k = 0; k < frit::kDTypeCount; ++k) {
    const auto t = static_cast<DType>(k);
    SCOPED_TRACE(std::string(frit::name(t)));
    // All pairs (triples) of the special values.
    const std::vector<std::byte> specials = help::special_values(t);
    const auto size = static_cast<size_t>(frit::size_of(t));
    const size_t n = specials.size() / size;
    size_t total = n;
    for (int a = 1; a < row.arity; ++a) total *= n;
    std::vector<Tensor> args;
    std::vector<std::vector<std::byte>> raw;
    size_t repeat = 1;
    for (int a = 0; a < row.arity; ++a, repeat *= n) {
      std::vector<std::byte> bytes;
      for (size_t i = 0; i < total; ++i) {
        const std::byte* p = specials.data() + (i / repeat % n) * size;
        bytes.insert(bytes.end(), p, p + size);
      }
      args.push_back(Tensor::copy_bytes(bytes.data(), static_cast<int64_t>(total), t, {static_cast<int64_t>(total)}));
      raw.push_back(std::move(bytes));
    }
    auto f = frit::jit([&row](const std::vector<Tensor>& x) { return row.call(x); }, {.name = row.name});
    if (!frit::ir::accepts(frit::ir::info(row.op).types, t)) {
      EXPECT_THROW(row.call(args), frit::Error);
      EXPECT_THROW(f(args), frit::Error);
      continue;
    }
    const bool truth = frit::ir::info(row.op).result == frit::ir::ResultRule::truth;
    std::vector<std::byte> want(total * (truth ? 1 : size));
    const void* in[3];
    const size_t step[3] = {1, 1, 1};
    for (size_t a = 0; a < raw.size(); ++a) in[a] = raw[a].data();
    frit::ir::evaluate(row.op, t, t, total, in, step, want.data());
    const Tensor expected = Tensor::copy_bytes(want.data(), static_cast<int64_t>(total), truth ? DType::boolean : t, {static_cast<int64_t>(total)});
    EXPECT_EQ(help::first_difference(row.call(args), expected), "");
    EXPECT_EQ(help::first_difference(f(args), expected), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Table, EveryOp, testing::ValuesIn(kRows), [](const auto& info) { return std::string(info.param.name); });

// Casts: every type to every type, against the reference.
TEST(Cast, EveryPairOfTypes) {
  for (int i = 0; i < frit::kDTypeCount; ++i)
    for (int k = 0; k < frit::kDTypeCount; ++k) {
      const auto from = static_cast<DType>(i), to = static_cast<DType>(k);
      const std::vector<std::byte> bytes = help::special_values(from);
      const auto n = static_cast<int64_t>(bytes.size()) / frit::size_of(from);
      const Tensor x = Tensor::copy_bytes(bytes.data(), n, from, {n});
      std::vector<std::byte> want(static_cast<size_t>(n * frit::size_of(to)));
      const void* in[] = {bytes.data()};
      const size_t step[] = {1};
      frit::ir::evaluate(frit::ir::Op::cast, from, to, static_cast<size_t>(n), in, step, want.data());
      EXPECT_EQ(help::first_difference(x.to(to), Tensor::copy_bytes(want.data(), n, to, {n})), "") << frit::name(from) << " to " << frit::name(to);
    }
}

TEST(Operators, AreTheFunctions) {
  const Tensor x = frit::array({5, -3, 7}), y = frit::array({2, 2, -1});
  const std::pair<Tensor, Tensor> pairs[] = {
      {x + y, add(x, y)},       {x - y, sub(x, y)},          {x * y, mul(x, y)},         {x / y, frit::div(x, y)}, {x % y, rem(x, y)},
      {x & y, bit_and(x, y)},   {x | y, bit_or(x, y)},       {x ^ y, bit_xor(x, y)},     {x << 1, shift_left(x, 1)}, {x >> 1, shift_right(x, 1)},
      {-x, neg(x)},             {~x, bit_not(x)},            {x == y, eq(x, y)},         {x != y, ne(x, y)},       {x < y, lt(x, y)},
      {x <= y, le(x, y)},       {x > y, gt(x, y)},           {x >= y, ge(x, y)},         {10 - x, sub(10, x)},     {3 < x, lt(3, x)}};
  for (const auto& [a, b] : pairs) EXPECT_EQ(help::first_difference(a, b), "");
  Tensor z = x;
  z += y;
  z -= 1;
  z *= x;
  z <<= 2;
  EXPECT_EQ(help::first_difference(z, shift_left((x + y - 1) * x, 2)), "");
  EXPECT_EQ(x.to_vector<int>(), (std::vector<int>{5, -3, 7}));  // the shared value did not change
}

TEST(Where, ChoosesAndBroadcasts) {
  const Tensor p = frit::array({true, false, true});
  EXPECT_EQ(where(p, 1.f, frit::array({5.f, 6.f, 7.f})).to_vector<float>(), (std::vector<float>{1, 6, 1}));
  EXPECT_EQ(where(p, frit::array({{1}, {2}}), 0).to_vector<int>(), (std::vector<int>{1, 0, 1, 2, 0, 2}));
  EXPECT_EQ(where(Tensor(true), frit::array({1, 2}), 0).to_vector<int>(), (std::vector<int>{1, 2}));
  EXPECT_THROW(where(frit::array({1, 0}), 1, 0), frit::Error);
}

TEST(Broadcast, AsNumPyDoes) {
  const Tensor column = frit::array({{1.f}, {10.f}}), row = frit::array({1.f, 2.f, 3.f});
  const Tensor s = column + row;
  EXPECT_EQ(s.shape(), (frit::Shape{2, 3}));
  EXPECT_EQ(s.to_vector<float>(), (std::vector<float>{2, 3, 4, 11, 12, 13}));
  EXPECT_EQ((Tensor(2.f) * row).to_vector<float>(), (std::vector<float>{2, 4, 6}));
  EXPECT_EQ((Tensor(2.f) * 3.f).shape().rank(), 0);
  EXPECT_EQ((frit::zeros({0, 3}) + row).shape(), (frit::Shape{0, 3}));
  EXPECT_EQ((frit::zeros({1, 0}) + frit::zeros({4, 1})).shape(), (frit::Shape{4, 0}));
}

TEST(Logical, TakesBoolOnly) {
  const Tensor a = frit::array({true, true, false}), b = frit::array({true, false, false});
  auto bits = [](const Tensor& t) {
    std::vector<int> v;
    for (bool x : t.span<bool>()) v.push_back(x);
    return v;
  };
  EXPECT_EQ(bits(logical_and(a, b)), (std::vector<int>{1, 0, 0}));
  EXPECT_EQ(bits(logical_or(a, b)), (std::vector<int>{1, 1, 0}));
  EXPECT_EQ(bits(logical_xor(a, b)), (std::vector<int>{0, 1, 0}));
  EXPECT_EQ(bits(logical_not(b)), (std::vector<int>{0, 1, 1}));
  EXPECT_THROW(logical_and(frit::array({1}), a), frit::Error);
}

}  // namespace
