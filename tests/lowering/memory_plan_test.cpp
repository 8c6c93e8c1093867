// Blocks that are alive together never overlap, and the arena is no larger than needed in simple cases.
#include "lowering/memory_plan.h"

#include <gtest/gtest.h>

#include <random>

#include "frit/error.h"

namespace frit::lower {
namespace {

TEST(MemoryPlan, AChainNeedsTwoBlocks) {
  std::vector<Block> b;
  for (int i = 0; i < 10; ++i) b.push_back({1000, i, i + 1, 0});
  EXPECT_EQ(plan_memory(b), 2048);
}

TEST(MemoryPlan, NoOverlapAmongTheLiving) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<Block> b;
    for (int i = 0; i < 40; ++i) {
      const int first = static_cast<int>(random() % 30);
      b.push_back({static_cast<int64_t>(random() % 5000), first, first + static_cast<int>(random() % 5), 0});
    }
    const int64_t size = plan_memory(b);
    for (size_t i = 0; i < b.size(); ++i) {
      EXPECT_EQ(b[i].offset % 64, 0);
      EXPECT_LE(b[i].offset + b[i].bytes, size);
      for (size_t j = 0; j < i; ++j) {
        const bool together = b[i].first <= b[j].last && b[j].first <= b[i].last;
        const bool overlap = b[i].offset < b[j].offset + b[j].bytes && b[j].offset < b[i].offset + b[i].bytes;
        EXPECT_FALSE(together && overlap && b[i].bytes && b[j].bytes);
      }
    }
  }
}

TEST(MemoryPlan, OverflowIsAnError) {
  std::vector<Block> b{{INT64_MAX - 10, 0, 1, 0}, {1 << 20, 0, 1, 0}};
  EXPECT_THROW(plan_memory(b), Error);
}

}  // namespace
}  // namespace frit::lower
