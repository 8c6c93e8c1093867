// Arguments for a function, a pure function of its parameters' types and a seed, so that a program in
// a file needs no data beside it.
#pragma once

#include <vector>

#include "ir/func.h"
#include "ir/interpret.h"

namespace frit::test {

// One way of making numbers an argument: small integers, a few units around zero, all exponents,
// or ordinary numbers with NaN, infinities, signed zeros, denormals and extremes among them.
std::vector<ir::Array> make_inputs(const ir::Func& f, uint64_t seed);

}  // namespace frit::test
