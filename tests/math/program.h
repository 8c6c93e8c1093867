// Runs a recorded scalar program on plain numbers, node by node. Only the primitives that the
// elementary functions use.
#pragma once

#include <cstring>
#include <stdexcept>
#include <vector>

#include "ir/expr.h"
#include "ir/num.h"

namespace frit::math_test {

namespace detail {

using frit::DType;
using ir::Num;
using ir::Prim;
using ir::PrimNode;

template <class T>
Num<T> get(const std::vector<uint64_t>& v, int id) {
  Num<T> n;
  std::memcpy(&n.v, &v[id], sizeof(T));
  return n;
}
template <class T>
uint64_t bits(Num<T> n) {
  uint64_t u = 0;
  std::memcpy(&u, &n.v, sizeof(T));
  return u;
}

// fn called with a number of the type, as its argument alone.
template <class F>
uint64_t with_type(DType t, F fn) {
  switch (t) {
    case DType::f32: return fn(float{});
    case DType::f64: return fn(double{});
    case DType::i32: return fn(int32_t{});
    case DType::i64: return fn(int64_t{});
    case DType::boolean: return fn(bool{});
    default: throw std::logic_error("a type that no formula uses");
  }
}

template <class T>
uint64_t step(const PrimNode& n, const std::vector<uint64_t>& v) {
  const auto a = [&] { return get<T>(v, n.a); };
  const auto b = [&] { return get<T>(v, n.b); };
  if constexpr (!std::is_same_v<T, bool>) {
    switch (n.prim) {
      case Prim::add: return bits(a() + b());
      case Prim::sub: return bits(a() - b());
      case Prim::mul: return bits(a() * b());
      case Prim::neg: return bits(-a());
      case Prim::min: return bits(min(a(), b()));
      case Prim::max: return bits(max(a(), b()));
      case Prim::eq: return bits(eq(a(), b()));
      case Prim::ne: return bits(ne(a(), b()));
      case Prim::lt: return bits(lt(a(), b()));
      case Prim::le: return bits(le(a(), b()));
      default: break;
    }
  }
  if constexpr (std::is_floating_point_v<T>) {
    switch (n.prim) {
      case Prim::div: return bits(a() / b());
      case Prim::fma: return bits(fma(a(), b(), get<T>(v, n.c)));
      case Prim::sqrt: return bits(sqrt(a()));
      case Prim::abs: return bits(abs(a()));
      case Prim::rint: return bits(rint(a()));
      default: break;
    }
  } else {
    switch (n.prim) {
      case Prim::bit_and: return bits(a() & b());
      case Prim::bit_or: return bits(a() | b());
      case Prim::bit_xor: return bits(a() ^ b());
      case Prim::bit_not: return bits(~a());
      default: break;
    }
    if constexpr (!std::is_same_v<T, bool>) {
      if (n.prim == Prim::shl) return bits(shl(a(), b()));
      if (n.prim == Prim::shr) return bits(shr(a(), b()));
    }
  }
  throw std::logic_error("a primitive that no formula uses");
}

}  // namespace detail

template <class T>
T run(const ir::ScalarProgram& p, T x, T y) {
  using namespace detail;
  std::vector<uint64_t> v;
  for (const PrimNode& n : p.nodes) {
    switch (n.prim) {
      case Prim::arg: v.push_back(bits(Num<T>{n.imm ? y : x})); break;
      case Prim::constant: v.push_back(n.imm); break;
      case Prim::select: v.push_back(get<bool>(v, n.a).v ? v[n.b] : v[n.c]); break;
      case Prim::scale: v.push_back(bits(scale(get<float>(v, n.a), get<float>(v, n.b), get<float>(v, n.c)))); break;
      case Prim::lookup: v.push_back(bits(lookup(get<int32_t>(v, n.a), ir::RowPlace::of(n.imm)))); break;
      case Prim::bitcast: v.push_back(v[n.a]); break;  // the bits of a NaN must not matter
      case Prim::cast:
        v.push_back(with_type(n.from, [&](auto from) {
          return with_type(n.dtype, [&](auto to) { return bits(ir::cast<decltype(to)>(get<decltype(from)>(v, n.a))); });
        }));
        break;
      default: v.push_back(with_type(n.dtype, [&](auto t) { return step<decltype(t)>(n, v); }));
    }
  }
  return get<T>(v, p.result).v;
}

}  // namespace frit::math_test
