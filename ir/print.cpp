// The printer of all three levels. Takes any Func, also one that the verifier refuses (it is what is
// shown when a pass went wrong): ids out of range print as %?. What it prints of a verified function,
// the parser reads back. docs/ir.md has the grammar.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "ir/ops.h"
#include "ir/text.h"
#include "ir/text_layout.h"

namespace frit::ir {
namespace {

std::string quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string s = "\"";
  for (char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') (s += '\\') += c;
    else if (c == '\n') s += "\\n";
    else if (u < 0x20 || u == 0x7f) ((s += "\\x") += kHex[u >> 4]) += kHex[u & 15];
    else s += c;
  }
  return s + "\"";
}

std::string cleaned(std::string_view name, std::string_view otherwise) {
  std::string s(name.empty() ? otherwise : name);
  for (char& c : s)
    if (!in_name(c)) c = '_';
  return s;
}

// "max" of "reduce.max", and words for region arguments by position.
std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }
std::string_view arg_name(size_t k) { return k < 6 ? std::string_view("ijklmn").substr(k, 1) : std::string_view("i"); }

template <class T, class F>
std::string joined(const T& list, F&& text) {
  std::string s;
  for (const auto& item : list) s += (s.empty() ? "" : ", ") + text(item);
  return s;
}

class Printer {
 public:
  Printer(const Func& f, const PrintOptions& options)
      : f_(f), options_(options), names_(f.values.size()), order_(f.values.size(), -1), region_arg_(f.values.size()), place_(f.places.size(), kNone) {}

  std::string run() {
    collect(f_.body, true);
    if (options_.header) out_ = "frit " + std::to_string(kTextVersion) + "\n";
    if (f_.numerics == Numerics::fast) out_ += "fast ";
    out_ += f_.level == Level::tensor ? "func" : f_.level == Level::fused ? "fused func" : "kernel";
    out_ += " @" + (options_.names ? cleaned(f_.name, "f") : "f") + "(";
    out_ += joined(f_.body.args, [&](ValueId v) { return param(v); });
    out_ += ")" + results() + " {\n";
    ops(f_.body, nullptr, 1);
    out_ += "}\n";
    for (size_t i = 0; i < places_.size(); ++i) {
      const Place& p = f_.places[static_cast<size_t>(places_[i])];
      out_ += "@" + std::to_string(i + 1) + " = " + quoted(p.file) + ":" + std::to_string(p.line) + ":" + std::to_string(p.column);
      if (const LocId from = kept_place(p.from); from != kNone) out_ += " from @" + std::to_string(from + 1);
      out_ += "\n";
    }
    return std::move(out_);
  }

 private:
  bool known(ValueId v) const { return v >= 0 && v < static_cast<ValueId>(f_.values.size()); }
  bool known_op(OpId id) const { return id >= 0 && id < static_cast<OpId>(f_.ops.size()); }

  // Names and places, in order of appearance

  void collect(const Region& r, bool params) {
    for (size_t k = 0; k < r.args.size(); ++k) {
      if (!known(r.args[k])) continue;
      define(r.args[k], params ? "arg" : arg_name(k));
      region_arg_[static_cast<size_t>(r.args[k])] = !params;
    }
    for (OpId id : r.ops) {
      if (!known_op(id)) continue;
      const OpNode& op = f_.op(id);
      for (ValueId v : op.results)
        if (known(v)) define(v, last_part(info(op.op).name));
      if (options_.places) collect_place(op.loc);
      if (++depth_ < kMaxDepth)
        for (const Region& inner : op.regions) collect(inner, false);
      --depth_;
    }
  }

  void define(ValueId v, std::string_view otherwise) {
    const auto at = static_cast<size_t>(v);
    if (order_[at] >= 0) return;
    order_[at] = next_order_++;
    if (!options_.names) {
      names_[at] = std::to_string(order_[at]);
      return;
    }
    std::string name = cleaned(f_.value(v).name, otherwise);
    if (!taken_.insert(name).second) {
      // Another of this name: the base without .k, then the first free .k
      size_t end = name.size();
      while (end > 0 && is_digit(name[end - 1])) --end;
      std::string base = end > 1 && end < name.size() && name[end - 1] == '.' ? name.substr(0, end - 1) : name;
      int64_t& k = next_suffix_[base];
      do name = base + "." + std::to_string(++k);
      while (!taken_.insert(name).second);
    }
    names_[at] = std::move(name);
  }

  // Callers come before what they call, so that `from` points back. A chain longer than the limit, or
  // a circle, is cut.
  void collect_place(LocId id) {
    std::vector<LocId> chain;
    while (id >= 0 && id < static_cast<LocId>(f_.places.size()) && place_[static_cast<size_t>(id)] == kNone && chain.size() < kMaxChain) {
      if (std::find(chain.begin(), chain.end(), id) != chain.end()) break;
      chain.push_back(id);
      id = f_.places[static_cast<size_t>(id)].from;
    }
    for (size_t i = chain.size(); i-- > 0;) {
      place_[static_cast<size_t>(chain[i])] = static_cast<LocId>(places_.size());
      places_.push_back(chain[i]);
    }
  }

  LocId kept_place(LocId id) const { return id >= 0 && id < static_cast<LocId>(place_.size()) ? place_[static_cast<size_t>(id)] : kNone; }

  // Pieces

  std::string value(ValueId v) const { return known(v) && order_[static_cast<size_t>(v)] >= 0 ? "%" + names_[static_cast<size_t>(v)] : "%?"; }

  // Region arguments stand without % in index expressions.
  std::string variable(ValueId v) const {
    const bool bare = known(v) && region_arg_[static_cast<size_t>(v)] && f_.type(v).cls == TypeClass::index && starts_word(names_[static_cast<size_t>(v)][0]);
    return bare ? names_[static_cast<size_t>(v)] : value(v);
  }

  std::string type(ValueId v) const { return known(v) ? f_.type(v).str() : "?"; }

  std::string param(ValueId v) const {
    std::string s = value(v) + ": " + type(v);
    if (!known(v)) return s;
    const Value& p = f_.value(v);
    if (!p.strides.empty()) s += " " + std::string(name(AttrName::strides)) + "=" + attr_text(p.strides);
    if (p.captured) s += " " + std::string(name(AttrName::captured));
    return s;
  }

  std::string results() const {
    if (f_.body.ops.empty() || !known_op(f_.body.ops.back()) || f_.terminator().op != Op::ret || f_.terminator().operands.empty()) return "";
    const auto& list = f_.terminator().operands;
    const std::string s = joined(list, [&](const Operand& o) { return o.is_value() ? type(o.value) : f_.type(o).str(); });
    return " -> " + (list.size() == 1 ? s : "(" + s + ")");
  }

  std::string expr(const IndexExpr& e) const {
    auto order = [&](ValueId v) { return known(v) ? order_[static_cast<size_t>(v)] : -1; };
    std::vector<IndexExpr::Term> terms = e.terms;
    std::sort(terms.begin(), terms.end(), [&](const auto& a, const auto& b) {
      return std::pair(order(a.var), order(a.scale)) < std::pair(order(b.var), order(b.scale));
    });
    std::string s;
    auto sign = [&](int64_t c) { s += s.empty() ? (c < 0 ? "-" : "") : (c < 0 ? " - " : " + "); };
    auto magnitude = [](int64_t c) { return c < 0 ? 0 - static_cast<uint64_t>(c) : static_cast<uint64_t>(c); };
    const bool constant_first = !terms.empty() && terms[0].coeff < 0 && e.constant > 0;  // 1023 - j
    if (constant_first) s = std::to_string(e.constant);
    for (const auto& t : terms) {
      sign(t.coeff);
      if (magnitude(t.coeff) != 1) s += std::to_string(magnitude(t.coeff)) + "*";
      s += variable(t.var);
      if (t.scale != kNone) s += "*" + variable(t.scale);
    }
    if (!constant_first && (e.constant != 0 || s.empty())) {
      sign(e.constant);
      s += std::to_string(magnitude(e.constant));
    }
    return s;
  }

  template <class It>
  std::string brackets(It begin, It end) const {
    return "[" + joined(std::vector<IndexExpr>(begin, end), [&](const IndexExpr& e) { return expr(e); }) + "]";
  }

  std::string operand(const OpNode& op, size_t k, const std::vector<Type>& types) const {
    const Operand& o = op.operands[k];
    if (o.is_value()) return value(o.value);
    const auto expected = literal_type(f_, op, k, types);
    return expected == o.lit.dtype ? number(o.lit) : suffixed(o.lit);
  }

  // A broken bool cannot be looked at as a bool.
  static std::string number(const Literal& l) { return l.dtype == DType::boolean && l.bits > 1 ? "?" : l.str(); }
  static std::string suffixed(const Literal& l) { return number(l) + ":" + std::string(frit::name(l.dtype)); }

  static std::string attr_text(const AttrValue& v) {
    struct Visitor {
      std::string operator()(int64_t i) const { return std::to_string(i); }
      std::string operator()(const std::vector<int64_t>& list) const {
        std::string s;
        for (int64_t i : list) s += (s.empty() ? "" : ",") + std::to_string(i);
        return "[" + s + "]";
      }
      std::string operator()(DType t) const { return std::string(frit::name(t)); }
      std::string operator()(const Literal& l) const { return suffixed(l); }
      std::string operator()(const std::string& s) const { return quoted(s); }
      std::string operator()(const Dims& d) const {
        std::string s;
        for (Dim x : d) s += (s.empty() ? "" : ",") + x.str();
        return "[" + s + "]";
      }
      std::string operator()(const std::vector<Op>& list) const {
        std::string s;
        for (Op x : list) s += (s.empty() ? "" : ", ") + std::string(info(x).name);
        return "[" + s + "]";
      }
    };
    return std::visit(Visitor{}, v);
  }

  // How many of a yield's expressions go with each operand: the ranks of the enclosing op's results.
  std::vector<size_t> split(const OpNode& op, const OpNode* parent) const {
    std::vector<size_t> parts(op.operands.size(), 0);
    size_t total = 0;
    if (parent && parent->results.size() == parts.size())
      for (size_t k = 0; k < parts.size(); ++k)
        if (known(parent->results[k])) total += parts[k] = f_.type(parent->results[k]).dims.size();
    if (total != op.index.size()) {
      std::fill(parts.begin(), parts.end(), 0);
      if (!parts.empty()) parts.back() = op.index.size();
    }
    return parts;
  }

  // Ops

  void ops(const Region& r, const OpNode* parent, int indent) {
    for (OpId id : r.ops) {
      out_.append(static_cast<size_t>(indent) * 2, ' ');
      if (known_op(id)) op(f_.op(id), parent, indent);
      else out_ += "?";
      out_ += "\n";
    }
  }

  void op(const OpNode& op, const OpNode* parent, int indent) {
    std::vector<Type> types;
    for (ValueId v : op.results)
      if (known(v)) types.push_back(f_.type(v));
    if (!op.results.empty()) out_ += joined(op.results, [&](ValueId v) { return value(v); }) + " = ";
    out_ += info(op.op).name;

    const IndexStyle style = index_style(op.op);
    const bool has_index = !op.index.empty();
    if (has_index && (style == IndexStyle::leading || (op.operands.empty() && style != IndexStyle::over))) out_ += " " + brackets(op.index.begin(), op.index.end());
    const std::vector<size_t> parts = style == IndexStyle::each ? split(op, parent) : std::vector<size_t>{};
    auto next = op.index.begin();
    for (size_t k = 0; k < op.operands.size(); ++k) {
      out_ += (k == 0 ? " " : ", ") + operand(op, k, types);
      if (style == IndexStyle::access && k == 0 && has_index) out_ += brackets(op.index.begin(), op.index.end());
      if (style == IndexStyle::each && parts[k] > 0) {
        const auto end = next + static_cast<std::ptrdiff_t>(parts[k]);
        out_ += brackets(next, end);
        next = end;
      }
    }
    if (has_index && style == IndexStyle::over) out_ += " over " + joined(op.index, [&](const IndexExpr& e) { return expr(e); });

    const Dims* space = over_space(op);
    if (space) {
      out_ += " over [";
      for (size_t k = 0; k < space->size(); ++k) out_ += (k ? ", " : "") + variable(op.regions[0].args[k]) + ":" + (*space)[k].str();
      out_ += "]";
    }
    for (const Attr& a : op.attrs)
      if (!space || a.name != AttrName::space) out_ += " " + std::string(name(a.name)) + "=" + attr_text(a.value);
    if (!op.results.empty()) out_ += " : " + joined(op.results, [&](ValueId v) { return type(v); });
    if (options_.places)
      if (const LocId at = kept_place(op.loc); at != kNone) out_ += " @" + std::to_string(at + 1);
    for (size_t k = 0; k < op.regions.size(); ++k) region(op, k, space, indent);
  }

  // The space of a fused op, if it can be printed with the region's arguments as `over [i:8]`.
  const Dims* over_space(const OpNode& op) const {
    const AttrValue* v = op.op == Op::fused ? op.find(AttrName::space) : nullptr;
    if (!v || !std::holds_alternative<Dims>(*v) || op.regions.empty()) return nullptr;
    const auto& dims = std::get<Dims>(*v);
    for (ValueId a : op.regions[0].args)
      if (!known(a) || f_.type(a).cls != TypeClass::index) return nullptr;
    return dims.size() == op.regions[0].args.size() ? &dims : nullptr;
  }

  void region(const OpNode& op, size_t k, const Dims* space, int indent) {
    const Region& r = op.regions[k];
    out_ += " {";
    if (!r.args.empty() && !(space && k == 0))
      out_ += " (" + joined(r.args, [&](ValueId v) {
        const bool index = known(v) && f_.type(v).cls == TypeClass::index;
        return index ? variable(v) : value(v) + ": " + type(v);
      }) + ")";
    out_ += "\n";
    if (++depth_ < kMaxDepth) ops(r, &op, indent + 1);
    --depth_;
    out_.append(static_cast<size_t>(indent) * 2, ' ');
    out_ += "}";
  }

  static constexpr int kMaxDepth = 256;      // of regions, against a region that contains itself
  static constexpr size_t kMaxChain = 200;  // of places; the parser refuses longer ones

  const Func& f_;
  const PrintOptions& options_;
  std::vector<std::string> names_;
  std::vector<int> order_;  // of appearance; -1: not in the text
  std::vector<bool> region_arg_;
  std::vector<LocId> place_, places_;
  std::unordered_set<std::string> taken_;
  std::unordered_map<std::string, int64_t> next_suffix_;
  int next_order_ = 0;
  int depth_ = 0;
  std::string out_;
};

}  // namespace

std::string print(const Func& f, const PrintOptions& options) { return Printer(f, options).run(); }

bool same_text(const Func& a, const Func& b) { return print(a) == print(b); }

}  // namespace frit::ir
