// The IR container that serves all three levels (tensor, fused, kernel).
//
// A Func owns flat arrays of values and ops; a Region lists the ids of its arguments and ops in
// order. Ids are indices into those arrays: a Func is copied and compared as plain data. Ops that a
// pass drops stay in the array unreferenced until compact(). The last op of the body is `return`
// (tensor, fused), of other regions `yield` where they have results.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "frit/error.h"
#include "ir/type.h"

namespace frit::ir {

enum class Op : uint8_t {
#define FRIT_ELEMENTWISE(name, ...) name,
#define FRIT_REDUCE(id, ...) id,
#define FRIT_TENSOR(id, ...) id,
#define FRIT_FUSED(id, ...) id,
#define FRIT_KERNEL(id, ...) id,
#include "frit/ops.def"
};

enum class Level : uint8_t { tensor, fused, kernel };
std::string_view name(Level);

using ValueId = int32_t;
using OpId = int32_t;
using LocId = int32_t;
inline constexpr int32_t kNone = -1;

// A number of a type. bits holds its object representation in the low bytes (bool: 0 or 1); NaN is
// canonical, so equal numbers have equal bits, but for the zeros, which differ.
struct Literal {
  DType dtype = DType::f32;
  uint64_t bits = 0;
  template <class T>
  static Literal of(T value);           // dtype_of<T>()
  static Literal of(DType t, double value);  // converted to t as LAWS.md, 6
  template <class T>
  T as() const;                         // internal error unless T is the type
  double to_double() const;
  std::string str() const;              // shortest text that reads back: "1.0", "-3", "true", "inf", "nan"
  friend bool operator==(const Literal&, const Literal&) = default;
};

// The number with the fewest digits that reads back as v, an f16 or bf16: its text is that of v.
template <class T>
double shortest_decimal(T v);

// What an op takes: a value, or a number written in place (rank 0; broadcasts as a scalar).
struct Operand {
  ValueId value = kNone;
  Literal lit;

  Operand() = default;
  Operand(ValueId v) : value(v) {}
  Operand(Literal l) : lit(l) {}
  bool is_value() const { return value != kNone; }
  friend bool operator==(const Operand&, const Operand&) = default;
};

// constant + sum of coeff * var [* scale]. var is an index value (or an i64 scalar: a dynamic
// index); scale is an index parameter of a kernel (a run-time stride or extent).
struct IndexExpr {
  struct Term {
    ValueId var = kNone;
    int64_t coeff = 1;
    ValueId scale = kNone;
    friend bool operator==(const Term&, const Term&) = default;
  };
  int64_t constant = 0;
  std::vector<Term> terms;  // at most one term a (var, scale), coeff not 0, in order of (var, scale)

  IndexExpr() = default;
  IndexExpr(int64_t c) : constant(c) {}
  static IndexExpr of(ValueId var, int64_t coeff = 1, ValueId scale = kNone);

  bool is_constant() const { return terms.empty(); }
  bool is_var(ValueId v) const { return constant == 0 && terms.size() == 1 && terms[0] == Term{v, 1, kNone}; }
  int64_t coeff_of(ValueId v) const;  // of the term without scale; 0 if there is none
  IndexExpr& add_term(ValueId var, int64_t coeff = 1, ValueId scale = kNone);
  IndexExpr& operator+=(const IndexExpr& o);
  IndexExpr times(int64_t factor) const;
  friend bool operator==(const IndexExpr&, const IndexExpr&) = default;
};

// Attribute names: the closed list, in the order in which they are printed.
// X(id, text)
#define FRIT_ATTRS(X)                                                                           \
  X(axes, "axes") X(axis, "axis") X(order, "order") X(start, "start") X(limit, "limit")         \
  X(step, "step") X(low, "low") X(high, "high") X(to, "to") X(lhs, "lhs") X(rhs, "rhs")         \
  X(batch_lhs, "batch_lhs") X(batch_rhs, "batch_rhs") X(space, "space") X(guard, "guard")       \
  X(reduce, "reduce") X(tree, "tree") X(stream, "stream") X(unroll, "unroll") X(schedule, "schedule") X(segments, "segments") X(size, "size") \
  X(strides, "strides") X(captured, "captured")

enum class AttrName : uint8_t {
#define FRIT_X(id, text) id,
  FRIT_ATTRS(FRIT_X)
#undef FRIT_X
};
std::string_view name(AttrName);

// One alternative a spelling: 3, [1,2], f32, 1.0:f32, "text", [128,n], and a list of op names.
using AttrValue = std::variant<int64_t, std::vector<int64_t>, DType, Literal, std::string, Dims, std::vector<Op>>;

struct Attr {
  AttrName name;
  AttrValue value;
  friend bool operator==(const Attr&, const Attr&) = default;
};

struct Region {
  std::vector<ValueId> args;
  std::vector<OpId> ops;
  friend bool operator==(const Region&, const Region&) = default;
};

struct OpNode {
  Op op{};
  std::vector<Operand> operands;
  std::vector<IndexExpr> index;   // read, index, reductions over (fused); load, store, loop bounds (kernel)
  std::vector<Attr> attrs;        // sorted by name
  std::vector<Region> regions;
  std::vector<ValueId> results;
  LocId loc = kNone;

  const AttrValue* find(AttrName n) const;
  void set(AttrName n, AttrValue v);
  // Typed access; internal error if the attribute is missing or of another kind.
  int64_t i64(AttrName n) const;
  int64_t i64_or(AttrName n, int64_t otherwise) const;
  const std::vector<int64_t>& ints(AttrName n) const;
  const Dims& dims(AttrName n) const;
  DType dtype(AttrName n) const;
  const Literal& literal(AttrName n) const;
  const std::string& text(AttrName n) const;
  const std::vector<Op>& op_list(AttrName n) const;
};

struct Value {
  Type type;
  std::string name;        // without %; unique in the Func once printed (the printer appends .1, .2)
  OpId def = kNone;        // the op that makes it; kNone for arguments
  std::vector<int64_t> strides;  // tensor parameters only, in elements; empty means dense row-major
  bool captured = false;   // tensor parameters only: the value was captured when the function was traced
};

// A place of an op; `from` is the place of the call inside which it stands (a library function's
// caller), or kNone.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
  LocId from = kNone;
  friend bool operator==(const Place&, const Place&) = default;
};

class Func {
 public:
  Level level = Level::tensor;
  std::string name = "f";
  Numerics numerics = Numerics::strict;  // what compiled code may do with it; the interpreter follows the laws
  std::vector<Value> values;
  std::vector<OpNode> ops;
  std::vector<Place> places;
  Region body;  // its args are the parameters

  ValueId add_param(Type t, std::string name);
  ValueId add_arg(Region& r, Type t, std::string name);
  // Appends a new op to `r` with results of these types. Names: results are named as given, or by
  // default after the op. The references and pointers into ops and regions taken before may dangle:
  // nested regions are filled as locals and moved into the op last.
  OpId add_op(Region& r, OpNode op, const std::vector<Type>& results, std::string_view name = {});
  LocId add_place(const Place& p);
  LocId add_place(const Loc& l, LocId from = kNone);

  const Type& type(ValueId v) const { return values[static_cast<size_t>(v)].type; }
  // Of an operand: the value's type, or a scalar of the literal's type.
  Type type(const Operand& o) const { return o.is_value() ? type(o.value) : Type::scalar(o.lit.dtype); }
  OpNode& op(OpId id) { return ops[static_cast<size_t>(id)]; }
  const OpNode& op(OpId id) const { return ops[static_cast<size_t>(id)]; }
  Value& value(ValueId id) { return values[static_cast<size_t>(id)]; }
  const Value& value(ValueId id) const { return values[static_cast<size_t>(id)]; }
  ValueId result(OpId id, int i = 0) const { return op(id).results[static_cast<size_t>(i)]; }

  const OpNode& terminator() const { return op(body.ops.back()); }
  // Renumbers values, ops and places in order of first appearance and drops what nothing refers to.
  void compact();
};

// Bytes of the elements of a tensor.
inline int64_t bytes_of(const Func& f, ValueId tensor) { return f.type(tensor).count() * size_of(f.type(tensor).dtype); }
// Elements from the first to the last of a tensor in memory; 0 of an empty one.
int64_t span_of(const Func& f, ValueId tensor);

// Whether two functions print the same text (names, types, ops, attributes, places).
bool same_text(const Func& a, const Func& b);

// Calls visit(region, op id) for every op of a region and its nested regions, outer ops first.
template <class F>
void for_each_op(const Func& f, const Region& r, F&& visit) {
  for (OpId id : r.ops) {
    visit(r, id);
    for (const Region& inner : f.op(id).regions) for_each_op(f, inner, visit);
  }
}

// A bug of ours: throws std::logic_error with file and line.
[[noreturn]] void internal_error(const std::string& what, Loc at = Loc::current());

}  // namespace frit::ir
