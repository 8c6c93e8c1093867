// Named compositions on f16 and bf16 work in f32 inside and round once, at the end (LAWS.md, 7). On other
// types none of this does anything.
#pragma once

#include "frit/ops.h"
#include "frontend/request.h"

namespace frit {

inline Tensor computed(const Tensor& x) { return cast(x, compute_type(detail::impl(x)->dtype)); }
inline Tensor rounded(const Tensor& y, DType t) { return cast(y, t); }
inline Tensor rounded(const Tensor& y, const Tensor& x) { return rounded(y, detail::impl(x)->dtype); }

// A further operand of a composition on x. A weak number is rounded to the type of x first.
class Beside {
 public:
  Beside(const Arg& a, const Tensor& x, const char* op) : arg_(a) {
    const DType t = detail::impl(x)->dtype;
    if (a.tensor()) tensor_ = computed((detail::require(*a.tensor(), op, a.where()), *a.tensor()));
    else if (is_half(t)) arg_ = Arg(static_cast<float>(weak_number(a.number(), t, op, a.where()).to_double()), a.where());
  }
  Arg arg() const { return tensor_.has_value() ? Arg(tensor_, arg_.where()) : arg_; }
  // The common type of t and this operand.
  DType with(DType t, const char* op) const {
    return arg_.tensor() ? common_dtype(t, detail::impl(*arg_.tensor())->dtype, op, arg_.where()) : t;
  }

 private:
  Arg arg_;
  Tensor tensor_;
};

}  // namespace frit
