// The algebraic rules as data: a pattern, its replacement, and the types for which it is exact.
#pragma once

#include <string>
#include <vector>

#include "ir/ops.h"

namespace frit::lower {

// A pattern's node: an op with operands, a variable (x, y, z, p), or a number.
struct Term {
  enum Kind : uint8_t { op, variable, number };
  Kind kind = variable;
  ir::Op what{};
  char name = 'x';
  double value = 0;
  std::vector<Term> operands;
};

struct Rule {
  const char* name;
  const char* pattern;      // "(add x -0.0)"
  const char* replacement;  // "x"
  ir::TypeRule types;       // element types of the pattern's result for which it changes no bit
};

const std::vector<Rule>& rules();
Term parse_term(std::string_view text);

}  // namespace frit::lower
