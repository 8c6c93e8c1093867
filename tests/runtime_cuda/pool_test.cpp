// The pool of device memory alone: blocks do not overlap, are reused, and all of it goes back.
#include "runtime/cuda/pool.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/runtime/no_memory.h"

namespace frit::rt::cuda {
namespace {

class FakeSource : public DevicePool::Source {
 public:
  explicit FakeSource(int64_t memory) : memory_(memory) {}
  uint64_t take_memory(int64_t bytes) override {
    if (used + bytes > memory_) return 0;
    used += bytes;
    const uint64_t at = next_;
    next_ += static_cast<uint64_t>(bytes);  // side by side, so that joining across spans would show
    given[at] = bytes;
    return at;
  }
  void give_memory(uint64_t at) noexcept override {
    ASSERT_TRUE(given.contains(at));
    used -= given[at];
    given.erase(at);
  }
  void wait_for_use() override { ++waits; }

  std::map<uint64_t, int64_t> given;
  int64_t used = 0;
  int waits = 0;

 private:
  int64_t memory_;
  uint64_t next_ = 1 << 30;
};

constexpr int64_t K = 1 << 10, M = 1 << 20;

TEST(DevicePool, CapacitiesAreAlignedAndNotMuchLarger) {
  for (int64_t n : {int64_t{0}, int64_t{1}, int64_t{255}, int64_t{256}, int64_t{257}, int64_t{1000}, 5 * K + 1, 100 * K, M - 1, M, M + 1, 100 * M + 7,
                    int64_t{5} << 30}) {
    const int64_t c = DevicePool::capacity(n);
    EXPECT_GE(c, std::max<int64_t>(n, 1));
    EXPECT_EQ(c % DevicePool::kAlignment, 0) << n;
    EXPECT_LE(c, std::max<int64_t>({n + n / 4 + DevicePool::kAlignment, n > M ? n + 2 * M : 0})) << n;
    EXPECT_EQ(DevicePool::capacity(c), c) << n;
  }
}

TEST(DevicePool, RandomUse) {
  FakeSource source(400 * M);
  DevicePool pool(source);
  std::mt19937_64 random(7);
  std::map<uint64_t, int64_t> taken;
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    if (taken.empty() || random() % 100 < 52) {
      const int64_t bytes = static_cast<int64_t>(random() % (uint64_t{1} << (random() % 26)));
      const DevicePool::Block b = pool.take(bytes);
      if (!b.at) {
        ++refused;
        EXPECT_GT(source.used, 300 * M);  // refused only when it is really full
        for (int k = 0; k < 20 && !taken.empty(); ++k) {
          pool.give({taken.begin()->first, taken.begin()->second});
          taken.erase(taken.begin());
        }
        continue;
      }
      ASSERT_EQ(b.at % DevicePool::kAlignment, 0u);
      ASSERT_GE(b.capacity, bytes);
      auto after = taken.lower_bound(b.at);
      ASSERT_TRUE(after == taken.end() || b.at + static_cast<uint64_t>(b.capacity) <= after->first);
      if (after != taken.begin()) {
        auto before = std::prev(after);
        ASSERT_LE(before->first + static_cast<uint64_t>(before->second), b.at);
      }
      auto inside = source.given.upper_bound(b.at);
      ASSERT_NE(inside, source.given.begin());
      --inside;
      ASSERT_LE(b.at + static_cast<uint64_t>(b.capacity), inside->first + static_cast<uint64_t>(inside->second));
      taken[b.at] = b.capacity;
    } else {
      auto it = taken.begin();
      std::advance(it, static_cast<int64_t>(random() % std::min<size_t>(taken.size(), 50)));
      pool.give({it->first, it->second});
      taken.erase(it);
    }
    ASSERT_EQ(pool.held_bytes(), source.used);
    ASSERT_LE(pool.cached_bytes(), pool.held_bytes());
  }
  for (const auto& [at, capacity] : taken) pool.give({at, capacity});
  pool.trim();
  EXPECT_EQ(source.used, 0);
  EXPECT_EQ(pool.held_bytes(), 0);
  EXPECT_EQ(pool.cached_bytes(), 0);
  EXPECT_GT(refused, 0) << "the test does not reach the end of the memory";
}

TEST(DevicePool, ReusesTheLatestFirst) {
  FakeSource source(100 * M);
  DevicePool pool(source);
  const DevicePool::Block a = pool.take(3 * M), b = pool.take(3 * M), c = pool.take(5000), d = pool.take(5000);
  pool.give(a), pool.give(b), pool.give(c), pool.give(d);
  EXPECT_EQ(pool.take(3 * M).at, b.at);
  EXPECT_EQ(pool.take(3 * M).at, a.at);
  EXPECT_EQ(pool.take(5000).at, d.at);
  EXPECT_EQ(pool.take(5000).at, c.at);
  EXPECT_EQ(source.waits, 0);
}

TEST(DevicePool, LargeBlocksSpareAtMostAnEighth) {
  FakeSource source(1000 * M);
  DevicePool pool(source);
  const DevicePool::Block a = pool.take(100 * M);
  pool.give(a);
  EXPECT_NE(pool.take(80 * M).at, a.at);
  const DevicePool::Block b = pool.take(90 * M);
  EXPECT_EQ(b.at, a.at);
  EXPECT_EQ(b.capacity, 100 * M);
}

TEST(DevicePool, GivesTheCacheBackBeforeItRefuses) {
  FakeSource source(10 * M);
  DevicePool pool(source);
  const DevicePool::Block a = pool.take(6 * M);
  pool.give(a);
  const DevicePool::Block b = pool.take(9 * M);  // another size: the cached one has to go
  EXPECT_NE(b.at, 0u);
  EXPECT_EQ(source.waits, 1);
  EXPECT_EQ(pool.take(2 * M).at, 0u);
  EXPECT_EQ(source.used, 10 * M);
  pool.give(b);
}

TEST(DevicePool, TheLimitCountsWhatIsHeld) {
  FakeSource source(1000 * M);
  DevicePool pool(source);
  pool.set_limit(20 * M);
  const DevicePool::Block a = pool.take(12 * M);
  EXPECT_EQ(pool.take(12 * M).at, 0u);
  pool.give(a);
  EXPECT_NE(pool.take(16 * M).at, 0u);
  EXPECT_EQ(source.used, 16 * M);
}

// Arrays end where nothing may be thrown.
TEST(DevicePool, GivingNeedsNoMemoryOfTheHost) {
  FakeSource source(1000 * M);
  DevicePool pool(source);
  std::vector<DevicePool::Block> blocks;
  for (int i = 0; i < 40; ++i)
    for (int64_t bytes : {int64_t{100}, 3 * K, 5 * K, 700 * K, 2 * M, 5 * M + i * 128 * K}) blocks.push_back(pool.take(bytes));
  {
    test::NoMemory none;
    for (const DevicePool::Block& b : blocks) pool.give(b);
    EXPECT_FALSE(test::NoMemory::refused());
  }
  int tries = 0;
  for (int64_t left = 0; source.used > 0; ++left, ++tries) {  // what cannot be given back stays
    ASSERT_LT(tries, 1000);
    test::NoMemory some(left);
    try {
      pool.trim();
    } catch (const std::bad_alloc&) {
    }
    EXPECT_LE(pool.cached_bytes(), pool.held_bytes());
  }
  EXPECT_GT(tries, 2);
  EXPECT_EQ(pool.held_bytes(), 0);
  EXPECT_EQ(pool.cached_bytes(), 0);
}

TEST(DevicePool, TakingWithoutMemoryOfTheHostLosesNothing) {
  for (int64_t bytes : {int64_t{100}, 700 * K, 5 * M}) {
    int refused = 0;
    for (int64_t left = 0; left < 20; ++left) {
      FakeSource source(100 * M);
      DevicePool pool(source);
      DevicePool::Block b;
      {
        test::NoMemory some(left);
        try {
          b = pool.take(bytes);
        } catch (const std::bad_alloc&) {
          ++refused;
        }
      }
      EXPECT_EQ(pool.held_bytes(), bytes == 5 * M ? (b.at ? 6 * M : 0) : b.at ? 4 * M : 0);
      if (b.at) pool.give(b);
      EXPECT_NE(pool.take(bytes).at, 0u);
    }
    EXPECT_GT(refused, 0);
    EXPECT_LT(refused, 20);
  }
}

}  // namespace
}  // namespace frit::rt::cuda
