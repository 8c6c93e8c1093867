// The reference meaning of programs: tensor and fused level, by plain loops that share nothing with
// the schedules. Slow and simple.
#pragma once

#include <cstddef>
#include <vector>

#include "ir/func.h"

namespace frit::ir {

struct Array {
  DType dtype = DType::f32;
  Shape shape;
  std::vector<std::byte> data;  // dense, row-major
};

// Arguments in the order of f's parameters (dense). Throws Error if they do not fit the parameters.
std::vector<Array> interpret(const Func& f, const std::vector<Array>& args);

// Equal bytes after NaNs are made canonical.
bool same_bits(const Array& a, const Array& b);

}  // namespace frit::ir
