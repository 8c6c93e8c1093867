// From groups to the kernels of a program's launches, in order. Kernels that do not need each other and
// differ in buffers and extents alone become segments of one launch (an optimiser's step over many tensors).
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "lowering/kernel.h"

namespace frit::lower {

struct Candidate {
  Group group;
  Nest nest;
  std::optional<Kernel> made;  // what it becomes is known already (a call of a library); it has no nest
};

struct JoinContext {
  const Func& f;
  const CompileOptions& options;
  std::function<ValueId(ValueId)> root;      // the value whose memory a value shares
  std::function<bool(ValueId)> is_result;    // of a root: it is an output of the program, or an input
  std::function<int64_t(ValueId)> rank;      // of a tensor: its place among the results, or behind them
  std::vector<Decision>* decisions = nullptr;
};

// all: in an order in which they can run. Kernels of a program of eager ops, and those of options.fuse ==
// false, stay apart, as does everything where "join" is disabled.
std::vector<Kernel> build_launches(const JoinContext& c, const std::vector<Candidate>& all);

}  // namespace frit::lower
