// A program run on arrays by one of three ways: interpreter, op by op, fused.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ir/interpret.h"
#include "lowering/compile.h"

namespace frit::tools {

struct Outcome {
  std::vector<ir::Array> results;
  rt::RunCounters counters;   // of one call
  double compile_ms = 0;      // passes and code, in this process's caches as they were
  std::vector<double> call_us;
};

// `calls` timed calls after the first one, which gives the results.
Outcome run_interpreter(const ir::Func& f, const std::vector<ir::Array>& args, int calls = 0);
// options.fuse says whether ops are fused; eager compiles kernels that serve every shape. Where the target is a
// GPU, it runs on GPU 0 of this machine.
Outcome run_compiled(const ir::Func& f, const std::vector<ir::Array>& args, const lower::CompileOptions& options, int calls = 0);

double median(std::vector<double> values);  // 0 of nothing

}  // namespace frit::tools
