// NaN is one value (LAWS.md, 1): in files and hashes it has the bits of the quiet one.
#pragma once

#include <cstdint>

#include "frit/types.h"

namespace frit::ir {

// Copies n elements of a type, NaNs made canonical. `to` may be `from`, and need not be aligned.
void canonical_nans(DType type, const void* from, int64_t n, void* to);

}  // namespace frit::ir
