// The functions on tensors. Every op takes tensors and C++ numbers, broadcasts as NumPy does, runs at
// once on values, and is recorded where a function is traced. The last parameter is the user's place.
#pragma once

#include "frit/tensor.h"

namespace frit {

// Elementwise functions, one a row of ops.def: add, sub, mul, div, rem, neg, abs, sign, fma, maximum,
// minimum, clamp, square, reciprocal, floor, ceil, trunc, round, sqrt, rsqrt, exp, expm1, log, log1p,
// sin, cos, tanh, erf, sigmoid, pow, bit_*, shift_*, eq, ne, lt, le, gt, ge, is_nan, is_finite.
#define FRIT_DECLARE_1(name) Tensor name(Arg x, Loc where = Loc::current());
#define FRIT_DECLARE_2(name) Tensor name(Arg x, Arg y, Loc where = Loc::current());
#define FRIT_DECLARE_3(name) Tensor name(Arg x, Arg y, Arg z, Loc where = Loc::current());
#define FRIT_ELEMENTWISE(name, arity, types, result, doc) FRIT_DECLARE_##arity(name)
#include "frit/ops.def"
#undef FRIT_DECLARE_1
#undef FRIT_DECLARE_2
#undef FRIT_DECLARE_3

// Operators. The place of a binary one is its right operand's.
#define FRIT_BINARY_OPERATORS(X)                                                                        \
  X(+, add) X(-, sub) X(*, mul) X(/, div) X(%, rem) X(&, bit_and) X(|, bit_or) X(^, bit_xor)            \
  X(<<, shift_left) X(>>, shift_right)
#define FRIT_COMPARE_OPERATORS(X) X(==, eq) X(!=, ne) X(<, lt) X(<=, le) X(>, gt) X(>=, ge)
#define FRIT_X(sym, name) \
  inline Tensor operator sym(Arg x, Arg y) { return name(x, y, y.where()); }
FRIT_BINARY_OPERATORS(FRIT_X)
FRIT_COMPARE_OPERATORS(FRIT_X)
#undef FRIT_X
#define FRIT_X(sym, name) \
  inline Tensor& operator sym##=(Tensor& x, Arg y) { return x = name(Arg(x, y.where()), y, y.where()); }
FRIT_BINARY_OPERATORS(FRIT_X)
#undef FRIT_X
inline Tensor operator-(Arg x) { return neg(x, x.where()); }
inline Tensor operator+(const Tensor& x) { return x; }
inline Tensor operator~(Arg x) { return bit_not(x, x.where()); }

// On bool tensors.
Tensor logical_and(Arg x, Arg y, Loc where = Loc::current());
Tensor logical_or(Arg x, Arg y, Loc where = Loc::current());
Tensor logical_xor(Arg x, Arg y, Loc where = Loc::current());
Tensor logical_not(Arg x, Loc where = Loc::current());

// x where p is true, else y; all three broadcast together.
Tensor where(Arg p, Arg x, Arg y, Loc at = Loc::current());
Tensor cast(Arg x, DType to, Loc where = Loc::current());

// Reductions over axes (all if none are named). keep leaves the reduced axes with extent 1.
// Sums and products of integers and bool are i64 (u64 of unsigned types). Each floating sum has the
// one order of the laws, whatever runs it.
Tensor sum(const Tensor& x, Axes axes = {}, bool keep = false, Loc where = Loc::current());
Tensor prod(const Tensor& x, Axes axes = {}, bool keep = false, Loc where = Loc::current());
Tensor max(const Tensor& x, Axes axes = {}, bool keep = false, Loc where = Loc::current());
Tensor min(const Tensor& x, Axes axes = {}, bool keep = false, Loc where = Loc::current());
Tensor any(const Tensor& x, Axes axes = {}, bool keep = false, Loc where = Loc::current());
// all(x, axes, keep): see All in tensor.h.
Tensor mean(const Tensor& x, Axes axes = {}, bool keep = false, Loc where = Loc::current());
Tensor variance(const Tensor& x, Axes axes = {}, bool keep = false, Loc where = Loc::current());  // mean of (x - mean)^2
Tensor logsumexp(const Tensor& x, Axes axes = {}, bool keep = false, Loc where = Loc::current());
// The lowest index, i64, of the largest or smallest; over all axes the row-major index.
Tensor argmax(const Tensor& x, std::optional<int> axis = {}, bool keep = false, Loc where = Loc::current());
Tensor argmin(const Tensor& x, std::optional<int> axis = {}, bool keep = false, Loc where = Loc::current());

// Normalisations and activations.
Tensor softmax(const Tensor& x, Axes axes = -1, Loc where = Loc::current());
Tensor log_softmax(const Tensor& x, Axes axes = -1, Loc where = Loc::current());
// (x - mean) / sqrt(variance + eps) over the last axis, then * scale + bias.
Tensor layer_norm(const Tensor& x, Arg scale, Arg bias, double eps = 1e-5, Loc where = Loc::current());
Tensor layer_norm(const Tensor& x, double eps = 1e-5, Loc where = Loc::current());
// x / sqrt(mean of squares + eps) over the last axis, then * scale.
Tensor rms_norm(const Tensor& x, Arg scale, double eps = 1e-6, Loc where = Loc::current());
Tensor relu(const Tensor& x, Loc where = Loc::current());
Tensor silu(const Tensor& x, Loc where = Loc::current());      // x * sigmoid(x)
Tensor gelu(const Tensor& x, Loc where = Loc::current());      // the tanh form
Tensor gelu_erf(const Tensor& x, Loc where = Loc::current());

// Products. Sums run as the laws say for dot.
Tensor matmul(const Tensor& x, const Tensor& y, Loc where = Loc::current());  // NumPy's: batch axes broadcast
Tensor dot(const Tensor& x, const Tensor& y, Loc where = Loc::current());     // last axis of x with the first of y
struct DotAxes {
  std::vector<int64_t> lhs = {}, rhs = {};              // contracted, pairwise
  std::vector<int64_t> batch_lhs = {}, batch_rhs = {};  // shared, pairwise
};
// Result axes: batch, free axes of x, free axes of y.
Tensor tensordot(const Tensor& x, const Tensor& y, const DotAxes& axes, Loc where = Loc::current());

// Making tensors.
Tensor full_number(Shape shape, detail::Number64 value, Loc where);
Tensor iota(Shape shape, DType t, int axis = -1, Loc where = Loc::current());  // 0, 1, 2, ... along an axis
Tensor arange_number(detail::Number64 start, detail::Number64 stop, detail::Number64 step, Loc where);
Tensor linspace_number(detail::Number64 start, detail::Number64 stop, int64_t n, Loc where);

template <Number T>
Tensor full(Shape shape, T value, Loc where = Loc::current()) {
  return full_number(std::move(shape), detail::number64(value), where);
}
Tensor full(Shape shape, const Tensor& value, Loc where = Loc::current());  // value has rank 0
Tensor zeros(Shape shape, DType t, Loc where = Loc::current());
Tensor ones(Shape shape, DType t, Loc where = Loc::current());
template <Number T = float>
Tensor zeros(Shape shape, Loc where = Loc::current()) {
  return zeros(std::move(shape), dtype_of<T>(), where);
}
template <Number T = float>
Tensor ones(Shape shape, Loc where = Loc::current()) {
  return ones(std::move(shape), dtype_of<T>(), where);
}
Tensor full_like(const Tensor& x, Arg value, Loc where = Loc::current());
Tensor zeros_like(const Tensor& x, Loc where = Loc::current());
Tensor ones_like(const Tensor& x, Loc where = Loc::current());
// start + i * step while that is below stop (above it for a negative step).
template <Number T>
Tensor arange(T stop, Loc where = Loc::current()) {
  return arange_number(detail::number64(T{0}), detail::number64(stop), detail::number64(T{1}), where);
}
template <Number T>
Tensor arange(T start, T stop, T step = T{1}, Loc where = Loc::current()) {
  return arange_number(detail::number64(start), detail::number64(stop), detail::number64(step), where);
}
// n numbers from start to stop, both included.
template <Number T>
  requires is_floating_v<T>
Tensor linspace(T start, T stop, int64_t n, Loc where = Loc::current()) {
  return linspace_number(detail::number64(start), detail::number64(stop), n, where);
}

// Literals: array({1.f, 2.f}), array({{1, 2}, {3, 4}}); rows must be of one length.
namespace detail {
template <Number T>
void put_literal(std::vector<std::byte>& out, T v) {
  const auto* p = reinterpret_cast<const std::byte*>(&v);
  out.insert(out.end(), p, p + sizeof v);
}
// Appends the rows, noting the extents of each level; ragged ones make extents differ, which is an Error.
template <class T>
void put_literal(std::vector<std::byte>& out, std::vector<int64_t>& extents, size_t depth, bool& ragged,
                 std::initializer_list<T> list) {
  const auto n = static_cast<int64_t>(list.size());
  if (extents.size() <= depth) extents.push_back(n);
  ragged |= extents[depth] != n;
  for (const T& e : list) {
    if constexpr (Number<T>) put_literal(out, e);
    else put_literal(out, extents, depth + 1, ragged, e);
  }
}
Tensor make_literal(DType t, const std::vector<std::byte>& data, std::vector<int64_t> extents, bool ragged, Loc where);
template <class T, class List>
Tensor literal(const List& list, Loc where) {
  std::vector<std::byte> data;
  std::vector<int64_t> extents;
  bool ragged = false;
  put_literal(data, extents, 0, ragged, list);
  return make_literal(dtype_of<T>(), data, std::move(extents), ragged, where);
}
}  // namespace detail

template <Number T>
Tensor array(std::initializer_list<T> v, Loc where = Loc::current()) {
  return detail::literal<T>(v, where);
}
template <Number T>
Tensor array(std::initializer_list<std::initializer_list<T>> v, Loc where = Loc::current()) {
  return detail::literal<T>(v, where);
}
template <Number T>
Tensor array(std::initializer_list<std::initializer_list<std::initializer_list<T>>> v, Loc where = Loc::current()) {
  return detail::literal<T>(v, where);
}
template <Number T>
Tensor array(std::initializer_list<std::initializer_list<std::initializer_list<std::initializer_list<T>>>> v, Loc where = Loc::current()) {
  return detail::literal<T>(v, where);
}

// Shapes.
Tensor reshape(const Tensor& x, const std::vector<int64_t>& shape, Loc where = Loc::current());  // one may be -1
Tensor permute(const Tensor& x, const std::vector<int64_t>& order, Loc where = Loc::current());
Tensor transpose(const Tensor& x, Loc where = Loc::current());  // swaps the last two axes
Tensor transpose(const Tensor& x, int a, int b, Loc where = Loc::current());
Tensor squeeze(const Tensor& x, Axes axes = {}, Loc where = Loc::current());  // drops axes of extent 1
Tensor expand_dims(const Tensor& x, int axis, Loc where = Loc::current());
Tensor broadcast_to(const Tensor& x, const Shape& shape, Loc where = Loc::current());
Tensor ravel(const Tensor& x, Loc where = Loc::current());

// Parts and joints.
Tensor slice_axis(const Tensor& x, int axis, Slice range, Loc where = Loc::current());
Tensor concatenate(std::span<const Tensor> parts, int axis = 0, Loc where = Loc::current());
Tensor stack(std::span<const Tensor> parts, int axis = 0, Loc where = Loc::current());
inline Tensor concatenate(std::initializer_list<Tensor> parts, int axis = 0, Loc where = Loc::current()) {
  return concatenate(std::span<const Tensor>(parts.begin(), parts.size()), axis, where);
}
inline Tensor stack(std::initializer_list<Tensor> parts, int axis = 0, Loc where = Loc::current()) {
  return stack(std::span<const Tensor>(parts.begin(), parts.size()), axis, where);
}
std::vector<Tensor> split(const Tensor& x, int64_t parts, int axis = 0, Loc where = Loc::current());  // equal parts
std::vector<Tensor> split(const Tensor& x, const std::vector<int64_t>& sizes, int axis = 0, Loc where = Loc::current());
// low[k] elements of value before axis k and high[k] after it.
Tensor pad(const Tensor& x, const std::vector<int64_t>& low, const std::vector<int64_t>& high, Arg value = 0,
           Loc where = Loc::current());
Tensor reverse(const Tensor& x, Axes axes = {}, Loc where = Loc::current());
inline Tensor flip(const Tensor& x, Axes axes = {}, Loc where = Loc::current()) { return reverse(x, std::move(axes), where); }
// Slices of x along an axis at integer indices, whose axes take the axis's place. Negatives count from
// the end; what is still outside is clamped.
Tensor gather(const Tensor& x, const Tensor& index, int axis = 0, Loc where = Loc::current());
inline Tensor take(const Tensor& x, const Tensor& index, int axis = 0, Loc where = Loc::current()) {
  return gather(x, index, axis, where);
}

}  // namespace frit
