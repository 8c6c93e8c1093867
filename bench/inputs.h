// Inputs of the bench and of `frit run`: element i depends on the seed and on i alone, so that the
// same arrays come out on every machine, whatever fills them.
#pragma once

#include <cstdint>

#include "frit/types.h"

namespace frit::bench {

// A well-mixed 64-bit word for each position (the finaliser of SplitMix64 over a Weyl sequence).
constexpr uint64_t word_at(uint64_t seed, uint64_t position) {
  uint64_t z = (seed + 1) * 0xd1342543de82ef95u + (position + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// Fills n elements: floating types uniform in [lo, hi), integers uniform in [floor(lo), hi] (clipped to
// the type), bool by one bit.
void fill(DType t, uint64_t seed, double lo, double hi, int64_t n, void* out);

}  // namespace frit::bench
