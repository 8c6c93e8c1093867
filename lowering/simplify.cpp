// Simplification at tensor level: the exact algebraic rules of rules.cpp, constant folding, and
// views of views. One pass forwards; what an op becomes is simplified again before the next op.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "ir/infer.h"
#include "lowering/passes.h"
#include "lowering/rules.h"

namespace frit::lower {

using ir::AttrName;
using ir::Func;
using ir::kNone;
using ir::Literal;
using ir::Op;
using ir::OpId;
using ir::Operand;
using ir::OpNode;
using ir::Type;
using ir::ValueId;

namespace {

struct ParsedRule {
  const Rule* rule;
  Term pattern, replacement;
};
// By the op at the pattern's root.
const std::multimap<Op, ParsedRule>& parsed_rules() {
  static const auto* table = [] {
    auto* t = new std::multimap<Op, ParsedRule>;
    for (const Rule& r : rules()) {
      Term p = parse_term(r.pattern);
      const Op op = p.what;
      t->emplace(op, ParsedRule{&r, std::move(p), parse_term(r.replacement)});
    }
    return t;
  }();
  return *table;
}

bool is_commutative(Op op) {
  switch (op) {
    case Op::add: case Op::mul: case Op::maximum: case Op::minimum: case Op::bit_and: case Op::bit_or: case Op::bit_xor: case Op::eq: case Op::ne:
      return true;
    default: return false;
  }
}

class Simplifier {
 public:
  Simplifier(Func& f, PassContext& context) : f_(f), context_(context) {}

  void run() {
    replaced_.assign(f_.values.size(), std::nullopt);
    std::vector<OpId> old = std::move(f_.body.ops);
    f_.body.ops.clear();
    for (OpId id : old) visit(id);
    f_.compact();
  }

 private:
  Operand resolve(const Operand& o) const {
    if (!o.is_value() || static_cast<size_t>(o.value) >= replaced_.size() || !replaced_[static_cast<size_t>(o.value)]) return o;
    return *replaced_[static_cast<size_t>(o.value)];
  }
  const OpNode* def(const Operand& o) const {
    if (!o.is_value() || f_.value(o.value).def == kNone) return nullptr;
    return &f_.op(f_.value(o.value).def);
  }

  void visit(OpId id) {
    for (Operand& o : f_.op(id).operands) o = resolve(o);
    if (f_.op(id).op == Op::ret) {
      f_.body.ops.push_back(id);
      return;
    }
    // Numbers that were tensors: a scalar operand of an elementwise op may be written in place.
    if (ir::is_elementwise(f_.op(id).op)) write_numbers_in_place(id);
    for (int round = 0; round < 16; ++round) {
      if (!context_.has_fuel()) break;
      if (const auto same = replacement(id)) {
        if (!context_.spend()) break;
        if (static_cast<size_t>(f_.result(id)) >= replaced_.size()) replaced_.resize(static_cast<size_t>(f_.result(id)) + 1);
        // Keep the user's name on what stands for it, if that has none of its own.
        replaced_[static_cast<size_t>(f_.result(id))] = *same;
        return;
      }
      if (!rewrite(id)) break;
    }
    f_.body.ops.push_back(id);
  }

  void write_numbers_in_place(OpId id) {
    OpNode& op = f_.op(id);
    auto is_number = [&](const Operand& o) {
      const OpNode* d = def(o);
      return d && d->op == Op::full && !d->operands[0].is_value();
    };
    if (std::all_of(op.operands.begin(), op.operands.end(), [&](const Operand& o) { return !o.is_value() || is_number(o); })) {
      if (!context_.has_fuel()) return;  // an op of numbers alone has no shape
      for (Operand& o : op.operands)  // fold() takes it from here
        if (o.is_value()) o = Operand(def(o)->operands[0].lit);
      return;
    }
    for (Operand& o : op.operands) {
      if (!is_number(o)) continue;
      const OpNode* d = def(o);
      // The shape must still come from another operand.
      bool shaped = f_.type(op.results[0]).rank() == 0;
      for (const Operand& other : op.operands)
        if (&other != &o && other.is_value() && !(other == o) && f_.type(other.value).dims == f_.type(op.results[0]).dims) shaped = true;
      if (!shaped) continue;
      o = Operand(d->operands[0].lit);
    }
  }

  // The value that this op's result always equals; nothing if there is none.
  std::optional<Operand> replacement(OpId id) {
    const OpNode& op = f_.op(id);
    const Type& t = f_.type(op.results[0]);
    auto same_type = [&](const Operand& o) { return o.is_value() && f_.type(o.value) == t; };
    auto dense = [&](const Operand& o) { return f_.value(o.value).strides.empty(); };
    switch (op.op) {
      case Op::cast: {
        if (same_type(op.operands[0])) return op.operands[0];
        // To a type that holds every number of this one, and back. The other way round a rounding would be lost.
        const OpNode* inner = def(op.operands[0]);
        if (inner && inner->op == Op::cast && same_type(inner->operands[0]) && context_.enabled("cast-and-back")) {
          const DType between = f_.type(op.operands[0]).dtype;
          if (ir::promote(between, t.dtype) == between) return inner->operands[0];
        }
        break;
      }
      case Op::broadcast:
      case Op::reshape:
        if (same_type(op.operands[0]) && (op.op != Op::reshape || dense(op.operands[0]))) return op.operands[0];
        break;
      case Op::permute: {
        bool identity = true;
        const auto& order = op.ints(AttrName::order);
        for (size_t k = 0; k < order.size(); ++k) identity &= order[k] == static_cast<int64_t>(k);
        if (identity) return op.operands[0];
        break;
      }
      case Op::slice:
      case Op::pad:
        // Of a parameter with strides a slice is the copy that makes it dense.
        if (same_type(op.operands[0]) && dense(op.operands[0])) return op.operands[0];
        break;
      case Op::concat: {
        std::optional<Operand> only;
        for (const Operand& o : op.operands) {
          if (o.is_value() && f_.type(o.value).count() == 0) continue;
          if (only) return std::nullopt;
          only = o;
        }
        if (only && same_type(*only)) return only;
        break;
      }
      case Op::where:
        if (!op.operands[0].is_value()) {
          const Operand& chosen = op.operands[0].lit.as<bool>() ? op.operands[1] : op.operands[2];
          if (same_type(chosen)) return chosen;
        }
        break;
      default: break;
    }
    return by_rules(id, true);
  }

  // Changes the op in place; false if nothing applies.
  bool rewrite(OpId id) {
    OpNode& op = f_.op(id);
    if (is_commutative(op.op) && !op.operands[0].is_value() && op.operands[1].is_value()) std::swap(op.operands[0], op.operands[1]);
    if (ir::is_elementwise(op.op) && fold(id)) return true;
    if (divide_by_power_of_two(id)) return true;
    switch (op.op) {
      case Op::reshape:
      case Op::permute:
      case Op::broadcast:
      case Op::cast:
        if (view_of_view(id)) return true;
        break;
      case Op::slice:
        if (slice_of_one_part(id)) return true;
        break;
      default: break;
    }
    return by_rules(id, false).has_value();
  }

  // All operands are numbers: the op becomes `full`.
  bool fold(OpId id) {
    OpNode& op = f_.op(id);
    for (const Operand& o : op.operands)
      if (o.is_value()) return false;
    if (!context_.spend()) return false;
    const DType to = f_.type(op.results[0]).dtype;
    const DType t = op.op == Op::where ? op.operands[1].lit.dtype : op.operands[0].lit.dtype;
    const void* in[3];
    const size_t step[3] = {0, 0, 0};
    for (size_t k = 0; k < op.operands.size(); ++k) in[k] = &op.operands[k].lit.bits;
    uint64_t out = 0;
    ir::evaluate(op.op, t, to, 1, in, step, &out);
    Literal l{to, out};
    if (is_float(to)) l = Literal::of(to, l.to_double());  // NaN made canonical
    OpNode full;
    full.op = Op::full;
    full.operands = {l};
    full.results = op.results;
    full.loc = op.loc;
    op = std::move(full);
    return true;
  }

  // x / c is x * (1 / c) where c is a power of two with an exact reciprocal.
  bool divide_by_power_of_two(OpId id) {
    OpNode& op = f_.op(id);
    if (op.op != Op::div || op.operands[1].is_value() || !op.operands[0].is_value()) return false;
    const Literal l = op.operands[1].lit;
    if (!is_float(l.dtype) || !context_.enabled("divide-by-power-of-two")) return false;
    const double c = l.to_double();
    int e = 0;
    const double m = std::frexp(c, &e);
    const int most = l.dtype == DType::f64 ? 1000 : 120;
    const Literal inverse = Literal::of(l.dtype, 1 / c);
    if (!std::isfinite(c) || std::fabs(m) != 0.5 || e <= -most || e >= most || inverse.to_double() != 1 / c || !context_.spend()) return false;
    op.op = Op::mul;
    op.operands[1] = inverse;
    return true;
  }

  // A slice that takes from one part of a join takes from the part.
  bool slice_of_one_part(OpId id) {
    const OpNode* join = def(f_.op(id).operands[0]);
    if (!join || join->op != Op::concat || f_.type(f_.op(id).results[0]).count() == 0) return false;
    const auto axis = static_cast<size_t>(join->i64(AttrName::axis));
    auto start = f_.op(id).ints(AttrName::start), limit = f_.op(id).ints(AttrName::limit);
    const int64_t step = f_.op(id).ints(AttrName::step)[axis];
    const int64_t last = start[axis] + (limit[axis] - 1 - start[axis]) / step * step;
    int64_t from = 0;  // of the part
    for (const Operand& part : join->operands) {
      const int64_t extent = f_.type(part).dims[axis].value();
      if (start[axis] >= from && last < from + extent) {
        if (!context_.spend()) return false;
        start[axis] -= from;
        limit[axis] = last + 1 - from;
        OpNode& op = f_.op(id);
        op.operands[0] = part;
        op.set(AttrName::start, start);
        op.set(AttrName::limit, limit);
        return true;
      }
      from += extent;
    }
    return false;
  }

  bool view_of_view(OpId id) {
    OpNode& op = f_.op(id);
    const OpNode* inner = def(op.operands[0]);
    if (!inner || inner->op != op.op || op.op == Op::cast) return false;
    if (op.op == Op::permute) {
      std::vector<int64_t> order = op.ints(AttrName::order);
      for (int64_t& a : order) a = inner->ints(AttrName::order)[static_cast<size_t>(a)];
      if (!context_.spend()) return false;
      const Operand x = inner->operands[0];
      f_.op(id).set(AttrName::order, order);
      f_.op(id).operands[0] = x;
      return true;
    }
    // reshape of reshape, broadcast of broadcast (aligned at the last axis, so they compose)
    if (!context_.spend()) return false;
    f_.op(id).operands[0] = inner->operands[0];
    return true;
  }

  // Rules. want_value: the replacement is an operand that exists; else the op is changed in place.
  std::optional<Operand> by_rules(OpId id, bool want_value) {
    auto [first, last] = parsed_rules().equal_range(f_.op(id).op);
    for (auto it = first; it != last; ++it) {
      const ParsedRule& r = it->second;
      const ValueId result = f_.op(id).results[0];
      if (!ir::accepts(r.rule->types, f_.type(result).dtype) || !context_.enabled(r.rule->name)) continue;
      bound_.clear();
      if (!match_op(r.pattern, f_.op(id))) continue;
      const Term& to = r.replacement;
      if (to.kind == Term::variable) {
        const Operand& v = bound_.at(to.name);
        if (!v.is_value() || !(f_.type(v.value) == f_.type(result)) || !want_value) continue;
        return v;
      }
      if (want_value) continue;
      if (!context_.spend()) return std::nullopt;
      OpNode n;
      n.loc = f_.op(id).loc;
      n.results = {result};
      if (to.kind == Term::number) {
        n.op = Op::full;
        n.operands = {Literal::of(f_.type(result).dtype, to.value)};
      } else {
        n.op = to.what;
        for (const Term& o : to.operands) n.operands.push_back(bound_.at(o.name));  // replacements are one op deep
        // The shape must come from an operand.
        bool shaped = false;
        for (const Operand& o : n.operands) shaped |= o.is_value() && f_.type(o.value).dims == f_.type(result).dims;
        if (!shaped) continue;
      }
      f_.op(id) = std::move(n);
      return Operand(result);
    }
    return std::nullopt;
  }

  bool match_op(const Term& t, const OpNode& op) {
    if (op.op != t.what) return false;
    if (match_operands(t, op, false)) return true;
    return is_commutative(op.op) && match_operands(t, op, true);
  }
  bool match_operands(const Term& t, const OpNode& op, bool swapped) {
    const auto saved = bound_;
    for (size_t k = 0; k < t.operands.size(); ++k) {
      if (!match(t.operands[k], op.operands[swapped ? 1 - k : k])) {
        bound_ = saved;
        return false;
      }
    }
    return true;
  }
  bool match(const Term& t, const Operand& o) {
    switch (t.kind) {
      case Term::variable: {
        auto [it, fresh] = bound_.emplace(t.name, o);
        return fresh || it->second == o;
      }
      case Term::number: return !o.is_value() && o.lit == Literal::of(o.lit.dtype, t.value);
      case Term::op: {
        const OpNode* d = def(o);
        return d && match_op(t, *d);
      }
    }
    return false;
  }

  Func& f_;
  PassContext& context_;
  std::vector<std::optional<Operand>> replaced_;
  std::map<char, Operand> bound_;
};

}  // namespace

void simplify(Func& f, PassContext& context) { Simplifier(f, context).run(); }

}  // namespace frit::lower
