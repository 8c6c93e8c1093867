// Memory for arrays: 64-byte aligned, cached by size class, huge pages from 2 MiB on.
#pragma once

#include <cstdint>
#include <memory>

namespace frit::rt {

// The bytes of an array. Immutable once a Tensor shares it.
class Storage {
 public:
  void* data() const { return data_; }
  int64_t bytes() const { return bytes_; }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  ~Storage();

 private:
  friend std::shared_ptr<Storage> allocate(int64_t);
  friend std::shared_ptr<Storage> borrow(void*, int64_t, std::shared_ptr<const void>);
  Storage() = default;
  void* data_ = nullptr;
  int64_t bytes_ = 0;
  int64_t capacity_ = 0;                // 0 for borrowed memory
  std::shared_ptr<const void> owner_;  // of borrowed memory
};

// Uninitialised memory, at least 64 bytes readable past nothing: exactly `bytes` may be touched.
// Throws Error when it cannot be had or the limit would be passed, after giving the cache back once.
std::shared_ptr<Storage> allocate(int64_t bytes);
// Somebody else's memory, kept alive by owner.
std::shared_ptr<Storage> borrow(void* data, int64_t bytes, std::shared_ptr<const void> owner);

struct MemoryStats {
  int64_t live_bytes = 0;      // handed out now
  int64_t cached_bytes = 0;    // kept for reuse
  int64_t peak_live_bytes = 0;
  int64_t allocations = 0;
  int64_t from_system = 0;     // of those, how many asked the system
};
MemoryStats memory_stats();
void trim_memory();                       // gives the cache back to the system
void set_memory_limit(int64_t bytes);     // of live bytes; 0: none

}  // namespace frit::rt
