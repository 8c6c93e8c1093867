// The pool: every item once, workers distinct, the last one told, callers safe from each other.
#include "runtime/threads.h"

#include <gtest/gtest.h>
#include <immintrin.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <thread>
#include <vector>

#include "frit/error.h"

namespace frit::rt {
namespace {

struct Range {
  int64_t lo, hi;
  int worker;
};

// Records what a call did, and checks that no worker number runs twice at a time.
struct Record {
  std::mutex mutex;
  std::vector<Range> ranges;
  std::vector<int> busy;
  int lasts = 0, last_worker = -1;
  int64_t seen_at_last = 0;
  bool clash = false;

  explicit Record(int threads) : busy(static_cast<size_t>(threads < 1 ? 1 : threads), 0) {}
  static void range(void* context, int64_t lo, int64_t hi, int worker) {
    Record& r = *static_cast<Record*>(context);
    {
      std::lock_guard lock(r.mutex);
      if (worker < 0 || worker >= static_cast<int>(r.busy.size()) || r.busy[static_cast<size_t>(worker)]++) r.clash = true;
    }
    if ((lo & 7) == 0) std::this_thread::yield();
    std::lock_guard lock(r.mutex);
    if (!r.clash) --r.busy[static_cast<size_t>(worker)];
    r.ranges.push_back({lo, hi, worker});
  }
  static void last(void* context, int worker) {
    Record& r = *static_cast<Record*>(context);
    std::lock_guard lock(r.mutex);
    ++r.lasts;
    r.last_worker = worker;
    for (const Range& x : r.ranges) r.seen_at_last += x.hi - x.lo;
  }
};

void expect_whole(Record& r, int64_t count, int64_t grain, int threads) {
  SCOPED_TRACE(testing::Message() << "count " << count << " grain " << grain << " threads " << threads);
  EXPECT_FALSE(r.clash);
  std::sort(r.ranges.begin(), r.ranges.end(), [](const Range& a, const Range& b) { return a.lo < b.lo; });
  int64_t at = 0;
  for (const Range& x : r.ranges) {
    ASSERT_EQ(x.lo, at);
    ASSERT_GT(x.hi, x.lo);
    if (x.hi != count) {
      ASSERT_EQ((x.hi - x.lo) % std::max<int64_t>(grain, 1), 0);
    }
    at = x.hi;
  }
  EXPECT_EQ(at, count);
  EXPECT_EQ(r.lasts, 1);
  EXPECT_EQ(r.seen_at_last, count);
  EXPECT_GE(r.last_worker, 0);
  EXPECT_LT(r.last_worker, std::max(threads, 1));
}

TEST(ParallelFor, CoversEveryItemOnce) {
  for (int threads : {1, 2, 3, 8})
    for (int64_t count : {0, 1, 2, 3, 5, 16, 31, 32, 33, 100, 127, 1000, 1023})
      for (int64_t grain : {0, 1, 2, 3, 7, 16, 64, 1000, 5000}) {
        Record r(threads);
        parallel_for(count, grain, threads, Record::range, Record::last, &r);
        expect_whole(r, count, grain, threads);
      }
}

TEST(ParallelFor, HugeCountsDoNotOverflow) {
  for (int64_t count : {int64_t{1} << 40, (int64_t{1} << 61) + 12345})
    for (int64_t grain : {int64_t{1}, int64_t{1000}, int64_t{1} << 39}) {
      Record r(4);
      parallel_for(count, grain, 4, Record::range, Record::last, &r);
      expect_whole(r, count, grain, 4);
      EXPECT_LE(r.ranges.size(), 128u);
    }
}

TEST(ParallelFor, SmallWorkStaysOnTheCaller) {
  struct Where {
    std::thread::id thread;
    int calls = 0;
  } where;
  auto fn = [](void* context, int64_t lo, int64_t hi, int worker) {
    Where& w = *static_cast<Where*>(context);
    w.thread = std::this_thread::get_id();
    ++w.calls;
    EXPECT_EQ(lo, 0);
    EXPECT_EQ(hi, 100);
    EXPECT_EQ(worker, 0);
  };
  parallel_for(100, 100, 8, fn, nullptr, &where);
  EXPECT_EQ(where.calls, 1);
  EXPECT_EQ(where.thread, std::this_thread::get_id());
  parallel_for(100, 1, 1, fn, nullptr, &where);
  EXPECT_EQ(where.calls, 2);
  EXPECT_EQ(where.thread, std::this_thread::get_id());
}

// A call may run on its caller alone while a worker of an earlier one is on its way out; such a call
// comes as one range. Tests that need several threads go on until they have them.
template <class State, class Fn>
void until_shared(int64_t count, int threads, State& state, Fn fn) {
  for (int attempt = 0; attempt < 10000; ++attempt) {
    state.alone = false;
    parallel_for(count, 1, threads, fn, nullptr, &state);
    if (!state.alone) return;
    std::this_thread::yield();
  }
  FAIL() << "no call had a second thread";
}

// Three threads are needed to get past a meeting point, so the pool does give them.
TEST(ParallelFor, SeveralThreadsWork) {
  struct Meet {
    std::atomic<int> arrived{0};
    std::atomic<uint64_t> workers{0};
    bool alone = false;
  } meet;
  until_shared(3, 3, meet, [](void* context, int64_t lo, int64_t hi, int worker) {
    Meet& m = *static_cast<Meet*>(context);
    if (lo == 0 && hi == 3) {
      m.alone = true;
      return;
    }
    m.workers |= uint64_t{1} << worker;
    ++m.arrived;
    while (m.arrived < 3) std::this_thread::yield();
  });
  EXPECT_EQ(meet.workers, 7u);
}

TEST(ParallelFor, RegionsAreContiguous) {
  // All workers meet in their first range, before anyone can take from another's region.
  struct First {
    std::atomic<int64_t> lo[4] = {-1, -1, -1, -1};
    std::atomic<int> arrived{0};
    bool alone = false;
  } first;
  until_shared(6400, 4, first, [](void* context, int64_t lo, int64_t hi, int worker) {
    First& f = *static_cast<First*>(context);
    if (lo == 0 && hi == 6400) {
      f.alone = true;
      return;
    }
    int64_t none = -1;
    if (!f.lo[worker].compare_exchange_strong(none, lo)) return;
    ++f.arrived;
    while (f.arrived < 4) std::this_thread::yield();
  });
  for (int w = 0; w < 4; ++w) EXPECT_EQ(first.lo[w], 1600 * w);
}

TEST(ParallelFor, ALateWorkerIsHelped) {
  // Whoever has the first item sits in it until all others are done: somebody must take the rest of its region.
  struct State {
    std::atomic<int64_t> done{0};
  } state;
  auto fn = [](void* context, int64_t lo, int64_t hi, int) {
    State& s = *static_cast<State*>(context);
    while (lo == 0 && s.done < 1000 - hi) std::this_thread::yield();
    s.done += hi - lo;
  };
  parallel_for(1000, 1, 2, fn, nullptr, &state);
  EXPECT_EQ(state.done, 1000);
}

TEST(ParallelFor, NestedCallsRunInline) {
  struct State {
    std::atomic<int64_t> items{0};
    std::atomic<int> inner{0}, strayed{0};
  } state;
  auto outer = [](void* context, int64_t lo, int64_t hi, int) {
    struct Inner {
      State* state;
      std::thread::id thread;
    } inner{static_cast<State*>(context), std::this_thread::get_id()};
    for (int64_t i = lo; i < hi; ++i)
      parallel_for(
          50, 1, 4,
          [](void* c, int64_t a, int64_t b, int worker) {
            Inner& n = *static_cast<Inner*>(c);
            n.state->items += b - a;
            if (n.thread != std::this_thread::get_id() || worker != 0) ++n.state->strayed;
          },
          [](void* c, int) { ++static_cast<Inner*>(c)->state->inner; }, &inner);
  };
  parallel_for(20, 1, 4, outer, nullptr, &state);
  EXPECT_EQ(state.items, 1000);
  EXPECT_EQ(state.inner, 20);
  EXPECT_EQ(state.strayed, 0);
}

TEST(ParallelFor, ManyCallersAtATime) {
  std::vector<std::thread> callers;
  std::atomic<int64_t> total{0};
  std::atomic<int> lasts{0};
  struct Sum {
    std::atomic<int64_t>* total;
    std::atomic<int>* lasts;
    std::atomic<int64_t> sum{0};
  };
  for (int t = 0; t < 4; ++t)
    callers.emplace_back([&] {
      for (int i = 0; i < 300; ++i) {
        Sum s{&total, &lasts};
        parallel_for(
            100 + i, 3, 3, [](void* c, int64_t lo, int64_t hi, int) { static_cast<Sum*>(c)->sum += hi - lo; },
            [](void* c, int) {
              Sum& s = *static_cast<Sum*>(c);
              *s.total += s.sum;
              ++*s.lasts;
            },
            &s);
        EXPECT_EQ(s.sum, 100 + i);
      }
    });
  for (std::thread& t : callers) t.join();
  EXPECT_EQ(lasts, 1200);
  EXPECT_EQ(total, 4 * (300 * 100 + 299 * 300 / 2));
}

// What one worker wrote, the caller and the last one see: plain memory, for the thread sanitizer.
TEST(ParallelFor, ResultsAreVisible) {
  struct State {
    std::vector<int> data = std::vector<int>(1000);
    int64_t sum = 0;
  } state;
  for (int round = 1; round <= 200; ++round) {
    parallel_for(
        1000, 10, 3,
        [](void* c, int64_t lo, int64_t hi, int) {
          for (int64_t i = lo; i < hi; ++i) ++static_cast<State*>(c)->data[static_cast<size_t>(i)];
        },
        [](void* c, int) {
          State& s = *static_cast<State*>(c);
          s.sum = 0;
          for (int v : s.data) s.sum += v;
        },
        &state);
    ASSERT_EQ(state.sum, 1000 * round);
    ASSERT_EQ(state.data[static_cast<size_t>(round)], round);
  }
}

TEST(ParallelFor, WorksInTheChildOfAFork) {
  std::atomic<int64_t> warm{0};
  auto fn = [](void* c, int64_t lo, int64_t hi, int) { *static_cast<std::atomic<int64_t>*>(c) += hi - lo; };
  parallel_for(1000, 1, 2, fn, nullptr, &warm);
#ifndef __SANITIZE_THREAD__  // which does not let a child of threads start threads
  pid_t child = fork();
  if (child == 0) {
    std::atomic<int64_t> sum{0};
    parallel_for(1000, 1, 2, fn, nullptr, &sum);
    _exit(sum == 1000 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
#endif
}

TEST(ParallelFor, SignalsStayWithTheProgram) {
  auto fn = [](void*, int64_t, int64_t, int worker) {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    EXPECT_EQ(sigismember(&mask, SIGINT), worker != 0);
  };
  parallel_for(1000, 1, 2, fn, nullptr, nullptr);
}

TEST(Threads, TheDefaultCanBeSet) {
  int before = default_threads();
  EXPECT_GE(before, 1);
  set_default_threads(3);
  EXPECT_EQ(default_threads(), 3);
  for (int bad : {0, -1, kMostThreads + 1}) EXPECT_THROW(set_default_threads(bad), Error);
  EXPECT_EQ(default_threads(), 3);
  set_default_threads(before);
}

TEST(FloatControl, SetsAndRestores) {
  constexpr unsigned flush = 0x8040, up = 0x4000, flags = 0x3f;
  unsigned before = _mm_getcsr();
  volatile float tiny = 1e-38f;
  _mm_setcsr((before & ~flags) | flush | up);
  EXPECT_EQ(tiny * 0.1f, 0.0f);
  {
    FloatControl plain;
    EXPECT_EQ(_mm_getcsr() & ~flags, 0x1f80u);
    EXPECT_GT(tiny * 0.1f, 0.0f);
    EXPECT_EQ(std::fpclassify(tiny * 0.1f), FP_SUBNORMAL);
    {
      FloatControl again;
      EXPECT_GT(tiny * 0.1f, 0.0f);
    }
    EXPECT_EQ(_mm_getcsr() & ~flags, 0x1f80u);
  }
  EXPECT_EQ(_mm_getcsr() & ~flags, (before & ~flags) | flush | up);
  _mm_setcsr(before);
}

}  // namespace
}  // namespace frit::rt
