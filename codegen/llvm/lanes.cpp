// lanes: vectors over a range, `unroll` at a time, then the rest one by one under a mask; with the
// reductions that may use any order.
#include <algorithm>

#include "codegen/llvm/emitter.h"

namespace frit::codegen {

using ir::Op;

std::vector<Reduction> Emitter::reductions(const ir::OpNode& op) {
  std::vector<Reduction> out;
  if (!op.find(ir::AttrName::reduce)) return out;
  const ir::OpNode& yield = f_.op(op.regions.at(0).ops.back());
  const auto& ops = op.op_list(ir::AttrName::reduce);
  for (size_t i = 0; i < ops.size(); ++i) {
    Reduction r;
    r.op = ops[i];
    r.element = f_.type(yield.operands.at(i)).dtype;
    r.acc = r.arg() ? r.element : ir::reduce_result(r.op, r.element);
    r.result = op.results.at(i);
    r.ordered = ir::info(r.op).ordered && is_float(r.element);
    out.push_back(r);
  }
  return out;
}

void Emitter::lanes(const ir::OpNode& op) {
  const ir::Region& region = op.regions.at(0);
  Value* n = extent(op.index.at(0), op.index.at(1));
  const std::vector<Reduction> rs = reductions(op);
  Body body = analyse(region, region.args.at(0), ir::kNone);
  body.origin = index(op.index[0]);
  // Bools and bytes that are summed widely would take a register file a vector.
  if (!rs.empty()) body.width = std::min(body.width, vector_bytes() / 4);

  int unroll = body.cost <= (avx512() ? 24 : 8) ? 4 : body.cost <= (avx512() ? 48 : 24) ? 2 : 1;
  unroll = static_cast<int>(op.i64_or(ir::AttrName::unroll, unroll));
  if (unroll < 1 || unroll > 8) ir::internal_error("unroll of lanes is " + std::to_string(unroll));
  const auto known = constant(n);
  while (known && unroll > 1 && *known < int64_t{unroll} * body.width) unroll /= 2;

  // Results: what nothing gives, unless there is something.
  llvm::SmallVector<Var, 4> slots;
  for (const Reduction& r : rs) {
    const ir::Literal empty = r.arg() ? ir::Literal::of<int64_t>(0) : ir::reduce_empty(r.op, r.element);
    slots.push_back(var(literal(empty)));
  }
  if_then(ir.CreateICmpSGT(n, number(0)), [&] {
    hoist(body);
    results_.clear();
    const bool ordered = std::any_of(rs.begin(), rs.end(), [](const Reduction& r) { return r.ordered; });
    if (!ordered) any_order(body, n, rs, unroll);
    else if (op.i64_or(ir::AttrName::tree, 0)) in_tree(body, n, rs);
    else in_order(body, n, rs, unroll);
    for (size_t i = 0; i < rs.size(); ++i) set(slots[i], results_.at(rs[i].result));
  });
  for (size_t i = 0; i < rs.size(); ++i) val(rs[i].result).uniform = get(slots[i]);
}

void Emitter::any_order(const Body& b, Value* n, const std::vector<Reduction>& rs, int unroll) {
  std::vector<Partial> partials;
  for (const Reduction& r : rs) partials.push_back(start_partial(r, b.width, unroll));
  vectors(b, n, unroll, [&](const Lanes& at, llvm::SmallVector<Val, 2> yields) {
    for (size_t i = 0; i < rs.size(); ++i)
      for (int u = 0; u < at.unroll; ++u)
        add_partial(rs[i], partials[i], u, yields[i].lanes[static_cast<size_t>(u)], add(at.base, int64_t{u} * b.width), at.mask);
  });
  for (size_t i = 0; i < rs.size(); ++i) set_result(rs[i], finish_partial(rs[i], partials[i]));
}

// Reductions in any order: a running vector a copy.

Value* Emitter::combine(const Reduction& r, Value* a, Value* b) {
  ir::Prim p{};
  switch (r.op) {
    case Op::reduce_sum: p = ir::Prim::add; break;
    case Op::reduce_prod: p = ir::Prim::mul; break;
    case Op::reduce_max: p = ir::Prim::max; break;
    case Op::reduce_min: p = ir::Prim::min; break;
    case Op::reduce_any: p = ir::Prim::bit_or; break;
    case Op::reduce_all: p = ir::Prim::bit_and; break;
    default: ir::internal_error("no such reduction");
  }
  return emit_prim(*this, p, r.acc, a, b);
}

Value* Emitter::identity(const Reduction& r, int w) {
  // argmax and argmin start from the worst value.
  const Op op = r.op == Op::reduce_argmax ? Op::reduce_max : r.op == Op::reduce_argmin ? Op::reduce_min : r.op;
  return splat(literal(ir::reduce_identity(op, r.element)), w);
}

Emitter::Partial Emitter::start_partial(const Reduction& r, int w, int unroll) {
  Partial p;
  for (int u = 0; u < unroll; ++u) {
    p.value.push_back(var(identity(r, w)));
    if (r.arg()) p.where.push_back(var(splat(number(INT64_MAX), w)));
    if (!float_extreme(r)) continue;
    p.sign.push_back(var(ir.CreateBitCast(splat(literal(r.acc, r.op == Op::reduce_max ? ~uint64_t{0} : 0), w), vector(ir.getIntNTy(static_cast<unsigned>(size_of(r.acc)) * 8), w))));
    if (u % 2 == 0) p.nan.push_back(var(splat(ir.getFalse(), w)));
  }
  return p;
}

// Whether value a at place i beats value b at place j: the better value, NaN before all, the lower
// place among equals. Without places: whether a, which comes later, beats b.
Value* Emitter::beats(const Reduction& r, Value* a, Value* b, Value* i, Value* j) {
  const bool max = r.op == Op::reduce_argmax;
  Value* better = emit_prim(*this, ir::Prim::lt, r.acc, max ? b : a, max ? a : b);
  Value* equal = i ? emit_prim(*this, ir::Prim::eq, r.acc, a, b) : nullptr;
  if (is_float(r.acc)) {
    Value* a_nan = ir.CreateFCmpUNO(a, a);
    Value* b_nan = ir.CreateFCmpUNO(b, b);
    better = ir.CreateOr(better, ir.CreateAnd(a_nan, ir.CreateNot(b_nan)));
    if (i) equal = ir.CreateOr(equal, ir.CreateAnd(a_nan, b_nan));
  }
  if (i) better = ir.CreateOr(better, ir.CreateAnd(equal, ir.CreateICmpULT(i, j)));
  return better;
}

// element: the yielded vector of a copy, whose first lane has the number `place`.
void Emitter::add_partial(const Reduction& r, Partial& p, int copy, Value* element, Value* place, Value* mask) {
  const auto u = static_cast<size_t>(copy);
  const int w = width(element);
  Value* old = get(p.value[u]);
  if (r.arg()) {
    Value* places = ir.CreateAdd(splat(place, w), lane_numbers(ir.getInt64Ty(), w));
    Value* wins = beats(r, element, old, nullptr, nullptr);
    if (mask) wins = ir.CreateAnd(wins, mask);
    set(p.value[u], choose(wins, element, old));
    set(p.where[u], ir.CreateSelect(wins, places, get(p.where[u])));
    return;
  }
  Value* x = widened(r, element);
  if (mask) x = choose(mask, x, identity(r, w));
  if (!float_extreme(r)) {
    set(p.value[u], combine(r, old, x));
    return;
  }
  const bool max = r.op == Op::reduce_max;
  set(p.value[u], ir.CreateSelect(max ? ir.CreateFCmpOGT(old, x) : ir.CreateFCmpOLT(old, x), old, x));
  Value* bits = ir.CreateBitCast(x, p.sign[u]->getAllocatedType());
  set(p.sign[u], max ? ir.CreateAnd(get(p.sign[u]), bits) : ir.CreateOr(get(p.sign[u]), bits));
  if (!mask && p.value.size() > 1 && u % 2 == 0) {
    p.waiting = x;
    return;
  }
  Value* other = !mask && p.waiting ? p.waiting : x;
  p.waiting = nullptr;
  set(p.nan[u / 2], ir.CreateOr(get(p.nan[u / 2]), ir.CreateFCmpUNO(other, x)));
}

// v's halves meet until one element is left.
template <class F>
Value* Emitter::halves(Value* v, F&& meet) {
  for (int half = width(v) / 2; half >= 1; half /= 2) {
    llvm::SmallVector<int, 32> low, high;
    for (int i = 0; i < half; ++i) {
      low.push_back(i);
      high.push_back(i + half);
    }
    v = meet(ir.CreateShuffleVector(v, low), ir.CreateShuffleVector(v, high));
  }
  return ir.CreateExtractElement(v, uint64_t{0});
}

// If the largest is a zero, no element was above it, so it is -0 exactly if all signs are set; if the
// smallest is a zero, it is -0 exactly if any sign is.
Value* Emitter::finish_extreme(const Reduction& r, Partial& p) {
  const bool max = r.op == Op::reduce_max;
  auto pick = [&](Value* a, Value* b) { return ir.CreateSelect(max ? ir.CreateFCmpOGT(a, b) : ir.CreateFCmpOLT(a, b), a, b); };
  auto signs = [&](Value* a, Value* b) { return max ? ir.CreateAnd(a, b) : ir.CreateOr(a, b); };
  auto merged = [&](const llvm::SmallVector<Var, 4>& vars, auto&& meet) {
    Value* v = get(vars[0]);
    for (size_t u = 1; u < vars.size(); ++u) v = meet(v, get(vars[u]));
    return v;
  };
  Value* v = halves(merged(p.value, pick), pick);
  Value* s = halves(merged(p.sign, signs), signs);
  Value* nans = merged(p.nan, [&](Value* a, Value* b) { return ir.CreateOr(a, b); });
  Value* nan = ir.CreateICmpNE(ir.CreateBitCast(nans, ir.getIntNTy(static_cast<unsigned>(width(nans)))), ir.getIntN(static_cast<unsigned>(width(nans)), 0));
  Value* zero = ir.CreateSelect(ir.CreateICmpSLT(s, llvm::Constant::getNullValue(s->getType())), llvm::ConstantFP::get(v->getType(), -0.0),
                                llvm::ConstantFP::get(v->getType(), 0.0));
  v = ir.CreateSelect(ir.CreateFCmpOEQ(v, llvm::ConstantFP::get(v->getType(), 0.0)), zero, v);
  return ir.CreateSelect(nan, llvm::ConstantFP::getNaN(v->getType()), v);
}

Value* Emitter::choose(Value* p, Value* a, Value* b) {
  if (!a->getType()->getScalarType()->isIntegerTy(1)) return ir.CreateSelect(p, a, b);
  return ir.CreateOr(ir.CreateAnd(p, a), ir.CreateAnd(ir.CreateNot(p), b));
}

Value* Emitter::finish_partial(const Reduction& r, Partial& p) {
  if (float_extreme(r)) return finish_extreme(r, p);
  if (!r.arg()) {
    Values parts;
    for (Var v : p.value) parts.push_back(get(v));
    while (parts.size() > 1) {  // neighbours, so that the chain is short
      Values next;
      for (size_t i = 0; i + 1 < parts.size(); i += 2) next.push_back(combine(r, parts[i], parts[i + 1]));
      if (parts.size() % 2) next.push_back(parts.back());
      parts = std::move(next);
    }
    return halve(r, parts[0], width(parts[0]));
  }
  // Value and place together: copies first, then halves of the vector. A place of INT64_MAX stands for
  // "nothing better than the worst value yet"; if it wins, all are worst, and the first is the answer.
  auto better = [&](std::pair<Value*, Value*> a, std::pair<Value*, Value*> b) {
    Value* wins = beats(r, b.first, a.first, b.second, a.second);
    return std::pair(choose(wins, b.first, a.first), ir.CreateSelect(wins, b.second, a.second));
  };
  std::pair<Value*, Value*> best(get(p.value[0]), get(p.where[0]));
  for (size_t u = 1; u < p.value.size(); ++u) best = better(best, {get(p.value[u]), get(p.where[u])});
  for (int half = width(best.first) / 2; half >= 1; half /= 2) {
    llvm::SmallVector<int, 32> low, high;
    for (int i = 0; i < half; ++i) {
      low.push_back(i);
      high.push_back(i + half);
    }
    auto part = [&](const llvm::SmallVector<int, 32>& m) {
      return std::pair<Value*, Value*>(ir.CreateShuffleVector(best.first, m), ir.CreateShuffleVector(best.second, m));
    };
    best = better(part(low), part(high));
  }
  Value* place = ir.CreateExtractElement(best.second, uint64_t{0});
  return ir.CreateSelect(ir.CreateICmpEQ(place, number(INT64_MAX)), number(0), place);
}

}  // namespace frit::codegen
