// Writing the scalars of a group into kernel regions.
#include "lowering/kernel_writer.h"

#include <algorithm>

namespace frit::lower {

using ir::AttrName;
using ir::Type;

KernelWriter::KernelWriter(const Func& f, const Group& g, const Nest& nest, bool specialise)
    : g_(g), nest_(nest), specialise_(specialise), loop_value_(nest.loops.size()), def_(g.locals.size(), -1) {
  k.level = ir::Level::kernel;
  k.numerics = f.numerics;
  k.name = g.name.empty() ? "kernel" : g.name;
  k.places = f.places;
  for (size_t i = 0; i < g.body.size(); ++i) def_[static_cast<size_t>(g.body[i].results[0])] = static_cast<int>(i);
  // Variation by index variable, then by loop.
  const auto by_index = variance(g);
  std::vector<int> loop_of(g.dims.size(), 0);
  for (size_t l = 0; l < nest.loops.size(); ++l)
    for (ValueId m : nest.loops[l].members)
      loop_of[static_cast<size_t>(std::find(g.dims.begin(), g.dims.end(), m) - g.dims.begin())] = static_cast<int>(l);
  for (uint64_t m : by_index) {
    uint64_t v = 0;
    for (size_t d = 0; d < g.dims.size(); ++d)
      if (m >> d & 1) v |= uint64_t{1} << loop_of[d];
    varies_.push_back(v);
  }
  auto add_buffer = [&](ValueId t) {
    if (buffers_.count(t)) return;
    const std::string& name = f.value(t).name;
    buffers_[t] = k.add_param(Type::buffer(f.type(t).dtype), name.empty() ? "b" : name);
    result.tensors.push_back(t);
  };
  for (ValueId t : g.inputs()) add_buffer(t);
  for (const Group::Output& o : g.outputs) add_buffer(o.tensor);
}

IndexExpr KernelWriter::number(int64_t v) {
  if (specialise_ || v == 0) return IndexExpr(v);
  result.params.push_back(v);
  return IndexExpr::of(k.add_param(Type::index(), "n"));
}

void KernelWriter::add_scaled(IndexExpr& e, ValueId var, int64_t stride) {
  if (specialise_ || (stride >= -1 && stride <= 1)) e.add_term(var, stride);
  else e.add_term(var, 1, number(stride).terms[0].var);
}
IndexExpr KernelWriter::scaled(ValueId var, int64_t stride) {
  IndexExpr e;
  add_scaled(e, var, stride);
  return e;
}

ValueId KernelWriter::add_temp(DType t, int64_t count) {
  result.temps.push_back({t, count});
  return k.add_param(Type::buffer(t), "partial");
}

ValueId KernelWriter::add_local(DType t, int64_t size) {
  OpNode op;
  op.op = Op::local;
  op.index = {IndexExpr(size)};
  result.scratch_bytes = ir::checked_add(result.scratch_bytes, ir::checked_add(ir::checked_mul(size, size_of(t)), 63) / 64 * 64);
  return k.result(k.add_op(top.region, std::move(op), {Type::buffer(t)}, "local"));
}

IndexExpr KernelWriter::index_op(Scope& s, Op op, IndexExpr a, IndexExpr b) {
  OpNode n;
  n.op = op;
  n.index = {std::move(a), std::move(b)};
  return IndexExpr::of(k.result(add(s, std::move(n), {Type::index()}, "i")));
}

void KernelWriter::split_item(Scope& s, ValueId w, const std::vector<int>& loops) {
  IndexExpr rest = IndexExpr::of(w);
  for (size_t i = loops.size(); i-- > 0;) {
    const int64_t n = nest_.loops[static_cast<size_t>(loops[i])].extent;
    if (i == 0) {
      set_loop(loops[i], rest);
    } else {
      const IndexExpr extent = number(n);
      set_loop(loops[i], index_op(s, Op::index_rem, rest, extent));
      rest = index_op(s, Op::index_div, rest, extent);
    }
  }
}

Scope KernelWriter::open(Scope& up, const std::vector<const char*>& names, uint64_t more_loops) {
  Scope s;
  s.up = &up;
  s.loops = up.loops | more_loops;
  for (const char* n : names) k.add_arg(s.region, Type::index(), n);
  return s;
}

IndexExpr KernelWriter::address(Scope& s, const Linear& l) {
  IndexExpr e = number(l.constant);
  for (size_t d = 0; d < l.coeff.size(); ++d) {
    const int64_t c = l.coeff[d];
    if (c == 0) continue;
    const IndexExpr& v = loop_value_[d];
    // A loop's value is a variable plus perhaps a constant or others; each part is scaled.
    if (v.constant != 0) e += IndexExpr(ir::checked_mul(v.constant, c));
    for (const auto& t : v.terms) {
      if (t.coeff != 1 || t.scale != kNone) ir::internal_error("a loop's value is not a sum of variables");
      add_scaled(e, t.var, c);
    }
  }
  for (const auto& [local, c] : l.dyn) {
    const Operand v = value(s, local);
    if (v.is_value()) add_scaled(e, v.value, c);
    else e += IndexExpr(ir::checked_mul(v.lit.as<int64_t>(), c));
  }
  return e;
}

const OpNode* KernelWriter::def(ValueId local) const {
  const int at = def_[static_cast<size_t>(local)];
  return at < 0 ? nullptr : &g_.body[static_cast<size_t>(at)];
}

Operand KernelWriter::value(Scope& s, ValueId local) {
  for (Scope* p = &s; p; p = p->up) {
    auto it = p->made.find(local);
    if (it != p->made.end()) return it->second;
  }
  auto st = stored_.find(local);
  const uint64_t need = st != stored_.end() ? st->second.loops : varies(local);
  Scope* at = &s;
  // The outermost scope that knows every loop needed. Scopes without work items (top) hold no values.
  while (!at->whole && at->up && at->up->up && (at->up->loops & need) == need) at = at->up;
  if ((at->loops & need) != need) ir::internal_error("a value is needed outside the loops that it varies over");
  const Operand v = st != stored_.end()
                        ? load(*at, st->second.local_array, st->second.index, g_.local(local).dtype, g_.local(local).name)
                        : make(*at, local);
  at->made[local] = v;
  return v;
}

Operand KernelWriter::make_read(Scope& s, int at, const OpNode& o) {
  const Linear& l = nest_.address[static_cast<size_t>(at)];
  const DType t = g_.local(o.results[0]).dtype;
  const auto& guards = nest_.guards[static_cast<size_t>(at)];
  OpNode n;
  n.op = Op::load;
  n.loc = o.loc;
  n.operands = {buffers_.at(o.operands[0].value)};
  if (!guards.empty()) {
    std::optional<Operand> inside;
    auto scalar = [&](Op op, std::vector<Operand> in) {
      OpNode c;
      c.op = op;
      c.operands = std::move(in);
      c.loc = o.loc;
      return Operand(k.result(add(s, std::move(c), {Type::scalar(DType::boolean)})));
    };
    auto as_value = [&](IndexExpr e) -> Operand {
      if (e.is_constant()) return Literal::of(e.constant);
      OpNode c;
      c.op = Op::index;
      c.index = {std::move(e)};
      c.loc = o.loc;
      return Operand(k.result(add(s, std::move(c), {Type::scalar(DType::i64)})));
    };
    auto also = [&](Operand c) { inside = inside ? scalar(Op::bit_and, {*inside, c}) : c; };
    for (const Nest::Guard& g : guards) {
      const Operand i = as_value(address(s, g.index));
      if (g.below) also(scalar(Op::ge, {i, Literal::of(int64_t{0})}));
      if (g.above) also(scalar(Op::lt, {i, as_value(number(g.extent))}));
    }
    n.operands.push_back(*inside);
    n.operands.push_back(o.literal(AttrName::guard));
  }
  n.index = {address(s, l)};
  return k.result(add(s, std::move(n), {Type::scalar(t)}, g_.local(o.results[0]).name));
}

Operand KernelWriter::make(Scope& s, ValueId local) {
  const OpNode* o = def(local);
  if (!o) ir::internal_error("an index variable is used as a scalar");
  if (o->op == Op::read) return make_read(s, def_index(local), *o);
  OpNode n;
  n.op = o->op;
  n.loc = o->loc;
  n.attrs = o->attrs;
  if (o->op == Op::index) {
    n.index = {address(s, nest_.address[static_cast<size_t>(def_index(local))])};
    if (n.index[0].is_constant()) return Literal::of(n.index[0].constant);
  } else {
    if (!ir::is_elementwise(o->op)) ir::internal_error("a reduction is used before its loop");
    for (const Operand& x : o->operands) n.operands.push_back(value(s, x));
  }
  return k.result(add(s, std::move(n), {Type::scalar(g_.local(local).dtype)}, g_.local(local).name));
}

void KernelWriter::store(Scope& s, ValueId buf, IndexExpr at, Operand v, bool stream, ir::LocId loc) {
  OpNode n;
  n.op = Op::store;
  n.operands = {buf, v};
  n.index = {std::move(at)};
  n.loc = loc;
  if (stream) n.set(AttrName::stream, int64_t{1});
  add(s, std::move(n), {});
}

Operand KernelWriter::load(Scope& s, ValueId buf, IndexExpr at, DType t, std::string name) {
  OpNode n;
  n.op = Op::load;
  n.operands = {buf};
  n.index = {std::move(at)};
  return k.result(add(s, std::move(n), {Type::scalar(t)}, std::move(name)));
}

}  // namespace frit::lower
