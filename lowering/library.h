// Products that a library computes: recognises a group that is a dot and nothing else, over arrays that
// lie as matrices do.
#pragma once

#include <optional>
#include <string>

#include "lowering/compile.h"
#include "lowering/group.h"

namespace frit::lower {

struct LibraryDot {
  rt::Gemm gemm;
  ValueId tensors[3] = {kNone, kNone, kNone};  // a, b, c
  int64_t offsets[3] = {0, 0, 0};              // bytes from their start
};

// The product that the target's library computes for the group; none where the target wants none, the
// group is something else, or the library has no algorithm (LAWS.md, 12: floating dots alone).
std::optional<LibraryDot> library_dot(const Func& f, const Group& g, const CompileOptions& options, std::string* why_not = nullptr);

}  // namespace frit::lower
