// The IR container: literals, index expressions, attributes, building, renumbering.
#include "ir/func.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <cmath>

#include "ir/num.h"

namespace frit::ir {

std::string_view name(Level l) {
  switch (l) {
    case Level::tensor: return "tensor";
    case Level::fused: return "fused";
    case Level::kernel: return "kernel";
  }
  return "";
}

std::string_view name(AttrName n) {
  static constexpr std::string_view kNames[] = {
#define FRIT_X(id, text) text,
      FRIT_ATTRS(FRIT_X)
#undef FRIT_X
  };
  return kNames[static_cast<size_t>(n)];
}

void internal_error(const std::string& what, Loc at) {
  throw std::logic_error(std::string(at.file) + ":" + std::to_string(at.line) + ": internal error: " + what);
}

// Literals

template <class T>
Literal Literal::of(T value) {
  value = detail::canonical(value);
  Literal l{dtype_of<T>(), 0};
  std::memcpy(&l.bits, &value, sizeof value);
  return l;
}
template <class T>
T Literal::as() const {
  if (dtype != dtype_of<T>()) internal_error("a literal is not of the type asked for");
  T v;
  std::memcpy(&v, &bits, sizeof v);
  return v;
}
#define FRIT_X(id, name, type, kind)          \
  template Literal Literal::of<type>(type);   \
  template type Literal::as<type>() const;
FRIT_DTYPES(FRIT_X)
#undef FRIT_X

Literal Literal::of(DType t, double value) {
  switch (t) {
#define FRIT_X(id, name, type, kind) \
  case DType::id: return of<type>(cast<type>(Num<double>{value}).v);
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  internal_error("no such type");
}

double Literal::to_double() const {
  switch (dtype) {
#define FRIT_X(id, name, type, kind) \
  case DType::id: return static_cast<double>(as<type>());
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  internal_error("no such type");
}

template <class T>
double shortest_decimal(T v) {
  char buf[32];
  for (int digits = 0; digits < std::numeric_limits<T>::max_digits10; ++digits) {
    const auto end = std::to_chars(buf, buf + sizeof buf, static_cast<float>(v), std::chars_format::scientific, digits).ptr;
    double d = 0;
    std::from_chars(buf, end, d);
    if (T(static_cast<float>(d)) == v) return d;
  }
  return static_cast<double>(v);  // inf and NaN
}
template double shortest_decimal(f16);
template double shortest_decimal(bf16);

namespace {
template <class T>
std::string number_text(T v) {
  if constexpr (std::is_same_v<T, bool>) {
    return v ? "true" : "false";
  } else if constexpr (is_half_v<T>) {
    return number_text(shortest_decimal(v));
  } else {
    if constexpr (std::is_floating_point_v<T>) {
      if (v != v) return "nan";
      if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
    }
    char buf[64];
    auto end = std::to_chars(buf, buf + sizeof buf, v).ptr;
    std::string s(buf, end);
    if constexpr (std::is_floating_point_v<T>)
      if (s.find_first_of(".e") == std::string::npos) s += ".0";
    return s;
  }
}
}  // namespace

std::string Literal::str() const {
  switch (dtype) {
#define FRIT_X(id, name, type, kind) \
  case DType::id: return number_text(as<type>());
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  internal_error("no such type");
}

// Index expressions

IndexExpr IndexExpr::of(ValueId var, int64_t coeff, ValueId scale) {
  IndexExpr e;
  e.add_term(var, coeff, scale);
  return e;
}

int64_t IndexExpr::coeff_of(ValueId v) const {
  for (const Term& t : terms)
    if (t.var == v && t.scale == kNone) return t.coeff;
  return 0;
}

IndexExpr& IndexExpr::add_term(ValueId var, int64_t coeff, ValueId scale) {
  if (coeff == 0) return *this;
  auto before = [](const Term& a, const Term& b) { return std::pair(a.var, a.scale) < std::pair(b.var, b.scale); };
  Term t{var, coeff, scale};
  auto it = std::lower_bound(terms.begin(), terms.end(), t, before);
  if (it != terms.end() && it->var == var && it->scale == scale) {
    it->coeff = checked_add(it->coeff, coeff);
    if (it->coeff == 0) terms.erase(it);
  } else {
    terms.insert(it, t);
  }
  return *this;
}

IndexExpr& IndexExpr::operator+=(const IndexExpr& o) {
  constant = checked_add(constant, o.constant);
  for (const Term& t : o.terms) add_term(t.var, t.coeff, t.scale);
  return *this;
}

IndexExpr IndexExpr::times(int64_t factor) const {
  IndexExpr e;
  e.constant = checked_mul(constant, factor);
  for (const Term& t : terms) e.add_term(t.var, checked_mul(t.coeff, factor), t.scale);
  return e;
}

// Attributes

const AttrValue* OpNode::find(AttrName n) const {
  for (const Attr& a : attrs)
    if (a.name == n) return &a.value;
  return nullptr;
}

void OpNode::set(AttrName n, AttrValue v) {
  auto it = std::lower_bound(attrs.begin(), attrs.end(), n, [](const Attr& a, AttrName k) { return a.name < k; });
  if (it != attrs.end() && it->name == n) it->value = std::move(v);
  else attrs.insert(it, Attr{n, std::move(v)});
}

namespace {
template <class T>
const T& typed(const OpNode& op, AttrName n) {
  const AttrValue* v = op.find(n);
  if (!v || !std::holds_alternative<T>(*v)) internal_error("attribute " + std::string(name(n)) + " is missing or of another kind");
  return std::get<T>(*v);
}
}  // namespace

int64_t OpNode::i64(AttrName n) const { return typed<int64_t>(*this, n); }
int64_t OpNode::i64_or(AttrName n, int64_t otherwise) const { return find(n) ? i64(n) : otherwise; }
const std::vector<int64_t>& OpNode::ints(AttrName n) const { return typed<std::vector<int64_t>>(*this, n); }
const Dims& OpNode::dims(AttrName n) const { return typed<Dims>(*this, n); }
DType OpNode::dtype(AttrName n) const { return typed<DType>(*this, n); }
const Literal& OpNode::literal(AttrName n) const { return typed<Literal>(*this, n); }
const std::string& OpNode::text(AttrName n) const { return typed<std::string>(*this, n); }
const std::vector<Op>& OpNode::op_list(AttrName n) const { return typed<std::vector<Op>>(*this, n); }

// Building

ValueId Func::add_arg(Region& r, Type t, std::string name) {
  const auto id = static_cast<ValueId>(values.size());
  values.push_back(Value{std::move(t), std::move(name), kNone, {}, false});
  r.args.push_back(id);
  return id;
}

ValueId Func::add_param(Type t, std::string name) { return add_arg(body, std::move(t), std::move(name)); }

OpId Func::add_op(Region& r, OpNode op, const std::vector<Type>& results, std::string_view given) {
  const auto id = static_cast<OpId>(ops.size());
  op.results.clear();
  for (const Type& t : results) {
    op.results.push_back(static_cast<ValueId>(values.size()));
    values.push_back(Value{t, std::string(given), id, {}, false});
  }
  ops.push_back(std::move(op));
  r.ops.push_back(id);
  return id;
}

LocId Func::add_place(const Place& p) {
  for (size_t i = places.size(); i-- > 0;)
    if (places[i] == p) return static_cast<LocId>(i);
  places.push_back(p);
  return static_cast<LocId>(places.size() - 1);
}

LocId Func::add_place(const Loc& l, LocId from) {
  if (!l.known()) return kNone;
  return add_place(Place{l.file, l.line, l.column, from});
}

namespace {
// Moves what is reachable into a new Func, numbering in order of appearance.
class Compactor {
 public:
  explicit Compactor(Func& from)
      : from_(from), value_(from.values.size(), kNone), place_(from.places.size(), kNone) {}

  Func run() {
    to_.level = from_.level;
    to_.numerics = from_.numerics;
    to_.name = std::move(from_.name);
    to_.body = region(from_.body);
    return std::move(to_);
  }

 private:
  ValueId value(ValueId v, OpId def) {
    ValueId& to = value_[static_cast<size_t>(v)];
    if (to == kNone) {
      to = static_cast<ValueId>(to_.values.size());
      to_.values.push_back(std::move(from_.value(v)));
    }
    to_.value(to).def = def;
    return to;
  }
  ValueId use(ValueId v) const {
    if (v == kNone) return kNone;
    if (value_[static_cast<size_t>(v)] == kNone) internal_error("a value is used before it is defined");
    return value_[static_cast<size_t>(v)];
  }
  LocId place(LocId l) {
    if (l == kNone) return kNone;
    LocId& to = place_[static_cast<size_t>(l)];
    if (to == kNone) {
      Place p = from_.places[static_cast<size_t>(l)];
      p.from = place(p.from);
      to = static_cast<LocId>(to_.places.size());
      to_.places.push_back(std::move(p));
    }
    return place_[static_cast<size_t>(l)];
  }
  Region region(Region& r) {
    Region out;
    for (ValueId a : r.args) out.args.push_back(value(a, kNone));
    for (OpId id : r.ops) {
      OpNode op = std::move(from_.op(id));
      for (Operand& o : op.operands) o.value = use(o.value);
      for (IndexExpr& e : op.index) {
        IndexExpr mapped(e.constant);
        for (const auto& t : e.terms) mapped.add_term(use(t.var), t.coeff, use(t.scale));
        e = std::move(mapped);
      }
      op.loc = place(op.loc);
      const auto at = static_cast<OpId>(to_.ops.size());
      to_.ops.emplace_back();  // outer ops come before the ops of their regions
      out.ops.push_back(at);
      for (Region& inner : op.regions) inner = region(inner);
      for (ValueId& v : op.results) v = value(v, at);
      to_.op(at) = std::move(op);
    }
    return out;
  }

  Func& from_;
  Func to_;
  std::vector<ValueId> value_;
  std::vector<LocId> place_;
};
}  // namespace

void Func::compact() { *this = Compactor(*this).run(); }

int64_t span_of(const Func& f, ValueId tensor) {
  const Shape shape = f.type(tensor).shape();
  const auto& strides = f.value(tensor).strides;
  const int64_t count = shape.count();
  if (strides.empty() || count == 0) return count;
  int64_t last = 0;
  for (int d = 0; d < shape.rank(); ++d) last = checked_add(last, checked_mul(shape[d] - 1, strides[static_cast<size_t>(d)]));
  return last + 1;
}

}  // namespace frit::ir
