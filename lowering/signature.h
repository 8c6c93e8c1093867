// What a group computes, whatever the arrays: kernels of one signature are candidates for one launch.
#pragma once

#include <functional>
#include <string>

#include "lowering/group.h"

namespace frit::lower {

// The group with its outputs in order of rank(tensor) and its ops in the order in which the outputs need
// them, so that groups of one formula read alike however they were merged.
Group in_order_of_need(Group g, const std::function<int64_t(ValueId)>& rank);

// Ops in the order in which the outputs need them, types, literals, which reads are of one tensor; no
// extents, no indices.
std::string signature(const Group& g);

}  // namespace frit::lower
