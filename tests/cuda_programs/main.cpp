// The tests of this folder; or, with --fuzz=N, N random programs (scripts/fuzz --cuda).
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string_view>

#include "tests/cuda_emulation/emulated.h"
#include "tests/cuda_programs/campaign.h"

namespace {

using namespace frit::test;

int fuzz(CudaCampaign c, const std::filesystem::path& keep) {
  std::mutex mutex;
  c.found = [&](uint64_t seed, const std::string& problem) {
    std::lock_guard lock(mutex);
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), problem.substr(0, problem.find('\n')).c_str());
    std::fflush(stdout);
  };
  c.progress = [&](int64_t done) {
    std::lock_guard lock(mutex);
    const EmulationStats s = emulation_stats();
    std::printf("%lld of %lld programs; %lld kernels, %.0f s compiling; %lld launches, %.0f s\n", static_cast<long long>(done),
                static_cast<long long>(c.programs), s.kernels, s.compile_s, s.launches, s.run_s);
    std::fflush(stdout);
  };
  const auto failures = run_cuda_campaign(c).failures;
  for (const CudaFailure& f : failures) {
    std::filesystem::create_directories(keep);
    const auto file = keep / ("seed_" + std::to_string(f.seed) + ".ir");
    std::ofstream(file) << f.file;
    std::printf("seed %llu (%lld programs): %s\nshrunk: %s\n%s\n%s\n", static_cast<unsigned long long>(f.seed),
                static_cast<long long>(f.times), f.problem.c_str(), f.shrunk_problem.c_str(), file.c_str(), f.file.c_str());
  }
  if (failures.empty()) std::printf("%lld programs: the emulated GPU gives the interpreter's bytes\n", static_cast<long long>(c.programs));
  return failures.empty() ? 0 : 1;
}

}  // namespace

namespace frit::test {
extern int64_t cuda_programs;  // of the suite
extern int cuda_threads;
}  // namespace frit::test

int main(int argc, char** argv) {
  CudaCampaign c;
  bool fuzzing = false;
  std::filesystem::path keep = std::filesystem::temp_directory_path() / "frit-fuzz";
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    auto number = [&](std::string_view option, auto& into) {
      if (!arg.starts_with(option)) return false;
      into = static_cast<std::decay_t<decltype(into)>>(std::strtoull(arg.data() + option.size(), nullptr, 10));
      return true;
    };
    if (number("--fuzz=", c.programs)) fuzzing = true;
    if (number("--threads=", c.threads)) cuda_threads = c.threads;
    if (arg == "--fast") c.numerics = frit::Numerics::fast;
    number("--seed=", c.first_seed);
    number("--programs=", cuda_programs);
    if (arg.starts_with("--keep=")) keep = arg.substr(7);
  }
  if (fuzzing) return fuzz(c, keep);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
