// See signature.h.
#include "lowering/signature.h"

#include <algorithm>
#include <map>

namespace frit::lower {

namespace {

// Positions in the body, each op after those that it takes values from.
std::vector<size_t> order_of_need(const Group& g) {
  std::vector<int> def(g.locals.size(), -1);
  for (size_t i = 0; i < g.body.size(); ++i) def[static_cast<size_t>(g.body[i].results[0])] = static_cast<int>(i);
  std::vector<char> seen(g.body.size(), 0);
  std::vector<size_t> order;
  struct Step {
    size_t op, next = 0;
    std::vector<ValueId> needs;
  };
  std::vector<Step> stack;
  auto need = [&](ValueId v) {
    const int at = def[static_cast<size_t>(v)];
    if (at < 0 || seen[static_cast<size_t>(at)]) return;
    seen[static_cast<size_t>(at)] = 1;
    Step& s = stack.emplace_back(Step{static_cast<size_t>(at), 0, {}});
    g.for_scalars(g.body[s.op], [&](ValueId n) { s.needs.push_back(n); });
  };
  for (const Group::Output& o : g.outputs) {
    if (o.value.is_value()) need(o.value.value);
    while (!stack.empty()) {
      Step& s = stack.back();
      if (s.next < s.needs.size()) {
        need(s.needs[s.next++]);
      } else {
        order.push_back(s.op);
        stack.pop_back();
      }
    }
  }
  return order;
}

class Writer {
 public:
  explicit Writer(const Group& g) : position_(g.locals.size(), -1) {
    int64_t next = 0;
    for (size_t i : order_of_need(g)) {
      const OpNode& o = g.body[i];
      number(static_cast<int64_t>(o.op));
      number(static_cast<int64_t>(g.local(o.results[0]).dtype));
      number(static_cast<int64_t>(o.operands.size()));
      const bool read = o.op == Op::read;
      if (read) number(tensors_.emplace(o.operands[0].value, static_cast<int64_t>(tensors_.size())).first->second);
      for (size_t k = read ? 1 : 0; k < o.operands.size(); ++k) operand(o.operands[k]);
      for (const IndexExpr& e : o.index)
        for (const auto& t : e.terms)
          if (const int64_t at = position_[static_cast<size_t>(t.var)]; at >= 0) number(at);  // a computed index
      position_[static_cast<size_t>(o.results[0])] = next++;
    }
    for (const Group::Output& o : g.outputs) operand(o.value);
  }
  std::string text;

 private:
  void number(int64_t v) { text.append(reinterpret_cast<const char*>(&v), sizeof v); }
  void operand(const Operand& o) {
    if (o.is_value()) return number(position_[static_cast<size_t>(o.value)]);
    number(-2 - static_cast<int64_t>(o.lit.dtype));
    number(static_cast<int64_t>(o.lit.bits));
  }

  std::vector<int64_t> position_;
  std::map<ValueId, int64_t> tensors_;
};

}  // namespace

Group in_order_of_need(Group g, const std::function<int64_t(ValueId)>& rank) {
  std::stable_sort(g.outputs.begin(), g.outputs.end(), [&](const auto& a, const auto& b) { return rank(a.tensor) < rank(b.tensor); });
  std::vector<OpNode> body;
  for (size_t i : order_of_need(g)) body.push_back(g.body[i]);
  g.body = std::move(body);
  g.tidy();
  return g;
}

std::string signature(const Group& g) { return Writer(g).text; }

}  // namespace frit::lower
