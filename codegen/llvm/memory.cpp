// Loads, stores and prefetches. In lanes, the index is split into what is invariant (one pointer,
// computed before the loops), the step from lane to lane, and the rest: steps of 1, -1 and 0 are
// vector loads, reversed ones and broadcasts; everything else is a gather.
#include <algorithm>

#include "codegen/llvm/emitter.h"

namespace frit::codegen {

namespace I = llvm::Intrinsic;

namespace {
llvm::Align element_align(DType t) { return llvm::Align(static_cast<uint64_t>(size_of(t))); }
}  // namespace

Value* Emitter::to_memory(Value* v, DType t) {
  return t == DType::boolean ? ir.CreateZExt(v, vector(ir.getInt8Ty(), width(v))) : v;
}
Value* Emitter::from_memory(Value* v, DType t) {
  return t == DType::boolean ? ir.CreateICmpNE(v, llvm::Constant::getNullValue(v->getType())) : v;
}

Value* Emitter::pointer(ir::ValueId buffer, const ir::IndexExpr& e) {
  return ir.CreateGEP(memory_type(f_.type(buffer).dtype), val(buffer).uniform, index(e));
}

// Scalars

// p: where the element is, if there is one (operand 1 of a guarded load says so).
Value* Emitter::load_scalar(const ir::OpNode& op, Value* p) {
  const DType t = f_.type(op.results.at(0)).dtype;
  llvm::Type* m = memory_type(t);
  if (op.operands.size() < 3) return from_memory(ir.CreateAlignedLoad(m, p, element_align(t)), t);
  // A guarded load reads a place of our own where the guard is false, so there is no branch.
  Value* guard = uniform(op.operands[1]);
  Value* other = uniform(op.operands[2]);
  Var own = array(m, 1);
  ir.CreateStore(to_memory(other, t), own);
  return from_memory(ir.CreateAlignedLoad(m, ir.CreateSelect(guard, p, own), element_align(t)), t);
}

void Emitter::scalar_load(const ir::OpNode& op) {
  val(op.results.at(0)).uniform = load_scalar(op, pointer(op.operands.at(0).value, op.index.at(0)));
}

void Emitter::scalar_store(const ir::OpNode& op) {
  const ir::ValueId buffer = op.operands.at(0).value;
  const DType t = f_.type(buffer).dtype;
  ir.CreateAlignedStore(to_memory(uniform(op.operands.at(1)), t), pointer(buffer, op.index.at(0)), element_align(t));
}

// Memory for vector loads of which no lane reads. Their own address may lie in no page at all, and for that a
// processor takes a thousand cycles before it finds that nothing is to be read.
Value* Emitter::nowhere() {
  if (!nowhere_) nowhere_ = array(ir.getInt8Ty(), 512);
  return nowhere_;
}

void Emitter::prefetch(Value* p, int level) {
  Value* args[] = {p, ir.getInt32(0), ir.getInt32(static_cast<uint32_t>(level)), ir.getInt32(1)};  // read, keep in all levels, data
  ir.CreateIntrinsic(I::prefetch, {p->getType()}, args);
}

// Lanes

Emitter::Address Emitter::address(const ir::OpNode& op, const Body& b) {
  Address a;
  const ir::ValueId buffer = op.operands.at(0).value;
  ir::IndexExpr fixed(op.index.at(0).constant);
  a.step = number(0);
  for (const auto& t : op.index.at(0).terms) {
    if (t.var == b.lane) a.step = add(a.step, term(t, number(1)));
    else if (rate(t.var) == Rate::invariant) fixed.add_term(t.var, t.coeff, t.scale);
    else a.rest.push_back(t);
  }
  a.base = ir.CreateGEP(memory_type(f_.type(buffer).dtype), pointer(buffer, fixed), mul(a.step, b.origin));
  return a;
}

// The pointer of lane 0 with the terms of the row added.
Value* Emitter::row_pointer(const Address& a, llvm::Type* element) {
  Value* offset = number(0);
  for (const auto& t : a.rest)
    if (rate(t.var) == Rate::row) offset = add(offset, term(t, index_value(t.var)));
  return constant(offset) == 0 ? a.base : ir.CreateGEP(element, a.base, offset);
}

// Elements from a row to the one that is ahead_ rows on; null if the address does not depend on it.
Value* Emitter::row_step(const Address& a) {
  Value* step = nullptr;
  for (const auto& t : a.rest)
    if (t.var == row_) step = step ? add(step, term(t, ahead_)) : term(t, ahead_);
  return step;
}

// Offsets in elements of the lanes of a copy from its row pointer, as a vector.
Value* Emitter::offsets(const Address& a, const Lanes& at, int copy) {
  Value* v = splat(mul(a.step, add(at.base, int64_t{copy} * at.width)), at.width);
  if (const auto s = constant(a.step)) v = ir.CreateAdd(v, lane_numbers(ir.getInt64Ty(), at.width, *s));
  else v = ir.CreateAdd(v, ir.CreateMul(splat(a.step, at.width), lane_numbers(ir.getInt64Ty(), at.width)));
  for (const auto& t : a.rest) {
    if (rate(t.var) != Rate::lane) continue;
    Value* x = val(t.var).lanes[static_cast<size_t>(copy)];
    Value* factor = term({t.var, t.coeff, t.scale}, number(1));
    v = ir.CreateAdd(v, constant(factor) == 1 ? x : ir.CreateMul(x, splat(factor, at.width)));
  }
  return v;
}

namespace {
llvm::SmallVector<int, 64> reversed(int width) {
  llvm::SmallVector<int, 64> m;
  for (int i = 0; i < width; ++i) m.push_back(width - 1 - i);
  return m;
}
}  // namespace

void Emitter::lane_load(ir::OpId id, const Lanes& at) {
  flush_streams();
  const ir::OpNode& op = f_.op(id);
  const Address& a = addresses_.at(id);
  const DType t = f_.type(op.results.at(0)).dtype;
  llvm::Type* m = memory_type(t);
  Val& out = val(op.results[0]);
  out = Val{};
  Value* p = row_pointer(a, m);
  if (rate(op) == Rate::row) {
    out.uniform = load_scalar(op, p);
    return;
  }
  const bool guarded = op.operands.size() >= 3;
  const auto step = constant(a.step);
  const bool dynamic = std::any_of(a.rest.begin(), a.rest.end(), [&](const auto& r) { return rate(r.var) == Rate::lane; });
  auto* type = llvm::cast<llvm::FixedVectorType>(vector(m, at.width));
  Value* first = step ? ir.CreateGEP(m, p, mul(at.base, *step)) : p;
  for (int u = 0; u < at.unroll; ++u) {
    Value* mask = at.mask;
    Value* other = llvm::Constant::getNullValue(type);
    if (guarded) {
      Value* guard = vec(op.operands[1], at, u);
      mask = mask ? ir.CreateAnd(mask, guard) : guard;
      other = to_memory(vec(op.operands[2], at, u), t);
    }
    Value* v = nullptr;
    if (step && (*step == 1 || *step == -1) && !dynamic) {
      const bool back = *step == -1;
      Value* q = ir.CreateConstGEP1_64(m, first, static_cast<uint64_t>(back ? -(u + 1) * at.width + 1 : u * at.width));
      if (back && mask) mask = ir.CreateShuffleVector(mask, reversed(at.width));
      if (back) other = ir.CreateShuffleVector(other, reversed(at.width));
      if (guarded) q = ir.CreateSelect(ir.CreateOrReduce(mask), q, nowhere());
      v = mask ? masked_load(type, q, element_align(t), mask, other) : ir.CreateAlignedLoad(type, q, element_align(t));
      if (back) v = ir.CreateShuffleVector(v, reversed(at.width));
      const int64_t bytes = at.width * size_of(t);
      if (ahead_ && u * bytes % 64 == 0)
        if (Value* on = row_step(a)) prefetch(ir.CreateGEP(m, q, on), 2);
    } else {
      Value* where = ir.CreateGEP(m, p, offsets(a, at, u));
      v = ir.CreateMaskedGather(type, where, element_align(t), mask, other);
    }
    out.lanes.push_back(from_memory(v, t));
  }
}

void Emitter::lane_store(ir::OpId id, const Lanes& at) {
  const ir::OpNode& op = f_.op(id);
  const Address& a = addresses_.at(id);
  const DType t = f_.type(op.operands.at(0).value).dtype;
  llvm::Type* m = memory_type(t);
  Value* p = row_pointer(a, m);
  const auto step = constant(a.step);
  const bool dynamic = std::any_of(a.rest.begin(), a.rest.end(), [&](const auto& r) { return rate(r.var) == Rate::lane; });
  Value* first = step ? ir.CreateGEP(m, p, mul(at.base, *step)) : p;
  for (int u = 0; u < at.unroll; ++u) {
    Value* v = to_memory(vec(op.operands.at(1), at, u), t);
    Value* mask = at.mask;
    if (step && (*step == 1 || *step == -1) && !dynamic) {
      const bool back = *step == -1;
      Value* q = ir.CreateConstGEP1_64(m, first, static_cast<uint64_t>(back ? -(u + 1) * at.width + 1 : u * at.width));
      if (back) v = ir.CreateShuffleVector(v, reversed(at.width));
      if (back && mask) mask = ir.CreateShuffleVector(mask, reversed(at.width));
      if (mask) {
        ir.CreateMaskedStore(v, q, element_align(t), mask);
      } else if (a.stream && aligned_) {
        streams_.emplace_back(v, q);
      } else {
        ir.CreateAlignedStore(v, q, element_align(t));
      }
    } else {
      Value* where = ir.CreateGEP(m, p, offsets(a, at, u));
      ir.CreateMaskedScatter(v, where, element_align(t), mask);
    }
  }
}

// The streaming stores of a body, put off to its end: one branch on whether their addresses are
// aligned, which is the same for all rounds of the loop.
void Emitter::flush_streams() {
  if (streams_.empty()) return;
  auto all = std::move(streams_);
  streams_.clear();
  streamed_ = true;
  auto store = [&](bool stream) {
    for (auto& [v, p] : all) {
      const uint64_t bytes = v->getType()->getPrimitiveSizeInBits() / 8;
      const uint64_t element = v->getType()->getScalarSizeInBits() / 8;
      auto* s = ir.CreateAlignedStore(v, p, llvm::Align(stream ? std::min<uint64_t>(bytes, 64) : element));
      if (!stream) continue;
      auto* one = llvm::ConstantAsMetadata::get(ir.getInt32(1));
      s->setMetadata(llvm::LLVMContext::MD_nontemporal, llvm::MDNode::get(context, one));
    }
  };
  if_else(aligned_, [&] { store(true); }, [&] { store(false); });
}

// Whether the body's loads reach the place within a page. If arithmetic takes longer than memory, the first
// cache is the one to ask: few misses are on their way, and no load keeps the arithmetic waiting.
bool Emitter::read_soon(const ir::OpNode& prefetch, const Body& b) const {
  const int64_t size = size_of(f_.type(prefetch.operands.at(0).value).dtype);
  return std::any_of(b.region->ops.begin(), b.region->ops.end(), [&](ir::OpId id) {
    const ir::OpNode& load = f_.op(id);
    if (load.op != ir::Op::load || load.operands.at(0).value != prefetch.operands.at(0).value) return false;
    const ir::IndexExpr &to = prefetch.index.at(0), &from = load.index.at(0);
    return to.terms == from.terms && to.constant >= from.constant && (to.constant - from.constant) * size <= 4096;
  });
}

void Emitter::lane_prefetch(ir::OpId id, const Lanes& at) {
  if (at.mask) return;  // a hint for the last few elements is worth little
  const ir::OpNode& op = f_.op(id);
  const Address& a = addresses_.at(id);
  const DType t = f_.type(op.operands.at(0).value).dtype;
  llvm::Type* m = memory_type(t);
  if (std::any_of(a.rest.begin(), a.rest.end(), [&](const auto& r) { return rate(r.var) == Rate::lane; })) return;
  Value* p = row_pointer(a, m);
  if (rate(op) == Rate::row) return prefetch(p);
  // One a cache line that the copies cover.
  int64_t reached = -64;
  for (int u = 0; u < at.unroll; ++u) {
    const int64_t byte = int64_t{u} * at.width * size_of(t);
    if (constant(a.step) == 1 && byte - reached < 64) continue;
    reached = byte;
    prefetch(ir.CreateGEP(m, p, mul(a.step, add(at.base, int64_t{u} * at.width))), a.level);
  }
}

}  // namespace frit::codegen
