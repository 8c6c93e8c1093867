// See join.h. Kernels are gathered by signature into slots, one after the other: a kernel goes into an
// earlier slot of its signature if everything it reads is made before. The kernels of a slot are then
// scheduled alike, and those of one form become one launch (segments.h).
#include "lowering/join.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "lowering/segments.h"
#include "lowering/signature.h"

namespace frit::lower {

namespace {

class Joiner {
 public:
  Joiner(const JoinContext& c, const std::vector<Candidate>& all) : c_(c), f_(c.f), all_(all) {}

  std::vector<Kernel> run() {
    const bool joins = c_.options.fuse && c_.options.specialise && c_.options.enabled("join");
    for (size_t k = 0; k < all_.size(); ++k) place(k, joins && all_.size() > 1);
    std::vector<Kernel> out;
    for (const Slot& s : slots_)
      for (Kernel& k : kernels_of(s)) out.push_back(std::move(k));
    return out;
  }

 private:
  struct Slot {
    std::vector<size_t> members;
    int64_t temp_bytes = 0;  // of intermediate arrays that its kernels make
  };

  // Rows of reductions can be joined where they are whole; other schedules are for few large kernels.
  static bool joinable(const Nest& n) { return n.kind == Nest::Kind::flat || n.kind == Nest::Kind::row; }

  void place(size_t k, bool joins) {
    const Candidate& c = all_[k];
    size_t earliest = 0;
    for (ValueId in : c.group.inputs())
      if (auto it = made_.find(c_.root(in)); it != made_.end()) earliest = std::max(earliest, it->second + 1);
    int64_t temps = 0;
    for (const auto& o : c.group.outputs)
      if (!c_.is_result(c_.root(o.tensor))) temps += ir::bytes_of(f_, o.tensor);
    size_t at = slots_.size();
    if (joins && !c.made && joinable(c.nest)) {
      const auto [it, fresh] = open_.emplace(signature(in_order_of_need(c.group, c_.rank)), at);
      // Arrays that are made early are alive for longer: a little, or not at all in the last slot.
      const bool early = !fresh && it->second >= earliest &&
                         (it->second + 1 == slots_.size() || temps == 0 || slots_[it->second].temp_bytes + temps <= c_.options.target.l2);
      if (early) at = it->second;
      else it->second = at;
    }
    if (at == slots_.size()) slots_.emplace_back();
    slots_[at].members.push_back(k);
    slots_[at].temp_bytes += temps;
    for (const auto& o : c.group.outputs) made_[c_.root(o.tensor)] = at;
  }

  Kernel alone(size_t k) const { return all_[k].made ? *all_[k].made : build_kernel(f_, all_[k].group, all_[k].nest, c_.options); }

  std::vector<Kernel> kernels_of(const Slot& s) const {
    std::vector<Kernel> out;
    if (s.members.size() == 1) {
      out.push_back(alone(s.members[0]));
      return out;
    }
    // All of them with their ops in one order.
    std::vector<Candidate> alike(s.members.size());
    for (size_t i = 0; i < alike.size(); ++i) {
      std::string why;
      alike[i].group = in_order_of_need(all_[s.members[i]].group, c_.rank);
      if (!make_nest(f_, alike[i].group, alike[i].nest, why)) ir::internal_error("no schedule for " + alike[i].group.name + ": " + why);
    }
    const Agreement agreed = agreement(alike);
    struct Kind {
      std::vector<size_t> members;
      std::vector<Kernel> kernels;
      std::vector<Form> forms;
    };
    std::vector<Kind> kinds;
    std::map<std::string, size_t> known;
    const Candidate* model = nullptr;  // more than one element
    for (const Candidate& c : alike)
      if (!model && space_size(c.group) > 1) model = &c;
    for (size_t i = 0; i < alike.size(); ++i) {
      const size_t k = s.members[i];
      const Candidate& c = alike[i];
      std::optional<Candidate> like;
      if (model && c.group.dims.empty()) like = one_element(*model, c);
      Kernel kernel = build_kernel(f_, like ? like->group : c.group, like ? like->nest : c.nest, c_.options, &agreed);
      if (!kernel.temps.empty()) {  // parts of rows, combined at the end
        out.push_back(alone(k));
        continue;
      }
      Form form = form_of(kernel.func);
      const auto [it, fresh] = known.emplace(form.key, kinds.size());
      if (fresh) kinds.emplace_back();
      Kind& kind = kinds[it->second];
      kind.members.push_back(k);
      kind.kernels.push_back(std::move(kernel));
      kind.forms.push_back(std::move(form));
    }
    for (Kind& kind : kinds) {
      if (kind.members.size() == 1) {
        out.push_back(alone(kind.members[0]));
        continue;
      }
      if (c_.decisions)
        c_.decisions->push_back({true, kind.kernels[0].func.name, kind.kernels.back().func.name,
                                 std::to_string(kind.members.size()) + " kernels that differ in their arrays alone: one launch", 0});
      for (Kernel& k : with_segments(std::move(kind.kernels), kind.forms, argument_bytes())) out.push_back(std::move(k));
    }
    return out;
  }

  int64_t argument_bytes() const { return c_.options.target.gpu ? c_.options.target.gpu->argument_bytes - 64 : INT64_MAX; }

  // Chunks where the lanes differ in number; of the target's length, or as long as the longest.
  Agreement agreement(const std::vector<Candidate>& all) const {
    Agreement a;
    int64_t bytes = 0, longest = 0;
    bool differ = false;
    for (const Candidate& c : all) {
      for (ValueId in : c.group.inputs()) bytes += ir::bytes_of(f_, in);
      for (const auto& o : c.group.outputs) bytes += ir::bytes_of(f_, o.tensor);
      const int64_t lanes = c.nest.loops[static_cast<size_t>(c.nest.lane)].extent;
      differ |= longest > 0 && lanes != longest;
      longest = std::max(longest, lanes);
    }
    a.large = bytes > c_.options.target.l3;
    const int64_t chunk = c_.options.target.chunk;
    if (differ || longest > chunk) {
      a.chunk = 1;
      while (a.chunk < std::min(longest, chunk)) a.chunk *= 2;
      if (a.chunk > chunk) a.chunk = chunk;
    }
    return a;
  }

  // A group over a single element has no index variables. As one over a space like the model's, of one
  // element too, it gets the model's form.
  static std::optional<Candidate> one_element(const Candidate& model, const Candidate& c) {
    Candidate out = model;
    if (model.group.body.size() != c.group.body.size() || model.group.outputs.size() != c.group.outputs.size()) return std::nullopt;
    for (size_t i = 0; i < out.group.body.size(); ++i) {
      const OpNode& from = c.group.body[i];
      OpNode& o = out.group.body[i];
      o.loc = from.loc;
      if (o.op == Op::read) o.operands[0] = from.operands[0];
      if (!out.nest.guards[i].empty() || !c.nest.guards[i].empty()) return std::nullopt;
      // Coefficients of loops do not matter where these run once; those of computed indices do.
      if (!out.nest.address[i].dyn.empty() || !c.nest.address[i].dyn.empty()) return std::nullopt;
      out.nest.address[i].constant = c.nest.address[i].constant;
    }
    for (size_t i = 0; i < out.group.outputs.size(); ++i) {
      out.group.outputs[i].tensor = c.group.outputs[i].tensor;
      out.nest.stores[i].constant = c.nest.stores[i].constant;
    }
    for (ValueId d : out.group.dims) out.group.locals[static_cast<size_t>(d)].extent = 1;
    for (Nest::Loop& l : out.nest.loops) l.extent = 1;
    out.group.name = c.group.name;
    return out;
  }

  const JoinContext& c_;
  const Func& f_;
  const std::vector<Candidate>& all_;
  std::vector<Slot> slots_;
  std::unordered_map<ValueId, size_t> made_;         // roots: the slot
  std::unordered_map<std::string, size_t> open_;     // by signature: the latest slot
};

}  // namespace

std::vector<Kernel> build_launches(const JoinContext& c, const std::vector<Candidate>& all) { return Joiner(c, all).run(); }

}  // namespace frit::lower
