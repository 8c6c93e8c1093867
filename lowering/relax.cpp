// Under Numerics::fast: rewrites of fused ops that change bits, each for fewer operations and, as a rule, less error.
//   roundings  a value of f16 or bf16 that is computed and used within a kernel keeps the digits of f32
//   fma        a product that is added once becomes part of the addition
//   reciprocal x / y, where y is a number or the same along the last axis, is x * (1 / y)
// Sums keep their order: it costs nothing.
#include <cmath>
#include <optional>

#include "lowering/group.h"
#include "lowering/library.h"
#include "lowering/passes.h"

namespace frit::lower {

namespace {

class Relaxer {
 public:
  Relaxer(Group& g, PassContext& context) : g_(g), context_(context) {}

  void run() {
    rewrite([&](OpNode& o) { return drop_rounding(o); });
    g_.tidy();
    varies_ = variance(g_);
    rewrite([&](OpNode& o) { return multiply_by_reciprocal(o); });
    count_uses();
    varies_ = variance(g_);
    rewrite([&](OpNode& o) { return contract(o); });
    g_.tidy();
  }

 private:
  // The body anew: step may add ops before the one that it changes.
  template <class F>
  void rewrite(F&& step) {
    std::vector<OpNode> old = std::move(g_.body);
    g_.body.clear();
    def_.assign(g_.locals.size(), -1);
    instead_.assign(g_.locals.size(), kNone);
    wide_.assign(g_.locals.size(), std::nullopt);
    for (OpNode& o : old) {
      for (size_t k = o.op == Op::read ? 1 : 0; k < o.operands.size(); ++k) {
        Operand& x = o.operands[k];
        if (x.is_value() && instead_[static_cast<size_t>(x.value)] != kNone) x.value = instead_[static_cast<size_t>(x.value)];
      }
      if (context_.has_fuel()) step(o);
      def_[static_cast<size_t>(o.results[0])] = static_cast<int>(g_.body.size());
      g_.body.push_back(std::move(o));
    }
    for (Group::Output& o : g_.outputs)
      if (o.value.is_value() && instead_[static_cast<size_t>(o.value.value)] != kNone) o.value.value = instead_[static_cast<size_t>(o.value.value)];
  }

  const OpNode* def(const Operand& o) const {
    if (!o.is_value() || def_[static_cast<size_t>(o.value)] < 0) return nullptr;
    return &g_.body[static_cast<size_t>(def_[static_cast<size_t>(o.value)])];
  }
  DType type(const Operand& o) const { return o.is_value() ? g_.local(o.value).dtype : o.lit.dtype; }
  Operand add(Op op, std::vector<Operand> operands, DType t, ir::LocId loc) {
    OpNode n;
    n.op = op;
    n.operands = std::move(operands);
    n.loc = loc;
    if (op == Op::cast) n.set(ir::AttrName::to, t);
    const ValueId v = g_.add(std::move(n), t);
    def_.resize(g_.locals.size(), -1);
    instead_.resize(g_.locals.size(), kNone);
    wide_.resize(g_.locals.size());
    def_[static_cast<size_t>(v)] = static_cast<int>(g_.body.size()) - 1;
    return v;
  }
  Operand negative(const Operand& o, ir::LocId loc) {
    if (!o.is_value()) return Literal::of(o.lit.dtype, -o.lit.to_double());
    return add(Op::neg, {o}, type(o), loc);
  }

  // A value of 16 bits in f32 before it was rounded, also where it was chosen after; nothing where none is known.
  std::optional<Operand> unrounded(const Operand& o) {
    const OpNode* d = def(o);
    if (!d) return std::nullopt;
    if (std::optional<Operand>& known = wide_[static_cast<size_t>(o.value)]) return known;
    std::optional<Operand> found;
    if (d->op == Op::cast && type(d->operands[0]) == DType::f32) {
      found = d->operands[0];
    } else if (d->op == Op::where) {
      const Operand p = d->operands[0], x = d->operands[1], y = d->operands[2];
      const ir::LocId loc = d->loc;
      const auto a = unrounded(x), b = unrounded(y);
      if (!a && !b) return std::nullopt;
      auto wide = [&](const Operand& v, const std::optional<Operand>& w) {
        if (w) return *w;
        return v.is_value() ? add(Op::cast, {v}, DType::f32, loc) : Operand(Literal::of(DType::f32, v.lit.to_double()));
      };
      const Operand left = wide(x, a), right = wide(y, b);
      found = add(Op::where, {p, left, right}, DType::f32, loc);
    }
    wide_[static_cast<size_t>(o.value)] = found;
    return found;
  }

  void drop_rounding(OpNode& o) {
    if (o.op != Op::cast || !is_half(type(o.operands[0])) || g_.local(o.results[0]).dtype != DType::f32) return;
    const auto x = unrounded(o.operands[0]);
    if (!x || !context_.spend()) return;
    instead_[static_cast<size_t>(o.results[0])] = x->value;
  }

  bool along_last_axis(const Operand& o) const {
    const uint64_t last = g_.dims.empty() ? 0 : uint64_t{1} << (g_.dims.size() - 1);
    return o.is_value() && (varies_[static_cast<size_t>(o.value)] & last) != 0;
  }

  void multiply_by_reciprocal(OpNode& o) {
    if (o.op != Op::div || !is_float(g_.local(o.results[0]).dtype)) return;
    const Operand x = o.operands[0], y = o.operands[1];
    if (!along_last_axis(x) || along_last_axis(y)) return;
    const DType t = type(y);
    Operand inverse;
    if (!y.is_value()) {
      inverse = Literal::of(t, 1 / y.lit.to_double());
      if (!std::isnormal(t == DType::f32 ? static_cast<float>(inverse.lit.to_double()) : inverse.lit.to_double())) return;
    }
    if (!context_.spend()) return;
    if (y.is_value()) inverse = add(Op::reciprocal, {y}, t, o.loc);
    o.op = Op::mul;
    o.operands = {x, inverse};
  }

  void count_uses() {
    uses_.assign(g_.locals.size(), 0);
    for (const OpNode& o : g_.body) {
      for (size_t k = o.op == Op::read ? 1 : 0; k < o.operands.size(); ++k)
        if (o.operands[k].is_value()) ++uses_[static_cast<size_t>(o.operands[k].value)];
    }
    for (const Group::Output& o : g_.outputs)
      if (o.value.is_value()) ++uses_[static_cast<size_t>(o.value.value)];
  }

  // A product that only this op, as often computed, uses.
  const OpNode* product(const Operand& o, const OpNode& user) const {
    const OpNode* d = def(o);
    if (!d || (d->op != Op::mul && d->op != Op::square)) return nullptr;
    const auto v = static_cast<size_t>(o.value);
    return uses_[v] == 1 && varies_[v] == varies_[static_cast<size_t>(user.results[0])] ? d : nullptr;
  }

  void contract(OpNode& o) {
    if ((o.op != Op::add && o.op != Op::sub) || !is_float(g_.local(o.results[0]).dtype)) return;
    const OpNode* left = product(o.operands[0], o);
    const OpNode* right = left ? nullptr : product(o.operands[1], o);
    if ((!left && !right) || !context_.spend()) return;
    const OpNode& m = left ? *left : *right;
    Operand a = m.operands[0], b = m.op == Op::square ? a : m.operands[1], c = o.operands[left ? 1 : 0];
    if (o.op == Op::sub && left) c = negative(c, o.loc);  // ab - c
    else if (o.op == Op::sub) a = negative(a, o.loc);     // c - ab
    o.op = Op::fma;
    o.operands = {a, b, c};
  }

  Group& g_;
  PassContext& context_;
  std::vector<int> def_;                      // by local: its place in the body so far
  std::vector<ValueId> instead_;              // by local: what is used in its place
  std::vector<std::optional<Operand>> wide_;  // by local of 16 bits: its number before it was rounded
  std::vector<uint64_t> varies_;
  std::vector<int> uses_;
};

}  // namespace

void relax(ir::Func& f, PassContext& context) {
  if (f.numerics != Numerics::fast) return;
  for (OpId id : f.body.ops) {
    if (f.op(id).op != Op::fused) continue;
    Group g = from_op(f, f.op(id));
    if (library_dot(f, g, context.options, Follow::epilogue)) continue;  // what the library computes has its own formula
    Relaxer(g, context).run();
    std::vector<ir::Type> types;
    OpNode now = to_op(f, g, types);
    OpNode& op = f.op(id);
    now.results = op.results;
    now.loc = op.loc;
    for (const ir::Attr& a : op.attrs)
      if (!now.find(a.name)) now.set(a.name, a.value);
    op = std::move(now);
  }
  f.compact();
}

}  // namespace frit::lower
