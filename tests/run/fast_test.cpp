// The programs of this folder under Numerics::fast, as machine code for each instruction set: the bytes of their fused
// level on one thread and on two, at any alignment, and near the strict results.
#include <gtest/gtest.h>

#include <algorithm>

#include "lowering/compile.h"
#include "tests/engines/execution.h"
#include "tests/engines/fast.h"
#include "tests/engines/inputs.h"
#include "tests/engines/written.h"

namespace frit::test {
namespace {

// Numbers of ordinary size: what overflows on the way, or cancels, has no bound.
constexpr uint64_t kOrdinary = 2;

TEST(Fast, ProgramsAreNearTheStrictResults) {
  int programs = 0, changed = 0;
  for (const std::string& name : written_names()) {
    const ir::Func f = load_written(name).func;
    if (!is_smooth(f)) continue;
    SCOPED_TRACE(name);
    ++programs;
    const ir::Func fast = made_fast(f);
    const Arrays args = make_inputs(f, kOrdinary), strict = ir::interpret(f, args);
    for (codegen::Isa isa : {codegen::Isa::avx2, codegen::Isa::avx512}) {
      if (isa > codegen::host_isa()) continue;
      lower::CompileOptions options;
      options.target = lower::host_target(2);
      options.target.isa = isa;
      options.target.vector_bytes = isa == codegen::Isa::avx512 ? 64 : 32;
      const auto program = lower::compile(fast, options);
      rt::RunCounters counters;
      const Arrays want = ir::interpret(program->fused, args, ir::Formulas::fast);
      Execution one, guarded;
      guarded.threads = 2;
      guarded.guarded = true;
      EXPECT_EQ(execute(fast, program->plan, args, want, one, counters), "");
      EXPECT_EQ(execute(fast, program->plan, args, want, guarded, counters), "");
      EXPECT_EQ(fast_problem(f, want, strict), "");
      changed += !compare(want, strict).empty();
    }
  }
  EXPECT_GT(programs, 30);
  EXPECT_GE(changed, 10) << "fast numerics change hardly a bit: is anything of them done?";
}

// The strict program's code is another one, whichever was compiled first.
TEST(Fast, LeavesStrictProgramsAlone) {
  for (const char* name : {"gelu", "chain_of_halves"}) {
    const ir::Func f = load_written(name).func;
    const Arrays args = make_inputs(f, kOrdinary), strict = ir::interpret(f, args);
    lower::CompileOptions options;
    options.target = lower::host_target(2);
    for (const ir::Func& each : {made_fast(f), f, made_fast(f), f}) {
      const auto program = lower::compile(each, options);
      rt::RunCounters counters;
      const std::string problem = execute(each, program->plan, args, strict, {}, counters);
      EXPECT_EQ(problem.empty(), each.numerics == Numerics::strict) << name << ": " << problem;
      for (const ir::Func& k : program->kernels) EXPECT_EQ(k.numerics, each.numerics);
    }
  }
}

}  // namespace
}  // namespace frit::test
