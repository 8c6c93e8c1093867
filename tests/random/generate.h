// Random tensor-level programs: the same seed gives the same program and arguments.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/func.h"
#include "ir/interpret.h"

namespace frit::test {

struct Sample {
  uint64_t seed = 0;
  ir::Func func;
  std::vector<ir::Array> args;  // make_inputs(func, seed)
};

// 5 to 40 ops of the whole table over all types; at most about 200,000 evaluations of an element.
Sample generate(uint64_t seed);

// Whether programs hold this op on operands of this type (of no operands: with this result).
bool draws(ir::Op op, DType t);

inline constexpr size_t kLeastOps = 5, kMostOps = 40;

}  // namespace frit::test
