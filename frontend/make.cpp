// Tensors from nothing: full, iota, arange, linspace, literals.
#include <cmath>

#include "frontend/place.h"
#include "frontend/request.h"
#include "frit/ops.h"

namespace frit {
namespace {

using detail::Number64;
using ir::AttrName;
using ir::Op;

ir::Type wanted(Builder& b) { return ir::Type::tensor(b.request.dtype, ir::Dims(b.request.ints.begin(), b.request.ints.end())); }

ir::ValueId build_full(Builder& b) {
  const ir::Operand number = b.operand(0, b.request.dtype);
  if (number.is_value() && b.request.ints.empty() && b.type(number.value).rank() == 0) return number.value;
  return b.add(Op::full, {number}, {}, wanted(b));
}

// ints: the axis, then the extents.
ir::ValueId build_iota(Builder& b) {
  const auto ints = b.request.ints;
  return b.add(Op::iota, {}, {{AttrName::axis, ints[0]}}, ir::Type::tensor(b.request.dtype, ir::Dims(ints.begin() + 1, ints.end())));
}

// start + i * step; ints: the count. f16 and bf16 are computed in f32.
ir::ValueId build_arange(Builder& b) {
  const DType t = compute_type(b.request.dtype);
  const ir::ValueId i = b.add(Op::iota, {}, {{AttrName::axis, int64_t{0}}}, ir::Type::tensor(t, ir::Dims{b.request.ints[0]}));
  const ir::ValueId scaled = b.add(Op::mul, {i, b.operand(1, t)});
  return b.cast(b.add(Op::add, {scaled, b.operand(0, t)}), b.request.dtype);
}

// start + i * step, but for the last, which is stop.
ir::ValueId build_linspace(Builder& b) {
  const DType t = compute_type(b.request.dtype);
  const int64_t n = b.request.ints[0];
  const ir::Type type = ir::Type::tensor(t, ir::Dims{n});
  const ir::ValueId i = b.add(Op::iota, {}, {{AttrName::axis, int64_t{0}}}, type);
  const ir::ValueId k = b.add(Op::iota, {}, {{AttrName::axis, int64_t{0}}}, ir::Type::tensor(DType::i64, ir::Dims{n}));
  const ir::ValueId line = b.add(Op::add, {b.add(Op::mul, {i, b.operand(2, t)}), b.operand(0, t)});
  const ir::ValueId last = b.add(Op::eq, {k, ir::Literal::of(n - 1)});
  return b.cast(b.add(Op::where, {last, b.operand(1, t), line}), b.request.dtype);
}

template <class T>
T value(const Number64& n) {
  return ir::Literal{n.dtype, n.bits}.as<T>();
}

// How many numbers start + i * step lie before stop.
int64_t arange_count(const Number64& start, const Number64& stop, const Number64& step, Loc where) {
  auto fail = [&](const std::string& why) { throw Error("arange", why, user_place(where)); };
  if (start.dtype == DType::boolean) fail("takes numbers, not bool");
  if (is_float(start.dtype)) {
    const double a = ir::Literal{start.dtype, start.bits}.to_double(), z = ir::Literal{stop.dtype, stop.bits}.to_double(),
                 s = ir::Literal{step.dtype, step.bits}.to_double();
    if (!std::isfinite(a) || !std::isfinite(z) || !std::isfinite(s)) fail("start, stop and step must be finite");
    if (s == 0) fail("the step is 0");
    const double n = std::ceil((z - a) / s);
    if (!(n < 9e15)) fail("it would have too many elements");
    return n > 0 ? static_cast<int64_t>(n) : 0;
  }
  auto wide = [](const Number64& n) -> __int128 {
    switch (n.dtype) {
      case DType::u8: return value<uint8_t>(n);
      case DType::u32: return value<uint32_t>(n);
      case DType::u64: return value<uint64_t>(n);
      case DType::i32: return value<int32_t>(n);
      default: return value<int64_t>(n);
    }
  };
  const __int128 a = wide(start), z = wide(stop), s = wide(step);
  if (s == 0) fail("the step is 0");
  const __int128 distance = s > 0 ? z - a : a - z, by = s > 0 ? s : -s;
  if (distance <= 0) return 0;
  const __int128 n = (distance - 1) / by + 1;
  if (n > INT64_MAX) fail("it would have too many elements");
  return static_cast<int64_t>(n);
}

// A number as an operand.
Arg number_arg(const Number64& n, Loc where) {
  switch (n.dtype) {
#define FRIT_X(id, name, type, kind) \
  case DType::id: return Arg(value<type>(n), where);
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  ir::internal_error("no such type");
}

Number64 one_or_zero(DType t, double v) {
  const ir::Literal l = ir::Literal::of(t, v);
  return {l.dtype, l.bits};
}

}  // namespace

Tensor full_number(Shape shape, Number64 v, Loc where) {
  const Arg args[] = {number_arg(v, where)};
  return perform({Op::full, build_full, args, shape.extents(), v.dtype, where});
}

Tensor full(Shape shape, const Tensor& v, Loc where) {
  const detail::TensorImpl& t = detail::require(v, "full", where);
  const Arg args[] = {Arg(v, where)};
  return perform({Op::full, build_full, args, shape.extents(), t.dtype, where});
}

Tensor zeros(Shape shape, DType t, Loc where) {
  Called here("zeros");
  return full_number(std::move(shape), one_or_zero(t, 0), where);
}
Tensor ones(Shape shape, DType t, Loc where) {
  Called here("ones");
  return full_number(std::move(shape), one_or_zero(t, 1), where);
}

Tensor full_like(const Tensor& x, Arg v, Loc where) {
  Called here("full_like");
  const detail::TensorImpl& t = detail::require(x, "full_like", where);
  const Arg args[] = {v};
  return perform({Op::full, build_full, args, t.shape.extents(), t.dtype, where});
}
Tensor zeros_like(const Tensor& x, Loc where) {
  Called here("zeros_like");
  const detail::TensorImpl& t = detail::require(x, "zeros_like", where);
  return zeros(t.shape, t.dtype, where);
}
Tensor ones_like(const Tensor& x, Loc where) {
  Called here("ones_like");
  const detail::TensorImpl& t = detail::require(x, "ones_like", where);
  return ones(t.shape, t.dtype, where);
}

Tensor iota(Shape shape, DType t, int axis, Loc where) {
  std::vector<int64_t> ints = {check_axis(axis, shape.rank(), "iota", where)};
  ints.insert(ints.end(), shape.vec().begin(), shape.vec().end());
  return perform({Op::iota, build_iota, {}, ints, t, where});
}

Tensor arange_number(Number64 start, Number64 stop, Number64 step, Loc where) {
  Called here("arange");
  const int64_t ints[] = {arange_count(start, stop, step, where)};
  const Arg args[] = {number_arg(start, where), number_arg(step, where)};
  return perform({Op::iota, build_arange, args, ints, start.dtype, where});
}

Tensor linspace_number(Number64 start, Number64 stop, int64_t n, Loc where) {
  Called here("linspace");
  if (n < 0) throw Error("linspace", "the number of elements is negative: " + std::to_string(n), user_place(where));
  Number64 step = start;
  const double parts = static_cast<double>(n > 1 ? n - 1 : 1);
  auto number = [](const Number64& n) { return static_cast<float>(ir::Literal{n.dtype, n.bits}.to_double()); };
  if (compute_type(start.dtype) == DType::f32) step = detail::number64((number(stop) - number(start)) / static_cast<float>(parts));
  else step = detail::number64((value<double>(stop) - value<double>(start)) / parts);
  const int64_t ints[] = {n};
  const Number64& last = n == 1 ? start : stop;
  const Arg args[] = {number_arg(start, where), number_arg(last, where), number_arg(step, where)};
  return perform({Op::iota, build_linspace, args, ints, start.dtype, where});
}

Tensor detail::make_literal(DType t, const std::vector<std::byte>& data, std::vector<int64_t> extents, bool ragged, Loc where) {
  if (ragged) throw Error("array", "the rows have different lengths", user_place(where), {}, "a tensor is rectangular: every row needs as many elements");
  Tensor r = Tensor::copy_bytes(data.data(), static_cast<int64_t>(data.size()) / size_of(t), t, Shape(std::move(extents)), where);
  detail::impl(r)->made_by = "array";
  return r;
}

}  // namespace frit
