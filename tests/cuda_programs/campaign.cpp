#include "tests/cuda_programs/campaign.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "ir/text.h"
#include "tests/cuda_emulation/emulated.h"
#include "tests/cuda_programs/emulated_engine.h"
#include "tests/engines/inputs.h"
#include "tests/random/generate.h"
#include "tests/random/shrink.h"

namespace frit::test {
namespace {

constexpr int64_t kGroup = 128;  // programs whose kernels are compiled together

// Every program fused; one in four op by op too, whose kernels are few (and strict).
bool eager_too(const ir::Func& f, uint64_t seed) { return seed % 4 == 1 && f.numerics == Numerics::strict; }

// What is wrong with one program alone.
std::string problem_of(const ir::Func& f, uint64_t seed) {
  try {
    const auto args = make_inputs(f, seed);
    const auto want = ir::interpret(f, args);
    for (bool fuse : {true, false}) {
      if (!fuse && !eager_too(f, seed)) continue;
      const EmulatedProgram p(f, args, want, cuda_options_for(seed, fuse));
      if (std::string problem = p.problem(); !problem.empty()) return problem;
    }
  } catch (const std::exception& e) {
    return e.what();
  }
  return "";
}

// What kind of fault it is: without numbers and engines, so that a program does not turn into one with
// another fault while it shrinks.
std::string kind_of(const std::string& problem) {
  const std::string first = problem.substr(0, problem.find('\n'));
  if (first.find(" differ, first element") != first.npos) return "different bits";
  const size_t start = first.find("ascending");
  std::string kind;
  for (char c : first.substr(start == first.npos ? 0 : first.find(": ", start)))
    if (c < '0' || c > '9') kind += c;
  return kind.substr(0, 80);
}

struct Group {
  std::deque<Sample> samples;
  std::deque<std::vector<ir::Array>> wanted;
  struct Planned {
    uint64_t seed;
    bool fused;
    std::unique_ptr<EmulatedProgram> program;
  };
  std::vector<Planned> planned;
};

}  // namespace

CudaResult run_cuda_campaign(const CudaCampaign& c) {
  use_emulated_compiler();
  CudaResult result;
  std::set<std::string> kinds;
  std::mutex mutex;
  std::atomic<int64_t> next = 0, done = 0;
  auto failed = [&](const ir::Func& f, uint64_t seed, const std::string& problem) {
    const std::string kind = kind_of(problem);
    if (c.found) c.found(seed, problem);
    {  // a fault of a kind that is known already is counted, not shrunk again
      std::lock_guard lock(mutex);
      if (!kinds.insert(kind).second) {
        for (CudaFailure& other : result.failures) other.times += kind_of(other.problem) == kind;
        return;
      }
    }
    CudaFailure out{seed, problem, "", "", 1};
    const ir::Func small = shrink(f, [&](const ir::Func& g) {
      const std::string p = problem_of(g, seed);
      return !p.empty() && kind_of(p) == kind;
    }, c.shrink_tries);
    out.shrunk_problem = problem_of(small, seed);
    out.file = "// Drawn by tests/cuda_programs, seed " + std::to_string(seed) + ", and shrunk.\n// seed=" + std::to_string(seed) + "\n" + ir::print(small);
    std::lock_guard lock(mutex);
    result.failures.push_back(std::move(out));
    if (result.failures.size() >= c.most_kinds) next = c.programs;
  };
  auto work = [&] {
    for (int64_t i; (i = next.fetch_add(kGroup)) < c.programs;) {
      Group g;
      for (int64_t k = i; k < std::min(i + kGroup, c.programs); ++k) {
        Sample& s = g.samples.emplace_back(generate(c.first_seed + static_cast<uint64_t>(k)));
        s.func.numerics = c.numerics;
        const auto& want = g.wanted.emplace_back(ir::interpret(s.func, s.args));
        for (bool fuse : {true, false})
          if (fuse || eager_too(s.func, s.seed))
            g.planned.push_back({s.seed, fuse, std::make_unique<EmulatedProgram>(s.func, s.args, want, cuda_options_for(s.seed, fuse))});
      }
      std::vector<std::string> images;
      for (const auto& p : g.planned) p.program->images(images);
      // Where the compiler refuses a kernel of the group, each program says for itself what is wrong.
      compile_images(images);
      for (const auto& p : g.planned) {
        if (const std::string problem = p.program->problem(); !problem.empty()) {
          failed(g.samples[static_cast<size_t>(p.seed - g.samples[0].seed)].func, p.seed, problem);
          if (next >= c.programs) return;
        }
        std::lock_guard lock(mutex);
        if (p.fused) result.fused_launches += p.program->launches();
        else ++result.eager_programs;
      }
      done += static_cast<int64_t>(g.samples.size());
      if (c.progress) c.progress(done);
    }
  };
  std::vector<std::thread> others;
  for (int t = 1; t < c.threads; ++t) others.emplace_back(work);
  work();
  for (std::thread& t : others) t.join();
  std::ranges::sort(result.failures, {}, &CudaFailure::seed);
  return result;
}

}  // namespace frit::test
