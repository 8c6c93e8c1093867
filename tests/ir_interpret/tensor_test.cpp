// Layout ops, elementwise ops, arguments and the control register on the interpreter.
#include <xmmintrin.h>

#include <limits>

#include "frit/error.h"
#include "tests/ir_interpret/build.h"

namespace frit::ir {
namespace {

const Array kSix = array<int32_t>(Shape{2, 3}, {1, 2, 3, 4, 5, 6});

Type i32s(Shape s) { return Type::tensor(DType::i32, s); }

TEST(Tensor, Layouts) {
  expect_numbers<int32_t>(run_op(Op::permute, {kSix}, i32s({3, 2}), {{AttrName::order, Ints{1, 0}}}), {1, 4, 2, 5, 3, 6});
  expect_numbers<int32_t>(run_op(Op::reshape, {kSix}, i32s({3, 2})), {1, 2, 3, 4, 5, 6});
  expect_numbers<int32_t>(run_op(Op::reverse, {kSix}, i32s({2, 3}), {{AttrName::axes, Ints{1}}}), {3, 2, 1, 6, 5, 4});
  expect_numbers<int32_t>(run_op(Op::reverse, {kSix}, i32s({2, 3}), {{AttrName::axes, Ints{0, 1}}}), {6, 5, 4, 3, 2, 1});
  expect_numbers<int32_t>(run_op(Op::slice, {kSix}, i32s({1, 2}),
                                 {{AttrName::start, Ints{1, 0}}, {AttrName::limit, Ints{2, 3}}, {AttrName::step, Ints{1, 2}}}),
                          {4, 6});
  expect_numbers<int32_t>(run_op(Op::pad, {kSix, scalar<int32_t>(9)}, i32s({3, 4}),
                                 {{AttrName::low, Ints{1, 0}}, {AttrName::high, Ints{0, 1}}}),
                          {9, 9, 9, 9, 1, 2, 3, 9, 4, 5, 6, 9});
  expect_numbers<int32_t>(run_op(Op::concat, {kSix, array<int32_t>(Shape{2, 0}, {}), array<int32_t>(Shape{2, 1}, {7, 8})},
                                 i32s({2, 4}), {{AttrName::axis, int64_t{1}}}),
                          {1, 2, 3, 7, 4, 5, 6, 8});
  expect_numbers<int32_t>(run_op(Op::broadcast, {array<int32_t>(Shape{2, 1}, {1, 2})}, i32s({2, 2, 3})),
                          {1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2});
  expect_numbers<int32_t>(run_op(Op::full, {scalar<int32_t>(5)}, i32s({2, 2})), {5, 5, 5, 5});
  expect_numbers<int32_t>(run_op(Op::iota, {}, i32s({2, 3}), {{AttrName::axis, int64_t{1}}}), {0, 1, 2, 0, 1, 2});
  const Array bytes = run_op(Op::iota, {}, Type::tensor(DType::u8, Shape{300}), {{AttrName::axis, int64_t{0}}});
  EXPECT_EQ(numbers<uint8_t>(bytes)[299], 43);  // wraps
}

TEST(Tensor, GatherCountsFromTheEndAndClamps) {
  const auto index = array<int32_t>(Shape{2, 2}, {0, -1, -7, 99});
  expect_numbers<int32_t>(run_op(Op::gather, {kSix, index}, i32s({2, 2, 2}), {{AttrName::axis, int64_t{1}}}),
                          {1, 3, 1, 3, 4, 6, 4, 6});
  const auto far = array<int64_t>(Shape{3}, {INT64_MIN, INT64_MAX, -2});
  expect_numbers<int32_t>(run_op(Op::gather, {kSix, far}, i32s({3, 3}), {{AttrName::axis, int64_t{0}}}),
                          {1, 2, 3, 4, 5, 6, 1, 2, 3});
  expect_numbers<int32_t>(run_op(Op::gather, {kSix, scalar<int64_t>(1)}, i32s({2}), {{AttrName::axis, int64_t{1}}}), {2, 5});
  EXPECT_THROW(run_op(Op::gather, {array<int32_t>(Shape{0}, {}), scalar<int64_t>(0)}, i32s({}), {{AttrName::axis, int64_t{0}}}), Error);
}

TEST(Tensor, ScalarsGoWithEveryElement) {
  const Array ten = scalar<int32_t>(10);
  expect_numbers<int32_t>(run_op(Op::sub, {ten, kSix}, i32s({2, 3})), {9, 8, 7, 6, 5, 4});
  expect_numbers<int32_t>(run_op(Op::where, {scalar(false), kSix, ten}, i32s({2, 3})), {10, 10, 10, 10, 10, 10});
  expect_numbers<bool>(run_op(Op::lt, {kSix, scalar<int32_t>(3)}, Type::tensor(DType::boolean, Shape{2, 3})),
                       {true, true, false, false, false, false});
  expect_numbers<uint8_t>(run_op(Op::cast, {array<float>(Shape{4}, {-1, 2.9f, 300, std::numeric_limits<float>::quiet_NaN()})},
                                 Type::tensor(DType::u8, Shape{4}), {{AttrName::to, DType::u8}}),
                          {0, 2, 255, 0});
  expect_numbers<int32_t>(run_op(Op::add, {ten, ten}, i32s({})), {20});
  expect_numbers<int32_t>(run_op(Op::add, {array<int32_t>(Shape{0, 3}, {}), ten}, i32s({0, 3})), {});
}

TEST(Tensor, LiteralsAndSeveralResults) {
  Func f;
  const ValueId x = f.add_param(Type::tensor(DType::f32, Shape{2}), "x");
  const ValueId y = f.result(f.add_op(f.body, node(Op::mul, {x, Literal::of(2.0f)}), {f.type(x)}));
  f.add_op(f.body, node(Op::ret, {y, x, y}), {});
  const auto out = interpret(f, {array<float>(Shape{2}, {1, -0.0f})});
  ASSERT_EQ(out.size(), 3u);
  expect_numbers<float>(out[0], {2, -0.0f});
  expect_numbers<float>(out[1], {1, -0.0f});
  expect_numbers<float>(out[2], {2, -0.0f});
}

TEST(Tensor, SymbolsTakeTheExtentsOfTheArguments) {
  Func f;
  const Type t = Type::tensor(DType::f32, Dims{Dim::symbol("n"), 2});
  const ValueId x = f.add_param(t, "x"), y = f.add_param(t, "y");
  f.add_op(f.body, node(Op::ret, {f.result(f.add_op(f.body, node(Op::add, {x, y}), {t}))}), {});
  const auto two = array<float>(Shape{1, 2}, {1, 2});
  expect_numbers<float>(interpret(f, {two, two})[0], {2, 4});
  EXPECT_THROW(interpret(f, {two, array<float>(Shape{2, 2}, {1, 2, 3, 4})}), Error);
}

TEST(Tensor, ArgumentsMustFit) {
  Func f;
  const ValueId x = f.add_param(Type::tensor(DType::f32, Shape{2}), "x");
  f.add_op(f.body, node(Op::ret, {x}), {});
  EXPECT_THROW(interpret(f, {}), Error);
  EXPECT_THROW(interpret(f, {array<float>(Shape{3}, {1, 2, 3})}), Error);
  EXPECT_THROW(interpret(f, {array<int32_t>(Shape{2}, {1, 2})}), Error);
  Array broken = array<float>(Shape{2}, {1, 2});
  broken.data.pop_back();
  EXPECT_THROW(interpret(f, {broken}), Error);
}

TEST(Tensor, ControlRegisterIsSetAndRestored) {
  const unsigned before = _mm_getcsr();
  const unsigned strange = 0x1f80 | 0x8040 | 0x4000;  // flush, denormals are zero, round up
  _mm_setcsr(strange);
  const float tiny = std::numeric_limits<float>::denorm_min();
  const Array sum = run_op(Op::add, {array<float>(Shape{2}, {tiny, 1}), array<float>(Shape{2}, {tiny, 0x1p-30f})},
                           Type::tensor(DType::f32, Shape{2}));
  const unsigned after = _mm_getcsr();
  _mm_setcsr(before);
  EXPECT_EQ(after & 0xffc0u, strange & 0xffc0u);
  expect_numbers<float>(sum, {0x1p-148f, 1});
}

TEST(SameBits, NanIsOneValueAndZerosAreTwo) {
  Array a = array<float>(Shape{1}, {std::numeric_limits<float>::quiet_NaN()}), b = a;
  b.data[3] = std::byte{0xff};
  b.data[0] = std::byte{0x17};
  EXPECT_TRUE(same_bits(a, b));
  EXPECT_FALSE(same_bits(array<float>(Shape{1}, {0.0f}), array<float>(Shape{1}, {-0.0f})));
  EXPECT_FALSE(same_bits(array<float>(Shape{1}, {1.0f}), array<float>(Shape{1, 1}, {1.0f})));
  EXPECT_FALSE(same_bits(array<int32_t>(Shape{1}, {0}), array<float>(Shape{1}, {0.0f})));
  EXPECT_FALSE(same_bits(array<float>(Shape{2}, {1, 2}), array<float>(Shape{2}, {1, 3})));
}

}  // namespace
}  // namespace frit::ir
