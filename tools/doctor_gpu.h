// What `frit doctor` says of GPUs: libraries, devices, a kernel on each, and what is missing.
#pragma once

#include <string>

#include "tools/cli.h"

namespace frit::tools {

Json examine_gpus();
std::string gpu_text(const Json& j);
// Whether every GPU that was found works.
bool gpus_work(const Json& j);

}  // namespace frit::tools
