// Offsets of blocks with known lifetimes: large blocks first, each at the lowest free place.
#include "lowering/memory_plan.h"

#include <algorithm>
#include <numeric>

#include "ir/type.h"

namespace frit::lower {

int64_t plan_memory(std::vector<Block>& blocks) {
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return blocks[a].bytes > blocks[b].bytes; });
  std::vector<size_t> placed;
  int64_t size = 0;
  for (size_t b : order) {
    std::vector<std::pair<int64_t, int64_t>> taken;  // of blocks alive at the same time
    for (size_t p : placed)
      if (blocks[p].first <= blocks[b].last && blocks[b].first <= blocks[p].last)
        taken.emplace_back(blocks[p].offset, ir::checked_add(blocks[p].offset, blocks[p].bytes));
    std::sort(taken.begin(), taken.end());
    int64_t at = 0;
    for (auto [lo, hi] : taken) {
      if (ir::checked_add(at, blocks[b].bytes) <= lo) break;
      at = std::max(at, ir::checked_add(hi, 63) / 64 * 64);
    }
    blocks[b].offset = at;
    size = std::max(size, ir::checked_add(at, blocks[b].bytes));
    placed.push_back(b);
  }
  return ir::checked_add(size, 63) / 64 * 64;
}

}  // namespace frit::lower
