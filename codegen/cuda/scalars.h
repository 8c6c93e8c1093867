// Scalars as CUDA C++: types, literals, primitives, and the functions that the formulas of the op table
// become.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "ir/func.h"
#include "ir/lookup.h"
#include "ir/ops.h"
#include "ir/scalar_program.h"

namespace frit::codegen::cuda {

// Pieces of text and numbers, joined.
template <class... T>
std::string cat(const T&... pieces) {
  std::string out;
  auto add = [&](const auto& p) {
    if constexpr (std::is_arithmetic_v<std::decay_t<decltype(p)>>) out += std::to_string(p);
    else out += p;
  };
  (add(pieces), ...);
  return out;
}

// Of an index value: not "i32", which is a type.
inline std::string index_name(ir::ValueId v) { return cat("i_", v); }

std::string identifier(ir::Op op);  // "reduce_sum"
std::string type_text(DType t);    // of a value: "f32"
std::string memory_text(DType t);  // of an element in memory: bools are bytes
std::string literal_text(const ir::Literal& l);
std::string prim_text(const ir::PrimNode& n, const std::string& a, const std::string& b, const std::string& c);
std::string from_memory(DType t, const std::string& x);
std::string to_memory(DType t, const std::string& x);

// The functions that a kernel calls, each printed once.
class Functions {
 public:
  explicit Functions(Numerics numerics) : formulas_(numerics == Numerics::fast ? ir::Formulas::fast_gpu : ir::Formulas::strict) {}
  // The op on operands: an expression, or a call of its function.
  std::string call(ir::Op op, DType t, DType to, const std::vector<std::string>& args);
  std::string text() const;  // the definitions
  int cost(ir::Op op, DType t, DType to) const;  // primitives, roughly; divisions and roots count more

 private:
  ir::Formulas formulas_;
  std::map<std::string, std::string> made_;
  std::set<ir::Table> tables_;  // that they look numbers up in
};

}  // namespace frit::codegen::cuda
