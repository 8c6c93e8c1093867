// Merging two groups into one kernel-to-be.
#pragma once

#include <string>
#include <vector>

#include "lowering/group.h"

namespace frit::lower {

// Replaces the reads of `producer`'s results in `consumer` by their computation. keep: results of the
// producer that others need as well; they become results of the merged group.
// Two ways. Aligned: the index variables of the two are identified one to one (needed for producers
// that reduce, and for `keep`). Inlined: the producer's body is repeated at the consumer's indices.
// False, with the reason, where neither is possible.
bool merge(const Func& f, const Group& producer, const Group& consumer, const std::vector<ValueId>& keep, Group& merged, std::string& why_not);

// The same for a producer that reduces, whose only reader the consumer is, at one place, which may be computed:
// rows i of a product as rows 33*j + l. It is for the caller to see that nothing is computed several times.
bool merge_at(const Func& f, const Group& producer, const Group& consumer, Group& merged, std::string& why_not);

// Merges two groups of which neither reads the other, over the same index space.
bool merge_siblings(const Group& a, const Group& b, Group& merged, std::string& why_not);

}  // namespace frit::lower
