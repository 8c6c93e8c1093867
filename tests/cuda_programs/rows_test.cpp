// Rows too long for one block, at the schedules' own numbers: clusters on cards that have them, rows in
// shared memory or read again on the others. The bytes are the interpreter's.
#include <gtest/gtest.h>

#include "codegen/cuda.h"
#include "ir/text.h"
#include "tests/cuda_programs/emulated_engine.h"
#include "tests/engines/inputs.h"

namespace frit::test {
namespace {

// The text with N replaced by the length of a row.
ir::Func program(std::string text, int64_t length) {
  for (size_t at = 0; (at = text.find('N', at)) != std::string::npos;) text.replace(at, 1, std::to_string(length));
  return ir::parse(text, "rows_test");
}

constexpr char kSoftmax[] = R"(frit 1
func @softmax(%x: f32[2,N]) -> f32[2,N] {
  %m = reduce.max %x axes=[1] : f32[2,1]
  %mb = broadcast %m : f32[2,N]
  %d = sub %x, %mb : f32[2,N]
  %e = exp %d : f32[2,N]
  %s = reduce.sum %e axes=[1] : f32[2,1]
  %i = reciprocal %s : f32[2,1]
  %ib = broadcast %i : f32[2,N]
  %y = mul %e, %ib : f32[2,N]
  return %y
}
)";

// Two rows at a time, bf16, a place among the reductions, a result of the row's own.
constexpr char kTwoRows[] = R"(frit 1
func @two_rows(%x: bf16[1,N], %y: bf16[1,N]) -> (bf16[1,N], f32[1,1], i64[1,1]) {
  %a = cast %x to=f32 : f32[1,N]
  %b = cast %y to=f32 : f32[1,N]
  %s = reduce.sum %a axes=[1] : f32[1,1]
  %t = reduce.sum %b axes=[1] : f32[1,1]
  %p = reduce.argmax %a axes=[1] : i64[1,1]
  %sb = broadcast %s : f32[1,N]
  %tb = broadcast %t : f32[1,N]
  %c = mul %a, %tb : f32[1,N]
  %d = mul %b, %sb : f32[1,N]
  %e = sub %c, %d : f32[1,N]
  %q = reduce.sum %e axes=[1] : f32[1,1]
  %qb = broadcast %q : f32[1,N]
  %f = add %e, %qb : f32[1,N]
  %r = cast %f to=bf16 : bf16[1,N]
  return %r, %q, %p
}
)";

void check(const ir::Func& f, const codegen::GpuSpec& card, int cluster) {
  use_emulated_compiler();
  CudaOptions o;
  o.name = card.name;
  o.compile.target = lower::gpu_target(card);
  const auto args = make_inputs(f, 4);
  const auto want = ir::interpret(f, args);
  const EmulatedProgram p(f, args, want, o);
  EXPECT_EQ(p.problem(), "");
  EXPECT_EQ(p.launches(), 1);
  EXPECT_EQ(p.program()->plan.launches[0].gpu->cluster, cluster) << p.program()->plan.launches[0].gpu->mapping;
}

// Lengths that end in the middle of a vector, a block of a sum, a cluster.
TEST(CudaRows, ClustersOfSeveralSizes) {
  codegen::GpuSpec card = *codegen::find_gpu("H200");
  card.multiprocessors = 2;  // clusters as for many rows
  for (auto [length, cluster] : {std::pair<int64_t, int>{16385, 2}, {20000, 2}, {36867, 4}, {70001, 8}}) check(program(kSoftmax, length), card, cluster);
  for (auto [length, cluster] : {std::pair<int64_t, int>{9001, 2}, {20002, 4}, {40003, 8}}) check(program(kTwoRows, length), card, cluster);
}

TEST(CudaRows, RowsLongerThanClustersKeep) {
  codegen::GpuSpec card = *codegen::find_gpu("H200");
  card.row_warps = 2;
  check(program(kSoftmax, 40000), card, 16);
  check(program(kTwoRows, 40000), card, 16);
}

TEST(CudaRows, WithoutClusters) {
  const codegen::GpuSpec& card = *codegen::find_gpu("A100");
  for (int64_t length : {20000, 36867}) check(program(kSoftmax, length), card, 1);
  check(program(kTwoRows, 20002), card, 1);
}

// Few rows occupy the card by larger clusters.
TEST(CudaRows, FewRowsGetLargerClusters) { check(program(kSoftmax, 32001), *codegen::find_gpu("H200"), 8); }

}  // namespace
}  // namespace frit::test
