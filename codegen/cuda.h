// Kernel IR -> CUDA C++ -> an image for the GPU. The only door to codegen/cuda. Printing needs no
// toolkit and no device; compiling needs NVRTC, which is loaded when first needed.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codegen/gpu_spec.h"
#include "codegen/kernel.h"
#include "ir/func.h"
#include "runtime/plan.h"

namespace frit::codegen {

// A kernel as self-contained CUDA C++ (no #include), and how it is launched (all of GpuKernel but the
// image and what the compiler says). The entry point is
//   extern "C" __global__ void NAME(T* buffer..., long long param..., long long work [, unsigned* counter])
// in the order of the kernel's parameters; counter where GpuKernel::finish. wide: indices of 64 bits
// (an address or an extent may pass 2^31 elements).
// lighter: 0, and one more each time that the compiler had to spill registers.
struct CudaSource {
  std::string text;
  rt::GpuKernel launch;
  int lighter = 0;
};
CudaSource cuda_source(const ir::Func& kernel, const GpuSpec& gpu, bool wide, int lighter = 0);

// The part that all sources begin with (types, primitives, conversions); cuda_source().text includes it.
const std::string& cuda_prelude();

// What turns a source into an image and fills in what the compiler says of it: NVRTC, unless tests put
// an emulation in its place (an empty function: NVRTC again). Several sources may become one image.
using CudaCompiler = std::function<void(std::span<CudaSource> sources, const GpuSpec& gpu)>;
void set_cuda_compiler(CudaCompiler compiler);

// The same for CUDA C++ that comes from no kernel IR (the probes of the bench): each text begins with the
// prelude, and launch.name is an entry point in it. Fills in image and usage; nothing is cached.
void compile_cuda_sources(std::span<CudaSource> sources, const GpuSpec& gpu);

// Compiled by NVRTC, and again in a lighter mapping where registers were spilled; from the cache where the same kernel was compiled before for the architecture.
// Throws Error where NVRTC is missing (naming the remedy) or refuses the source (its log, the source).
std::shared_ptr<const rt::GpuKernel> compile_cuda_kernel(const ir::Func& kernel, const GpuSpec& gpu, bool wide);
// Several kernels of one program, in one NVRTC program where that compiles faster.
std::vector<std::shared_ptr<const rt::GpuKernel>> compile_cuda_kernels(std::span<const ir::Func* const> kernels, const GpuSpec& gpu,
                                                                      const std::vector<bool>& wide);
// Where the compiler of this process is older than the GPU: PTX for the newest capability that it knows
// and the GPU has, which the driver takes the rest of the way. Otherwise nothing changes.
void fit_to_compiler(GpuSpec& gpu);

std::string ptx(const ir::Func& kernel, const GpuSpec& gpu, bool wide);  // for reading

// Bytes of arguments that a kernel may take, as far as the compiler is concerned: 32,764 from NVRTC 12.1
// on, 4,096 before.
int64_t cuda_argument_bytes();

// "256 threads, 8 items a block (32 threads a row of 1001), 40 registers, 1040 bytes shared".
std::string describe(const rt::GpuKernel& kernel);

KernelCacheStats cuda_cache_stats();
void clear_cuda_cache();

}  // namespace frit::codegen
