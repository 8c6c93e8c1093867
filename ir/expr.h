// The scalar primitives on expressions: calling a formula with Expr operands records it as a
// ScalarProgram. The same functions as in num.h, so that a formula is one template for both.
#pragma once

#include <cstring>
#include <map>
#include <tuple>

#include "ir/lookup.h"
#include "ir/scalar_program.h"

namespace frit::ir {

// Collects nodes; equal nodes are made once.
class Recorder {
 public:
  ScalarProgram program;
  int node(PrimNode n) {
    auto key = std::tuple(n.prim, n.dtype, n.from, n.a, n.b, n.c, n.imm);
    auto [it, fresh] = seen_.try_emplace(key, static_cast<int>(program.nodes.size()));
    if (fresh) program.nodes.push_back(n);
    return it->second;
  }

 private:
  std::map<std::tuple<Prim, DType, DType, int, int, int, uint64_t>, int> seen_;
};

template <class T>
struct Expr {
  using type = T;
  template <class U>
  using rebind = Expr<U>;
  Recorder* r = nullptr;
  int id = -1;

  template <class U>
  Expr<U> lit(U u) const {
    PrimNode n{Prim::constant, dtype_of<U>()};
    std::memcpy(&n.imm, &u, sizeof(U));
    return {r, r->node(n)};
  }
  static Expr arg(Recorder& r, int number) {
    PrimNode n{Prim::arg, dtype_of<T>()};
    n.imm = static_cast<uint64_t>(number);
    return {&r, r.node(n)};
  }
};

namespace detail {
template <class R, class A>
Expr<R> record(Prim p, DType t, Expr<A> a, int b = -1, int c = -1, DType from = DType::f32) {
  return {a.r, a.r->node(PrimNode{p, t, from, a.id, b, c, 0})};
}
}  // namespace detail

#define FRIT_UNARY(fn, prim) \
  template <class T>         \
  Expr<T> fn(Expr<T> a) { return detail::record<T>(Prim::prim, dtype_of<T>(), a); }
#define FRIT_BINARY(fn, prim) \
  template <class T>          \
  Expr<T> fn(Expr<T> a, Expr<T> b) { return detail::record<T>(Prim::prim, dtype_of<T>(), a, b.id); }
#define FRIT_COMPARE(fn) \
  template <class T>     \
  Expr<bool> fn(Expr<T> a, Expr<T> b) { return detail::record<bool>(Prim::fn, dtype_of<T>(), a, b.id); }
FRIT_UNARY(operator-, neg)
FRIT_UNARY(sqrt, sqrt)
FRIT_UNARY(abs, abs)
FRIT_UNARY(floor, floor)
FRIT_UNARY(ceil, ceil)
FRIT_UNARY(trunc, trunc)
FRIT_UNARY(rint, rint)
FRIT_UNARY(operator~, bit_not)
FRIT_UNARY(approx_exp2, approx_exp2)
FRIT_UNARY(approx_rcp, approx_rcp)
FRIT_UNARY(approx_sqrt, approx_sqrt)
FRIT_UNARY(approx_rsqrt, approx_rsqrt)
FRIT_BINARY(approx_div, approx_div)
FRIT_BINARY(operator+, add)
FRIT_BINARY(operator-, sub)
FRIT_BINARY(operator*, mul)
FRIT_BINARY(operator/, div)
FRIT_BINARY(rem, rem)
FRIT_BINARY(min, min)
FRIT_BINARY(max, max)
FRIT_BINARY(operator&, bit_and)
FRIT_BINARY(operator|, bit_or)
FRIT_BINARY(operator^, bit_xor)
FRIT_BINARY(shl, shl)
FRIT_BINARY(shr, shr)
FRIT_COMPARE(eq)
FRIT_COMPARE(ne)
FRIT_COMPARE(lt)
FRIT_COMPARE(le)
#undef FRIT_UNARY
#undef FRIT_BINARY
#undef FRIT_COMPARE

template <class T>
Expr<T> fma(Expr<T> a, Expr<T> b, Expr<T> c) {
  return detail::record<T>(Prim::fma, dtype_of<T>(), a, b.id, c.id);
}
template <class T>
Expr<T> select(Expr<bool> p, Expr<T> a, Expr<T> b) {
  return {p.r, p.r->node(PrimNode{Prim::select, dtype_of<T>(), DType::f32, p.id, a.id, b.id, 0})};
}
inline Expr<float> scale(Expr<float> x, Expr<float> n, Expr<float> t) { return detail::record<float>(Prim::scale, DType::f32, x, n.id, t.id); }
inline Expr<float> lookup(Expr<int32_t> at, RowPlace place) {
  return {at.r, at.r->node(PrimNode{Prim::lookup, DType::f32, DType::i32, at.id, -1, -1, place.imm()})};
}
template <class U, class T>
Expr<U> cast(Expr<T> a) {
  if constexpr (std::is_same_v<U, T>) return a;
  else if constexpr ((is_half_v<T> && !std::is_same_v<U, float>) || (is_half_v<U> && !std::is_same_v<T, float>)) return cast<U>(cast<float>(a));
  else return {a.r, a.r->node(PrimNode{Prim::cast, dtype_of<U>(), dtype_of<T>(), a.id, -1, -1, 0})};
}
template <class U, class T>
Expr<U> bitcast(Expr<T> a) {
  if constexpr (std::is_same_v<U, T>) return a;
  else return {a.r, a.r->node(PrimNode{Prim::bitcast, dtype_of<U>(), dtype_of<T>(), a.id, -1, -1, 0})};
}

template <class U, class T>
Expr<U> bitcast_any(Expr<T> a) {
  return {a.r, a.r->node(PrimNode{Prim::bitcast, dtype_of<U>(), dtype_of<T>(), a.id, -1, -1, 1})};
}

}  // namespace frit::ir
