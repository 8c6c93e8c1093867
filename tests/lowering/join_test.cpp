// Kernels that become segments of one launch: how many launches, that the kernel does not grow with
// them, where it is not done. Facts of plans; what they compute is the matter of tests/run.
#include "lowering/join.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ir/text.h"

namespace frit::lower {
namespace {

// AdamW over n tensors of f32: ragged sizes, several ranks, single elements.
std::string adamw(int n) {
  std::string params, body, types, results;
  for (int i = 0; i < n; ++i) {
    const std::string k = std::to_string(i), many = std::to_string(1 + i * 7919 % 3001), few = std::to_string(1 + i % 40);
    const std::string t = i % 10 == 9 ? "f32[1]" : i % 3 == 0 ? "f32[" + few + ",50]" : i % 3 == 1 ? "f32[" + many + "]" : "f32[3," + few + ",2]";
    for (const char* p : {"p", "g", "m", "v"}) params += "%" + std::string(p) + k + ": " + t + ", ";
    auto op = [&](const std::string& name, const std::string& text) { body += "  %" + name + k + " = " + text + " : " + t + "\n"; };
    op("d", "mul %p" + k + ", 0.99999");
    op("a", "mul %m" + k + ", 0.9");
    op("b", "mul %g" + k + ", 0.1");
    op("mn", "add %a" + k + ", %b" + k);
    op("c", "mul %v" + k + ", 0.999");
    op("gg", "mul %g" + k + ", %g" + k);
    op("e", "mul %gg" + k + ", 0.001");
    op("vn", "add %c" + k + ", %e" + k);
    op("r", "sqrt %vn" + k);
    op("s", "div %r" + k + ", %root");
    op("q", "add %s" + k + ", 1e-08");
    op("u", "div %mn" + k + ", %q" + k);
    op("w", "mul %u" + k + ", %rate");
    op("pn", "sub %d" + k + ", %w" + k);
    for (const char* r : {"pn", "mn", "vn"}) {
      types += (types.empty() ? "" : ", ") + t;
      results += (results.empty() ? "%" : ", %") + std::string(r) + k;
    }
  }
  return "frit 1\nfunc @adamw(" + params + "%rate: f32, %root: f32) -> (" + types + ") {\n" + body + "  return " + results + "\n}\n";
}

CompileOptions for_reading(const char* gpu = nullptr) {
  CompileOptions o;
  if (gpu) o.target = gpu_target(*codegen::find_gpu(gpu));
  o.emit = false;
  return o;
}

std::shared_ptr<const Program> compiled(const std::string& text, const CompileOptions& o) { return compile(ir::parse(text), o); }

TEST(Join, AnOptimisersStepIsOneLaunch) {
  for (const char* gpu : {static_cast<const char*>(nullptr), "H200"}) {
    const auto few = compiled(adamw(10), for_reading(gpu)), many = compiled(adamw(200), for_reading(gpu));
    ASSERT_EQ(few->plan.launches.size(), 1u);
    ASSERT_EQ(many->plan.launches.size(), 1u);
    const rt::Launch& l = many->plan.launches[0];
    EXPECT_EQ(l.segments(), 200u);
    EXPECT_EQ(l.segment_buffers(), 9u);
    EXPECT_EQ(many->reports[0].segments, 200);
    EXPECT_NE(many->reports[0].why.find("200 such kernels"), std::string::npos);
    // The kernel is the same but for the number of segments.
    EXPECT_EQ(many->kernels[0].ops.size(), few->kernels[0].ops.size());
    EXPECT_LE(l.segment_params(), 2u) << "extents and numbers of items, where they differ";
    EXPECT_EQ(many->plan.arena_bytes, 0);
  }
}

TEST(Join, TheStateIsUpdatedInPlace) {
  const auto p = compiled(adamw(20), for_reading());
  for (const rt::Output& o : p->plan.outputs) EXPECT_GE(o.donor_input, 0);
}

TEST(Join, DecisionsGrowWithTheProgramAlone) {
  const size_t few = compiled(adamw(50), for_reading())->decisions.size(), many = compiled(adamw(200), for_reading())->decisions.size();
  EXPECT_LE(many, 5 * few) << "no decision a pair of tensors";
}

TEST(Join, ItemsOfSegmentsFollowEachOther) {
  CompileOptions o = for_reading();
  o.target.chunk = 100;
  const auto p = compiled(adamw(6), o);
  const rt::Launch& l = p->plan.launches.at(0);
  int64_t next = 0;
  for (size_t i = 0; i < l.starts.size(); ++i) {
    EXPECT_EQ(l.starts[i], next);
    ir::ValueId v = p->fused.body.args[static_cast<size_t>(l.buffers[i * l.segment_buffers()].number)];
    next += (p->fused.type(v).count() + 99) / 100;
  }
  EXPECT_EQ(l.work, next);
}

TEST(Join, ArgumentsAreBounded) {
  CompileOptions o = for_reading("H200");
  for (int64_t bytes : {int64_t{4096}, int64_t{32764}}) {
    o.target.gpu->argument_bytes = bytes;
    const auto p = compiled(adamw(450), o);
    const int64_t each = 8 * (1 + 9 + 2);
    EXPECT_GT(p->plan.launches.size(), 1u);
    EXPECT_LE(static_cast<int64_t>(p->plan.launches.size()), 450 * each / (bytes - 200) + 1);
    for (const rt::Launch& l : p->plan.launches)
      EXPECT_LE(static_cast<int64_t>(8 * (l.starts.size() + l.buffers.size() + l.params.size() + 1)), bytes);
  }
  std::string params, types, body, results;
  for (int i = 0; i < 1500; ++i) {
    const std::string k = std::to_string(i), t = "f32[" + std::to_string(2 + i) + "]";
    params += (i ? ", %x" : "%x") + k + ": " + t;
    types += (i ? ", " : "") + t;
    body += "  %y" + k + " = exp %x" + k + " : " + t + "\n";
    results += (i ? ", %y" : "%y") + k;
  }
  const auto p = compiled("frit 1\nfunc @f(" + params + ") -> (" + types + ") {\n" + body + "  return " + results + "\n}\n", for_reading());
  ASSERT_EQ(p->plan.launches.size(), 2u);
  EXPECT_EQ(p->plan.launches[0].segments(), 750u);
}

TEST(Join, OtherFormulasAndNeedsStayApart) {
  const char* text = R"(frit 1
func @f(%x: f32[100], %y: f32[7,20], %z: f32[300]) -> (f32[100], f32[7,20], f32[300]) {
  %a = exp %x : f32[100]
  %b = exp %y : f32[7,20]
  %c = neg %z : f32[300]
  return %a, %b, %c
}
)";
  EXPECT_EQ(compiled(text, for_reading())->plan.launches.size(), 2u);
  CompileOptions off = for_reading();
  off.disabled = {"join"};
  EXPECT_EQ(compiled(text, off)->plan.launches.size(), 3u);
  CompileOptions eager = for_reading();
  eager.fuse = false;
  EXPECT_EQ(compiled(text, eager)->plan.launches.size(), 3u);
  // Sums along the other axis, each of the last one's: one formula, one after the other.
  const char* chain = R"(frit 1
func @g(%x: f32[64,64]) -> f32[64] {
  %s = reduce.sum %x axes=[0] : f32[1,64]
  %sb = broadcast %s : f32[64,64]
  %a = mul %x, %sb : f32[64,64]
  %t = reduce.sum %a axes=[1] : f32[64,1]
  %tb = broadcast %t : f32[64,64]
  %b = mul %a, %tb : f32[64,64]
  %u = reduce.sum %b axes=[0] : f32[1,64]
  %r = reshape %u : f32[64]
  return %r
}
)";
  const auto p = compiled(chain, for_reading());
  for (const rt::Launch& l : p->plan.launches) EXPECT_TRUE(l.starts.empty());
}

// Arrays that only other kernels need are not made long before their time.
TEST(Join, LongLivesAreNotPaidFor) {
  const int64_t n = 1 << 16;
  auto text = [&] {
    std::string params, types, body, results;
    for (int i = 0; i < 8; ++i) {
      const std::string k = std::to_string(i), r = std::to_string(n / 64 + i), x = "f32[64," + r + "]", y = "f32[" + r + ",64]";
      params += (i ? ", %x" : "%x") + k + ": " + x;
      types += (i ? ", " : "") + y;
      body += "  %m" + k + " = reduce.sum %x" + k + " axes=[1] : f32[64,1]\n  %b" + k + " = broadcast %m" + k + " : " + x + "\n  %d" + k + " = div %x" + k + ", %b" + k + " : " + x +
              "\n  %n" + k + " = reduce.sum %d" + k + " axes=[0] : f32[1," + r + "]\n  %c" + k + " = broadcast %n" + k + " : " + x + "\n  %e" + k + " = div %d" + k + ", %c" + k + " : " +
              x + "\n  %t" + k + " = permute %e" + k + " order=[1,0] : " + y + "\n";
      results += (i ? ", %t" : "%t") + k;
    }
    return "frit 1\nfunc @f(" + params + ") -> (" + types + ") {\n" + body + "  return " + results + "\n}\n";
  }();
  CompileOptions apart = for_reading(), joined = for_reading();
  apart.disabled = {"join"};
  const int64_t before = compiled(text, apart)->plan.arena_bytes;
  EXPECT_LE(compiled(text, joined)->plan.arena_bytes, before + joined.target.l2 + 4096);
}

}  // namespace
}  // namespace frit::lower
