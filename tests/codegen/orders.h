// The orders of LAWS.md by plain loops, sharing nothing with the code generator.
#pragma once

#include <cstdint>

#include "ir/func.h"

namespace frit::test {

// Reduces count elements of type t, `stride` elements apart, to one of reduce_result(op, t).
// tree: the elements themselves in the padded tree of pairs (tree=1 of the kernel level).
void reduce_reference(ir::Op op, DType t, const void* x, int64_t count, int64_t stride, bool tree, void* out);

// The chain of LAWS.md, 12, over a[k * sa] and b[k * sb].
void dot_reference(DType t, const void* a, int64_t sa, const void* b, int64_t sb, int64_t count, void* out);

}  // namespace frit::test
