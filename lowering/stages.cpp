// Dividing a group into stages.
#include "lowering/stages.h"

#include <algorithm>
#include <set>

namespace frit::lower {

namespace {

constexpr int kJoined = 2;  // cheap values of several rows that are kept
constexpr int kDear = 16;   // cost from which a value is kept instead of computed again

}  // namespace

Stages make_stages(const Group& g, const Nest& nest, const std::vector<uint64_t>& loops_of_local, bool registers) {
  Stages s;
  s.of.assign(g.locals.size(), 0);
  const int pass = nest.reduced >= 0 ? nest.reduced : nest.lane;
  auto full = [&](ValueId v) { return (loops_of_local[static_cast<size_t>(v)] >> pass & 1) != 0; };
  for (const OpNode& o : g.body) {
    int at = 0;
    g.for_scalars(o, [&](ValueId v) { at = std::max(at, s.of[static_cast<size_t>(v)]); });
    s.of[static_cast<size_t>(o.results[0])] = at + (is_reduction(o) ? 1 : 0);
  }
  int last = 0;
  auto stage_of_output = [&](const Group::Output& o) { return o.value.is_value() ? s.of[static_cast<size_t>(o.value.value)] : 0; };
  for (const OpNode& o : g.body)
    if (is_reduction(o)) last = std::max(last, s.of[static_cast<size_t>(o.results[0])] - 1);
  auto walks = [&](const Group::Output& o) {
    return std::any_of(o.axes.begin(), o.axes.end(), [&](const IndexExpr& e) {
      return !e.is_constant() && std::find(nest.loops[static_cast<size_t>(pass)].members.begin(), nest.loops[static_cast<size_t>(pass)].members.end(),
                                           e.terms[0].var) != nest.loops[static_cast<size_t>(pass)].members.end();
    });
  };
  for (const auto& o : g.outputs)
    if (nest.reduced < 0 || walks(o)) last = std::max(last, stage_of_output(o));
  s.count = last + 1;
  s.reductions.resize(static_cast<size_t>(s.count));
  s.outputs.resize(static_cast<size_t>(s.count));
  s.kept.resize(static_cast<size_t>(s.count));
  for (size_t i = 0; i < g.body.size(); ++i)
    if (is_reduction(g.body[i])) s.reductions[static_cast<size_t>(s.of[static_cast<size_t>(g.body[i].results[0])] - 1)].push_back(static_cast<int>(i));
  for (size_t i = 0; i < g.outputs.size(); ++i) {
    if (nest.reduced < 0 || walks(g.outputs[i])) s.outputs[static_cast<size_t>(stage_of_output(g.outputs[i]))].push_back(static_cast<int>(i));
    else s.late_outputs.push_back(static_cast<int>(i));
  }
  // A full value crosses where something of a later stage uses it. Reductions use in the stage that
  // runs them.
  std::vector<int> cost(g.locals.size(), 0);  // to compute again, what is kept costing nothing
  std::vector<char> crosses(g.locals.size(), 0);
  for (const OpNode& o : g.body) {
    const ValueId r = o.results[0];
    const int used_at = s.of[static_cast<size_t>(r)] - (is_reduction(o) ? 1 : 0);
    g.for_scalars(o, [&](ValueId v) {
      if (full(v) && s.of[static_cast<size_t>(v)] < used_at) crosses[static_cast<size_t>(v)] = 1;
    });
  }
  std::vector<std::set<ValueId>> rows(g.locals.size());  // that are needed to compute it again
  int joined = 0;
  for (const OpNode& o : g.body) {
    const auto r = static_cast<size_t>(o.results[0]);
    if (!full(o.results[0])) continue;
    cost[r] = op_cost(o.op);
    if (o.op == Op::read) rows[r] = {o.results[0]};
    g.for_scalars(o, [&](ValueId v) {
      if (!full(v)) return;
      cost[r] += cost[static_cast<size_t>(v)];
      rows[r].insert(rows[static_cast<size_t>(v)].begin(), rows[static_cast<size_t>(v)].end());
    });
    // One row in registers takes less room than the two that it comes from.
    const bool joins = registers && joined < kJoined && rows[r].size() > 1;
    if (crosses[r] && (cost[r] >= kDear || joins)) {
      joined += cost[r] < kDear;
      s.kept[static_cast<size_t>(s.of[r])].push_back(o.results[0]);
      cost[r] = 0;
      rows[r] = {o.results[0]};
    }
  }
  return s;
}

}  // namespace frit::lower
