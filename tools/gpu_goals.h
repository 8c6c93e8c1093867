// What an H200 is asked to reach (docs/bench.md), held against what scripts/gpu-check measured.
#pragma once

#include <string>

#include "tools/cli.h"

namespace frit::tools {

// One object a goal: goal, wanted (">= 0.95"), state ("met", "not met", "not measured", or "met in part": all that
// were measured meet it, others were not), value (the worst, or the mean) and its case, measured and of (numbers of
// cases), short (name and value of those that fall short).
// results: what gpu_report.cpp joined; its cases hold strict, fast, torch and compile, null where not measured.
Json goals_reached(const Json& results);

std::string goals_table(const Json& goals);

}  // namespace frit::tools
