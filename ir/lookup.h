// Rows of 16 numbers in which formulas look coefficients up. A lookup is a choice among constants by the low four
// bits of an integer: as exact as a select, for every engine.
#pragma once

#include <array>
#include <cstdint>

#include "ir/math_polynomials.h"

namespace frit::ir {

enum class Table : uint8_t { tanh_segments, erf_segments, exp_powers };
inline constexpr int kRowBits = 4;
using Row = std::array<float, size_t{1} << kRowBits>;

struct TableInfo {
  const char* name;
  const Row* rows;
  int count;
};
inline TableInfo info(Table t) {
  auto of = [](const char* name, const auto& rows) { return TableInfo{name, rows.data(), static_cast<int>(rows.size())}; };
  switch (t) {
    case Table::tanh_segments: return of("tanh_segments", math::tanh_segments<float>);
    case Table::erf_segments: return of("erf_segments", math::erf_segments<float>);
    case Table::exp_powers: return of("exp_powers", math::exp_powers<float>);
  }
  return {};
}

// Table and row as the immediate of a primitive.
struct RowPlace {
  Table table;
  int row;
  uint64_t imm() const { return static_cast<uint64_t>(table) << 8 | static_cast<uint64_t>(row); }
  static RowPlace of(uint64_t imm) { return {static_cast<Table>(imm >> 8), static_cast<int>(imm & 0xff)}; }
  const Row& numbers() const { return info(table).rows[row]; }
};

}  // namespace frit::ir
