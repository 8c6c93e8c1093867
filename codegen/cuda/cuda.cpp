// Placeholder of the door until the printer lands.
#include "codegen/cuda.h"

#include "frit/error.h"

namespace frit::codegen {
std::vector<std::shared_ptr<const rt::GpuKernel>> compile_cuda_kernels(std::span<const ir::Func* const>, const GpuSpec&, const std::vector<bool>&) {
  throw Error("cuda", "kernels for GPUs cannot be compiled yet");
}
KernelCacheStats cuda_cache_stats() { return {}; }
}  // namespace frit::codegen
