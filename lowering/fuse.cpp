// Fusion, tensor level -> fused level: every op becomes a group of its own; groups are merged by a
// priority queue over producer/consumer and then sibling pairs, in order of the memory traffic that a
// merge saves, as long as the result is one loop nest. Every decision is kept with its reason.
#include "lowering/passes.h"

#include <algorithm>
#include <map>
#include <queue>
#include <set>
#include <tuple>

#include "lowering/library.h"
#include "lowering/merge.h"
#include "lowering/nest.h"
#include "lowering/signature.h"

namespace frit::lower {

namespace {

constexpr size_t kMaxTensors = 48;    // arguments of a kernel
constexpr size_t kMaxBody = 600;      // ops of a kernel
constexpr int kExpensive = 16;
constexpr int64_t kLeastShare = 64;   // of the traffic of siblings of one formula: less of it is not worth sharing

// What siblings are compared by: the number of the group's signature, the bytes of its arrays.
struct Formula {
  int number = -1;
  int version = -1;  // of the node
  int64_t traffic = 0;
};

// A node is a group, or an op that stays as it is.
struct Node {
  bool alive = true;
  bool is_group = false;
  Group group;
  OpId op = kNone;
  int version = 0;
  int merged_into = -1;  // the node that took this one
  int unclean = 0;  // of the group's own nest
  bool library = false;  // a product that the library computes
  Formula formula;
};

class Fuser {
 public:
  Fuser(const Func& f, PassContext& context) : f_(f), context_(context), options_(context.options) {}

  Func run() {
    build();
    if (options_.fuse && context_.enabled("fuse")) {
      inline_cheap();
      merge_pairs();
      merge_sibling_pairs();
      take_epilogues();
      if (context_.decisions) settle();
    }
    return emit();
  }

 private:
  // Graph

  void build() {
    producer_.assign(f_.values.size(), -1);
    readers_.resize(f_.values.size());
    for (OpId id : f_.body.ops) {
      Node n;
      n.op = id;
      n.is_group = wrap(f_, f_.op(id), n.group);
      if (n.is_group) {
        n.group.tidy();
        n.unclean = nest_of(n.group).first;
        ask_library(n);
      }
      const int at = static_cast<int>(nodes_.size());
      for (ValueId r : f_.op(id).results) producer_[static_cast<size_t>(r)] = at;
      nodes_.push_back(std::move(n));
      link(at);
    }
  }

  void ask_library(Node& n) {
    const OpNode& op = f_.op(n.op);
    if (op.op != Op::dot || !is_float(f_.type(op.results[0]).dtype)) return;
    std::string why = options_.no_library;
    n.library = library_dot(f_, n.group, options_, Follow::nothing, &why).has_value();
    if (n.library || why.empty() || !context_.decisions) return;
    const std::string& name = f_.value(op.results[0]).name;
    context_.decisions->push_back({false, name.empty() ? "dot" : name, "cuBLASLt", why, 0});
  }

  std::vector<ValueId> inputs(int n) const {
    const Node& node = nodes_[static_cast<size_t>(n)];
    if (node.is_group) return node.group.inputs();
    std::vector<ValueId> in;
    for (const Operand& o : f_.op(node.op).operands)
      if (o.is_value()) in.push_back(o.value);
    return in;
  }
  std::vector<ValueId> outputs(int n) const {
    const Node& node = nodes_[static_cast<size_t>(n)];
    if (!node.is_group) return f_.op(node.op).results;
    std::vector<ValueId> out;
    for (const auto& o : node.group.outputs) out.push_back(o.tensor);
    return out;
  }
  void link(int n) {
    for (ValueId v : inputs(n)) readers_[static_cast<size_t>(v)].insert(n);
  }
  void unlink(int n) {
    for (ValueId v : inputs(n)) readers_[static_cast<size_t>(v)].erase(n);
  }
  void kill(int n) {
    unlink(n);
    nodes_[static_cast<size_t>(n)].alive = false;
  }
  void replace(int n, Group g) {
    unlink(n);
    Node& node = nodes_[static_cast<size_t>(n)];
    node.group = std::move(g);
    ++node.version;
    for (const auto& o : node.group.outputs) producer_[static_cast<size_t>(o.tensor)] = n;
    link(n);
  }
  int64_t bytes(ValueId v) const { return ir::bytes_of(f_, v); }

  // Is there a way from node `from` to node `to` besides a direct edge?
  bool reaches_indirectly(int from, int to) const {
    std::vector<char> seen(nodes_.size(), 0);
    std::vector<int> work;
    auto push_readers = [&](int n, bool first) {
      for (ValueId v : outputs(n))
        for (int r : readers_[static_cast<size_t>(v)])
          if (!seen[static_cast<size_t>(r)] && !(first && r == to)) seen[static_cast<size_t>(r)] = 1, work.push_back(r);
    };
    push_readers(from, true);
    while (!work.empty()) {
      const int n = work.back();
      work.pop_back();
      if (n == to) return true;
      push_readers(n, false);
    }
    return false;
  }

  std::pair<int, std::string> nest_of(const Group& g) const {
    Nest nest;
    std::string why;
    if (!make_nest(f_, g, nest, why)) return {-1, why};
    return {nest.unclean, ""};
  }


  std::string node_name(int n) const {
    // The result's name, or its op and the user's line.
    const ValueId result = outputs(n).back();
    if (!f_.value(result).name.empty()) return f_.value(result).name;
    const OpNode& op = f_.op(f_.value(result).def);
    std::string s(ir::info(op.op).name);
    ir::LocId at = op.loc;
    while (at != kNone && f_.places[static_cast<size_t>(at)].from != kNone) at = f_.places[static_cast<size_t>(at)].from;
    if (at == kNone) return s;
    const ir::Place& place = f_.places[static_cast<size_t>(at)];
    return s + " (" + place.file.substr(place.file.rfind('/') + 1) + ":" + std::to_string(place.line) + ")";
  }
  void record(bool taken, int p, int c, std::string reason, int64_t saved) {
    if (!context_.decisions) return;
    context_.decisions->push_back({taken, node_name(p), node_name(c), std::move(reason), saved});
    decided_.push_back({p, c});
  }
  // Drops refusals that later merges made void, and all but the last of a pair: what is left is why two
  // kernels stayed apart.
  void settle() {
    auto home = [&](int n) {
      while (nodes_[static_cast<size_t>(n)].merged_into >= 0) n = nodes_[static_cast<size_t>(n)].merged_into;
      return n;
    };
    auto& all = *context_.decisions;
    const size_t first = all.size() - decided_.size();
    std::set<std::pair<int, int>> told;
    std::vector<Decision> kept;
    for (size_t i = decided_.size(); i-- > 0;) {
      const auto [p, c] = decided_[i];
      const bool apart = nodes_[static_cast<size_t>(home(p))].alive && nodes_[static_cast<size_t>(home(c))].alive && home(p) != home(c);
      if (all[first + i].taken || (apart && told.insert({home(p), home(c)}).second)) kept.push_back(std::move(all[first + i]));
    }
    all.resize(first);
    all.insert(all.end(), std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
  }

  // How many parts a kernel joins: arrays that it reads only where an index is inside of them, those as one that
  // are read at the same place.
  static size_t parts_of(const Group& g) {
    struct Part {
      std::set<ValueId> arrays;
      std::vector<const std::vector<IndexExpr>*> places;
    };
    std::vector<Part> parts;
    for (const OpNode& o : g.body) {
      if (o.op != Op::read || o.index.empty() || !o.find(ir::AttrName::guard)) continue;
      Part mine{{o.operands[0].value}, {&o.index}};
      std::erase_if(parts, [&](Part& p) {
        const bool same = p.arrays.count(o.operands[0].value) || std::any_of(p.places.begin(), p.places.end(), [&](const auto* at) { return *at == o.index; });
        if (!same) return false;
        mine.arrays.merge(p.arrays);
        mine.places.insert(mine.places.end(), p.places.begin(), p.places.end());
        return true;
      });
      parts.push_back(std::move(mine));
    }
    return parts.size();
  }

  // May the merged group be a kernel, or the library's product where a part was one?
  bool acceptable(const Group& m, const Node& p, const Node& c, std::string& why) {
    const int unclean = std::max(0, p.unclean) + std::max(0, c.unclean);
    if (p.library || c.library) {
      if (library_dot(f_, m, options_, Follow::nothing, &why)) return true;
      return why = "the library computes the product alone (" + why + ")", false;
    }
    if (m.inputs().size() + m.outputs.size() > kMaxTensors) return why = "more than 48 arrays in one kernel", false;
    if (m.body.size() > kMaxBody) return why = "more than 600 ops in one kernel", false;
    if (parts_of(m) > std::max({kMostParts, parts_of(p.group), parts_of(c.group)})) return why = "a join of more than 16 parts in one kernel", false;
    int products = 0, reductions = 0;
    for (const OpNode& o : m.body) products += o.op == Op::reduce_dot, reductions += is_reduction(o);
    if (products > 0 && reductions > 1) return why = "a matrix product shares its kernel with no other reduction", false;
    Nest nest;
    if (!make_nest(f_, m, nest, why)) return false;
    // Tiles of both operands are read along whichever index is contiguous.
    const bool tiles = nest.kind == Nest::Kind::product && options_.target.product_rows > 1;
    if (nest.unclean > unclean && !tiles) return why = "an operand would be read with strides that the vectors cannot load", false;
    if (nest.reduced >= 0) {
      // A kernel that needs a reduced value in the same pass over its rows can't split them.
      int64_t items = 1;
      for (int d : nest.outer()) items *= nest.loops[static_cast<size_t>(d)].extent;
      if (nest.kind == Nest::Kind::column || nest.kind == Nest::Kind::product) items *= (nest.loops[static_cast<size_t>(nest.lane)].extent + 255) / 256;
      const int64_t reduced = nest.loops[static_cast<size_t>(nest.reduced)].extent;
      // Workers that share a row read it once: worth it where they are half of all.
      int64_t workers = items;
      if (nest.kind == Nest::Kind::row && options_.target.row_workers > 1)
        workers *= 2 * std::clamp<int64_t>(reduced / options_.target.row_share, 1, options_.target.row_workers) - 1;
      if (workers < options_.target.threads && items * reduced >= (1 << 17) && needs_whole_rows(m))
        return why = "too few rows (" + std::to_string(items) + ") to occupy the threads", false;
    }
    return true;
  }

  // Does something that varies over the reduced axis, or a second reduction, depend on a reduction?
  static bool needs_whole_rows(const Group& m) {
    std::vector<char> after(m.locals.size(), 0);
    const auto varies = variance(m);
    uint64_t reduced = 0;
    for (const OpNode& o : m.body)
      if (is_reduction(o))
        for (const IndexExpr& e : o.index) reduced |= varies[static_cast<size_t>(e.terms[0].var)];
    for (const OpNode& o : m.body) {
      const bool reduction = is_reduction(o);
      bool a = false;
      m.for_scalars(o, [&](ValueId v) { a |= after[static_cast<size_t>(v)] != 0; });
      const auto r = static_cast<size_t>(o.results[0]);
      if (a && (reduction || (varies[r] & reduced))) return true;
      after[r] = a || reduction;
    }
    for (const auto& o : m.outputs)
      if (o.value.is_value() && (varies[static_cast<size_t>(o.value.value)] & reduced)) return true;
    return false;
  }

  // Phase 1: cheap producers (views, casts, constants) are repeated in every consumer.

  static int cost(const Group& g) {
    int c = 0;
    for (const OpNode& o : g.body) c += op_cost(o.op);
    return c;
  }

  void inline_cheap() {
    if (!context_.enabled("inline")) return;
    for (int p = 0; p < static_cast<int>(nodes_.size()); ++p) {
      Node& n = nodes_[static_cast<size_t>(p)];
      if (!n.alive || !n.is_group || n.group.has_reductions() || cost(n.group) > 4) continue;
      const bool view = cost(n.group) == 0;
      const ValueId t = n.group.outputs[0].tensor;
      if (!view && readers_[static_cast<size_t>(t)].size() < 2) continue;  // the queue does it better
      const std::set<int> readers = readers_[static_cast<size_t>(t)];
      for (int c : readers) {
        Node& consumer = nodes_[static_cast<size_t>(c)];
        if (!consumer.is_group) continue;
        // Repeating arithmetic must not read more than it saves.
        int64_t extra = 0;
        const auto have = consumer.group.inputs();
        for (ValueId v : n.group.inputs())
          if (std::find(have.begin(), have.end(), v) == have.end()) extra += bytes(v);
        if (extra > bytes(t) && !view) continue;
        std::string why;
        Group merged;
        if (!merge(f_, n.group, consumer.group, {}, merged, why) || !acceptable(merged, n, consumer, why)) {
          record(false, p, c, why, bytes(t));
          continue;
        }
        if (!context_.spend()) return;
        record(true, p, c, view ? "a view: repeated in its consumer" : "cheap: repeated in its consumer", bytes(t));
        replace(c, std::move(merged));
      }
      if (readers_[static_cast<size_t>(t)].empty()) kill(p);
    }
  }

  // Phase 2: producer and consumer, the largest saving first.

  struct Candidate {
    int64_t saved;
    int p, c;
    int version_p, version_c;
    size_t size;  // ops of both
    // The greatest is taken first. Ties: the smallest pair, so that a long chain is merged as a balanced
    // tree and not by copying an ever longer kernel; then the earliest.
    bool operator<(const Candidate& o) const {
      return std::tuple(saved, o.size, o.p, o.c) < std::tuple(o.saved, size, p, c);
    }
  };

  void push(std::priority_queue<Candidate>& q, int p, int c) {
    const Node &np = nodes_[static_cast<size_t>(p)], &nc = nodes_[static_cast<size_t>(c)];
    if (!np.alive || !nc.alive || !np.is_group || !nc.is_group || p == c) return;
    int64_t saved = 0;
    for (const auto& o : np.group.outputs) {
      const auto& r = readers_[static_cast<size_t>(o.tensor)];
      if (!r.count(c)) continue;
      saved += bytes(o.tensor) * (r.size() == 1 ? 2 : 1);
    }
    const auto have = nc.group.inputs();
    for (ValueId v : np.group.inputs())
      if (std::find(have.begin(), have.end(), v) != have.end()) saved += bytes(v);
    q.push({saved, p, c, np.version, nc.version, np.group.body.size() + nc.group.body.size()});
  }
  void push_neighbours(std::priority_queue<Candidate>& q, int n) {
    for (ValueId v : inputs(n))
      if (producer_[static_cast<size_t>(v)] >= 0) push(q, producer_[static_cast<size_t>(v)], n);
    for (ValueId v : outputs(n))
      for (int r : readers_[static_cast<size_t>(v)]) push(q, n, r);
  }

  void merge_pairs() {
    std::priority_queue<Candidate> q;
    for (int n = 0; n < static_cast<int>(nodes_.size()); ++n)
      if (nodes_[static_cast<size_t>(n)].alive)
        for (ValueId v : inputs(n))
          if (producer_[static_cast<size_t>(v)] >= 0) push(q, producer_[static_cast<size_t>(v)], n);
    while (!q.empty()) {
      const Candidate k = q.top();
      q.pop();
      const Node &p = nodes_[static_cast<size_t>(k.p)], &c = nodes_[static_cast<size_t>(k.c)];
      if (!p.alive || !c.alive || p.version != k.version_p || c.version != k.version_c) continue;
      try_merge(q, k);
    }
  }

  void try_merge(std::priority_queue<Candidate>& q, const Candidate& k) {
    const Node &p = nodes_[static_cast<size_t>(k.p)], &c = nodes_[static_cast<size_t>(k.c)];
    std::vector<ValueId> keep;
    for (const auto& o : p.group.outputs) {
      const auto& r = readers_[static_cast<size_t>(o.tensor)];
      if (r.size() > (r.count(k.c) ? 1u : 0u)) keep.push_back(o.tensor);
    }
    std::string why;
    Group merged;
    if (reaches_indirectly(k.p, k.c)) why = "another kernel stands between them";
    else if (repeats_expensive(p.group, c.group, why)) {}
    else if (merge(f_, p.group, c.group, keep, merged, why) && acceptable(merged, p, c, why)) why.clear();
    if (!why.empty()) return record(false, k.p, k.c, why, k.saved);
    if (!context_.spend()) return;
    record(true, k.p, k.c, "saves memory traffic", k.saved);
    const int unclean = std::max(0, p.unclean) + std::max(0, c.unclean);
    const bool library = p.library || c.library;
    kill(k.p);
    nodes_[static_cast<size_t>(k.p)].merged_into = k.c;
    replace(k.c, std::move(merged));
    nodes_[static_cast<size_t>(k.c)].unclean = unclean;
    nodes_[static_cast<size_t>(k.c)].library = library;
    push_neighbours(q, k.c);
  }

  // Would merging compute an expensive value of the producer more often than it has elements?
  bool repeats_expensive(const Group& p, const Group& c, std::string& why) const {
    int worst = 0;
    Op op{};
    for (const OpNode& o : p.body)
      if (op_cost(o.op) > worst) worst = op_cost(o.op), op = o.op;
    if (worst < kExpensive || p.has_reductions()) return false;
    const int64_t have = space_size(p), want = space_size(c);
    if (want <= have) return false;
    // Computed once a row where it does not vary over the consumer's last index.
    const auto varies = variance(c);
    for (const OpNode& o : c.body) {
      if (o.op != Op::read || f_.type(o.operands[0].value).rank() < 0) continue;
      bool from_p = false;
      for (const auto& out : p.outputs) from_p |= out.tensor == o.operands[0].value;
      if (!from_p) continue;
      const size_t last = c.dims.size() - 1;
      if (!(varies[static_cast<size_t>(o.results[0])] >> last & 1)) continue;
      why = "would compute " + std::string(ir::info(op).name) + " " + std::to_string(have ? want / have : 0) + " times as often";
      return true;
    }
    return false;
  }

  // Phase 3: kernels over the same space that read the same arrays.

  void merge_sibling_pairs() {
    if (!context_.enabled("siblings")) return;
    std::set<std::pair<int, int>> tried;
    for (size_t v = 0; v < f_.values.size(); ++v) {
      if (readers_[v].size() < 2) continue;
      bool again = true;
      while (again) {
        again = false;
        const std::vector<int> r(readers_[v].begin(), readers_[v].end());
        for (size_t i = 0; i < r.size() && !again; ++i)
          for (size_t j = i + 1; j < r.size() && !again; ++j)
            if (!better_joined(r[i], r[j], static_cast<ValueId>(v)) && tried.insert({r[i], r[j]}).second) again = try_siblings(r[i], r[j], static_cast<ValueId>(v));
      }
    }
  }

  // Kernels of one formula that share next to nothing (a step of an optimiser shares its rate) become
  // one launch later (join.h), whatever their shapes are: merged, they would be of another formula.
  bool better_joined(int a, int b, ValueId shared) {
    if (!nodes_[static_cast<size_t>(a)].is_group || !nodes_[static_cast<size_t>(b)].is_group || !context_.enabled("join")) return false;
    const Formula &fa = formula(a), &fb = formula(b);
    return fa.number == fb.number && bytes(shared) < std::max<int64_t>((fa.traffic + fb.traffic) / kLeastShare, 64);
  }
  const Formula& formula(int n) {
    Node& node = nodes_[static_cast<size_t>(n)];
    if (node.formula.version != node.version) {
      node.formula = {formulas_.emplace(signature(node.group), static_cast<int>(formulas_.size())).first->second, node.version, 0};
      for (ValueId v : inputs(n)) node.formula.traffic += bytes(v);
      for (ValueId v : outputs(n)) node.formula.traffic += bytes(v);
    }
    return node.formula;
  }

  bool try_siblings(int a, int b, ValueId shared) {
    const Node &na = nodes_[static_cast<size_t>(a)], &nb = nodes_[static_cast<size_t>(b)];
    if (!na.is_group || !nb.is_group) return false;
    std::string why;
    Group merged;
    if (reaches(a, b) || reaches(b, a)) why = "one needs the other's result";
    else if (merge_siblings(na.group, nb.group, merged, why) && acceptable(merged, na, nb, why)) why.clear();
    if (!why.empty()) {
      record(false, a, b, "siblings: " + why, bytes(shared));
      return false;
    }
    if (!context_.spend()) return false;
    record(true, a, b, "siblings: read the same array once", bytes(shared));
    kill(a);
    nodes_[static_cast<size_t>(a)].merged_into = b;
    replace(b, std::move(merged));
    return true;
  }
  bool reaches(int from, int to) const {
    for (ValueId v : outputs(from))
      if (readers_[static_cast<size_t>(v)].count(to)) return true;
    return reaches_indirectly(from, to);
  }

  // Phase 4: what follows a product of the library alone becomes its epilogue, if that is all of a kernel.

  void take_epilogues() {
    if (f_.numerics != Numerics::fast || !context_.enabled("epilogue")) return;
    for (int p = 0; p < static_cast<int>(nodes_.size()); ++p) {
      const Node& product = nodes_[static_cast<size_t>(p)];
      if (!product.alive || !product.library) continue;
      const ValueId t = product.group.outputs[0].tensor;
      const std::set<int>& readers = readers_[static_cast<size_t>(t)];
      if (readers.size() != 1) continue;
      const int c = *readers.begin();
      const Node& consumer = nodes_[static_cast<size_t>(c)];
      if (!consumer.is_group || consumer.library || consumer.group.has_reductions()) continue;
      std::string why;
      Group merged;
      std::optional<LibraryDot> call;
      if (merge_at(f_, product.group, consumer.group, merged, why)) call = library_dot(f_, merged, options_, Follow::epilogue, &why);
      if (!call) {
        record(false, p, c, "no epilogue: " + why, 2 * bytes(t));
        continue;
      }
      if (!context_.spend()) return;
      record(true, p, c, "epilogue " + rt::text(call->gemm.epilogue) + ": by cuBLASLt, under fast numerics", 2 * bytes(t));
      kill(p);
      nodes_[static_cast<size_t>(p)].merged_into = c;
      replace(c, std::move(merged));
      nodes_[static_cast<size_t>(c)].library = true;
    }
  }

  // The function at fused level, kernels in order of their needs.

  Func emit() {
    Func out;
    out.level = ir::Level::fused;
    out.numerics = f_.numerics;
    out.name = f_.name;
    out.places = f_.places;
    to_.assign(f_.values.size(), kNone);
    for (ValueId v : f_.body.args) {
      to_[static_cast<size_t>(v)] = out.add_param(f_.type(v), f_.value(v).name);
      out.value(to_[static_cast<size_t>(v)]).strides = f_.value(v).strides;
      out.value(to_[static_cast<size_t>(v)]).captured = f_.value(v).captured;
    }
    done_.assign(nodes_.size(), 0);
    for (int n = 0; n < static_cast<int>(nodes_.size()); ++n) emit_node(out, n);
    out.compact();
    return out;
  }

  void emit_node(Func& out, int start) {
    // Depth first with an own stack: programs may be deep.
    std::vector<int> stack{start};
    while (!stack.empty()) {
      const int n = stack.back();
      if (!nodes_[static_cast<size_t>(n)].alive || done_[static_cast<size_t>(n)]) {
        stack.pop_back();
        continue;
      }
      bool ready = true;
      for (ValueId v : inputs(n)) {
        const int p = producer_[static_cast<size_t>(v)];
        if (p >= 0 && !done_[static_cast<size_t>(p)]) stack.push_back(p), ready = false;
      }
      if (!ready) continue;
      stack.pop_back();
      done_[static_cast<size_t>(n)] = 1;
      add_to(out, nodes_[static_cast<size_t>(n)]);
    }
  }

  // A reshape of what a library writes is that memory, not a copy of it.
  bool is_alias(const Node& n) const {
    if (!n.is_group || n.version > 0 || f_.op(n.op).op != Op::reshape) return false;
    const Operand& x = f_.op(n.op).operands[0];
    const int p = x.is_value() ? producer_[static_cast<size_t>(x.value)] : -1;
    return p >= 0 && nodes_[static_cast<size_t>(p)].library;
  }

  void add_to(Func& out, const Node& n) {
    if (!n.is_group || is_alias(n)) {
      OpNode op = f_.op(n.op);
      for (Operand& o : op.operands)
        if (o.is_value()) o.value = to_[static_cast<size_t>(o.value)];
      const std::vector<ValueId> old = op.results;
      std::vector<ir::Type> types;
      for (ValueId r : old) types.push_back(f_.type(r));
      const OpId id = out.add_op(out.body, std::move(op), types);
      for (size_t i = 0; i < old.size(); ++i) set(out, old[i], out.result(id, static_cast<int>(i)));
      return;
    }
    Group g = n.group;
    for (OpNode& o : g.body)
      if (o.op == Op::read) o.operands[0].value = to_[static_cast<size_t>(o.operands[0].value)];
    std::vector<ir::Type> types;
    OpNode op = to_op(out, g, types);
    // The types as the tensors have them: to_op knows extents only by index variables.
    for (size_t i = 0; i < g.outputs.size(); ++i) types[i] = f_.type(g.outputs[i].tensor);
    if (n.group.body.size()) op.loc = n.group.body.back().loc;
    const OpId id = out.add_op(out.body, std::move(op), types);
    for (size_t i = 0; i < g.outputs.size(); ++i) set(out, g.outputs[i].tensor, out.result(id, static_cast<int>(i)));
  }
  void set(Func& out, ValueId old, ValueId now) {
    to_[static_cast<size_t>(old)] = now;
    out.value(now).name = f_.value(old).name;
  }

  const Func& f_;
  PassContext& context_;
  const CompileOptions& options_;
  std::vector<Node> nodes_;
  std::vector<int> producer_;            // by tensor: its node; -1 for parameters
  std::vector<std::set<int>> readers_;   // by tensor: the nodes that read it, in order
  std::vector<ValueId> to_;
  std::vector<char> done_;
  std::map<std::string, int> formulas_;       // by signature
  std::vector<std::pair<int, int>> decided_;  // the nodes of each decision
};

}  // namespace

void fuse(ir::Func& f, PassContext& context) { f = Fuser(f, context).run(); }

}  // namespace frit::lower
