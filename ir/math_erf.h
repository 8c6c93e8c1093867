// erf: an odd polynomial up to erf_end, one polynomial above, to where the result rounds to 1.
#pragma once

#include "ir/math_common.h"

namespace frit::ir::math {

template <class X>
X erf(X x) {
  using T = typename X::type;
  const X a = abs(x);
  const X z = a * a;
  const X near = fma(a, polynomial(z, erf_near<T>), a);
  const X t = min(a, x.lit(erf_one<T>)) - x.lit(erf_middle<T>);
  return with_sign_of(x, select(lt(a, x.lit(erf_end<T>)), near, polynomial(t, erf_far<T>)));
}

}  // namespace frit::ir::math
