// erf: an odd polynomial up to erf_end; above, f64 one polynomial to where the result rounds to 1, f32
// 1 - g^2, g a polynomial for the root of what is missing to 1, which is shorter.
#pragma once

#include "ir/math_common.h"

namespace frit::ir::math {

// a + a p(z), z = a^2, or 1 - g(t)^2, t = a - 1, as b - s q: one polynomial is evaluated, with the
// coefficients of the lane's case.
template <class X>
X erf_f32(X x) {
  const X one = x.lit(1.0f);
  const X a = abs(x);
  const auto far = le(x.lit(erf_end<float>), a);
  const X u = select(far, min(a, x.lit(erf_one<float>)) - one, a * a);
  const X q = polynomial_of(far, u, erf_root<float>, erf_less<float>);
  return with_sign_of(x, fma(-select(far, q, a), q, select(far, one, a)));
}

template <class X>
X erf(X x) {
  using T = typename X::type;
  if constexpr (single<T>) {
    return erf_f32(x);
  } else {
    const X a = abs(x);
    const X z = a * a;
    const X near = fma(a, polynomial(z, erf_near<T>), a);
    const X t = min(a, x.lit(erf_one<T>)) - x.lit(erf_middle<T>);
    return with_sign_of(x, select(lt(a, x.lit(erf_end<T>)), near, polynomial(t, erf_far<T>)));
  }
}

}  // namespace frit::ir::math
