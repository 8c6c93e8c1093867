// Files of NumPy's .npy format, versions 1 to 3, of the element types there are. bf16, which NumPy lacks, is
// written as ml_dtypes does, as '<V2'.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frit/tensor.h"

namespace frit {

// Reads a file. Fortran order is turned into row-major. Throws Error, naming the file and what was
// expected, for anything that is not a whole and valid file.
Tensor load_npy(const std::string& path, Loc where = Loc::current());
// The same, with the type of elements that the file does not name ('|V2', which NumPy makes of bf16).
Tensor load_npy(const std::string& path, DType untyped, Loc where = Loc::current());
// The same from bytes in memory; name stands for the file in errors.
Tensor parse_npy(std::span<const std::byte> bytes, std::string_view name = "<memory>", Loc where = Loc::current());

// Writes version 1, C order, through a temporary file beside it, so that a reader never sees half.
void save_npy(const std::string& path, const Tensor& x, Loc where = Loc::current());
std::vector<std::byte> npy_bytes(const Tensor& x, Loc where = Loc::current());

}  // namespace frit
