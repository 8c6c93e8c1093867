// Named compositions: what they compute is written here as a user would write it; their ops carry the
// user's place beside their own.
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
  Composition here(where);
  const Tensor e = exp(x - max(x, list, true));
  return e * reciprocal(sum(e, list, true));
}

Tensor log_softmax(const Tensor& x, Axes axes, Loc where) {
  check_floating(x, "log_softmax", where);
  const Axes list = sorted_axes(x, axes, "log_softmax", where);
  Composition here(where);
  return x - logsumexp(x, list, true);
}

Tensor layer_norm(const Tensor& x, double eps, Loc where) {
  check_rows(x, "layer_norm", where);
  Composition here(where);
  const Tensor d = x - mean(x, -1, true);
  return d * rsqrt(mean(square(d), -1, true) + eps);
}

Tensor layer_norm(const Tensor& x, Arg scale, Arg bias, double eps, Loc where) {
  check_rows(x, "layer_norm", where);
  Composition here(where);
  return add(mul(layer_norm(x, eps), scale), bias);
}

Tensor rms_norm(const Tensor& x, Arg scale, double eps, Loc where) {
  check_rows(x, "rms_norm", where);
  Composition here(where);
  return mul(x * rsqrt(mean(square(x), -1, true) + eps), scale);
}

Tensor relu(const Tensor& x, Loc where) {
  detail::require(x, "relu", where);
  Composition here(where);
  return maximum(x, 0);
}

Tensor silu(const Tensor& x, Loc where) {
  check_floating(x, "silu", where);
  Composition here(where);
  return x * sigmoid(x);
}

Tensor gelu(const Tensor& x, Loc where) {
  check_floating(x, "gelu", where);
  Composition here(where);
  const Tensor inner = 0.7978845608028654 * (x + 0.044715 * x * x * x);
  return 0.5 * x * (1.0 + tanh(inner));
}

Tensor gelu_erf(const Tensor& x, Loc where) {
  check_floating(x, "gelu_erf", where);
  Composition here(where);
  return 0.5 * x * (1.0 + erf(x * 0.7071067811865476));
}

}  // namespace frit
