// The door of codegen/cuda: a kernel as text.
#include "codegen/cuda.h"

#include "codegen/cuda/printer.h"

namespace frit::codegen {

CudaSource cuda_source(const ir::Func& kernel, const GpuSpec& gpu, bool wide, int lighter) { return cuda::Printer(kernel, gpu, wide, lighter).run(); }

std::string describe(const rt::GpuKernel& k) {
  using cuda::cat;
  std::string s = cat(k.threads, " threads, ", k.items_per_block, k.items_per_block == 1 ? " item" : " items",
                      k.cluster > 1 ? cat(" a cluster of ", k.cluster, " blocks (") : " a block (", k.mapping, ")");
  if (k.registers > 0) s += cat(", ", k.registers, " registers");
  if (k.spill_bytes > 0) s += cat(", ", k.spill_bytes, " bytes spilled");
  if (k.shared_bytes + k.static_shared_bytes > 0) s += cat(", ", k.shared_bytes + k.static_shared_bytes, " bytes shared");
  return s;
}

}  // namespace frit::codegen
