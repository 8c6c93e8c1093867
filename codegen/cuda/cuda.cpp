// The door of codegen/cuda: a kernel as text.
#include "codegen/cuda.h"

#include "codegen/cuda/printer.h"

namespace frit::codegen {

CudaSource cuda_source(const ir::Func& kernel, const GpuSpec& gpu, bool wide) { return cuda::Printer(kernel, gpu, wide).run(); }

}  // namespace frit::codegen
