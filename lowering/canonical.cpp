// Canonical forms that the schedules rely on: dense operands, dots as lhs[B,M,K] . rhs[B,K,N],
// reductions over one run of adjacent axes, and joins of few parts.
#include <algorithm>
#include <numeric>

#include "ir/ops.h"
#include "lowering/passes.h"

namespace frit::lower {

using ir::AttrName;
using ir::Dims;
using ir::Func;
using ir::kNone;
using ir::Op;
using ir::OpId;
using ir::Operand;
using ir::OpNode;
using ir::Type;
using ir::ValueId;

namespace {

// Rewrites a body op by op: `each` returns false to keep the op as it is, or appends what replaces it
// and maps its result.
class Rewriter {
 public:
  explicit Rewriter(Func& f) : f_(f), old_(std::move(f.body.ops)), to_(f.values.size()) {
    f_.body.ops.clear();
    std::iota(to_.begin(), to_.end(), 0);
  }
  template <class F>
  void run(F&& each) {
    bool changed = false;
    for (OpId id : old_) {
      for (Operand& o : f_.op(id).operands)
        if (o.is_value()) o.value = to_[static_cast<size_t>(o.value)];
      const OpNode op = f_.op(id);
      loc_ = op.loc;
      if (each(op)) changed = true;
      else f_.body.ops.push_back(id);
    }
    if (changed) f_.compact();
  }
  void map(ValueId from, ValueId to) {
    if (f_.value(to).name.empty()) f_.value(to).name = f_.value(from).name;
    to_[static_cast<size_t>(from)] = to;
  }

  ValueId emit(Op op, std::vector<Operand> in, const Type& t, std::vector<ir::Attr> attrs = {}) {
    OpNode n;
    n.op = op;
    n.operands = std::move(in);
    n.loc = loc_;
    for (ir::Attr& a : attrs) n.set(a.name, std::move(a.value));
    return f_.result(f_.add_op(f_.body, std::move(n), {t}));
  }
  const Type& type(ValueId v) const { return f_.type(v); }
  ValueId reshape(ValueId x, Dims dims) {
    if (type(x).dims == dims) return x;
    return emit(Op::reshape, {x}, Type::tensor(type(x).dtype, std::move(dims)));
  }
  ValueId permute(ValueId x, const std::vector<int64_t>& order) {
    if (std::is_sorted(order.begin(), order.end())) return x;
    Dims d;
    for (int64_t a : order) d.push_back(type(x).dims[static_cast<size_t>(a)]);
    return emit(Op::permute, {x}, Type::tensor(type(x).dtype, std::move(d)), {{AttrName::order, order}});
  }
  ValueId broadcast(ValueId x, Dims dims) {
    if (type(x).dims == dims) return x;
    return emit(Op::broadcast, {x}, Type::tensor(type(x).dtype, std::move(dims)));
  }

 private:
  Func& f_;
  std::vector<OpId> old_;
  std::vector<ValueId> to_;
  ir::LocId loc_ = kNone;
};

int64_t product(const Type& t, const std::vector<int64_t>& axes) {
  int64_t n = 1;
  for (int64_t a : axes) n = ir::checked_mul(n, t.dims[static_cast<size_t>(a)].value());
  return n;
}

std::vector<int64_t> others(const Type& t, std::initializer_list<const std::vector<int64_t>*> used) {
  std::vector<int64_t> free;
  for (int64_t a = 0; a < t.rank(); ++a) {
    bool taken = false;
    for (const auto* u : used) taken |= std::find(u->begin(), u->end(), a) != u->end();
    if (!taken) free.push_back(a);
  }
  return free;
}

std::vector<int64_t> joined(std::initializer_list<const std::vector<int64_t>*> lists) {
  std::vector<int64_t> all;
  for (const auto* l : lists) all.insert(all.end(), l->begin(), l->end());
  return all;
}

}  // namespace

// Parameters with strides of their own are copied first; fusion takes the copy into their readers
// where those can read with strides.
void densify(Func& f, PassContext&) {
  std::vector<ValueId> copy(f.values.size(), kNone);
  std::vector<OpId> copies;
  const std::vector<ValueId> params = f.body.args;
  std::vector<OpId> ops = std::move(f.body.ops);
  f.body.ops.clear();
  for (ValueId p : params) {
    if (f.value(p).strides.empty()) continue;
    OpNode n;
    n.op = Op::slice;
    n.operands = {p};
    std::vector<int64_t> zero, end, one;
    for (ir::Dim d : f.type(p).dims) zero.push_back(0), end.push_back(d.value()), one.push_back(1);
    n.set(AttrName::start, zero);
    n.set(AttrName::limit, end);
    n.set(AttrName::step, one);
    const Type t = f.type(p);
    copy[static_cast<size_t>(p)] = f.result(f.add_op(f.body, std::move(n), {t}, f.value(p).name));
  }
  if (f.body.ops.empty()) {
    f.body.ops = std::move(ops);
    return;
  }
  for (OpId id : ops) {
    for (Operand& o : f.op(id).operands)
      if (o.is_value() && copy[static_cast<size_t>(o.value)] != kNone) o.value = copy[static_cast<size_t>(o.value)];
    f.body.ops.push_back(id);
  }
  f.compact();
}

void canonical_dots(Func& f, PassContext&) {
  Rewriter w(f);
  w.run([&](const OpNode& op) {
    if (op.op != Op::dot) return false;
    const ValueId a = op.operands[0].value, b = op.operands[1].value;
    const Type ta = w.type(a), tb = w.type(b), out = w.type(op.results[0]);
    const auto &ba = op.ints(AttrName::batch_lhs), &bb = op.ints(AttrName::batch_rhs), &ka = op.ints(AttrName::lhs), &kb = op.ints(AttrName::rhs);
    const auto ma = others(ta, {&ba, &ka}), nb = others(tb, {&bb, &kb});
    const int64_t B = product(ta, ba), M = product(ta, ma), K = product(ta, ka), N = product(tb, nb);
    auto cast_to = [&](ValueId v, DType t) {
      return w.type(v).dtype == t ? v : w.emit(Op::cast, {v}, Type::tensor(t, w.type(v).dims), {{AttrName::to, t}});
    };
    auto cast = [&](ValueId v) { return cast_to(v, out.dtype); };
    ValueId r;
    if (ka.empty()) {  // products alone
      const ValueId x = w.reshape(w.permute(cast(a), joined({&ba, &ma})), {B, M, 1});
      const ValueId y = w.reshape(w.permute(cast(b), joined({&bb, &nb})), {B, 1, N});
      const Type t = Type::tensor(out.dtype, Dims{B, M, N});
      r = w.emit(Op::mul, {w.broadcast(x, t.dims), w.broadcast(y, t.dims)}, t);
    } else if (ma.empty() && nb.empty()) {  // LAWS.md, 12: sum(x * y)
      const DType t = compute_type(out.dtype);
      const ValueId x = w.permute(cast_to(a, t), joined({&ba, &ka})), y = w.permute(cast_to(b, t), joined({&bb, &kb}));
      const ValueId p = w.emit(Op::mul, {x, y}, w.type(x));
      std::vector<int64_t> axes;
      Dims kept = w.type(x).dims;
      for (size_t k = ba.size(); k < kept.size(); ++k) axes.push_back(static_cast<int64_t>(k)), kept[k] = 1;
      r = w.emit(Op::reduce_sum, {p}, Type::tensor(ir::reduce_result(Op::reduce_sum, t), kept), {{AttrName::axes, axes}});
      r = cast(r);  // integer sums widen, f16 and bf16 are summed in f32; dot keeps the operands' type
    } else {
      const ValueId x = w.reshape(w.permute(cast(a), joined({&ba, &ma, &ka})), {B, M, K});
      const ValueId y = w.reshape(w.permute(cast(b), joined({&bb, &kb, &nb})), {B, K, N});
      const Type t = Type::tensor(out.dtype, Dims{B, M, N});
      if (t.dims == out.dims && x == a && y == b) return false;  // canonical already
      r = w.emit(Op::dot, {x, y}, t, {{AttrName::lhs, std::vector<int64_t>{2}}, {AttrName::rhs, std::vector<int64_t>{1}},
                                      {AttrName::batch_lhs, std::vector<int64_t>{0}}, {AttrName::batch_rhs, std::vector<int64_t>{0}}});
    }
    w.map(op.results[0], w.reshape(r, out.dims));
    return true;
  });
}

void canonical_reductions(Func& f, PassContext&) {
  Rewriter w(f);
  w.run([&](const OpNode& op) {
    if (!ir::is_reduce(op.op) || !op.operands[0].is_value()) return false;
    const ValueId x = op.operands[0].value;
    const Type t = w.type(x), out = w.type(op.results[0]);
    std::vector<int64_t> axes = op.ints(AttrName::axes);
    bool run = true;
    for (size_t i = 1; i < axes.size(); ++i) run &= axes[i] == axes[i - 1] + 1;
    if (run) return false;
    // The kept axes first, then the reduced ones in the order in which they are one extent.
    const auto kept = others(t, {&axes});
    const ValueId p = w.permute(x, joined({&kept, &axes}));
    std::vector<int64_t> last;
    Dims dims = w.type(p).dims;
    for (size_t k = kept.size(); k < dims.size(); ++k) last.push_back(static_cast<int64_t>(k)), dims[k] = 1;
    const ValueId r = w.emit(op.op, {p}, Type::tensor(out.dtype, dims), {{AttrName::axes, last}});
    w.map(op.results[0], w.reshape(r, out.dims));
    return true;
  });
}

// Where many parts are joined, in a tree. A join asks for every element of the result which part it comes from:
// of n parts in one kernel that is n questions an element, a tenth of a nanosecond each, in a tree a copy a level more
// (docs/measured.md).
void canonical_concats(Func& f, PassContext&) {
  Rewriter w(f);
  w.run([&](const OpNode& op) {
    constexpr size_t most = kMostParts;
    if (op.op != Op::concat || op.operands.size() <= most) return false;
    const int64_t axis = op.i64(AttrName::axis);
    auto join = [&](std::vector<Operand> parts) {
      Type t = w.type(parts[0].value);
      int64_t extent = 0;
      for (const Operand& o : parts) extent = ir::checked_add(extent, w.type(o.value).dims[static_cast<size_t>(axis)].value());
      t.dims[static_cast<size_t>(axis)] = extent;
      return w.emit(Op::concat, std::move(parts), t, {{AttrName::axis, axis}});
    };
    std::vector<Operand> parts = op.operands;
    while (parts.size() > most) {
      std::vector<Operand> fewer;
      for (size_t k = 0; k < parts.size(); k += most) {
        const size_t end = std::min(k + most, parts.size());
        fewer.push_back(end - k == 1 ? parts[k] : Operand(join({parts.begin() + static_cast<std::ptrdiff_t>(k), parts.begin() + static_cast<std::ptrdiff_t>(end)})));
      }
      parts = std::move(fewer);
    }
    w.map(op.results[0], join(std::move(parts)));
    return true;
  });
}

}  // namespace frit::lower
