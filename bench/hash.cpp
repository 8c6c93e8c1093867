// See hash.h.
#include "bench/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

namespace frit::bench {
namespace {

constexpr int64_t kChunk = 1 << 14;  // elements canonicalised at a time

template <class Bits>
void canonicalise(const void* from, int64_t n, Bits infinity, Bits quiet, void* to) {
  const Bits* in = static_cast<const Bits*>(from);
  Bits* out = static_cast<Bits*>(to);
  const Bits magnitude = static_cast<Bits>(~Bits{0}) >> 1;
  for (int64_t i = 0; i < n; ++i) out[i] = (in[i] & magnitude) > infinity ? quiet : in[i];
}

// A chunk with canonical NaNs: in place of the array where it can hold none, else in `buffer`.
const void* canonical(DType t, const void* data, int64_t n, void* buffer) {
  if (t == DType::f16) {
    canonicalise<uint16_t>(data, n, 0x7c00u, 0x7e00u, buffer);
    return buffer;
  }
  if (t == DType::bf16) {
    canonicalise<uint16_t>(data, n, 0x7f80u, 0x7fc0u, buffer);
    return buffer;
  }
  if (t == DType::f32) {
    canonicalise<uint32_t>(data, n, 0x7f800000u, 0x7fc00000u, buffer);
    return buffer;
  }
  if (t == DType::f64) {
    canonicalise<uint64_t>(data, n, 0x7ff0000000000000u, 0x7ff8000000000000u, buffer);
    return buffer;
  }
  return data;
}

template <class Visit>
void for_each_chunk(const View& a, Visit visit) {
  const int64_t n = a.shape.count(), size = size_of(a.dtype);
  for (int64_t i = 0; i < n; i += kChunk) visit(i * size, std::min(kChunk, n - i));
}

}  // namespace

std::string hash(std::span<const View> arrays) {
  XXH3_state_t* state = XXH3_createState();
  XXH3_64bits_reset(state);
  std::vector<uint64_t> buffer(kChunk);
  for (const View& a : arrays) {
    const std::string type = std::string(name(a.dtype)) + a.shape.str();
    XXH3_64bits_update(state, type.data(), type.size());
    for_each_chunk(a, [&](int64_t offset, int64_t n) {
      const void* bytes = canonical(a.dtype, static_cast<const char*>(a.data) + offset, n, buffer.data());
      XXH3_64bits_update(state, bytes, static_cast<size_t>(n * size_of(a.dtype)));
    });
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(XXH3_64bits_digest(state)));
  XXH3_freeState(state);
  return text;
}

bool same_bits(const View& a, const View& b) {
  if (a.dtype != b.dtype || !(a.shape == b.shape)) return false;
  bool same = true;
  std::vector<uint64_t> x(kChunk), y(kChunk);
  for_each_chunk(a, [&](int64_t offset, int64_t n) {
    const void* p = static_cast<const char*>(a.data) + offset;
    const void* q = static_cast<const char*>(b.data) + offset;
    const size_t bytes = static_cast<size_t>(n * size_of(a.dtype));
    if (std::memcmp(p, q, bytes) == 0) return;
    if (!is_float(a.dtype) ||
        std::memcmp(canonical(a.dtype, p, n, x.data()), canonical(b.dtype, q, n, y.data()), bytes) != 0)
      same = false;
  });
  return same;
}

}  // namespace frit::bench
