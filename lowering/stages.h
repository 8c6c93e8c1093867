// The stages of a group: a reduction's result is known only after a pass over its axis, so the values
// that vary over the reduced axis are computed in passes ("stages"), one after the other.
#pragma once

#include <vector>

#include "lowering/nest.h"

namespace frit::lower {

struct Stages {
  int count = 1;                 // passes over the reduced (or the lane) axis
  std::vector<int> of;           // by local: the first stage in which it can be computed
  // By stage: positions in the body of the reductions it runs, and outputs that it stores.
  std::vector<std::vector<int>> reductions;
  std::vector<std::vector<int>> outputs;
  std::vector<int> late_outputs;  // outputs that do not vary over the reduced axis: after all stages
  // Values of one stage that later stages need and that are dear to compute again, by stage; with
  // `registers` (where rows are kept in registers) also those that join several rows into one.
  std::vector<std::vector<ValueId>> kept;
};

Stages make_stages(const Group& g, const Nest& nest, const std::vector<uint64_t>& loops_of_local, bool registers = false);

}  // namespace frit::lower
