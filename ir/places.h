// Places of ops as the Loc of an Error: the user's place first, the library's as a note.
#pragma once

#include <string_view>
#include <vector>

#include "ir/func.h"

namespace frit::ir {

// A Loc whose file name lives as long as the process.
Loc kept_loc(std::string_view file, int line, int column);

// The place of an op for a report: the outermost caller of `place`, which is where the user wrote the call.
Loc user_loc(const Func& f, LocId place);

// Notes for the places inside of the outermost one, if any: "inside of a function here".
std::vector<Note> inner_notes(const Func& f, LocId place);

}  // namespace frit::ir
