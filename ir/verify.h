// Checks a function against the rules of its level (docs/ir.md). Throws std::logic_error naming the
// op, or Error where `user_text` says that the function came from a file: at the place of the op in that
// text if `places` are given, else at the op's own place.
#pragma once

#include <string_view>

#include "ir/func.h"
#include "ir/text.h"

namespace frit::ir {

void verify(const Func& f, bool user_text = false, const TextPlaces* places = nullptr);

// parse() and verify() in one; errors of both point into the text.
Func parse_verified(std::string_view text, std::string_view file = "<text>");

}  // namespace frit::ir
