// The bounded cache: order of eviction and counters.
#include "runtime/cache.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace frit::rt {
namespace {

using Dropped = BoundedCache<std::string, int>::Dropped;

std::vector<std::string> keys(const BoundedCache<std::string, int>& cache) {
  std::vector<std::string> out;
  cache.each([&](const std::string& k, int) { out.push_back(k); });
  return out;
}

TEST(BoundedCache, DropsWhatWasUsedLongestAgo) {
  BoundedCache<std::string, int> cache(2);
  EXPECT_EQ(cache.find("a"), nullptr);
  cache.put("a", 1);
  cache.put("b", 2);
  ASSERT_NE(cache.find("a"), nullptr);
  cache.put("c", 3);
  EXPECT_EQ(keys(cache), (std::vector<std::string>{"c", "a"}));
  EXPECT_EQ(cache.find("b"), nullptr);
  EXPECT_EQ(*cache.find("a"), 1);
  EXPECT_EQ(cache.counters().hits, 2);
  EXPECT_EQ(cache.counters().misses, 2);
  EXPECT_EQ(cache.counters().evictions, 1);
}

TEST(BoundedCache, ReplacesInPlace) {
  BoundedCache<std::string, int> cache(2);
  cache.put("a", 1);
  cache.put("b", 2);
  EXPECT_EQ(cache.put("a", 5), (Dropped{{"a", 1}}));
  EXPECT_EQ(cache.put("c", 3), (Dropped{{"b", 2}}));
  EXPECT_EQ(keys(cache), (std::vector<std::string>{"c", "a"}));
  EXPECT_EQ(*cache.find("a"), 5);
}

TEST(BoundedCache, ShrinksAndKeepsNothingWithoutCapacity) {
  BoundedCache<std::string, int> cache(3);
  for (const char* k : {"a", "b", "c"}) cache.put(k, 0);
  EXPECT_EQ(cache.set_capacity(1), (Dropped{{"b", 0}, {"a", 0}}));
  EXPECT_EQ(keys(cache), (std::vector<std::string>{"c"}));
  EXPECT_EQ(cache.clear(), (Dropped{{"c", 0}}));
  cache.put("c", 0);
  cache.set_capacity(0);
  EXPECT_EQ(cache.put("d", 1), (Dropped{{"d", 1}}));
  EXPECT_EQ(cache.size(), 0);
  EXPECT_EQ(cache.find("d"), nullptr);
  EXPECT_EQ(cache.counters().evictions, 4);
}

}  // namespace
}  // namespace frit::rt
