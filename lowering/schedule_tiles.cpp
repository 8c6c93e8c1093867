// The tiled schedule: an operand that is contiguous along another axis than the results is copied,
// transposed, tile by tile, into an array of the worker's own. Where the same tensor is also read as
// it lies, as in x + transpose(x), tiles (i, j) and (j, i) are one work item, so that each is read from
// memory once.
#include <algorithm>

#include "lowering/schedules.h"
#include "support/divide.h"

namespace frit::lower {

using ir::AttrName;

void write_tiles(const ScheduleContext& c, KernelWriter& w) {
  constexpr int64_t kAhead = 4;  // rows that a large launch asks for in advance
  const int64_t edge = c.options.target.tile;
  const Nest& nest = c.nest;
  const auto lane = static_cast<size_t>(nest.lane), across = static_cast<size_t>(nest.across);
  const int64_t q_extent = nest.loops[lane].extent, p_extent = nest.loops[across].extent;
  const int64_t q_tiles = divide_up(q_extent, edge), p_tiles = divide_up(p_extent, edge);
  std::vector<int> outer = nest.outer();
  std::erase(outer, nest.across);
  uint64_t outer_bits = 0;
  for (int d : outer) outer_bits |= uint64_t{1} << d;

  // Transposed reads, and an array each; its rows are longer than the tile, lest they all fall into
  // the same few places of the caches.
  std::vector<std::pair<size_t, ValueId>> transposed;
  std::vector<size_t> straight;
  auto row_of = [&](size_t i) { return edge + c.options.target.tile_pad / size_of(c.g.local(c.g.body[i].results[0]).dtype); };
  for (size_t i = 0; i < c.g.body.size(); ++i) {
    const OpNode& o = c.g.body[i];
    if (o.op != Op::read || o.find(AttrName::guard)) continue;
    const Linear& l = nest.address[i];
    if (!l.dyn.empty()) continue;
    if (l.coeff[lane] == 1 && c.large && c.options.target.hints) straight.push_back(i);
    if (l.coeff[across] != 1 || (l.coeff[lane] >= -1 && l.coeff[lane] <= 1)) continue;
    transposed.emplace_back(i, w.add_local(c.g.local(o.results[0]).dtype, edge * row_of(i)));
  }
  bool paired = false;
  for (size_t i : straight)
    for (auto [j, array] : transposed) paired |= c.g.body[i].operands[0].value == c.g.body[j].operands[0].value;
  paired &= q_tiles == p_tiles;

  // Pairs: item (k, i) is the tiles (i, i+k) and (i+k, i) modulo their number n, k up to n/2. There is
  // one tile where both are the same, and where k = n/2, which meets each pair twice.
  const int64_t p_items = paired ? q_tiles / 2 + 1 : p_tiles;
  Scope work = w.open(w.top, {"w"}, outer_bits);
  IndexExpr index = IndexExpr::of(work.region.args[0]);
  const IndexExpr nq = w.number(q_tiles);
  IndexExpr tq = w.index_op(work, Op::index_rem, index, nq);
  index = w.index_op(work, Op::index_div, index, nq);
  IndexExpr tp = index;
  if (!outer.empty()) {
    const IndexExpr np = w.number(p_items);
    tp = w.index_op(work, Op::index_rem, index, np);
    index = w.index_op(work, Op::index_div, index, np);
    w.split_item(work, index.terms.at(0).var, outer);
  }
  Scope pair = paired ? w.open(work, {"b"}, 0) : Scope{};
  Scope& item = paired ? pair : work;
  IndexExpr both;  // of a pair: the number of its tiles
  if (paired) {
    const IndexExpr k = tp, i = tq;
    IndexExpr from_middle = w.number(q_tiles);
    from_middle += k.times(-2);
    both = w.index_op(work, Op::index_min, w.index_op(work, Op::index_min, k, from_middle), IndexExpr(1));
    both += IndexExpr(1);
    const IndexExpr shift = w.index_op(item, Op::index_min, IndexExpr::of(pair.region.args[0]).times(int64_t{1} << 40), k);
    auto wrapped = [&](IndexExpr e) { return w.index_op(item, Op::index_rem, e += i, nq); };
    tp = wrapped(shift);
    IndexExpr rest = k;
    tq = wrapped(rest += shift.times(-1));
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
    op.set(AttrName::size, row_of(i));
    w.add(item, std::move(op), {});
  }
  Scope rows = w.open(item, {"p"}, uint64_t{1} << nest.across);
  const ValueId p = rows.region.args[0];
  w.set_loop(nest.across, IndexExpr::of(p));
  Scope lanes = w.open(rows, {"q"}, uint64_t{1} << nest.lane);
  const ValueId q = lanes.region.args[0];
  w.set_loop(nest.lane, IndexExpr::of(q));
  for (auto [i, array] : transposed) {
    IndexExpr at = difference(IndexExpr::of(p), p_lo).times(row_of(i));
    at += difference(IndexExpr::of(q), q_lo);
    w.set_stored(c.g.body[i].results[0], {array, at, outer_bits | uint64_t{1} << nest.across | uint64_t{1} << nest.lane});
  }
  for (size_t i : straight) {  // their rows are as short as those of the transposed reads
    if (nest.address[i].coeff[across] == 0) continue;
    OpNode op;
    op.op = Op::prefetch;
    op.operands = {w.buffer(c.g.body[i].operands[0].value)};
    op.index = {w.address(lanes, nest.address[i])};
    op.index[0] += w.number(kAhead * nest.address[i].coeff[across]);
    w.add(lanes, std::move(op), {});
  }
  for (size_t o = 0; o < c.g.outputs.size(); ++o) {
    const Operand v = w.value(lanes, c.g.outputs[o].value);
    w.store(lanes, w.buffer(c.g.outputs[o].tensor), w.address(lanes, nest.stores[o]), v, c.streams(c.g.outputs[o]));
  }
  close_loop(w, rows, lanes, loop_op(Op::lanes, {q_lo, q_hi}), {}, {}, {});
  close_loop(w, item, rows, loop_op(Op::loop, {p_lo, p_hi}), {}, {}, {});
  if (paired) close_loop(w, work, pair, loop_op(Op::loop, {IndexExpr(0), both}), {}, {}, {});
  close_work(w, work, product_of(nest, outer) * p_items * q_tiles);
  w.result.schedule = "tiled";
}

}  // namespace frit::lower
