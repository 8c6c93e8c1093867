#include "tests/random/shrink.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "frit/error.h"
#include "ir/infer.h"
#include "ir/ops.h"

namespace frit::test {
namespace {

using ir::AttrName;
using ir::Func;
using ir::kNone;
using ir::Op;
using ir::OpId;
using ir::Operand;
using ir::ValueId;

// One step; ids are those of the function that it is applied to.
struct Change {
  ptrdiff_t drop_result = -1;
  ValueId as_param = kNone;                  // this op's result becomes a parameter
  ValueId bypass = kNone, by = kNone;        // uses of one value become uses of another of its type
  std::map<int64_t, int64_t> extents;        // smaller extents
};

bool type_is_given(Op op) { return op == Op::full || op == Op::iota || op == Op::broadcast || op == Op::reshape; }

// Applies a change and drops what is not used any more. Extents follow through the ops: where an op's
// result has another extent than before, later types that state the old one take the new one.
class Rebuild {
 public:
  Rebuild(const Func& f, Change change) : f_(f), change_(std::move(change)), map_(f.values.size(), kNone) {}

  std::optional<Func> run() {
    try {
      return build();
    } catch (const Error&) {  // the types do not fit any more
      return std::nullopt;
    }
  }

 private:
  Func build() {
    out_.name = f_.name;
    std::vector<ValueId> results;
    const auto& returned = f_.terminator().operands;
    for (size_t k = 0; k < returned.size(); ++k)
      if (static_cast<ptrdiff_t>(k) != change_.drop_result) results.push_back(target(returned[k].value));
    mark(results);
    for (ValueId v : f_.body.args)
      if (used_.contains(v)) add_param(v);
    for (OpId id : f_.body.ops) {
      const ir::OpNode& op = f_.op(id);
      if (op.op == Op::ret || !used_.contains(op.results[0])) continue;
      if (op.results[0] == change_.as_param) add_param(op.results[0]);
      else add_op(op);
    }
    ir::OpNode ret;
    ret.op = Op::ret;
    for (ValueId v : results) ret.operands.push_back(at(v));
    out_.add_op(out_.body, std::move(ret), {});
    return std::move(out_);
  }

  ValueId target(ValueId v) const { return v == change_.bypass ? change_.by : v; }
  ValueId at(ValueId v) const { return map_[static_cast<size_t>(target(v))]; }

  void mark(std::vector<ValueId> todo) {
    while (!todo.empty()) {
      const ValueId v = todo.back();
      todo.pop_back();
      if (!used_.insert(v).second || v == change_.as_param || f_.value(v).def == kNone) continue;
      for (const Operand& o : f_.op(f_.value(v).def).operands)
        if (o.is_value()) todo.push_back(target(o.value));
    }
  }

  ir::Type changed(ir::Type t) const {
    for (ir::Dim& d : t.dims)
      if (auto it = change_.extents.find(d.value()); it != change_.extents.end()) d = it->second;
    return t;
  }

  void add_param(ValueId v) { map_[static_cast<size_t>(v)] = out_.add_param(changed(f_.type(v)), f_.value(v).name); }

  void add_op(const ir::OpNode& op) {
    ir::OpNode n = op;
    n.loc = kNone;
    for (Operand& o : n.operands)
      if (o.is_value()) o = at(o.value);
    if (op.op == Op::slice) clip(n);
    const ir::Type was = f_.type(op.results[0]);
    const ValueId v = ir::append(out_, std::move(n), type_is_given(op.op) ? std::optional(changed(was)) : std::nullopt);
    for (size_t k = 0; k < was.dims.size(); ++k)
      if (out_.type(v).dims[k] != was.dims[k]) change_.extents.try_emplace(was.dims[k].value(), out_.type(v).dims[k].value());
    map_[static_cast<size_t>(op.results[0])] = v;
  }

  void clip(ir::OpNode& n) const {
    const ir::Dims d = out_.type(n.operands[0].value).dims;
    auto start = n.ints(AttrName::start), limit = n.ints(AttrName::limit);
    for (size_t k = 0; k < d.size() && k < limit.size(); ++k) {
      limit[k] = std::min(limit[k], d[k].value());
      start[k] = std::min(start[k], limit[k]);
    }
    n.set(AttrName::start, start);
    n.set(AttrName::limit, limit);
  }

  const Func& f_;
  Change change_;
  Func out_;
  std::vector<ValueId> map_;
  std::set<ValueId> used_;
};

// All steps that may make f smaller, those that promise most first.
std::vector<Change> changes(const Func& f) {
  std::vector<Change> out;
  const size_t results = f.terminator().operands.size();
  if (results > 1)
    for (size_t k = 0; k < results; ++k) {
      Change c;
      c.drop_result = static_cast<ptrdiff_t>(k);
      out.push_back(std::move(c));
    }
  std::set<ValueId> needed;  // by ops: what is only returned may be of any type
  for (OpId id : f.body.ops)
    if (f.op(id).op != Op::ret)
      for (const Operand& o : f.op(id).operands)
        if (o.is_value()) needed.insert(o.value);
  for (size_t i = f.body.ops.size(); i-- > 0;) {
    const ir::OpNode& op = f.op(f.body.ops[i]);
    if (op.op == Op::ret) continue;
    for (const Operand& o : op.operands) {
      if (!o.is_value() || (f.type(o) != f.type(op.results[0]) && needed.contains(op.results[0]))) continue;
      Change c;
      c.bypass = op.results[0];
      c.by = o.value;
      out.push_back(std::move(c));
    }
    Change c;
    c.as_param = op.results[0];
    out.push_back(std::move(c));
  }
  std::set<int64_t> extents;
  for (const ir::Value& v : f.values)
    for (ir::Dim d : v.type.dims) extents.insert(d.value());
  for (auto it = extents.rbegin(); it != extents.rend(); ++it) {
    std::set<int64_t> smaller{1, 2, *it / 2, *it - 1};
    for (int64_t to : smaller)
      if (to >= 1 && to < *it) {
        Change c;
        c.extents = {{*it, to}};
        out.push_back(std::move(c));
      }
  }
  return out;
}

Func with_all_results(Func f) {
  std::set<ValueId> used;
  for (OpId id : f.body.ops)
    for (const Operand& o : f.op(id).operands) used.insert(o.value);
  ir::OpNode& ret = f.op(f.body.ops.back());
  for (OpId id : f.body.ops)
    for (ValueId v : f.op(id).results)
      if (!used.contains(v)) ret.operands.push_back(v);
  return f;
}

}  // namespace

ir::Func shrink(Func f, const std::function<bool(const Func&)>& fails, int tries) {
  auto tidy = Rebuild(f, {}).run();
  if (!tidy || !fails(*tidy)) {  // the fault needs what no result uses: make results of it
    tidy = Rebuild(with_all_results(f), {}).run();
    if (!tidy || !fails(*tidy)) return f;
  }
  f = std::move(*tidy);
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (const Change& c : changes(f)) {
      auto next = Rebuild(f, c).run();
      if (!next) continue;
      if (tries-- <= 0) return f;
      if (!fails(*next)) continue;
      f = std::move(*next);
      smaller = true;
      break;
    }
  }
  return f;
}

}  // namespace frit::test
