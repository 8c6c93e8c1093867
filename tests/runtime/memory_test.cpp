// The allocator: alignment, reuse, limits, failure, threads.
#include "runtime/memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "frit/error.h"
#include "runtime/page_heap.h"
#include "runtime/poison.h"
#include "runtime/size_class.h"
#include "tests/runtime/no_memory.h"

namespace frit::rt {
namespace {

#if defined(FRIT_ASAN) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // shadow memory does not live with address-space limits
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(thread_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

bool aligned(const void* p, uintptr_t to) { return reinterpret_cast<uintptr_t>(p) % to == 0; }

// Each test begins with nothing live that it did not make, and an empty cache.
class Memory : public testing::Test {
 protected:
  void SetUp() override {
    trim_memory();
    set_memory_limit(0);
    reset_peak();
    live_ = memory_stats().live_bytes;
  }
  void TearDown() override {
    set_memory_limit(0);
    EXPECT_EQ(memory_stats().live_bytes, live_);
  }
  int64_t live_ = 0;
};

constexpr int64_t kSizes[] = {0,     1,     63,    64,    65,      127,     255,     256,     257,     1000,
                              4096,  32639, 32640, 32641, 32768,   32769,   65536,   100000,  1 << 20, 2097151,
                              2097152, 2097153, 3 << 20, 5 << 20, (8 << 20) + 1, 33 << 20};

TEST(SizeClass, EverySizeFitsTheLeastBlock) {
  for (int c = 0; c + 1 < kSizeClasses; ++c) {
    EXPECT_EQ(size_class(block_bytes(c)), c);
    EXPECT_EQ(size_class(block_bytes(c) + 1), c + 1);
    EXPECT_EQ(block_bytes(c) % 64, 0);
  }
  EXPECT_LT(size_class(kLargestBlock), kSizeClasses);
  for (int64_t bytes = 1; bytes < 1 << 18; ++bytes) {
    int c = size_class(bytes);
    ASSERT_GE(block_bytes(c), bytes);
    if (c) {
      ASSERT_LT(block_bytes(c - 1), bytes);
    }
    if (bytes > 256) {
      ASSERT_LE(block_bytes(c) * 4, bytes * 5 + 4 * 64);
    }
  }
}

TEST_F(Memory, AlignedAndWholeAndCounted) {
  for (int64_t bytes : kSizes) {
    std::shared_ptr<Storage> s = allocate(bytes);
    ASSERT_NE(s->data(), nullptr);
    EXPECT_EQ(s->bytes(), bytes);
    EXPECT_TRUE(aligned(s->data(), 64)) << bytes;
    if (bytes > 32 << 10) {
      EXPECT_TRUE(aligned(s->data(), 4096)) << bytes;
    }
    if (bytes >= kHugePage) {
      EXPECT_TRUE(aligned(s->data(), kHugePage)) << bytes;
    }
    std::memset(s->data(), 0xab, static_cast<size_t>(bytes));
    EXPECT_EQ(memory_stats().live_bytes, live_ + bytes);
    s.reset();
    EXPECT_EQ(memory_stats().live_bytes, live_);
  }
}

TEST_F(Memory, BlocksDoNotOverlap) {
  std::mt19937_64 random(1);
  std::vector<std::pair<std::shared_ptr<Storage>, unsigned char>> live;
  for (int step = 0; step < 3000; ++step) {
    if (live.size() > 60 || (!live.empty() && random() % 3 == 0)) {
      size_t i = random() % live.size();
      auto [s, mark] = live[i];
      const unsigned char* p = static_cast<unsigned char*>(s->data());
      for (int64_t k = 0; k < s->bytes(); k += 61) ASSERT_EQ(p[k], mark);
      if (s->bytes()) {
        ASSERT_EQ(p[s->bytes() - 1], mark);
      }
      live[i] = live.back();
      live.pop_back();
    } else {
      int64_t most = int64_t{1} << (random() % 23);
      int64_t bytes = static_cast<int64_t>(random() % static_cast<uint64_t>(most));
      unsigned char mark = static_cast<unsigned char>(random());
      std::shared_ptr<Storage> s = allocate(bytes);
      std::memset(s->data(), mark, static_cast<size_t>(bytes));
      live.emplace_back(std::move(s), mark);
    }
    if (step % 500 == 499) trim_memory();
  }
}

TEST_F(Memory, FreedBlocksAreReusedWithoutTheSystem) {
  for (int64_t bytes : kSizes) {
    std::shared_ptr<Storage> first = allocate(bytes);
    const void* where = first->data();
    first.reset();
    int64_t before = memory_stats().from_system;
    std::shared_ptr<Storage> second = allocate(bytes);
    EXPECT_EQ(second->data(), where) << bytes;
    EXPECT_EQ(memory_stats().from_system, before) << bytes;
  }
}

TEST_F(Memory, CountsAllocations) {
  MemoryStats before = memory_stats();
  for (int i = 0; i < 10; ++i) allocate(i * 100000);
  EXPECT_EQ(memory_stats().allocations - before.allocations, 10);
}

TEST_F(Memory, TrimGivesEverythingBack) {
  for (int64_t bytes : kSizes) allocate(bytes);
  EXPECT_GT(memory_stats().cached_bytes, 40 << 20);
  trim_memory();
  EXPECT_EQ(memory_stats().cached_bytes, 0);
}

TEST_F(Memory, TheCacheIsBounded) {
  set_memory_cache(8 << 20);
  {
    std::vector<std::shared_ptr<Storage>> live;
    for (int i = 0; i < 40; ++i) live.push_back(allocate(1 << 20));
    for (int i = 0; i < 4; ++i) live.push_back(allocate(4 << 20));
  }
  EXPECT_LE(memory_stats().cached_bytes, (8 << 20) + (64 << 10));
  EXPECT_GE(memory_stats().cached_bytes, 4 << 20);
  allocate(16 << 20);  // larger than the bound: gone at once
  EXPECT_LE(memory_stats().cached_bytes, (8 << 20) + (64 << 10));
  set_memory_cache(int64_t{1} << 30);
}

TEST_F(Memory, PeakIsKept) {
  reset_peak();
  {
    auto a = allocate(1 << 20);
    auto b = allocate(1000);
  }
  allocate(500);
  EXPECT_EQ(memory_stats().peak_live_bytes, live_ + (1 << 20) + 1000);
  reset_peak();
  EXPECT_EQ(memory_stats().peak_live_bytes, live_);
}

TEST_F(Memory, TheLimitHoldsAndTheNextCallWorks) {
  set_memory_limit(live_ + (10 << 20));
  auto a = allocate(6 << 20);
  try {
    allocate(5 << 20);
    FAIL() << "past the limit";
  } catch (const Error& e) {
    EXPECT_EQ(e.op, "allocate");
    EXPECT_NE(e.message.find("5 MiB"), std::string::npos) << e.what();
    EXPECT_NE(e.message.find("limit"), std::string::npos) << e.what();
    EXPECT_NE(e.help.find("FRIT_MEMORY_LIMIT"), std::string::npos) << e.what();
  }
  EXPECT_EQ(memory_stats().live_bytes, live_ + (6 << 20));
  EXPECT_THROW(allocate((4 << 20) + 1), Error);
  auto b = allocate(4 << 20);
  EXPECT_THROW(allocate(1), Error);
  a.reset();
  allocate(5 << 20);
}

TEST_F(Memory, AbsurdSizesAreErrors) {
  for (int64_t bytes : {int64_t{-1}, INT64_MIN, INT64_MAX, INT64_MAX - 63, int64_t{1} << 62, kLargestBlock + 1,
                        kLargestBlock, int64_t{1} << 45})
    EXPECT_THROW(allocate(bytes), Error) << bytes;
  EXPECT_EQ(memory_stats().live_bytes, live_);
  allocate(100);
}

// In a child: the system refuses, the cache is given back, and what then fits is had.
TEST_F(Memory, TheSystemHasNoMore) {
  if (kSanitized) GTEST_SKIP() << "not under a sanitizer that maps shadow memory";
  pid_t child = fork();
  if (child == 0) {
    int code = 0;
    {
      auto kept = allocate(1 << 20);
      std::vector<std::shared_ptr<Storage>> wide;
      for (int i = 0; i < 24; ++i) wide.push_back(allocate(4 << 20));
      wide.clear();  // 96 MiB of cache
      FILE* statm = fopen("/proc/self/statm", "r");
      long pages = 0;
      if (!statm || fscanf(statm, "%ld", &pages) != 1) _exit(10);
      fclose(statm);
      // 32 MiB more than now: 64 MiB fit only if the cache goes.
      rlimit most{static_cast<rlim_t>(pages) * 4096 + (32 << 20), RLIM_INFINITY};
      if (setrlimit(RLIMIT_AS, &most)) _exit(11);
      int64_t live = memory_stats().live_bytes;
      try {
        allocate(64 << 20);
      } catch (const Error&) {
        code = 12;
      }
      if (memory_stats().cached_bytes > (80 << 20)) code = code ? code : 13;
      try {
        allocate(int64_t{1} << 30);
        code = code ? code : 14;
      } catch (const Error& e) {
        if (e.message.find("system") == std::string::npos) code = code ? code : 15;
      }
      if (memory_stats().live_bytes != live) code = code ? code : 16;
      // Small and middle ones until nothing is left, and all of it again.
      for (int64_t bytes : {20000, 100000}) {
        std::vector<std::shared_ptr<Storage>> all;
        all.reserve(100000);
        bool refused = false;
        for (int i = 0; i < 100000 && !refused; ++i) {
          try {
            all.push_back(allocate(bytes));
          } catch (const Error&) {
            refused = true;
          } catch (...) {
            code = code ? code : 17;
            break;
          }
        }
        if (!refused) code = code ? code : 18;
        all.clear();
        trim_memory();
      }
      try {
        allocate(16 << 20);
      } catch (...) {
        code = code ? code : 19;
      }
    }
    _exit(code);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(Memory, BorrowedMemoryKeepsItsOwner) {
  auto owner = std::make_shared<std::vector<float>>(100, 1.0f);
  std::weak_ptr<std::vector<float>> watch = owner;
  float* data = owner->data();
  std::shared_ptr<Storage> s = borrow(data, 400, std::move(owner));
  EXPECT_EQ(s->data(), data);
  EXPECT_EQ(s->bytes(), 400);
  EXPECT_EQ(memory_stats().live_bytes, live_);
  EXPECT_FALSE(watch.expired());
  s.reset();
  EXPECT_TRUE(watch.expired());
  EXPECT_NE(borrow(nullptr, 0, nullptr)->data(), nullptr);
}

TEST_F(Memory, ManyThreadsHandBlocksAround) {
  std::mutex mutex;
  std::vector<std::shared_ptr<Storage>> shared;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      std::mt19937_64 random(t);
      for (int i = 0; i < 3000; ++i) {
        int64_t bytes = kSizes[random() % 20];
        std::shared_ptr<Storage> s = allocate(bytes);
        if (bytes) static_cast<char*>(s->data())[bytes - 1] = static_cast<char>(t);
        std::lock_guard lock(mutex);
        if (shared.size() < 50) shared.push_back(s);
        else std::swap(shared[random() % 50], s);
        if (i % 1000 == 999) trim_memory();
      }
    });
  for (std::thread& t : threads) t.join();
  shared.clear();
  trim_memory();
  EXPECT_EQ(memory_stats().cached_bytes, 0);
}

TEST_F(Memory, ThreadsThatEndLeaveTheirBlocksToOthers) {
  std::thread([] { std::vector<std::shared_ptr<Storage>> v(50, nullptr); for (auto& s : v) s = allocate(5000); }).join();
  int64_t before = memory_stats().from_system;
  std::vector<std::shared_ptr<Storage>> v(50, nullptr);
  for (auto& s : v) s = allocate(5000);
  EXPECT_EQ(memory_stats().from_system, before);
}

// Arrays end where nothing may be thrown: what cannot be given back to the system stays cached.
TEST(PageHeapAlone, GivingWithoutMemoryOfTheHost) {
  constexpr int64_t K = 1 << 10;
  int refused = 0;
  for (int64_t left = 0; left < 100; ++left) {
    PageHeap heap;
    std::vector<std::pair<void*, int64_t>> blocks;
    bool mapped = false;
    for (int i = 0; i < 30; ++i)
      for (int64_t bytes : {33 * K, 100 * K, 700 * K, 3000 * K}) blocks.emplace_back(heap.take(PageHeap::capacity(bytes), &mapped), PageHeap::capacity(bytes));
    {
      test::NoMemory some(left);
      for (const auto& [block, capacity] : blocks) heap.give(block, capacity, 500 * K);
      refused += test::NoMemory::refused();
    }
    heap.trim(0);
    EXPECT_EQ(heap.cached_bytes(), 0);
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace frit::rt
