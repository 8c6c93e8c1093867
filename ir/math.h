// Elementary functions as formulas over the scalar primitives, for f32 and f64.
// X is Num<float|double> or Expr<float|double>. No branches: selects only.
// The measured worst errors stand in docs/accuracy.md.
#pragma once

#include "ir/expr.h"
#include "ir/num.h"

namespace frit::ir::math {

// PLACEHOLDER bodies are being replaced function by function.
template <class X> X rsqrt(X x) { return x.lit(typename X::type{1}) / sqrt(x); }
template <class X> X exp(X x) { return x; }
template <class X> X expm1(X x) { return x; }
template <class X> X log(X x) { return x; }
template <class X> X log1p(X x) { return x; }
template <class X> X sin(X x) { return x; }
template <class X> X cos(X x) { return x; }
template <class X> X tanh(X x) { return x; }
template <class X> X erf(X x) { return x; }
template <class X> X sigmoid(X x) { return x; }
template <class X> X pow(X x, X) { return x; }

}  // namespace frit::ir::math
