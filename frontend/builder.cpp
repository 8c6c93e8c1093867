// The parts that builders share: operands brought to a common type and shape, ops appended.
#include <array>
#include <limits>

#include "frontend/place.h"
#include "frontend/request.h"
#include "ir/infer.h"
#include "ir/num.h"

namespace frit {

using ir::AttrName;
using ir::Op;

namespace {

template <class F>
decltype(auto) with_type(DType t, F&& f) {
  switch (t) {
#define FRIT_X(id, name, type, kind) \
  case DType::id: return f(std::type_identity<type>{});
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  ir::internal_error("no such type");
}

const char* kind_word(DType t) {
  switch (kind_of(t)) {
    case TypeKind::truth: return "a bool";
    case TypeKind::unsigned_:
    case TypeKind::signed_: return "an integer";
    case TypeKind::floating: return "a floating-point number";
  }
  return "";
}

std::string cpp(DType t) { return "frit::DType::" + std::string(t == DType::boolean ? "boolean" : name(t)); }

}  // namespace

ir::Literal weak_number(const detail::Number64& n, DType to, const char* op, Loc where) {
  const ir::Literal from{n.dtype, n.bits};
  const TypeKind kf = kind_of(n.dtype), kt = kind_of(to);
  auto wrong = [&](const std::string& help) {
    throw Error(called(op), std::string("a tensor of ") + std::string(name(to)) + " and " + kind_word(n.dtype) + ", " + from.str() + ", have no common type",
                user_place(where), {}, help);
  };
  if (kt == TypeKind::floating) {
    if (kf == TypeKind::truth) wrong("write 0 or 1 for the number");
  } else if (kt == TypeKind::truth) {
    if (kf != TypeKind::truth) wrong("compare with zero first, as in x != 0, or convert: x.to(" + cpp(n.dtype) + ")");
  } else {
    if (kf == TypeKind::floating) wrong("convert the tensor: x.to(" + cpp(n.dtype == DType::f64 ? DType::f32 : n.dtype) + "), or write an integer");
    if (kf == TypeKind::truth) wrong("write 0 or 1 for the number");
  }
  return with_type(n.dtype, [&](auto source) {
    using S = typename decltype(source)::type;
    const S v = ir::Literal{n.dtype, n.bits}.as<S>();
    return with_type(to, [&](auto target) {
      using T = typename decltype(target)::type;
      if constexpr (std::is_integral_v<T> && std::is_integral_v<S> && !std::is_same_v<T, bool> && !std::is_same_v<S, bool>) {
        if (!std::in_range<T>(v))
          throw Error(called(op), "the number " + from.str() + " does not fit " + std::string(name(to)), user_place(where), {},
                      "convert the tensor to a type that holds it: x.to(" + cpp(n.dtype) + ")");
      }
      return ir::Literal::of(ir::cast<T>(ir::Num<S>{v}).v);
    });
  });
}

DType common_dtype(DType a, DType b, const char* op, Loc where) {
  if (auto t = ir::promote(a, b)) return *t;
  throw Error(called(op), std::string(name(a)) + " and " + std::string(name(b)) + " have no common type: they are of different kinds",
              user_place(where), {}, "write the cast that you mean: x.to(" + cpp(b) + ") or y.to(" + cpp(a) + ")");
}

int64_t check_axis(int64_t axis, int rank, const char* op, Loc where) {
  if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  const std::string a = "axis " + std::to_string(axis) + " does not exist";
  if (rank == 0) throw Error(called(op), a + ": the tensor has rank 0, no axes", user_place(where));
  throw Error(called(op), a + ": the axes of a tensor of rank " + std::to_string(rank) + " are 0 to " + std::to_string(rank - 1) + ", or -" +
                      std::to_string(rank) + " to -1 from the end",
              user_place(where));
}

void Builder::fail(const std::string& message, const std::string& help) const {
  throw Error(name(), message, user_place(where()), {}, help);
}

ir::Type Builder::type(size_t i) const {
  return is_number(i) ? ir::Type::scalar(request.args[i].number().dtype) : func.type(ids_[i]);
}

ir::Operand Builder::operand(size_t i, DType t) {
  if (!is_number(i)) return cast(ids_[i], t);
  const ir::Literal lit = weak_number(request.args[i].number(), t, name(), where());
  if (!numbers_) return lit;
  numbers_->push_back({static_cast<int>(i), t});
  return func.add_param(ir::Type::scalar(t), "number");
}

ir::ValueId Builder::tensor(size_t i) {
  if (!is_number(i)) return ids_[i];
  const ir::Operand o = operand(i, request.args[i].number().dtype);
  if (o.is_value()) return o.value;
  return add(Op::full, {o}, {}, ir::Type::scalar(o.lit.dtype));
}

DType Builder::common(size_t from) const {
  std::optional<DType> t;
  for (size_t i = from; i < size(); ++i)
    if (!is_number(i)) t = t ? common_dtype(*t, type(i).dtype, name(), where()) : type(i).dtype;
  if (t) return *t;
  for (size_t i = from; i < size(); ++i) t = t ? common_dtype(*t, type(i).dtype, name(), where()) : type(i).dtype;
  return *t;
}

ir::ValueId Builder::add(Op op, Operands operands, std::vector<ir::Attr> attrs, std::optional<ir::Type> wanted) {
  ir::OpNode node;
  node.op = op;
  node.operands = std::move(operands);
  for (ir::Attr& a : attrs) node.set(a.name, std::move(a.value));
  node.loc = loc_;
  return ir::append(func, std::move(node), wanted);
}

ir::ValueId Builder::cast(ir::ValueId v, DType t) {
  if (type(v).dtype == t) return v;
  return add(Op::cast, {v}, {{AttrName::to, t}});
}

ir::ValueId Builder::reshape(ir::ValueId v, ir::Dims dims) {
  if (type(v).dims == dims) return v;
  return add(Op::reshape, {v}, {}, ir::Type::tensor(type(v).dtype, std::move(dims)));
}

ir::ValueId Builder::permute(ir::ValueId v, const std::vector<int64_t>& order) {
  bool same = order.size() == type(v).dims.size();
  for (size_t i = 0; i < order.size(); ++i) same &= order[i] == static_cast<int64_t>(i);
  return same ? v : add(Op::permute, {v}, {{AttrName::order, order}});
}

ir::ValueId Builder::broadcast(ir::ValueId v, ir::Dims dims) {
  if (type(v).dims == dims) return v;
  return add(Op::broadcast, {v}, {}, ir::Type::tensor(type(v).dtype, std::move(dims)));
}

void Builder::broadcast(Operands& operands) {
  ir::Dims dims;
  for (const ir::Operand& o : operands) {
    auto both = ir::broadcast_dims(dims, func.type(o).dims);
    if (!both) return;  // the op's own rule says so, and how
    dims = std::move(*both);
  }
  for (ir::Operand& o : operands)
    if (o.is_value() && type(o.value).rank() > 0) o = broadcast(o.value, dims);
}

}  // namespace frit
