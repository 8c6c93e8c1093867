// Group + nest -> kernel-level function, and what its launch needs; several of them, in order, as launches.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lowering/compile.h"
#include "lowering/nest.h"

namespace frit::lower {

struct Kernel {
  struct Temp {
    DType dtype;
    int64_t count;
  };
  ir::Func func;
  std::shared_ptr<const rt::Gemm> gemm;  // instead of a function: a call of the library
  // The kernel's buffers in order: outer tensors; then `temps` of its own (partial results).
  std::vector<ValueId> tensors;
  std::vector<int64_t> offsets;  // of a call of the library: bytes from the start of each tensor
  std::vector<Temp> temps;
  std::vector<int64_t> params;   // values of the index parameters
  // Where there are segments: the first item of each; tensors and params are then those of each segment,
  // one after the other.
  std::vector<int64_t> starts;
  int64_t work = 0;
  int64_t scratch_bytes = 0;
  int64_t bytes_read = 0, bytes_written = 0, flops = 0;
  std::string schedule, why;
  bool wide = false;             // its index arithmetic needs 64 bits on a GPU
  // Pairs (output tensor, input tensor): the output may be written over the input.
  std::vector<std::pair<ValueId, ValueId>> in_place;
};

// What kernels that shall have one form agree on.
struct Agreement {
  int64_t chunk = 0;   // of the flat ones, whatever their extents are; 0: of the target, as they need
  bool large = false;  // together they move more than the caches hold
};
Kernel build_kernel(const Func& f, const Group& g, const Nest& nest, const CompileOptions& options, const Agreement* agreed = nullptr);

}  // namespace frit::lower
