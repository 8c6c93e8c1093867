// A matrix product that a library computes, as plain data: c[i] = a[i] * b[i] for each i of the batch, or
// activation(a[i] * b[i] + bias) where it has an epilogue.
#pragma once

#include <cstdint>
#include <string>

namespace frit::rt {

enum class GemmType : uint8_t { f16, bf16, f32, f64 };  // f16 and bf16 are summed in f32 and rounded once
inline int64_t size_of(GemmType t) { return t == GemmType::f64 ? 8 : t == GemmType::f32 ? 4 : 2; }

struct Gemm {
  // Elements of a matrix lie row by row; ld: from one row to the next. transposed: its columns lie so.
  struct Matrix {
    int64_t ld = 0;
    bool transposed = false;
    int64_t stride = 0;         // from one matrix of the batch to the next; 0: the same for all
    friend bool operator==(const Matrix&, const Matrix&) = default;
  };
  GemmType type = GemmType::f32;
  int64_t m = 0, n = 0, k = 0;  // a is m x k, b is k x n, c is m x n; at least 1
  int64_t batch = 1;
  Matrix a, b, c;               // c is never transposed
  int64_t workspace = 0;        // bytes that the library may write

  // What the library makes of each sum before it rounds it to `type` (under Numerics::fast alone).
  enum class Activation : uint8_t { none, relu, gelu };  // gelu: the tanh form
  struct Epilogue {
    Activation activation = Activation::none;
    bool bias = false;          // first, c[i][row][column] gets bias[i * bias_stride + column], of c's type
    int64_t bias_stride = 0;
    bool any() const { return bias || activation != Activation::none; }
    friend bool operator==(const Epilogue&, const Epilogue&) = default;
  };
  Epilogue epilogue;
  friend bool operator==(const Gemm&, const Gemm&) = default;
};

// "bias", "gelu", "gelu+bias"; "" for none.
std::string text(const Gemm::Epilogue& e);
// "bf16 128x64 = 128x512 * 512x64, batch of 3, b transposed, epilogue gelu+bias"
std::string text(const Gemm& g);

}  // namespace frit::rt
