// A plan executed on arrays whose surroundings are watched, and its results compared.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ir/func.h"
#include "ir/interpret.h"
#include "runtime/plan.h"

namespace frit::test {

using Arrays = std::vector<ir::Array>;

struct Execution {
  int threads = 1;
  bool guarded = false;        // arrays end where no memory follows and begin at any element
  bool in_place = false;       // results in the buffers that the plan says may be given away
  unsigned char fill = 0x5a;   // what results hold before
  // Who runs the plan's launches; the CPU's runtime if nobody is named.
  std::function<void(const rt::Plan&, const void* const* inputs, void* const* outputs, rt::RunCounters&)> run;
};

// Runs the plan of f; what is wrong with its results, or with memory around the arrays. args are laid
// out as the parameters' strides say.
std::string execute(const ir::Func& f, rt::Plan plan, const Arrays& args, const Arrays& want, const Execution& how,
                    rt::RunCounters& counters);

std::string compare(const Arrays& have, const Arrays& want);

}  // namespace frit::test
