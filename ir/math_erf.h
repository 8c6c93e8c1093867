// erf: f32 in segments, in the first of which a is added at the end, since the slope is no number of f32. f64 an odd
// polynomial up to erf_end, above one polynomial to where the result rounds to 1.
#pragma once

#include "ir/math_common.h"

namespace frit::ir::math {

template <class X>
X erf(X x) {
  using T = typename X::type;
  const X a = abs(x);
  if constexpr (single<T>) {
    const X c = min(a, x.lit(erf_one<T>));
    const Segments<X> s(c, Table::erf_segments);
    return with_sign_of(x, s.add_to(select(s.first(), c, s.c0())));
  } else {
    const X z = a * a;
    const X near = fma(a, polynomial(z, erf_near<T>), a);
    const X t = min(a, x.lit(erf_one<T>)) - x.lit(erf_middle<T>);
    return with_sign_of(x, select(lt(a, x.lit(erf_end)), near, polynomial(t, erf_far<T>)));
  }
}

}  // namespace frit::ir::math
