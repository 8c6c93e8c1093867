// Flat and row schedules: the lanes run along the contiguous axis. A work item is a chunk of a flat
// index, a row, or a part of a row whose partial results the last worker combines.
#include <algorithm>

#include "lowering/schedules.h"
#include "support/divide.h"

namespace frit::lower {

using ir::AttrName;

namespace {

class Rows {
 public:
  Rows(const ScheduleContext& c, KernelWriter& w)
      : c_(c), t_(c.options.target), g_(c.g), nest_(c.nest), w_(w), stages_(make_stages(c.g, c.nest, loops(), t_.gpu.has_value())), extent_(lane().extent), outer_(nest_.outer()) {}

  void run() {
    if (nest_.reduced < 0) return flat();
    if (splits()) return split_rows();
    whole_rows();
  }

 private:
  std::vector<uint64_t> loops() const {
    std::vector<uint64_t> v;
    for (size_t i = 0; i < c_.g.locals.size(); ++i) v.push_back(w_.varies(static_cast<ValueId>(i)));
    return v;
  }
  const Nest::Loop& lane() const { return nest_.loops[static_cast<size_t>(nest_.lane)]; }
  uint64_t lane_bit() const { return uint64_t{1} << nest_.lane; }
  uint64_t outer_bits() const {
    uint64_t m = 0;
    for (int d : outer_) m |= uint64_t{1} << d;
    return m;
  }

  void flat() {
    const int64_t rows = product_of(nest_, outer_);
    // Several kernels in one launch agree on a length; together they have items enough.
    const bool agreed = c_.agreed && c_.agreed->chunk > 0;
    const int64_t own = t_.gpu ? gpu_chunk(agreed ? 2 * t_.threads : rows) : t_.chunk;
    const int64_t chunk = agreed ? std::min(own, c_.agreed->chunk) : own;
    // Eager kernels serve every extent: on a GPU one of a single row is cut into chunks of a known size always.
    const bool chunks = agreed || extent_ > chunk || (t_.gpu && !c_.options.specialise && outer_.empty());
    const int64_t per_row = chunks ? divide_up(extent_, chunk) : 1;
    Scope item = w_.open(w_.top, {"w"}, outer_bits());
    const ValueId index = item.region.args[0];
    IndexExpr lo(0), hi;
    IndexExpr row = IndexExpr::of(index);
    if (chunks) {
      IndexExpr c = row;
      if (!outer_.empty()) {
        const IndexExpr n = w_.number(per_row);
        c = w_.index_op(item, Op::index_rem, row, n);
        row = w_.index_op(item, Op::index_div, row, n);
      }
      lo = c.times(chunk);
      IndexExpr end = lo;
      end += IndexExpr(chunk);
      hi = w_.index_op(item, Op::index_min, end, w_.number(extent_));
    } else {
      hi = row_length(item);
    }
    if (!outer_.empty()) w_.split_item(item, row.terms.at(0).var, outer_);
    Scope lanes = open_lanes(item);
    if (c_.large && t_.hints) prefetch(lanes, [&](const Linear&, DType t) { return IndexExpr(t_.ahead / size_of(t)); });
    store_outputs(lanes, stages_.outputs[0]);
    close_loop(w_, item, lanes, loop_op(Op::lanes, {lo, hi}), {}, {}, {});
    close_work(w_, item, ir::checked_mul(rows, per_row));
    w_.result.schedule = "flat";
  }

  // The extent of the lanes. Eager kernels for GPUs serve all extents of a class, the largest of which tells
  // how many threads a row is worth.
  IndexExpr row_length(Scope& item) {
    const IndexExpr n = w_.number(extent_);
    if (!t_.gpu || c_.options.specialise) return n;
    for (int64_t most : {64, 1024, 8192})
      if (extent_ <= most) return w_.index_op(item, Op::index_min, n, IndexExpr(most));
    return n;
  }

  // A block's worth of vectors: so many a thread as ask for enough bytes at a time, fewer where the launch is
  // small and would leave multiprocessors idle.
  int64_t gpu_chunk(int64_t rows) const {
    constexpr int64_t kThreads = 256, kVector = 16;
    int64_t widest = 1, bytes = 0;
    for (size_t i = 0; i < g_.body.size(); ++i) {
      const OpNode& o = g_.body[i];
      if (o.op != Op::read || nest_.address[i].coeff[static_cast<size_t>(nest_.lane)] != 1) continue;
      const int64_t size = size_of(g_.local(o.results[0]).dtype);
      widest = std::max(widest, size);
      bytes += size;
    }
    for (const Group::Output& o : g_.outputs) widest = std::max(widest, size_of(c_.f.type(o.tensor).dtype));
    const int64_t vector = std::max<int64_t>(1, kVector / widest);
    int64_t chunk = std::min(t_.chunk, kThreads * vector);
    // Eager kernels are of one size, whatever comes.
    while (2 * chunk <= t_.chunk && chunk / kThreads * std::max(widest, bytes) < t_.gpu->bytes_a_thread()) chunk *= 2;
    if (!c_.options.specialise) return chunk;
    while (chunk > kThreads / 2 * vector && rows * divide_up(extent_, chunk) < 2 * t_.threads) chunk /= 2;
    return chunk;
  }

  Scope open_lanes(Scope& item) {
    Scope lanes = w_.open(item, {"j"}, lane_bit());
    w_.set_loop(nest_.lane, IndexExpr::of(lanes.region.args[0]));
    for (auto [v, array] : kept_) w_.set_stored(v, {array, w_.loop_value(nest_.lane), lane_bit() | outer_bits()});
    return lanes;
  }

  // Every value first, then the stores: an output may lie in the memory of an input (see find_in_place).
  void store_outputs(Scope& s, const std::vector<int>& outputs) {
    std::vector<std::pair<Operand, IndexExpr>> values;
    for (int o : outputs)
      values.emplace_back(w_.value(s, g_.outputs[static_cast<size_t>(o)].value), w_.address(s, nest_.stores[static_cast<size_t>(o)]));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Group::Output& out = g_.outputs[static_cast<size_t>(outputs[i])];
      w_.store(s, w_.buffer(out.tensor), std::move(values[i].second), values[i].first, c_.streams(out));
    }
  }

  void whole_rows() {
    // Kept rows first: locals stand at the top of the kernel.
    constexpr int kInCluster = 2;
    int in_cluster = 0;
    std::vector<std::vector<ValueId>> arrays(stages_.kept.size());
    for (size_t s = 0; s < stages_.kept.size(); ++s)
      for (ValueId v : stages_.kept[s]) {
        const DType t = g_.local(v).dtype;
        // Eager kernels serve every extent: there an array of the largest kept size would be waste.
        const int64_t bytes = extent_ * size_of(t);
        bool keep = c_.options.specialise && bytes <= t_.kept_row && w_.result.scratch_bytes + bytes + 64 <= t_.scratch;
        // Or in the registers of the workers that share the row.
        const bool shared = !keep && c_.options.specialise && in_cluster < kInCluster && extent_ * std::max<int64_t>(4, size_of(t)) <= t_.cluster_row;
        if (shared) keep = true, ++in_cluster;
        arrays[s].push_back(keep ? w_.add_local(t, extent_) : kNone);
      }
    Scope item = w_.open(w_.top, {"r"}, outer_bits());
    if (!outer_.empty()) w_.split_item(item, item.region.args[0], outer_);
    const IndexExpr n = row_length(item);
    for (int s = 0; s < stages_.count; ++s) {
      Scope lanes = open_lanes(item);
      const IndexExpr j = w_.loop_value(nest_.lane);
      for (size_t i = 0; i < arrays[static_cast<size_t>(s)].size(); ++i) {
        const ValueId v = stages_.kept[static_cast<size_t>(s)][i], array = arrays[static_cast<size_t>(s)][i];
        if (array != kNone) w_.store(lanes, array, j, w_.value(lanes, v), false);
      }
      if (s == prefetch_stage()) prefetch(lanes, [&](const Linear& l, DType) { return w_.number(l.coeff[static_cast<size_t>(outer_[0])]); });
      for (int r : stages_.reductions[static_cast<size_t>(s)]) w_.value(lanes, g_.body[static_cast<size_t>(r)].operands[0]);
      store_outputs(lanes, stages_.outputs[static_cast<size_t>(s)]);
      run_reductions(item, lanes, s, loop_op(Op::lanes, {IndexExpr(0), n}));
      // From the next stage on these values come from their arrays.
      for (size_t i = 0; i < arrays[static_cast<size_t>(s)].size(); ++i)
        if (arrays[static_cast<size_t>(s)][i] != kNone)
          kept_.emplace_back(stages_.kept[static_cast<size_t>(s)][i], arrays[static_cast<size_t>(s)][i]);
    }
    for (int o : stages_.late_outputs) {
      const Group::Output& out = g_.outputs[static_cast<size_t>(o)];
      w_.store(item, w_.buffer(out.tensor), w_.address(item, nest_.stores[static_cast<size_t>(o)]), w_.value(item, out.value), false);
    }
    close_work(w_, item, product_of(nest_, outer_));
    w_.result.schedule = "row";
  }

  void run_reductions(Scope& item, Scope& lanes, int s, OpNode op) {
    std::vector<Operand> yields;
    std::vector<Op> ops;
    std::vector<DType> types;
    for (int r : stages_.reductions[static_cast<size_t>(s)]) {
      const OpNode& o = g_.body[static_cast<size_t>(r)];
      yields.push_back(w_.value(lanes, o.operands[0]));
      ops.push_back(o.op);
      types.push_back(g_.local(o.results[0]).dtype);
    }
    const OpId id = close_loop(w_, item, lanes, std::move(op), std::move(yields), ops, types);
    for (size_t i = 0; i < ops.size(); ++i)
      item.made[g_.body[static_cast<size_t>(stages_.reductions[static_cast<size_t>(s)][i])].results[0]] = w_.k.result(id, static_cast<int>(i));
  }

  // The stage during which the next row is asked for: the second, as the first reads memory itself.
  int prefetch_stage() const {
    if (!t_.hints || stages_.count < 2 || outer_.size() != 1 || extent_ * 4 > t_.l2 / 4) return -1;
    return 1;
  }
  // Asks for what each contiguous read will need `distance` elements further on; 0: nothing.
  template <class F>
  void prefetch(Scope& lanes, F&& distance) {
    for (size_t i = 0; i < g_.body.size(); ++i) {
      const OpNode& o = g_.body[i];
      if (o.op != Op::read || o.find(AttrName::guard) || !nest_.address[i].dyn.empty()) continue;
      if (nest_.address[i].coeff[static_cast<size_t>(nest_.lane)] != 1) continue;
      const IndexExpr ahead = distance(nest_.address[i], g_.local(o.results[0]).dtype);
      if (ahead == IndexExpr(0)) continue;
      OpNode n;
      n.op = Op::prefetch;
      n.operands = {w_.buffer(o.operands[0].value)};
      n.index = {w_.address(lanes, nest_.address[i])};
      n.index[0] += ahead;
      w_.add(lanes, std::move(n), {});
    }
  }

  // Splitting: few long rows, one stage.
  bool splits() const {
    if (stages_.count != 1 || !stages_.outputs[0].empty()) return false;
    if (product_of(nest_, outer_) >= 4 * t_.threads || extent_ < 2 * t_.row_part) return false;
    return std::none_of(g_.body.begin(), g_.body.end(), [](const OpNode& o) { return o.op == Op::reduce_argmax || o.op == Op::reduce_argmin; });
  }

  void split_rows() {
    const int64_t rows = product_of(nest_, outer_), parts = divide_up(extent_, t_.row_part);
    const auto& reductions = stages_.reductions[0];
    std::vector<ValueId> partial;
    for (int r : reductions) partial.push_back(w_.add_temp(g_.local(g_.body[static_cast<size_t>(r)].results[0]).dtype, rows * parts));
    Scope item = w_.open(w_.top, {"w"}, outer_bits());
    const ValueId index = item.region.args[0];
    IndexExpr c = IndexExpr::of(index);
    if (!outer_.empty()) {
      const IndexExpr n = w_.number(parts);
      c = w_.index_op(item, Op::index_rem, IndexExpr::of(index), n);
      const IndexExpr row = w_.index_op(item, Op::index_div, IndexExpr::of(index), n);
      w_.split_item(item, row.terms.at(0).var, outer_);
    }
    const IndexExpr lo = c.times(t_.row_part);
    IndexExpr end = lo;
    end += IndexExpr(t_.row_part);
    const IndexExpr hi = w_.index_op(item, Op::index_min, end, w_.number(extent_));
    {
      Scope lanes = open_lanes(item);
      run_reductions(item, lanes, 0, loop_op(Op::lanes, {lo, hi}));
    }
    for (size_t i = 0; i < reductions.size(); ++i) {
      const Operand v = item.made.at(g_.body[static_cast<size_t>(reductions[i])].results[0]);
      w_.store(item, partial[i], IndexExpr::of(index), v, false);
    }
    close_work(w_, item, rows * parts);

    Scope finish = w_.open(w_.top, {}, 0);
    Scope row = w_.open(finish, {"o"}, outer_bits());
    row.whole = true;
    const ValueId o = row.region.args[0];
    if (!outer_.empty()) w_.split_item(row, o, outer_);
    const IndexExpr first = w_.scaled(o, parts);
    IndexExpr last = first;
    last += w_.number(parts);
    Scope lanes = w_.open(row, {"c"}, 0);
    std::vector<Operand> yields;
    std::vector<Op> ops;
    std::vector<DType> types;
    for (size_t i = 0; i < reductions.size(); ++i) {
      const OpNode& r = g_.body[static_cast<size_t>(reductions[i])];
      types.push_back(g_.local(r.results[0]).dtype);
      yields.push_back(w_.load(lanes, partial[i], IndexExpr::of(lanes.region.args[0]), types.back()));
      ops.push_back(r.op);
    }
    OpNode tree = loop_op(Op::lanes, {first, last});
    tree.set(AttrName::tree, int64_t{1});
    const OpId id = close_loop(w_, row, lanes, std::move(tree), std::move(yields), ops, types);
    for (size_t i = 0; i < reductions.size(); ++i)
      row.made[g_.body[static_cast<size_t>(reductions[i])].results[0]] = w_.k.result(id, static_cast<int>(i));
    for (int out : stages_.late_outputs) {
      const Group::Output& x = g_.outputs[static_cast<size_t>(out)];
      w_.store(row, w_.buffer(x.tensor), w_.address(row, nest_.stores[static_cast<size_t>(out)]), w_.value(row, x.value), false);
    }
    close_loop(w_, finish, row, loop_op(Op::loop, {IndexExpr(0), w_.number(rows)}), {}, {}, {});
    close_finish(w_, finish);
    w_.result.schedule = "full";
    w_.result.why = "few long rows: " + std::to_string(parts) + " parts a row, combined by the last worker";
  }

  const ScheduleContext& c_;
  const TargetSpec& t_;
  const Group& g_;
  const Nest& nest_;
  KernelWriter& w_;
  Stages stages_;
  int64_t extent_;
  std::vector<int> outer_;
  std::vector<std::pair<ValueId, ValueId>> kept_;  // value and its array, of the stages done
};

}  // namespace

void write_rows(const ScheduleContext& c, KernelWriter& w) { Rows(c, w).run(); }

}  // namespace frit::lower
