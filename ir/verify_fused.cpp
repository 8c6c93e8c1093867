// The rules of the fused level: `fused` ops, and tensor ops that stay outside of them.
#include <algorithm>
#include <unordered_map>

#include "ir/verify_parts.h"

namespace frit::ir {
namespace {

// One `fused` op. Follows which region arguments each scalar varies over, as bits by position.
class FusedOp {
 public:
  FusedOp(const Checker& c, OpId id) : c_(c), f_(c.f), id_(id), op_(f_.op(id)) {}

  void run() {
    c_.regions(id_, 1);
    c_.indices(id_, 0);
    space_ = c_.attr<Dims>(id_, AttrName::space);
    c_.attr<std::string>(id_, AttrName::schedule, false);
    const Region& r = op_.regions[0];
    if (r.args.size() != space_->size()) c_.fail(id_, "has " + std::to_string(r.args.size()) + " region arguments and " + std::to_string(space_->size()) + " extents");
    for (ValueId a : r.args) c_.check(f_.type(a).cls == TypeClass::index, id_, "its region arguments have to be indices");
    c_.check(!op_.results.empty(), id_, "has no results");
    for (ValueId v : op_.results)
      if (f_.type(v).cls != TypeClass::tensor) c_.fail(id_, "a result is of type " + f_.type(v).str() + "; it has to be a tensor");
    outer_operands();
    for (size_t k = 0; k < r.args.size(); ++k) {
      varies_[r.args[k]] = nothing();
      varies_[r.args[k]][k] = true;
    }
    for (OpId inner : r.ops) region_op(inner);
    c_.check(!r.ops.empty() && f_.op(r.ops.back()).op == Op::yield, id_, "its region does not end in yield");
  }

 private:
  void outer_operands() {
    std::vector<ValueId> seen;
    for (const Operand& o : op_.operands) {
      c_.check(o.is_value() && f_.type(o.value).cls == TypeClass::tensor, id_, "its operands have to be tensors");
      if (std::find(seen.begin(), seen.end(), o.value) != seen.end()) c_.fail(id_, "the operand %" + f_.value(o.value).name + " stands twice");
      seen.push_back(o.value);
    }
  }

  using Axes = std::vector<bool>;
  Axes nothing() const { return Axes(space_->size(), false); }
  static void join(Axes& a, const Axes& b) {
    for (size_t k = 0; k < a.size(); ++k) a[k] = a[k] || b[k];
  }
  bool inside(ValueId v) const { return c_.owner(v) == id_; }
  // The number of a region argument; -1 for other values.
  std::ptrdiff_t argument(ValueId v) const {
    const auto& args = op_.regions[0].args;
    const auto it = std::find(args.begin(), args.end(), v);
    return it == args.end() ? -1 : it - args.begin();
  }

  // A scalar of this region, or a number.
  void scalar(OpId id, const Operand& o) const {
    if (!o.is_value()) return;
    const std::string name = "%" + f_.value(o.value).name;
    if (!inside(o.value)) c_.fail(id, name + " stands outside of the region", "read it: read " + name + "[...]");
    if (f_.type(o.value).cls != TypeClass::tensor) c_.fail(id, name + " is an index; it has to be a scalar here", "make an i64 of it with index");
  }

  Axes varies(const Operand& o) const { return o.is_value() ? varies_.at(o.value) : nothing(); }
  Axes varies(const IndexExpr& e) const {
    Axes a = nothing();
    for (const auto& t : e.terms) join(a, varies_.at(t.var));
    return a;
  }
  void variables(OpId id, const IndexExpr& e) const {
    for (const auto& t : e.terms)
      if (!inside(t.var)) c_.fail(id, "%" + f_.value(t.var).name + " stands outside of the region");
  }

  void region_op(OpId id) {
    const OpNode& op = f_.op(id);
    c_.regions(id, 0);
    for (const IndexExpr& e : op.index) variables(id, e);
    if (op.op == Op::yield) return yield(id, op);
    c_.results(id, 1);
    const Type& t = f_.type(op.results[0]);
    if (t.cls != TypeClass::tensor || t.rank() != 0) c_.fail(id, "the result is " + t.str() + "; values of the region are scalars");
    Axes a = nothing();
    if (op.op == Op::read) {
      a = read(id, op);
    } else if (op.op == Op::index) {
      c_.operands(id, 0);
      c_.indices(id, 1);
      if (t.dtype != DType::i64) c_.fail(id, "the result is " + t.str() + "; it has to be i64");
      a = varies(op.index[0]);
    } else if (is_elementwise(op.op)) {
      c_.indices(id, 0);
      for (const Operand& o : op.operands) scalar(id, o), join(a, varies(o));
      c_.inferred(id);
      if (op.op != Op::cast && op.op != Op::where) c_.computes(id, f_.type(op.operands[0]).dtype);
    } else if (is_reduce(op.op) || op.op == Op::reduce_dot) {
      a = reduction(id, op);
    } else {
      c_.fail(id, "does not stand in a fused region");
    }
    varies_[op.results[0]] = std::move(a);
  }

  Axes read(OpId id, const OpNode& op) const {
    c_.check(!op.operands.empty() && op.operands[0].is_value() && !inside(op.operands[0].value), id, "operand 0 has to be a tensor from outside of the region");
    const ValueId x = op.operands[0].value;
    const auto& outer = op_.operands;
    if (std::find(outer.begin(), outer.end(), Operand(x)) == outer.end()) c_.fail(id, "%" + f_.value(x).name + " is not among the operands of fused");
    const Type& t = f_.type(x);
    c_.indices(id, t.dims.size());
    if (f_.type(op.results[0]).dtype != t.dtype) c_.fail(id, "the result is " + f_.type(op.results[0]).str() + ", but " + t.str() + " is read");
    // Further operands: exactly the scalars that stand in the index expressions.
    std::vector<ValueId> listed, used;
    for (size_t k = 1; k < op.operands.size(); ++k) {
      scalar(id, op.operands[k]);
      c_.check(op.operands[k].is_value(), id, "a dynamic index has to be a value");
      listed.push_back(op.operands[k].value);
    }
    for (const IndexExpr& e : op.index)
      for (const auto& term : e.terms)
        if (argument(term.var) < 0) used.push_back(term.var);
    for (auto* list : {&listed, &used}) {
      std::sort(list->begin(), list->end());
      list->erase(std::unique(list->begin(), list->end()), list->end());
    }
    c_.check(listed == used, id, "the operands after the first are not the dynamic indices of its index expressions");
    if (const auto* guard = c_.attr<Literal>(id, AttrName::guard, false)) {
      if (guard->dtype != t.dtype) c_.fail(id, "the guard is of type " + std::string(frit::name(guard->dtype)) + ", but " + t.str() + " is read");
    } else {
      in_range(id, op, t);
    }
    Axes a = nothing();
    for (const IndexExpr& e : op.index) join(a, varies(e));
    return a;
  }

  // Without a guard no index may leave its axis, as far as constants tell.
  void in_range(OpId id, const OpNode& op, const Type& t) const {
    for (const IndexExpr& e : op.index)
      for (const auto& term : e.terms)
        if (const auto k = argument(term.var); k >= 0 && (*space_)[static_cast<size_t>(k)] == Dim(0)) return;  // never read
    for (size_t axis = 0; axis < op.index.size(); ++axis) {
      const IndexExpr& e = op.index[axis];
      __int128 low = e.constant, high = e.constant;
      bool known = t.dims[axis].is_constant();
      for (const auto& term : e.terms) {
        const auto k = argument(term.var);
        known = known && k >= 0 && (*space_)[static_cast<size_t>(k)].is_constant();
        if (!known) break;
        (term.coeff < 0 ? low : high) += static_cast<__int128>(term.coeff) * ((*space_)[static_cast<size_t>(k)].value() - 1);
      }
      if (known && (low < 0 || high >= t.dims[axis].value())) c_.fail(id, "index " + std::to_string(axis) + " can leave its axis of " + t.str(), "give it a guard=");
    }
  }

  Axes reduction(OpId id, const OpNode& op) {
    const bool dot = op.op == Op::reduce_dot;
    c_.operands(id, dot ? 2 : 1);
    c_.check(op.attrs.empty(), id, "reduces over indices here, not over axes=");
    Axes a = nothing();
    for (const Operand& o : op.operands) scalar(id, o), join(a, varies(o));
    const DType t = f_.type(op.operands[0]).dtype, result = f_.type(op.results[0]).dtype;
    c_.computes(id, t);
    if (dot) {
      c_.check(f_.type(op.operands[1]).dtype == t && t != DType::boolean, id, "takes two numbers of one type");
      if (result != t) c_.fail(id, "the result is " + std::string(frit::name(result)) + ", not " + std::string(frit::name(t)));
    } else {
      if (!accepts(info(op.op).types, t)) c_.fail(id, "does not take " + std::string(frit::name(t)));
      const DType wanted = reduce_result(op.op, t);
      if (result != wanted) c_.fail(id, "the result is " + std::string(frit::name(wanted)) + ", not " + std::string(frit::name(result)));
    }
    c_.check(!op.index.empty(), id, "reduces over nothing: name region arguments after 'over'");
    Axes over = nothing();
    __int128 count = 1;
    for (const IndexExpr& e : op.index) {
      const auto k = e.terms.size() == 1 ? argument(e.terms[0].var) : -1;
      c_.check(k >= 0 && e.is_var(e.terms[0].var), id, "reduces over region arguments only");
      const auto at = static_cast<size_t>(k);
      if (over[at]) c_.fail(id, "reduces over %" + f_.value(e.terms[0].var).name + " twice");
      over[at] = true;
      a[at] = false;
      if (!(*space_)[at].is_constant()) continue;
      count *= (*space_)[at].value();
      c_.check(count <= INT64_MAX, id, "the reduced extent overflows 64 bits");
    }
    c_.check(count != 0 || info(op.op).result != ResultRule::index, id, "of nothing: the reduced extent is 0");
    return a;
  }

  void yield(OpId id, const OpNode& op) const {
    c_.results(id, 0);
    if (op.operands.size() != op_.results.size()) c_.fail(id, "yields " + std::to_string(op.operands.size()) + " values for " + std::to_string(op_.results.size()) + " results");
    size_t rank = 0;
    for (ValueId v : op_.results) rank += f_.type(v).dims.size();
    c_.indices(id, rank);
    size_t next = 0;
    for (size_t k = 0; k < op.operands.size(); ++k) {
      const Type& t = f_.type(op_.results[k]);
      scalar(id, op.operands[k]);
      if (f_.type(op.operands[k]).dtype != t.dtype) c_.fail(id, "yields " + c_.type_text(op.operands[k]) + " for " + t.str());
      Axes written = nothing();
      for (size_t axis = 0; axis < t.dims.size(); ++axis) {
        const IndexExpr& e = op.index[next++];
        if (e.is_constant() && e.constant == 0) {
          if (t.dims[axis] != Dim(1)) c_.fail(id, "index 0 on axis " + std::to_string(axis) + " of " + t.str(), "the constant stands for axes of extent 1 only");
          continue;
        }
        const auto arg = e.terms.size() == 1 && e.is_var(e.terms[0].var) ? argument(e.terms[0].var) : -1;
        c_.check(arg >= 0, id, "an index of a result is a region argument or 0");
        const auto at = static_cast<size_t>(arg);
        if ((*space_)[at] != t.dims[axis]) c_.fail(id, "axis " + std::to_string(axis) + " of " + t.str() + " is indexed by an argument of extent " + (*space_)[at].str());
        if (written[at]) c_.fail(id, "an argument indexes two axes of " + t.str());
        written[at] = true;
      }
      const Axes a = varies(op.operands[k]);
      for (size_t i = 0; i < a.size(); ++i)
        if (a[i] && !written[i]) c_.fail(id, "value " + std::to_string(k) + " varies over %" + f_.value(op_.regions[0].args[i]).name + ", which is not in its index");
    }
  }

  const Checker& c_;
  const Func& f_;
  OpId id_;
  const OpNode& op_;
  const Dims* space_ = nullptr;
  std::unordered_map<ValueId, Axes> varies_;
};

}  // namespace

void verify_fused(const Checker& c) {
  c.tensor_params();
  for (OpId id : c.f.body.ops) {
    if (c.f.op(id).op == Op::fused) FusedOp(c, id).run();
    else verify_tensor_op(c, id);
  }
  c.body_returns();
}

}  // namespace frit::ir
