// Named compositions: what they compute is written here as a user would write it; their ops carry the
// user's place beside their own. f16 and bf16 are computed in f32.
#include "frontend/compute.h"
#include "frontend/place.h"
#include "frontend/request.h"
#include "frit/ops.h"

namespace frit {

std::vector<int64_t> sorted_axes(const Tensor& x, const Axes& axes, const char* op, Loc where);  // reduce.cpp

namespace {

void check_floating(const Tensor& x, const char* op, Loc where) {
  const detail::TensorImpl& t = detail::require(x, op, where);
  if (is_float(t.dtype)) return;
  throw Error(op, "takes floating-point types; the operand is " + detail::type_text(t), user_place(where), {}, "convert it first: x.to(frit::DType::f32)");
}

void check_rows(const Tensor& x, const char* op, Loc where) {
  check_floating(x, op, where);
  if (detail::impl(x)->shape.rank() == 0) throw Error(op, "takes a tensor with an axis; the operand has rank 0", user_place(where));
}

}  // namespace

Tensor softmax(const Tensor& x, Axes axes, Loc where) {
  check_floating(x, "softmax", where);
  const Axes list = sorted_axes(x, axes, "softmax", where);
  Composition here("softmax", where);
  const Tensor v = computed(x);
  const Tensor e = exp(v - max(v, list, true));
  return rounded(e * reciprocal(sum(e, list, true)), x);
}

Tensor log_softmax(const Tensor& x, Axes axes, Loc where) {
  check_floating(x, "log_softmax", where);
  const Axes list = sorted_axes(x, axes, "log_softmax", where);
  Composition here("log_softmax", where);
  const Tensor v = computed(x);
  return rounded(v - logsumexp(v, list, true), x);
}

Tensor layer_norm(const Tensor& x, double eps, Loc where) {
  check_rows(x, "layer_norm", where);
  Composition here("layer_norm", where);
  const Tensor v = computed(x);
  const Tensor d = v - mean(v, -1, true);
  return rounded(d * rsqrt(mean(square(d), -1, true) + eps), x);
}

Tensor layer_norm(const Tensor& x, Arg scale, Arg bias, double eps, Loc where) {
  check_rows(x, "layer_norm", where);
  Composition here("layer_norm", where);
  const Beside s(scale, x, "layer_norm"), b(bias, x, "layer_norm");
  const DType t = b.with(s.with(detail::impl(x)->dtype, "layer_norm"), "layer_norm");
  return rounded(add(mul(layer_norm(computed(x), eps), s.arg()), b.arg()), t);
}

Tensor rms_norm(const Tensor& x, Arg scale, double eps, Loc where) {
  check_rows(x, "rms_norm", where);
  Composition here("rms_norm", where);
  const Tensor v = computed(x);
  const Beside s(scale, x, "rms_norm");
  return rounded(mul(v * rsqrt(mean(square(v), -1, true) + eps), s.arg()), s.with(detail::impl(x)->dtype, "rms_norm"));
}

Tensor relu(const Tensor& x, Loc where) {
  detail::require(x, "relu", where);
  Composition here("relu", where);
  return maximum(x, 0);
}

Tensor silu(const Tensor& x, Loc where) {
  check_floating(x, "silu", where);
  Composition here("silu", where);
  const Tensor v = computed(x);
  return rounded(v * sigmoid(v), x);
}

Tensor gelu(const Tensor& x, Loc where) {
  check_floating(x, "gelu", where);
  Composition here("gelu", where);
  const Tensor v = computed(x);
  const Tensor inner = 0.7978845608028654 * (v + 0.044715 * v * v * v);
  return rounded(0.5 * v * (1.0 + tanh(inner)), x);
}

Tensor gelu_erf(const Tensor& x, Loc where) {
  check_floating(x, "gelu_erf", where);
  Composition here("gelu_erf", where);
  const Tensor v = computed(x);
  return rounded(0.5 * v * (1.0 + erf(v * 0.7071067811865476)), x);
}

}  // namespace frit
