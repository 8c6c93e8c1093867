// What the cache asks of LLVM. No header of LLVM is needed to include this.
#pragma once

#include <memory>
#include <string>

#include "codegen/kernel.h"

namespace frit::codegen {

// Compiles on the calling thread, which needs a stack of some MiB. Throws std::logic_error for our
// own bugs, Error where memory for code cannot be had.
std::shared_ptr<rt::KernelCode> build_kernel(const ir::Func& kernel, Isa isa);

enum class Listing : uint8_t { llvm, assembly };
std::string print_kernel(const ir::Func& kernel, Isa isa, Listing what);

}  // namespace frit::codegen
