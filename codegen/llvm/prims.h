// The scalar primitives in LLVM IR, on scalars and vectors alike.
#pragma once

#include "codegen/llvm/build.h"
#include "ir/scalar_program.h"

namespace frit::codegen {

// a, b, c: the operands, all scalars or all vectors of one width. For arg and constant: internal error.
Value* emit_prim(Build& b, const ir::PrimNode& node, Value* x, Value* y, Value* z);

// The same for primitives without further settings: binary(b, Prim::add, DType::f32, x, y).
inline Value* emit_prim(Build& b, ir::Prim p, DType t, Value* x, Value* y = nullptr, Value* z = nullptr) {
  return emit_prim(b, ir::PrimNode{p, t}, x, y, z);
}
Value* emit_cast(Build& b, DType from, DType to, Value* x);

}  // namespace frit::codegen
