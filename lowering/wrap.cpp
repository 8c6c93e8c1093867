// A tensor-level op as a group of its own: what it computes for one element of its result. Ops on f16
// and bf16 become conversions to f32, the op on f32, and one conversion back (LAWS.md, 7); what only
// moves or chooses elements keeps their type.
#include <optional>

#include "lowering/group.h"

namespace frit::lower {

using ir::AttrName;

namespace {

class Wrapper {
 public:
  Wrapper(const Func& f, const OpNode& op, Group& g) : f_(f), op_(op), g_(g) {}

  bool run() {
    out_ = op_.results.empty() ? kNone : op_.results[0];
    if (out_ == kNone) return false;
    if (ir::is_reduce(op_.op)) return reduce();
    if (ir::is_elementwise(op_.op)) return elementwise();
    switch (op_.op) {
      case Op::full: return finish(scalar(op_.operands[0]));
      case Op::iota: return iota();
      case Op::broadcast: return broadcast();
      case Op::reshape: return reshape();
      case Op::permute: return permute();
      case Op::slice: return slice();
      case Op::reverse: return reverse();
      case Op::pad: return pad();
      case Op::concat: return concat();
      case Op::gather: return gather();
      case Op::dot: return dot();
      default: return false;
    }
  }

 private:
  DType dtype() const { return f_.type(out_).dtype; }
  int64_t extent(ValueId tensor, int axis) const { return f_.type(tensor).dims[static_cast<size_t>(axis)].value(); }
  static std::string index_name(size_t i) { return i < 6 ? std::string(1, static_cast<char>('i' + i)) : "i" + std::to_string(i); }

  // One index expression an axis of `tensor`: a new index variable, or 0 where the extent is 1.
  std::vector<IndexExpr> axes_of(ValueId tensor) {
    std::vector<IndexExpr> axes;
    for (int a = 0; a < f_.type(tensor).rank(); ++a)
      axes.push_back(extent(tensor, a) == 1 ? IndexExpr(0) : IndexExpr::of(g_.add_index(extent(tensor, a), index_name(g_.dims.size()))));
    return axes;
  }
  const std::vector<IndexExpr>& out_axes() {
    if (!axes_made_) axes_ = axes_of(out_), axes_made_ = true;
    return axes_;
  }

  Operand add(Op op, std::vector<Operand> operands, DType t) {
    OpNode n;
    n.op = op;
    n.operands = std::move(operands);
    n.loc = op_.loc;
    return g_.add(std::move(n), t);
  }
  Operand index_value(IndexExpr e) {
    OpNode n;
    n.op = Op::index;
    n.index = {std::move(e)};
    n.loc = op_.loc;
    return g_.add(std::move(n), DType::i64);
  }
  Operand cast(Operand v, DType to) {
    const DType from = v.is_value() ? g_.local(v.value).dtype : v.lit.dtype;
    if (from == to) return v;
    OpNode n;
    n.op = Op::cast;
    n.operands = {v};
    n.set(AttrName::to, to);
    n.loc = op_.loc;
    return g_.add(std::move(n), to);
  }
  Operand read(ValueId tensor, std::vector<IndexExpr> axes, const Literal* guard = nullptr) {
    OpNode n;
    n.op = Op::read;
    n.operands = {tensor};
    for (const IndexExpr& e : axes)
      for (const auto& t : e.terms)
        if (!g_.local(t.var).is_index()) n.operands.emplace_back(t.var);  // dynamic indices
    n.index = std::move(axes);
    if (guard) n.set(AttrName::guard, *guard);
    n.loc = op_.loc;
    return g_.add(std::move(n), f_.type(tensor).dtype, f_.value(tensor).name);
  }
  // The operand's number in the type in which it computes.
  Operand computed(Operand v) {
    if (v.is_value()) return cast(v, compute_type(g_.local(v.value).dtype));
    if (!is_half(v.lit.dtype)) return v;
    return Literal::of(DType::f32, v.lit.to_double());
  }
  // The op's result: of the type in which it computes, rounded once.
  Operand rounded(OpNode n) {
    const DType t = dtype();
    return cast(g_.add(std::move(n), compute_type(t), is_half(t) ? "" : f_.value(out_).name), t);
  }
  // An operand that is a literal or a rank-0 tensor.
  Operand scalar(const Operand& o) { return o.is_value() ? read(o.value, {}) : o; }
  static Literal zero(DType t) { return Literal::of(t, 0.0); }

  bool finish(Operand value) {
    g_.outputs.push_back({out_, value, out_axes()});
    g_.name = f_.value(out_).name;
    if (value.is_value() && g_.local(value.value).name.empty()) g_.locals[static_cast<size_t>(value.value)].name = g_.name;
    return true;
  }

  bool elementwise() {
    // cast converts by itself, and where moves bits.
    const bool moves = op_.op == Op::cast || op_.op == Op::where;
    std::vector<Operand> in;
    for (const Operand& o : op_.operands) {
      if (!o.is_value() || f_.type(o.value).rank() == 0) in.push_back(scalar(o));
      else in.push_back(read(o.value, out_axes()));
      if (!moves) in.back() = computed(in.back());
    }
    OpNode n;
    n.op = op_.op;
    n.operands = std::move(in);
    n.attrs = op_.attrs;
    n.loc = op_.loc;
    return finish(moves ? Operand(g_.add(std::move(n), dtype(), f_.value(out_).name)) : rounded(std::move(n)));
  }

  bool iota() {
    const IndexExpr& e = out_axes()[static_cast<size_t>(op_.i64(AttrName::axis))];
    return finish(cast(index_value(e), dtype()));
  }

  bool broadcast() {
    if (!op_.operands[0].is_value()) return finish(op_.operands[0]);
    const ValueId x = op_.operands[0].value;
    const int lead = f_.type(out_).rank() - f_.type(x).rank();
    std::vector<IndexExpr> at;
    for (int a = 0; a < f_.type(x).rank(); ++a)
      at.push_back(extent(x, a) == 1 ? IndexExpr(0) : out_axes()[static_cast<size_t>(a + lead)]);
    return finish(read(x, at));
  }

  // Only where axes of extent 1 come or go, or an axis is split; other reshapes stay as they are.
  bool reshape() {
    if (!op_.operands[0].is_value()) return finish(op_.operands[0]);
    const ValueId x = op_.operands[0].value;
    if (f_.type(out_).count() == 0) return false;
    std::vector<int64_t> to;
    std::vector<IndexExpr> vars;
    for (int a = 0; a < f_.type(out_).rank(); ++a)
      if (extent(out_, a) != 1) to.push_back(extent(out_, a));
    // Plan first, so that nothing is added to the group on refusal.
    size_t next = 0;
    std::vector<std::pair<size_t, size_t>> ranges;  // of `to`, for each axis of x that is not 1
    for (int a = 0; a < f_.type(x).rank(); ++a) {
      if (extent(x, a) == 1) continue;
      int64_t n = 1;
      const size_t first = next;
      while (next < to.size() && n < extent(x, a)) n *= to[next++];
      if (n != extent(x, a)) return false;
      ranges.emplace_back(first, next);
    }
    for (const IndexExpr& e : out_axes())
      if (!e.is_constant()) vars.push_back(e);
    std::vector<IndexExpr> at;
    size_t axis = 0;
    for (int a = 0; a < f_.type(x).rank(); ++a) {
      if (extent(x, a) == 1) {
        at.emplace_back(0);
        continue;
      }
      auto [first, last] = ranges[axis++];
      IndexExpr e(0);
      int64_t stride = 1;
      for (size_t k = last; k-- > first;) {
        e += vars[k].times(stride);
        stride *= to[k];
      }
      at.push_back(std::move(e));
    }
    return finish(read(x, std::move(at)));
  }

  bool permute() {
    const ValueId x = op_.operands[0].value;
    const auto& order = op_.ints(AttrName::order);
    std::vector<IndexExpr> at(order.size());
    for (size_t k = 0; k < order.size(); ++k) at[static_cast<size_t>(order[k])] = out_axes()[k];
    return finish(read(x, at));
  }

  bool slice() {
    const ValueId x = op_.operands[0].value;
    const auto &start = op_.ints(AttrName::start), &step = op_.ints(AttrName::step);
    std::vector<IndexExpr> at;
    for (size_t a = 0; a < start.size(); ++a) {
      IndexExpr e = out_axes()[a].times(step[a]);
      e += IndexExpr(start[a]);
      at.push_back(std::move(e));
    }
    return finish(read(x, at));
  }

  bool reverse() {
    const ValueId x = op_.operands[0].value;
    std::vector<IndexExpr> at = out_axes();
    for (int64_t a : op_.ints(AttrName::axes)) {
      at[static_cast<size_t>(a)] = out_axes()[static_cast<size_t>(a)].times(-1);
      at[static_cast<size_t>(a)] += IndexExpr(extent(x, static_cast<int>(a)) - 1);
    }
    return finish(read(x, at));
  }

  // 0 <= e < n as a bool scalar, or nothing where it always holds over the space.
  void add_range_check(const IndexExpr& e, int64_t n, std::optional<Operand>& all) {
    int64_t lo = e.constant, hi = e.constant;
    for (const auto& t : e.terms) (t.coeff < 0 ? lo : hi) += t.coeff * (g_.local(t.var).extent - 1);
    auto also = [&](Operand c) { all = all ? add(Op::bit_and, {*all, c}, DType::boolean) : c; };
    if (lo < 0) also(add(Op::ge, {index_value(e), Literal::of(int64_t{0})}, DType::boolean));
    if (hi >= n) also(add(Op::lt, {index_value(e), Literal::of(n)}, DType::boolean));
  }

  bool pad() {
    const Operand x = op_.operands[0];
    const auto& low = op_.ints(AttrName::low);
    std::vector<IndexExpr> at;
    std::optional<Operand> inside;
    for (size_t a = 0; a < low.size(); ++a) {
      IndexExpr e = out_axes()[a];
      e += IndexExpr(-low[a]);
      at.push_back(e);
    }
    if (!op_.operands[1].is_value()) return finish(read(x.value, at, &op_.operands[1].lit));
    for (size_t a = 0; a < low.size(); ++a) add_range_check(at[a], extent(x.value, static_cast<int>(a)), inside);
    const Literal z = zero(dtype());
    const Operand v = read(x.value, at, &z);
    if (!inside) return finish(v);
    return finish(add(Op::where, {*inside, v, scalar(op_.operands[1])}, dtype()));
  }

  bool concat() {
    const auto axis = static_cast<size_t>(op_.i64(AttrName::axis));
    const Literal z = zero(dtype());
    int64_t end = extent(out_, static_cast<int>(axis));
    // The last operand first: where(i < its start, what stands before, it).
    std::optional<Operand> value;
    int64_t at_start = 0;
    for (const Operand& o : op_.operands) {
      const int64_t n = extent(o.value, static_cast<int>(axis));
      if (n == 0) continue;
      std::vector<IndexExpr> at = out_axes();
      at[axis] += IndexExpr(-at_start);
      if (n == 1 && end == 1) at[axis] = IndexExpr(0);
      const bool whole = n == end;
      const Operand v = read(o.value, at, whole ? nullptr : &z);
      if (!value) {
        value = v;
      } else {
        const Operand before = add(Op::lt, {index_value(out_axes()[axis]), Literal::of(at_start)}, DType::boolean);
        value = add(Op::where, {before, *value, v}, dtype());
      }
      at_start += n;
    }
    return finish(value ? *value : Operand(z));
  }

  bool gather() {
    const ValueId x = op_.operands[0].value, index = op_.operands[1].value;
    const auto axis = static_cast<int>(op_.i64(AttrName::axis));
    const int64_t n = extent(x, axis);
    const int index_rank = f_.type(index).rank();
    std::vector<IndexExpr> index_at(out_axes().begin() + axis, out_axes().begin() + axis + index_rank);
    Operand k = cast(read(index, index_at), DType::i64);
    const Operand negative = add(Op::lt, {k, Literal::of(int64_t{0})}, DType::boolean);
    k = add(Op::where, {negative, add(Op::add, {k, Literal::of(n)}, DType::i64), k}, DType::i64);
    k = add(Op::clamp, {k, Literal::of(int64_t{0}), Literal::of(n - 1)}, DType::i64);
    std::vector<IndexExpr> at(out_axes().begin(), out_axes().begin() + axis);
    at.push_back(IndexExpr::of(k.value));
    at.insert(at.end(), out_axes().begin() + axis + index_rank, out_axes().end());
    return finish(read(x, at));
  }

  bool reduce() {
    const ValueId x = op_.operands[0].value;
    std::vector<IndexExpr> at = axes_of(x);
    OpNode n;
    n.op = op_.op;
    n.loc = op_.loc;
    std::vector<IndexExpr> kept = at;
    for (int64_t a : op_.ints(AttrName::axes)) {
      if (!at[static_cast<size_t>(a)].is_constant()) n.index.push_back(at[static_cast<size_t>(a)]);
      kept[static_cast<size_t>(a)] = IndexExpr(0);
    }
    axes_ = std::move(kept);
    axes_made_ = true;
    n.operands = {computed(read(x, at))};
    if (n.index.empty()) n = reduction_of_one(n, compute_type(dtype()));
    return finish(rounded(std::move(n)));
  }

  // Canonical: lhs[B, M, K] with axes batch 0, contracted 2; rhs[B, K, N].
  bool dot() {
    const ValueId a = op_.operands[0].value, b = op_.operands[1].value;
    if (f_.type(a).rank() != 3 || f_.type(b).rank() != 3) ir::internal_error("dot is not in canonical form");
    const int64_t k_extent = extent(a, 2);
    const std::vector<IndexExpr> o = out_axes();
    const IndexExpr k = k_extent == 1 ? IndexExpr(0) : IndexExpr::of(g_.add_index(k_extent, "k"));
    const Operand x = computed(read(a, {o[0], o[1], k})), y = computed(read(b, {o[0], k, o[2]}));
    OpNode n;
    n.op = Op::reduce_dot;
    n.operands = {x, y};
    n.loc = op_.loc;
    if (k_extent == 1) n = reduction_of_one(n, compute_type(dtype()));
    else n.index = {k};
    return finish(rounded(std::move(n)));
  }

  const Func& f_;
  const OpNode& op_;
  Group& g_;
  ValueId out_ = kNone;
  std::vector<IndexExpr> axes_;
  bool axes_made_ = false;
};

}  // namespace

bool wrap(const Func& f, const OpNode& op, Group& out) {
  Group g;
  if (!Wrapper(f, op, g).run()) return false;
  out = std::move(g);
  return true;
}

}  // namespace frit::lower
