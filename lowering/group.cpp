// Groups: building, tidying, and their form as `fused` ops.
#include "lowering/group.h"

#include <algorithm>
#include <map>

namespace frit::lower {

using ir::AttrName;

ValueId Group::add_index(int64_t extent, std::string name) {
  locals.push_back({DType::i64, extent, std::move(name)});
  dims.push_back(static_cast<ValueId>(locals.size() - 1));
  return dims.back();
}

ValueId Group::add(OpNode op, DType result, std::string name) {
  const auto id = static_cast<ValueId>(locals.size());
  locals.push_back({result, -1, std::move(name)});
  op.results = {id};
  body.push_back(std::move(op));
  return id;
}

bool Group::has_reductions() const {
  return std::any_of(body.begin(), body.end(), is_reduction);
}

std::vector<ValueId> Group::inputs() const {
  std::vector<ValueId> in;
  for (const OpNode& o : body)
    if (o.op == Op::read && std::find(in.begin(), in.end(), o.operands[0].value) == in.end()) in.push_back(o.operands[0].value);
  return in;
}

int64_t space_size(const Group& g) {
  int64_t n = 1;
  for (ValueId d : g.dims) n = ir::checked_mul(n, g.local(d).extent);
  return n;
}

namespace {

// Everything that makes two ops equal, but for results and places.
struct OpKey {
  const OpNode* op;
  bool operator<(const OpKey& o) const {
    const OpNode &a = *op, &b = *o.op;
    if (a.op != b.op) return a.op < b.op;
    if (a.operands.size() != b.operands.size()) return a.operands.size() < b.operands.size();
    for (size_t i = 0; i < a.operands.size(); ++i) {
      auto key = [](const Operand& x) { return std::tuple(x.value, x.lit.dtype, x.lit.bits); };
      if (key(a.operands[i]) != key(b.operands[i])) return key(a.operands[i]) < key(b.operands[i]);
    }
    if (a.index.size() != b.index.size()) return a.index.size() < b.index.size();
    for (size_t i = 0; i < a.index.size(); ++i) {
      const IndexExpr &x = a.index[i], &y = b.index[i];
      if (x.constant != y.constant) return x.constant < y.constant;
      if (x.terms.size() != y.terms.size()) return x.terms.size() < y.terms.size();
      for (size_t k = 0; k < x.terms.size(); ++k) {
        auto key = [](const IndexExpr::Term& t) { return std::tuple(t.var, t.coeff, t.scale); };
        if (key(x.terms[k]) != key(y.terms[k])) return key(x.terms[k]) < key(y.terms[k]);
      }
    }
    if (a.attrs.size() != b.attrs.size()) return a.attrs.size() < b.attrs.size();
    for (size_t i = 0; i < a.attrs.size(); ++i) {
      if (a.attrs[i].name != b.attrs[i].name) return a.attrs[i].name < b.attrs[i].name;
      if (a.attrs[i].value.index() != b.attrs[i].value.index()) return a.attrs[i].value.index() < b.attrs[i].value.index();
      // In a group only guard (a literal) and to (a type) occur.
      if (auto* x = std::get_if<Literal>(&a.attrs[i].value)) {
        const auto& y = std::get<Literal>(b.attrs[i].value);
        if (std::tuple(x->dtype, x->bits) != std::tuple(y.dtype, y.bits)) return std::tuple(x->dtype, x->bits) < std::tuple(y.dtype, y.bits);
      } else if (auto* t = std::get_if<DType>(&a.attrs[i].value)) {
        if (*t != std::get<DType>(b.attrs[i].value)) return *t < std::get<DType>(b.attrs[i].value);
      }
    }
    return false;
  }
};

IndexExpr renamed(const IndexExpr& e, const std::vector<ValueId>& to) {
  IndexExpr r(e.constant);
  for (const auto& t : e.terms) r.add_term(to[static_cast<size_t>(t.var)], t.coeff);
  return r;
}

}  // namespace

void Group::tidy() {
  // Liveness, backwards.
  std::vector<char> live(locals.size(), 0);
  auto mark = [&](const IndexExpr& e) {
    for (const auto& t : e.terms) live[static_cast<size_t>(t.var)] = 1;
  };
  for (const Output& o : outputs) {
    if (o.value.is_value()) live[static_cast<size_t>(o.value.value)] = 1;
    for (const IndexExpr& e : o.axes) mark(e);
  }
  for (size_t i = body.size(); i-- > 0;) {
    OpNode& o = body[i];
    if (!live[static_cast<size_t>(o.results[0])]) continue;
    for (size_t k = o.op == Op::read ? 1 : 0; k < o.operands.size(); ++k)
      if (o.operands[k].is_value()) live[static_cast<size_t>(o.operands[k].value)] = 1;
    for (const IndexExpr& e : o.index) mark(e);
  }
  // Renumber: live index variables first, then the ops in order, equal ones once.
  std::vector<ValueId> to(locals.size(), kNone);
  std::vector<Local> new_locals;
  std::vector<ValueId> new_dims;
  for (ValueId d : dims) {
    if (!live[static_cast<size_t>(d)]) continue;
    to[static_cast<size_t>(d)] = static_cast<ValueId>(new_locals.size());
    new_dims.push_back(to[static_cast<size_t>(d)]);
    new_locals.push_back(std::move(locals[static_cast<size_t>(d)]));
  }
  std::vector<OpNode> new_body;
  new_body.reserve(body.size());
  std::map<OpKey, ValueId> seen;
  for (OpNode& o : body) {
    const ValueId old = o.results[0];
    if (!live[static_cast<size_t>(old)]) continue;
    for (size_t k = o.op == Op::read ? 1 : 0; k < o.operands.size(); ++k)
      if (o.operands[k].is_value()) o.operands[k].value = to[static_cast<size_t>(o.operands[k].value)];
    for (IndexExpr& e : o.index) {
      for (const auto& t : e.terms)
        if (to[static_cast<size_t>(t.var)] == kNone) ir::internal_error("an index is used before it is computed");
      e = renamed(e, to);
    }
    auto it = seen.find(OpKey{&o});
    if (it != seen.end()) {
      to[static_cast<size_t>(old)] = it->second;
      continue;
    }
    const auto id = static_cast<ValueId>(new_locals.size());
    new_locals.push_back(std::move(locals[static_cast<size_t>(old)]));
    to[static_cast<size_t>(old)] = id;
    o.results = {id};
    new_body.push_back(std::move(o));  // capacity was reserved: earlier keys stay valid
    seen.emplace(OpKey{&new_body.back()}, id);
  }
  for (Output& o : outputs) {
    if (o.value.is_value()) o.value.value = to[static_cast<size_t>(o.value.value)];
    for (IndexExpr& e : o.axes) e = renamed(e, to);
  }
  locals = std::move(new_locals);
  dims = std::move(new_dims);
  body = std::move(new_body);
}

OpNode reduction_of_one(const OpNode& o, DType result) {
  OpNode n;
  n.loc = o.loc;
  n.operands = o.operands;
  if (o.op == Op::reduce_dot) {  // the chain from +0
    n.op = is_float(result) ? Op::fma : Op::mul;
    if (is_float(result)) n.operands.emplace_back(Literal::of(result, 0.0));
  } else if (ir::info(o.op).result == ir::ResultRule::index) {  // its own number
    n.op = Op::index;
    n.operands.clear();
    n.index = {IndexExpr(0)};
  } else {  // the identity changes nothing
    n.op = Op::cast;
    n.set(AttrName::to, result);
  }
  return n;
}

std::vector<uint64_t> variance(const Group& g) {
  std::vector<uint64_t> v(g.locals.size(), 0);
  for (size_t i = 0; i < g.dims.size(); ++i) v[static_cast<size_t>(g.dims[i])] = uint64_t{1} << i;
  for (const OpNode& o : g.body) {
    uint64_t m = 0;
    const bool reduction = is_reduction(o);
    for (size_t k = o.op == Op::read ? 1 : 0; k < o.operands.size(); ++k)
      if (o.operands[k].is_value()) m |= v[static_cast<size_t>(o.operands[k].value)];
    for (const IndexExpr& e : o.index)
      for (const auto& t : e.terms) {
        if (reduction) m &= ~v[static_cast<size_t>(t.var)];
        else m |= v[static_cast<size_t>(t.var)];
      }
    v[static_cast<size_t>(o.results[0])] = m;
  }
  return v;
}

int op_cost(Op op) {
  switch (op) {
    case Op::div: case Op::sqrt: case Op::reciprocal: case Op::rem: return 8;
    case Op::rsqrt: return 16;
    case Op::exp: case Op::log: case Op::sigmoid: case Op::tanh: case Op::expm1: case Op::log1p: case Op::erf: return 24;
    case Op::sin: case Op::cos: case Op::pow: return 64;
    case Op::read: case Op::index: return 0;
    default: return 1;
  }
}

OpNode to_op(Func& f, const Group& g, std::vector<ir::Type>& result_types) {
  std::vector<ValueId> to(g.locals.size(), kNone);
  auto expr = [&](const IndexExpr& e) { return renamed(e, to); };
  ir::Region region;
  ir::Dims space;
  for (ValueId d : g.dims) {
    to[static_cast<size_t>(d)] = f.add_arg(region, ir::Type::index(), g.local(d).name);
    space.emplace_back(g.local(d).extent);
  }
  for (const OpNode& o : g.body) {
    OpNode n = o;
    for (size_t k = o.op == Op::read ? 1 : 0; k < n.operands.size(); ++k)
      if (n.operands[k].is_value()) n.operands[k].value = to[static_cast<size_t>(n.operands[k].value)];
    for (IndexExpr& e : n.index) e = expr(e);
    const Group::Local& l = g.local(o.results[0]);
    const OpId id = f.add_op(region, std::move(n), {ir::Type::scalar(l.dtype)}, l.name);
    to[static_cast<size_t>(o.results[0])] = f.result(id);
  }
  OpNode yield;
  yield.op = Op::yield;
  result_types.clear();
  for (const Group::Output& o : g.outputs) {
    yield.operands.push_back(o.value.is_value() ? Operand(to[static_cast<size_t>(o.value.value)]) : o.value);
    ir::Dims dims;
    for (const IndexExpr& e : o.axes) {
      dims.emplace_back(e.is_constant() ? 1 : g.local(e.terms[0].var).extent);
      yield.index.push_back(expr(e));
    }
    result_types.push_back(ir::Type::tensor(o.value.is_value() ? g.local(o.value.value).dtype : o.value.lit.dtype, dims));
  }
  f.add_op(region, std::move(yield), {});
  OpNode op;
  op.op = Op::fused;
  for (ValueId in : g.inputs()) op.operands.emplace_back(in);
  op.set(AttrName::space, space);
  op.regions.push_back(std::move(region));
  return op;
}

Group from_op(const Func& f, const OpNode& op) {
  Group g;
  const ir::Region& r = op.regions[0];
  const ir::Dims& space = op.dims(AttrName::space);
  std::map<ValueId, ValueId> to;
  for (size_t i = 0; i < r.args.size(); ++i) to[r.args[i]] = g.add_index(space[i].value(), f.value(r.args[i]).name);
  // Extents of 1 have no variable; their terms vanish.
  auto expr = [&](const IndexExpr& e) {
    IndexExpr out(e.constant);
    for (const auto& t : e.terms)
      if (g.local(to.at(t.var)).extent != 1) out.add_term(to.at(t.var), t.coeff);
    return out;
  };
  for (OpId id : r.ops) {
    OpNode n = f.op(id);
    for (size_t k = n.op == Op::read ? 1 : 0; k < n.operands.size(); ++k)
      if (n.operands[k].is_value()) n.operands[k].value = to.at(n.operands[k].value);
    for (IndexExpr& e : n.index) e = expr(e);
    if (n.op == Op::yield) {
      size_t at = 0;
      for (size_t k = 0; k < n.operands.size(); ++k) {
        Group::Output o{op.results[k], n.operands[k], {}};
        for (int a = 0; a < f.type(op.results[k]).rank(); ++a) o.axes.push_back(n.index[at++]);
        g.outputs.push_back(std::move(o));
      }
      break;
    }
    if (is_reduction(n)) {
      std::erase_if(n.index, [](const IndexExpr& e) { return e.is_constant(); });
      if (n.index.empty()) n = reduction_of_one(n, f.type(f.op(id).results[0]).dtype);
    }
    const ValueId result = f.op(id).results[0];
    to[result] = g.add(std::move(n), f.type(result).dtype, f.value(result).name);
  }
  g.tidy();
  return g;
}

}  // namespace frit::lower
