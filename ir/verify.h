// Checks a function against the rules of its level. Throws std::logic_error naming the op, or Error
// (with the place in the text) where `user_text` says that it came from a file.
#pragma once

#include "ir/func.h"

namespace frit::ir {

void verify(const Func& f, bool user_text = false);

}  // namespace frit::ir
