// The loop nest of a group: which index variables become work items, which one the lanes, which one
// is reduced, and every access as a linear form over the loops. The decision that makes a group a
// kernel (docs/architecture.md, "Schedules").
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lowering/group.h"

namespace frit::lower {

// constant + sum coeff[d] * loop[d] + sum dyn.second * (scalar dyn.first).
struct Linear {
  int64_t constant = 0;
  std::vector<int64_t> coeff;
  std::vector<std::pair<ValueId, int64_t>> dyn;
  friend bool operator==(const Linear&, const Linear&) = default;
};

struct Nest {
  enum class Kind { flat, tiled, row, column, product };
  struct Loop {
    int64_t extent = 1;
    std::vector<ValueId> members;  // the group's index variables that it runs over, outermost first
  };
  Kind kind = Kind::flat;
  std::vector<Loop> loops;     // all of them, outermost first
  int lane = -1;               // the loop of the lanes; row: the reduced one
  int reduced = -1;            // row: = lane; column, product: the loop over k; -1 without reductions
  int across = -1;             // tiled: the loop along which transposed reads are contiguous
  // By position in the group's body (reads: the address; index: the value); empty for other ops.
  std::vector<Linear> address;
  struct Guard {
    Linear index;
    int64_t extent;
    bool below, above;  // may be negative; may reach the extent
  };
  std::vector<std::vector<Guard>> guards;  // reads with a guard: one an axis whose index may be outside
  std::vector<Linear> stores;  // by output
  int unclean = 0;             // reads that need a gather in the lanes
  std::string why;             // the reason of the kind, in words

  std::vector<int> outer() const;  // loops that are neither lane nor reduced
};

// The nest of a group, or the reason why it can have none (then `nest.kind` means nothing).
bool make_nest(const Func& f, const Group& g, Nest& nest, std::string& why_not);

}  // namespace frit::lower
