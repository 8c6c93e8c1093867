// A fused computation while it is being made: scalars over an index space, the content of one
// `fused` op. Passes merge groups; the fused level's text is printed from them.
#pragma once

#include <string>
#include <vector>

#include "ir/func.h"
#include "ir/ops.h"

namespace frit::lower {

using ir::Func;
using ir::IndexExpr;
using ir::kNone;
using ir::Literal;
using ir::Op;
using ir::OpId;
using ir::Operand;
using ir::OpNode;
using ir::ValueId;

// Ids in `locals` number the group's index variables and scalars. Axes of extent 1 have no index
// variable: their index is the constant 0.
struct Group {
  struct Local {
    DType dtype = DType::i64;
    int64_t extent = -1;  // of an index variable; -1 for scalars
    std::string name;
    bool is_index() const { return extent >= 0; }
  };
  // value, a scalar or a literal, is stored at axes of the outer tensor: bare index variables or 0.
  struct Output {
    ValueId tensor = kNone;
    Operand value;
    std::vector<IndexExpr> axes;
  };

  std::string name;
  std::vector<Local> locals;
  std::vector<ValueId> dims;   // the index variables, outermost first
  std::vector<OpNode> body;    // read, index, elementwise, reductions; one result each. Operand 0 of a
                               // read is the outer tensor, everything else is local.
  std::vector<Output> outputs;

  ValueId add_index(int64_t extent, std::string name);
  ValueId add(OpNode op, DType result, std::string name = {});
  const Local& local(ValueId v) const { return locals[static_cast<size_t>(v)]; }
  // visit(v) for the scalars that an op takes: its operands, but not the array of a read, and what an `index` is computed from.
  template <class F>
  void for_scalars(const OpNode& o, F&& visit) const {
    for (size_t k = o.op == Op::read ? 1 : 0; k < o.operands.size(); ++k)
      if (o.operands[k].is_value()) visit(o.operands[k].value);
    if (o.op != Op::index) return;
    for (const IndexExpr& e : o.index)
      for (const auto& t : e.terms)
        if (!local(t.var).is_index()) visit(t.var);
  }
  bool has_reductions() const;
  // Outer tensors read, each once, in order.
  std::vector<ValueId> inputs() const;
  // Merges equal ops and drops unused ones; renumbers locals.
  void tidy();
};

inline bool is_reduction(const OpNode& o) { return ir::is_reduce(o.op) || o.op == Op::reduce_dot; }

// The number of iterations of the whole space.
int64_t space_size(const Group& g);

// A tensor-level op as a group; false for ops that stay as they are (general reshapes, return).
// Dot must be in the canonical form of canonical_dots.
bool wrap(const Func& f, const OpNode& op, Group& out);

// Group <-> `fused` op of a function at fused level.
OpNode to_op(Func& f, const Group& g, std::vector<ir::Type>& result_types);
Group from_op(const Func& f, const OpNode& op);

// A reduction over no index variables, that is over one element, as an op without a reduction.
OpNode reduction_of_one(const OpNode& o, DType result);

// Index variables that each local varies over, as a bit set by position in `dims`.
std::vector<uint64_t> variance(const Group& g);

// Rough cost of an op in units of one addition; 16 and more is "expensive".
int op_cost(Op op);

}  // namespace frit::lower
