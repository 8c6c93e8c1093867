// Element types and shapes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "frit/error.h"
#include "frit/half.h"

namespace frit {

// The table of element types: X(enumerator, name, C++ type, kind).
#define FRIT_DTYPES(X)            \
  X(boolean, "bool", bool, truth) \
  X(u8, "u8", uint8_t, unsigned_) \
  X(i32, "i32", int32_t, signed_) \
  X(u32, "u32", uint32_t, unsigned_) \
  X(i64, "i64", int64_t, signed_) \
  X(u64, "u64", uint64_t, unsigned_) \
  X(f16, "f16", frit::f16, floating)    \
  X(bf16, "bf16", frit::bf16, floating) \
  X(f32, "f32", float, floating)  \
  X(f64, "f64", double, floating)

enum class DType : uint8_t {
#define FRIT_X(id, name, type, kind) id,
  FRIT_DTYPES(FRIT_X)
#undef FRIT_X
};
inline constexpr int kDTypeCount = 10;

enum class TypeKind : uint8_t { truth, unsigned_, signed_, floating };

std::string_view name(DType t);             // "f32"
bool parse_dtype(std::string_view, DType&);  // false if there is no such type
int64_t size_of(DType t);                   // bytes of one element; bool takes 1
TypeKind kind_of(DType t);
inline bool is_float(DType t) { return kind_of(t) == TypeKind::floating; }
// f16 and bf16: stored in 16 bits, computed in f32 and rounded once an op.
inline bool is_half(DType t) { return t == DType::f16 || t == DType::bf16; }
// The type in which numbers of type t compute: f32 for f16 and bf16.
inline DType compute_type(DType t) { return is_half(t) ? DType::f32 : t; }
inline bool is_signed(DType t) { return kind_of(t) == TypeKind::signed_; }
inline bool is_integer(DType t) { return kind_of(t) == TypeKind::signed_ || kind_of(t) == TypeKind::unsigned_; }

// What a function's numbers promise. strict: the laws (docs/LAWS.md): the same bits however it is run. fast: the
// numbers within bounds that docs/accuracy.md states, and other bits on other devices: values of f16 and bf16 keep
// the digits of f32 until they are stored, also where a cast rounds them; a multiplication and an addition become
// one fma; divisions become multiplications by reciprocals; short formulas stand for exp, tanh, sigmoid, rsqrt and
// on GPUs for divisions and roots, whose results below 2^-125 may be 0. Sums keep their order.
enum class Numerics : uint8_t { strict, fast };

// The element type of a C++ type. `long` and `long long` are both i64; char is not a number here.
template <class T>
constexpr bool is_number_v = std::is_same_v<T, bool> || std::is_same_v<T, float> || std::is_same_v<T, double> || is_half_v<T> ||
                             (std::is_integral_v<T> && (sizeof(T) == 4 || sizeof(T) == 8)) ||
                             std::is_same_v<T, uint8_t>;
template <class T>
concept Number = is_number_v<std::remove_cv_t<T>>;

template <Number T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, bool>) return DType::boolean;
  else if constexpr (std::is_same_v<T, float>) return DType::f32;
  else if constexpr (std::is_same_v<T, double>) return DType::f64;
  else if constexpr (std::is_same_v<T, f16>) return DType::f16;
  else if constexpr (std::is_same_v<T, bf16>) return DType::bf16;
  else if constexpr (sizeof(T) == 1) return DType::u8;
  else if constexpr (sizeof(T) == 4) return std::is_signed_v<T> ? DType::i32 : DType::u32;
  else return std::is_signed_v<T> ? DType::i64 : DType::u64;
}

// Extents of an array, outermost first. Rank 0 is a single number; extents of 0 are allowed.
// Negative extents and element counts that overflow throw Error.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> extents, Loc where = Loc::current()) : Shape(std::vector<int64_t>(extents), where) {}
  explicit Shape(std::vector<int64_t> extents, Loc where = {});  // where: the place in an Error

  int rank() const { return static_cast<int>(extents_.size()); }
  int64_t operator[](int axis) const { return extents_[static_cast<size_t>(axis)]; }
  int64_t count() const { return count_; }  // number of elements
  std::span<const int64_t> extents() const { return extents_; }
  const std::vector<int64_t>& vec() const { return extents_; }
  std::string str() const;  // "[3,4]"
  friend bool operator==(const Shape& a, const Shape& b) { return a.extents_ == b.extents_; }

 private:
  std::vector<int64_t> extents_;
  int64_t count_ = 1;
};

}  // namespace frit
