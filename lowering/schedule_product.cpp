// The product schedule: a work item is a tile of rows i and columns j of a matrix product's result, one
// operand varying along i, the other along j. What follows the product is computed from the tile, and so
// are values along i or j that the operands need at every k.
#include <algorithm>
#include <bit>
#include <map>

#include "lowering/schedules.h"
#include "support/divide.h"

namespace frit::lower {

using ir::AttrName;

namespace {

constexpr int64_t kLeastEdge = 16;  // of a tile that is made smaller to occupy the threads
// Blocks of k are added up in registers and on a stack: kernels for any k are of one of these kinds.
constexpr int64_t kDepths[] = {1 << 10, 1 << 16};

class Product {
 public:
  Product(const ScheduleContext& c, KernelWriter& w)
      : c_(c), t_(c.options.target), g_(c.g), nest_(c.nest), w_(w), square_(t_.product_rows > 1), depth_(extent(nest_.reduced)) {
    for (const OpNode& o : g_.body)
      if (o.op == Op::reduce_dot) dot_ = &o;
    choose_loops();
    if (square_) choose_tile();
    else choose_columns();
    row_tiles_ = divide_up(extent(i_), rows_);
    column_tiles_ = divide_up(extent(j_), columns_);
  }

  void run() {
    const DType t = reduction_type(g_, *dot_);
    const int64_t size = square_ ? columns_ : t_.product_columns;
    result_ = w_.add_local(t, rows_ * size);
    add_arrays();
    Scope item = w_.open(w_.top, {"w"}, outer_bits());
    set_tile(item);
    for (auto [v, array] : arrays_) fill(item, v, array);
    {
      IndexExpr end = w_.number(depth_);
      if (square_ && !c_.options.specialise)
        for (int64_t most : kDepths)
          if (depth_ <= most) {
            end = w_.index_op(item, Op::index_min, end, IndexExpr(most));
            break;
          }
      Scope inner = w_.open(item, {"k", "i", "j"}, bit(i_) | bit(j_) | bit(nest_.reduced));
      w_.set_loop(nest_.reduced, IndexExpr::of(inner.region.args[0]));
      set_place(inner.region.args[1], inner.region.args[2]);
      OpNode op = loop_op(Op::product, {IndexExpr(0), end, ilo_, ihi_, jlo_, jhi_});
      op.operands.emplace_back(result_);
      op.set(AttrName::size, size);
      std::vector<Operand> yields;
      for (const Operand& x : dot_->operands) yields.push_back(w_.value(inner, x));
      close_loop(w_, item, inner, std::move(op), std::move(yields), {}, {});
    }
    if (i_ >= 0) {
      Scope rows = w_.open(item, {"i"}, bit(i_));
      store(rows, rows.region.args[0], size);
      close_loop(w_, item, rows, loop_op(Op::loop, {ilo_, ihi_}), {}, {}, {});
    } else {
      store(item, kNone, size);
    }
    close_work(w_, item, product_of(nest_, outer_) * row_tiles_ * column_tiles_);
    w_.result.schedule = "product";
    if (square_) w_.result.why += ", tiles of " + std::to_string(rows_) + " x " + std::to_string(columns_);
  }

 private:
  int64_t extent(int loop) const { return loop < 0 ? 1 : nest_.loops[static_cast<size_t>(loop)].extent; }
  static uint64_t bit(int loop) { return loop < 0 ? 0 : uint64_t{1} << loop; }
  uint64_t outer_bits() const {
    uint64_t m = 0;
    for (int d : outer_) m |= bit(d);
    return m;
  }
  uint64_t varies(const Operand& o) const { return o.is_value() ? w_.varies(o.value) : 0; }

  // Columns along which the results are contiguous; where there are rows too, the operands share neither
  // if that can be (a batch that comes last is no loop of columns).
  void choose_loops() {
    const uint64_t a = varies(dot_->operands[0]), b = varies(dot_->operands[1]);
    j_ = nest_.lane;
    i_ = -1;
    if (square_) {
      auto one = [&](int d) { return ((a ^ b) & bit(d)) != 0; };
      const int loops = static_cast<int>(nest_.loops.size());
      for (int d = loops; d-- > 0 && !one(j_);)
        if (d != nest_.reduced && one(d)) j_ = d;
      for (int d = 0; d < loops; ++d)
        if (d != nest_.reduced && d != j_ && one(d) && one(j_) && ((a & bit(d)) != 0) != ((a & bit(j_)) != 0) && extent(d) >= extent(i_)) i_ = d;
    }
    for (int d = 0; d < static_cast<int>(nest_.loops.size()); ++d)
      if (d != nest_.reduced && d != i_ && d != j_) outer_.push_back(d);
  }

  // Edges are powers of two. Fewer tiles than workers leave some idle; smaller ones read more.
  void choose_tile() {
    std::vector<int64_t> edges = {1, 16, 32, 128};  // of kernels for any shape: few kinds
    if (c_.options.specialise) edges = {1, 2, 4, 8, 16, 32, 64, 128};
    auto edge = [&](int64_t extent, int64_t most) {
      size_t e = 0;
      while (e + 1 < edges.size() && edges[e] < extent && edges[e + 1] <= most) ++e;
      return e;
    };
    size_t rows = edge(extent(i_), t_.product_rows), columns = edge(extent(j_), t_.product_columns);
    auto tiles = [&] {
      const int64_t r = edges[rows], c = edges[columns];
      return product_of(nest_, outer_) * divide_up(extent(i_), r) * divide_up(extent(j_), c);
    };
    auto smaller = [&] { (rows >= columns ? rows : columns)--; };
    while (edges[rows] * edges[columns] * size_of(reduction_type(g_, *dot_)) > t_.product_bytes) smaller();
    while (tiles() < t_.threads && edges[std::max(rows, columns)] > kLeastEdge) smaller();
    rows_ = edges[rows];
    columns_ = edges[columns];
  }

  // Whole rows where they are narrow; as many parts of them as occupy the threads.
  void choose_columns() {
    const int64_t width = extent(j_);
    int64_t tiles = divide_up(width, t_.product_columns);
    if (product_of(nest_, outer_) * std::max<int64_t>(tiles, 1) < t_.threads && width >= 64) tiles = std::min<int64_t>((width + 31) / 32, t_.threads);
    columns_ = std::max<int64_t>(tiles <= 1 ? width : divide_up(divide_up(width, tiles), 16) * 16, 1);
  }

  // w = (outer, tile of rows, tile of columns): sets the outer loops and the bounds of the tile.
  void set_tile(Scope& s) {
    IndexExpr w = IndexExpr::of(s.region.args[0]);
    bool more = i_ >= 0 || !outer_.empty();  // of w, beyond what has been taken from it
    auto take = [&](int64_t tiles, int64_t edge, int64_t extent, IndexExpr& lo, IndexExpr& hi) {
      if (tiles <= 1 && (c_.options.specialise || !square_)) {
        lo = IndexExpr(0);
        hi = w_.number(extent);
        return;
      }
      IndexExpr t = w;
      if (more) {
        const IndexExpr n = w_.number(tiles);
        t = w_.index_op(s, Op::index_rem, w, n);
        w = w_.index_op(s, Op::index_div, w, n);
      }
      const IndexExpr size = square_ ? IndexExpr(edge) : w_.number(edge);
      // As an index value of its own: it is a term of other expressions.
      lo = w_.index_op(s, Op::index_max, square_ ? t.times(edge) : w_.scaled(t.terms.at(0).var, edge), IndexExpr(0));
      IndexExpr end = lo;
      end += size;
      hi = w_.index_op(s, Op::index_min, end, w_.number(extent));
    };
    take(column_tiles_, columns_, extent(j_), jlo_, jhi_);
    more = !outer_.empty();
    if (i_ >= 0) take(row_tiles_, rows_, extent(i_), ilo_, ihi_);
    else ilo_ = IndexExpr(0), ihi_ = IndexExpr(1);
    if (!outer_.empty()) w_.split_item(s, w.terms.at(0).var, outer_);
  }

  static IndexExpr difference(IndexExpr a, const IndexExpr& b) { return a += b.times(-1); }

  // What the operands need along i or j at every k, computed once.
  void add_arrays() {
    const uint64_t k = bit(nest_.reduced), tile = bit(i_) | bit(j_);
    for (const OpNode& o : g_.body) {
      if (&o != dot_ && !(w_.varies(o.results[0]) & k)) continue;
      for (size_t n = o.op == Op::read ? 1 : 0; n < o.operands.size(); ++n) {
        if (!o.operands[n].is_value()) continue;
        const ValueId v = o.operands[n].value;
        const OpNode* d = w_.def(v);
        if (!d || d == dot_ || d->op == Op::read || d->op == Op::index || (w_.varies(v) & k) || !(w_.varies(v) & tile)) continue;
        if (std::any_of(arrays_.begin(), arrays_.end(), [&](const auto& a) { return a.first == v; })) continue;
        arrays_.emplace_back(v, w_.add_local(g_.local(v).dtype, w_.varies(v) & bit(j_) ? std::max(columns_, square_ ? 0 : t_.product_columns) : rows_));
      }
    }
  }
  void fill(Scope& item, ValueId v, ValueId array) {
    const int loop = w_.varies(v) & bit(j_) ? j_ : i_;
    const IndexExpr &lo = loop == j_ ? jlo_ : ilo_, &hi = loop == j_ ? jhi_ : ihi_;
    Scope lanes = w_.open(item, {"e"}, bit(loop));
    const ValueId e = lanes.region.args[0];
    w_.set_loop(loop, IndexExpr::of(e));
    w_.store(lanes, array, difference(IndexExpr::of(e), lo), w_.value(lanes, v), false);
    close_loop(w_, item, lanes, loop_op(Op::lanes, {lo, hi}), {}, {}, {});
  }
  // The place of everything inside.
  void set_place(ValueId i, ValueId j) {
    if (i_ >= 0) w_.set_loop(i_, IndexExpr::of(i));
    w_.set_loop(j_, IndexExpr::of(j));
    for (auto [v, array] : arrays_) {
      const bool column = (w_.varies(v) & bit(j_)) != 0;
      w_.set_stored(v, {array, difference(IndexExpr::of(column ? j : i), column ? jlo_ : ilo_), bit(column ? j_ : i_) | outer_bits()});
    }
  }

  void store(Scope& s, ValueId i, int64_t size) {
    Scope lanes = w_.open(s, {"j"}, bit(j_));
    const ValueId j = lanes.region.args[0];
    set_place(i, j);
    // What does not vary along the columns or rows is the same in all of them; the first is always there.
    const uint64_t v = w_.varies(dot_->results[0]);
    IndexExpr at;
    if (v & bit(j_)) at += difference(IndexExpr::of(j), jlo_);
    if (v & bit(i_)) at += difference(IndexExpr::of(i), ilo_).times(size);
    w_.set_stored(dot_->results[0], {result_, at, (v & (bit(i_) | bit(j_))) | outer_bits()});
    for (size_t o = 0; o < g_.outputs.size(); ++o) {
      const Group::Output& out = g_.outputs[o];
      const Operand x = w_.value(lanes, out.value);
      w_.store(lanes, w_.buffer(out.tensor), w_.address(lanes, nest_.stores[o]), x, c_.streams(out));
    }
    close_loop(w_, s, lanes, loop_op(Op::lanes, {jlo_, jhi_}), {}, {}, {});
  }

  const ScheduleContext& c_;
  const TargetSpec& t_;
  const Group& g_;
  const Nest& nest_;
  KernelWriter& w_;
  const bool square_;                // tiles of rows and columns; otherwise of one row
  const OpNode* dot_ = nullptr;
  int i_ = -1, j_ = -1;              // loops of the rows (-1: one row) and columns
  std::vector<int> outer_;           // the others but k
  int64_t depth_, rows_ = 1, columns_ = 1, row_tiles_ = 1, column_tiles_ = 1;
  IndexExpr ilo_, ihi_, jlo_, jhi_;
  ValueId result_ = kNone;           // the local array of the tile
  std::vector<std::pair<ValueId, ValueId>> arrays_;  // value -> its local array, in the order of the body
};

}  // namespace

void write_product(const ScheduleContext& c, KernelWriter& w) { Product(c, w).run(); }

}  // namespace frit::lower
