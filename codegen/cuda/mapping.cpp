// See mapping.h.
#include "codegen/cuda/mapping.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <set>

#include "codegen/cuda/scalars.h"
#include "ir/ops.h"

namespace frit::codegen::cuda {

using ir::AttrName;
using ir::IndexExpr;
using ir::Op;
using ir::OpId;
using ir::OpNode;
using ir::ValueId;

namespace {

// Values of 32 bits that a thread keeps between the lanes of an item, at most, by how often the compiler has
// spilled; of a block that needs more threads for its row, half of its registers.
constexpr int64_t kKeeps[] = {64, 64, 32, 0};
constexpr int kWorking = 32;           // registers of a thread for everything else
constexpr int64_t kAnyway = 64;        // registers that a thread may have: half of the threads fit then
constexpr int kMostWarps = 16;         // of a block
constexpr int kLargestBlock = 32;      // warps, for rows that only so fit into registers
constexpr int kLeastWarps = 4;         // of a block of a cluster, where rows are few
constexpr int kFlatThreads = 256;
constexpr int kUnknownRow = 256;  // threads of a row of unknown length


// Of products:
constexpr int kMostEdge = 128;         // of a tile
constexpr int kProductThreads = 128;   // at least, if there are so many results
constexpr int64_t kAccumulators = 64;  // registers of a thread
constexpr int64_t kProductWorking = 64;  // registers for everything else
constexpr int kLeastDepth = 8, kMostDepth = 64;  // of k at a time
constexpr int64_t kHeld = 16 << 10;    // bytes of both operands at a time
constexpr int64_t kLoads = 8;          // registers of what a thread loads at a time, beside so many results
constexpr int kDeepest = 26;           // subtrees where nothing is known of k

int64_t round_up_pow2(int64_t n) { return static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(n, 1)))); }

// A `lanes` of an item.
struct LanesInfo {
  OpId id;
  Extent extent;
  bool reduces = false, ordered = false;
  bool straight = false;  // directly in the region, in no loop
};

class Mapper {
 public:
  Mapper(const ir::Func& f, const Ranges& ranges, const GpuSpec& gpu, int lighter) : f_(f), ranges_(ranges), gpu_(gpu), lighter_(lighter) {}

  Mapping run() {
    const ir::Region* work = nullptr;
    const ir::Region* finish = nullptr;
    for (OpId id : f_.body.ops) {
      if (f_.op(id).op == Op::work) work = &f_.op(id).regions[0];
      if (f_.op(id).op == Op::finish) finish = &f_.op(id).regions[0];
    }
    collect(*work, true);
    if (!finish) find_kept(*work);
    work_ = work;
    splits_ = finish != nullptr;
    choose_team();
    if (!finish && m_.work.blocked) keep_rows();
    share_memory();
    if (finish) {
      m_.finish = m_.work;
      m_.finish.threads = m_.work.block();
      m_.finish.teams = 1;
      m_.finish.vector = 1;
      m_.finish.blocked = true;
      m_.finish.columns = kWarp;
      m_.finish.column_vector = 1;
    }
    return std::move(m_);
  }

 private:
  void collect(const ir::Region& r, bool straight) {
    for (OpId id : r.ops) {
      const OpNode& op = f_.op(id);
      if (op.op == Op::lanes) {
        LanesInfo l{id, ranges_.extent(op.index[0], op.index[1]), false, false, straight};
        l.reduces = op.find(AttrName::reduce) != nullptr;
        lanes_.push_back(l);
        touch(op.regions[0], op.regions[0].args[0], op.index[0]);
      } else if (op.op == Op::cols) {
        cols_.push_back(id);
        touch(op.regions[0], op.regions[0].args[1], op.index[2]);
      } else if (op.op == Op::product) {
        products_.push_back(id);
      } else if (op.op == Op::tile) {
        tiles_ = true;
        widest_ = std::max(widest_, size_of(f_.type(op.operands[0].value).dtype));
      } else if (op.op == Op::loop) {
        collect(op.regions[0], false);
      }
    }
  }

  // The widest element that is loaded or stored from lane to lane, and what divides the places of all
  // first elements: where rows begin between vectors, single elements side by side fill whole lines.
  void touch(const ir::Region& r, ValueId lane, const IndexExpr& first) {
    for (OpId id : r.ops) {
      const OpNode& op = f_.op(id);
      if (op.op != Op::load && op.op != Op::store) continue;
      if (op.index[0].coeff_of(lane) != 1 || op.operands.size() == 3) continue;
      widest_ = std::max(widest_, size_of(f_.type(op.operands[0].value).dtype));
      IndexExpr place = first;
      for (const auto& t : op.index[0].terms)
        if (t.var != lane) place.add_term(t.var, t.coeff, t.scale);
      place.constant += op.index[0].constant;
      const bool known = std::all_of(place.terms.begin(), place.terms.end(), [&](const auto& t) { return t.scale == ir::kNone && f_.type(t.var).cls == ir::TypeClass::index && !is_parameter(t.var); });
      if (known) divisor_ = std::gcd(divisor_, ranges_.divisor(place));
    }
  }
  bool is_parameter(ValueId v) const { return std::find(f_.body.args.begin(), f_.body.args.end(), v) != f_.body.args.end(); }
  // V, so that the vectors of rows are aligned.
  int aligned(int vector) const {
    while (divisor_ % vector != 0) vector /= 2;
    return vector;
  }

  // The lanes of the item, in no loop, over the range of l; rows are worth keeping where there are several.
  std::vector<OpId> over_range_of(const LanesInfo& l) const {
    std::vector<OpId> out;
    for (const LanesInfo& o : lanes_)
      if (o.straight && f_.op(o.id).index == f_.op(l.id).index) out.push_back(o.id);
    return out;
  }
  bool repeats(const LanesInfo& l) const { return over_range_of(l).size() > 1; }

  void choose_team() {
    Team& t = m_.work;
    const bool reduces = std::any_of(lanes_.begin(), lanes_.end(), [](const LanesInfo& l) { return l.reduces; });
    const int64_t widest = widest_ ? widest_ : 4;
    t.vector = static_cast<int>(std::clamp<int64_t>(16 / widest, 1, reduces || !cols_.empty() || tiles_ ? 4 : 16));
    if (!tiles_) t.vector = aligned(t.vector);
    t.blocked = reduces;
    if (!cols_.empty()) return columns(t);
    if (!products_.empty()) return products(t);
    if (tiles_) {
      t.threads = kFlatThreads;
      m_.why = "tiles";
      return;
    }
    if (lanes_.empty()) {
      t.threads = 1;
      t.teams = kFlatThreads;
      m_.why = "a thread an item";
      return;
    }
    int64_t longest = 0;
    bool known = true, again = false;
    for (const LanesInfo& l : lanes_) {
      if (l.extent.at_most) longest = std::max(longest, *l.extent.at_most);
      else known = false;
      again |= l.extent.exact && l.straight && repeats(l);
    }
    if (reduces) row(t, longest, known, again);
    else flat(t, longest, known);
    if (t.threads <= kWarp) t.teams = kFlatThreads / t.threads;
  }

  // Fewer teams a block where their local arrays would fill its shared memory.
  void share_memory() {
    constexpr int64_t kMost = 32 << 10;
    int64_t bytes = 0;
    for (const auto& [id, p] : m_.products) bytes = std::max(bytes, p.bytes());
    for (OpId id : f_.body.ops)
      if (f_.op(id).op == Op::local && !m_.kept_local.count(f_.op(id).results[0])) bytes += f_.op(id).index[0].constant * size_of(f_.type(f_.op(id).results[0]).dtype);
    while (m_.work.teams > 1 && m_.work.block() > kWarp && m_.work.teams * bytes > kMost) m_.work.teams /= 2;
  }

  void flat(Team& t, int64_t longest, bool known) {
    if (!known) {
      t.threads = kFlatThreads;
      m_.why = "a chunk of unknown length";
      return;
    }
    t.vector = static_cast<int>(std::min<int64_t>(t.vector, round_up_pow2(longest)));
    t.threads = static_cast<int>(std::min<int64_t>(kFlatThreads, round_up_pow2(divide_up(longest, t.vector))));
    m_.why = cat("flat, ", t.threads, " threads a chunk of ", longest);
  }

  void row(Team& t, int64_t longest, bool known, bool again) {
    if (!known) {
      t.threads = kUnknownRow;
      m_.why = "a row of unknown length";
      return;
    }
    t.vector = static_cast<int>(std::min<int64_t>(t.vector, round_up_pow2(longest)));
    const int64_t blocks = divide_up(longest, kBlock);
    if (blocks <= 1) {
      // 8 elements a thread of short rows; a warp from 129 on.
      const int64_t threads = longest <= 16 ? round_up_pow2(divide_up(longest, t.vector)) : longest <= 64 ? 8 : longest <= 128 ? 16 : 32;
      t.threads = static_cast<int>(threads);
    } else if (!again) {
      // Two blocks of the order of sums a warp where the row is read once.
      t.threads = static_cast<int>(kWarp * std::min<int64_t>(blocks <= 2 ? 1 : divide_up(blocks, 2), kMostWarps / 2));
    } else {
      // One where it is read again; several blocks of threads together where one would keep too much.
      t.cluster = clusters() ? cluster_of(blocks) : 1;
      const int64_t most = t.cluster > 1 ? gpu_.row_warps : longest_in_a_block(blocks) ? kLargestBlock : kMostWarps;
      t.threads = static_cast<int>(kWarp * t.cluster * std::min<int64_t>(divide_up(blocks, t.cluster), most));
    }
    m_.why = cat(t.threads, t.threads == 1 ? " thread" : " threads", " a row of ", longest);
    if (t.cluster > 1) m_.why += cat(", a cluster of ", t.cluster);
  }

  // Rows that fit into the registers of one block only if it has as many threads as can be.
  bool longest_in_a_block(int64_t blocks) const { return lighter_ < kLightest && blocks > kMostWarps && blocks <= kLargestBlock && alive_ == 1; }

  // May the blocks of a cluster share an item? Then nothing of it lies in shared memory but results on their way.
  bool clusters() const {
    if (gpu_.max_cluster < 2 || splits_) return false;
    return std::all_of(work_->ops.begin(), work_->ops.end(), [&](OpId id) {
             const Op op = f_.op(id).op;
             return op != Op::loop && op != Op::cols && op != Op::product && op != Op::tile;
           }) &&
           std::all_of(f_.body.ops.begin(), f_.body.ops.end(), [&](OpId id) {
             return f_.op(id).op != Op::local || std::any_of(candidates_.begin(), candidates_.end(), [&](const Candidate& c) { return c.array == f_.op(id).results[0]; });
           });
  }

  // Blocks of threads for a row: so many that a warp keeps one block of the order of sums; more where there
  // are fewer rows than multiprocessors.
  int cluster_of(int64_t blocks) const {
    const int64_t warps = alive_ > 1 ? std::max(1, gpu_.row_warps / 2) : gpu_.row_warps;
    int64_t c = std::min<int64_t>(round_up_pow2(divide_up(blocks, warps)), gpu_.max_cluster);
    const IndexExpr* items = nullptr;
    for (OpId id : f_.body.ops)
      if (f_.op(id).op == Op::work) items = &f_.op(id).index[0];
    if (items->is_constant())
      while (2 * c * items->constant <= gpu_.multiprocessors && 2 * c <= gpu_.max_cluster && blocks >= 2 * c * std::min(kLeastWarps, gpu_.row_warps)) c *= 2;
    return static_cast<int>(c);
  }

  void columns(Team& t) {
    int64_t width = 0, depth = 0, accumulators = 1;
    bool known = true, deep = false;
    for (OpId id : cols_) {
      const OpNode& op = f_.op(id);
      const Extent w = ranges_.extent(op.index[2], op.index[3]), d = ranges_.extent(op.index[0], op.index[1]);
      if (w.at_most) width = std::max(width, *w.at_most);
      else known = false;
      if (d.at_most) depth = std::max(depth, *d.at_most);
      else deep = true;
      accumulators = std::max<int64_t>(accumulators, static_cast<int64_t>(op.operands.size()));
    }
    if (!known) width = std::max<int64_t>(width, kLanes);
    t.column_vector = accumulators > 2 ? 1 : accumulators > 1 ? std::min(t.vector, 2) : t.vector;
    t.column_vector = static_cast<int>(std::min<int64_t>(t.column_vector, round_up_pow2(width)));
    t.columns = static_cast<int>(std::min<int64_t>(kWarp, round_up_pow2(divide_up(width, t.column_vector))));
    // Groups of rows: 16 at most, unless a warp has room for more side by side.
    int64_t groups = std::max<int64_t>(16, kWarp / t.columns * 4);
    groups = std::min<int64_t>(groups, kLanes);
    if (!deep) groups = std::min(groups, round_up_pow2(depth));
    t.threads = static_cast<int>(std::min<int64_t>(512, t.columns * groups));
    t.vector = static_cast<int>(std::min<int64_t>(t.vector, round_up_pow2(width)));
    if (t.threads <= kWarp) t.teams = kFlatThreads / t.threads;
    m_.why = cat(t.threads / t.columns, " groups of rows by ", t.columns, " threads of ", t.column_vector, " columns");
  }

  // Products

  Blocking blocking(OpId id) const {
    const OpNode& op = f_.op(id);
    const Extent k = ranges_.extent(op.index[0], op.index[1]), i = ranges_.extent(op.index[2], op.index[3]), j = ranges_.extent(op.index[4], op.index[5]);
    auto edge = [](const Extent& e) { return static_cast<int>(std::min<int64_t>(kMostEdge, round_up_pow2(e.at_most.value_or(kMostEdge)))); };
    Blocking b;
    b.element = size_of(f_.type(op.operands[0].value).dtype);
    b.vector = static_cast<int>(std::clamp<int64_t>(16 / b.element, 1, 4));
    b.rows = edge(i);
    b.columns = edge(j);
    b.alone = i.at_most && *i.at_most <= b.rows && j.at_most && *j.at_most <= b.columns;
    b.one_block = k.at_most && *k.at_most <= kBlock;
    b.stack = k.at_most ? std::bit_width(static_cast<uint64_t>(std::max<int64_t>(1, (*k.at_most - 1) / kBlock))) : kDeepest;
    // As many results a thread as its registers hold; fewer where threads would be few.
    b.row_count = std::min(b.rows, 8);
    b.column_count = std::min(b.columns, 8);
    auto fewer = [&] { (b.row_count >= b.column_count ? b.row_count : b.column_count) /= 2; };
    auto set_threads = [&] {
      b.down = b.rows / b.row_count;
      b.across = b.columns / b.column_count;
    };
    while (accumulators(b) > kAccumulators) fewer();
    for (set_threads(); b.threads() < kProductThreads && b.row_count * b.column_count > 1; set_threads()) fewer();
    for (int n = 0; n < 2; ++n) {
      const int side = slice_of(f_, op, n).side;
      b.edge[n] = side == 1 ? b.rows : side == 2 ? b.columns : 1;
    }
    const int64_t deepest = k.at_most ? std::clamp<int64_t>(round_up_pow2(*k.at_most), kLeastDepth, kMostDepth) : kMostDepth;
    b.depth = kLeastDepth;
    auto fits = [&](int depth) {
      Blocking d = b;
      d.depth = depth;
      const int64_t held = depth * (b.edge[0] + b.edge[1]);
      return held * b.element <= kHeld && held / team_of(d) * std::max<int64_t>(1, b.element / 4) <= std::max(kLoads, (kAccumulators + kLoads - accumulators(b)) / 2);
    };
    while (2 * b.depth <= deepest && fits(2 * b.depth)) b.depth *= 2;
    return b;
  }
  // Threads of a team: where few hold results, others help them loading.
  static int64_t team_of(const Blocking& b) {
    return std::max<int64_t>({kWarp, b.threads(), std::min<int64_t>(kProductThreads, round_up_pow2(b.depth * (b.edge[0] + b.edge[1]) / 4))});
  }
  static int64_t accumulators(const Blocking& b) { return b.row_count * b.column_count * std::max<int64_t>(1, b.element / 4); }

  void products(Team& t) {
    int64_t threads = kWarp, registers = 0, bytes = 0;
    for (OpId id : products_) {
      const Blocking b = m_.products[id] = blocking(id);
      threads = std::max(threads, team_of(b));
      registers = std::max(registers, accumulators(b));
      bytes = std::max({bytes, b.bytes(), b.rows * b.columns * b.element});
      m_.why = cat("products of ", b.rows, " x ", b.columns, ", ", b.row_count, " x ", b.column_count, " a thread, ", b.depth, " of k at a time");
    }
    t.threads = static_cast<int>(threads);
    if (t.threads <= kWarp) t.teams = kFlatThreads / t.threads;
    const int64_t blocks = std::min(gpu_.registers / ((registers + kProductWorking) * t.block()), gpu_.shared_per_multiprocessor / (bytes * t.teams + (1 << 10)));
    if (lighter_ == 0) m_.blocks_at_a_time = static_cast<int>(std::clamp<int64_t>(blocks, 1, gpu_.threads_per_multiprocessor / t.block()));
  }

  // Rows in registers

  struct Candidate {
    Kept kept;
    std::vector<OpId> users;  // lanes ops, in order
    ValueId array = ir::kNone;
  };

  // The lanes of the item by range; one range alone is kept.
  void find_kept(const ir::Region& work) {
    for (const LanesInfo& l : lanes_) {
      if (!l.straight || !l.extent.exact || !repeats(l)) continue;
      group_ = over_range_of(l);
      extent_ = *l.extent.exact;
      break;
    }
    if (group_.size() < 2 || extent_ == 0) return;
    candidates_ = locals();
    for (Candidate& c : loads(work)) candidates_.push_back(std::move(c));
    std::vector<int64_t> alive(group_.size(), 0);
    for (const Candidate& c : candidates_)
      for (size_t i = place(c.users.front()); i < place(c.users.back()); ++i) alive_ = std::max(alive_, ++alive[i]);
  }

  void keep_rows() {
    if (candidates_.empty()) return;
    const Team& t = m_.work;
    const int64_t width = int64_t{t.vector} * t.sub();
    const int64_t blocks = divide_up(divide_up(extent_, kBlock), t.warps()), steps = steps_of_block(extent_, width), each = blocks * steps * t.vector;
    const int64_t most = std::min<int64_t>(kKeeps[lighter_], gpu_.registers / t.block() / 2);
    // Values alive between neighbours of the group.
    std::vector<int64_t> alive(group_.size(), 0);
    for (Candidate& c : candidates_) {
      const size_t first = place(c.users.front()), last = place(c.users.back());
      c.kept.pairs = !c.kept.local && size_of(c.kept.dtype) == 2 && t.vector % 2 == 0;
      const int64_t values = c.kept.pairs ? each / 2 : each * std::max<int64_t>(1, size_of(c.kept.dtype) / 4);
      // An array of a row that is shared by a cluster has no other place.
      bool fits = t.cluster > 1 && c.array != ir::kNone;
      if (!fits) fits = std::all_of(alive.begin() + static_cast<ptrdiff_t>(first), alive.begin() + static_cast<ptrdiff_t>(last), [&](int64_t a) { return a + values <= most; });
      if (!fits) continue;
      for (size_t i = first; i < last; ++i) alive[i] += values;
      const int number = static_cast<int>(m_.kept.size());
      c.kept.first = c.users.front();
      c.kept.blocks = blocks;
      c.kept.steps = steps;
      if (c.array != ir::kNone) m_.kept_local[c.array] = number;
      for (OpId id : c.kept.loads) m_.kept_load[id] = number;
      m_.kept.push_back(std::move(c.kept));
    }
    // Several blocks of threads a multiprocessor, so that some load while others compute.
    const int64_t kept = *std::max_element(alive.begin(), alive.end());
    m_.few_loads = lighter_ > 0;
    if (lighter_ <= 1 && kept > 0)
      m_.blocks_at_a_time = static_cast<int>(std::max<int64_t>(1, gpu_.registers / (std::max(kept + kWorking, kAnyway) * t.block())));
  }

  size_t place(OpId lanes) const { return static_cast<size_t>(std::find(group_.begin(), group_.end(), lanes) - group_.begin()); }

  // Local arrays of which every lane touches its own element only.
  std::vector<Candidate> locals() {
    std::map<ValueId, Candidate> found;
    std::set<ValueId> bad;
    for (OpId id : f_.body.ops)
      if (f_.op(id).op == Op::local) {
        Candidate& c = found[f_.op(id).results[0]];
        c.array = f_.op(id).results[0];
        c.kept.dtype = f_.type(c.array).dtype;
        c.kept.local = true;
      }
    ir::for_each_op(f_, f_.body, [&](const ir::Region& r, OpId id) {
      const OpNode& op = f_.op(id);
      for (const ir::Operand& o : op.operands) {
        if (!o.is_value() || !found.count(o.value)) continue;
        OpId in = ir::kNone;
        for (OpId g : group_)
          if (&f_.op(g).regions[0] == &r) in = g;
        bool own = in != ir::kNone && (op.op == Op::load || op.op == Op::store) && op.operands.size() < 3;
        if (own) {
          IndexExpr want = IndexExpr::of(r.args[0]);
          want += f_.op(in).index[0].times(-1);
          own = op.index[0] == want;
        }
        if (!own) {
          bad.insert(o.value);
          continue;
        }
        Candidate& c = found[o.value];
        if (c.users.empty() || c.users.back() != in) c.users.push_back(in);
        if (op.op == Op::load) c.kept.loads.push_back(id);
      }
    });
    std::vector<Candidate> out;
    for (auto& [v, c] : found)
      if (!bad.count(v) && !c.users.empty()) out.push_back(std::move(c));
    return out;
  }

  // Loads of parameters that nobody stores to, repeated at the same place.
  std::vector<Candidate> loads(const ir::Region& work) {
    std::set<ValueId> stored;
    ir::for_each_op(f_, work, [&](const ir::Region&, OpId id) {
      if (f_.op(id).op == Op::store) stored.insert(f_.op(id).operands[0].value);
    });
    struct Key {
      ValueId buffer;
      IndexExpr index;  // without the lane
    };
    std::vector<std::pair<Key, Candidate>> found;
    for (OpId g : group_) {
      const ir::Region& r = f_.op(g).regions[0];
      std::set<ValueId> inner;
      for (OpId id : r.ops)
        for (ValueId v : f_.op(id).results) inner.insert(v);
      for (OpId id : r.ops) {
        const OpNode& op = f_.op(id);
        if (op.op != Op::load || op.operands.size() == 3) continue;
        const ValueId b = op.operands[0].value;
        if (f_.value(b).def != ir::kNone || stored.count(b) || op.index[0].coeff_of(r.args[0]) != 1) continue;
        IndexExpr key = op.index[0];
        key.add_term(r.args[0], -1);
        if (std::any_of(key.terms.begin(), key.terms.end(), [&](const auto& t) { return inner.count(t.var) || t.var == r.args[0]; })) continue;
        auto it = std::find_if(found.begin(), found.end(), [&](const auto& e) { return e.first.buffer == b && e.first.index == key; });
        if (it == found.end()) {
          found.emplace_back(Key{b, key}, Candidate{});
          it = found.end() - 1;
          it->second.kept.dtype = f_.type(b).dtype;
        }
        Candidate& c = it->second;
        if (c.users.empty() || c.users.back() != g) c.users.push_back(g);
        c.kept.loads.push_back(id);
      }
    }
    std::vector<Candidate> out;
    for (auto& [k, c] : found)
      if (c.users.size() > 1) out.push_back(std::move(c));
    return out;
  }

  const ir::Func& f_;
  const Ranges& ranges_;
  const GpuSpec& gpu_;
  Mapping m_;
  std::vector<LanesInfo> lanes_;
  std::vector<OpId> cols_, products_;
  bool tiles_ = false;
  int64_t widest_ = 0, divisor_ = 0;
  const int lighter_;
  const ir::Region* work_ = nullptr;
  bool splits_ = false;              // there is a finish
  std::vector<OpId> group_;          // the lanes over the range that is kept
  int64_t extent_ = 0;
  std::vector<Candidate> candidates_;
  int64_t alive_ = 0;                // of the candidates at a time, at most
};

}  // namespace

Slice slice_of(const ir::Func& f, const OpNode& product, int operand) {
  const ir::Region& r = product.regions.at(0);
  std::set<ValueId> needed;
  Slice s;
  for (auto it = r.ops.rbegin(); it != r.ops.rend(); ++it) {
    const OpNode& op = f.op(*it);
    if (op.op == Op::yield) {
      if (op.operands.at(static_cast<size_t>(operand)).is_value()) needed.insert(op.operands[static_cast<size_t>(operand)].value);
      continue;
    }
    if (std::none_of(op.results.begin(), op.results.end(), [&](ValueId v) { return needed.count(v) != 0; })) continue;
    s.ops.push_back(*it);
    for (const ir::Operand& o : op.operands)
      if (o.is_value()) needed.insert(o.value);
    for (const IndexExpr& e : op.index)
      for (const auto& t : e.terms) needed.insert(t.var);
  }
  std::reverse(s.ops.begin(), s.ops.end());
  s.side = needed.count(r.args[1]) ? 1 : needed.count(r.args[2]) ? 2 : 0;
  return s;
}

int64_t steps_of_block(std::optional<int64_t> at_most, int64_t width) {
  if (!at_most || *at_most >= kBlock) return kBlock / width;
  const int64_t steps = std::max<int64_t>(1, divide_up(*at_most, width)), row = kLanes / width;
  return steps <= row ? steps : divide_up(steps, row) * row;
}

Mapping map_kernel(const ir::Func& f, const Ranges& ranges, const GpuSpec& gpu, int lighter) { return Mapper(f, ranges, gpu, lighter).run(); }

}  // namespace frit::codegen::cuda
