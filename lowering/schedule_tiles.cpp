// The tiled schedule: an operand that is contiguous along another axis than the results is copied,
// transposed, tile by tile, into an array of the worker's own.
#include <algorithm>

#include "lowering/schedules.h"

namespace frit::lower {

using ir::AttrName;

void write_tiles(const ScheduleContext& c, KernelWriter& w) {
  const int64_t edge = c.options.target.tile;
  const Nest& nest = c.nest;
  const auto lane = static_cast<size_t>(nest.lane), across = static_cast<size_t>(nest.across);
  const int64_t q_extent = nest.loops[lane].extent, p_extent = nest.loops[across].extent;
  const int64_t q_tiles = (q_extent + edge - 1) / edge, p_tiles = (p_extent + edge - 1) / edge;
  std::vector<int> outer = nest.outer();
  std::erase(outer, nest.across);
  uint64_t outer_bits = 0;
  for (int d : outer) outer_bits |= uint64_t{1} << d;

  // Transposed reads, and an array each.
  std::vector<std::pair<size_t, ValueId>> transposed;
  for (size_t i = 0; i < c.g.body.size(); ++i) {
    const OpNode& o = c.g.body[i];
    if (o.op != Op::read || o.find(AttrName::guard)) continue;
    const Linear& l = nest.address[i];
    if (!l.dyn.empty() || l.coeff[across] != 1 || (l.coeff[lane] >= -1 && l.coeff[lane] <= 1)) continue;
    transposed.emplace_back(i, w.add_local(c.g.local(o.results[0]).dtype, edge * edge));
  }

  Scope item = w.open(w.top, {"w"}, outer_bits);
  IndexExpr index = IndexExpr::of(item.region.args[0]);
  const IndexExpr nq = w.number(q_tiles);
  const IndexExpr tq = w.index_op(item, Op::index_rem, index, nq);
  index = w.index_op(item, Op::index_div, index, nq);
  IndexExpr tp = index;
  if (!outer.empty()) {
    const IndexExpr np = w.number(p_tiles);
    tp = w.index_op(item, Op::index_rem, index, np);
    index = w.index_op(item, Op::index_div, index, np);
    w.split_item(item, index.terms.at(0).var, outer);
  }
  auto bounds = [&](const IndexExpr& tile, int64_t extent, IndexExpr& lo, IndexExpr& hi) {
    lo = w.index_op(item, Op::index_max, tile.times(edge), IndexExpr(0));
    IndexExpr end = lo;
    end += IndexExpr(edge);
    hi = w.index_op(item, Op::index_min, end, w.number(extent));
  };
  IndexExpr q_lo, q_hi, p_lo, p_hi;
  bounds(tq, q_extent, q_lo, q_hi);
  bounds(tp, p_extent, p_lo, p_hi);
  auto difference = [](IndexExpr a, const IndexExpr& b) { return a += b.times(-1); };

  w.set_loop(nest.lane, q_lo);
  w.set_loop(nest.across, p_lo);
  for (auto [i, array] : transposed) {
    OpNode op;
    op.op = Op::tile;
    op.operands = {w.buffer(c.g.body[i].operands[0].value), array};
    op.index = {w.address(item, nest.address[i]), w.number(nest.address[i].coeff[lane]), difference(p_hi, p_lo), difference(q_hi, q_lo)};
    op.set(AttrName::size, edge);
    w.add(item, std::move(op), {});
  }
  Scope rows = w.open(item, {"p"}, uint64_t{1} << nest.across);
  const ValueId p = rows.region.args[0];
  w.set_loop(nest.across, IndexExpr::of(p));
  Scope lanes = w.open(rows, {"q"}, uint64_t{1} << nest.lane);
  const ValueId q = lanes.region.args[0];
  w.set_loop(nest.lane, IndexExpr::of(q));
  for (auto [i, array] : transposed) {
    IndexExpr at = difference(IndexExpr::of(p), p_lo).times(edge);
    at += difference(IndexExpr::of(q), q_lo);
    w.set_stored(c.g.body[i].results[0], {array, at, outer_bits | uint64_t{1} << nest.across | uint64_t{1} << nest.lane});
  }
  for (size_t o = 0; o < c.g.outputs.size(); ++o) {
    const Operand v = w.value(lanes, c.g.outputs[o].value);
    w.store(lanes, w.buffer(c.g.outputs[o].tensor), w.address(lanes, nest.stores[o]), v, c.streams(c.g.outputs[o]));
  }
  close_loop(w, rows, lanes, loop_op(Op::lanes, {q_lo, q_hi}), {}, {}, {});
  close_loop(w, item, rows, loop_op(Op::loop, {p_lo, p_hi}), {}, {}, {});
  close_work(w, item, product_of(nest, outer) * p_tiles * q_tiles);
  w.result.schedule = "tiled";
}

}  // namespace frit::lower
