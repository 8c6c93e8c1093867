// How many launches the rows of the bench are at their true shapes, on every kind of card: one. No compiler
// is needed.
#include <gtest/gtest.h>

#include <map>

#include "tests/cuda/programs.h"

namespace frit::test {
namespace {

// "softmax_f32_4k" -> "softmax"; "" for cases that are not rows.
std::string row_function(const std::string& program) {
  for (const char* f : {"softmax", "layernorm_backward", "layernorm", "residual_rms_norm", "cross_entropy"})
    for (const char* type : {"_f32_", "_bf16_"})
      if (program.starts_with(std::string("bench ") + f + type)) return f;
  return "";
}

TEST(Launches, EveryRowOfTheBenchIsOneLaunch) {
  for (const char* name : {"H200", "A100", "RTX4090"}) {
    std::map<std::string, std::vector<std::string>> launches;
    for (const Printed& p : printed_kernels(*codegen::find_gpu(name), true))
      if (!row_function(p.program).empty()) launches[p.program].push_back(p.source.launch.mapping);
    EXPECT_EQ(launches.size(), 5u * 7 * 2);
    for (const auto& [program, mappings] : launches) {
      std::string all;
      for (const std::string& m : mappings) all += "\n  " + m;
      EXPECT_EQ(mappings.size(), 1u) << program << " for " << name << all;
    }
  }
}

}  // namespace
}  // namespace frit::test
