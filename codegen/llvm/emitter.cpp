// Functions, statements and scalars of a kernel.
#include "codegen/llvm/emitter.h"

namespace frit::codegen {

using ir::Op;

Emitter::Emitter(llvm::Module& m, const ir::Func& kernel, Isa isa)
    : Build(m, isa), f_(kernel), vals_(kernel.values.size()), rates_(kernel.values.size(), Rate::invariant) {}

void Emitter::run() {
  const ir::OpNode* work = nullptr;
  const ir::OpNode* finish = nullptr;
  for (ir::OpId id : f_.body.ops) {
    const ir::OpNode& op = f_.op(id);
    if (op.op == Op::work) work = &op;
    if (op.op == Op::finish) finish = &op;
  }
  function("work", work);
  if (finish) function("finish", finish);
}

// The frame of both functions: parameters, locals and indices of the kernel, then the region.
void Emitter::function(const char* name, const ir::OpNode* body) {
  llvm::Type* ptr = ir.getPtrTy();
  llvm::Type* i64 = ir.getInt64Ty();
  auto* type = llvm::FunctionType::get(ir.getVoidTy(), {ptr, ptr, i64, i64, ptr}, false);
  fn = llvm::Function::Create(type, llvm::Function::ExternalLinkage, name, module);
  fn->setDoesNotThrow();
  for (unsigned i : {0u, 1u}) fn->addParamAttr(i, llvm::Attribute::NoAlias);
  ir.SetInsertPoint(llvm::BasicBlock::Create(context, "entry", fn));
  std::fill(vals_.begin(), vals_.end(), Val{});
  streamed_ = false;
  nowhere_ = nullptr;
  scratch_ = fn->getArg(4);
  scratch_used_ = number(0);

  int64_t buffers = 0, params = 0;
  for (ir::ValueId v : f_.body.args) {
    const bool buffer = f_.type(v).cls == ir::TypeClass::buffer;
    Value* table = fn->getArg(buffer ? 0 : 1);
    llvm::Type* entry = buffer ? ptr : i64;
    Value* at = ir.CreateConstInBoundsGEP1_64(entry, table, static_cast<uint64_t>(buffer ? buffers++ : params++));
    val(v).uniform = ir.CreateLoad(entry, at);
  }
  if (body) {
    for (ir::OpId id : f_.body.ops)
      if (f_.op(id).op != Op::work && f_.op(id).op != Op::finish) statement(id);
    const ir::Region& r = body->regions.at(0);
    if (body->op == Op::work) {
      for_range(fn->getArg(2), fn->getArg(3), 1, [&](Value* item) {
        val(r.args.at(0)).uniform = item;
        statements(r);
      });
    } else {
      statements(r);
    }
  }
  // Streaming stores pass the usual order of stores: nobody must see later ones before them.
  if (streamed_) ir.CreateIntrinsic(llvm::Intrinsic::x86_sse_sfence, {}, {});
  ir.CreateRetVoid();
  promote();
}

void Emitter::statements(const ir::Region& r) {
  for (ir::OpId id : r.ops) statement(id);
}

void Emitter::statement(ir::OpId id) {
  const ir::OpNode& op = f_.op(id);
  if (ir::is_elementwise(op.op)) return elementwise(op, Lanes{});
  switch (op.op) {
    case Op::local: {
      const DType t = f_.type(op.results.at(0)).dtype;
      val(op.results[0]).uniform = ir.CreateInBoundsGEP(ir.getInt8Ty(), scratch_, scratch_used_);
      Value* bytes = mul(index(op.index.at(0)), size_of(t));
      scratch_used_ = add(scratch_used_, ir.CreateAnd(add(bytes, 63), number(-64)));
      return;
    }
    case Op::index:
    case Op::index_div:
    case Op::index_rem:
    case Op::index_min:
    case Op::index_max: return index_op(op);
    case Op::load: return scalar_load(op);
    case Op::store: return scalar_store(op);
    case Op::prefetch: return prefetch(pointer(op.operands.at(0).value, op.index.at(0)));
    case Op::loop: return loop(op);
    case Op::lanes: return lanes(op);
    case Op::cols: return cols(op);
    case Op::product: return product(op);
    case Op::tile: return tile(op);
    default: ir::internal_error("the op " + std::string(ir::info(op.op).name) + " does not stand in a kernel");
  }
}

void Emitter::loop(const ir::OpNode& op) {
  const ir::Region& r = op.regions.at(0);
  for_range(index(op.index.at(0)), index(op.index.at(1)), op.i64_or(ir::AttrName::step, 1), [&](Value* k) {
    val(r.args.at(0)).uniform = k;
    statements(r);
  });
}

Value* Emitter::uniform(const ir::Operand& o) {
  if (!o.is_value()) return literal(o.lit);
  Value* v = val(o.value).uniform;
  if (!v) ir::internal_error("a value of a lane is used outside of it: %" + f_.value(o.value).name);
  return v;
}

Value* Emitter::index_value(ir::ValueId v) {
  Value* u = val(v).uniform;
  if (!u) ir::internal_error("an index of a lane is used outside of it: %" + f_.value(v).name);
  return u;
}

Value* Emitter::term(const ir::IndexExpr::Term& t, Value* var) {
  Value* v = mul(var, t.coeff);
  return t.scale == ir::kNone ? v : mul(v, index_value(t.scale));
}

Value* Emitter::index(const ir::IndexExpr& e) {
  Value* sum = number(0);
  for (const auto& t : e.terms) sum = add(sum, term(t, index_value(t.var)));
  return add(sum, e.constant);
}

Value* Emitter::extent(const ir::IndexExpr& lo, const ir::IndexExpr& hi) {
  ir::IndexExpr e = lo.times(-1);
  e += hi;
  return index(e);
}

void Emitter::index_op(const ir::OpNode& op) {
  Value* a = index(op.index.at(0));
  Value*& out = val(op.results.at(0)).uniform;
  if (op.op == Op::index) {
    out = a;
    return;
  }
  Value* b = index(op.index.at(1));
  switch (op.op) {
    case Op::index_div: out = ir.CreateUDiv(a, b); break;
    case Op::index_rem: out = ir.CreateURem(a, b); break;
    case Op::index_min: out = ir.CreateBinaryIntrinsic(llvm::Intrinsic::smin, a, b); break;
    default: out = ir.CreateBinaryIntrinsic(llvm::Intrinsic::smax, a, b); break;
  }
}

Rate Emitter::rate(const ir::OpNode& op) const {
  Rate r = Rate::invariant;
  for (const ir::Operand& o : op.operands)
    if (o.is_value()) r = std::max(r, rate(o.value));
  for (const ir::IndexExpr& e : op.index)
    for (const auto& t : e.terms) r = std::max(r, rate(t.var));
  return r;
}

}  // namespace frit::codegen
