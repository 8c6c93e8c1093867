// Elementwise functions, one a row of ops.def, and those that take types of their own: where, cast,
// logical functions.
#include "frontend/place.h"
#include "frontend/request.h"
#include "frontend/trace.h"
#include "frit/ops.h"

namespace frit {
namespace {

using ir::Op;

ir::ValueId build_elementwise(Builder& b) {
  const DType t = b.common();
  Builder::Operands operands;
  for (size_t i = 0; i < b.size(); ++i) operands.push_back(b.operand(i, t));
  b.broadcast(operands);
  return b.add(b.request.op, std::move(operands));
}

ir::ValueId build_where(Builder& b) {
  if (b.is_number(0) && b.type(size_t{0}).dtype != DType::boolean) b.fail("the condition is a number that is not bool", "write true, false or a comparison");
  const DType t = b.common(1);
  Builder::Operands operands = {b.is_number(0) ? b.operand(0, DType::boolean) : ir::Operand(b.tensor(0)), b.operand(1, t), b.operand(2, t)};
  b.broadcast(operands);
  return b.add(Op::where, std::move(operands));
}

ir::ValueId build_cast(Builder& b) { return b.cast(b.tensor(0), b.request.dtype); }

// On bool alone: the bit operation under another name.
Tensor logical(Op op, const char* name, std::span<const Arg> args, Loc where) {
  for (const Arg& a : args) {
    const DType t = a.tensor() ? detail::require(*a.tensor(), name, where).dtype : a.number().dtype;
    if (t != DType::boolean)
      throw Error(name, "takes bool, not " + std::string(frit::name(t)), user_place(where), {}, "compare with zero first, as in x != 0, or use bit operations");
  }
  return perform({op, build_elementwise, args, {}, {}, where});
}

}  // namespace

#define FRIT_DEFINE_1(name)           \
  Tensor name(Arg x, Loc where) {     \
    const Arg args[] = {x};           \
    return perform({Op::name, build_elementwise, args, {}, {}, where}); \
  }
#define FRIT_DEFINE_2(name)              \
  Tensor name(Arg x, Arg y, Loc where) { \
    const Arg args[] = {x, y};           \
    return perform({Op::name, build_elementwise, args, {}, {}, where}); \
  }
#define FRIT_DEFINE_3(name)                     \
  Tensor name(Arg x, Arg y, Arg z, Loc where) { \
    const Arg args[] = {x, y, z};               \
    return perform({Op::name, build_elementwise, args, {}, {}, where}); \
  }
#define FRIT_ELEMENTWISE(name, arity, types, result, doc) FRIT_DEFINE_##arity(name)
#include "frit/ops.def"
#undef FRIT_DEFINE_1
#undef FRIT_DEFINE_2
#undef FRIT_DEFINE_3

Tensor where(Arg p, Arg x, Arg y, Loc at) {
  const Arg args[] = {p, x, y};
  return perform({Op::where, build_where, args, {}, {}, at});
}

Tensor cast(Arg x, DType to, Loc where) {
  if (x.tensor() && x.tensor()->has_value() && detail::impl(*x.tensor())->dtype == to) return *x.tensor();
  const Arg args[] = {x};
  return perform({Op::cast, build_cast, args, {}, to, where});
}

Tensor logical_and(Arg x, Arg y, Loc where) {
  const Arg args[] = {x, y};
  return logical(Op::bit_and, "logical_and", args, where);
}
Tensor logical_or(Arg x, Arg y, Loc where) {
  const Arg args[] = {x, y};
  return logical(Op::bit_or, "logical_or", args, where);
}
Tensor logical_xor(Arg x, Arg y, Loc where) {
  const Arg args[] = {x, y};
  return logical(Op::bit_xor, "logical_xor", args, where);
}
Tensor logical_not(Arg x, Loc where) {
  const Arg args[] = {x};
  return logical(Op::bit_not, "logical_not", args, where);
}

}  // namespace frit
