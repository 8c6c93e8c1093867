// Types, constants, variables of the structured builder.
#include "codegen/llvm/build.h"

#include <algorithm>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <llvm/Transforms/Utils/PromoteMemToReg.h>
#pragma GCC diagnostic pop

namespace frit::codegen {

llvm::Type* Build::type(DType t) {
  switch (t) {
    case DType::boolean: return ir.getInt1Ty();
    case DType::u8: return ir.getInt8Ty();
    case DType::i32:
    case DType::u32: return ir.getInt32Ty();
    case DType::i64:
    case DType::u64: return ir.getInt64Ty();
    case DType::f16:
    case DType::bf16: return ir.getInt16Ty();
    case DType::f32: return ir.getFloatTy();
    case DType::f64: return ir.getDoubleTy();
  }
  frit::ir::internal_error("no such type");
}

llvm::Constant* Build::literal(DType t, uint64_t bits) {
  llvm::Type* to = type(t);
  const unsigned width = to->getPrimitiveSizeInBits();
  if (width < 64) bits &= (uint64_t{1} << width) - 1;
  if (!to->isFloatingPointTy()) return llvm::ConstantInt::get(to, bits);
  return llvm::ConstantFP::get(context, llvm::APFloat(to->getFltSemantics(), llvm::APInt(width, bits)));
}

llvm::Constant* Build::like(Value* v, llvm::Constant* c) {
  const int w = width(v);
  return w == 0 ? c : llvm::ConstantVector::getSplat(llvm::ElementCount::getFixed(static_cast<unsigned>(w)), c);
}

std::optional<int64_t> Build::constant(Value* v) {
  if (auto* c = llvm::dyn_cast<llvm::ConstantInt>(v)) {
    return c->getBitWidth() == 1 ? static_cast<int64_t>(c->getZExtValue()) : c->getSExtValue();
  }
  return std::nullopt;
}

int Build::width(Value* v) {
  auto* t = llvm::dyn_cast<llvm::FixedVectorType>(v->getType());
  return t ? static_cast<int>(t->getNumElements()) : 0;
}

Value* Build::splat(Value* scalar, int width) {
  if (width == 0) return scalar;
  if (auto* c = llvm::dyn_cast<llvm::Constant>(scalar))
    return llvm::ConstantVector::getSplat(llvm::ElementCount::getFixed(static_cast<unsigned>(width)), c);
  return ir.CreateVectorSplat(static_cast<unsigned>(width), scalar);
}

// An element of a mask, where it is known.
static std::optional<bool> known(Value* mask, unsigned i) {
  if (auto* c = llvm::dyn_cast<llvm::Constant>(mask)) {
    auto* bit = llvm::dyn_cast_or_null<llvm::ConstantInt>(c->getAggregateElement(i));
    return bit ? std::optional(bit->isOne()) : std::nullopt;
  }
  if (auto* shuffle = llvm::dyn_cast<llvm::ShuffleVectorInst>(mask)) {
    const int from = shuffle->getMaskValue(i);
    const int n = Build::width(shuffle->getOperand(0));
    return from >= 0 && from < n ? known(shuffle->getOperand(0), static_cast<unsigned>(from)) : std::nullopt;
  }
  auto* both = llvm::dyn_cast<llvm::BinaryOperator>(mask);
  if (!both || both->getOpcode() != llvm::Instruction::And) return std::nullopt;
  const auto a = known(both->getOperand(0), i), b = known(both->getOperand(1), i);
  if (a == false || b == false) return false;
  return a == true && b == true ? std::optional(true) : std::nullopt;
}

// One register at a time: LLVM 19 splits wider loads itself, and for AVX2 reads the whole of a part
// whose mask turns out to be all false, beyond the end of the array.
Value* Build::masked_load(llvm::FixedVectorType* type, Value* p, llvm::Align align, Value* mask, Value* other) {
  llvm::Type* element = type->getElementType();
  const int all = static_cast<int>(type->getNumElements());
  const int part = std::min(all, vector_bytes() * 8 / static_cast<int>(element->getPrimitiveSizeInBits()));
  Values parts;
  for (int at = 0; at < all; at += part) {
    bool never = true, always = true;
    for (int i = at; i < at + part; ++i) {
      const auto bit = known(mask, static_cast<unsigned>(i));
      never &= bit == false;
      always &= bit == true;
    }
    llvm::SmallVector<int, 64> range;
    for (int i = at; i < at + part; ++i) range.push_back(i);
    auto piece = [&](Value* v) { return part == all ? v : ir.CreateShuffleVector(v, range); };
    llvm::Type* t = vector(element, part);
    Value* q = at == 0 ? p : ir.CreateConstGEP1_64(element, p, static_cast<uint64_t>(at));
    if (never) parts.push_back(piece(other));
    else if (always) parts.push_back(ir.CreateAlignedLoad(t, q, align));
    else parts.push_back(ir.CreateMaskedLoad(t, q, align, piece(mask), piece(other)));
  }
  while (parts.size() > 1) {  // neighbours
    Values joined;
    for (size_t i = 0; i < parts.size(); i += 2) {
      llvm::SmallVector<int, 64> range;
      for (int k = 0; k < 2 * width(parts[i]); ++k) range.push_back(k);
      joined.push_back(ir.CreateShuffleVector(parts[i], parts[i + 1], range));
    }
    parts = std::move(joined);
  }
  return parts[0];
}

Value* Build::add(Value* a, Value* b) {
  if (constant(a) == 0) return b;
  if (constant(b) == 0) return a;
  return ir.CreateAdd(a, b, "", false, true);
}
Value* Build::sub(Value* a, Value* b) {
  if (constant(b) == 0) return a;
  return ir.CreateSub(a, b, "", false, true);
}
Value* Build::mul(Value* a, Value* b) {
  const auto ca = constant(a), cb = constant(b);
  if (ca == 0 || cb == 1) return a;
  if (cb == 0 || ca == 1) return b;
  return ir.CreateMul(a, b, "", false, true);
}
Value* Build::smaller(Value* a, Value* b) {
  const auto ca = constant(a), cb = constant(b);
  if (ca && cb) return *ca < *cb ? a : b;
  return ir.CreateBinaryIntrinsic(llvm::Intrinsic::smin, a, b);
}

llvm::AllocaInst* Build::slot(llvm::Type* t, llvm::Value* count) {
  llvm::BasicBlock& entry = fn->getEntryBlock();
  llvm::IRBuilder<> at(&entry, entry.begin());
  return at.CreateAlloca(t, count);
}

Build::Var Build::var(Value* init) {
  llvm::AllocaInst* v = slot(init->getType(), nullptr);
  variables_.push_back(v);
  set(v, init);
  return v;
}

Build::Var Build::array(llvm::Type* element, int64_t count) {
  llvm::AllocaInst* a = slot(element, number(count));
  a->setAlignment(llvm::Align(64));
  return a;
}

void Build::promote() {
  llvm::DominatorTree tree(*fn);
  llvm::PromoteMemToReg(variables_, tree);
  variables_.clear();
}

}  // namespace frit::codegen
