// Memory for arrays: 64-byte aligned, cached by size class, huge pages from 2 MiB on.
#pragma once

#include <cstdint>
#include <memory>

namespace frit::rt {

// The bytes of an array. Immutable once a Tensor shares it.
class Storage {
 public:
  class Maker;  // runtime/memory.cpp alone makes them
  Storage(const Maker&);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() const { return data_; }
  int64_t bytes() const { return bytes_; }
  // The GPU whose memory it is (runtime/gpu.h), so that data() is an address there; -1: host memory.
  int device() const { return capacity_ <= -2 ? static_cast<int>(-2 - capacity_) : -1; }

 private:
  void* data_;
  int64_t bytes_;
  int64_t capacity_;                   // of a block of the page heap; 0: a small block; -1: borrowed; -2 - n: of GPU n
  std::shared_ptr<const void> owner_;  // of borrowed and GPU memory
};

// Uninitialised memory, 64-byte aligned; exactly `bytes` may be touched, which may be 0. Throws Error
// when it cannot be had, after giving the cache back once, or when the limit would be passed.
std::shared_ptr<Storage> allocate(int64_t bytes);
// Somebody else's memory, kept alive by owner. device: the GPU it is of (runtime/gpu.h makes those).
std::shared_ptr<Storage> borrow(void* data, int64_t bytes, std::shared_ptr<const void> owner, int device = -1);

struct MemoryStats {
  int64_t live_bytes = 0;      // handed out now, as asked for; borrowed memory does not count
  int64_t cached_bytes = 0;    // freed and kept for reuse, blocks as large as they are
  int64_t peak_live_bytes = 0;
  int64_t allocations = 0;
  int64_t from_system = 0;     // of those, how many asked the system
};
MemoryStats memory_stats();
void trim_memory();                       // gives the cache back to the system
void reset_peak();                        // peak_live_bytes starts again from what is live now
void set_memory_limit(int64_t bytes);     // of live bytes; 0: what the machine has
void set_memory_cache(int64_t bytes);     // most freed bytes kept in blocks of 32 KiB and more

}  // namespace frit::rt
