// What the tests of the frontend share: special values of every type, comparison of bits.
#pragma once

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "frit/frit.h"

namespace help {

// Empty if both have the type, shape and bits (NaNs being one value) of each other.
inline std::string first_difference(const frit::Tensor& got, const frit::Tensor& want) {
  auto type = [](const frit::Tensor& t) { return std::string(frit::name(t.dtype())) + t.shape().str(); };
  if (got.dtype() != want.dtype() || got.shape() != want.shape()) return type(got) + " instead of " + type(want);
  auto compare = [&]<class T>(T) -> std::string {
    const auto a = got.span<T>(), b = want.span<T>();
    for (size_t i = 0; i < a.size(); ++i) {
      if (std::memcmp(&a[i], &b[i], sizeof(T)) == 0) continue;
      if constexpr (frit::is_floating_v<T>)
        if (a[i] != a[i] && b[i] != b[i]) continue;
      return "element " + std::to_string(i) + ": " + std::to_string(static_cast<double>(a[i])) + " instead of " + std::to_string(static_cast<double>(b[i]));
    }
    return "";
  };
  switch (got.dtype()) {
#define FRIT_X(id, name, type, kind) \
  case frit::DType::id: return compare(type{});
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  return "no such type";
}

template <class T>
std::vector<T> specials() {
  using L = std::numeric_limits<T>;
  if constexpr (std::is_same_v<T, bool>) return {};
  else if constexpr (frit::is_floating_v<T>)
    return {T(0), -T(0), T(1), T(-1), T(0.5), T(-2.5), T(3), T(1e-3), T(100.75), T(-88), L::infinity(), -L::infinity(), L::quiet_NaN(),
            L::max(), L::lowest(), L::min(), L::denorm_min(), -L::denorm_min(), T(2147483648.0), T(-4294967296.0), T(1.0000001), T(2.5)};
  else
    return {0, 1, 2, 3, 7, 31, 32, 63, 64, 100, static_cast<T>(-1), static_cast<T>(-2), static_cast<T>(-7), L::max(), L::min(),
            static_cast<T>(L::max() / 2), static_cast<T>(0x55555555), static_cast<T>(1) << (sizeof(T) * 8 - 1)};
}

// The bytes of the special values of a type.
inline std::vector<std::byte> special_values(frit::DType t) {
  auto bytes = []<class T>(T) {
    std::vector<std::byte> out;
    if constexpr (std::is_same_v<T, bool>) {
      out = {std::byte{0}, std::byte{1}};
    } else {
      const std::vector<T> v = specials<T>();
      out.resize(v.size() * sizeof(T));
      std::memcpy(out.data(), v.data(), out.size());
    }
    return out;
  };
  switch (t) {
#define FRIT_X(id, name, type, kind) \
  case frit::DType::id: return bytes(type{});
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  return {};
}

inline frit::Tensor random(frit::Shape shape, unsigned seed = 1) {
  std::mt19937 g(seed);
  std::vector<float> v(static_cast<size_t>(shape.count()));
  for (float& x : v) x = static_cast<float>(static_cast<int>(g() % 4001) - 2000) / 512.f;
  return frit::Tensor::copy(v, shape);
}

// Whether functions are interpreted (FRIT_ENGINE=interp): then nothing is launched.
inline bool interpreted() {
  const char* e = std::getenv("FRIT_ENGINE");
  return e && std::string(e) == "interp";
}

// The Error that f throws; one with the message "no error" if there is none.
template <class F>
frit::Error error_of(F&& f) {
  try {
    f();
  } catch (const frit::Error& e) {
    return e;
  }
  return frit::Error("", "no error");
}

}  // namespace help
