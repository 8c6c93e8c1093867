// Blocks up to 32 KiB, kept in lists of each thread, so that taking and giving one costs no lock.
#pragma once

#include <cstdint>

namespace frit::rt {

inline constexpr int64_t kSmallBlock = 32 << 10;

// 64-byte aligned; bytes in (0, kSmallBlock]. Null if the system has none. A block may be given back
// by another thread than the one that took it.
void* take_small(int64_t bytes);
void give_small(void* block, int64_t bytes);

struct SmallStats {
  int64_t taken = 0;          // calls of take_small
  int64_t from_system = 0;
  int64_t cached_bytes = 0;   // free, in the threads' lists and the common one
};
SmallStats small_stats();
void trim_small();            // gives back the common lists and those of the calling thread

void lock_small();            // around a fork
void unlock_small();

}  // namespace frit::rt
