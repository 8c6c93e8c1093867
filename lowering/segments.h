// Several kernels that differ in buffers and numbers alone, as one with segments.
#pragma once

#include <string>
#include <vector>

#include "lowering/kernel.h"

namespace frit::lower {

// A kernel without the numbers of its index expressions, and these numbers. Kernels of equal form become
// one when the numbers in which they differ are parameters. Strides of 0, 1 and -1, bounds of loops and
// sizes of local arrays are part of the form: vectors and registers depend on them.
struct Form {
  std::string key;
  std::vector<int64_t> numbers;
};
// Of a kernel of constant extents (CompileOptions::specialise).
Form form_of(const ir::Func& kernel);

// Kernels of one form, without temps of their own and `finish`: the i-th becomes the i-th segment. Where
// a segment's arguments are more than `argument_bytes` allow, the segments are dealt to several kernels.
std::vector<Kernel> with_segments(std::vector<Kernel> kernels, const std::vector<Form>& forms, int64_t argument_bytes);

}  // namespace frit::lower
