// From kernels to images: the cache, and the kernels of a program that go to the compiler together.
#include <cstdio>

#include "codegen/code_cache.h"
#include "codegen/cuda.h"
#include "codegen/cuda/mapping.h"
#include "codegen/cuda/nvrtc.h"
#include "codegen/key.h"
#include "codegen/workers.h"

namespace frit::codegen {
namespace {

// Part of the key; raised when the generated code changes its meaning or interface.
constexpr char kCodeVersion = 3;
// Kernels that are compiled as one program: starting the compiler costs more than a small kernel.
constexpr size_t kTogether = 8;

CodeCache<rt::GpuKernel>& cache() {
  static auto* c = new CodeCache<rt::GpuKernel>;
  return *c;
}

CudaCompiler& compiler() {
  static auto* c = new CudaCompiler;
  return *c;
}

std::string key_of(const ir::Func& kernel, const GpuSpec& gpu, bool wide) {
  std::string key = "cuda";
  key += kCodeVersion;
  for (int64_t n : {gpu.shared_per_block, gpu.registers, int64_t{gpu.multiprocessors}, int64_t{gpu.max_cluster}, int64_t{gpu.row_warps}, gpu.bytes_a_thread(), gpu.l2}) key += std::to_string(n) + ' ';
  key += gpu.arch() + ' ' + (wide ? "wide " : "") + cuda::nvrtc_version() + ' ';
  return key + kernel_key(kernel, Isa::avx2);
}

// A kernel that spills is printed again with less in its registers, as long as that helps.
void lighten(CudaSource& source, const ir::Func& kernel, const GpuSpec& gpu, bool wide) {
  for (int lighter = 1; source.launch.spill_bytes > 0 && lighter <= cuda::kLightest; ++lighter) {
    CudaSource next = cuda_source(kernel, gpu, wide, lighter);
    if (next.text == source.text) continue;
    compile_cuda_sources({&next, 1}, gpu);
    next.launch.compile_ms += source.launch.compile_ms;
    if (next.launch.spill_bytes < source.launch.spill_bytes) source = std::move(next);
    else source.launch.compile_ms = next.launch.compile_ms;
  }
}

}  // namespace

void set_cuda_compiler(CudaCompiler c) {
  clear_cuda_cache();  // what the other one made is not asked for
  compiler() = std::move(c);
}

void compile_cuda_sources(std::span<CudaSource> sources, const GpuSpec& gpu) {
  run_on_worker([&] {
    if (compiler()) compiler()(sources, gpu);
    else cuda::nvrtc_compile(sources, gpu);
  });
}

std::vector<std::shared_ptr<const rt::GpuKernel>> compile_cuda_kernels(std::span<const ir::Func* const> kernels, const GpuSpec& gpu,
                                                                      const std::vector<bool>& wide) {
  // Everything that may fail is made before the first claim: whoever waits for a claim of ours waits until it is settled.
  std::vector<std::string> keys;
  for (size_t i = 0; i < kernels.size(); ++i) keys.push_back(key_of(*kernels[i], gpu, wide[i]));
  CodeCache<rt::GpuKernel>::Claims claims(cache(), std::move(keys));
  const std::vector<size_t> mine = claims.ours();
  for (size_t first = 0; first < mine.size(); first += kTogether) {
    const std::span<const size_t> part(mine.data() + first, std::min(kTogether, mine.size() - first));
    try {
      std::vector<CudaSource> sources;
      for (size_t i : part) sources.push_back(cuda_source(*kernels[i], gpu, wide[i]));
      compile_cuda_sources(sources, gpu);
      for (size_t k = 0; k < part.size(); ++k) lighten(sources[k], *kernels[part[k]], gpu, wide[part[k]]);
      for (size_t k = 0; k < part.size(); ++k) {
        auto kernel = std::make_shared<rt::GpuKernel>(std::move(sources[k].launch));
        // Its share of an image that it may have with the others.
        const int64_t bytes = static_cast<int64_t>(kernel->source.size() + kernel->image->size() / part.size());
        claims.settle(part[k], std::move(kernel), bytes);
      }
    } catch (...) {
      for (size_t i : part) claims.fail(i, std::current_exception());
    }
  }
  return claims.wait();
}

std::shared_ptr<const rt::GpuKernel> compile_cuda_kernel(const ir::Func& kernel, const GpuSpec& gpu, bool wide) {
  const ir::Func* one[] = {&kernel};
  return compile_cuda_kernels(one, gpu, {wide})[0];
}

int64_t cuda_argument_bytes() {
  int major = 0, minor = 0;
  const std::string version = compiler() ? "" : cuda::nvrtc_version();
  const bool old = std::sscanf(version.c_str(), "%d.%d", &major, &minor) == 2 && (major < 12 || (major == 12 && minor < 1));
  return old ? 4096 : 32764;
}

void fit_to_compiler(GpuSpec& gpu) {
  if (compiler() || !cuda::nvrtc_available()) return;
  if (cuda::nvrtc_version().starts_with("11.")) gpu.arch_specific = false;
  const int known = cuda::nvrtc_newest(gpu.sm);
  if (known == 0 || known == gpu.sm) return;
  gpu.ptx = known;
  if (known < 90) gpu.max_cluster = 1;
}

std::string ptx(const ir::Func& kernel, const GpuSpec& gpu, bool wide) {
  const CudaSource source = cuda_source(kernel, gpu, wide);
  std::string text;
  run_on_worker([&] { text = cuda::nvrtc_ptx(source, gpu); });
  return text;
}

KernelCacheStats cuda_cache_stats() { return cache().stats(); }
void clear_cuda_cache() { cache().clear(); }

}  // namespace frit::codegen
