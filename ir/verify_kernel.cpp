// The rules of the kernel level (docs/kernel-ir.md): loops, loads and stores, one `work`.
#include <algorithm>
#include <map>

#include "ir/verify_parts.h"

namespace frit::ir {
namespace {

class Kernel {
 public:
  explicit Kernel(const Checker& c) : c_(c), f_(c.f) {}

  void run() {
    params();
    enum { locals, index, work, finish, done } stage = locals;
    for (OpId id : f_.body.ops) {
      const Op op = f_.op(id).op;
      if (op == Op::local) {
        c_.check(stage == locals, id, "stands first in the body, before everything else");
      } else if (is_index_op(op)) {
        c_.check(stage <= index, id, "stands before work in the body");
        stage = index;
      } else if (op == Op::work) {
        c_.check(stage < work, id, "a kernel has one work");
        stage = work;
      } else if (op == Op::finish) {
        c_.check(stage == work, id, "stands once, after work");
        c_.check(!segments_, id, "does not stand in a kernel with segments");
        stage = finish;
      } else {
        c_.fail(id, "does not stand in the body of a kernel; it has local, index arithmetic, work and finish");
      }
      body_op(id);
    }
    c_.check(stage >= work, kNone, "a kernel has one work");
  }

 private:
  static bool is_index_op(Op op) {
    return op == Op::index || op == Op::index_div || op == Op::index_rem || op == Op::index_min || op == Op::index_max;
  }

  void params() const {
    bool index = false;
    for (ValueId v : f_.body.args) {
      const Value& p = f_.value(v);
      if (p.type.cls == TypeClass::tensor) c_.fail(kNone, "the parameter %" + p.name + " is of type " + p.type.str() + "; it has to be a buffer or an index");
      if (p.type.cls != TypeClass::index && index) c_.fail(kNone, "the buffer %" + p.name + " stands after an index; buffers come first");
      c_.check(p.strides.empty() && !p.captured, kNone, "only tensors have strides or are captured");
      index = index || p.type.cls == TypeClass::index;
    }
  }

  // Index expressions

  // Known before the launch: of constants and index parameters.
  void from_params(OpId id, const IndexExpr& e) const {
    for (const auto& t : e.terms)
      c_.check(c_.is_param(t.var) && (t.scale == kNone || c_.is_param(t.scale)), id, "takes constants and parameters only, because the launch computes it too");
  }

  void expressions(OpId id) const {
    for (const IndexExpr& e : f_.op(id).index)
      for (const auto& t : e.terms) {
        if (t.scale == kNone || c_.is_param(t.scale)) continue;
        if (f_.value(t.scale).def == kNone) c_.fail(id, "the region argument %" + f_.value(t.scale).name + " scales an index");
        for (OpId up = c_.owner(t.scale); up != kNone; up = c_.parent(up))
          if (f_.op(up).op != Op::work && f_.op(up).op != Op::finish) c_.fail(id, "%" + f_.value(t.scale).name + " scales an index, but is computed in a loop");
      }
  }

  void args(OpId id, size_t n) const {
    c_.regions(id, 1);
    const Region& r = f_.op(id).regions[0];
    if (r.args.size() != n) c_.fail(id, "its region has " + std::to_string(n) + " argument" + (n == 1 ? "" : "s") + ", not " + std::to_string(r.args.size()));
    for (ValueId v : r.args) c_.check(f_.type(v).cls == TypeClass::index, id, "its region's arguments have to be indices");
  }

  void at_least(OpId id, AttrName n, int64_t least) const {
    const auto* v = c_.attr<int64_t>(id, n, false);
    if (v && *v < least) c_.fail(id, "attribute " + std::string(name(n)) + "= is at least " + std::to_string(least));
  }

  // Operands

  const Type& buffer(OpId id, size_t k, bool local = false) const {
    const Operand& o = f_.op(id).operands[k];
    if (!o.is_value() || f_.type(o.value).cls != TypeClass::buffer) c_.fail(id, "operand " + std::to_string(k) + " has to be a buffer");
    if (local && f_.value(o.value).def == kNone) c_.fail(id, "operand " + std::to_string(k) + " has to be a local array");
    return f_.type(o.value);
  }
  void scalar(OpId id, size_t k, DType t) const {
    const Operand& o = f_.op(id).operands[k];
    if (!c_.is_scalar(o) || f_.type(o).dtype != t) c_.fail(id, "operand " + std::to_string(k) + " is of type " + c_.type_text(o) + ", not " + std::string(frit::name(t)));
  }

  // Ops

  void body_op(OpId id) {
    const OpNode& op = f_.op(id);
    switch (op.op) {
      case Op::local:
        c_.operands(id, 0);
        c_.indices(id, 1);
        c_.results(id, 1);
        c_.regions(id, 0);
        if (f_.type(op.results[0]).cls != TypeClass::buffer) c_.fail(id, "the result is " + f_.type(op.results[0]).str() + "; it has to be a buffer");
        c_.check(!op.index[0].is_constant() || op.index[0].constant >= 0, id, "the size is negative");
        return from_params(id, op.index[0]);
      case Op::work:
        no_values(id, 1);
        c_.attr<std::string>(id, AttrName::schedule, false);
        at_least(id, AttrName::segments, 1);
        segments_ = f_.op(id).find(AttrName::segments) != nullptr;
        args(id, 1);
        from_params(id, op.index[0]);
        return region(op.regions[0], id);
      case Op::finish:
        no_values(id, 0);
        args(id, 0);
        return region(op.regions[0], id);
      default: return scalar_op(id);
    }
  }

  void no_values(OpId id, size_t index) const {
    c_.operands(id, 0);
    c_.results(id, 0);
    c_.indices(id, index);
    expressions(id);
  }

  // What stands in work, finish and loop.
  void region(const Region& r, OpId owner) {
    for (OpId id : r.ops) {
      const OpNode& op = f_.op(id);
      switch (op.op) {
        case Op::loop:
          no_values(id, 2);
          args(id, 1);
          at_least(id, AttrName::step, 1);
          at_least(id, AttrName::unroll, 1);
          region(op.regions[0], id);
          break;
        case Op::lanes: lanes(id); break;
        case Op::cols: cols(id); break;
        case Op::product: product(id); break;
        case Op::tile: tile(id); break;
        case Op::yield: c_.fail(id, "nothing takes values from " + std::string(info(f_.op(owner).op).name)); break;
        default: scalar_op(id);
      }
    }
  }

  // The ops of lanes and cols; returns the types that they yield.
  std::vector<DType> inner(OpId owner, bool stores) {
    std::vector<DType> yields;
    for (OpId id : f_.op(owner).regions[0].ops) {
      const OpNode& op = f_.op(id);
      if (op.op == Op::yield) {
        c_.indices(id, 0);
        c_.results(id, 0);
        c_.regions(id, 0);
        for (const Operand& o : op.operands) {
          if (!c_.is_scalar(o)) c_.fail(id, "yields " + c_.type_text(o) + "; it has to be a scalar");
          yields.push_back(f_.type(o).dtype);
        }
      } else {
        if (!stores && op.op == Op::store) c_.fail(id, "does not stand in " + std::string(info(f_.op(owner).op).name));
        scalar_op(id);
      }
    }
    return yields;
  }

  const std::vector<Op>& reduce_list(OpId id) const {
    static const std::vector<Op> none;
    const auto* list = c_.attr<std::vector<Op>>(id, AttrName::reduce, false);
    c_.flag(id, AttrName::tree);
    at_least(id, AttrName::unroll, 1);
    return list ? *list : none;
  }

  DType reduced(OpId id, Op reduce, DType t) const {
    if (!is_reduce(reduce)) c_.fail(id, "reduces by " + std::string(info(reduce).name) + ", which is no reduction");
    c_.computes(id, t);
    if (!accepts(info(reduce).types, t)) c_.fail(id, std::string(info(reduce).name) + " does not take " + std::string(frit::name(t)));
    return reduce_result(reduce, t);
  }

  void lanes(OpId id) {
    const OpNode& op = f_.op(id);
    c_.operands(id, 0);
    c_.indices(id, 2);
    expressions(id);
    args(id, 1);
    const auto& reduce = reduce_list(id);
    const auto yields = inner(id, true);
    if (yields.size() != reduce.size()) c_.fail(id, "yields " + std::to_string(yields.size()) + " values for " + std::to_string(reduce.size()) + " reductions");
    c_.results(id, reduce.size());
    for (size_t k = 0; k < reduce.size(); ++k) {
      const Type wanted = Type::scalar(reduced(id, reduce[k], yields[k]));
      if (f_.type(op.results[k]) != wanted) c_.fail(id, "result " + std::to_string(k) + " is " + wanted.str() + ", not " + f_.type(op.results[k]).str());
    }
  }

  void cols(OpId id) {
    c_.results(id, 0);
    c_.indices(id, 4);
    expressions(id);
    args(id, 2);
    const auto& reduce = reduce_list(id);
    const auto yields = inner(id, false);
    c_.check(!reduce.empty(), id, "attribute reduce= is missing");
    c_.operands(id, reduce.size());
    if (yields.size() != reduce.size()) c_.fail(id, "yields " + std::to_string(yields.size()) + " values for " + std::to_string(reduce.size()) + " reductions");
    for (size_t k = 0; k < reduce.size(); ++k) {
      const DType wanted = reduced(id, reduce[k], yields[k]);
      if (buffer(id, k, true).dtype != wanted) c_.fail(id, "local array " + std::to_string(k) + " has to hold " + std::string(frit::name(wanted)));
    }
  }

  void product(OpId id) {
    const OpNode& op = f_.op(id);
    c_.operands(id, 1);
    c_.results(id, 0);
    c_.indices(id, 6);
    expressions(id);
    args(id, 3);
    const auto yields = inner(id, false);
    c_.check(yields.size() == 2 && yields[0] == yields[1] && yields[0] != DType::boolean, id, "yields two numbers of one type");
    c_.computes(id, yields[0]);
    c_.check(buffer(id, 0, true).dtype == yields[0], id, "the local array is of another type");
    const int64_t size = *c_.attr<int64_t>(id, AttrName::size);
    c_.check(size >= 1, id, "attribute size= is at least 1");
    // What the values depend on: 1 for i, 2 for j.
    std::map<ValueId, int> sides{{op.regions[0].args[1], 1}, {op.regions[0].args[2], 2}};
    for (OpId inner_id : op.regions[0].ops) {
      const OpNode& o = f_.op(inner_id);
      int side = 0;
      auto depends = [&](ValueId v) {
        if (auto it = sides.find(v); it != sides.end()) side |= it->second;
      };
      for (const Operand& x : o.operands) {
        if (x.is_value()) depends(x.value);
        if (o.op == Op::yield) c_.check(side != 3, id, "a yielded value depends on both i and j"), side = 0;
      }
      for (const IndexExpr& e : o.index)
        for (const auto& t : e.terms) depends(t.var);
      for (ValueId v : o.results) sides[v] = side;
    }
  }

  void tile(OpId id) const {
    const OpNode& op = f_.op(id);
    c_.operands(id, 2);
    c_.results(id, 0);
    c_.indices(id, 4);
    c_.regions(id, 0);
    expressions(id);
    c_.check(buffer(id, 0) == buffer(id, 1, true), id, "source and local array are of different types");
    const int64_t size = *c_.attr<int64_t>(id, AttrName::size);
    c_.check(size >= 1, id, "attribute size= is at least 1");
    for (size_t k = 2; k < 4; ++k)
      if (op.index[k].is_constant() && (op.index[k].constant < 0 || op.index[k].constant > size)) c_.fail(id, "a count is not from 0 to size=" + std::to_string(size));
  }

  // Scalars, indices and memory: what may stand everywhere.
  void scalar_op(OpId id) const {
    const OpNode& op = f_.op(id);
    const bool memory = op.op == Op::load || op.op == Op::store || op.op == Op::prefetch;
    c_.check(memory || is_index_op(op.op) || is_elementwise(op.op), id, "does not stand here in a kernel");
    c_.regions(id, 0);
    expressions(id);
    switch (op.op) {
      case Op::load: {
        c_.indices(id, 1);
        c_.results(id, 1);
        c_.check(op.operands.size() == 1 || op.operands.size() == 3, id, "takes a buffer, or a buffer, a condition and a number");
        const DType t = buffer(id, 0).dtype;
        if (op.operands.size() == 3) {
          scalar(id, 1, DType::boolean);
          scalar(id, 2, t);
          c_.check(!op.operands[2].is_value(), id, "operand 2 has to be a number written in place");
        }
        if (f_.type(op.results[0]) != Type::scalar(t)) c_.fail(id, "the result is " + std::string(frit::name(t)) + ", not " + f_.type(op.results[0]).str());
        return;
      }
      case Op::store:
        c_.operands(id, 2);
        c_.indices(id, 1);
        c_.results(id, 0);
        scalar(id, 1, buffer(id, 0).dtype);
        c_.flag(id, AttrName::stream);
        return;
      case Op::prefetch:
        c_.operands(id, 1);
        c_.indices(id, 1);
        c_.results(id, 0);
        buffer(id, 0);
        return;
      case Op::index:
        c_.operands(id, 0);
        c_.indices(id, 1);
        c_.results(id, 1);
        if (f_.type(op.results[0]) != Type::index() && f_.type(op.results[0]) != Type::scalar(DType::i64)) c_.fail(id, "the result is index or i64, not " + f_.type(op.results[0]).str());
        return;
      case Op::index_div:
      case Op::index_rem:
      case Op::index_min:
      case Op::index_max: {
        c_.operands(id, 0);
        c_.indices(id, 2);
        c_.results(id, 1);
        if (f_.type(op.results[0]) != Type::index()) c_.fail(id, "the result is index, not " + f_.type(op.results[0]).str());
        const bool divides = op.op == Op::index_div || op.op == Op::index_rem;
        c_.check(!divides || !op.index[1].is_constant() || op.index[1].constant > 0, id, "the divisor is not positive");
        return;
      }
      default:
        c_.indices(id, 0);
        for (const Operand& o : op.operands)
          if (!c_.is_scalar(o)) c_.fail(id, "takes scalars, not " + c_.type_text(o));
        c_.inferred(id);
        if (op.op != Op::cast && op.op != Op::where) c_.computes(id, f_.type(op.operands[0]).dtype);
    }
  }

  const Checker& c_;
  const Func& f_;
  bool segments_ = false;
};

}  // namespace

void verify_kernel(const Checker& c) { Kernel(c).run(); }

}  // namespace frit::ir
