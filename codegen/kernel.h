// Kernel IR -> machine code on the CPU. The only door to codegen/llvm.
#pragma once

#include <memory>
#include <string>

#include "ir/func.h"
#include "runtime/plan.h"

namespace frit::codegen {

enum class Isa : uint8_t { avx2, avx512 };
std::string_view name(Isa);

// The best this CPU and system support; FRIT_ISA=avx2|avx512 and set_isa force it. Throws Error, with
// what is missing, on a CPU without AVX2 and FMA, or if the forced one is not there.
Isa host_isa();
// False once the process ends: LLVM's statics go then, and destructors of the user's may still ask for kernels.
bool can_compile();
void set_isa(Isa isa);

// Machine code for a kernel-level function, from the cache where the same kernel (but for names and
// places) was compiled before. Thread-safe; compiles once a key. Runs LLVM on a thread with an 8 MiB stack.
std::shared_ptr<const rt::KernelCode> compile_kernel(const ir::Func& kernel, Isa isa);

// For reading: LLVM IR and assembly of a kernel.
std::string llvm_ir(const ir::Func& kernel, Isa isa);
std::string assembly(const ir::Func& kernel, Isa isa);

struct KernelCacheStats {
  int64_t hits = 0, misses = 0, evictions = 0, size = 0, capacity = 0;
  int64_t bytes = 0;  // of images and sources that it keeps; those of the CPU are not counted
  double compile_ms = 0;
};
KernelCacheStats kernel_cache_stats();
void set_kernel_cache_capacity(int64_t kernels);
void clear_kernel_cache();

}  // namespace frit::codegen
