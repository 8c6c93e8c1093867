// Settings, limits and counters.
#include "frit/config.h"

#include <atomic>

#include "codegen/cuda.h"
#include "codegen/kernel.h"
#include "frit/error.h"
#include "frontend/eager.h"
#include "frontend/settings.h"
#include "runtime/gpu.h"
#include "runtime/memory.h"
#include "runtime/threads.h"
#include "support/env.h"

#ifndef FRIT_VERSION
#define FRIT_VERSION "0.1.0"
#endif

namespace frit {
namespace {
thread_local int scoped_threads = 0;  // 0: the default
thread_local int scoped_dot = -1;     // -1: the default
std::atomic<Dot> default_dot{Dot::library};
thread_local rt::RunCounters counters;
thread_local bool eager_only = false;
thread_local std::string scopes;

void check_threads(int n, const char* op) {
  if (n < 1) throw Error(op, "the number of threads must be at least 1, not " + std::to_string(n));
}
}  // namespace

std::string_view version() { return FRIT_VERSION; }

int default_threads() { return rt::default_threads(); }
void set_default_threads(int n) {
  check_threads(n, "set_default_threads");
  rt::set_default_threads(n);
}

with_threads::with_threads(int n) : before_(scoped_threads) {
  check_threads(n, "with_threads");
  scoped_threads = n;
}
with_threads::~with_threads() { scoped_threads = before_; }
int threads() { return scoped_threads ? scoped_threads : rt::default_threads(); }

void set_default_dot(Dot d) { default_dot = d; }
with_dot::with_dot(Dot d) : before_(scoped_dot) { scoped_dot = static_cast<int>(d); }
with_dot::~with_dot() { scoped_dot = before_; }
Dot current_dot() { return scoped_dot >= 0 ? static_cast<Dot>(scoped_dot) : default_dot.load(std::memory_order_relaxed); }

scope::scope(std::string_view name) : before_(scopes.size()) {
  if (!scopes.empty()) scopes += '.';
  scopes += name;
}
scope::~scope() { scopes.resize(before_); }
const std::string& scope_name() { return scopes; }

void synchronize() { rt::gpu::synchronize(); }

MemoryStats memory_stats() {
  const rt::MemoryStats s = rt::memory_stats();
  return {s.live_bytes, s.cached_bytes, s.peak_live_bytes, s.allocations, s.from_system};
}
namespace {
void check_limit(int64_t bytes) {
  if (bytes < 0) throw Error("set_memory_limit", "a limit of " + std::to_string(bytes) + " bytes is negative; 0 means none");
}
}  // namespace
void set_memory_limit(int64_t bytes) {
  check_limit(bytes);
  rt::set_memory_limit(bytes);
}
void set_memory_limit(Device d, int64_t bytes) {
  if (d.is_cpu()) return set_memory_limit(bytes);
  check_limit(bytes);
  rt::gpu::set_memory_limit(gpu(d.index(), {}).index(), bytes);
}
MemoryStats memory_stats(Device d) {
  if (d.is_cpu()) return memory_stats();
  const rt::MemoryStats s = rt::gpu::memory_stats(gpu(d.index(), {}).index());
  return {s.live_bytes, s.cached_bytes, s.peak_live_bytes, s.allocations, s.from_system};
}
void trim_memory() { rt::trim_memory(); }
void trim_memory(Device d) {
  if (d.is_cpu()) return trim_memory();
  rt::gpu::trim_memory(gpu(d.index(), {}).index());
}

rt::RunCounters& this_thread_counters() { return counters; }
RunCounters run_counters() { return {counters.launches, counters.bytes_read, counters.bytes_written}; }
void reset_run_counters() { counters = {}; }

CacheStats kernel_cache_stats() {
  codegen::KernelCacheStats s = codegen::kernel_cache_stats();
  const codegen::KernelCacheStats g = codegen::cuda_cache_stats();
  s.hits += g.hits, s.misses += g.misses, s.evictions += g.evictions, s.size += g.size, s.capacity += g.capacity, s.compile_ms += g.compile_ms;
  return {s.hits, s.misses, s.evictions, s.size, s.capacity, s.compile_ms};
}
void clear_caches() {
  clear_eager_cache();
  codegen::clear_kernel_cache();
  codegen::clear_cuda_cache();
}

EagerScope::EagerScope() : before_(eager_only) { eager_only = true; }
EagerScope::~EagerScope() { eager_only = before_; }
bool jit_is_off() { return eager_only || !env().jit; }

}  // namespace frit
