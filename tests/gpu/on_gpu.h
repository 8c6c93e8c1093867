// Plans run on the GPU between zones of memory that nobody may write.
#pragma once

#include <functional>

#include "ir/func.h"
#include "runtime/plan.h"

namespace frit::test {

using RunPlan = std::function<void(const rt::Plan&, const void* const* inputs, void* const* outputs, rt::RunCounters&)>;

// Runs the launches of f's plan on the GPU, for Execution::run. unaligned: arrays begin one element past
// an aligned address. Throws where memory around an array has been written.
RunPlan on_gpu(const ir::Func& f, bool unaligned);

}  // namespace frit::test
