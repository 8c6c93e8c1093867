// The type rules of tensor-level ops: result types from operand types and attributes, and the error a
// user reads where they do not fit. Takes any OpNode; whatever its attributes hold, it either returns
// types whose sizes are countable in 64 bits or throws Error at the op's place.
#include "ir/infer.h"

#include <algorithm>

#include "ir/ops.h"
#include "ir/places.h"

namespace frit::ir {
namespace {

std::string str(const Dims& dims) {
  std::string s = "[";
  for (size_t i = 0; i < dims.size(); ++i) s += (i ? "," : "") + dims[i].str();
  return s + "]";
}

std::string str(const std::vector<int64_t>& v) {
  std::string s = "[";
  for (size_t i = 0; i < v.size(); ++i) s += (i ? "," : "") + std::to_string(v[i]);
  return s + "]";
}

// "a bool", "an f32"
std::string a(DType t) { return (t == DType::boolean || kind_of(t) == TypeKind::unsigned_ || t == DType::bf16 ? "a " : "an ") + std::string(name(t)); }

const char* words(TypeRule rule) {
  switch (rule) {
    case TypeRule::none: return "nothing";
    case TypeRule::any: return "any type";
    case TypeRule::number: return "numbers, not bool";
    case TypeRule::floating: return "floating-point types";
    case TypeRule::integer: return "integers";
    case TypeRule::bits: return "integers and bool";
    case TypeRule::boolean: return "bool";
  }
  return "";
}

std::string type_help(TypeRule rule, DType t) {
  switch (rule) {
    case TypeRule::floating: return "cast the operand to f32 or f64 first";
    case TypeRule::boolean: return "compare with zero first, as in x != 0";
    case TypeRule::integer:
    case TypeRule::bits: return is_float(t) ? "cast the operand to an integer type first" : "cast the operand to i32 first";
    default: return "cast the operand to i32 or f32 first";
  }
}

// A product of counts in 64 bits; nullopt where it overflows. Extents of 0 count as 1, as in Shape.
std::optional<int64_t> product_of_constants(const Dims& dims) {
  int64_t n = 1;
  for (Dim d : dims)
    if (d.is_constant() && d.value() != 0 && __builtin_mul_overflow(n, d.value(), &n)) return std::nullopt;
  return n;
}

bool has_zero(const Dims& dims) { return std::find(dims.begin(), dims.end(), Dim(0)) != dims.end(); }

// One op under inference. Each rule is a method that returns the result type.
class Rule {
 public:
  Rule(const Func& f, const OpNode& op, const std::optional<Type>& wanted) : f_(f), op_(op), wanted_(wanted) {}

  std::vector<Type> run() {
    if (op_.op == Op::ret) {
      for (size_t k = 0; k < op_.operands.size(); ++k) tensor(k);
      return {};
    }
    Type t = result();
    int64_t bytes;
    const auto count = product_of_constants(t.dims);
    if (!count || __builtin_mul_overflow(*count, size_of(t.dtype), &bytes))
      fail("the size of " + t.str() + " in bytes overflows 64 bits", "use smaller extents");
    if (wanted_ && *wanted_ != t) fail("the result is " + t.str() + ", not " + wanted_->str(), "write the type " + t.str());
    return {std::move(t)};
  }

 private:
  Type result() {
    const OpInfo& row = info(op_.op);
    if (row.cls == OpClass::elementwise) return elementwise(row);
    if (row.cls == OpClass::reduce) return reduce(row);
    switch (op_.op) {
      case Op::where: return where();
      case Op::cast: return cast();
      case Op::full: return full();
      case Op::iota: return iota();
      case Op::broadcast: return broadcast();
      case Op::reshape: return reshape();
      case Op::permute: return permute();
      case Op::slice: return slice();
      case Op::pad: return pad();
      case Op::concat: return concat();
      case Op::reverse: return reverse();
      case Op::gather: return gather();
      case Op::dot: return dot();
      default: fail("has no meaning on whole tensors");
    }
  }

  // Errors

  [[noreturn]] void fail(const std::string& message, const std::string& help = "", std::vector<Note> notes = {}) const {
    std::vector<Note> inner = inner_notes(f_, op_.loc);
    notes.insert(notes.end(), inner.begin(), inner.end());
    throw Error(std::string(info(op_.op).name), message, user_loc(f_, op_.loc), std::move(notes), help);
  }

  // Where the operands that disagree were made.
  std::vector<Note> made(std::initializer_list<size_t> operands) const {
    std::vector<Note> notes;
    for (size_t k : operands) {
      const Operand& o = op_.operands[k];
      if (!o.is_value() || f_.value(o.value).def == kNone) continue;
      const OpNode& def = f_.op(f_.value(o.value).def);
      const Loc at = user_loc(f_, def.loc);
      if (at.known() && !(at == user_loc(f_, op_.loc)))
        notes.push_back(Note{f_.type(o).str() + " made by " + std::string(info(def.op).name) + " here", at});
    }
    return notes;
  }

  // Operands and attributes

  void arity(size_t n) const {
    if (op_.operands.size() != n)
      fail("takes " + std::to_string(n) + " operand" + (n == 1 ? "" : "s") + ", not " + std::to_string(op_.operands.size()));
  }

  Type type(size_t k) const {
    Type t = f_.type(op_.operands[k]);
    if (t.cls != TypeClass::tensor) fail("operand " + std::to_string(k) + " is of type " + t.str() + ", which is no tensor");
    return t;
  }

  // An operand that must be a value, not a number written in place.
  Type tensor(size_t k) const {
    if (!op_.operands[k].is_value())
      fail("operand " + std::to_string(k) + " is the number " + op_.operands[k].lit.str() + "; a tensor is needed here",
           "make a tensor of it with full");
    return type(k);
  }

  template <class T>
  const T& attr(AttrName n) const {
    const AttrValue* v = op_.find(n);
    if (!v) fail("attribute " + std::string(name(n)) + "= is missing");
    if (!std::holds_alternative<T>(*v)) fail("attribute " + std::string(name(n)) + "= is of the wrong kind");
    return std::get<T>(*v);
  }

  const Type& wanted() const {
    if (!wanted_) fail("the result type has to be given");
    if (wanted_->cls != TypeClass::tensor) fail("the result type " + wanted_->str() + " is no tensor");
    return *wanted_;
  }

  // The attribute as an axis of t.
  size_t axis(const Type& t) const {
    const int64_t axis = attr<int64_t>(AttrName::axis);
    check_axis(axis, t);
    return static_cast<size_t>(axis);
  }

  void check_axis(int64_t axis, const Type& t) const {
    if (axis >= 0 && axis < t.rank()) return;
    if (t.rank() == 0) fail("axis " + std::to_string(axis) + " does not exist: " + t.str() + " has no axes");
    fail("axis " + std::to_string(axis) + " does not exist: the axes of " + t.str() + " are 0 to " + std::to_string(t.rank() - 1));
  }

  // A list of different axes of t.
  const std::vector<int64_t>& axes(AttrName n, const Type& t) const {
    const auto& list = attr<std::vector<int64_t>>(n);
    std::vector<bool> seen(t.dims.size());
    for (int64_t axis : list) {
      check_axis(axis, t);
      if (seen[static_cast<size_t>(axis)]) fail("axis " + std::to_string(axis) + " stands twice in " + std::string(name(n)) + "=" + str(list));
      seen[static_cast<size_t>(axis)] = true;
    }
    return list;
  }

  // A list with one number an axis of t.
  const std::vector<int64_t>& per_axis(AttrName n, const Type& t) const {
    const auto& list = attr<std::vector<int64_t>>(n);
    if (list.size() != t.dims.size())
      fail(std::string(name(n)) + "=" + str(list) + " has " + std::to_string(list.size()) + " numbers, but " + t.str() + " has " +
           std::to_string(t.rank()) + " axes");
    return list;
  }

  int64_t constant(Dim d, const Type& t) const {
    if (!d.is_constant()) fail("the extent " + d.str() + " of " + t.str() + " is a symbol; it has to be a constant here");
    return d.value();
  }

  void same_dtype(size_t i, size_t j) const {
    const Type x = type(i), y = type(j);
    if (x.dtype == y.dtype) return;
    const auto to = promote(x.dtype, y.dtype);
    std::string help;
    if (to) help = "cast " + std::string(*to == x.dtype || *to == y.dtype ? "one of them" : "both") + " to " + std::string(name(*to));
    else help = "these types have no common type; write the cast that you mean, as in x.to(" + std::string(name(y.dtype)) + ") or y.to(" + std::string(name(x.dtype)) + ")";
    fail(x.str() + " and " + y.str() + " are of different types", help, made({i, j}));
  }

  // The common shape of operands that have one; those of rank 0 go with all.
  Dims common_dims() const {
    size_t first = op_.operands.size();
    Dims dims;
    for (size_t k = 0; k < op_.operands.size(); ++k) {
      const Type t = type(k);
      if (t.rank() == 0) continue;
      if (first == op_.operands.size()) {
        first = k;
        dims = t.dims;
      } else if (t.dims != dims) {
        different_shapes(first, k);
      }
    }
    return dims;
  }

  [[noreturn]] void different_shapes(size_t i, size_t j) const {
    const Type x = type(i), y = type(j);
    const std::string both = x.str() + " and " + y.str();
    if (auto dims = broadcast_dims(x.dims, y.dims))
      fail(both + " have different shapes", "broadcast " + std::string(x.dims == *dims ? "the second" : y.dims == *dims ? "the first" : "both") + " to " + str(*dims) + " first", made({i, j}));
    // Would axes of extent 1 at the end of the shorter one help?
    const bool second = y.rank() <= x.rank();
    const Type& longer = second ? x : y;
    Type shorter = second ? y : x;
    std::string help = "axes are matched from the last; their extents must be equal, or one of them 1";
    while (shorter.rank() < longer.rank()) {
      shorter.dims.emplace_back(1);
      if (broadcast_dims(shorter.dims, longer.dims)) {
        help = "reshape the " + std::string(second ? "second" : "first") + " operand to " + shorter.str();
        break;
      }
    }
    fail(both + " do not broadcast: " + broadcast_problem(x.dims, y.dims), help, made({i, j}));
  }

  void check_rule(TypeRule rule, size_t k) const {
    const Type t = type(k);
    if (!accepts(rule, t.dtype)) fail("takes " + std::string(words(rule)) + "; the operand is " + t.str(), type_help(rule, t.dtype), made({k}));
  }

  // Rules

  Type elementwise(const OpInfo& row) const {
    arity(static_cast<size_t>(row.arity));
    for (size_t k = 1; k < op_.operands.size(); ++k) same_dtype(0, k);
    check_rule(row.types, 0);
    return Type::tensor(row.result == ResultRule::truth ? DType::boolean : type(0).dtype, common_dims());
  }

  Type where() const {
    arity(3);
    if (type(0).dtype != DType::boolean)
      fail("the condition is " + type(0).str() + "; it has to be bool", "compare with zero first, as in x != 0", made({0}));
    same_dtype(1, 2);
    return Type::tensor(type(1).dtype, common_dims());
  }

  Type cast() const {
    arity(1);
    return Type::tensor(attr<DType>(AttrName::to), type(0).dims);
  }

  Type reduce(const OpInfo& row) const {
    arity(1);
    Type t = tensor(0);
    check_rule(row.types, 0);
    Dims reduced;
    for (int64_t axis : axes(AttrName::axes, t)) reduced.push_back(std::exchange(t.dims[static_cast<size_t>(axis)], Dim(1)));
    if (row.result == ResultRule::index && has_zero(reduced))
      fail("of nothing: the reduced extents of " + type(0).str() + " are " + str(reduced), "check for an empty axis before", made({0}));
    t.dtype = reduce_result(op_.op, t.dtype);
    return t;
  }

  Type full() const {
    arity(1);
    if (type(0).rank() != 0) fail("takes one number; operand 0 is " + type(0).str(), "use broadcast for a tensor", made({0}));
    if (type(0).dtype != wanted().dtype) fail("cannot fill " + wanted().str() + " with " + a(type(0).dtype) + " number", "cast it first");
    return wanted();
  }

  Type iota() const {
    arity(0);
    axis(wanted());
    if (wanted().dtype == DType::boolean) fail("takes numbers, not bool; the result is " + wanted().str(), "make i64 and compare");
    return wanted();
  }

  Type broadcast() const {
    arity(1);
    const Type from = tensor(0), to = wanted();
    if (from.dtype != to.dtype) fail("cannot make " + to.str() + " of " + from.str() + ": the element types differ", "cast it first", made({0}));
    if (from.rank() > to.rank()) fail("cannot make " + to.str() + " of " + from.str() + ": axes cannot be dropped", "use reshape for axes of extent 1", made({0}));
    const size_t ahead = to.dims.size() - from.dims.size();
    for (size_t i = 0; i < from.dims.size(); ++i)
      if (from.dims[i] != to.dims[ahead + i] && from.dims[i] != Dim(1))
        fail("cannot make " + to.str() + " of " + from.str() + ": axis " + std::to_string(i) + " has extent " + from.dims[i].str() + ", not 1 or " +
                 to.dims[ahead + i].str(), "only axes of extent 1 can be repeated", made({0}));
    return to;
  }

  Type reshape() const {
    arity(1);
    const Type from = tensor(0), to = wanted();
    if (from.dtype != to.dtype) fail("cannot make " + to.str() + " of " + from.str() + ": the element types differ", "cast it first", made({0}));
    // Equal counts: equal products of constants and the same symbols, or nothing on both sides.
    auto symbols = [](const Dims& dims) {
      std::vector<std::string> s;
      for (Dim d : dims)
        if (!d.is_constant()) s.push_back(d.str());
      std::sort(s.begin(), s.end());
      return s;
    };
    const bool same = has_zero(from.dims) || has_zero(to.dims)
                          ? has_zero(from.dims) && has_zero(to.dims)
                          : product_of_constants(from.dims) == product_of_constants(to.dims) && symbols(from.dims) == symbols(to.dims);
    if (!same) {
      std::string counts;
      if (from.is_constant() && to.is_constant())
        if (auto x = product_of_constants(from.dims), y = product_of_constants(to.dims); x && y)
          counts = ": " + std::to_string(has_zero(from.dims) ? 0 : *x) + " elements are not " + std::to_string(has_zero(to.dims) ? 0 : *y);
      fail("cannot make " + to.str() + " of " + from.str() + counts, "the new extents must have the same product", made({0}));
    }
    return to;
  }

  Type permute() const {
    arity(1);
    const Type t = tensor(0);
    const auto& order = axes(AttrName::order, t);
    if (order.size() != t.dims.size())
      fail("order=" + str(order) + " has " + std::to_string(order.size()) + " axes, but " + t.str() + " has " + std::to_string(t.rank()), "name every axis once", made({0}));
    Type out = t;
    for (size_t i = 0; i < order.size(); ++i) out.dims[i] = t.dims[static_cast<size_t>(order[i])];
    return out;
  }

  Type slice() const {
    arity(1);
    Type t = tensor(0);
    const auto& start = per_axis(AttrName::start, t);
    const auto& limit = per_axis(AttrName::limit, t);
    const auto& step = per_axis(AttrName::step, t);
    for (size_t i = 0; i < t.dims.size(); ++i) {
      const int64_t extent = constant(t.dims[i], type(0));
      const std::string where = std::to_string(start[i]) + " to " + std::to_string(limit[i]) + " of axis " + std::to_string(i);
      if (start[i] < 0 || start[i] > limit[i] || limit[i] > extent)
        fail(where + " is outside of " + type(0).str(), "it must hold that 0 <= start <= limit <= " + std::to_string(extent), made({0}));
      if (step[i] < 1) fail("the step of axis " + std::to_string(i) + " is " + std::to_string(step[i]), "steps are at least 1; reverse the axis first to go backwards");
      const int64_t n = limit[i] - start[i];
      t.dims[i] = n == 0 ? 0 : (n - 1) / step[i] + 1;
    }
    return t;
  }

  Type pad() const {
    arity(2);
    Type t = tensor(0);
    same_dtype(0, 1);
    if (type(1).rank() != 0) fail("the padding is " + type(1).str() + "; it has to be one number", "", made({1}));
    const auto& low = per_axis(AttrName::low, t);
    const auto& high = per_axis(AttrName::high, t);
    for (size_t i = 0; i < t.dims.size(); ++i) {
      if (low[i] < 0 || high[i] < 0) fail("low=" + str(low) + " high=" + str(high) + " holds a negative count", "use slice to take elements away");
      if (low[i] == 0 && high[i] == 0) continue;
      int64_t extent = constant(t.dims[i], type(0));
      if (__builtin_add_overflow(extent, low[i], &extent) || __builtin_add_overflow(extent, high[i], &extent))
        fail("the padded extent of axis " + std::to_string(i) + " overflows 64 bits");
      t.dims[i] = extent;
    }
    return t;
  }

  Type concat() const {
    if (op_.operands.empty()) fail("takes at least one operand");
    Type t = tensor(0);
    const size_t along = axis(t);
    for (size_t k = 1; k < op_.operands.size(); ++k) {
      const Type next = tensor(k);
      same_dtype(0, k);
      if (next.rank() != t.rank()) fail(type(0).str() + " and " + next.str() + " have different numbers of axes", "reshape one of them first", made({0, k}));
      for (size_t i = 0; i < t.dims.size(); ++i)
        if (i != along && next.dims[i] != t.dims[i])
          fail(type(0).str() + " and " + next.str() + " differ in axis " + std::to_string(i) + ": " + t.dims[i].str() + " and " + next.dims[i].str(),
               "only axis " + std::to_string(along) + ", along which they are joined, may differ", made({0, k}));
      int64_t extent;
      if (__builtin_add_overflow(constant(t.dims[along], type(0)), constant(next.dims[along], next), &extent))
        fail("the joined extent of axis " + std::to_string(along) + " overflows 64 bits");
      t.dims[along] = extent;
    }
    return t;
  }

  Type reverse() const {
    arity(1);
    axes(AttrName::axes, tensor(0));
    return type(0);
  }

  Type gather() const {
    arity(2);
    const Type x = tensor(0), index = tensor(1);
    if (index.dtype != DType::i32 && index.dtype != DType::i64) fail("the index is " + index.str() + "; it has to be i32 or i64", "cast it first", made({1}));
    const size_t along = axis(x);
    Type t = x;
    t.dims.erase(t.dims.begin() + static_cast<std::ptrdiff_t>(along));
    t.dims.insert(t.dims.begin() + static_cast<std::ptrdiff_t>(along), index.dims.begin(), index.dims.end());
    if (x.dims[along] == Dim(0) && !has_zero(t.dims))
      fail("axis " + std::to_string(along) + " of " + x.str() + " has no elements to take", "check for an empty axis before", made({0}));
    return t;
  }

  Type dot() const {
    arity(2);
    const Type x = tensor(0), y = tensor(1);
    same_dtype(0, 1);
    check_rule(TypeRule::number, 0);
    const auto& lhs = axes(AttrName::lhs, x);
    const auto& rhs = axes(AttrName::rhs, y);
    const auto& batch_lhs = axes(AttrName::batch_lhs, x);
    const auto& batch_rhs = axes(AttrName::batch_rhs, y);
    Dims contracted, out;
    pair_axes(x, lhs, y, rhs, "contracted", contracted);
    pair_axes(x, batch_lhs, y, batch_rhs, "batch", out);
    if (!product_of_constants(contracted)) fail("the contracted extent " + str(contracted) + " overflows 64 bits");
    free_axes(x, lhs, batch_lhs, "lhs", out);
    free_axes(y, rhs, batch_rhs, "rhs", out);
    return Type::tensor(x.dtype, std::move(out));
  }

  void pair_axes(const Type& x, const std::vector<int64_t>& xs, const Type& y, const std::vector<int64_t>& ys, const std::string& kind, Dims& out) const {
    if (xs.size() != ys.size()) fail("the " + kind + " axes " + str(xs) + " and " + str(ys) + " are not as many", "list one axis of each operand a pair");
    for (size_t i = 0; i < xs.size(); ++i) {
      const Dim p = x.dims[static_cast<size_t>(xs[i])], q = y.dims[static_cast<size_t>(ys[i])];
      if (p != q)
        fail(x.str() + " and " + y.str() + " do not fit: the " + kind + " axes " + std::to_string(xs[i]) + " and " + std::to_string(ys[i]) +
                 " have extents " + p.str() + " and " + q.str(),
             kind == "contracted" ? "the extents that are multiplied and summed must be equal; transpose one of the operands if that is meant"
                                  : "broadcast one of the operands first", made({0, 1}));
      out.push_back(p);
    }
  }

  void free_axes(const Type& t, const std::vector<int64_t>& contracted, const std::vector<int64_t>& batch, const std::string& side, Dims& out) const {
    auto has = [](const std::vector<int64_t>& list, int64_t axis) { return std::find(list.begin(), list.end(), axis) != list.end(); };
    for (int64_t axis = 0; axis < t.rank(); ++axis) {
      const bool c = has(contracted, axis), b = has(batch, axis);
      if (c && b) fail("axis " + std::to_string(axis) + " stands in both " + side + "= and batch_" + side + "=");
      if (!c && !b) out.push_back(t.dims[static_cast<size_t>(axis)]);
    }
  }

  const Func& f_;
  const OpNode& op_;
  const std::optional<Type>& wanted_;
};

}  // namespace

std::vector<Type> infer(const Func& f, const OpNode& op, const std::optional<Type>& wanted) {
  return Rule(f, op, wanted).run();
}

std::optional<Dims> broadcast_dims(const Dims& a, const Dims& b) {
  const Dims& longer = a.size() >= b.size() ? a : b;
  const Dims& shorter = a.size() >= b.size() ? b : a;
  Dims out = longer;
  const size_t ahead = longer.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    Dim& d = out[ahead + i];
    if (d == Dim(1)) d = shorter[i];
    else if (shorter[i] != d && shorter[i] != Dim(1)) return std::nullopt;
  }
  return out;
}

std::string broadcast_problem(const Dims& a, const Dims& b) {
  for (size_t i = 1; i <= std::min(a.size(), b.size()); ++i) {
    const Dim p = a[a.size() - i], q = b[b.size() - i];
    if (p == q || p == Dim(1) || q == Dim(1)) continue;
    if (i == 1) return "last axes " + p.str() + " and " + q.str();
    return "axes " + p.str() + " and " + q.str() + " (number " + std::to_string(i) + " from the last)";
  }
  return "";
}

std::optional<DType> promote(DType a, DType b) {
  if (a == b) return a;
  const TypeKind ka = kind_of(a), kb = kind_of(b);
  if (is_half(a) && is_half(b)) return DType::f32;  // neither holds the other
  if (ka == kb) return size_of(a) > size_of(b) ? a : b;
  if (!is_integer(a) || !is_integer(b)) return std::nullopt;
  const DType s = is_signed(a) ? a : b, u = is_signed(a) ? b : a;
  if (size_of(s) > size_of(u)) return s;
  // The smallest signed type that holds all of u; there is none for u64.
  switch (size_of(u)) {
    case 4: return DType::i64;
    default: return std::nullopt;
  }
}

ValueId append(Func& f, OpNode op, const std::optional<Type>& wanted, std::string_view name) {
  const std::vector<Type> types = infer(f, op, wanted);
  const OpId id = f.add_op(f.body, std::move(op), types, name);
  return types.empty() ? kNone : f.result(id);
}

}  // namespace frit::ir
