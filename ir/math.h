// Elementary functions as formulas over the scalar primitives, for f32 and f64 (LAWS.md, 8).
// X is Num<float|double> or Expr<float|double>. No branches: selects only, and every lane is defined.
// docs/accuracy.md has the measured worst errors and the primitives each function takes.
#pragma once

#include "ir/math_erf.h"
#include "ir/math_exp.h"
#include "ir/math_fast.h"
#include "ir/math_log.h"
#include "ir/math_pow.h"
#include "ir/math_trig.h"

namespace frit::ir::math {

// 1 / sqrt(x) and one Newton step, which takes back both roundings; x y^2 - 1 needs the exact product.
template <class X>
X rsqrt(X x) {
  using T = typename X::type;
  const X y = x.lit(T{1}) / sqrt(x);
  const X p = x * y;
  const X h = fma(-fma(x, y, -p), y, fma(-p, y, x.lit(T{1})));
  const X z = fma(y * x.lit(T{0.5}), h, y);
  return select(eq(z, z), z, y);  // 0 and inf give NaN above
}

}  // namespace frit::ir::math
