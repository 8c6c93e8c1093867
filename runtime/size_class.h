// Sizes of memory blocks: four steps a power of two, so that at most a fifth of a block is idle.
#pragma once

#include <bit>
#include <cstdint>

namespace frit::rt {

inline constexpr int kSizeClasses = 4 * 43;
inline constexpr int64_t kLargestBlock = int64_t{1} << 47;  // beyond what a process can address

// Class of a size in (0, kLargestBlock]: class c holds blocks of block_bytes(c), multiples of 64 from
// 64 to 256, then 5/4, 6/4, 7/4 and 8/4 of each power of two.
constexpr int size_class(int64_t bytes) {
  if (bytes <= 256) return static_cast<int>((bytes + 63) / 64) - 1;
  uint64_t last = static_cast<uint64_t>(bytes) - 1;
  int shift = std::bit_width(last) - 3;  // the step is 2^shift
  return 4 * (shift - 6) + static_cast<int>(last >> shift) - 4 + 4;
}

constexpr int64_t block_bytes(int c) {
  if (c < 4) return 64 * (c + 1);
  int shift = c / 4 - 1 + 6;
  return static_cast<int64_t>(c % 4 + 5) << shift;
}

}  // namespace frit::rt
