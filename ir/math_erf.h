// erf: an odd polynomial up to 1, one polynomial above, to where the result rounds to 1.
#pragma once

#include "ir/math_common.h"

namespace frit::ir::math {

template <class X>
X erf(X x) {
  using T = typename X::type;
  const X a = abs(x);
  const X z = a * a;
  const X near = fma(a, polynomial(z, erf_p<T>), a);
  const X t = min(a, number(a, 3.93f, 5.93)) - number(a, static_cast<float>(erf_mid<float>), erf_mid<double>);
  return with_sign_of(x, select(lt(a, x.lit(T{1})), near, polynomial(t, erf_far<T>)));
}

}  // namespace frit::ir::math
