// What Numerics::fast promises of whole programs, as a check that stands in the place of "the same bytes".
#pragma once

#include <string>
#include <vector>

#include "ir/func.h"
#include "ir/interpret.h"

namespace frit::test {

// f with fast numerics.
ir::Func made_fast(ir::Func f);

// Whether a last digit of its operands may change all of an op's result.
bool jumps(const ir::Func& f, const ir::OpNode& op);

// Whether results can be held against strict ones at all: floats, and no op that jumps (comparisons of
// floats, roundings to integers, places of extremes), where a last digit may decide.
bool is_smooth(const ir::Func& f);

// What is wrong with results of made_fast(f), in words, or nothing. Each is held against the strict results: by
// the precision of the coarsest floating type in f, relative to the largest of the result; NaN and infinities
// stand where they stood.
std::string fast_problem(const ir::Func& f, const std::vector<ir::Array>& have, const std::vector<ir::Array>& want);

}  // namespace frit::test
