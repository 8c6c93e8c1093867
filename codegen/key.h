// The identity of a kernel in the cache.
#pragma once

#include <string>

#include "codegen/kernel.h"

namespace frit::codegen {

// Bytes that are equal exactly when two kernels do the same for an instruction set: everything of the
// function but names and places, values numbered in order of appearance.
std::string kernel_key(const ir::Func& kernel, Isa isa);

}  // namespace frit::codegen
