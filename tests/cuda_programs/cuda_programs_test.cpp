// The printed CUDA C++ of whole programs, run on the emulated GPU: every program of tests/run for every
// card and with small numbers in the schedules, fused and op by op, and 5,000 random ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>

#include "tests/cuda_emulation/emulated.h"
#include "tests/cuda_programs/campaign.h"
#include "tests/cuda_programs/emulated_engine.h"
#include "tests/engines/execution.h"
#include "tests/engines/fast.h"
#include "tests/engines/inputs.h"
#include "tests/engines/written.h"

namespace frit::test {

int64_t cuda_programs = 5000;  // main.cpp
int cuda_threads = 2;

namespace {

constexpr uint64_t kVariants = 16;  // of cuda_options_for

// Every program of tests/run in all its variants, their kernels compiled together.
class AllWritten {
 public:
  AllWritten() {
    use_emulated_compiler();
    std::vector<std::string> images;
    for (const std::string& name : written_names()) {
      const Written& w = written_.emplace_back(load_written(name));
      std::map<uint64_t, const std::vector<ir::Array>*> wanted;
      for (uint64_t seed : w.seeds) wanted[seed] = &wanted_.emplace_back(ir::interpret(w.func, make_inputs(w.func, seed)));
      for (uint64_t v = 0; v < kVariants; ++v) {
        const uint64_t seed = w.seeds[(v + v / 4) % w.seeds.size()];  // every card with each of them
        for (bool fuse : {true, false}) {
          if (!fuse && v % 5 != 0) continue;
          EmulatedProgram& p = programs_[name].emplace_back(w.func, make_inputs(w.func, seed), *wanted[seed], cuda_options_for(v, fuse));
          p.images(images);
        }
      }
    }
    compile_images(images, cuda_threads);
  }
  const std::deque<EmulatedProgram>& of(const std::string& name) { return programs_[name]; }

 private:
  std::deque<Written> written_;
  std::deque<std::vector<ir::Array>> wanted_;
  std::map<std::string, std::deque<EmulatedProgram>> programs_;
};

AllWritten& all_written() {
  static auto* all = new AllWritten;
  return *all;
}

class CudaRun : public testing::TestWithParam<std::string> {};

TEST_P(CudaRun, GivesTheInterpretersBytes) {
  for (const EmulatedProgram& p : all_written().of(GetParam())) ASSERT_EQ(p.problem(), "");
}

INSTANTIATE_TEST_SUITE_P(Programs, CudaRun, testing::ValuesIn(written_names()), [](const auto& info) {
  std::string name = info.param;
  std::ranges::replace_if(name, [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
});

// A printed kernel that lacks a barrier is found out: the test above could fail.
TEST(CudaBarriers, AMissingOneIsFound) {
  for (const char* name : {"softmax_long_rows", "sum_all", "add_transpose", "long_columns", "variance_columns", "matmul"}) {
    const Written w = load_written(name);
    const auto args = make_inputs(w.func, 2);  // without NaN, which would hide much
    const auto want = ir::interpret(w.func, args);
    int dropped = 0;
    use_emulated_compiler([&](std::string& kernel) {
      const size_t at = kernel.find("__syncthreads();");
      if (at != kernel.npos) kernel.erase(at, 16), ++dropped;
    });
    const EmulatedProgram wrong(w.func, args, want, cuda_options_for(0, true));
    EXPECT_GT(dropped, 0) << name;
    EXPECT_NE(wrong.problem(), "") << name;
    use_emulated_compiler();
    const EmulatedProgram right(w.func, args, want, cuda_options_for(0, true));
    EXPECT_EQ(right.problem(), "") << name;
  }
}

// Numerics::fast: the bytes of the fused level, which is near the strict results.
TEST(CudaFast, ProgramsAreNearTheStrictResults) {
  use_emulated_compiler();
  struct Ready {
    ir::Func f, fast;
    std::vector<ir::Array> want;
    std::deque<EmulatedProgram> programs;
  };
  std::vector<std::unique_ptr<Ready>> all;
  std::vector<std::string> images;
  for (const std::string& name : written_names()) {
    const Written w = load_written(name);
    if (!is_smooth(w.func)) continue;
    auto r = std::make_unique<Ready>(Ready{w.func, made_fast(w.func), {}, {}});
    const auto args = make_inputs(w.func, 2);
    r->want = ir::interpret(w.func, args);
    for (uint64_t seed : {0u, 11u}) {
      CudaOptions options = cuda_options_for(seed, true);
      options.name = name + ", " + options.name;
      r->programs.emplace_back(r->fast, args, r->want, options).images(images);
    }
    all.push_back(std::move(r));
  }
  compile_images(images, cuda_threads);
  for (const auto& r : all)
    for (const EmulatedProgram& p : r->programs) {
      EXPECT_EQ(p.problem(), "");
      EXPECT_EQ(fast_problem(r->f, p.wanted(), r->want), "");
    }
  EXPECT_GT(all.size(), 30u);
}

TEST(CudaFast, RandomProgramsGiveTheBytesOfTheirFusedLevel) {
  CudaCampaign c;
  c.first_seed = 500'000;
  c.programs = std::min<int64_t>(cuda_programs, 256);
  c.threads = cuda_threads;
  c.numerics = Numerics::fast;
  const CudaResult r = run_cuda_campaign(c);
  for (const CudaFailure& f : r.failures)
    ADD_FAILURE() << "seed " << f.seed << " (" << f.times << " programs): " << f.problem << "\nshrunk: " << f.shrunk_problem << "\n" << f.file;
}

TEST(CudaRandom, GivesTheInterpretersBytes) {
  CudaCampaign c;
  c.programs = cuda_programs;
  c.threads = cuda_threads;
  const CudaResult r = run_cuda_campaign(c);
  for (const CudaFailure& f : r.failures)
    ADD_FAILURE() << "seed " << f.seed << " (" << f.times << " programs): " << f.problem << "\nshrunk: " << f.shrunk_problem << "\n" << f.file;
  if (!r.failures.empty()) return;
  EXPECT_GE(r.eager_programs, cuda_programs / 4);
  EXPECT_GE(r.fused_launches, cuda_programs);
  const EmulationStats s = emulation_stats();
  std::printf("%lld kernels in %lld batches, %.0f s compiling; %lld launches, %.0f s\n", s.kernels, s.batches, s.compile_s, s.launches, s.run_s);
}

}  // namespace
}  // namespace frit::test
