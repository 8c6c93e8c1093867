// Regions of lanes and cols: what changes how often, what is computed before the loops, and the body
// on vectors.
#include <algorithm>

#include "codegen/llvm/emitter.h"
#include "codegen/llvm/target.h"

namespace frit::codegen {

using ir::Op;

namespace {
int formula_cost(const ir::ScalarProgram& formula) {
  int cost = 0;
  for (const ir::PrimNode& n : formula.nodes) {
    if (n.prim == ir::Prim::arg || n.prim == ir::Prim::constant) continue;
    // Divisions and roots occupy their unit for several operations' time; other long ones are rare.
    cost += n.prim == ir::Prim::div || n.prim == ir::Prim::sqrt || n.prim == ir::Prim::rem ? 4 : 1;
  }
  return cost;
}

// What the units of a CPU that adds on other units than it multiplies have to do.
struct Units {
  int adders = 0, multipliers = 0, movable = 0;
  void count(const ir::ScalarProgram& formula) {
    for (const ir::PrimNode& n : formula.nodes) {
      if (!is_float(n.dtype)) continue;
      switch (n.prim) {
        case ir::Prim::add:
        case ir::Prim::sub: movable++, adders++; break;
        case ir::Prim::max:
        case ir::Prim::min:
        case ir::Prim::lookup: adders++; break;
        case ir::Prim::scale: adders += 2; break;
        case ir::Prim::mul:
        case ir::Prim::fma: multipliers++; break;
        case ir::Prim::div:
        case ir::Prim::sqrt: multipliers += 8; break;
        default: break;
      }
    }
  }
};
}  // namespace

const ir::ScalarProgram& Emitter::formula(const ir::OpNode& op) const {
  return ir::formula(op.op, ir::formula_type(f_, op), f_.type(op.results.at(0)).dtype,
                     f_.numerics == Numerics::fast ? ir::Formulas::fast : ir::Formulas::strict);
}

Emitter::Body Emitter::analyse(const ir::Region& r, ir::ValueId lane, ir::ValueId row) {
  Body b;
  b.region = &r;
  b.lane = lane;
  rates_[static_cast<size_t>(lane)] = Rate::lane;
  if (row != ir::kNone) rates_[static_cast<size_t>(row)] = Rate::row;
  Units units;
  int narrow = 0, wide = 0;  // values of up to 4 bytes, of 8
  auto count = [&](DType t) {
    b.most = std::max(b.most, static_cast<int>(size_of(t)));
    (size_of(t) == 8 ? wide : narrow)++;
  };
  for (ir::OpId id : r.ops) {
    const ir::OpNode& op = f_.op(id);
    const Rate rate_of_op = rate(op);
    for (ir::ValueId v : op.results) rates_[static_cast<size_t>(v)] = rate_of_op;
    if (rate_of_op != Rate::lane) continue;
    if (ir::is_elementwise(op.op)) {
      b.cost += formula_cost(formula(op));
      units.count(formula(op));
      count(f_.type(op.results[0]).dtype);
    } else if (op.op == Op::load) {
      b.cost += 1, b.streams++;
      count(f_.type(op.results[0]).dtype);
    } else if (op.op == Op::store) {
      b.cost += 1, b.streams++;
      count(f_.type(op.operands.at(0).value).dtype);
    } else if (op.op == Op::yield) {
      for (const ir::Operand& o : op.operands) count(f_.type(o).dtype);
    }
  }
  const int element = b.most == 1 ? 1 : wide > narrow ? 8 : 4;
  b.width = vector_bytes() / element;
  b.adds = units.movable;
  if (adds_apart()) b.moved = std::clamp((units.adders - units.multipliers) / 2, 0, units.movable);
  return b;
}

// Emits what the lane and row do not change; prepares addresses and broadcasts of the others.
void Emitter::hoist(const Body& b) {
  splats_.clear();
  aligned_ = nullptr;
  ones_.clear();
  for (DType t : {DType::f32, DType::f64}) {
    if (b.moved == 0) break;
    Var one = array(type(t), 1);
    ir.CreateStore(literal(t, t == DType::f32 ? 0x3f800000u : 0x3ff0000000000000u), one);
    ones_[t] = splat(ir.CreateLoad(type(t), one, true), b.width);
  }
  for (ir::OpId id : b.region->ops) {
    const ir::OpNode& op = f_.op(id);
    if (rate(op) == Rate::invariant && op.op != Op::yield && op.op != Op::store) {
      statement(id);
      continue;
    }
    if (op.op == Op::load || op.op == Op::store || op.op == Op::prefetch) addresses_[id] = address(op, b);
    // From about this much on, arithmetic takes as long as memory (docs/measured.md).
    if (op.op == Op::prefetch && b.cost > 5 * b.streams && read_soon(op, b)) addresses_[id].level = 3;
    if (op.op == Op::store && op.i64_or(ir::AttrName::stream, 0) != 0) {
      Address& a = addresses_[id];
      const DType t = f_.type(op.operands.at(0).value).dtype;
      if (constant(a.step) != 1 || !a.rest.empty() || b.width * size_of(t) < 16) continue;
      a.stream = true;
      Value* low = ir.CreateAnd(ir.CreatePtrToInt(a.base, ir.getInt64Ty()), number(63));
      Value* ok = ir.CreateICmpEQ(low, number(0));
      // Written over what was just read, the line is in the cache already: an ordinary store is cheaper.
      for (ir::OpId read : b.region->ops) {
        if (read == id) break;
        if (f_.op(read).op != Op::load || !addresses_.count(read) || constant(addresses_[read].step) != 1) continue;
        ok = ir.CreateAnd(ok, ir.CreateICmpNE(addresses_[read].base, addresses_[id].base));
      }
      aligned_ = aligned_ ? ir.CreateAnd(aligned_, ok) : ok;
    }
    for (const ir::Operand& o : op.operands) {
      if (!o.is_value() || rate(o.value) != Rate::invariant || f_.type(o.value).cls == ir::TypeClass::buffer) continue;
      if (!splats_.count(o.value)) splats_[o.value] = splat(val(o.value).uniform, b.width);
    }
  }
}

// The body for `unroll` vectors; returns what it yields.
llvm::SmallVector<Val, 2> Emitter::emit(const Body& b, const Lanes& at) {
  llvm::SmallVector<Val, 2> yields;
  val(at.var) = Val{};
  adds_ = b.adds;
  moved_ = b.moved;
  turn_ = 0;
  for (ir::OpId id : b.region->ops) {
    const ir::OpNode& op = f_.op(id);
    const Rate r = rate(op);
    if (op.op == Op::yield) {
      for (const ir::Operand& o : op.operands) {
        Val v;
        for (int u = 0; u < at.unroll; ++u) v.lanes.push_back(vec(o, at, u));
        yields.push_back(std::move(v));
      }
      continue;
    }
    if (r == Rate::invariant && op.op != Op::store) continue;  // hoist did it
    if (ir::is_elementwise(op.op)) {
      elementwise(op, at);
      continue;
    }
    switch (op.op) {
      case Op::load: lane_load(id, at); break;
      case Op::store: lane_store(id, at); break;
      case Op::prefetch: lane_prefetch(id, at); break;
      case Op::index:
      case Op::index_div:
      case Op::index_rem:
      case Op::index_min:
      case Op::index_max: {
        if (r == Rate::row) {
          index_op(op);
          break;
        }
        Val x = index_in_lanes(op.index.at(0), b, at);
        if (op.op != Op::index) {
          const Val y = index_in_lanes(op.index.at(1), b, at);
          for (int u = 0; u < at.unroll; ++u) {
            Value*& a = x.lanes[static_cast<size_t>(u)];
            Value* c = y.lanes[static_cast<size_t>(u)];
            if (op.op == Op::index_min || op.op == Op::index_max) {
              a = ir.CreateBinaryIntrinsic(op.op == Op::index_min ? llvm::Intrinsic::smin : llvm::Intrinsic::smax, a, c);
              continue;
            }
            // Indices are below 2^52, where the truncated quotient in f64 is the right one.
            llvm::Type* wide = vector(ir.getDoubleTy(), at.width);
            Value* q = ir.CreateFPToSI(ir.CreateFDiv(ir.CreateSIToFP(a, wide), ir.CreateSIToFP(c, wide)), a->getType());
            a = op.op == Op::index_div ? q : ir.CreateSub(a, ir.CreateMul(q, c));
          }
        }
        val(op.results.at(0)) = std::move(x);
        break;
      }
      default: ir::internal_error("the op " + std::string(ir::info(op.op).name) + " does not stand in lanes or cols");
    }
  }
  flush_streams();
  return yields;
}

// The operand as a vector of the copy.
Value* Emitter::vec(const ir::Operand& o, const Lanes& at, int copy) {
  if (!o.is_value()) return splat(literal(o.lit), at.width);
  if (rate(o.value) == Rate::lane) {
    Val& v = val(o.value);
    if (v.lanes.empty()) ir::internal_error("a lane's value is missing: %" + f_.value(o.value).name);
    return v.lanes[static_cast<size_t>(copy)];
  }
  if (auto it = splats_.find(o.value); it != splats_.end() && width(it->second) == at.width) return it->second;
  return splat(uniform(o), at.width);
}

// Zen adds on two units and multiplies on two others, which can add too: x + y is fma(x, 1, y) and x - y
// is fma(-y, 1, x), rounded once as well. Whether this one goes there, so that both have as much to do.
bool Emitter::by_multiplier(const ir::PrimNode& p, int width) {
  if (moved_ == 0 || (p.prim != ir::Prim::add && p.prim != ir::Prim::sub) || !is_float(p.dtype)) return false;
  if (auto one = ones_.find(p.dtype); one == ones_.end() || Build::width(one->second) != width) return false;
  turn_ += moved_;
  if (turn_ < adds_) return false;
  turn_ -= adds_;
  return true;
}

// Expands the op's formula, on scalars (width 1, no lane) or on the vectors of all copies.
void Emitter::elementwise(const ir::OpNode& op, const Lanes& at) {
  const bool in_lanes = at.var != ir::kNone && rate(op) == Rate::lane;
  const auto copies = static_cast<size_t>(in_lanes ? at.unroll : 1);
  const ir::ScalarProgram& program = formula(op);

  struct Node {
    bool lane = false;
    Values v;  // one scalar, or a vector a copy
  };
  llvm::SmallVector<Node, 32> nodes(program.nodes.size());
  auto shaped = [&](int n, size_t copy) -> Value* {
    if (n < 0) return nullptr;
    Node& node = nodes[static_cast<size_t>(n)];
    return node.lane ? node.v[copy] : node.v[0];
  };
  for (size_t i = 0; i < program.nodes.size(); ++i) {
    const ir::PrimNode& p = program.nodes[i];
    Node& out = nodes[i];
    if (p.prim == ir::Prim::constant) {
      out.v = {literal(p.dtype, p.imm)};
      continue;
    }
    if (p.prim == ir::Prim::arg) {
      const ir::Operand& o = op.operands.at(p.imm);
      out.lane = in_lanes;
      for (size_t u = 0; u < copies; ++u) out.v.push_back(in_lanes ? vec(o, at, static_cast<int>(u)) : uniform(o));
      continue;
    }
    for (int x : {p.a, p.b, p.c}) out.lane |= x >= 0 && nodes[static_cast<size_t>(x)].lane;
    const bool moved = out.lane && by_multiplier(p, at.width);
    for (size_t u = 0; u < (out.lane ? copies : 1); ++u) {
      Value* x[3] = {shaped(p.a, u), shaped(p.b, u), shaped(p.c, u)};
      if (out.lane)
        for (Value*& v : x)
          if (v && width(v) == 0) v = splat(v, at.width);
      if (moved) {
        Value* one = ones_.at(p.dtype);
        Value* factor = p.prim == ir::Prim::add ? x[0] : ir.CreateFNeg(x[1]);
        out.v.push_back(ir.CreateIntrinsic(llvm::Intrinsic::fma, {one->getType()}, {factor, one, x[p.prim == ir::Prim::add ? 1 : 0]}));
        continue;
      }
      out.v.push_back(emit_prim(*this, p, x[0], x[1], x[2]));
    }
  }
  Node& last = nodes[static_cast<size_t>(program.result)];
  Val& result = val(op.results[0]);
  result = Val{};
  if (!in_lanes) {
    result.uniform = last.v[0];
    return;
  }
  for (size_t u = 0; u < copies; ++u) {
    Value* v = shaped(program.result, u);
    result.lanes.push_back(width(v) == 0 ? splat(v, at.width) : v);
  }
}

Value* Emitter::lane_numbers(llvm::Type* element, int w, int64_t step) {
  llvm::SmallVector<llvm::Constant*, 64> c;
  for (int i = 0; i < w; ++i) c.push_back(llvm::ConstantInt::get(element, static_cast<uint64_t>(i * step), true));
  return llvm::ConstantVector::get(c);
}

// An index expression as a vector of i64 a copy.
Val Emitter::index_in_lanes(const ir::IndexExpr& e, const Body& b, const Lanes& at) {
  Value* scalar = number(e.constant);
  Value* step = number(0);
  llvm::SmallVector<ir::IndexExpr::Term, 4> varying;
  for (const auto& t : e.terms) {
    if (t.var == at.var) step = add(step, term(t, number(1)));
    else if (rate(t.var) == Rate::lane) varying.push_back(t);
    else scalar = add(scalar, term(t, index_value(t.var)));
  }
  scalar = add(scalar, mul(step, add(b.origin, at.base)));
  Value* slope = nullptr;
  if (const auto s = constant(step)) slope = lane_numbers(ir.getInt64Ty(), at.width, *s);
  else slope = ir.CreateMul(splat(step, at.width), lane_numbers(ir.getInt64Ty(), at.width));
  Val out;
  for (int u = 0; u < at.unroll; ++u) {
    Value* v = ir.CreateAdd(splat(add(scalar, mul(step, int64_t{u} * at.width)), at.width), slope);
    for (const auto& t : varying) {
      Value* x = ir.CreateMul(val(t.var).lanes[static_cast<size_t>(u)], splat(term({t.var, t.coeff, t.scale}, number(1)), at.width));
      v = ir.CreateAdd(v, x);
    }
    out.lanes.push_back(v);
  }
  return out;
}

Value* Emitter::tail_mask(Value* left, const Body& b) {
  // The comparison is made in numbers as wide as most values, so that the mask needs no conversion.
  llvm::Type* element = b.width * 8 <= vector_bytes() ? ir.getInt64Ty() : b.width * 4 <= vector_bytes() ? ir.getInt32Ty() : ir.getInt8Ty();
  Value* n = ir.CreateTrunc(smaller(left, number(b.width)), element);
  return ir.CreateICmpULT(lane_numbers(element, b.width), splat(n, b.width));
}

}  // namespace frit::codegen
