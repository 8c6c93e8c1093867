// Choosing the loop nest of a group.
#include "lowering/nest.h"

#include <algorithm>
#include <cstdlib>

namespace frit::lower {

using ir::AttrName;

std::vector<int> Nest::outer() const {
  std::vector<int> o;
  for (int d = 0; d < static_cast<int>(loops.size()); ++d)
    if (d != lane && d != reduced) o.push_back(d);
  return o;
}

namespace {

std::vector<int64_t> strides_of(const Func& f, ValueId tensor) {
  if (!f.value(tensor).strides.empty()) return f.value(tensor).strides;
  const auto& dims = f.type(tensor).dims;
  std::vector<int64_t> s(dims.size(), 1);
  for (size_t a = dims.size(); a-- > 1;) s[a - 1] = s[a] * std::max<int64_t>(dims[a].value(), 1);
  return s;
}

class NestMaker {
 public:
  NestMaker(const Func& f, const Group& g, Nest& nest, std::string& why_not) : f_(f), g_(g), nest_(nest), why_not_(why_not) {}

  bool run() {
    if (g_.dims.size() > 60) return refuse("more than 60 index variables");
    varies_ = variance(g_);
    if (!find_reduced() || !order_loops()) return false;
    linearise();
    collapse();
    return choose();
  }

 private:
  bool refuse(std::string why) {
    why_not_ = std::move(why);
    return false;
  }
  size_t position(ValueId index) const {
    return static_cast<size_t>(std::find(g_.dims.begin(), g_.dims.end(), index) - g_.dims.begin());
  }

  bool find_reduced() {
    for (const OpNode& o : g_.body) {
      if (!is_reduction(o)) continue;
      std::vector<ValueId> over;
      for (const IndexExpr& e : o.index) over.push_back(e.terms.at(0).var);
      if (!has_reductions_) reduced_ = over;
      else if (reduced_ != over) return refuse("the reductions run over different axes");
      has_reductions_ = true;
      has_dot_ |= o.op == Op::reduce_dot;
      if (varies_[static_cast<size_t>(o.results[0])] & reduced_bits()) return refuse("a reduced value varies over the reduced axis");
    }
    return true;
  }
  uint64_t reduced_bits() const {
    uint64_t m = 0;
    for (ValueId v : reduced_) m |= uint64_t{1} << position(v);
    return m;
  }

  static std::vector<ValueId> vars_of(const Group::Output& o) {
    std::vector<ValueId> v;
    for (const IndexExpr& e : o.axes)
      if (!e.is_constant()) v.push_back(e.terms[0].var);
    return v;
  }

  // Decides the order of the loops, outermost first, from the outputs; and where the reduced ones go.
  bool order_loops() {
    const Group::Output* widest = nullptr;
    for (const Group::Output& o : g_.outputs)
      if (!widest || vars_of(o).size() > vars_of(*widest).size()) widest = &o;
    std::vector<ValueId> base = widest ? vars_of(*widest) : std::vector<ValueId>{};
    auto is_reduced = [&](ValueId v) { return std::find(reduced_.begin(), reduced_.end(), v) != reduced_.end(); };
    const bool full = std::any_of(base.begin(), base.end(), is_reduced);
    std::vector<ValueId> free;
    for (ValueId d : base)
      if (!is_reduced(d)) free.push_back(d);
    if (free.size() + reduced_.size() != g_.dims.size()) return refuse("a result does not vary over the whole index space");
    for (const Group::Output& o : g_.outputs) {
      const auto vars = vars_of(o);
      if (has_reductions_ && vars == free) continue;
      if (vars != base) return refuse("the results are stored over different index spaces or in different orders");
    }
    if (full && has_dot_) return refuse("a result varies over the contracted axis");
    if (full) {
      size_t at = 0;
      while (!is_reduced(base[at])) ++at;
      if (base.size() < at + reduced_.size() || !std::equal(reduced_.begin(), reduced_.end(), base.begin() + static_cast<long>(at)))
        return refuse("the reduced axes are not adjacent in a result");
      order_ = base;
      split_ = at;
    } else if (has_reductions_) {
      split_ = place_reduced(free);
      order_ = free;
      order_.insert(order_.begin() + static_cast<long>(split_), reduced_.begin(), reduced_.end());
    } else {
      order_ = base;
    }
    return true;
  }

  // How many of the free loops stand outside the reduced ones: those with larger strides in the
  // read that moves most memory.
  size_t place_reduced(const std::vector<ValueId>& free) const {
    if (has_dot_) return free.empty() ? 0 : free.size() - 1;
    const OpNode* widest = nullptr;
    auto count = [&](const OpNode& o) {
      int64_t n = 1;
      for (size_t d = 0; d < g_.dims.size(); ++d)
        if (varies_[static_cast<size_t>(o.results[0])] >> d & 1) n *= std::max<int64_t>(g_.local(g_.dims[d]).extent, 1);
      return n;
    };
    for (const OpNode& o : g_.body)
      if (o.op == Op::read && (!widest || count(o) > count(*widest))) widest = &o;
    if (!widest) return free.size();
    const Linear l = linear_address(*widest);
    auto stride = [&](ValueId v) { return std::abs(l.coeff[position(v)]); };
    const int64_t r = stride(reduced_.back());
    size_t at = 0;
    while (at < free.size() && (stride(free[at]) > r || stride(free[at]) == 0 || r == 0)) ++at;
    return at;
  }

  // Over the group's index variables by position in dims.
  Linear linear(const IndexExpr& e) const {
    Linear l;
    l.constant = e.constant;
    l.coeff.assign(g_.dims.size(), 0);
    for (const auto& t : e.terms) {
      if (g_.local(t.var).is_index()) l.coeff[position(t.var)] += t.coeff;
      else l.dyn.emplace_back(t.var, t.coeff);
    }
    return l;
  }
  static void add_scaled(Linear& to, const Linear& l, int64_t factor) {
    to.constant += l.constant * factor;
    for (size_t d = 0; d < l.coeff.size(); ++d) to.coeff[d] += l.coeff[d] * factor;
    for (const auto& [v, c] : l.dyn) {
      const ValueId id = v;
      auto it = std::find_if(to.dyn.begin(), to.dyn.end(), [&](const auto& x) { return x.first == id; });
      if (it != to.dyn.end()) it->second += c * factor;
      else to.dyn.emplace_back(id, c * factor);
    }
  }
  Linear linear_address(const OpNode& read) const {
    Linear l;
    l.coeff.assign(g_.dims.size(), 0);
    const auto s = strides_of(f_, read.operands[0].value);
    for (size_t a = 0; a < read.index.size(); ++a) add_scaled(l, linear(read.index[a]), s[a]);
    return l;
  }

  // How an index may leave [0, n) somewhere in the space.
  Nest::Guard guard_of(Linear l, int64_t n) const {
    int64_t lo = l.constant, hi = l.constant;
    for (size_t d = 0; d < g_.dims.size(); ++d)
      (l.coeff[d] < 0 ? lo : hi) += l.coeff[d] * (g_.local(g_.dims[d]).extent - 1);
    const bool dynamic = !l.dyn.empty();
    return {std::move(l), n, dynamic || lo < 0, dynamic || hi >= n};
  }

  void linearise() {
    const size_t n = g_.body.size();
    nest_.address.resize(n);
    nest_.guards.resize(n);
    for (size_t i = 0; i < n; ++i) {
      const OpNode& o = g_.body[i];
      if (o.op == Op::index) nest_.address[i] = linear(o.index[0]);
      if (o.op != Op::read) continue;
      nest_.address[i] = linear_address(o);
      if (!o.find(AttrName::guard)) continue;
      for (size_t a = 0; a < o.index.size(); ++a) {
        Nest::Guard guard = guard_of(linear(o.index[a]), f_.type(o.operands[0].value).dims[a].value());
        if (guard.below || guard.above) nest_.guards[i].push_back(std::move(guard));
      }
    }
    for (const Group::Output& o : g_.outputs) {
      Linear l;
      l.coeff.assign(g_.dims.size(), 0);
      const auto s = strides_of(f_, o.tensor);
      for (size_t a = 0; a < o.axes.size(); ++a) add_scaled(l, linear(o.axes[a]), s[a]);
      nest_.stores.push_back(std::move(l));
    }
  }

  template <class F>
  void for_each_linear(F&& visit) {
    for (Linear& l : nest_.address) visit(l);
    for (auto& list : nest_.guards)
      for (Nest::Guard& g : list) visit(g.index);
    for (Linear& l : nest_.stores) visit(l);
  }

  // Puts the forms into loop order and merges neighbours that every form walks as one.
  void collapse() {
    std::vector<size_t> from;
    for (ValueId v : order_) from.push_back(position(v));
    for_each_linear([&](Linear& l) {
      if (l.coeff.empty()) return;
      std::vector<int64_t> c;
      for (size_t p : from) c.push_back(l.coeff[p]);
      l.coeff = std::move(c);
    });
    std::vector<int> group;  // 0: before, 1: reduced, 2: after
    for (size_t i = 0; i < order_.size(); ++i) {
      nest_.loops.push_back({g_.local(order_[i]).extent, {order_[i]}});
      const bool r = has_reductions_ && i >= split_ && i < split_ + reduced_.size();
      group.push_back(!has_reductions_ || i < split_ ? 0 : r ? 1 : 2);
    }
    for (size_t i = nest_.loops.size(); i-- > 1;) {
      if (group[i - 1] != group[i]) continue;
      const int64_t n = nest_.loops[i].extent;
      bool same = true;
      if (n != 0 && nest_.loops[i - 1].extent != 0)  // over nothing, every walk is the same
        for_each_linear([&](Linear& l) {
          if (!l.coeff.empty()) same &= l.coeff[i - 1] == l.coeff[i] * n;
        });
      if (!same) continue;
      nest_.loops[i - 1].extent *= n;
      auto& m = nest_.loops[i - 1].members;
      m.insert(m.end(), nest_.loops[i].members.begin(), nest_.loops[i].members.end());
      nest_.loops.erase(nest_.loops.begin() + static_cast<long>(i));
      group.erase(group.begin() + static_cast<long>(i));
      for_each_linear([&](Linear& l) {
        if (!l.coeff.empty()) l.coeff.erase(l.coeff.begin() + static_cast<long>(i) - 1);
      });
    }
    loop_group_ = std::move(group);
  }

  int add_unit_loop() {
    nest_.loops.push_back({1, {}});
    loop_group_.push_back(2);
    for_each_linear([](Linear& l) { l.coeff.push_back(0); });
    return static_cast<int>(nest_.loops.size()) - 1;
  }

  bool choose() {
    // Ops without a form (elementwise) keep an empty one; give the others their full width.
    const int last = static_cast<int>(nest_.loops.size()) - 1;
    if (!has_reductions_) {
      nest_.lane = last >= 0 ? last : add_unit_loop();
      nest_.kind = Nest::Kind::flat;
      nest_.why = nest_.loops.size() == 1 ? "no reductions, one contiguous index" : "no reductions";
      choose_tiles();
    } else {
      const auto reduced_loops = std::count(loop_group_.begin(), loop_group_.end(), 1);
      if (reduced_loops != 1) return refuse("the reduced axes are not one extent in every operand");
      nest_.reduced = static_cast<int>(std::find(loop_group_.begin(), loop_group_.end(), 1) - loop_group_.begin());
      if (has_dot_) {
        nest_.kind = Nest::Kind::product;
        nest_.lane = nest_.reduced == last ? add_unit_loop() : last;
        nest_.why = "a chain of products along k";
      } else if (nest_.reduced == last) {
        nest_.kind = Nest::Kind::row;
        nest_.lane = nest_.reduced;
        nest_.why = "reduces along the contiguous axis";
      } else {
        nest_.kind = Nest::Kind::column;
        nest_.lane = last;
        nest_.why = "reduces across the contiguous axis";
      }
    }
    count_unclean();
    return true;
  }

  // A read is transposed where it jumps along the lanes and is contiguous along another loop.
  int contiguous_elsewhere(const Linear& l) const {
    if (l.coeff.empty() || !l.dyn.empty()) return -1;
    const int64_t at_lane = l.coeff[static_cast<size_t>(nest_.lane)];
    if (at_lane >= -1 && at_lane <= 1) return -1;
    for (int d = 0; d < static_cast<int>(nest_.loops.size()); ++d)
      if (d != nest_.lane && l.coeff[static_cast<size_t>(d)] == 1) return d;
    return -1;
  }

  void choose_tiles() {
    for (size_t i = 0; i < g_.body.size(); ++i) {
      if (g_.body[i].op != Op::read || g_.body[i].find(AttrName::guard)) continue;
      const int across = contiguous_elsewhere(nest_.address[i]);
      if (across < 0 || nest_.loops[static_cast<size_t>(across)].extent < 8 || nest_.loops[static_cast<size_t>(nest_.lane)].extent < 8) continue;
      if (nest_.across >= 0 && nest_.across != across) continue;
      nest_.across = across;
      nest_.kind = Nest::Kind::tiled;
      nest_.why = "a transposed operand";
    }
  }

  void count_unclean() {
    for (size_t i = 0; i < g_.body.size(); ++i) {
      if (g_.body[i].op != Op::read) continue;
      const Linear& l = nest_.address[i];
      const int64_t c = l.coeff[static_cast<size_t>(nest_.lane)];
      const bool dynamic = std::any_of(l.dyn.begin(), l.dyn.end(), [&](const auto& d) { return varies_[static_cast<size_t>(d.first)] != 0; });
      const bool tiled = nest_.across >= 0 && contiguous_elsewhere(l) == nest_.across && !g_.body[i].find(AttrName::guard);
      if ((c < -1 || c > 1 || dynamic) && !tiled) ++nest_.unclean;
    }
  }

  const Func& f_;
  const Group& g_;
  Nest& nest_;
  std::string& why_not_;
  std::vector<uint64_t> varies_;
  std::vector<ValueId> reduced_, order_;
  size_t split_ = 0;  // where the reduced loops stand in order_
  bool has_reductions_ = false, has_dot_ = false;
  std::vector<int> loop_group_;  // by loop: 0 before the reduced, 1 reduced, 2 after
};

}  // namespace

bool make_nest(const Func& f, const Group& g, Nest& nest, std::string& why_not) {
  nest = Nest{};
  return NestMaker(f, g, nest, why_not).run();
}

}  // namespace frit::lower
