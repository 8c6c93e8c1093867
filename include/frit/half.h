// The 16-bit floating-point types: f16 (IEEE binary16) and bf16 (the upper half of an f32). They hold
// bits and convert from and to float, nothing else: arithmetic on tensors of them is that of f32, rounded
// once an op. Conversions are integer code, so that no mode of the processor changes them: to nearest
// even, denormals kept, NaN becoming the one canonical NaN.
#pragma once

#include <bit>
#include <compare>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace frit {

struct f16 {
  uint16_t bits;

  f16() = default;
  explicit constexpr f16(float v) : bits(rounded(std::bit_cast<uint32_t>(v))) {}
  static constexpr f16 from_bits(uint16_t b) {
    f16 h{};
    h.bits = b;
    return h;
  }
  explicit constexpr operator float() const {
    const uint32_t sign = (bits & 0x8000u) << 16, exponent = (bits >> 10) & 31u, fraction = bits & 0x3ffu;
    if (exponent == 31) return std::bit_cast<float>(fraction ? 0x7fc00000u : sign | 0x7f800000u);
    if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(static_cast<float>(fraction) * 0x1p-24f));
  }
  explicit constexpr operator double() const { return static_cast<double>(static_cast<float>(*this)); }

  constexpr f16 operator-() const { return from_bits(bits ^ 0x8000u); }
  friend constexpr bool operator==(f16 a, f16 b) { return static_cast<float>(a) == static_cast<float>(b); }
  friend constexpr std::partial_ordering operator<=>(f16 a, f16 b) { return static_cast<float>(a) <=> static_cast<float>(b); }

 private:
  static constexpr uint16_t rounded(uint32_t u) {
    const uint32_t sign = u >> 16 & 0x8000u;
    uint32_t a = u & 0x7fffffffu;
    if (a > 0x7f800000u) return 0x7e00;
    if (a >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // from 65520 on
    if (a >= 0x38800000u) {  // normal, from 2^-14 on: another bias, 13 bits less
      a -= 112u << 23;
      return static_cast<uint16_t>(sign | (a + 0xfffu + (a >> 13 & 1u)) >> 13);
    }
    if (a < 0x33000000u) return static_cast<uint16_t>(sign);  // below 2^-25
    const uint32_t shift = 126 - (a >> 23);  // to multiples of 2^-24
    const uint32_t fraction = (a & 0x7fffffu) | 0x800000u;
    const uint32_t rest = fraction & ((1u << shift) - 1), half = 1u << (shift - 1);
    uint32_t q = fraction >> shift;
    q += rest > half || (rest == half && (q & 1u));
    return static_cast<uint16_t>(sign | q);
  }
};

struct bf16 {
  uint16_t bits;

  bf16() = default;
  explicit constexpr bf16(float v) : bits(rounded(std::bit_cast<uint32_t>(v))) {}
  static constexpr bf16 from_bits(uint16_t b) {
    bf16 h{};
    h.bits = b;
    return h;
  }
  explicit constexpr operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
  explicit constexpr operator double() const { return static_cast<double>(static_cast<float>(*this)); }

  constexpr bf16 operator-() const { return from_bits(bits ^ 0x8000u); }
  friend constexpr bool operator==(bf16 a, bf16 b) { return static_cast<float>(a) == static_cast<float>(b); }
  friend constexpr std::partial_ordering operator<=>(bf16 a, bf16 b) { return static_cast<float>(a) <=> static_cast<float>(b); }

 private:
  static constexpr uint16_t rounded(uint32_t u) {
    if ((u & 0x7fffffffu) > 0x7f800000u) return 0x7fc0;
    return static_cast<uint16_t>((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
  }
};

template <class T>
inline constexpr bool is_half_v = std::is_same_v<T, f16> || std::is_same_v<T, bf16>;
// The C++ types of floating-point elements.
template <class T>
inline constexpr bool is_floating_v = std::is_floating_point_v<T> || is_half_v<T>;
// The type in which a number of type T computes: float for the 16-bit types.
template <class T>
using compute_t = std::conditional_t<is_half_v<T>, float, T>;

}  // namespace frit

template <>
class std::numeric_limits<frit::f16> {
 public:
  static constexpr bool is_specialized = true, is_signed = true, is_integer = false, is_exact = false, is_iec559 = true;
  static constexpr bool has_infinity = true, has_quiet_NaN = true;
  static constexpr int digits = 11, max_digits10 = 5, max_exponent = 16, min_exponent = -13;
  static constexpr frit::f16 min() { return frit::f16::from_bits(0x0400); }
  static constexpr frit::f16 max() { return frit::f16::from_bits(0x7bff); }
  static constexpr frit::f16 lowest() { return frit::f16::from_bits(0xfbff); }
  static constexpr frit::f16 epsilon() { return frit::f16::from_bits(0x1400); }
  static constexpr frit::f16 denorm_min() { return frit::f16::from_bits(0x0001); }
  static constexpr frit::f16 infinity() { return frit::f16::from_bits(0x7c00); }
  static constexpr frit::f16 quiet_NaN() { return frit::f16::from_bits(0x7e00); }
};
template <>
class std::numeric_limits<frit::bf16> {
 public:
  static constexpr bool is_specialized = true, is_signed = true, is_integer = false, is_exact = false, is_iec559 = true;
  static constexpr bool has_infinity = true, has_quiet_NaN = true;
  static constexpr int digits = 8, max_digits10 = 4, max_exponent = 128, min_exponent = -125;
  static constexpr frit::bf16 min() { return frit::bf16::from_bits(0x0080); }
  static constexpr frit::bf16 max() { return frit::bf16::from_bits(0x7f7f); }
  static constexpr frit::bf16 lowest() { return frit::bf16::from_bits(0xff7f); }
  static constexpr frit::bf16 epsilon() { return frit::bf16::from_bits(0x3c00); }
  static constexpr frit::bf16 denorm_min() { return frit::bf16::from_bits(0x0001); }
  static constexpr frit::bf16 infinity() { return frit::bf16::from_bits(0x7f80); }
  static constexpr frit::bf16 quiet_NaN() { return frit::bf16::from_bits(0x7fc0); }
};
