// The fused level on the interpreter: regions written by hand, against the same computation made of
// tensor ops or by hand.
#include <limits>

#include "tests/ir_interpret/build.h"

namespace frit::ir {
namespace {

// A function with one fused op, its region written through these calls.
struct Fused {
  Func f;
  Region region;
  std::vector<ValueId> outer;
  Dims space;
  OpNode yield = node(Op::yield, {});
  std::vector<Type> results;

  Fused() { f.level = Level::fused; }
  ValueId param(Type t) {
    outer.push_back(f.add_param(std::move(t), "x"));
    return outer.back();
  }
  ValueId arg(int64_t extent) {
    space.emplace_back(extent);
    return f.add_arg(region, Type::index(), "i");
  }
  ValueId op(OpNode n, DType t) { return f.result(f.add_op(region, std::move(n), {Type::scalar(t)})); }
  ValueId read(ValueId x, std::vector<IndexExpr> index) {
    OpNode n = node(Op::read, {x});
    n.index = std::move(index);
    return op(std::move(n), f.type(x).dtype);
  }
  ValueId reduce(Op o, std::vector<Operand> operands, std::vector<ValueId> over) {
    OpNode n = node(o, operands);
    for (ValueId v : over) n.index.push_back(IndexExpr::of(v));
    const DType t = f.type(operands[0]).dtype;
    return op(std::move(n), o == Op::reduce_dot ? t : reduce_result(o, t));
  }
  void result(Operand v, Type t, std::vector<IndexExpr> index) {
    yield.operands.push_back(v);
    for (IndexExpr& e : index) yield.index.push_back(std::move(e));
    results.push_back(std::move(t));
  }
  std::vector<Array> run(const std::vector<Array>& args) {
    f.add_op(region, yield, {});
    OpNode n = node(Op::fused, {});
    for (ValueId v : outer) n.operands.push_back(v);
    n.set(AttrName::space, space);
    n.regions.push_back(region);
    const OpId id = f.add_op(f.body, std::move(n), results);
    OpNode ret = node(Op::ret, {});
    for (ValueId v : f.op(id).results) ret.operands.push_back(v);
    f.add_op(f.body, std::move(ret), {});
    return interpret(f, args);
  }
};

IndexExpr at(ValueId v) { return IndexExpr::of(v); }
Type f32s(Shape s) { return Type::tensor(DType::f32, s); }

TEST(Fused, RowReductionWithTwoResults) {
  const auto numbers_x = spread_numbers<float>(5 * 300, 1);
  const Array x = array(Shape{5, 300}, numbers_x);
  Fused r;
  const ValueId p = r.param(type_of(x)), i = r.arg(5), j = r.arg(300);
  const ValueId v = r.read(p, {at(i), at(j)});
  const ValueId s = r.reduce(Op::reduce_sum, {v}, {j});
  const ValueId d = r.op(node(Op::sub, {v, s}), DType::f32);
  r.result(d, f32s({5, 300}), {at(i), at(j)});
  r.result(s, f32s({5, 1}), {at(i), 0});
  const auto out = r.run({x});
  const Array sums = reduce(Op::reduce_sum, x, {1});
  EXPECT_TRUE(same_bits(out[1], sums));
  const Array wide = run_op(Op::broadcast, {sums}, f32s({5, 300}));
  EXPECT_TRUE(same_bits(out[0], run_op(Op::sub, {x, wide}, f32s({5, 300}))));
}

TEST(Fused, ReducedArgumentsCountInTheirOrder) {
  const Array x = array(Shape{40, 50}, spread_numbers<float>(2000, 2));
  for (bool turned : {false, true}) {
    Fused r;
    const ValueId p = r.param(type_of(x)), i = r.arg(40), j = r.arg(50);
    const ValueId v = r.read(p, {at(i), at(j)});
    r.result(r.reduce(Op::reduce_sum, {v}, turned ? std::vector{j, i} : std::vector{i, j}), f32s({1, 1}), {0, 0});
    EXPECT_TRUE(same_bits(r.run({x})[0], reduce(Op::reduce_sum, x, turned ? Ints{1, 0} : Ints{0, 1})));
  }
}

TEST(Fused, AValueThatDoesNotVaryIsReducedManyTimes) {
  Fused r;
  const ValueId p = r.param(type_of(scalar(2.0f))), j = r.arg(3);
  const ValueId v = r.read(p, {});
  r.result(r.reduce(Op::reduce_prod, {v}, {j}), f32s({}), {});
  r.result(r.reduce(Op::reduce_sum, {Literal::of(0.5f)}, {j}), f32s({}), {});
  r.result(r.reduce(Op::reduce_sum, {v}, {}), f32s({}), {});
  const auto out = r.run({scalar(2.0f)});
  expect_numbers<float>(out[0], {8});
  expect_numbers<float>(out[1], {1.5f});
  expect_numbers<float>(out[2], {2});
}

TEST(Fused, GuardsAndAffineReads) {
  // out[i] = x[i - 1] + x[2 - i], the first guarded by 100.
  Fused r;
  const ValueId p = r.param(f32s({3})), i = r.arg(3);
  OpNode guarded = node(Op::read, {p}, {{AttrName::guard, Literal::of(100.0f)}});
  IndexExpr before = at(i), mirrored = IndexExpr::of(i, -1);
  before.constant = -1;
  mirrored.constant = 2;
  guarded.index = {before};
  const ValueId a = r.op(guarded, DType::f32);
  const ValueId b = r.read(p, {mirrored});
  r.result(r.op(node(Op::add, {a, b}), DType::f32), f32s({3}), {at(i)});
  expect_numbers<float>(r.run({array<float>(Shape{3}, {1, 2, 4})})[0], {104, 3, 3});
}

TEST(Fused, DynamicIndexAndIndexValues) {
  // out[i] = x[idx[i]] where idx is an i64 tensor; second result: 2 * i + 1.
  Fused r;
  const ValueId x = r.param(f32s({4})), idx = r.param(Type::tensor(DType::i64, Shape{3})), i = r.arg(3);
  const ValueId k = r.read(idx, {at(i)});
  OpNode read = node(Op::read, {x, k});
  read.index = {at(k)};
  r.result(r.op(read, DType::f32), f32s({3}), {at(i)});
  OpNode number = node(Op::index, {});
  number.index = {IndexExpr::of(i, 2)};
  number.index[0].constant = 1;
  r.result(r.op(number, DType::i64), Type::tensor(DType::i64, Shape{3}), {at(i)});
  const auto out = r.run({array<float>(Shape{4}, {1, 2, 3, 4}), array<int64_t>(Shape{3}, {3, 0, 3})});
  expect_numbers<float>(out[0], {4, 1, 4});
  expect_numbers<int64_t>(out[1], {1, 3, 5});
}

TEST(Fused, Dot) {
  const Array x = array(Shape{3, 1500}, spread_numbers<float>(4500, 8)), y = array(Shape{1500, 2}, spread_numbers<float>(3000, 9));
  Fused r;
  const ValueId p = r.param(type_of(x)), q = r.param(type_of(y)), i = r.arg(3), j = r.arg(2), k = r.arg(1500);
  const ValueId a = r.read(p, {at(i), at(k)}), b = r.read(q, {at(k), at(j)});
  r.result(r.reduce(Op::reduce_dot, {a, b}, {k}), f32s({3, 2}), {at(i), at(j)});
  EXPECT_TRUE(same_bits(r.run({x, y})[0], run_op(Op::dot, {x, y}, f32s({3, 2}), {{AttrName::lhs, Ints{1}}, {AttrName::rhs, Ints{0}}})));
}

TEST(Fused, TransposedResultCastAndWhere) {
  Fused r;
  const ValueId p = r.param(f32s({2, 3})), i = r.arg(2), j = r.arg(3);
  const ValueId v = r.read(p, {at(i), at(j)});
  const ValueId big = r.op(node(Op::gt, {v, Literal::of(3.0f)}), DType::boolean);
  const ValueId w = r.op(node(Op::where, {big, v, Literal::of(-1.0f)}), DType::f32);
  r.result(r.op(node(Op::cast, {w}, {{AttrName::to, DType::i32}}), DType::i32), Type::tensor(DType::i32, Shape{3, 2}), {at(j), at(i)});
  expect_numbers<int32_t>(r.run({array<float>(Shape{2, 3}, {1, 2, 3, 4, 5, 6})})[0], {-1, 4, -1, 5, -1, 6});
}

TEST(Fused, EmptySpaces) {
  Fused r;
  const ValueId p = r.param(f32s({2, 0})), i = r.arg(2), j = r.arg(0);
  const ValueId v = r.read(p, {at(i), at(j)});
  r.result(r.reduce(Op::reduce_max, {v}, {j}), f32s({2}), {at(i)});
  r.result(r.reduce(Op::reduce_dot, {v, v}, {j}), f32s({2}), {at(i)});
  r.result(v, f32s({2, 0}), {at(i), at(j)});
  const auto out = r.run({array<float>(Shape{2, 0}, {})});
  const float inf = std::numeric_limits<float>::infinity();
  expect_numbers<float>(out[0], {-inf, -inf});
  expect_numbers<float>(out[1], {0, 0});
  expect_numbers<float>(out[2], {});
}

TEST(Fused, WrongRegionsAreFound) {
  const Array x = array<float>(Shape{3}, {1, 2, 3});
  {  // an element is never written
    Fused r;
    const ValueId p = r.param(f32s({3})), i = r.arg(2);
    r.result(r.read(p, {at(i)}), f32s({3}), {at(i)});
    EXPECT_THROW(r.run({x}), std::logic_error);
  }
  {  // an element is written twice, with different numbers
    Fused r;
    const ValueId p = r.param(f32s({3})), i = r.arg(3);
    r.result(r.read(p, {at(i)}), f32s({1}), {0});
    EXPECT_THROW(r.run({x}), std::logic_error);
  }
  {  // a read leaves the tensor
    Fused r;
    const ValueId p = r.param(f32s({3})), i = r.arg(4);
    r.result(r.read(p, {at(i)}), f32s({4}), {at(i)});
    EXPECT_THROW(r.run({x}), std::logic_error);
  }
}

}  // namespace
}  // namespace frit::ir
