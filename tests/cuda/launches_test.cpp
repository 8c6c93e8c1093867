// How many launches the rows of the bench are at their true shapes, on every kind of card: one. No compiler
// is needed.
#include <gtest/gtest.h>

#include <map>

#include "ir/text.h"
#include "ir/verify.h"
#include "lowering/compile.h"
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


// Indices have 64 bits where their arithmetic needs them, though no array may be large.
TEST(Launches, IndicesAreAsWideAsTheirArithmetic) {
  const std::map<std::string, bool> programs = {
      {"%r = iota axis=0 : f32[3000000000]\n  %s = reduce.sum %r axes=[0] : f32[1]", true},
      {"%r = iota axis=0 : f32[2000000000]\n  %s = reduce.sum %r axes=[0] : f32[1]", false},
      {"%r = iota axis=0 : i64[3000000000]\n  %t = slice %r start=[0] limit=[3000000000] step=[1000] : i64[3000000]\n  %s = add %t, 1 : i64[3000000]", true},
      {"%r = iota axis=0 : i64[3000000000]\n  %t = slice %r start=[0] limit=[300000000] step=[100] : i64[3000000]\n  %s = add %t, 1 : i64[3000000]", false},
  };
  for (const auto& [body, wide] : programs) {
    const std::string type = body.substr(body.rfind(": ") + 2);
    const ir::Func f = ir::parse_verified("frit 1\nfunc @f() -> " + type + " {\n  " + body + "\n  return %s\n}\n", "wide.ir");
    lower::CompileOptions options;
    options.target = lower::gpu_target(*codegen::find_gpu("H200"));
    options.emit = false;
    const auto program = lower::compile(f, options);
    ASSERT_FALSE(program->reports.empty());
    EXPECT_EQ(program->reports[0].wide, wide) << body;
  }
}

}  // namespace
}  // namespace frit::test
