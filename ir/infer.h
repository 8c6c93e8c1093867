// The type rules of tensor-level ops: result types from operands and attributes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ir/func.h"

namespace frit::ir {

// Result types of a tensor-level op. At this level operands of elementwise ops have equal shapes, or
// are rank-0 literals or rank-0 values (implicit scalars); broadcasting of other shapes is explicit.
// full, iota, broadcast, reshape: `wanted` is the result type, which is checked.
// Throws Error(op name, message, place of the op) for what does not fit.
std::vector<Type> infer(const Func& f, const OpNode& op, const std::optional<Type>& wanted = {});

// NumPy's broadcasting of shapes; nullopt where they do not fit.
std::optional<Dims> broadcast_dims(const Dims& a, const Dims& b);
// Why two shapes do not broadcast ("last axes 4 and 5"), for error messages; empty if they do.
std::string broadcast_problem(const Dims& a, const Dims& b);

// Type promotion between tensors (LAWS.md, "Types of results"): nullopt between kinds.
std::optional<DType> promote(DType a, DType b);

// Appends an op to f's body, its result types inferred. `wanted` as above.
ValueId append(Func& f, OpNode op, const std::optional<Type>& wanted = {}, std::string_view name = {});

}  // namespace frit::ir
