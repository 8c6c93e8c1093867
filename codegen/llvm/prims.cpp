// One switch over the scalar primitives. The same LLVM operations serve scalars and vectors; all are
// exact on every input and none traps, so they may be computed where their result is not used.
#include "codegen/llvm/prims.h"

#include <algorithm>

#include "ir/lookup.h"
#include "ir/ops.h"

namespace frit::codegen {
namespace {

using llvm::Intrinsic::ID;
namespace I = llvm::Intrinsic;

Value* unary(Build& b, ID id, Value* x) { return b.ir.CreateUnaryIntrinsic(id, x); }
Value* binary(Build& b, ID id, Value* x, Value* y) { return b.ir.CreateBinaryIntrinsic(id, x, y); }
Value* is_nan(Build& b, Value* x) { return b.ir.CreateFCmpUNO(x, x); }

// x and y in the type with this scalar, keeping the width.
llvm::Type* in_shape(Build& b, Value* x, llvm::Type* element) { return b.vector(element, Build::width(x)); }

llvm::Constant* number(Build& b, Value* like, double v) {
  return llvm::ConstantFP::get(like->getType(), v);
  (void)b;
}
llvm::Constant* integer(Value* like, int64_t v) {
  return llvm::ConstantInt::get(like->getType(), static_cast<uint64_t>(v), true);
}

const llvm::ConstantFP* float_constant(Value* v) {
  if (auto* c = llvm::dyn_cast<llvm::ConstantFP>(v)) return c;
  if (auto* c = llvm::dyn_cast<llvm::Constant>(v); c && v->getType()->isVectorTy())
    return llvm::dyn_cast_or_null<llvm::ConstantFP>(c->getSplatValue());
  return nullptr;
}

// An instruction of AVX-512 on all lanes: LLVM's masked forms want what stands in lanes left out, a mask, and for
// registers of 512 bits how to round.
Value* unmasked(Build& b, ID id, llvm::SmallVector<Value*, 6> args) {
  llvm::Type* type = args[0]->getType();
  args.push_back(llvm::Constant::getNullValue(type));
  args.push_back(llvm::Constant::getAllOnesValue(b.ir.getIntNTy(static_cast<unsigned>(std::max(Build::width(args[0]), 8)))));
  if (type->getPrimitiveSizeInBits() == 512) args.push_back(b.ir.getInt32(4));  // the current rounding mode
  return b.ir.CreateIntrinsic(type, id, args);
}

// AVX-512 has an instruction that orders zeros; it prefers numbers to NaN, so NaN is put in after.
Value* float_extreme_avx512(Build& b, bool max, Value* x, Value* y) {
  if (!b.avx512()) return nullptr;
  const bool f32 = x->getType()->getScalarType()->isFloatTy();
  ID id = I::not_intrinsic;
  switch (Build::width(x) * (f32 ? 4 : 8)) {
    case 64: id = f32 ? I::x86_avx512_mask_range_ps_512 : I::x86_avx512_mask_range_pd_512; break;
    case 32: id = f32 ? I::x86_avx512_mask_range_ps_256 : I::x86_avx512_mask_range_pd_256; break;
    case 16: id = f32 ? I::x86_avx512_mask_range_ps_128 : I::x86_avx512_mask_range_pd_128; break;
    default: return nullptr;
  }
  Value* v = unmasked(b, id, {x, y, b.ir.getInt32(max ? 5 : 4)});
  return b.ir.CreateSelect(b.ir.CreateFCmpUNO(x, y), llvm::ConstantFP::getNaN(x->getType()), v);
}

// LAWS.md, 4. x86's max(p, q) is p > q ? p : q, which gives q for NaN and equal zeros.
Value* float_extreme(Build& b, bool max, Value* x, Value* y) {
  auto pick = [&](Value* p, Value* q) {
    return b.ir.CreateSelect(max ? b.ir.CreateFCmpOGT(p, q) : b.ir.CreateFCmpOLT(p, q), p, q);
  };
  for (int swap = 0; swap < 2; ++swap) {
    Value* c = swap ? x : y;
    Value* v = swap ? y : x;
    const llvm::ConstantFP* k = float_constant(c);
    if (!k || k->isNaN()) continue;
    if (!k->isZero() || k->isNegative() == max) return pick(c, v);  // equal zeros: v is right for max(v,-0), min(v,+0)
    // max(v, +0): v > 0 ? v : 0 but for NaN; adding +0 turns the -0 that pick may give into +0.
    if (max) return b.ir.CreateFAdd(pick(c, v), c);
  }
  if (Value* v = float_extreme_avx512(b, max, x, y)) return v;
  return binary(b, max ? I::maximum : I::minimum, x, y);
}

// LAWS.md, 5: x/0 is all ones, MIN/-1 is MIN; x%0 is x, MIN%-1 is 0.
Value* divide(Build& b, DType t, Value* x, Value* y, bool rem) {
  auto& ir = b.ir;
  const bool sign = is_signed(t);
  Value* zero = integer(y, 0);
  Value* one = integer(y, 1);
  Value* by_zero = ir.CreateICmpEQ(y, zero);
  Value* special = sign ? ir.CreateOr(by_zero, ir.CreateICmpEQ(y, integer(y, -1))) : by_zero;
  Value* safe = ir.CreateSelect(special, one, y);
  Value* q;
  if (Build::width(x) && size_of(t) <= 4 && !llvm::isa<llvm::Constant>(y)) {
    // There is no vector division of integers; that of f64 truncates to the right quotient, since a
    // quotient of 32-bit numbers that is no integer is further from the next one than f64 rounds.
    llvm::Type* wide = in_shape(b, x, size_of(t) == 1 ? ir.getFloatTy() : ir.getDoubleTy());
    llvm::Type* between = size_of(t) == 1 ? in_shape(b, x, ir.getInt32Ty()) : x->getType();
    auto to_float = [&](Value* v) {
      if (size_of(t) == 1) return ir.CreateSIToFP(ir.CreateZExt(v, between), wide);
      return sign ? ir.CreateSIToFP(v, wide) : ir.CreateUIToFP(v, wide);
    };
    Value* f = ir.CreateFDiv(to_float(x), to_float(safe));
    q = sign || size_of(t) == 1 ? ir.CreateFPToSI(f, between) : ir.CreateFPToUI(f, between);
    if (size_of(t) == 1) q = ir.CreateTrunc(q, x->getType());
  } else {
    q = sign ? ir.CreateSDiv(x, safe) : ir.CreateUDiv(x, safe);
  }
  if (rem) {
    Value* r = ir.CreateSub(x, ir.CreateMul(q, safe));  // 0 where the divisor was 0 or -1
    return ir.CreateSelect(by_zero, x, r);
  }
  if (sign) q = ir.CreateSelect(special, ir.CreateNeg(x), q);  // for -1; 0 follows
  return ir.CreateSelect(by_zero, integer(y, -1), q);
}

Value* shift(Build& b, DType t, Value* x, Value* n, bool left) {
  auto& ir = b.ir;
  const int bits = static_cast<int>(size_of(t)) * 8;
  Value* fits = ir.CreateICmpULT(n, integer(n, bits));
  if (left) return ir.CreateSelect(fits, ir.CreateShl(x, n), integer(x, 0));
  if (!is_signed(t)) return ir.CreateSelect(fits, ir.CreateLShr(x, n), integer(x, 0));
  return ir.CreateAShr(x, ir.CreateSelect(fits, n, integer(n, bits - 1)));
}

Value* compare(Build& b, ir::Prim p, DType t, Value* x, Value* y) {
  using P = llvm::CmpInst::Predicate;
  const bool f = is_float(t), s = is_signed(t);
  P pred = P::ICMP_EQ;
  switch (p) {
    case ir::Prim::eq: pred = f ? P::FCMP_OEQ : P::ICMP_EQ; break;
    case ir::Prim::ne: pred = f ? P::FCMP_UNE : P::ICMP_NE; break;
    case ir::Prim::lt: pred = f ? P::FCMP_OLT : s ? P::ICMP_SLT : P::ICMP_ULT; break;
    case ir::Prim::le: pred = f ? P::FCMP_OLE : s ? P::ICMP_SLE : P::ICMP_ULE; break;
    default: ir::internal_error("no comparison");
  }
  if (t == DType::boolean) {
    switch (p) {
      case ir::Prim::eq: return b.ir.CreateNot(b.ir.CreateXor(x, y));
      case ir::Prim::ne: return b.ir.CreateXor(x, y);
      case ir::Prim::lt: return b.ir.CreateAnd(b.ir.CreateNot(x), y);
      default: return b.ir.CreateOr(b.ir.CreateNot(x), y);
    }
  }
  return b.ir.CreateCmp(pred, x, y);
}

// x 2^floor(n), n having four binary places at the end of t (scalar_program.h). AVX-512 has an instruction. Elsewhere
// two powers of two, either of them in range: the first product is exact, so the result is rounded once.
Value* scale(Build& b, Value* x, Value* n, Value* t) {
  auto& ir = b.ir;
  const int lanes = Build::width(x);
  if (b.avx512() && (lanes == 8 || lanes == 16))
    return unmasked(b, lanes == 16 ? I::x86_avx512_mask_scalef_ps_512 : I::x86_avx512_mask_scalef_ps_256, {x, n});
  Value* i = ir.CreateBitCast(t, in_shape(b, t, ir.getInt32Ty()));
  Value* first = ir.CreateAnd(ir.CreateShl(i, 18), 0x7f800000);
  Value* second = ir.CreateSub(ir.CreateShl(ir.CreateAnd(i, integer(i, -16)), 19), first);
  return ir.CreateFMul(ir.CreateFMul(x, ir.CreateBitCast(first, x->getType())), ir.CreateBitCast(second, x->getType()));
}

// x's low four bits choose from 16 numbers. Processors choose from one register of 16 lanes or two of 8; a scalar
// reads memory.
Value* look_up(Build& b, const ir::Row& row, Value* x) {
  auto& ir = b.ir;
  auto part = [&](size_t first, size_t count) { return llvm::ConstantDataVector::get(b.context, llvm::ArrayRef<float>(row.data() + first, count)); };
  const int lanes = Build::width(x);
  if (lanes == 0) {
    auto* table = new llvm::GlobalVariable(b.module, part(0, row.size())->getType(), true, llvm::GlobalValue::PrivateLinkage, part(0, row.size()));
    return ir.CreateLoad(ir.getFloatTy(), ir.CreateGEP(ir.getFloatTy(), table, ir.CreateAnd(x, 15)));
  }
  llvm::FixedVectorType* result = llvm::FixedVectorType::get(ir.getFloatTy(), static_cast<unsigned>(lanes));
  if (lanes == 16 && b.avx512()) return ir.CreateIntrinsic(result, I::x86_avx512_permvar_sf_512, {part(0, 16), x});
  if (lanes == 8) {
    if (b.avx512()) return ir.CreateIntrinsic(result, I::x86_avx512_vpermi2var_ps_256, {part(0, 8), x, part(8, 8)});
    Value* low = ir.CreateIntrinsic(result, I::x86_avx2_permps, {part(0, 8), x});
    Value* high = ir.CreateIntrinsic(result, I::x86_avx2_permps, {part(8, 8), x});
    Value* sign = ir.CreateShl(x, 28);  // bit 3, where a blend looks
    return ir.CreateSelect(ir.CreateICmpSLT(sign, llvm::Constant::getNullValue(x->getType())), high, low);
  }
  // Narrower ones are padded to 8 lanes, wider ones cut into halves.
  llvm::SmallVector<int, 16> mask;
  if (lanes < 8) {
    for (int i = 0; i < 8; ++i) mask.push_back(i % lanes);
    Value* padded = look_up(b, row, ir.CreateShuffleVector(x, mask));
    mask.truncate(static_cast<size_t>(lanes));
    return ir.CreateShuffleVector(padded, mask);
  }
  Value* halves[2];
  for (int h = 0; h < 2; ++h) {
    mask.clear();
    for (int i = 0; i < lanes / 2; ++i) mask.push_back(h * lanes / 2 + i);
    halves[h] = look_up(b, row, ir.CreateShuffleVector(x, mask));
  }
  mask.clear();
  for (int i = 0; i < lanes; ++i) mask.push_back(i);
  return ir.CreateShuffleVector(halves[0], halves[1], mask);
}

Value* choose(Build& b, DType t, Value* p, Value* x, Value* y) {
  if (t != DType::boolean) return b.ir.CreateSelect(p, x, y);
  return b.ir.CreateOr(b.ir.CreateAnd(p, x), b.ir.CreateAnd(b.ir.CreateNot(p), y));
}

// LAWS.md, 6: truncates, saturates, NaN gives 0.
Value* float_to_integer(Build& b, DType to, Value* x) {
  auto& ir = b.ir;
  if (to == DType::u8) {
    // Every number that is kept is exact in the type of x.
    Value* low = ir.CreateSelect(ir.CreateFCmpOGT(x, number(b, x, 0)), x, number(b, x, 0));
    Value* in = ir.CreateSelect(ir.CreateFCmpOLT(low, number(b, x, 255)), low, number(b, x, 255));
    Value* i = ir.CreateFPToSI(in, in_shape(b, x, ir.getInt32Ty()));
    return ir.CreateTrunc(i, in_shape(b, x, ir.getInt8Ty()));
  }
  llvm::Type* result = in_shape(b, x, b.type(to));
  llvm::Type* types[] = {result, x->getType()};
  return ir.CreateIntrinsic(is_signed(to) ? I::fptosi_sat : I::fptoui_sat, types, {x});
}

// LAWS.md, 6. f16 by the processor, which rounds to nearest and keeps denormals whatever the control
// register says of them; bf16 by integer operations on the bits, as its instruction flushes denormals.
Value* half_to_f32(Build& b, DType from, Value* x) {
  auto& ir = b.ir;
  llvm::Type* f32 = in_shape(b, x, ir.getFloatTy());
  if (from == DType::f16) return ir.CreateFPExt(ir.CreateBitCast(x, in_shape(b, x, ir.getHalfTy())), f32);
  return ir.CreateBitCast(ir.CreateShl(ir.CreateZExt(x, in_shape(b, x, ir.getInt32Ty())), 16), f32);
}
Value* f32_to_half(Build& b, DType to, Value* x) {
  auto& ir = b.ir;
  llvm::Type* i16 = in_shape(b, x, ir.getInt16Ty());
  if (to == DType::f16) return ir.CreateBitCast(ir.CreateFPTrunc(x, in_shape(b, x, ir.getHalfTy())), i16);
  llvm::Type* i32 = in_shape(b, x, ir.getInt32Ty());
  Value* bits = ir.CreateBitCast(x, i32);
  Value* odd = ir.CreateAnd(ir.CreateLShr(bits, 16), llvm::ConstantInt::get(i32, 1));
  Value* sum = ir.CreateAdd(ir.CreateAdd(bits, llvm::ConstantInt::get(i32, 0x7fff)), odd);
  // NaN is tested on the f32: the sum could carry into an infinity or the sign.
  Value* kept = ir.CreateSelect(is_nan(b, x), llvm::ConstantInt::get(i32, 0x7fc00000), sum);
  return ir.CreateTrunc(ir.CreateLShr(kept, 16), i16);
}

Value* bit_cast(Build& b, DType from, DType to, Value* x) {
  llvm::Type* result = in_shape(b, x, b.type(to));
  Value* bits = b.ir.CreateBitCast(x, result);
  if (!is_float(from) || is_float(to)) return bits;
  if (is_half(from)) {
    const int64_t infinity = from == DType::f16 ? 0x7c00 : 0x7f80, quiet = from == DType::f16 ? 0x7e00 : 0x7fc0;
    Value* nan = b.ir.CreateICmpUGT(b.ir.CreateAnd(x, integer(x, 0x7fff)), integer(x, infinity));
    return b.ir.CreateSelect(nan, llvm::ConstantInt::get(result, static_cast<uint64_t>(quiet)), bits);
  }
  const uint64_t quiet = from == DType::f32 ? 0x7fc00000u : 0x7ff8000000000000u;
  return b.ir.CreateSelect(is_nan(b, x), llvm::ConstantInt::get(result, quiet), bits);
}

}  // namespace

Value* emit_cast(Build& b, DType from, DType to, Value* x) {
  auto& ir = b.ir;
  if (from == to) return x;
  if (is_half(from)) return emit_cast(b, DType::f32, to, half_to_f32(b, from, x));
  if (is_half(to)) return f32_to_half(b, to, emit_cast(b, from, DType::f32, x));
  llvm::Type* result = in_shape(b, x, b.type(to));
  if (to == DType::boolean) {
    llvm::Constant* zero = llvm::Constant::getNullValue(x->getType());
    return is_float(from) ? ir.CreateFCmpUNE(x, zero) : ir.CreateICmpNE(x, zero);
  }
  if (from == DType::boolean) {
    if (is_float(to)) return ir.CreateSelect(x, llvm::ConstantFP::get(result, 1.0), llvm::ConstantFP::get(result, 0.0));
    return ir.CreateZExt(x, result);
  }
  if (is_float(from)) return is_float(to) ? ir.CreateFPCast(x, result) : float_to_integer(b, to, x);
  if (!is_float(to)) return ir.CreateIntCast(x, result, is_signed(from));
  if (from == DType::u8) return ir.CreateSIToFP(ir.CreateZExt(x, in_shape(b, x, ir.getInt32Ty())), result);
  return is_signed(from) ? ir.CreateSIToFP(x, result) : ir.CreateUIToFP(x, result);
}

Value* emit_prim(Build& b, const ir::PrimNode& node, Value* x, Value* y, Value* z) {
  auto& ir = b.ir;
  const DType t = node.dtype;
  const bool f = is_float(t);
  switch (node.prim) {
    case ir::Prim::arg:
    case ir::Prim::constant: break;
    case ir::Prim::add: return f ? ir.CreateFAdd(x, y) : ir.CreateAdd(x, y);
    case ir::Prim::sub: return f ? ir.CreateFSub(x, y) : ir.CreateSub(x, y);
    case ir::Prim::mul: return f ? ir.CreateFMul(x, y) : ir.CreateMul(x, y);
    case ir::Prim::neg: return f ? ir.CreateFNeg(x) : ir.CreateNeg(x);
    case ir::Prim::div: return f ? ir.CreateFDiv(x, y) : divide(b, t, x, y, false);
    case ir::Prim::rem: return divide(b, t, x, y, true);
    case ir::Prim::fma: return ir.CreateIntrinsic(I::fma, {x->getType()}, {x, y, z});
    case ir::Prim::sqrt: return unary(b, I::sqrt, x);
    case ir::Prim::abs:
      if (f) return unary(b, I::fabs, x);
      return is_signed(t) ? binary(b, I::abs, x, ir.getFalse()) : x;
    case ir::Prim::max:
    case ir::Prim::min: {
      const bool max = node.prim == ir::Prim::max;
      if (f) return float_extreme(b, max, x, y);
      if (t == DType::boolean) return max ? ir.CreateOr(x, y) : ir.CreateAnd(x, y);
      return binary(b, max ? (is_signed(t) ? I::smax : I::umax) : (is_signed(t) ? I::smin : I::umin), x, y);
    }
    case ir::Prim::floor: return unary(b, I::floor, x);
    case ir::Prim::ceil: return unary(b, I::ceil, x);
    case ir::Prim::trunc: return unary(b, I::trunc, x);
    case ir::Prim::rint: return unary(b, I::nearbyint, x);
    case ir::Prim::eq:
    case ir::Prim::ne:
    case ir::Prim::lt:
    case ir::Prim::le: return compare(b, node.prim, t, x, y);
    case ir::Prim::bit_not: return ir.CreateNot(x);
    case ir::Prim::bit_and: return ir.CreateAnd(x, y);
    case ir::Prim::bit_or: return ir.CreateOr(x, y);
    case ir::Prim::bit_xor: return ir.CreateXor(x, y);
    case ir::Prim::shl: return shift(b, t, x, y, true);
    case ir::Prim::shr: return shift(b, t, x, y, false);
    case ir::Prim::select: return choose(b, t, x, y, z);
    case ir::Prim::scale: return scale(b, x, y, z);
    case ir::Prim::lookup: return look_up(b, ir::RowPlace::of(node.imm).numbers(), x);
    case ir::Prim::cast: return emit_cast(b, node.from, t, x);
    case ir::Prim::bitcast:
      return node.imm ? b.ir.CreateBitCast(x, in_shape(b, x, b.type(t))) : bit_cast(b, node.from, t, x);
    case ir::Prim::approx_div: return ir.CreateFDiv(x, y);
    case ir::Prim::approx_rcp: return ir.CreateFDiv(number(b, x, 1.0), x);
    case ir::Prim::approx_sqrt: return unary(b, I::sqrt, x);
    case ir::Prim::approx_rsqrt: return ir.CreateFDiv(number(b, x, 1.0), unary(b, I::sqrt, x));
    case ir::Prim::approx_exp2: break;  // formulas for CPUs have none
  }
  ir::internal_error("a primitive without operands");
}

}  // namespace frit::codegen
