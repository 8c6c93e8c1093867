// Merging two groups: identifying their index variables, or repeating the producer's body at the
// consumer's indices.
#include "lowering/merge.h"

#include <algorithm>
#include <map>
#include <optional>

namespace frit::lower {

using ir::AttrName;

namespace {

const Group::Output* output_of(const Group& g, ValueId tensor) {
  for (const Group::Output& o : g.outputs)
    if (o.tensor == tensor) return &o;
  return nullptr;
}

// Copies ops of one group into another, renaming locals by `to`.
struct Copier {
  const Group& from;
  Group& into;
  std::vector<Operand> to;  // of each local of `from`; index variables: see index_to
  std::vector<IndexExpr> index_to;

  Copier(const Group& f, Group& i) : from(f), into(i), to(f.locals.size()), index_to(f.locals.size()) {}

  void set_index(ValueId v, IndexExpr e) { index_to[static_cast<size_t>(v)] = std::move(e); }
  IndexExpr expr(const IndexExpr& e) const {
    IndexExpr r(e.constant);
    for (const auto& t : e.terms) {
      if (from.local(t.var).is_index()) {
        r += index_to[static_cast<size_t>(t.var)].times(t.coeff);
      } else {
        const Operand& o = to[static_cast<size_t>(t.var)];
        if (o.is_value()) r.add_term(o.value, t.coeff);
        else r += IndexExpr(ir::checked_mul(o.lit.as<int64_t>(), t.coeff));
      }
    }
    return r;
  }
  Operand operand(const Operand& o) const { return o.is_value() ? to[static_cast<size_t>(o.value)] : o; }
  OpNode copied(const OpNode& op) const {
    OpNode n = op;
    for (size_t k = op.op == Op::read ? 1 : 0; k < n.operands.size(); ++k) n.operands[k] = operand(n.operands[k]);
    for (IndexExpr& e : n.index) e = expr(e);
    if (op.op == Op::read) fix_dynamic(n);
    return n;
  }
  // The operands of a read after the first are the scalars in its index expressions.
  void fix_dynamic(OpNode& read) const {
    read.operands.resize(1);
    for (const IndexExpr& e : read.index)
      for (const auto& t : e.terms)
        if (!into.local(t.var).is_index()) read.operands.emplace_back(t.var);
  }
  void copy(const OpNode& op) {
    const ValueId r = op.results[0];
    to[static_cast<size_t>(r)] = into.add(copied(op), from.local(r).dtype, from.local(r).name);
  }
};

std::string fresh_index_name(const Group& g) {
  for (size_t i = 0;; ++i) {
    std::string n = i < 6 ? std::string(1, static_cast<char>('i' + i)) : "i" + std::to_string(i);
    if (std::none_of(g.dims.begin(), g.dims.end(), [&](ValueId d) { return g.local(d).name == n; })) return n;
  }
}

class Merger {
 public:
  Merger(const Func& f, const Group& p, const Group& c, const std::vector<ValueId>& keep, Group& out, std::string& why)
      : f_(f), p_(p), c_(c), keep_(keep), m_(out), why_(why) {}

  bool run() {
    m_ = Group{};
    m_.name = c_.name;
    const bool must_align = p_.has_reductions() || !keep_.empty();
    if (align()) {
      copy_aligned();
    } else {
      if (must_align) return false;
      if (!inline_at_reads()) return false;
    }
    m_.tidy();
    return true;
  }

  bool run_at() {
    m_ = Group{};
    m_.name = c_.name;
    const OpNode* at = nullptr;
    for (const OpNode& o : c_.body) {
      if (o.op != Op::read || !output_of(p_, o.operands[0].value)) continue;
      if (o.find(AttrName::guard)) return refuse("read with a guard");
      if (o.operands.size() > 1) return refuse("read at picked indices");
      if (at && at->index != o.index) return refuse("read at two different indices");
      at = &o;
    }
    if (!at) return refuse("not read");
    const Group::Output& out = *output_of(p_, at->operands[0].value);
    Copier c = start_with_consumer_space();
    Copier p(p_, m_);
    std::vector<char> known(p_.locals.size(), 0);
    for (size_t a = 0; a < out.axes.size(); ++a) {
      if (out.axes[a].is_constant()) continue;
      const ValueId d = out.axes[a].terms[0].var;
      p.set_index(d, c.expr(at->index[a]));
      known[static_cast<size_t>(d)] = 1;
    }
    for (ValueId d : p_.dims)
      if (!known[static_cast<size_t>(d)]) p.set_index(d, IndexExpr::of(m_.add_index(p_.local(d).extent, fresh_index_name(m_))));
    copy_both(p, c);
    m_.tidy();
    return true;
  }

 private:
  bool refuse(std::string why) {
    why_ = std::move(why);
    return false;
  }

  // Producer index variable -> consumer index variable (kNone: a new one).
  bool align() {
    map_.assign(p_.locals.size(), kNone);
    std::vector<char> taken(c_.locals.size(), 0);
    for (const OpNode& o : c_.body) {
      if (o.op != Op::read) continue;
      const Group::Output* out = output_of(p_, o.operands[0].value);
      if (!out) continue;
      if (o.find(AttrName::guard)) return refuse("read with a guard");
      for (size_t a = 0; a < o.index.size(); ++a) {
        if (out->axes[a].is_constant()) {
          if (!(o.index[a] == IndexExpr(0))) return refuse("read at another index");
          continue;
        }
        const ValueId p = out->axes[a].terms[0].var;
        const IndexExpr& e = o.index[a];
        if (e.constant != 0 || e.terms.size() != 1 || e.terms[0].coeff != 1 || !c_.local(e.terms[0].var).is_index())
          return refuse("read at computed indices");
        const ValueId c = e.terms[0].var;
        if (c_.local(c).extent != p_.local(p).extent) return refuse("read over a part of an axis");
        ValueId& known = map_[static_cast<size_t>(p)];
        if (known == kNone && !taken[static_cast<size_t>(c)]) known = c, taken[static_cast<size_t>(c)] = 1;
        if (known != c) return refuse("read at two different indices");
      }
    }
    std::vector<ValueId> left_p, left_c;
    for (ValueId d : p_.dims)
      if (map_[static_cast<size_t>(d)] == kNone) left_p.push_back(d);
    for (ValueId d : c_.dims)
      if (!taken[static_cast<size_t>(d)]) left_c.push_back(d);
    if (left_p.empty() || left_c.empty()) return true;
    if (left_p.size() != left_c.size()) return refuse("the index spaces do not agree");
    for (size_t i = 0; i < left_p.size(); ++i) {
      if (p_.local(left_p[i]).extent != c_.local(left_c[i]).extent) return refuse("the index spaces do not agree");
      map_[static_cast<size_t>(left_p[i])] = left_c[i];
    }
    return true;
  }

  Copier start_with_consumer_space() {
    Copier c(c_, m_);
    for (ValueId d : c_.dims) c.set_index(d, IndexExpr::of(m_.add_index(c_.local(d).extent, c_.local(d).name)));
    return c;
  }

  void copy_aligned() {
    Copier c = start_with_consumer_space();
    Copier p(p_, m_);
    for (ValueId d : p_.dims) {
      const ValueId to = map_[static_cast<size_t>(d)];
      p.set_index(d, to != kNone ? c.index_to[static_cast<size_t>(to)]
                                 : IndexExpr::of(m_.add_index(p_.local(d).extent, fresh_index_name(m_))));
    }
    copy_both(p, c);
  }

  void copy_both(Copier& p, Copier& c) {
    for (const OpNode& o : p_.body) p.copy(o);
    for (const OpNode& o : c_.body) {
      const Group::Output* out = o.op == Op::read ? output_of(p_, o.operands[0].value) : nullptr;
      if (out) c.to[static_cast<size_t>(o.results[0])] = p.operand(out->value);
      else c.copy(o);
    }
    for (const Group::Output& o : p_.outputs)
      if (std::find(keep_.begin(), keep_.end(), o.tensor) != keep_.end()) add_output(p, o);
    for (const Group::Output& o : c_.outputs) add_output(c, o);
  }

  void add_output(const Copier& k, const Group::Output& o) {
    Group::Output n{o.tensor, k.operand(o.value), {}};
    for (const IndexExpr& e : o.axes) n.axes.push_back(k.expr(e));
    m_.outputs.push_back(std::move(n));
  }

  bool inline_at_reads() {
    Copier c = start_with_consumer_space();
    for (const OpNode& o : c_.body) {
      const Group::Output* out = o.op == Op::read ? output_of(p_, o.operands[0].value) : nullptr;
      if (!out) {
        c.copy(o);
        continue;
      }
      const OpNode at = c.copied(o);
      Operand value = inlined(*out, at, o.find(AttrName::guard) != nullptr);
      if (const auto* g = o.find(AttrName::guard)) value = guarded(at, o.operands[0].value, value, std::get<Literal>(*g));
      c.to[static_cast<size_t>(o.results[0])] = value;
    }
    for (const Group::Output& o : c_.outputs) add_output(c, o);
    return true;
  }

  // The producer's value at the indices of `at`. safe: the indices may be outside, so every read
  // inside gets a guard; what it gives there is not used.
  Operand inlined(const Group::Output& out, const OpNode& at, bool safe) {
    Copier p(p_, m_);
    for (size_t a = 0; a < out.axes.size(); ++a)
      if (!out.axes[a].is_constant()) p.set_index(out.axes[a].terms[0].var, at.index[a]);
    for (const OpNode& o : p_.body) {
      p.copy(o);
      OpNode& copy = m_.body.back();
      if (safe && copy.op == Op::read && !copy.find(AttrName::guard)) copy.set(AttrName::guard, Literal::of(p_.local(o.results[0]).dtype, 0.0));
    }
    return p.operand(out.value);
  }

  Operand add(Op op, std::vector<Operand> operands, DType t, ir::LocId loc) {
    OpNode n;
    n.op = op;
    n.operands = std::move(operands);
    n.loc = loc;
    return m_.add(std::move(n), t);
  }

  // where(all indices inside, value, otherwise)
  Operand guarded(const OpNode& at, ValueId tensor, Operand value, const Literal& otherwise) {
    std::optional<Operand> inside;
    auto also = [&](Operand c) { inside = inside ? add(Op::bit_and, {*inside, c}, DType::boolean, at.loc) : c; };
    for (size_t a = 0; a < at.index.size(); ++a) {
      const IndexExpr& e = at.index[a];
      const int64_t n = f_.type(tensor).dims[a].value();
      int64_t lo = e.constant, hi = e.constant;
      bool dynamic = false;
      for (const auto& t : e.terms) {
        if (!m_.local(t.var).is_index()) dynamic = true;
        else (t.coeff < 0 ? lo : hi) += t.coeff * (m_.local(t.var).extent - 1);
      }
      if (!dynamic && lo >= 0 && hi < n) continue;
      OpNode index;
      index.op = Op::index;
      index.index = {e};
      index.loc = at.loc;
      const Operand i = m_.add(std::move(index), DType::i64);
      if (dynamic || lo < 0) also(add(Op::ge, {i, Literal::of(int64_t{0})}, DType::boolean, at.loc));
      if (dynamic || hi >= n) also(add(Op::lt, {i, Literal::of(n)}, DType::boolean, at.loc));
    }
    if (!inside) return value;
    return add(Op::where, {*inside, value, otherwise}, otherwise.dtype, at.loc);
  }

  const Func& f_;
  const Group &p_, &c_;
  const std::vector<ValueId>& keep_;
  Group& m_;
  std::string& why_;
  std::vector<ValueId> map_;
};

}  // namespace

bool merge(const Func& f, const Group& producer, const Group& consumer, const std::vector<ValueId>& keep, Group& merged, std::string& why_not) {
  return Merger(f, producer, consumer, keep, merged, why_not).run();
}

bool merge_at(const Func& f, const Group& producer, const Group& consumer, Group& merged, std::string& why_not) {
  const std::vector<ValueId> keep;
  return Merger(f, producer, consumer, keep, merged, why_not).run_at();
}

bool merge_siblings(const Group& a, const Group& b, Group& m, std::string& why_not) {
  if (a.dims.size() != b.dims.size()) return why_not = "the index spaces do not agree", false;
  m = Group{};
  m.name = b.name;
  Copier ca(a, m), cb(b, m);
  for (size_t i = 0; i < a.dims.size(); ++i) {
    if (a.local(a.dims[i]).extent != b.local(b.dims[i]).extent) return why_not = "the index spaces do not agree", false;
    const IndexExpr e = IndexExpr::of(m.add_index(a.local(a.dims[i]).extent, a.local(a.dims[i]).name));
    ca.set_index(a.dims[i], e);
    cb.set_index(b.dims[i], e);
  }
  auto copy_all = [&](Copier& c, const Group& g) {
    for (const OpNode& o : g.body) c.copy(o);
    for (const Group::Output& o : g.outputs) {
      Group::Output n{o.tensor, c.operand(o.value), {}};
      for (const IndexExpr& e : o.axes) n.axes.push_back(c.expr(e));
      m.outputs.push_back(std::move(n));
    }
  };
  copy_all(ca, a);
  copy_all(cb, b);
  m.tidy();
  return true;
}

}  // namespace frit::lower
