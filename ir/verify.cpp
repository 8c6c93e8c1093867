// Verification: what holds at every level, and the choice of the level's rules. Takes any Func. After
// it, ids are in range, definitions stand before uses and inside their regions, and the rules of
// docs/ir.md hold for the function's level; the interpreter, the passes and the code generators rely
// on that and check nothing again.
#include "ir/verify.h"

#include <algorithm>

#include "ir/infer.h"
#include "ir/places.h"
#include "ir/verify_parts.h"

namespace frit::ir {
namespace {

constexpr int kMaxNesting = 64;

// The attributes an op may carry. infer and the levels' rules say which of them it must.
std::vector<AttrName> attrs_of(Op op) {
  if (is_reduce(op)) return {AttrName::axes};
  switch (op) {
    case Op::cast: return {AttrName::to};
    case Op::iota:
    case Op::concat:
    case Op::gather: return {AttrName::axis};
    case Op::permute: return {AttrName::order};
    case Op::slice: return {AttrName::start, AttrName::limit, AttrName::step};
    case Op::pad: return {AttrName::low, AttrName::high};
    case Op::reverse: return {AttrName::axes};
    case Op::dot: return {AttrName::lhs, AttrName::rhs, AttrName::batch_lhs, AttrName::batch_rhs};
    case Op::fused: return {AttrName::space, AttrName::schedule};
    case Op::read: return {AttrName::guard};
    case Op::work: return {AttrName::schedule, AttrName::segments};
    case Op::loop: return {AttrName::step, AttrName::unroll};
    case Op::lanes:
    case Op::cols: return {AttrName::reduce, AttrName::tree, AttrName::unroll};
    case Op::store: return {AttrName::stream};
    case Op::product:
    case Op::tile: return {AttrName::size};
    default: return {};
  }
}

}  // namespace

void verify(const Func& f, bool user_text, const TextPlaces* places) {
  Checker c(f, user_text, places);
  c.structure();
  switch (f.level) {
    case Level::tensor: return verify_tensor(c);
    case Level::fused: return verify_fused(c);
    case Level::kernel: return verify_kernel(c);
  }
  c.fail(kNone, "the function is of no level");
}

Func parse_verified(std::string_view text, std::string_view file) {
  TextPlaces places;
  Func f = parse(text, file, &places);
  verify(f, true, &places);
  return f;
}

// Reports

void Checker::fail(OpId id, const std::string& message, const std::string& help) const {
  const bool known = id >= 0 && id < static_cast<OpId>(f.ops.size());
  const std::string op = known ? std::string(info(f.op(id).op).name) : "";
  if (user_text_) {
    Loc at;
    if (places_ && known && static_cast<size_t>(id) < places_->ops.size()) at = places_->ops[static_cast<size_t>(id)];
    else if (places_) at = places_->func;
    else if (known) at = user_loc(f, f.op(id).loc);
    throw Error(op, message, at, {}, help);
  }
  std::string where = "@" + f.name;
  if (known)
    for (ValueId v : f.op(id).results)
      if (v >= 0 && v < static_cast<ValueId>(f.values.size()) && !f.value(v).name.empty()) where += ", %" + f.value(v).name;
  throw std::logic_error("verify: " + where + ": " + (op.empty() ? "" : op + ": ") + message);
}

// Structure

void Checker::structure() {
  value_owner_.assign(f.values.size(), kNone);
  op_parent_.assign(f.ops.size(), kNone);
  defined_.assign(f.values.size(), false);
  visible_.assign(f.values.size(), false);
  seen_.assign(f.ops.size(), false);
  places();
  region(f.body, kNone, 0);
}

void Checker::places() const {
  const auto n = static_cast<LocId>(f.places.size());
  for (LocId i = 0; i < n; ++i) {
    LocId at = i;
    for (LocId steps = 0; at != kNone; ++steps) {
      check(at >= 0 && at < n && steps <= n, kNone, "a place's caller is not in the list of places, or is itself");
      at = f.places[static_cast<size_t>(at)].from;
      if (steps > kMaxNesting * 16) fail(kNone, "too many places, one called from the other");
    }
  }
}

void Checker::region(const Region& r, OpId owner, int depth) {
  if (depth > kMaxNesting) fail(owner, "more than " + std::to_string(kMaxNesting) + " regions inside of each other");
  std::vector<ValueId> scope;
  for (ValueId v : r.args) {
    define(v, kNone, owner, owner);
    scope.push_back(v);
  }
  for (OpId id : r.ops) {
    check(id >= 0 && id < static_cast<OpId>(f.ops.size()), owner, "a region lists an op that does not exist");
    check(!seen_[static_cast<size_t>(id)], id, "the op stands in two places");
    seen_[static_cast<size_t>(id)] = true;
    op_parent_[static_cast<size_t>(id)] = owner;
    const Op kind = f.op(id).op;
    check(static_cast<size_t>(kind) < all_ops().size(), owner, "an op is not in the op table");
    check((kind != Op::ret && kind != Op::yield) || id == r.ops.back(), id, "has to be the last op of its region");
    op(id, depth);
    for (ValueId v : f.op(id).results) {
      define(v, id, owner, id);
      scope.push_back(v);
    }
  }
  for (ValueId v : scope) visible_[static_cast<size_t>(v)] = false;
}

void Checker::op(OpId id, int depth) {
  const OpNode& op = f.op(id);
  for (const Operand& o : op.operands) {
    if (o.is_value()) use(o.value, id);
    else literal(o.lit, id);
  }
  for (const IndexExpr& e : op.index) expression(e, id);
  for (size_t k = 0; k < op.attrs.size(); ++k) {
    check(k == 0 || op.attrs[k - 1].name < op.attrs[k].name, id, "its attributes are not sorted, or one stands twice");
    if (const auto* l = std::get_if<Literal>(&op.attrs[k].value)) literal(*l, id);
  }
  only_attrs(id);
  check(op.loc >= kNone && op.loc < static_cast<LocId>(f.places.size()), id, "its place is not in the list of places");
  for (const Region& r : op.regions) region(r, id, depth + 1);
}

void Checker::define(ValueId v, OpId def, OpId owner, OpId at) {
  check(v >= 0 && v < static_cast<ValueId>(f.values.size()), at, "a defined value does not exist");
  const auto i = static_cast<size_t>(v);
  if (defined_[i]) fail(at, "the value %" + f.value(v).name + " is defined twice");
  if (f.value(v).def != def) fail(at, "the value %" + f.value(v).name + " names another op as its definition");
  type(f.value(v).type, at);
  defined_[i] = visible_[i] = true;
  value_owner_[i] = owner;
  const bool param = owner == kNone && def == kNone;
  check(param || (f.value(v).strides.empty() && !f.value(v).captured), at, "only parameters have strides or are captured");
}

void Checker::use(ValueId v, OpId at) const {
  check(v >= 0 && v < static_cast<ValueId>(f.values.size()), at, "an operand is no value of the function");
  if (!visible_[static_cast<size_t>(v)]) fail(at, "the value %" + f.value(v).name + " is used where it is not defined");
}

void Checker::type(const Type& t, OpId at) const {
  check(t.cls == TypeClass::tensor || t.dims.empty(), at, "an index or buffer has no extents");
  check(t.cls != TypeClass::index || t.dtype == DType::i64, at, "an index is an i64");
  int64_t bytes = size_of(t.dtype);
  for (Dim d : t.dims)
    if (d.is_constant() && d.value() != 0 && __builtin_mul_overflow(bytes, d.value(), &bytes))
      fail(at, "the size of " + t.str() + " in bytes overflows 64 bits");
}

void Checker::literal(const Literal& l, OpId at) const {
  const int64_t size = size_of(l.dtype);
  bool canonical = size == 8 || l.bits >> (8 * size) == 0;
  if (l.dtype == DType::boolean) canonical = l.bits <= 1;
  switch (l.dtype) {
#define FRIT_X(id, name, type, kind) \
    case DType::id: canonical = canonical && l == Literal::of(l.as<type>()); break;
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  if (!canonical) fail(at, "a literal of type " + std::string(name(l.dtype)) + " has bits that no number of it has");
}

void Checker::expression(const IndexExpr& e, OpId at) const {
  for (size_t k = 0; k < e.terms.size(); ++k) {
    const auto& t = e.terms[k];
    check(t.coeff != 0, at, "an index expression has a term of 0");
    if (k > 0) {
      const auto& before = e.terms[k - 1];
      check(std::pair(before.var, before.scale) < std::pair(t.var, t.scale), at, "the terms of an index expression are not sorted");
    }
    use(t.var, at);
    const Type& var = f.type(t.var);
    if (var.cls != TypeClass::index && var != Type::scalar(DType::i64)) fail(at,
          "%" + f.value(t.var).name + " of type " + var.str() + " stands in an index expression", "only indices and i64 scalars can");
    if (t.scale == kNone) continue;
    use(t.scale, at);
    check(f.level == Level::kernel, at, "an index expression has a product of values");
    if (f.type(t.scale).cls != TypeClass::index) fail(at, "%" + f.value(t.scale).name + " of type " + f.type(t.scale).str() + " scales an index", "only indices can");
  }
}

// Pieces

void Checker::inferred(OpId id) const {
  const OpNode& op = f.op(id);
  results(id, op.op == Op::ret ? 0 : 1);
  std::optional<Type> wanted;
  if (!op.results.empty()) wanted = f.type(op.results[0]);
  try {
    infer(f, op, wanted);
  } catch (const Error& e) {
    fail(id, e.message, e.help);
  }
}

namespace {
std::string some(size_t n, const std::string& what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }
}  // namespace

void Checker::operands(OpId id, size_t n) const {
  const size_t has = f.op(id).operands.size();
  if (has != n) fail(id, "takes " + some(n, "operand") + ", not " + std::to_string(has));
}
void Checker::results(OpId id, size_t n) const {
  const size_t has = f.op(id).results.size();
  if (has != n) fail(id, "has " + some(n, "result") + ", not " + std::to_string(has));
}
void Checker::indices(OpId id, size_t n) const {
  const size_t has = f.op(id).index.size();
  if (has != n) fail(id, "takes " + some(n, "index expression") + ", not " + std::to_string(has));
}
void Checker::regions(OpId id, size_t n) const {
  const size_t has = f.op(id).regions.size();
  if (has != n) fail(id, "has " + some(n, "region") + ", not " + std::to_string(has));
}

void Checker::only_attrs(OpId id) const {
  if (f.op(id).attrs.empty()) return;
  const auto allowed = attrs_of(f.op(id).op);
  for (const Attr& a : f.op(id).attrs)
    if (std::find(allowed.begin(), allowed.end(), a.name) == allowed.end()) fail(id, "has no attribute " + std::string(name(a.name)) + "=");
}

void Checker::flag(OpId id, AttrName n) const {
  const auto* v = attr<int64_t>(id, n, false);
  if (v && *v != 0 && *v != 1) fail(id, "attribute " + std::string(name(n)) + "= is 0 or 1");
}

void Checker::tensor_params() const {
  for (ValueId v : f.body.args) {
    const Value& p = f.value(v);
    if (p.type.cls != TypeClass::tensor) fail(kNone, "the parameter %" + p.name + " is of type " + p.type.str() + "; it has to be a tensor");
    if (p.strides.empty()) continue;
    if (p.strides.size() != p.type.dims.size()) fail(kNone, "the parameter %" + p.name + " has " + some(p.strides.size(), "stride") + " and " + std::to_string(p.type.dims.size()) + " axes");
    if (std::any_of(p.strides.begin(), p.strides.end(), [](int64_t s) { return s < 0; })) fail(kNone, "the parameter %" + p.name + " has a negative stride");
  }
}

void Checker::body_returns() const {
  check(!f.body.ops.empty() && f.terminator().op == Op::ret, kNone, "the function does not end in return");
}

}  // namespace frit::ir
