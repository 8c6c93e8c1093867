// See canonical.h.
#include "ir/canonical.h"

#include <cstring>

namespace frit::ir {
namespace {

template <class Bits>
void canonicalise(const void* from, int64_t n, Bits infinity, Bits quiet, void* to) {
  const Bits magnitude = static_cast<Bits>(~Bits{0}) >> 1;
  const auto* in = static_cast<const char*>(from);
  auto* out = static_cast<char*>(to);
  for (int64_t i = 0; i < n; ++i, in += sizeof(Bits), out += sizeof(Bits)) {
    Bits b;
    std::memcpy(&b, in, sizeof b);
    if ((b & magnitude) > infinity) b = quiet;
    std::memcpy(out, &b, sizeof b);
  }
}

}  // namespace

void canonical_nans(DType type, const void* from, int64_t n, void* to) {
  switch (type) {
    case DType::f16: return canonicalise<uint16_t>(from, n, 0x7c00u, 0x7e00u, to);
    case DType::bf16: return canonicalise<uint16_t>(from, n, 0x7f80u, 0x7fc0u, to);
    case DType::f32: return canonicalise<uint32_t>(from, n, 0x7f800000u, 0x7fc00000u, to);
    case DType::f64: return canonicalise<uint64_t>(from, n, 0x7ff0000000000000u, 0x7ff8000000000000u, to);
    default:
      if (n > 0 && to != from) std::memmove(to, from, static_cast<size_t>(n * size_of(type)));
  }
}

}  // namespace frit::ir
