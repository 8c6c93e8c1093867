// Where intermediate arrays live: offsets in one arena, shared by arrays that are not alive together.
#pragma once

#include <cstdint>
#include <vector>

namespace frit::lower {

struct Block {
  int64_t bytes = 0;
  int first = 0, last = 0;  // launches during which it is alive
  int64_t offset = 0;       // the answer, a multiple of 64
};

// Fills in the offsets (best fit, large blocks first); returns the size of the arena.
int64_t plan_memory(std::vector<Block>& blocks);

}  // namespace frit::lower
