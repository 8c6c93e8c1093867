// See hash.h.
#include "bench/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

#include "ir/canonical.h"

namespace frit::bench {
namespace {

constexpr int64_t kChunk = 1 << 14;  // elements canonicalised at a time

// A chunk with canonical NaNs: in place of the array where it can hold none, else in `buffer`.
const void* canonical(DType t, const void* data, int64_t n, void* buffer) {
  if (!is_float(t)) return data;
  ir::canonical_nans(t, data, n, buffer);
  return buffer;
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
