// What an emulated thread of a GPU is, shared by the emulation's scheduler (device.cpp) and by the
// compiled kernels (emulation.h): a record at the low end of the thread's own stack, which any code
// running on that stack finds by its address. The standard library's headers of integers alone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace frit_emulated {

struct Index {
  unsigned x, y, z;
};

struct Thread;

// What a thread asks of the scheduler. Each call may suspend the thread; `line` is the place in the
// kernel's text that is named in messages. A call that finds a fault does not return.
struct Calls {
  void (*block_barrier)(Thread*, int line);
  void (*cluster_barrier)(Thread*, int line);
  void (*warp_barrier)(Thread*, int line, unsigned mask);
  uint64_t (*shuffle)(Thread*, int line, unsigned mask, uint64_t value, int source_lane);
  void* (*shared_of)(Thread*, int line, const void* here, unsigned rank);  // the same place in another block of the cluster
  void (*fail)(Thread*, int line, const char* what);
};

struct Thread {
  Index thread, block, threads, blocks;  // threadIdx, blockIdx, blockDim, gridDim
  unsigned char* shared;                 // of the block
  const Calls* calls;
  bool* fenced;                          // of the block: some thread has called __threadfence
  unsigned cluster_rank, cluster_size;
  bool arrived;                          // at the cluster's barrier, for which it has not waited yet
};

// Stacks are aligned to their size, which is what self() counts on.
constexpr uintptr_t kStackBytes = 256 << 10;

inline Thread* self() {
  return reinterpret_cast<Thread*>(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) & ~(kStackBytes - 1));
}

// An entry point of a batch of kernels; all arguments are of 8 bytes, but for a table of segments, which
// comes first and is passed on by its address.
struct Entry {
  const char* name;
  void (*code)();
  int arguments;
  int first_words;  // of 8 bytes, of the first argument: more than 1 for a table
};

}  // namespace frit_emulated
