// Makes a program that fails smaller while it still fails.
#pragma once

#include <functional>

#include "ir/func.h"

namespace frit::test {

// fails(f) says whether a program (verified, tensor level) still shows the fault; it is asked at most
// `tries` times. What comes back fails, has no unused op or parameter, and no single step makes it
// smaller: dropping a result, replacing an op by one of its operands or by a parameter, or an extent
// by a smaller one.
ir::Func shrink(ir::Func f, const std::function<bool(const ir::Func&)>& fails, int tries = 600);

}  // namespace frit::test
