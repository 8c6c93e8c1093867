// The reference meaning of programs: tensor and fused level, by plain loops that share nothing with
// the schedules. Slow and simple.
#pragma once

#include <cstddef>
#include <vector>

#include "ir/func.h"
#include "ir/ops.h"

namespace frit::ir {

struct Array {
  DType dtype = DType::f32;
  Shape shape;
  std::vector<std::byte> data;  // dense, row-major
};

// Arguments in the order of f's parameters (dense). Throws Error if they do not fit the parameters.
// formulas: the laws', also where f has fast numerics. The fused level of such a function, which says where it is
// rounded and contracted, under the formulas of a target, gives the bytes of the code compiled for it (tests).
std::vector<Array> interpret(const Func& f, const std::vector<Array>& args, Formulas formulas = Formulas::strict);

// Equal bytes after NaNs are made canonical.
bool same_bits(const Array& a, const Array& b);

}  // namespace frit::ir
