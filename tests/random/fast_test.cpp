// Random programs under Numerics::fast. What may be computed otherwise is written into the fused level (lowering/relax.cpp)
// and the formulas of ir/math_fast.h; so two things are asked. Code gives the bytes of its fused level, read by the
// interpreter under these formulas. And the fused level is as near to the laws as the program's conditioning allows.
#include <gtest/gtest.h>

#include <cstdio>

#include "ir/ops.h"
#include "ir/text.h"
#include "lowering/compile.h"
#include "tests/engines/conditioned.h"
#include "tests/engines/engines.h"
#include "tests/engines/execution.h"
#include "tests/engines/fast.h"
#include "tests/engines/random.h"
#include "tests/random/campaign.h"
#include "tests/random/generate.h"

namespace frit::test {
namespace {

constexpr uint64_t kFirstSeed = 500'000;  // other programs than those of random_test.cpp

// Both instruction sets, one thread and two, guarded memory and in place, passes left out now and then.
TEST(RandomFast, CodeGivesTheBytesOfItsFusedLevel) {
  Campaign c;
  c.first_seed = kFirstSeed;
  c.programs = 200;
  c.most_kinds = 2;
  c.numerics = Numerics::fast;
  for (const Failure& f : run_campaign(c)) ADD_FAILURE() << "seed " << f.seed << ": " << f.problem << "\n" << run_file(f);
}

// Arguments of ordinary size: a few units around zero.
Arrays ordinary_inputs(const Sample& s) {
  Arrays args = s.args;
  Random random(s.seed);
  for (ir::Array& a : args) {
    if (!is_float(a.dtype)) continue;
    std::vector<double> x(static_cast<size_t>(a.shape.count()));
    for (double& v : x) v = 8 * random.unit() - 4;
    const void* in[] = {x.data()};
    const size_t step[] = {1};
    ir::evaluate(ir::Op::cast, DType::f64, a.dtype, x.size(), in, step, a.data.data());
  }
  return args;
}

struct Seen {
  int results = 0, changed = 0, found = 0;
};

// The fused level for both kinds of target, near the laws. spoil: what is done to it before.
template <class Spoil>
Seen hold_against_the_laws(uint64_t first, int programs, Spoil&& spoil, std::string* problem) {
  Seen seen;
  for (int k = 0; k < programs; ++k) {
    const Sample s = generate(first + static_cast<uint64_t>(k));
    const Arrays args = ordinary_inputs(s);
    const Conditioned conditioned(s.func, args, s.seed);
    if (conditioned.comparable() == 0) continue;
    const Arrays strict = ir::interpret(s.func, args);
    for (bool gpu : {false, true}) {
      lower::CompileOptions options;
      options.target = gpu ? lower::gpu_target(codegen::known_gpus()[s.seed % codegen::known_gpus().size()]) : lower::host_target(2);
      ir::Func fused = lower::run_passes(made_fast(s.func), options, ir::Level::fused);
      spoil(fused);
      const Arrays fast = ir::interpret(fused, args, gpu ? ir::Formulas::fast_gpu : ir::Formulas::fast);
      seen.results += conditioned.comparable();
      seen.changed += !compare(fast, strict).empty();
      const std::string p = conditioned.problem(fast);
      if (p.empty()) continue;
      ++seen.found;
      if (problem && problem->empty()) *problem = "seed " + std::to_string(s.seed) + (gpu ? ", GPU: " : ", CPU: ") + p + "\n" + ir::print(s.func) + ir::print(fused);
    }
  }
  return seen;
}

TEST(RandomFast, TheFusedLevelIsNearTheLaws) {
  std::string problem;
  const Seen seen = hold_against_the_laws(kFirstSeed, 400, [](ir::Func&) {}, &problem);
  EXPECT_EQ(problem, "");
  EXPECT_GE(seen.results, 1000);
  EXPECT_GE(seen.changed, 150) << "fast numerics change hardly a bit: is anything of them done?";
  std::printf("%d results compared, %d programs changed\n", seen.results, seen.changed);
}

// The comparison sees a fault: here an fma that has lost what it adds.
TEST(RandomFast, AWrongContractionIsFound) {
  int spoiled = 0;
  const Seen seen = hold_against_the_laws(kFirstSeed, 150, [&](ir::Func& f) {
    for (ir::OpNode& op : f.ops) {
      if (op.op != ir::Op::fma) continue;
      op.op = ir::Op::mul;
      op.operands.pop_back();
      ++spoiled;
    }
  }, nullptr);
  EXPECT_GT(spoiled, 10);
  EXPECT_GT(seen.found, 5);
}

}  // namespace
}  // namespace frit::test
