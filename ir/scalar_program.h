// The second tier: scalar primitives, a closed set, exactly defined on all inputs (LAWS.md), and
// programs over them. Every engine switches over Prim with no default.
#pragma once

#include <cstdint>
#include <vector>

#include "frit/types.h"

namespace frit::ir {

// f16 and bf16 are types of arg, constant, select, cast and bitcast alone; all else is computed in f32.
enum class Prim : uint8_t {
  arg,      // operand number `imm`
  constant, // `imm` holds the bits
  // floats: one rounding to nearest even. integers: wrap. dtype is that of operands and result.
  add, sub, mul, neg,
  div,      // integers: LAWS.md, 5
  rem,      // integers: LAWS.md, 5. Not for floats.
  fma,      // floats only
  sqrt,     // floats only
  abs,      // floats: clears the sign bit; integers: MIN stays MIN
  min, max, // LAWS.md, 4 (floats: IEEE minimum, maximum); bool too
  floor, ceil, trunc, rint,  // floats only; rint: half to even
  // compare operands of `dtype`, result bool; IEEE on floats
  eq, ne, lt, le,
  // integers and bool
  bit_not, bit_and, bit_or, bit_xor,
  shl, shr, // integers; LAWS.md, 5: any count outside [0, width) gives 0 (shr of signed: copies of the sign)
  select,   // operand 0 bool, 1 and 2 of dtype
  scale,    // of f32, for formulas that bound its operands: x 2^floor(n), rounded once, given x, n and n + kScaleShift.
            // n has four binary places, |n| <= 152, 1/2 <= |x| <= 2; or x is NaN and n anything.
  lookup,   // operand an i32, whose low four bits choose from a row of 16 f32 (lookup.h), named by `imm`
  cast,     // operand of type `from`, result `dtype`; LAWS.md, 6. f16 and bf16 only from and to f32
  bitcast,  // operand of type `from` of the same size; NaN reads as the canonical one, or as any if `imm`
            // is 1 (for formulas whose result does not depend on it)
  // Of f32, in formulas of Numerics::fast for GPUs alone: what the hardware gives (docs/accuracy.md). On CPUs the
  // rounded quotients and roots.
  // approx_exp2 and approx_rcp give 0 for results below 2^-126; the others keep denormals.
  approx_exp2, approx_div, approx_rcp, approx_sqrt, approx_rsqrt,
};

// Added to a number it rounds it to sixteenths and leaves them in the last bits, with twice the exponent's bias.
inline constexpr float kScaleShift = 0x1.8p19f + 254;

struct PrimNode {
  Prim prim;
  DType dtype;              // of the result; of the operands for eq, ne, lt, le (whose result is bool)
  DType from = DType::f32;  // cast, bitcast
  int a = -1, b = -1, c = -1;  // earlier nodes
  uint64_t imm = 0;
};

// Nodes in order; `result` is the last one that matters. Common subexpressions are shared.
struct ScalarProgram {
  std::vector<PrimNode> nodes;
  int result = -1;
};

}  // namespace frit::ir
