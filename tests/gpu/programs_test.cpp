// Programs through the GPU's runtime, against the interpreter: every program of tests/run and random
// ones, their arrays surrounded by bytes that nobody may change, at aligned and unaligned addresses.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "codegen/cuda.h"
#include "frontend/device.h"
#include "ir/interpret.h"
#include "lowering/compile.h"
#include "tests/cuda_emulation/emulated.h"
#include "tests/cuda_programs/emulated_engine.h"
#include "tests/engines/engines.h"
#include "tests/engines/execution.h"
#include "tests/engines/inputs.h"
#include "tests/engines/written.h"
#include "tests/gpu/device.h"
#include "tests/gpu/on_gpu.h"
#include "tests/random/generate.h"

namespace frit::test {

extern int64_t gpu_random_programs;

namespace {

lower::CompileOptions options_on_gpu(uint64_t seed, bool fuse) {
  CudaOptions o = cuda_options_for(seed, fuse);
  if (gpu_is_emulated()) return o.compile;
  // A real card is what it is; the small numbers of the schedules stay.
  lower::TargetSpec real = lower::gpu_target(gpu_spec(gpu(0))), &t = o.compile.target;
  t.gpu = real.gpu;
  t.kept_row = std::min(t.kept_row, real.kept_row);
  return o.compile;
}

// One run of a program: its inputs, the choice of schedule numbers, fused or op by op.
struct Variant {
  uint64_t seed = 0, number = 0;
  bool fuse = true;
};

std::string problem_on_gpu(const ir::Func& f, const Variant& v) {
  const Arrays args = make_inputs(f, v.seed), want = ir::interpret(f, args);
  const auto program = lower::compile(f, options_on_gpu(v.number, v.fuse));
  for (bool unaligned : {false, true}) {
    Execution how;
    how.in_place = !unaligned;
    how.run = on_gpu(f, unaligned);
    rt::RunCounters counters;
    if (std::string p = execute(f, program->plan, args, want, how, counters); !p.empty()) return p;
  }
  return "";
}

// Compiles the kernels of many programs before they run, and find them in the cache: several in one text, and
// several texts at a time, which is far quicker than one by one. A program that cannot be lowered or compiled says
// so itself when its turn comes.
class Ahead {
 public:
  void add(const ir::Func& f, const Variant& v) {
    lower::CompileOptions options = options_on_gpu(v.number, v.fuse);
    options.emit = false;
    try {
      programs_.push_back({*options.target.gpu, lower::compile(f, options)});
    } catch (const std::exception&) {
    }
  }

  void compile() {
    struct Batch {
      codegen::GpuSpec card;
      std::vector<const ir::Func*> kernels;
      std::vector<bool> wide;
    };
    // Each thread takes a part of the kernels for a card; equal ones are compiled by whoever comes first.
    const size_t threads = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, 8);
    std::map<std::string, std::vector<Batch>> by_card;
    size_t at = 0;
    for (const auto& [card, program] : programs_) {
      auto& batches = by_card[card.name];
      if (batches.empty()) batches.assign(threads, {card, {}, {}});
      for (size_t k = 0; k < program->kernels.size(); ++k) {
        Batch& b = batches[at++ % threads];
        b.kernels.push_back(&program->kernels[k]);
        b.wide.push_back(program->reports[k].wide);
      }
    }
    std::mutex mutex;
    std::vector<std::string> images;
    auto work = [&](size_t t) {
      for (auto& [name, batches] : by_card) try {
          for (const auto& k : codegen::compile_cuda_kernels(batches[t].kernels, batches[t].card, batches[t].wide)) {
            std::lock_guard lock(mutex);
            images.push_back(*k->image);
          }
        } catch (const std::exception&) {
        }
    };
    std::vector<std::thread> others;
    for (size_t t = 1; t < threads; ++t) others.emplace_back(work, t);
    work(0);
    for (std::thread& t : others) t.join();
    if (gpu_is_emulated()) compile_images(images, static_cast<int>(threads));
    programs_.clear();
  }

 private:
  std::vector<std::pair<codegen::GpuSpec, std::shared_ptr<const lower::Program>>> programs_;
};

std::vector<Variant> variants_of(const Written& w) {
  std::vector<Variant> out;
  const uint64_t count = gpu_is_emulated() ? 1 : 8;  // the emulation has them in tests/cuda_programs
  for (uint64_t v = 0; v < count; ++v) {
    out.push_back({w.seeds[v % w.seeds.size()], 2 + v * 4, true});
    if (!gpu_is_emulated() && v == 0) out.push_back({w.seeds[0], 2, false});
  }
  return out;
}

std::string test_name(std::string program) {
  std::ranges::replace_if(program, [](unsigned char c) { return !std::isalnum(c); }, '_');
  return program;
}

class GpuRun : public testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() {
    const testing::TestSuite& suite = *testing::UnitTest::GetInstance()->current_test_suite();
    std::set<std::string> chosen;
    for (int i = 0; i < suite.total_test_count(); ++i) {
      const testing::TestInfo& test = *suite.GetTestInfo(i);
      if (test.should_run()) chosen.insert(std::string(test.name()).substr(std::string(test.name()).find('/') + 1));
    }
    Ahead ahead;
    for (const std::string& name : written_names()) {
      if (!chosen.contains(test_name(name))) continue;
      const Written w = load_written(name);
      for (const Variant& v : variants_of(w)) ahead.add(w.func, v);
    }
    ahead.compile();
  }
};

TEST_P(GpuRun, GivesTheInterpretersBytes) {
  const Written w = load_written(GetParam());
  for (const Variant& v : variants_of(w)) ASSERT_EQ(problem_on_gpu(w.func, v), "") << "variant " << v.number << (v.fuse ? "" : ", op by op");
}

INSTANTIATE_TEST_SUITE_P(Programs, GpuRun, testing::ValuesIn(written_names()), [](const auto& info) { return test_name(info.param); });

TEST(GpuRandom, GivesTheInterpretersBytes) {
  constexpr int64_t kGroup = 128;  // programs whose kernels are compiled together
  const int64_t n = gpu_random_programs >= 0 ? gpu_random_programs : gpu_is_emulated() ? 20 : 1000;
  for (int64_t first = 0; first < n; first += kGroup) {
    std::vector<Sample> samples;
    std::vector<Variant> variants;
    Ahead ahead;
    for (int64_t i = first; i < std::min(first + kGroup, n); ++i) {
      const uint64_t seed = 500000 + static_cast<uint64_t>(i);
      samples.push_back(generate(seed));
      variants.push_back({samples.back().seed, seed, i % 4 != 0});
      ahead.add(samples.back().func, variants.back());
    }
    ahead.compile();
    for (size_t k = 0; k < samples.size(); ++k) ASSERT_EQ(problem_on_gpu(samples[k].func, variants[k]), "") << "seed " << variants[k].number;
  }
}

}  // namespace
}  // namespace frit::test
