// Settings, limits and counters of the process and of this thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "frit/device.h"

namespace frit {

std::string_view version();  // "0.1.0"

// Threads. The default of the process is FRIT_THREADS, or the cores it may use.
int default_threads();
void set_default_threads(int n);  // Error unless n >= 1

// Within its life, calls made by this thread use at most n threads. Scopes nest.
class with_threads {
 public:
  explicit with_threads(int n);
  ~with_threads();
  with_threads(const with_threads&) = delete;
  with_threads& operator=(const with_threads&) = delete;

 private:
  int before_;
};
int threads();  // what a call made now by this thread uses

// Who computes floating-point matrix products on a GPU. library: cuBLASLt, where it can be used; a call of
// its own, without TF32, 16-bit types summed in f32. Its bits depend on the GPU, the library's version,
// shapes and layouts. own: a kernel of ours, slower, with the CPU's bits. On the CPU both are ours.
enum class Dot : uint8_t { library, own };
void set_default_dot(Dot d);  // of the process; library at first
class with_dot {              // for this thread, while it lives; scopes nest
 public:
  explicit with_dot(Dot d);
  ~with_dot();
  with_dot(const with_dot&) = delete;
  with_dot& operator=(const with_dot&) = delete;

 private:
  int before_;
};
Dot current_dot();            // what holds now for this thread

// Within its life, values that this thread records have names that begin with this one: %encoder.mul.
class scope {
 public:
  explicit scope(std::string_view name);
  ~scope();
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;

 private:
  size_t before_;
};

// Everything that was asked of GPUs is done when it returns; throws Error if it failed. On the CPU calls
// are done when they return, so there is nothing to wait for.
void synchronize();

// Memory.
struct MemoryStats {
  int64_t live_bytes = 0;       // held by tensors now
  int64_t cached_bytes = 0;     // kept for reuse
  int64_t peak_live_bytes = 0;
  int64_t allocations = 0;
  int64_t from_system = 0;      // of those, how many asked the system
};
MemoryStats memory_stats();
void set_memory_limit(int64_t bytes);  // of live bytes; 0: none. Past it allocation throws Error.
void trim_memory();                    // gives the cached bytes back to the system
MemoryStats memory_stats(Device d);    // the same of a device; those above are the CPU's
void set_memory_limit(Device d, int64_t bytes);
void trim_memory(Device d);

// What was executed, counted where kernels are launched.
struct RunCounters {
  int64_t launches = 0;
  int64_t bytes_read = 0;
  int64_t bytes_written = 0;
  int64_t bytes() const { return bytes_read + bytes_written; }
};
RunCounters run_counters();  // by calls of this thread, since it began or the last reset
void reset_run_counters();

// The caches of the process. Eager: one plan an op with its attributes, types and shapes. Kernels: one
// an own structure, shared by everything.
struct CacheStats {
  int64_t hits = 0, misses = 0, evictions = 0, size = 0, capacity = 0;
  double compile_ms = 0;  // kernels only
};
CacheStats eager_cache_stats();
CacheStats kernel_cache_stats();
void set_eager_cache_capacity(int64_t plans);
void clear_caches();  // eager plans and kernels; what jitted functions hold stays

}  // namespace frit
