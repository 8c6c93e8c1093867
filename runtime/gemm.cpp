// A product in words.
#include "runtime/gemm.h"

namespace frit::rt {

std::string text(const Gemm::Epilogue& e) {
  static constexpr const char* kNames[] = {"", "relu", "gelu"};
  const std::string activation = kNames[static_cast<int>(e.activation)];
  return !e.bias ? activation : activation.empty() ? "bias" : activation + "+bias";
}

std::string text(const Gemm& g) {
  static constexpr const char* kNames[] = {"f16", "bf16", "f32", "f64"};
  auto size = [](int64_t rows, int64_t columns) { return std::to_string(rows) + "x" + std::to_string(columns); };
  std::string s = std::string(kNames[static_cast<int>(g.type)]) + " " + size(g.m, g.n) + " = " + size(g.m, g.k) + " * " + size(g.k, g.n);
  if (g.batch != 1) s += ", batch of " + std::to_string(g.batch);
  if (g.a.transposed) s += ", a transposed";
  if (g.b.transposed) s += ", b transposed";
  if (g.epilogue.any()) s += ", epilogue " + text(g.epilogue);
  return s;
}

}  // namespace frit::rt
