// Blocks of 32 KiB and more, from huge pages. Freed blocks are kept by size class, the latest first,
// so that the next array of that size finds its pages made and perhaps its lines in the cache.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "runtime/size_class.h"

namespace frit::rt {

inline constexpr int64_t kHugePage = 2 << 20;

class PageHeap {
 public:
  // The size that a request is rounded up to; bytes <= kLargestBlock.
  static int64_t capacity(int64_t bytes);

  // A block of that capacity, or null if the system has none even after the cache was given back.
  // Blocks of 2 MiB and more stand on a multiple of 2 MiB, smaller ones on one of 4 KiB.
  void* take(int64_t capacity, bool* from_system);
  void give(void* block, int64_t capacity, int64_t most_cached);
  void trim(int64_t most_cached = 0);  // gives freed blocks back, the oldest first, down to that many bytes
  int64_t cached_bytes();

  std::mutex& mutex() { return mutex_; }  // held across a fork

 private:
  struct Freed {
    void* block;
    uint64_t age;
  };
  void* from_system(int64_t capacity, bool* mapped);
  void trim_locked(int64_t most_cached);
  void* carve(int64_t bytes, bool* mapped);
  void give_range(uintptr_t at, int64_t bytes);
  void release_spans();

  std::mutex mutex_;
  std::deque<Freed> freed_[kSizeClasses];
  int64_t cached_ = 0;
  uint64_t clock_ = 0;
  // Blocks below 2 MiB are cut from spans; what is free of them, by address and by size.
  std::set<uintptr_t> spans_;
  std::map<uintptr_t, int64_t> free_at_;
  std::set<std::pair<int64_t, uintptr_t>> free_by_size_;
};

}  // namespace frit::rt
