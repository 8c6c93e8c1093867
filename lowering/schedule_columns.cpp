// The column schedule: the lanes run along a contiguous axis that is not the reduced one. A work item
// is a tile of lanes, or a part of the reduced axis of it whose partial results the last worker combines.
#include <algorithm>
#include <map>

#include "codegen/orders.h"
#include "lowering/schedules.h"
#include "support/divide.h"

namespace frit::lower {

using ir::AttrName;

namespace {

using codegen::kBlock;

class Columns {
 public:
  Columns(const ScheduleContext& c, KernelWriter& w)
      : c_(c),
        t_(c.options.target),
        g_(c.g),
        nest_(c.nest),
        w_(w),
        stages_(make_stages(c.g, c.nest, loops())),
        width_(nest_.loops[static_cast<size_t>(nest_.lane)].extent),
        depth_(nest_.loops[static_cast<size_t>(nest_.reduced)].extent),
        outer_(nest_.outer()) {
    tiles_ = divide_up(width_, t_.column_tile);
    tile_ = tiles_ <= 1 ? width_ : divide_up(width_, tiles_);
    if (tiles_ > 1) tile_ = (tile_ + 15) / 16 * 16, tiles_ = divide_up(width_, tile_);
    const int64_t items = product_of(nest_, outer_) * std::max<int64_t>(tiles_, 1);
    // More tiles than needed to occupy the threads cost bandwidth; fewer leave threads idle.
    if (items < t_.threads && !splits() && width_ >= 64) {
      tiles_ = std::min<int64_t>((width_ + 31) / 32, t_.threads);
      tile_ = (divide_up(width_, tiles_) + 15) / 16 * 16;
      tiles_ = divide_up(width_, tile_);
    }
  }

  void run() {
    if (splits()) return split();
    whole();
  }

 private:
  std::vector<uint64_t> loops() const {
    std::vector<uint64_t> v;
    for (size_t i = 0; i < c_.g.locals.size(); ++i) v.push_back(w_.varies(static_cast<ValueId>(i)));
    return v;
  }
  static uint64_t bit(int loop) { return uint64_t{1} << loop; }
  uint64_t outer_bits() const {
    uint64_t m = 0;
    for (int d : outer_) m |= bit(d);
    return m;
  }
  bool deep(ValueId v) const { return (w_.varies(v) & bit(nest_.reduced)) != 0; }

  // Splitting: few columns, deep, one stage.
  bool splits() const {
    if (stages_.count != 1 || !stages_.outputs[0].empty()) return false;
    if (product_of(nest_, outer_) * divide_up(width_, t_.column_tile) >= 4 * t_.threads || depth_ < 4 * kBlock) return false;
    return std::none_of(g_.body.begin(), g_.body.end(), [](const OpNode& o) {
      return o.op == Op::reduce_argmax || o.op == Op::reduce_argmin;
    });
  }

  // Locals for the reductions of all stages, and for values between the stages that the deep loops use.
  void add_locals() {
    for (const OpNode& o : g_.body)
      if (is_reduction(o)) array_[o.results[0]] = w_.add_local(reduction_type(g_, o), t_.column_tile);
    for (const OpNode& o : g_.body) {
      if (!is_reduction(o) && !deep(o.results[0])) continue;
      g_.for_scalars(o, [&](ValueId v) { need_array(v); });
    }
    for (const Group::Output& o : g_.outputs)
      if (o.value.is_value() && !deep(o.value.value) && std::any_of(o.axes.begin(), o.axes.end(), [&](const IndexExpr& e) {
            return !e.is_constant() && nest_.loops[static_cast<size_t>(nest_.reduced)].members[0] == e.terms[0].var;
          }))
        need_array(o.value.value);
  }
  // A value that does not vary over the reduced axis but is used for each of its elements.
  void need_array(ValueId v) {
    const OpNode* o = w_.def(v);
    if (!o || deep(v) || is_reduction(*o) || o->op == Op::read || o->op == Op::index || array_.count(v)) return;
    if (!(w_.varies(v) & bit(nest_.lane))) return;  // one number an item
    array_[v] = w_.add_local(g_.local(v).dtype, t_.column_tile);
    between_.push_back(v);
  }

  void whole() {
    add_locals();
    Scope item = w_.open(w_.top, {"w"}, outer_bits());
    set_tile(item, IndexExpr::of(item.region.args[0]));
    for (int s = 0; s < stages_.count; ++s) {
      fill_between(item, s);
      reduce(item, s, IndexExpr(0), w_.number(depth_));
      store_deep(item, s);
    }
    fill_between(item, stages_.count);
    store_late(item);
    close_work(w_, item, product_of(nest_, outer_) * tiles_);
    w_.result.schedule = "column";
  }

  // w = (outer, tile): sets the outer loops and the bounds of the lanes.
  void set_tile(Scope& s, IndexExpr w) {
    if (tiles_ > 1) {
      const IndexExpr n = w_.number(tiles_);
      IndexExpr t = w;
      if (!outer_.empty()) {
        t = w_.index_op(s, Op::index_rem, w, n);
        w = w_.index_op(s, Op::index_div, w, n);
      }
      const IndexExpr size = w_.number(tile_);
      // As an index value of its own: it is a term of other expressions.
      lo_ = w_.index_op(s, Op::index_max, w_.scaled(t.terms.at(0).var, tile_), IndexExpr(0));
      IndexExpr end = lo_;
      end += size;
      hi_ = w_.index_op(s, Op::index_min, end, w_.number(width_));
    } else {
      lo_ = IndexExpr(0);
      hi_ = w_.number(width_);
    }
    if (!outer_.empty()) w_.split_item(s, w.terms.at(0).var, outer_);
  }

  // The position in a local array of the lane whose index is `j`.
  IndexExpr at(ValueId j) const {
    IndexExpr e = IndexExpr::of(j);
    e += lo_.times(-1);
    return e;
  }
  void set_lane(ValueId j) {
    w_.set_loop(nest_.lane, IndexExpr::of(j));
    // What does not vary along the lanes is the same in every element; the first one is always there.
    for (ValueId v : ready_) {
      if (w_.varies(v) & bit(nest_.lane)) w_.set_stored(v, {array_.at(v), at(j), bit(nest_.lane) | outer_bits()});
      else w_.set_stored(v, {array_.at(v), IndexExpr(0), outer_bits()});
    }
  }

  // Values between the stages that can be computed now.
  void fill_between(Scope& item, int stage) {
    std::vector<ValueId> now;
    for (ValueId v : between_)
      if (stages_.of[static_cast<size_t>(v)] == stage) now.push_back(v);
    if (now.empty()) return;
    Scope lanes = w_.open(item, {"j"}, bit(nest_.lane));
    const ValueId j = lanes.region.args[0];
    set_lane(j);
    for (ValueId v : now) w_.store(lanes, array_.at(v), at(j), w_.value(lanes, v), false);
    close_loop(w_, item, lanes, loop_op(Op::lanes, {lo_, hi_}), {}, {}, {});
    ready_.insert(ready_.end(), now.begin(), now.end());
  }

  void reduce(Scope& s, int stage, IndexExpr first, IndexExpr last) {
    const std::vector<int>& reductions = stages_.reductions[static_cast<size_t>(stage)];
    if (reductions.empty()) return;
    OpNode op = loop_op(Op::cols, {first, last, lo_, hi_});
    Scope inner = w_.open(s, {"k", "j"}, bit(nest_.lane) | bit(nest_.reduced));
    w_.set_loop(nest_.reduced, IndexExpr::of(inner.region.args[0]));
    set_lane(inner.region.args[1]);
    std::vector<Operand> yields;
    std::vector<Op> ops;
    for (int r : reductions) {
      const OpNode& o = g_.body[static_cast<size_t>(r)];
      yields.push_back(w_.value(inner, o.operands[0]));
      ops.push_back(o.op);
      op.operands.emplace_back(array_.at(o.results[0]));
    }
    close_loop(w_, s, inner, std::move(op), std::move(yields), ops, {});
    for (int r : reductions) ready_.push_back(g_.body[static_cast<size_t>(r)].results[0]);
  }

  void store_output(Scope& s, int o) {
    const Group::Output& out = g_.outputs[static_cast<size_t>(o)];
    const Operand v = w_.value(s, out.value);
    w_.store(s, w_.buffer(out.tensor), w_.address(s, nest_.stores[static_cast<size_t>(o)]), v, c_.streams(out));
  }
  void store_deep(Scope& item, int stage) {
    if (stages_.outputs[static_cast<size_t>(stage)].empty()) return;
    Scope rows = w_.open(item, {"k"}, bit(nest_.reduced));
    w_.set_loop(nest_.reduced, IndexExpr::of(rows.region.args[0]));
    Scope lanes = w_.open(rows, {"j"}, bit(nest_.lane));
    set_lane(lanes.region.args[0]);
    for (int o : stages_.outputs[static_cast<size_t>(stage)]) store_output(lanes, o);
    close_loop(w_, rows, lanes, loop_op(Op::lanes, {lo_, hi_}), {}, {}, {});
    close_loop(w_, item, rows, loop_op(Op::loop, {IndexExpr(0), w_.number(depth_)}), {}, {}, {});
  }
  void store_late(Scope& item) {
    if (stages_.late_outputs.empty()) return;
    Scope lanes = w_.open(item, {"j"}, bit(nest_.lane));
    set_lane(lanes.region.args[0]);
    for (int o : stages_.late_outputs) store_output(lanes, o);
    close_loop(w_, item, lanes, loop_op(Op::lanes, {lo_, hi_}), {}, {}, {});
  }

  void split() {
    const int64_t blocks = divide_up(depth_, kBlock);
    int64_t each = 1;  // blocks of a part: a power of two, so that parts are subtrees of the order
    while (blocks / each > t_.column_parts) each *= 2;
    const int64_t part = each * kBlock, parts = divide_up(depth_, part), items = product_of(nest_, outer_) * tiles_;
    std::map<ValueId, ValueId> partial;
    for (const OpNode& o : g_.body)
      if (is_reduction(o)) partial[o.results[0]] = w_.add_temp(reduction_type(g_, o), product_of(nest_, outer_) * parts * width_);
    add_locals();
    Scope item = w_.open(w_.top, {"w"}, outer_bits());
    const ValueId index = item.region.args[0];
    const IndexExpr n = w_.number(parts);
    const IndexExpr p = w_.index_op(item, Op::index_rem, IndexExpr::of(index), n);
    const IndexExpr rest = w_.index_op(item, Op::index_div, IndexExpr::of(index), n);
    set_tile(item, rest);
    const IndexExpr first = w_.scaled(p.terms.at(0).var, part);
    IndexExpr end = first;
    end += w_.number(part);
    const IndexExpr last = w_.index_op(item, Op::index_min, end, w_.number(depth_));
    fill_between(item, 0);
    reduce(item, 0, first, last);
    // Partial results: [outer][part][lane].
    {
      Scope lanes = w_.open(item, {"j"}, bit(nest_.lane));
      const ValueId j = lanes.region.args[0];
      set_lane(j);
      for (auto [v, buf] : partial)
        w_.store(lanes, buf, partial_at(p, j, parts), w_.load(lanes, array_.at(v), at(j), w_.k.type(buf).dtype), false);
      close_loop(w_, item, lanes, loop_op(Op::lanes, {lo_, hi_}), {}, {}, {});
    }
    close_work(w_, item, items * parts);

    Scope finish = w_.open(w_.top, {}, 0);
    Scope tile = w_.open(finish, {"t"}, outer_bits());
    tile.whole = true;
    ready_.clear();
    for (const OpNode& o : g_.body)
      if (is_reduction(o)) w_.clear_stored(o.results[0]);
    set_tile(tile, IndexExpr::of(tile.region.args[0]));
    for (auto [v, buf] : partial) {
      OpNode op = loop_op(Op::cols, {IndexExpr(0), w_.number(parts), lo_, hi_});
      op.set(AttrName::tree, int64_t{1});
      op.operands.emplace_back(array_.at(v));
      Scope inner = w_.open(tile, {"p", "j"}, bit(nest_.lane));
      const ValueId q = inner.region.args[0], j = inner.region.args[1];
      const Operand x = w_.load(inner, buf, partial_at(IndexExpr::of(q), j, parts), w_.k.type(buf).dtype);
      close_loop(w_, tile, inner, std::move(op), {x}, {w_.def(v)->op}, {});
      ready_.push_back(v);
    }
    fill_between(tile, 1);
    store_late(tile);
    close_loop(w_, finish, tile, loop_op(Op::loop, {IndexExpr(0), w_.number(items)}), {}, {}, {});
    close_finish(w_, finish);
    w_.result.schedule = "column";
    w_.result.why = "reduces across the contiguous axis, in " + std::to_string(parts) + " parts that the last worker combines";
  }

  // Index of a partial result: ((outer * parts) + part) * width + lane.
  IndexExpr partial_at(const IndexExpr& part, ValueId lane, int64_t parts) {
    IndexExpr e = IndexExpr::of(lane);
    w_.add_scaled(e, part.terms.at(0).var, width_);
    int64_t stride = parts * width_;
    for (size_t i = outer_.size(); i-- > 0;) {
      w_.add_scaled(e, w_.loop_value(outer_[i]).terms.at(0).var, stride);
      stride *= nest_.loops[static_cast<size_t>(outer_[i])].extent;
    }
    return e;
  }

  const ScheduleContext& c_;
  const TargetSpec& t_;
  const Group& g_;
  const Nest& nest_;
  KernelWriter& w_;
  Stages stages_;
  int64_t width_, depth_;
  std::vector<int> outer_;
  int64_t tiles_ = 1, tile_ = 1;
  IndexExpr lo_, hi_;
  std::map<ValueId, ValueId> array_;  // value -> its local array
  std::vector<ValueId> between_;      // values between the stages that have one
  std::vector<ValueId> ready_;        // values whose array is filled
};

}  // namespace

void write_columns(const ScheduleContext& c, KernelWriter& w) { Columns(c, w).run(); }

}  // namespace frit::lower
