// Hashes and comparisons of results, NaN counted as one value (LAWS.md, 1).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "frit/types.h"

namespace frit::bench {

// Dense bytes of an array.
struct View {
  DType dtype = DType::f32;
  Shape shape;
  const void* data = nullptr;
};

// XXH3 (64 bits) over type, shape and canonicalised bytes of the arrays in order, as 16 hex digits.
std::string hash(std::span<const View> arrays);

// Equal types, shapes and bytes after NaNs are made canonical.
bool same_bits(const View& a, const View& b);

}  // namespace frit::bench
