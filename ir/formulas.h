// The value of every elementwise op as a formula over the scalar primitives: one template, called
// with Num (interpreter, folding) and Expr (code generation). X is Num<T> or Expr<T>; X::type is T;
// x.lit(2.0f) is a constant. The names are those of the op table.
#pragma once

#include <limits>

#include "ir/expr.h"
#include "ir/math.h"
#include "ir/num.h"

namespace frit::ir::formulas {

template <class X> X add(X x, X y) { return x + y; }
template <class X> X sub(X x, X y) { return x - y; }
template <class X> X mul(X x, X y) { return x * y; }
template <class X> X div(X x, X y) { return x / y; }
template <class X> X rem(X x, X y) { return ir::rem(x, y); }
template <class X> X neg(X x) { return -x; }
template <class X> X abs(X x) { return ir::abs(x); }
template <class X> X sign(X x) {
  using T = typename X::type;
  const X zero = x.lit(T{0}), one = x.lit(T{1});
  if constexpr (std::is_unsigned_v<T>) return select(lt(zero, x), one, zero);
  else return select(lt(zero, x), one, select(lt(x, zero), x.lit(T{-1}), x));
}
template <class X> X fma(X x, X y, X z) { return ir::fma(x, y, z); }
template <class X> X maximum(X x, X y) { return ir::max(x, y); }
template <class X> X minimum(X x, X y) { return ir::min(x, y); }
template <class X> X clamp(X x, X lo, X hi) { return ir::min(ir::max(x, lo), hi); }
template <class X> X square(X x) { return x * x; }
template <class X> X reciprocal(X x) { return x.lit(typename X::type{1}) / x; }
template <class X> X floor(X x) { return ir::floor(x); }
template <class X> X ceil(X x) { return ir::ceil(x); }
template <class X> X trunc(X x) { return ir::trunc(x); }
template <class X> X round(X x) { return ir::rint(x); }
template <class X> X sqrt(X x) { return ir::sqrt(x); }
template <class X> X rsqrt(X x) { return math::rsqrt(x); }
template <class X> X exp(X x) { return math::exp(x); }
template <class X> X expm1(X x) { return math::expm1(x); }
template <class X> X log(X x) { return math::log(x); }
template <class X> X log1p(X x) { return math::log1p(x); }
template <class X> X sin(X x) { return math::sin(x); }
template <class X> X cos(X x) { return math::cos(x); }
template <class X> X tanh(X x) { return math::tanh(x); }
template <class X> X erf(X x) { return math::erf(x); }
template <class X> X sigmoid(X x) { return math::sigmoid(x); }
template <class X> X pow(X x, X y) { return math::pow(x, y); }
template <class X> X bit_not(X x) { return ~x; }
template <class X> X bit_and(X x, X y) { return x & y; }
template <class X> X bit_or(X x, X y) { return x | y; }
template <class X> X bit_xor(X x, X y) { return x ^ y; }
template <class X> X shift_left(X x, X n) { return shl(x, n); }
template <class X> X shift_right(X x, X n) { return shr(x, n); }
template <class X> auto eq(X x, X y) { return ir::eq(x, y); }
template <class X> auto ne(X x, X y) { return ir::ne(x, y); }
template <class X> auto lt(X x, X y) { return ir::lt(x, y); }
template <class X> auto le(X x, X y) { return ir::le(x, y); }
template <class X> auto gt(X x, X y) { return ir::lt(y, x); }
template <class X> auto ge(X x, X y) { return ir::le(y, x); }
template <class X> auto is_nan(X x) { return ir::ne(x, x); }
template <class X> auto is_finite(X x) {
  return ir::lt(ir::abs(x), x.lit(std::numeric_limits<typename X::type>::infinity()));
}
template <class P, class X> X where(P p, X x, X y) { return select(p, x, y); }

}  // namespace frit::ir::formulas
