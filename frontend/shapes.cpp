// Shapes: reshape and its kin (views where nothing moves), permute, broadcast, joining, padding,
// reversing, gathering.
#include <algorithm>
#include <numeric>

#include "frontend/place.h"
#include "frontend/request.h"
#include "frontend/trace.h"
#include "frit/ops.h"
#include "ir/infer.h"

namespace frit {

std::vector<int64_t> sorted_axes(const Tensor& x, const Axes& axes, const char* op, Loc where);  // reduce.cpp

namespace {

using ir::AttrName;
using ir::Op;

ir::Dims dims(std::span<const int64_t> v) { return {v.begin(), v.end()}; }

std::string list_text(const std::vector<int64_t>& v) {
  std::string s = "[";
  for (size_t i = 0; i < v.size(); ++i) s += (i ? "," : "") + std::to_string(v[i]);
  return s + "]";
}

ir::ValueId build_reshape(Builder& b) { return b.reshape(b.tensor(0), dims(b.request.ints)); }
ir::ValueId build_permute(Builder& b) { return b.permute(b.tensor(0), {b.request.ints.begin(), b.request.ints.end()}); }
ir::ValueId build_broadcast(Builder& b) {
  const ir::ValueId v = b.tensor(0);
  if (b.type(v).rank() == 0) return b.add(Op::full, {v}, {}, ir::Type::tensor(b.type(v).dtype, dims(b.request.ints)));
  return b.broadcast(v, dims(b.request.ints));
}
ir::ValueId build_reverse(Builder& b) {
  return b.add(Op::reverse, {b.tensor(0)}, {{AttrName::axes, std::vector<int64_t>(b.request.ints.begin(), b.request.ints.end())}});
}
ir::ValueId build_concat(Builder& b) {
  const DType t = b.common();
  Builder::Operands parts;
  for (size_t i = 0; i < b.size(); ++i) parts.push_back(b.tensor(i, t));
  return b.add(Op::concat, std::move(parts), {{AttrName::axis, b.request.ints[0]}});
}
ir::ValueId build_pad(Builder& b) {
  const auto ints = b.request.ints;
  const auto rank = static_cast<std::ptrdiff_t>(ints.size() / 2);
  const ir::ValueId x = b.tensor(0);
  return b.add(Op::pad, {x, b.operand(1, b.type(x).dtype)},
               {{AttrName::low, std::vector<int64_t>(ints.begin(), ints.begin() + rank)},
                {AttrName::high, std::vector<int64_t>(ints.begin() + rank, ints.end())}});
}
ir::ValueId build_gather(Builder& b) {
  ir::ValueId index = b.tensor(1);
  const DType t = b.type(index).dtype;
  if (t == DType::u8 || t == DType::u32) index = b.cast(index, DType::i64);
  return b.add(Op::gather, {b.tensor(0), index}, {{AttrName::axis, b.request.ints[0]}});
}

// Can be had without moving an element: a view of a dense value outside of any trace.
bool viewable(const Tensor& x) {
  const detail::TensorImpl* t = detail::impl(x);
  return !current_trace() && t->kind == detail::TensorKind::value && t->dense();
}

Tensor reshaped(const Tensor& x, const std::vector<int64_t>& shape, Loc where) {
  const detail::TensorImpl& t = *detail::impl(x);
  if (t.shape.vec() == shape) return x;
  if (viewable(x)) {
    Shape s(shape);
    if (s.count() == t.shape.count()) return detail::view(x, std::move(s));
  }
  const Arg args[] = {Arg(x, where)};
  return perform({Op::reshape, build_reshape, args, shape, {}, where});
}

}  // namespace

Tensor reshape(const Tensor& x, const std::vector<int64_t>& wanted, Loc where) {
  const detail::TensorImpl& t = detail::require(x, "reshape", where);
  std::vector<int64_t> shape = wanted;
  auto fail = [&](const std::string& why, const std::string& help) {
    std::vector<Note> notes;
    if (t.made_at.known()) notes.push_back({detail::type_text(t) + " made by " + t.made_by + " here", t.made_at});
    throw Error("reshape", "cannot make " + list_text(wanted) + " of " + detail::type_text(t) + ": " + why, user_place(where), notes, help);
  };
  int64_t count = 1;
  std::ptrdiff_t open = -1;
  bool zero = false;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == -1 && open >= 0) fail("two extents are left open", "only one may be -1");
    if (shape[i] < -1) fail("the extent " + std::to_string(shape[i]) + " is negative", "");
    if (shape[i] == -1) open = static_cast<std::ptrdiff_t>(i);
    else if (shape[i] == 0) zero = true;
    else if (__builtin_mul_overflow(count, shape[i], &count)) fail("the number of elements overflows 64 bits", "");
  }
  if (open >= 0) {
    if (zero) fail("beside an extent of 0, -1 could be anything", "write the extent");
    if (t.shape.count() % count) fail(std::to_string(t.shape.count()) + " elements do not divide by " + std::to_string(count), "");
    shape[static_cast<size_t>(open)] = t.shape.count() / count;
  } else if ((zero ? 0 : count) != t.shape.count()) {
    fail(std::to_string(t.shape.count()) + " elements are not " + std::to_string(zero ? 0 : count), "the extents must have the same product; one may be -1");
  }
  return reshaped(x, shape, where);
}

Tensor ravel(const Tensor& x, Loc where) {
  Called here("ravel");
  return reshape(x, {-1 + (detail::require(x, "ravel", where).shape.count() == 0)}, where);
}

Tensor permute(const Tensor& x, const std::vector<int64_t>& order, Loc where) {
  const detail::TensorImpl& t = detail::require(x, "permute", where);
  std::vector<int64_t> full;
  for (int64_t a : order) full.push_back(check_axis(a, t.shape.rank(), "permute", where));
  bool same = static_cast<int>(full.size()) == t.shape.rank();
  for (size_t i = 0; i < full.size(); ++i) same &= full[i] == static_cast<int64_t>(i);
  if (same) return x;
  const Arg args[] = {Arg(x, where)};
  return perform({Op::permute, build_permute, args, full, {}, where});
}

Tensor transpose(const Tensor& x, Loc where) {
  const int rank = detail::require(x, "transpose", where).shape.rank();
  if (rank < 2)
    throw Error("transpose", "takes a tensor of at least two axes; the operand is " + detail::type_text(*detail::impl(x)), user_place(where));
  return transpose(x, rank - 2, rank - 1, where);
}
Tensor transpose(const Tensor& x, int a, int b, Loc where) {
  Called here("transpose");
  const int rank = detail::require(x, "transpose", where).shape.rank();
  std::vector<int64_t> order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[static_cast<size_t>(check_axis(a, rank, "transpose", where))], order[static_cast<size_t>(check_axis(b, rank, "transpose", where))]);
  return permute(x, order, where);
}

Tensor squeeze(const Tensor& x, Axes axes, Loc where) {
  Called here("squeeze");
  const detail::TensorImpl& t = detail::require(x, "squeeze", where);
  std::vector<int64_t> shape = t.shape.vec();
  if (axes.all()) {
    std::erase(shape, 1);
    return reshaped(x, shape, where);
  }
  auto list = sorted_axes(x, axes, "squeeze", where);
  for (auto a = list.rbegin(); a != list.rend(); ++a) {
    if (shape[static_cast<size_t>(*a)] != 1)
      throw Error("squeeze", "axis " + std::to_string(*a) + " of " + detail::type_text(t) + " has extent " + std::to_string(shape[static_cast<size_t>(*a)]) + ", not 1",
                  user_place(where));
    shape.erase(shape.begin() + *a);
  }
  return reshaped(x, shape, where);
}

Tensor expand_dims(const Tensor& x, int axis, Loc where) {
  Called here("expand_dims");
  const detail::TensorImpl& t = detail::require(x, "expand_dims", where);
  std::vector<int64_t> shape = t.shape.vec();
  shape.insert(shape.begin() + check_axis(axis, t.shape.rank() + 1, "expand_dims", where), 1);
  return reshaped(x, shape, where);
}

Tensor broadcast_to(const Tensor& x, const Shape& shape, Loc where) {
  Called here("broadcast_to");
  if (detail::require(x, "broadcast_to", where).shape == shape) return x;
  const Arg args[] = {Arg(x, where)};
  return perform({Op::broadcast, build_broadcast, args, shape.extents(), {}, where});
}

Tensor reverse(const Tensor& x, Axes axes, Loc where) {
  const auto list = sorted_axes(x, axes, "reverse", where);
  if (list.empty()) return x;
  const Arg args[] = {Arg(x, where)};
  return perform({Op::reverse, build_reverse, args, list, {}, where});
}

Tensor concatenate(std::span<const Tensor> parts, int axis, Loc where) {
  if (parts.empty()) throw Error("concatenate", "takes at least one tensor", user_place(where));
  const int rank = detail::require(parts[0], "concatenate", where).shape.rank();
  if (rank == 0) throw Error("concatenate", "tensors of rank 0 have no axis to be joined along", user_place(where), {}, "use stack");
  const int64_t ints[] = {check_axis(axis, rank, "concatenate", where)};
  if (parts.size() == 1) return parts[0];
  std::vector<Arg> args;
  for (const Tensor& t : parts) args.emplace_back(t, where);
  return perform({Op::concat, build_concat, args, ints, {}, where});
}

Tensor stack(std::span<const Tensor> parts, int axis, Loc where) {
  if (parts.empty()) throw Error("stack", "takes at least one tensor", user_place(where));
  const detail::TensorImpl& first = detail::require(parts[0], "stack", where);
  std::vector<Tensor> grown;
  Composition here("stack", where);
  for (const Tensor& t : parts) {
    const detail::TensorImpl& i = detail::require(t, "stack", where);
    if (i.shape != first.shape)
      throw Error("stack", detail::type_text(first) + " and " + detail::type_text(i) + " have different shapes", user_place(where));
    grown.push_back(expand_dims(t, axis));
  }
  return concatenate(grown, axis);
}

Tensor pad(const Tensor& x, const std::vector<int64_t>& low, const std::vector<int64_t>& high, Arg value, Loc where) {
  const detail::TensorImpl& t = detail::require(x, "pad", where);
  const auto rank = static_cast<size_t>(t.shape.rank());
  if (low.size() != rank || high.size() != rank)
    throw Error("pad", std::to_string(low.size()) + " and " + std::to_string(high.size()) + " counts for " + detail::type_text(t) + ", which has " +
                           std::to_string(rank) + " axes", user_place(where), {}, "give one count an axis on each side");
  std::vector<int64_t> ints = low;
  ints.insert(ints.end(), high.begin(), high.end());
  const Arg args[] = {Arg(x, where), value};
  return perform({Op::pad, build_pad, args, ints, {}, where});
}

Tensor gather(const Tensor& x, const Tensor& index, int axis, Loc where) {
  const int64_t ints[] = {check_axis(axis, detail::require(x, "gather", where).shape.rank(), "gather", where)};
  const Arg args[] = {Arg(x, where), Arg(index, where)};
  return perform({Op::gather, build_gather, args, ints, {}, where});
}

}  // namespace frit
