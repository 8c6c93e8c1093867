// The scalar primitives on plain numbers: the reference meaning of Prim, written for clarity.
// Compiled with contraction off and the default rounding mode (LAWS.md, 2 and 3).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "frit/half.h"
#include "ir/lookup.h"

namespace frit::ir {

// A number of type T with the arithmetic of LAWS.md. Formulas are templates over Num and Expr.
template <class T>
struct Num {
  using type = T;
  template <class U>
  using rebind = Num<U>;
  T v{};
  template <class U>
  Num<U> lit(U u) const { return {u}; }
};

namespace detail {
template <class T>
using wide_unsigned = std::conditional_t<sizeof(T) <= 4, uint32_t, uint64_t>;

template <class T>
T wrap(wide_unsigned<T> u) { return static_cast<T>(static_cast<std::make_unsigned_t<T>>(u)); }

template <class T>
constexpr bool is_float = std::is_floating_point_v<T>;

template <class T>
T canonical(T v) {
  if constexpr (is_floating_v<T>) return v != v ? std::numeric_limits<T>::quiet_NaN() : v;
  else return v;
}
}  // namespace detail

#define FRIT_WRAPPING(sym)                                                                    \
  template <class T>                                                                          \
  Num<T> operator sym(Num<T> a, Num<T> b) {                                                   \
    if constexpr (detail::is_float<T>) return {static_cast<T>(a.v sym b.v)};                  \
    else return {detail::wrap<T>(static_cast<detail::wide_unsigned<T>>(a.v) sym static_cast<detail::wide_unsigned<T>>(b.v))}; \
  }
FRIT_WRAPPING(+)
FRIT_WRAPPING(-)
FRIT_WRAPPING(*)
#undef FRIT_WRAPPING

template <class T>
Num<T> operator-(Num<T> a) {
  if constexpr (detail::is_float<T>) return {-a.v};
  else return {detail::wrap<T>(detail::wide_unsigned<T>{0} - static_cast<detail::wide_unsigned<T>>(a.v))};
}

template <class T>
Num<T> operator/(Num<T> a, Num<T> b) {
  if constexpr (detail::is_float<T>) {
    return {a.v / b.v};
  } else {
    if (b.v == 0) return {static_cast<T>(~T{0})};
    if constexpr (std::is_signed_v<T>)
      if (b.v == T{-1}) return -a;
    return {static_cast<T>(a.v / b.v)};
  }
}

template <class T>
Num<T> rem(Num<T> a, Num<T> b) {
  static_assert(!detail::is_float<T>);
  if (b.v == 0) return a;
  if constexpr (std::is_signed_v<T>)
    if (b.v == T{-1}) return {T{0}};
  return {static_cast<T>(a.v % b.v)};
}

template <class T>
Num<T> fma(Num<T> a, Num<T> b, Num<T> c) { return {std::fma(a.v, b.v, c.v)}; }
template <class T>
Num<T> sqrt(Num<T> a) { return {std::sqrt(a.v)}; }
template <class T>
Num<T> floor(Num<T> a) { return {std::floor(a.v)}; }
template <class T>
Num<T> ceil(Num<T> a) { return {std::ceil(a.v)}; }
template <class T>
Num<T> trunc(Num<T> a) { return {std::trunc(a.v)}; }
template <class T>
Num<T> rint(Num<T> a) { return {std::nearbyint(a.v)}; }

// In the place of a GPU's approximations, as exact as f32 allows; 0 where they give 0 (scalar_program.h).
template <class T>
Num<T> approx_exp2(Num<T> a) {
  const auto y = static_cast<T>(std::exp2(static_cast<double>(a.v)));
  return {y < std::numeric_limits<T>::min() ? T{0} : y};
}
template <class T>
Num<T> approx_div(Num<T> a, Num<T> b) { return a / b; }
template <class T>
Num<T> approx_rcp(Num<T> a) {
  const T y = T{1} / a.v;
  return {std::fabs(y) < std::numeric_limits<T>::min() ? std::copysign(T{0}, y) : y};
}
template <class T>
Num<T> approx_sqrt(Num<T> a) { return sqrt(a); }
template <class T>
Num<T> approx_rsqrt(Num<T> a) { return {T{1} / std::sqrt(a.v)}; }

template <class T>
Num<T> abs(Num<T> a) {
  if constexpr (detail::is_float<T>) return {std::fabs(a.v)};
  else if constexpr (std::is_signed_v<T>) return a.v < 0 ? -a : a;
  else return a;
}

template <class T>
Num<T> max(Num<T> a, Num<T> b) {
  if constexpr (detail::is_float<T>) {
    if (a.v != a.v || b.v != b.v) return {std::numeric_limits<T>::quiet_NaN()};
    if (a.v == b.v) return std::signbit(a.v) ? b : a;
  }
  return a.v < b.v ? b : a;
}
template <class T>
Num<T> min(Num<T> a, Num<T> b) {
  if constexpr (detail::is_float<T>) {
    if (a.v != a.v || b.v != b.v) return {std::numeric_limits<T>::quiet_NaN()};
    if (a.v == b.v) return std::signbit(a.v) ? a : b;
  }
  return b.v < a.v ? b : a;
}

inline Num<float> scale(Num<float> x, Num<float> n, Num<float>) {
  if (x.v != x.v) return x;
  return {std::ldexp(x.v, static_cast<int>(std::floor(n.v)))};
}
inline Num<float> lookup(Num<int32_t> at, RowPlace place) { return {place.numbers()[static_cast<size_t>(at.v) % std::tuple_size_v<Row>]}; }

template <class T>
Num<bool> eq(Num<T> a, Num<T> b) { return {a.v == b.v}; }
template <class T>
Num<bool> ne(Num<T> a, Num<T> b) { return {a.v != b.v}; }
template <class T>
Num<bool> lt(Num<T> a, Num<T> b) { return {a.v < b.v}; }
template <class T>
Num<bool> le(Num<T> a, Num<T> b) { return {a.v <= b.v}; }

template <class T>
Num<T> operator~(Num<T> a) {
  if constexpr (std::is_same_v<T, bool>) return {!a.v};
  else return {static_cast<T>(~a.v)};
}
template <class T>
Num<T> operator&(Num<T> a, Num<T> b) { return {static_cast<T>(a.v & b.v)}; }
template <class T>
Num<T> operator|(Num<T> a, Num<T> b) { return {static_cast<T>(a.v | b.v)}; }
template <class T>
Num<T> operator^(Num<T> a, Num<T> b) { return {static_cast<T>(a.v ^ b.v)}; }

template <class T>
Num<T> shl(Num<T> a, Num<T> count) {
  constexpr uint64_t width = sizeof(T) * 8;
  if (static_cast<uint64_t>(count.v) >= width) return {T{0}};  // a negative count converts to a large one
  return {detail::wrap<T>(static_cast<detail::wide_unsigned<T>>(a.v) << count.v)};
}
template <class T>
Num<T> shr(Num<T> a, Num<T> count) {
  constexpr uint64_t width = sizeof(T) * 8;
  if (static_cast<uint64_t>(count.v) >= width) return {static_cast<T>(std::is_signed_v<T> && a.v < T{0} ? -1 : 0)};
  return {static_cast<T>(a.v >> count.v)};
}

template <class T>
Num<T> select(Num<bool> p, Num<T> a, Num<T> b) { return p.v ? a : b; }

// LAWS.md, 6: between a 16-bit type and any other the way leads through f32.
template <class U, class T>
Num<U> cast(Num<T> a) {
  if constexpr (std::is_same_v<U, T>) {
    return a;
  } else if constexpr ((is_half_v<T> && !std::is_same_v<U, float>) || (is_half_v<U> && !std::is_same_v<T, float>)) {
    return cast<U>(cast<float>(a));
  } else if constexpr (std::is_same_v<U, bool>) {
    return {a.v != T{0}};
  } else if constexpr (detail::is_float<T> && !is_floating_v<U>) {
    if (a.v != a.v) return {U{0}};
    // 2^digits is the first value above the range; it and the least value are exact in T.
    const T above = std::ldexp(T{1}, std::numeric_limits<U>::digits);
    if (a.v >= above) return {std::numeric_limits<U>::max()};
    if (a.v < static_cast<T>(std::numeric_limits<U>::min())) return {std::numeric_limits<U>::min()};
    return {static_cast<U>(a.v)};
  } else {
    return {static_cast<U>(a.v)};
  }
}

template <class U, class T>
Num<U> bitcast(Num<T> a) {
  return {std::bit_cast<U>(detail::canonical(a.v))};
}
// For formulas whose result does not depend on the bits of a NaN.
template <class U, class T>
Num<U> bitcast_any(Num<T> a) {
  return {std::bit_cast<U>(a.v)};
}

}  // namespace frit::ir
