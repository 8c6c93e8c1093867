// What our way to a GPU's image costs beside the compiler itself: NVRTC on the same text with the same
// options. Needs NVRTC, no GPU.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/cases.h"
#include "codegen/gpu_spec.h"

namespace frit::bench {

struct CompileCost {
  std::string name;
  int64_t kernels = 0, different = 0;  // of the fused program
  int64_t texts = 0;                   // that go to the compiler: several kernels are one
  int64_t bytes = 0;                   // of them
  double ours_ms = 0, bare_ms = 0;     // medians over the rounds
  double ratio = 0;                    // median of the rounds' ratios
};

// Compiles the kernels of a case in turns: kernel IR to images, our cache empty (keys, printing, batches,
// workers, NVRTC, reading its log), and nvrtcCompileProgram alone on the texts that this printed.
CompileCost compile_cost(const Case& c, const codegen::GpuSpec& gpu, int rounds);

nlohmann::ordered_json to_json(const std::vector<CompileCost>& costs, const codegen::GpuSpec& gpu);
std::string to_table(const std::vector<CompileCost>& costs);

}  // namespace frit::bench
