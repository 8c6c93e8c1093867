// Machine code of kernels for CPUs: the cache before codegen/llvm.
#include "codegen/kernel.h"

#include "codegen/code_cache.h"
#include "codegen/key.h"
#include "codegen/llvm/engine.h"
#include "codegen/workers.h"

namespace frit::codegen {
namespace {

CodeCache<rt::KernelCode>& cache() {
  static auto* c = new CodeCache<rt::KernelCode>;
  return *c;
}

}  // namespace

std::shared_ptr<const rt::KernelCode> compile_kernel(const ir::Func& kernel, Isa isa) {
  return cache().find(kernel_key(kernel, isa), [&] {
    std::shared_ptr<rt::KernelCode> code;
    run_on_worker([&] { code = build_kernel(kernel, isa); });
    return code;
  });
}

std::string llvm_ir(const ir::Func& kernel, Isa isa) {
  std::string text;
  run_on_worker([&] { text = print_kernel(kernel, isa, Listing::llvm); });
  return text;
}

std::string assembly(const ir::Func& kernel, Isa isa) {
  std::string text;
  run_on_worker([&] { text = print_kernel(kernel, isa, Listing::assembly); });
  return text;
}

KernelCacheStats kernel_cache_stats() { return cache().stats(); }
void set_kernel_cache_capacity(int64_t kernels) { cache().set_capacity(kernels); }
void clear_kernel_cache() { cache().clear(); }

}  // namespace frit::codegen
