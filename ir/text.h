// The text form of the IR, at every level: one printer, one parser. docs/ir.md has the grammar.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frit/error.h"
#include "ir/func.h"

namespace frit::ir {

struct PrintOptions {
  bool places = true;    // trailing @n and the list of places
  bool names = true;     // false: values are %0, %1, ... in order and the function is @f (canonical text)
  bool header = true;    // the "frit 1" line
};

std::string print(const Func& f, const PrintOptions& options = {});
// Where things stand in the text that was parsed.
struct TextPlaces {
  Loc func;              // the function's head
  std::vector<Loc> ops;  // by op id
};

// Reads back exactly what was printed: print(parse(t)) == t, and parse(print(f)) is compact(f).
// Throws Error with the place in `file`. Checks the form only; verify() checks the meaning.
Func parse(std::string_view text, std::string_view file = "<text>", TextPlaces* places = nullptr);

}  // namespace frit::ir
