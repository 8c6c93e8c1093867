// Building LLVM IR in a structured way: variables, loops, branches. Variables are stack slots that
// become registers at the end of a function (promote), so loops carry what they change by itself.
#pragma once

#include <optional>

#include "codegen/kernel.h"
#include "codegen/llvm/llvm.h"

namespace frit::codegen {

using llvm::Value;
using Values = llvm::SmallVector<Value*, 8>;

class Build {
 public:
  Build(llvm::Module& m, Isa target) : module(m), context(m.getContext()), ir(m.getContext()), isa(target) {}

  llvm::Module& module;
  llvm::LLVMContext& context;
  llvm::IRBuilder<> ir;
  llvm::Function* fn = nullptr;
  const Isa isa;

  bool avx512() const { return isa == Isa::avx512; }
  int vector_bytes() const { return avx512() ? 64 : 32; }

  // Types. A bool is i1 in registers and i8 in memory; f16 and bf16 are their 16 bits, until they are cast.
  llvm::Type* type(DType t);
  llvm::Type* memory_type(DType t) { return t == DType::boolean ? ir.getInt8Ty() : type(t); }
  llvm::Type* vector(llvm::Type* element, int width) {
    return width == 0 ? element : llvm::FixedVectorType::get(element, static_cast<unsigned>(width));
  }

  // Numbers.
  llvm::ConstantInt* number(int64_t v) { return ir.getInt64(static_cast<uint64_t>(v)); }
  llvm::Constant* literal(const frit::ir::Literal& l) { return literal(l.dtype, l.bits); }
  llvm::Constant* literal(DType t, uint64_t bits);
  // The constant c in the shape of v: a splat if v is a vector.
  llvm::Constant* like(Value* v, llvm::Constant* c);
  static std::optional<int64_t> constant(Value* v);
  static int width(Value* v);  // elements; 0 for a scalar
  Value* splat(Value* scalar, int width);

  // i64 arithmetic without wrapping, for indices; folds 0 and 1.
  Value* add(Value* a, Value* b);
  Value* sub(Value* a, Value* b);
  Value* mul(Value* a, Value* b);
  Value* add(Value* a, int64_t b) { return add(a, number(b)); }
  Value* mul(Value* a, int64_t b) { return mul(a, number(b)); }
  Value* smaller(Value* a, Value* b);  // signed minimum

  // The elements at p where the mask is true, `other` elsewhere, which is not touched.
  Value* masked_load(llvm::FixedVectorType* type, Value* p, llvm::Align align, Value* mask, Value* other);

  // Variables.
  using Var = llvm::AllocaInst*;
  Var var(Value* init);
  Var array(llvm::Type* element, int64_t count);  // 64-byte aligned stack memory; not promoted
  Value* get(Var v) { return ir.CreateLoad(v->getAllocatedType(), v); }
  void set(Var v, Value* value) { ir.CreateStore(value, v); }
  void promote();  // at the end of a function

  // for (i = lo; i < hi; i += step) body(i). A loop that is known to run once is straight code.
  template <class F>
  void for_range(Value* lo, Value* hi, int64_t step, F&& body) {
    const auto l = constant(lo), h = constant(hi);
    if (l && h) {
      if (*l >= *h) return;
      if (*h - *l <= step) return body(lo);
    }
    llvm::BasicBlock* head = block("loop");
    llvm::BasicBlock* done = block("done");
    if (l && h) ir.CreateBr(head);
    else ir.CreateCondBr(ir.CreateICmpSLT(lo, hi), head, done);
    llvm::BasicBlock* before = ir.GetInsertBlock();
    start(head);
    llvm::PHINode* i = ir.CreatePHI(ir.getInt64Ty(), 2);
    i->addIncoming(lo, before);
    body(static_cast<Value*>(i));
    Value* next = ir.CreateAdd(i, number(step), "", true, true);
    i->addIncoming(next, ir.GetInsertBlock());
    ir.CreateCondBr(ir.CreateICmpSLT(next, hi), head, done);
    start(done);
  }

  // do body() while (the value it returns).
  template <class F>
  void repeat_while(F&& body) {
    llvm::BasicBlock* head = block("loop");
    llvm::BasicBlock* done = block("done");
    ir.CreateBr(head);
    start(head);
    Value* again = body();
    ir.CreateCondBr(again, head, done);
    start(done);
  }

  // if (condition) then(), where a known condition leaves no branch.
  template <class F>
  void if_then(Value* condition, F&& then) {
    if_else(condition, std::forward<F>(then), [] {});
  }
  template <class F, class G>
  void if_else(Value* condition, F&& then, G&& otherwise) {
    if (const auto known = constant(condition)) {
      if (*known) then();
      else otherwise();
      return;
    }
    llvm::BasicBlock* yes = block("then");
    llvm::BasicBlock* no = block("else");
    llvm::BasicBlock* done = block("end");
    ir.CreateCondBr(condition, yes, no);
    start(yes);
    then();
    ir.CreateBr(done);
    start(no);
    otherwise();
    ir.CreateBr(done);
    start(done);
  }

 private:
  // The function owns a block from the first, lest it be lost where emitting what comes before it throws.
  llvm::BasicBlock* block(const char* name) { return llvm::BasicBlock::Create(context, name, fn); }
  void start(llvm::BasicBlock* b) {
    if (b != &fn->back()) b->moveAfter(&fn->back());
    ir.SetInsertPoint(b);
  }
  llvm::AllocaInst* slot(llvm::Type* t, llvm::Value* count);

  llvm::SmallVector<llvm::AllocaInst*, 32> variables_;
};

}  // namespace frit::codegen
