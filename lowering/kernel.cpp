// From a group and its nest to a kernel: picks the schedule, and accounts for what the launch moves.
#include "lowering/kernel.h"

#include <algorithm>

#include "lowering/schedules.h"

namespace frit::lower {

using ir::AttrName;

OpNode loop_op(Op op, std::vector<IndexExpr> bounds) {
  OpNode n;
  n.op = op;
  n.index = std::move(bounds);
  return n;
}

OpId close_loop(KernelWriter& w, Scope& s, Scope& inner, OpNode op, std::vector<Operand> yields, const std::vector<Op>& reduce,
                const std::vector<DType>& reduce_types) {
  // Loads before stores: an output may lie over an input (find_in_place).
  if (op.op == Op::lanes)
    std::stable_partition(inner.region.ops.begin(), inner.region.ops.end(), [&](OpId id) { return w.k.op(id).op != Op::store; });
  if (!yields.empty()) {
    OpNode yield;
    yield.op = Op::yield;
    yield.operands = std::move(yields);
    w.add(inner, std::move(yield), {});
  }
  if (!reduce.empty()) op.set(AttrName::reduce, reduce);
  std::vector<ir::Type> types;
  for (DType t : reduce_types) types.push_back(ir::Type::scalar(t));
  op.regions.push_back(std::move(inner.region));
  return w.add(s, std::move(op), types, reduce_types.empty() ? "" : "r");
}

void close_work(KernelWriter& w, Scope& item, int64_t items) {
  OpNode op = loop_op(Op::work, {w.number(items)});
  op.regions.push_back(std::move(item.region));
  w.add(w.top, std::move(op), {});
  w.result.work = items;
}

void close_finish(KernelWriter& w, Scope& finish) {
  OpNode op;
  op.op = Op::finish;
  op.regions.push_back(std::move(finish.region));
  w.add(w.top, std::move(op), {});
}

int64_t product_of(const Nest& nest, const std::vector<int>& loops) {
  int64_t n = 1;
  for (int d : loops) n = ir::checked_mul(n, nest.loops[static_cast<size_t>(d)].extent);
  return n;
}

DType reduction_type(const Group& g, const OpNode& o) { return g.local(o.results[0]).dtype; }

namespace {

void account(const Func& f, const Group& g, Kernel& k) {
  const auto varies = variance(g);
  auto points = [&](ValueId v) {
    int64_t n = 1;
    for (size_t d = 0; d < g.dims.size(); ++d)
      if (varies[static_cast<size_t>(v)] >> d & 1) n *= g.local(g.dims[d]).extent;
    return n;
  };
  std::vector<std::pair<ValueId, int64_t>> read;  // each array once, at most all of it
  for (const OpNode& o : g.body) {
    const int64_t n = points(o.results[0]);
    if (o.op != Op::read) {
      int64_t each = n;
      if (is_reduction(o))
        for (const IndexExpr& e : o.index) each *= g.local(e.terms[0].var).extent;
      k.flops += each * op_cost(o.op);
      continue;
    }
    const ValueId t = o.operands[0].value;
    const int64_t bytes = n * size_of(f.type(t).dtype), all = f.type(t).count() * size_of(f.type(t).dtype);
    auto it = std::find_if(read.begin(), read.end(), [&](const auto& r) { return r.first == t; });
    if (it == read.end()) read.emplace_back(t, std::min(bytes, all));
    else it->second = std::min(all, std::max(it->second, bytes));
  }
  for (const auto& [t, b] : read) k.bytes_read += b;
  for (const auto& o : g.outputs) k.bytes_written += f.type(o.tensor).count() * size_of(f.type(o.tensor).dtype);
}

// An output may be written over an input that the kernel reads at the same place and not after.
void find_in_place(const Func& f, const Group& g, const Nest& nest, const Stages& stages, Kernel& k) {
  if (nest.kind != Nest::Kind::flat && nest.kind != Nest::Kind::row) return;
  if (k.schedule == "full") return;
  for (size_t o = 0; o < g.outputs.size(); ++o) {
    const Group::Output& out = g.outputs[o];
    const auto& last = stages.outputs[static_cast<size_t>(stages.count - 1)];
    if (std::find(last.begin(), last.end(), static_cast<int>(o)) == last.end()) continue;
    for (ValueId in : g.inputs()) {
      if (f.type(in).count() != f.type(out.tensor).count() || size_of(f.type(in).dtype) != size_of(f.type(out.tensor).dtype)) continue;
      bool same = true;
      for (size_t i = 0; i < g.body.size(); ++i)
        if (g.body[i].op == Op::read && g.body[i].operands[0].value == in)
          same &= nest.address[i] == nest.stores[o] && !g.body[i].find(AttrName::guard);
      if (same) k.in_place.emplace_back(out.tensor, in);
    }
  }
}

// What the index arithmetic of a kernel may come to, at most: loops, work items, places in arrays and values.
int64_t largest_index(const Func& f, const Nest& nest, const Kernel& k) {
  int64_t most = k.work;
  auto linear = [&](const Linear& l) {
    int64_t sum = std::abs(l.constant);
    for (size_t d = 0; d < l.coeff.size(); ++d) {
      int64_t part = 0;
      if (__builtin_mul_overflow(std::abs(l.coeff[d]), nest.loops[d].extent, &part) || __builtin_add_overflow(sum, part, &sum)) sum = INT64_MAX / 2;
    }
    most = std::max(most, sum);
  };
  for (const Nest::Loop& l : nest.loops) most = std::max(most, l.extent);
  for (const Linear& l : nest.address) linear(l);
  for (const Linear& l : nest.stores) linear(l);
  for (const auto& guards : nest.guards)
    for (const Nest::Guard& g : guards) linear(g.index);
  for (ValueId t : k.tensors) most = std::max(most, ir::span_of(f, t));
  for (const Kernel::Temp& t : k.temps) most = std::max(most, t.count);
  return most;
}

}  // namespace

Kernel build_kernel(const Func& f, const Group& g, const Nest& nest, const CompileOptions& options, const Agreement* agreed) {
  KernelWriter w(f, g, nest, options.specialise);
  account(f, g, w.result);
  const bool large = agreed ? agreed->large : w.result.bytes_read + w.result.bytes_written > options.target.l3;
  ScheduleContext c{f, g, nest, options, large, agreed};
  w.result.why = nest.why;
  switch (nest.kind) {
    case Nest::Kind::flat:
    case Nest::Kind::row: write_rows(c, w); break;
    case Nest::Kind::column: write_columns(c, w); break;
    case Nest::Kind::product: write_product(c, w); break;
    case Nest::Kind::tiled: write_tiles(c, w); break;
  }
  Kernel k = std::move(w.result);
  std::vector<uint64_t> loops;
  for (size_t i = 0; i < g.locals.size(); ++i) loops.push_back(w.varies(static_cast<ValueId>(i)));
  k.func = std::move(w.k);
  k.func.body.ops = std::move(w.top.region.ops);
  k.func.compact();
  // Loops on a GPU go past an extent by up to what a block does in a step.
  constexpr int64_t kNarrow = (int64_t{1} << 31) - (1 << 20);
  k.wide = options.wide_indices || largest_index(f, nest, k) >= kNarrow;
  find_in_place(f, g, nest, make_stages(g, nest, loops), k);
  return k;
}

}  // namespace frit::lower
