// What printer and parser must agree on: where an op's index expressions stand, and which type a
// number without a suffix has.
#pragma once

#include <optional>

#include "ir/func.h"
#include "ir/ops.h"

namespace frit::ir {

inline constexpr int kTextVersion = 1;

enum class IndexStyle : uint8_t {
  leading,  // loop [0, 8]
  access,   // load %x[i, j]: after the first operand
  over,     // reduce.max %x over j, k
  each,     // yield %a[i, j], %b[i, 0]: after every operand that has any
};

inline IndexStyle index_style(Op op) {
  switch (op) {
    case Op::read:
    case Op::load:
    case Op::store:
    case Op::prefetch:
    case Op::tile: return IndexStyle::access;
    case Op::reduce_dot: return IndexStyle::over;
    case Op::yield: return IndexStyle::each;
    default: return is_reduce(op) ? IndexStyle::over : IndexStyle::leading;
  }
}

// The type of operand k if it is a number without a suffix, from the op's results and those of its
// operands that are values; nullopt where a suffix is needed.
inline std::optional<DType> literal_type(const Func& f, const OpNode& op, size_t k, const std::vector<Type>& results) {
  auto result = [&]() -> std::optional<DType> {
    if (results.empty()) return std::nullopt;
    return results[0].dtype;
  };
  auto value_type = [&](size_t i) -> std::optional<DType> {
    if (i >= op.operands.size() || op.operands[i].value < 0 || op.operands[i].value >= static_cast<ValueId>(f.values.size())) return std::nullopt;
    return f.type(op.operands[i].value).dtype;
  };
  const OpInfo& row = info(op.op);
  if (row.cls == OpClass::elementwise && row.result == ResultRule::truth) {
    for (size_t i = 0; i < op.operands.size(); ++i)
      if (op.operands[i].is_value()) return value_type(i);
    return std::nullopt;
  }
  if (row.cls == OpClass::elementwise) return result();
  if (row.cls == OpClass::reduce) return row.result == ResultRule::same ? result() : std::nullopt;
  switch (op.op) {
    case Op::where: return k == 0 ? DType::boolean : result();
    case Op::load: return k == 1 ? DType::boolean : result();
    case Op::full:
    case Op::pad:
    case Op::reduce_dot: return result();
    case Op::store: return value_type(0);
    default: return std::nullopt;
  }
}

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool starts_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
inline bool in_name(char c) { return starts_word(c) || is_digit(c) || c == '.'; }

}  // namespace frit::ir
