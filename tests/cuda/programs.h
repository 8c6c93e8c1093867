// The kernels that the tests of CUDA sources print: those of all written programs and of the bench.
#pragma once

#include <string>
#include <vector>

#include "codegen/cuda.h"
#include "codegen/gpu_spec.h"

namespace frit::test {

struct Printed {
  std::string program;   // the written program's name, or "bench NAME"
  bool bench = false;
  ir::Func kernel;
  bool wide = false;
  codegen::CudaSource source;
};

// fused: as jit compiles them; otherwise op by op, for every shape.
std::vector<Printed> printed_kernels(const codegen::GpuSpec& gpu, bool fused);

}  // namespace frit::test
