// Types of IR values.
// A Type is an element type with extents (a tensor, or a scalar at rank 0), an index, or a buffer.
// An extent is a constant or a symbol (an extent that is only known when the program is called).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "frit/types.h"

namespace frit::ir {

// An extent: a constant >= 0, or a symbol with a name. Symbols are equal when their names are.
class Dim {
 public:
  Dim(int64_t constant = 0) : v_(constant) {}
  static Dim symbol(std::string_view name);

  bool is_constant() const { return v_ >= 0; }
  int64_t value() const;      // the constant; internal error for a symbol
  std::string str() const;    // "128" or "n"
  friend bool operator==(Dim a, Dim b) { return a.v_ == b.v_; }

 private:
  int64_t v_;  // a symbol is -1 - its number in the process's table of symbol names
};

using Dims = std::vector<Dim>;

enum class TypeClass : uint8_t { tensor, index, buffer };

struct Type {
  DType dtype = DType::f32;  // of an index: i64
  Dims dims;                 // empty for scalars, indices and buffers
  TypeClass cls = TypeClass::tensor;

  static Type tensor(DType t, Dims d = {}) { return {t, std::move(d), TypeClass::tensor}; }
  static Type tensor(DType t, const Shape& s);
  static Type scalar(DType t) { return {t, {}, TypeClass::tensor}; }
  static Type index() { return {DType::i64, {}, TypeClass::index}; }
  static Type buffer(DType t) { return {t, {}, TypeClass::buffer}; }

  int rank() const { return static_cast<int>(dims.size()); }
  bool is_constant() const;   // no symbols
  Shape shape() const;        // internal error if there are symbols; Error if the count overflows
  int64_t count() const { return shape().count(); }
  std::string str() const;    // "f32[128,n]", "f32", "index", "buf f32"
  friend bool operator==(const Type&, const Type&) = default;
};

// a * b and a + b of counts; throw Error("", "... overflows ...") instead of wrapping.
int64_t checked_mul(int64_t a, int64_t b);
int64_t checked_add(int64_t a, int64_t b);

}  // namespace frit::ir
