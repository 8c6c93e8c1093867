// The text form of the IR, at every level: one printer, one parser. docs/ir.md has the grammar.
#pragma once

#include <string>
#include <string_view>

#include "ir/func.h"

namespace frit::ir {

struct PrintOptions {
  bool places = true;    // trailing @n and the list of places
  bool names = true;     // false: values are %0, %1, ... in order and the function is @f (canonical text)
  bool header = true;    // the "frit 1" line
};

std::string print(const Func& f, const PrintOptions& options = {});
// Reads back exactly what was printed: print(parse(t)) == t. Throws Error with the place in `file`.
Func parse(std::string_view text, std::string_view file = "<text>");

}  // namespace frit::ir
