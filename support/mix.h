// One step of a hash of words: for keys in memory, not for files.
#pragma once

#include <cstdint>

namespace frit {

inline uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0xff51afd7ed558ccdu;
  return hash ^ hash >> 32;
}

}  // namespace frit
