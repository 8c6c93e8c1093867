// Printer and parser: what is printed reads back, as text and as data.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <set>

#include "ir/infer.h"
#include "ir/ops.h"
#include "ir/verify.h"
#include "tests/ir/examples.h"

namespace frit::ir {
namespace {

using test::examples;
using test::spelled;

// f, its text, and what the text reads back as are the same.
void expect_round_trip(const Func& f) {
  const std::string text = print(f);
  const Func back = parse(text);
  EXPECT_EQ(print(back), text);
  EXPECT_EQ(spelled(back), spelled(f));
  const std::string canonical = print(f, {.names = false});
  EXPECT_EQ(print(parse(canonical), {.names = false}), canonical);
  EXPECT_EQ(print(parse(canonical)), canonical) << "digits are names too";
}

TEST(Text, ExamplesReadBackByteForByte) {
  for (const std::string& text : examples()) {
    const Func f = parse_verified(text, "example.ir");
    EXPECT_EQ(print(f), text);
    EXPECT_EQ(spelled(parse(print(f))), spelled(f));
    const std::string bare = print(f, {.places = false, .names = false, .header = false});
    EXPECT_EQ(print(parse(bare), {.places = false, .names = false, .header = false}), bare);
    EXPECT_EQ(bare.find("frit 1"), std::string::npos);
    EXPECT_EQ(bare.find(" @1"), std::string::npos);
  }
}

// A use of an elementwise or reduction row: two parameters (as many as operands) of type t.
Func row_example(const OpInfo& row, DType t) {
  Func f;
  OpNode op;
  op.op = row.op;
  for (int k = 0; k < row.arity; ++k) op.operands.emplace_back(f.add_param(Type::tensor(t, Dims{3, Dim::symbol("n")}), "x"));
  if (row.cls == OpClass::reduce) op.set(AttrName::axes, std::vector<int64_t>{0});
  const ValueId r = append(f, op);
  OpNode ret;
  ret.op = Op::ret;
  ret.operands = {r};
  append(f, ret);
  return f;
}

TEST(Text, EveryOpOfTheTable) {
  std::set<Op> seen;
  auto note = [&](const Func& f) {
    for_each_op(f, f.body, [&](const Region&, OpId id) { seen.insert(f.op(id).op); });
  };
  for (const OpInfo& row : all_ops()) {
    if (row.cls != OpClass::elementwise && row.cls != OpClass::reduce) continue;
    int types = 0;
    for (int t = 0; t < kDTypeCount; ++t) {
      const auto dtype = static_cast<DType>(t);
      if (!accepts(row.types, dtype)) continue;
      ++types;
      SCOPED_TRACE(std::string(row.name) + " of " + std::string(name(dtype)));
      Func f = row_example(row, dtype);
      verify(f);
      note(f);
      const Func back = parse(print(f));
      EXPECT_EQ(print(back), print(f));
      for (size_t v = 0; v < f.values.size(); ++v) f.values[v].name = back.values[v].name;  // x.1, names after ops
      expect_round_trip(f);
      // The same with numbers written in place. The first operand stays a value.
      if (row.cls != OpClass::elementwise || row.arity < 2) continue;
      for (int k = 1; k < row.arity; ++k) f.ops[0].operands[static_cast<size_t>(k)] = Literal::of(dtype, k * 1.0);
      verify(f);
      expect_round_trip(f);
    }
    EXPECT_GT(types, 0) << row.name;
  }
  for (const std::string& text : examples()) note(parse(text));
  for (const OpInfo& row : all_ops()) EXPECT_TRUE(seen.count(row.op)) << "no example has " << row.name;
}

template <class T>
void expect_literal(T value, bool suffix) {
  Func f;
  OpNode op;
  op.op = suffix ? Op::cast : Op::full;  // cast does not know its operand's type, full does
  op.operands = {Literal::of(value)};
  if (suffix) op.set(AttrName::to, DType::f32);
  append(f, op, suffix ? std::optional<Type>() : Type::tensor(dtype_of<T>(), Dims{2}));
  const std::string text = print(f);
  EXPECT_EQ(text.find(":" + std::string(name(dtype_of<T>())) + " ") != std::string::npos, suffix) << text;
  const Func back = parse(text);
  EXPECT_EQ(back.ops[0].operands[0].lit, Literal::of(value)) << text;
}

template <class T>
void expect_literals(std::vector<T> values) {
  for (T v : values)
    for (bool suffix : {false, true}) expect_literal<T>(v, suffix);
}

TEST(Text, NumbersKeepEveryBit) {
  using D = std::numeric_limits<double>;
  using F = std::numeric_limits<float>;
  expect_literals<double>({0.0, -0.0, 0.1, 1e300, -1e-300, D::denorm_min(), D::max(), D::min(), D::infinity(), -D::infinity(), D::quiet_NaN(), 1.0 / 3});
  expect_literals<float>({0.0f, -0.0f, 0.1f, 1e30f, F::denorm_min(), F::max(), F::lowest(), F::infinity(), -F::infinity(), F::quiet_NaN(), 16777217.0f});
  expect_literals<int64_t>({0, -1, INT64_MIN, INT64_MAX});
  expect_literals<uint64_t>({0, UINT64_MAX, uint64_t{1} << 63});
  expect_literals<int32_t>({0, INT32_MIN, INT32_MAX});
  expect_literals<uint32_t>({UINT32_MAX});
  expect_literals<uint8_t>({0, 255});
  for (bool b : {false, true})
    for (bool suffix : {false, true}) expect_literal<bool>(b, suffix);
  uint32_t state = 1;
  for (int i = 0; i < 2000; ++i) {
    state = state * 1664525u + 1013904223u;
    expect_literal<float>(std::bit_cast<float>(state), i & 1);
    expect_literal<double>(std::bit_cast<double>(static_cast<uint64_t>(state) << 32 | (state * 2654435761u)), i & 1);
  }
}

TEST(Text, NamesAreMadeUnique) {
  Func f;
  f.name = "operator()(int)";
  const auto type = Type::tensor(DType::f32, Dims{2});
  ValueId v = f.add_param(type, "x");
  f.add_param(type, "x.1");
  f.add_param(type, "");
  f.add_param(type, "my tensor!");
  OpNode op;
  op.op = Op::exp;
  for (int i = 0; i < 3; ++i) {
    op.operands = {v};
    v = append(f, op, {}, "x");
  }
  op.operands = {v};
  v = append(f, op);
  OpNode ret;
  ret.op = Op::ret;
  ret.operands = {v};
  append(f, ret);
  const std::string text = print(f);
  EXPECT_EQ(text, R"(frit 1
func @operator___int_(%x: f32[2], %x.1: f32[2], %arg: f32[2], %my_tensor_: f32[2]) -> f32[2] {
  %x.2 = exp %x : f32[2]
  %x.3 = exp %x.2 : f32[2]
  %x.4 = exp %x.3 : f32[2]
  %exp = exp %x.4 : f32[2]
  return %exp
}
)");
  EXPECT_EQ(print(parse(text)), text);
  EXPECT_TRUE(same_text(f, parse(text)));
}

TEST(Text, PlacesThatNoOpHasAreDropped) {
  Func f;
  const LocId unused = f.add_place(Place{"unused.cpp", 1, 1, kNone});
  const LocId caller = f.add_place(Place{"demo.cpp", 2, 3, kNone});
  const LocId inner = f.add_place(Place{"tab\there\n", 4, 5, caller});
  OpNode ret;
  ret.op = Op::ret;
  ret.loc = inner;
  append(f, ret);
  EXPECT_EQ(unused, 0);
  const std::string text = "frit 1\nfunc @f() {\n  return @2\n}\n@1 = \"demo.cpp\":2:3\n@2 = \"tab\\x09here\\n\":4:5 from @1\n";
  EXPECT_EQ(print(f), text);
  EXPECT_EQ(print(parse(text)), text);
  EXPECT_EQ(spelled(parse(text)), spelled(f));
}

TEST(Text, WhatPeopleWriteByHand) {
  const Func f = parse(R"(// no header, comments, spaces, whole numbers where a float is meant

func @f( %x:f32[ 2,3 ] )->f32[2,3] {   // head
  %a = add %x , 1:f32 : f32 [2,3]

  %b = add %a, 2 : f32[2,3]
  return %b
})");
  EXPECT_EQ(print(f), R"(frit 1
func @f(%x: f32[2,3]) -> f32[2,3] {
  %a = add %x, 1.0 : f32[2,3]
  %b = add %a, 2.0 : f32[2,3]
  return %b
}
)");
}

// A function that no verifier takes still prints: it is what one looks at when a pass went wrong.
TEST(Text, BrokenFunctionsPrint) {
  Func f = parse(examples()[1]);
  f.ops[0].operands[0].value = 1000;
  f.ops[0].results[0] = -7;
  f.ops[0].loc = 99;
  f.ops[0].attrs.clear();
  f.ops[1].index[0].terms[0].var = -3;
  f.body.ops.push_back(12345);
  EXPECT_NE(print(f).find("%?"), std::string::npos);
  Func loop = parse(examples()[1]);
  loop.ops[0].regions[0].ops.push_back(0);  // a region that holds its own op
  EXPECT_GT(print(loop).size(), 0u);
}

}  // namespace
}  // namespace frit::ir
