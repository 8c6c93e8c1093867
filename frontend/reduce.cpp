// Reductions: the user's axes become runs of adjacent axes, innermost first, one IR reduction each
// (LAWS.md, 10); mean and variance by LAWS.md, 11.
#include <algorithm>

#include "frontend/compute.h"
#include "frontend/place.h"
#include "frontend/request.h"
#include "frontend/trace.h"
#include "frit/ops.h"

namespace frit {
namespace {

using ir::AttrName;
using ir::Op;

// Sorted axes in ints[1..], ints[0] whether the reduced axes stay.
ir::ValueId build_reduce(Builder& b) {
  ir::ValueId v = b.tensor(0);
  const ir::Type in = b.type(v);
  if (!ir::accepts(ir::info(b.request.op).types, in.dtype)) return b.reduce(b.request.op, v, {});  // its rule says why
  const auto ints = b.request.ints;
  std::vector<int64_t> axes(ints.begin() + 1, ints.end());
  const bool index = ir::info(b.request.op).result == ir::ResultRule::index;
  if (index) {
    if (in.rank() == 0) v = b.reshape(v, {1}), axes = {0};
    v = b.reduce(b.request.op, v, axes);
    if (in.rank() == 0) return b.reshape(v, {});
  } else if (axes.empty()) {
    return b.cast(v, ir::reduce_result(b.request.op, in.dtype));
  } else {
    for (size_t end = axes.size(); end > 0;) {
      size_t begin = end - 1;
      while (begin > 0 && axes[begin - 1] + 1 == axes[begin]) --begin;
      // Several sums of f16 or bf16 are one reduction: they round once, after the last.
      if (begin > 0 && ir::info(b.request.op).result == ir::ResultRule::accumulate) v = b.cast(v, compute_type(in.dtype));
      v = b.reduce(b.request.op, v, {axes.begin() + static_cast<std::ptrdiff_t>(begin), axes.begin() + static_cast<std::ptrdiff_t>(end)});
      end = begin;
    }
    if (is_half(in.dtype)) v = b.cast(v, ir::reduce_result(b.request.op, in.dtype));
  }
  if (ints[0]) return v;
  ir::Dims kept;
  for (int i = 0; i < in.rank(); ++i)
    if (!std::binary_search(axes.begin(), axes.end(), i)) kept.push_back(in.dims[static_cast<size_t>(i)]);
  return b.reshape(v, std::move(kept));
}

Tensor reduction(Op op, const Tensor& x, const std::vector<int64_t>& axes, bool keep, Loc where) {
  std::vector<int64_t> ints = {keep};
  ints.insert(ints.end(), axes.begin(), axes.end());
  const Arg args[] = {Arg(x, where)};
  return perform({op, build_reduce, args, ints, {}, where});
}

Tensor reduction(Op op, const Tensor& x, const Axes& axes, bool keep, Loc where);

}  // namespace

// The user's axes, counted from the front and sorted; Error for one that does not exist or stands twice.
std::vector<int64_t> sorted_axes(const Tensor& x, const Axes& axes, const char* op, Loc where) {
  const int rank = detail::require(x, op, where).shape.rank();
  std::vector<int64_t> out;
  if (axes.all()) {
    for (int i = 0; i < rank; ++i) out.push_back(i);
    return out;
  }
  for (int64_t a : axes.list()) out.push_back(check_axis(a, rank, op, where));
  std::sort(out.begin(), out.end());
  for (size_t i = 1; i < out.size(); ++i)
    if (out[i] == out[i - 1]) throw Error(called(op), "axis " + std::to_string(out[i]) + " is named twice", user_place(where));
  return out;
}

namespace {

Tensor reduction(Op op, const Tensor& x, const Axes& axes, bool keep, Loc where) {
  return reduction(op, x, sorted_axes(x, axes, ir::function_name(op), where), keep, where);
}

Tensor argument(Op op, const Tensor& x, std::optional<int> axis, bool keep, Loc where) {
  return reduction(op, x, axis ? Axes(*axis) : Axes(), keep, where);
}

// How many elements a reduction over these axes has, in the type of the result.
double extent(const Tensor& x, const std::vector<int64_t>& axes) {
  int64_t n = 1;
  for (int64_t a : axes) n *= x.shape()[static_cast<int>(a)];
  return static_cast<double>(n);
}

void check_floating(const Tensor& x, const char* op, Loc where) {
  const detail::TensorImpl& t = detail::require(x, op, where);
  if (is_float(t.dtype)) return;
  throw Error(op, "takes floating-point types; the operand is " + detail::type_text(t), user_place(where), {}, "convert it first: x.to(frit::DType::f32)");
}

// sum / n, n rounded to the type.
Tensor mean_over(const Tensor& x, const std::vector<int64_t>& axes, bool keep, Loc where) {
  return div(sum(x, Axes(axes), keep, where), extent(x, axes));
}

}  // namespace

Tensor sum(const Tensor& x, Axes axes, bool keep, Loc where) { return reduction(Op::reduce_sum, x, axes, keep, where); }
Tensor prod(const Tensor& x, Axes axes, bool keep, Loc where) { return reduction(Op::reduce_prod, x, axes, keep, where); }
Tensor max(const Tensor& x, Axes axes, bool keep, Loc where) { return reduction(Op::reduce_max, x, axes, keep, where); }
Tensor min(const Tensor& x, Axes axes, bool keep, Loc where) { return reduction(Op::reduce_min, x, axes, keep, where); }
Tensor any(const Tensor& x, Axes axes, bool keep, Loc where) { return reduction(Op::reduce_any, x, axes, keep, where); }
Tensor All::operator()(const Tensor& x, Axes axes, bool keep, Loc where) const { return reduction(Op::reduce_all, x, axes, keep, where); }
Tensor argmax(const Tensor& x, std::optional<int> axis, bool keep, Loc where) { return argument(Op::reduce_argmax, x, axis, keep, where); }
Tensor argmin(const Tensor& x, std::optional<int> axis, bool keep, Loc where) { return argument(Op::reduce_argmin, x, axis, keep, where); }

Tensor mean(const Tensor& x, Axes axes, bool keep, Loc where) {
  check_floating(x, "mean", where);
  const auto list = sorted_axes(x, axes, "mean", where);
  Composition here("mean", where);
  return rounded(mean_over(computed(x), list, keep, Loc::current()), x);
}

Tensor variance(const Tensor& x, Axes axes, bool keep, Loc where) {
  check_floating(x, "variance", where);
  const auto list = sorted_axes(x, axes, "variance", where);
  Composition here("variance", where);
  const Tensor v = computed(x);
  const Tensor d = v - mean_over(v, list, true, Loc::current());
  return rounded(mean_over(square(d), list, keep, Loc::current()), x);
}

Tensor logsumexp(const Tensor& x, Axes axes, bool keep, Loc where) {
  check_floating(x, "logsumexp", where);
  const auto list = sorted_axes(x, axes, "logsumexp", where);
  Composition here("logsumexp", where);
  const Tensor v = computed(x);
  const Tensor m = max(v, Axes(list), true);
  const Tensor shift = frit::where(is_finite(m), m, 0);
  const Tensor r = rounded(log(sum(exp(v - shift), Axes(list), true)) + shift, x);
  if (keep || list.empty()) return r;
  return squeeze(r, Axes(list));
}

}  // namespace frit
