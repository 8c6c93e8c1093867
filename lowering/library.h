// Products that a library computes: recognises a group that is a dot and nothing else, or under fast numerics
// one with an epilogue, over arrays that lie as matrices do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lowering/compile.h"
#include "lowering/group.h"

namespace frit::lower {

struct LibraryDot {
  rt::Gemm gemm;
  std::vector<ValueId> tensors;  // a, b, c, and the bias if there is one
  std::vector<int64_t> offsets;  // bytes from their start
};

// May the library compute something along with the product? Only under Numerics::fast is that asked.
enum class Follow : uint8_t { nothing, epilogue };

// The product that the target's library computes for the group; none where the target wants none, the
// group is something else, or the library has no algorithm (LAWS.md, 12: floating dots alone).
std::optional<LibraryDot> library_dot(const Func& f, const Group& g, const CompileOptions& options, Follow follow, std::string* why_not = nullptr);

}  // namespace frit::lower
