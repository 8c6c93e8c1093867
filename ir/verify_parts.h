// What the verifiers of the three levels share. Used by verify*.cpp alone.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "ir/func.h"
#include "ir/ops.h"
#include "ir/text.h"

namespace frit::ir {

class Checker {
 public:
  Checker(const Func& f, bool user_text, const TextPlaces* places) : f(f), user_text_(user_text), places_(places) {}

  const Func& f;

  // What every level demands: ids in range, one definition a value, definitions before uses, well-formed
  // types, literals, index expressions, attributes and places. Fills the tables below; everything else
  // may be called after it only.
  void structure();

  // The op whose region a value or op stands in; kNone for the function's body.
  OpId owner(ValueId v) const { return value_owner_[static_cast<size_t>(v)]; }
  OpId parent(OpId id) const { return op_parent_[static_cast<size_t>(id)]; }
  bool is_param(ValueId v) const { return owner(v) == kNone && f.value(v).def == kNone; }

  // Reports against an op (kNone: the function as a whole).
  [[noreturn]] void fail(OpId id, const std::string& message, const std::string& help = "") const;
  void check(bool holds, OpId id, const std::string& message, const std::string& help = "") const {
    if (!holds) fail(id, message, help);
  }

  // No string is made where it holds.
  void check(bool holds, OpId id, const char* message, const char* help = "") const {
    if (!holds) fail(id, message, help);
  }

  // Pieces of the levels' rules
  void inferred(OpId id) const;  // operands, attributes and the one result fit the type rules of infer.h
  // Scalars of f16 and bf16 are stored, converted and chosen; ops and reductions compute in f32.
  void computes(OpId id, DType t) const {
    if (is_half(t)) fail(id, "does not compute in " + std::string(name(t)) + " here", "cast to f32 before it, and back after it");
  }
  void operands(OpId id, size_t n) const;
  void results(OpId id, size_t n) const;
  void indices(OpId id, size_t n) const;
  void regions(OpId id, size_t n) const;
  void only_attrs(OpId id) const;  // no attribute but those that the op has a use for
  template <class T>
  const T* attr(OpId id, AttrName n, bool required = true) const;
  void flag(OpId id, AttrName n) const;  // absent, 0 or 1
  std::string type_text(const Operand& o) const { return f.type(o).str(); }
  bool is_scalar(const Operand& o) const { return f.type(o).cls == TypeClass::tensor && f.type(o).rank() == 0; }
  // A parameter's class, strides and mark.
  void tensor_params() const;
  // The last op of the body is return and it is what the op is called with; tensor and fused level.
  void body_returns() const;

 private:
  void region(const Region& r, OpId owner, int depth);
  void op(OpId id, int depth);
  void places() const;
  void define(ValueId v, OpId def, OpId owner, OpId at);
  void use(ValueId v, OpId at) const;
  void type(const Type& t, OpId at) const;
  void literal(const Literal& l, OpId at) const;
  void expression(const IndexExpr& e, OpId at) const;

  bool user_text_;
  const TextPlaces* places_;
  std::vector<OpId> value_owner_, op_parent_;
  std::vector<bool> defined_, visible_, seen_;
};

void verify_tensor(const Checker& c);
void verify_fused(const Checker& c);
void verify_kernel(const Checker& c);

// An op of the tensor level; shared with the fused level, where such ops may stand unfused.
void verify_tensor_op(const Checker& c, OpId id);

template <class T>
const T* Checker::attr(OpId id, AttrName n, bool required) const {
  const AttrValue* v = f.op(id).find(n);
  if (!v && !required) return nullptr;
  if (!v) fail(id, "attribute " + std::string(name(n)) + "= is missing");
  if (!std::holds_alternative<T>(*v)) fail(id, "attribute " + std::string(name(n)) + "= is of the wrong kind");
  return &std::get<T>(*v);
}

}  // namespace frit::ir
