// The families of the bench's cases say what their programs hold.
#include <gtest/gtest.h>

#include "bench/cases.h"
#include "ir/ops.h"
#include "ir/text.h"

namespace frit::test {
namespace {

bool holds_exponentials(const ir::Func& f) {
  for (ir::OpId id : f.body.ops) switch (f.op(id).op) {
      case ir::Op::exp: case ir::Op::expm1: case ir::Op::sigmoid: case ir::Op::tanh: return true;
      default: break;
    }
  return false;
}

bool reduces(const ir::Func& f) {
  for (ir::OpId id : f.body.ops)
    if (ir::is_reduce(f.op(id).op) || f.op(id).op == ir::Op::dot) return true;
  return false;
}

TEST(BenchCases, FamiliesFitTheirPrograms) {
  int families[5] = {}, fast = 0;
  for (const auto* cases : {&bench::cases(), &bench::gpu_cases()})
    for (const bench::Case& c : *cases) {
      SCOPED_TRACE(c.name);
      ++families[static_cast<int>(c.family)];
      fast += bench::compared_numerics(c) == Numerics::fast;
      const ir::Func f = ir::parse(c.make.ir(c.shape), c.name);
      switch (c.family) {
        case bench::Family::elementwise: EXPECT_FALSE(reduces(f)); break;
        case bench::Family::rows: EXPECT_TRUE(reduces(f) && !holds_exponentials(f)); break;
        case bench::Family::exp_rows: EXPECT_TRUE(holds_exponentials(f)); break;
        case bench::Family::sums: EXPECT_TRUE(reduces(f) && c.traffic.writes == 0); break;
        case bench::Family::other: break;
      }
      // Nothing of 16 bits that consists of exponentials is left out.
      if (is_half(c.dtype) && c.kind != bench::Kind::product) {
        EXPECT_EQ(bench::compared_numerics(c) == Numerics::fast, holds_exponentials(f));
      }
      EXPECT_EQ(bench::compared_numerics(c) == Numerics::fast && !is_half(c.dtype), false);
    }
  for (int n : families) EXPECT_GT(n, 2);
  EXPECT_EQ(fast, 17);  // softmax and cross-entropy of seven lengths, softmax and swiglu of the CPU's cases, swiglu
}

}  // namespace
}  // namespace frit::test
