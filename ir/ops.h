// What the op table says of an op, as data, and its meaning on scalars.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "ir/func.h"
#include "ir/scalar_program.h"

namespace frit::ir {

enum class OpClass : uint8_t { elementwise, reduce, tensor, fused, kernel };
enum class TypeRule : uint8_t { none, any, number, floating, integer, bits, boolean };
enum class ResultRule : uint8_t { none, same, truth, accumulate, index };

struct OpInfo {
  Op op;
  std::string_view name;  // as printed: "add", "reduce.sum"
  OpClass cls;
  int arity;              // elementwise: number of operands; reduce: 1; otherwise 0
  TypeRule types;
  ResultRule result;
  bool ordered;           // reduce: the order of LAWS.md, 9 applies to floating types
  std::string_view doc;
};

const OpInfo& info(Op op);
std::span<const OpInfo> all_ops();
std::optional<Op> find_op(std::string_view name);
const char* function_name(Op op);  // of the C++ function that makes it (frit/ops.h): "sum" for reduce.sum
bool accepts(TypeRule rule, DType t);

// Elementwise in the wide sense: the table's elementwise rows, where, and cast. Each has a scalar
// meaning: operand types in, one result.
inline bool is_elementwise(Op op) { return info(op).cls == OpClass::elementwise || op == Op::where || op == Op::cast; }
inline bool is_reduce(Op op) { return info(op).cls == OpClass::reduce; }

// Result type of a reduction of elements of type t.
DType reduce_result(Op op, DType t);
// What a reduction of nothing gives, and what missing elements are (sum: identity -0.0, empty +0.0).
Literal reduce_empty(Op op, DType t);
Literal reduce_identity(Op op, DType t);

// f16 and bf16: the operands' numbers in f32, the formula, one rounding (LAWS.md, 7). This is the one place
// of it; lowering writes the conversions as ops of their own, since kernels compute in f32.
//
// The scalar meaning of an elementwise op as a program over exact primitives, made once and kept.
// t: type of the operands (where: of the branches; cast: of the source). to: cast's target, else t.
// Under Numerics::fast some are other ones (ir/math_fast.h), which on a GPU take its approximations.
enum class Formulas : uint8_t { strict, fast, fast_gpu };
const ScalarProgram& formula(Op op, DType t, DType to, Formulas formulas = Formulas::strict);
// The type t of an elementwise op: that of its first operand, of where its second.
inline DType formula_type(const Func& f, const OpNode& op) { return f.type(op.operands.at(op.op == Op::where ? 1 : 0)).dtype; }

// The same meaning on arrays of plain numbers: out[i] = op(in[0][i * step[0]], ...), i < n.
// step is 0 (one number for all) or 1. Used by the interpreter and constant folding.
// With other formulas than those of the laws it says what compiled code under Numerics::fast computes (tests).
void evaluate(Op op, DType t, DType to, size_t n, const void* const* in, const size_t* step, void* out, Formulas formulas = Formulas::strict);

}  // namespace frit::ir
