// What follows a matrix product in its group, where a library computes it along (Numerics::fast alone).
#pragma once

#include <optional>
#include <set>

#include "lowering/group.h"
#include "runtime/gemm.h"

namespace frit::lower {

struct Epilogue {
  rt::Gemm::Activation activation = rt::Gemm::Activation::none;
  const OpNode* product = nullptr;  // the group's reduce.dot
  const OpNode* bias = nullptr;     // the read of what is added to it, or null
  std::set<const OpNode*> ops;      // these and all from them to the result
};

// The group's one result, of the type `dtype`, as relu or gelu (the tanh form) or nothing of a product with or
// without a bias. Roundings to `dtype` on the way are passed over: fast numerics do without them.
std::optional<Epilogue> find_epilogue(const Group& g, DType dtype);

}  // namespace frit::lower
