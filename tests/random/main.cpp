// The tests of this folder; or, with --fuzz=N, N random programs (scripts/fuzz).
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <string_view>

#include "ir/text.h"
#include "tests/random/campaign.h"
#include "tests/random/generate.h"

namespace {

using namespace frit::test;

std::optional<uint64_t> number(std::string_view arg, std::string_view option) {
  if (!arg.starts_with(option)) return std::nullopt;
  return std::strtoull(arg.data() + option.size(), nullptr, 10);
}

int fuzz(Campaign c, const std::filesystem::path& keep) {
  const auto start = std::chrono::steady_clock::now();
  std::mutex mutex;
  c.progress = [&](int64_t done) {
    if (done % 1000 != 0) return;
    std::lock_guard lock(mutex);
    const double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("%lld of %lld programs, %.0f s\n", static_cast<long long>(done), static_cast<long long>(c.programs), s);
    std::fflush(stdout);
  };
  const auto failures = run_campaign(c);
  for (const Failure& f : failures) {
    std::filesystem::create_directories(keep);
    const auto file = keep / ("seed_" + std::to_string(f.seed) + ".ir");
    std::ofstream(file) << run_file(f);
    std::printf("seed %llu (%lld programs): %s\nshrunk: %s\n%s\n", static_cast<unsigned long long>(f.seed),
                static_cast<long long>(f.times), f.problem.c_str(), file.c_str(), run_file(f).c_str());
  }
  if (failures.empty()) std::printf("%lld programs: all engines agree\n", static_cast<long long>(c.programs));
  return failures.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Campaign c;
  std::filesystem::path keep = std::filesystem::temp_directory_path() / "frit-fuzz";
  bool fuzzing = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (auto n = number(arg, "--fuzz=")) {
      c.programs = static_cast<int64_t>(*n);
      fuzzing = c.thorough = true;
    } else if (auto seed = number(arg, "--seed=")) {
      c.first_seed = *seed;
    } else if (auto threads = number(arg, "--threads=")) {
      c.threads = static_cast<int>(*threads);
    } else if (arg.starts_with("--keep=")) {
      keep = arg.substr(7);
    } else if (arg == "--fast") {
      c.numerics = frit::Numerics::fast;
    } else if (arg == "--isolate") {
      c.isolate = true;
    } else if (auto shown = number(arg, "--show=")) {
      std::fputs(frit::ir::print(generate(*shown).func).c_str(), stdout);
      return 0;
    }
  }
  if (fuzzing) return fuzz(c, keep);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
