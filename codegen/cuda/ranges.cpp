// See ranges.h.
#include "codegen/cuda/ranges.h"

#include <algorithm>
#include <numeric>

namespace frit::codegen::cuda {

using ir::IndexExpr;
using ir::Op;
using ir::ValueId;

Ranges::Ranges(const ir::Func& f) : f_(f), owner_(f.values.size(), ir::kNone) { walk(f.body); }

void Ranges::walk(const ir::Region& r) {
  for (ir::OpId id : r.ops)
    for (const ir::Region& inner : f_.op(id).regions) {
      for (ValueId a : inner.args) owner_[static_cast<size_t>(a)] = id;
      walk(inner);
    }
}

const ir::OpNode* Ranges::def(ValueId v) const {
  const ir::OpId d = f_.value(v).def;
  return d == ir::kNone ? nullptr : &f_.op(d);
}

// Which argument of its region v is.
static size_t argument(const ir::OpNode& op, ValueId v) {
  const auto& args = op.regions[0].args;
  return static_cast<size_t>(std::find(args.begin(), args.end(), v) - args.begin());
}

std::optional<int64_t> Ranges::most(ValueId v) const {
  if (const ir::OpNode* d = def(v)) {
    if (f_.type(v).cls != ir::TypeClass::index) return std::nullopt;
    const auto a = most(d->index.at(0));
    if (d->op == Op::index) return a;
    const auto b = most(d->index.at(1));
    const bool number = d->index[1].is_constant();
    switch (d->op) {
      case Op::index_min: return a && b ? std::min(*a, *b) : a ? a : b;
      case Op::index_max: return a && b ? std::optional(std::max(*a, *b)) : std::nullopt;
      case Op::index_div: return a && number ? std::optional(*a / d->index[1].constant) : a;
      case Op::index_rem: return b ? std::optional(*b - 1) : a;
      default: return std::nullopt;
    }
  }
  const ir::OpId id = owner_[static_cast<size_t>(v)];
  if (id == ir::kNone) return std::nullopt;
  const ir::OpNode& op = f_.op(id);
  // The argument of work runs to its count, those of loops, cols and products to their bounds.
  const size_t bound = op.op == Op::work ? 0 : 2 * argument(op, v) + 1;
  const auto end = most(op.index.at(bound));
  return end ? std::optional(*end - 1) : std::nullopt;
}

std::optional<int64_t> Ranges::least(ValueId v) const {
  if (f_.type(v).cls != ir::TypeClass::index) return std::nullopt;
  if (const ir::OpNode* d = def(v)) {
    if (d->op == Op::index_div || d->op == Op::index_rem) return 0;
    const auto a = least(d->index.at(0));
    if (d->op == Op::index) return a;
    const auto b = least(d->index.at(1));
    if (d->op == Op::index_max) return a && b ? std::optional(std::max(*a, *b)) : a ? a : b;
    return a && b ? std::optional(std::min(*a, *b)) : std::nullopt;
  }
  const ir::OpId id = owner_[static_cast<size_t>(v)];
  if (id == ir::kNone) return std::nullopt;  // a parameter: a stride may be negative
  const ir::OpNode& op = f_.op(id);
  if (op.op == Op::work) return 0;
  return least(op.index.at(2 * argument(op, v)));
}

std::optional<int64_t> Ranges::most(const IndexExpr& e) const {
  int64_t sum = e.constant;
  for (const auto& t : e.terms) {
    if (t.scale != ir::kNone) return std::nullopt;
    const auto m = t.coeff >= 0 ? most(t.var) : least(t.var);
    int64_t part = 0;
    if (!m || __builtin_mul_overflow(t.coeff, *m, &part) || __builtin_add_overflow(sum, part, &sum)) return std::nullopt;
  }
  return sum;
}

std::optional<int64_t> Ranges::least(const IndexExpr& e) const {
  const auto m = most(e.times(-1));
  return m ? std::optional(-*m) : std::nullopt;
}

int64_t Ranges::divisor(ValueId v) const {
  const ir::OpNode* d = def(v);
  if (!d || f_.type(v).cls != ir::TypeClass::index) return 1;
  if (d->op == Op::index) return divisor(d->index.at(0));
  if (d->op == Op::index_min || d->op == Op::index_max) return std::gcd(divisor(d->index.at(0)), divisor(d->index.at(1)));
  return 1;
}

int64_t Ranges::divisor(const IndexExpr& e) const {
  int64_t g = std::abs(e.constant);
  for (const auto& t : e.terms) g = std::gcd(g, std::abs(t.coeff) * (t.scale == ir::kNone ? divisor(t.var) : 1));
  return g;
}

Extent Ranges::extent(const IndexExpr& lo, const IndexExpr& hi) const {
  auto difference = [&](const IndexExpr& end) {
    IndexExpr e = lo.times(-1);
    return e += end;
  };
  Extent out;
  const IndexExpr n = difference(hi);
  if (n.is_constant()) {
    out.exact = out.at_most = std::max<int64_t>(0, n.constant);
    return out;
  }
  out.at_most = most(n);
  // hi = min(a, b), as at the end of a row of chunks: a - lo and b - lo are bounds; where a never
  // passes b, a is hi.
  if (hi.terms.size() == 1 && hi.terms[0].coeff == 1 && hi.terms[0].scale == ir::kNone) {
    const ir::OpNode* d = def(hi.terms[0].var);
    if (d && d->op == Op::index_min) {
      for (int side = 0; side < 2; ++side) {
        IndexExpr a = d->index.at(static_cast<size_t>(side)), b = d->index.at(static_cast<size_t>(1 - side));
        a.constant += hi.constant;
        b.constant += hi.constant;
        const IndexExpr m = difference(a);
        if (!m.is_constant()) continue;
        out.at_most = out.at_most ? std::min(*out.at_most, m.constant) : m.constant;
        const auto top = most(a), low = least(b);
        if (top && low && *top <= *low) out.exact = m.constant;
      }
    }
  }
  if (out.at_most) out.at_most = std::max<int64_t>(0, *out.at_most);
  return out;
}

}  // namespace frit::codegen::cuda
