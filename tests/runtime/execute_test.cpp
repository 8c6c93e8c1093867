// Plans run with kernels written by hand as plain functions.
#include <gtest/gtest.h>
#include <immintrin.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "frit/error.h"
#include "runtime/memory.h"
#include "runtime/plan.h"
#include "runtime/threads.h"

namespace frit::rt {
namespace {

std::shared_ptr<const KernelCode> code(WorkFn work, WorkFn finish = nullptr) {
  auto k = std::make_shared<KernelCode>();
  k->work = work;
  k->finish = finish;
  return k;
}

constexpr BufferRef in(int n, int64_t offset = 0) { return {BufferRef::input, n, offset}; }
constexpr BufferRef out(int n, int64_t offset = 0) { return {BufferRef::output, n, offset}; }
constexpr BufferRef temp(int64_t offset) { return {BufferRef::temp, 0, offset}; }

// buffers: x, y; params: factor. y[i] = x[i] * factor.
void scale(void* const* b, const int64_t* p, int64_t lo, int64_t hi, void*) {
  const float* x = static_cast<const float*>(b[0]);
  float* y = static_cast<float*>(b[1]);
  for (int64_t i = lo; i < hi; ++i) y[i] = x[i] * static_cast<float>(p[0]);
}

Launch launch(std::shared_ptr<const KernelCode> k, std::vector<BufferRef> buffers, std::vector<int64_t> params,
              int64_t work, int64_t grain = 1) {
  Launch l;
  l.code = std::move(k);
  l.buffers = std::move(buffers);
  l.params = std::move(params);
  l.work = work;
  l.grain = grain;
  return l;
}

// Enough declared work that every thread is used.
Launch heavy(Launch l) {
  l.flops = 1 << 28;
  return l;
}

// Segments of several lengths, empty ones among them: each item finds its own arguments.
TEST(Execute, Segments) {
  const std::vector<int64_t> sizes = {700, 0, 1, 3000, 0, 0, 64, 5, 0};
  for (int threads : {1, 2}) {
    Plan plan;
    Launch l = heavy(launch(code(scale), {}, {}, 0));
    std::vector<std::vector<float>> x, y;
    std::vector<const void*> inputs;
    std::vector<void*> outputs;
    for (size_t s = 0; s < sizes.size(); ++s) {
      x.emplace_back(static_cast<size_t>(sizes[s]) + 1, static_cast<float>(s + 1));
      y.emplace_back(static_cast<size_t>(sizes[s]) + 1, -1.f);
      l.starts.push_back(l.work);
      l.work += sizes[s];
      l.buffers.push_back(in(static_cast<int>(s)));
      l.buffers.push_back(out(static_cast<int>(s)));
      l.params.push_back(static_cast<int64_t>(10 * (s + 1)));
      plan.outputs.emplace_back().bytes = 4 * sizes[s];
    }
    for (auto& v : x) inputs.push_back(v.data());
    for (auto& v : y) outputs.push_back(v.data());
    plan.inputs = static_cast<int32_t>(sizes.size());
    plan.launches = {l};
    check(plan);
    RunCounters counters;
    execute(plan, inputs.data(), outputs.data(), threads, &counters);
    EXPECT_EQ(counters.launches, 1);
    for (size_t s = 0; s < sizes.size(); ++s) {
      const auto n = static_cast<size_t>(sizes[s]);
      for (size_t i = 0; i < n; ++i) ASSERT_EQ(y[s][i], static_cast<float>(10 * (s + 1) * (s + 1))) << s << " " << i;
      EXPECT_EQ(y[s][n], -1.f) << "past the segment's end";
    }
  }
}

TEST(Execute, LaunchesInOrderThroughTemporaries) {
  constexpr int64_t n = 10000;
  Plan plan;
  plan.inputs = 1;
  plan.outputs.resize(2);
  plan.outputs[0].bytes = plan.outputs[1].bytes = 4 * n + 64;
  plan.arena_bytes = 8 * n;
  plan.launches.push_back(heavy(launch(code(scale), {in(0), temp(0)}, {3}, n, 16)));
  plan.launches.push_back(heavy(launch(code(scale), {temp(0), temp(4 * n)}, {5}, n, 16)));
  plan.launches.push_back(heavy(launch(code(scale), {temp(4 * n), out(1, 64)}, {7}, n, 16)));
  plan.launches.push_back(launch(code(scale), {temp(0), out(0)}, {1}, n));
  for (Launch& l : plan.launches) l.bytes_read = 4 * n, l.bytes_written = 4 * n + 1;
  check(plan);
  std::vector<float> x(n), y0(n + 16), y1(n + 16);
  for (size_t i = 0; i < n; ++i) x[i] = static_cast<float>(i);
  const void* inputs[] = {x.data()};
  void* outputs[] = {y0.data(), y1.data()};
  for (int threads : {1, 2, 4}) {
    std::fill(y0.begin(), y0.end(), -1.0f);
    std::fill(y1.begin(), y1.end(), -1.0f);
    RunCounters counters;
    execute(plan, inputs, outputs, threads, &counters);
    EXPECT_EQ(counters.launches, 4);
    EXPECT_EQ(counters.bytes_read, 16 * n);
    EXPECT_EQ(counters.bytes_written, 16 * n + 4);
    for (size_t i = 0; i < n; ++i) {
      ASSERT_EQ(y0[i], 3.0f * static_cast<float>(i));
      ASSERT_EQ(y1[i + 16], 105.0f * static_cast<float>(i));
    }
    EXPECT_EQ(y1[0], -1.0f);
    execute(plan, inputs, outputs, threads, &counters);
    EXPECT_EQ(counters.launches, 8);
  }
}

// buffers: x, partials, result. Items are blocks of 100; finish adds the partials.
void partial(void* const* b, const int64_t*, int64_t lo, int64_t hi, void*) {
  const int64_t* x = static_cast<const int64_t*>(b[0]);
  for (int64_t i = lo; i < hi; ++i) {
    int64_t s = 0;
    for (int64_t k = 0; k < 100; ++k) s += x[100 * i + k];
    static_cast<int64_t*>(b[1])[i] = s;
  }
}
void total(void* const* b, const int64_t* p, int64_t lo, int64_t hi, void*) {
  EXPECT_EQ(lo, 0);
  EXPECT_EQ(hi, 0);
  int64_t s = 0;
  for (int64_t i = 0; i < p[0]; ++i) s += static_cast<int64_t*>(b[1])[i];
  *static_cast<int64_t*>(b[2]) += s;
}

TEST(Execute, FinishRunsOnceAfterAllItems) {
  constexpr int64_t blocks = 500;
  Plan plan;
  plan.inputs = 1;
  plan.outputs.resize(1);
  plan.outputs[0].bytes = 8;
  plan.arena_bytes = 8 * blocks;
  plan.launches.push_back(heavy(launch(code(partial, total), {in(0), temp(0), out(0)}, {blocks}, blocks)));
  std::vector<int64_t> x(100 * blocks);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<int64_t>(i);
  int64_t expected = 100 * blocks * (100 * blocks - 1) / 2;
  const void* inputs[] = {x.data()};
  for (int threads : {1, 2, 3})
    for (int round = 0; round < 50; ++round) {
      int64_t y = 0;
      void* outputs[] = {&y};
      RunCounters counters;
      execute(plan, inputs, outputs, threads, &counters);
      ASSERT_EQ(y, expected);
      ASSERT_EQ(counters.launches, 1);
    }
}

TEST(Execute, WithoutItemsOnlyFinishRuns) {
  Plan plan;
  plan.outputs.resize(1);
  plan.launches.push_back(launch(code(nullptr, [](void* const* b, const int64_t*, int64_t, int64_t, void*) {
                                   ++*static_cast<int*>(b[0]);
                                 }), {out(0)}, {}, 0));
  check(plan);
  int runs = 0;
  void* outputs[] = {&runs};
  execute(plan, nullptr, outputs, 4);
  EXPECT_EQ(runs, 1);
}

// Scratch: aligned, of full size, and nobody else's while a range runs.
struct ScratchSeen {
  std::mutex mutex;
  std::set<void*> places;
  std::atomic<int> wrong{0};
};
void use_scratch(void* const* b, const int64_t* p, int64_t lo, int64_t hi, void* scratch) {
  ScratchSeen& seen = *static_cast<ScratchSeen*>(b[0]);
  if (reinterpret_cast<uintptr_t>(scratch) % 64 != 0) ++seen.wrong;
  unsigned char mark = static_cast<unsigned char>(lo * 7 + 1);
  std::memset(scratch, mark, static_cast<size_t>(p[0]));
  std::this_thread::yield();
  for (int64_t i = 0; i < p[0]; ++i)
    if (static_cast<unsigned char*>(scratch)[i] != mark) ++seen.wrong;
  (void)hi;
  std::lock_guard lock(seen.mutex);
  seen.places.insert(scratch);
}

TEST(Execute, ScratchBelongsToOneWorker) {
  for (int64_t bytes : {int64_t{1}, int64_t{100}, int64_t{5000}, int64_t{3} << 20}) {
    ScratchSeen seen;
    Plan plan;
    plan.outputs.resize(1);
    Launch l = heavy(launch(code(use_scratch, use_scratch), {out(0)}, {bytes}, 64));
    l.scratch_bytes = bytes;
    plan.launches.push_back(l);
    l.scratch_bytes = 0;  // no scratch: a null pointer
    l.code = code([](void* const* b, const int64_t*, int64_t, int64_t, void* scratch) {
      if (scratch) ++static_cast<ScratchSeen*>(b[0])->wrong;
    });
    plan.launches.push_back(l);
    void* outputs[] = {&seen};
    execute(plan, nullptr, outputs, 3);
    EXPECT_EQ(seen.wrong, 0) << bytes;
    EXPECT_GE(seen.places.size(), 1u);
    EXPECT_LE(seen.places.size(), 3u);
  }
}

TEST(Execute, WarmCallsAllocateNothing) {
  ScratchSeen seen;
  Plan plan;
  plan.outputs.resize(1);
  Launch l = heavy(launch(code(use_scratch), {out(0)}, {200}, 64));
  l.scratch_bytes = 200;
  plan.launches.push_back(l);
  void* outputs[] = {&seen};
  execute(plan, nullptr, outputs, 2);
  int64_t before = memory_stats().allocations;
  for (int i = 0; i < 10; ++i) execute(plan, nullptr, outputs, 2);
  EXPECT_EQ(memory_stats().allocations, before);
}

TEST(Execute, MemoryRefusedMeansNothingWasWritten) {
  Plan plan;
  plan.inputs = 1;
  plan.outputs.resize(1);
  plan.launches.push_back(launch(code(scale), {in(0), out(0)}, {2}, 4));
  float x[4] = {1, 2, 3, 4}, y[4] = {};
  const void* inputs[] = {x};
  void* outputs[] = {y};
  Plan arena = plan, scratch = plan;
  arena.arena_bytes = int64_t{1} << 46;
  scratch.launches.push_back(scratch.launches[0]);
  scratch.launches[1].scratch_bytes = int64_t{1} << 46;
  for (const Plan* p : {&arena, &scratch}) {
    RunCounters counters;
    EXPECT_THROW(execute(*p, inputs, outputs, 2, &counters), Error);
    EXPECT_EQ(counters.launches, 0);
    EXPECT_EQ(y[0], 0.0f);
  }
  execute(plan, inputs, outputs, 2);
  EXPECT_EQ(y[3], 8.0f);
}

// x * 2^-3 on the least normal number is a denormal; the caller flushes and rounds up, the plan does not.
TEST(Execute, TheControlRegisterIsSetOnEveryThreadAndRestored) {
  constexpr int64_t n = 4096;
  struct Control {
    std::atomic<int> wrong{0};
  } control;
  auto look = [](void* const* b, const int64_t*, int64_t, int64_t, void*) {
    Control& c = *static_cast<Control*>(b[0]);
    volatile float least = 0x1p-126f;
    if ((_mm_getcsr() & ~0x3fu) != 0x1f80 || least * 0.125f != 0x1p-129f) ++c.wrong;
  };
  Plan plan;
  plan.outputs.resize(1);
  plan.launches.push_back(heavy(launch(code(look, look), {out(0)}, {}, n)));
  plan.launches.push_back(launch(code(look, look), {out(0)}, {}, 1));
  void* outputs[] = {&control};
  unsigned before = _mm_getcsr();
  _mm_setcsr((before & ~0x3fu) | 0x8040 | 0x4000);
  for (int i = 0; i < 20; ++i) execute(plan, nullptr, outputs, 3);
  unsigned after = _mm_getcsr();
  _mm_setcsr(before);
  EXPECT_EQ(control.wrong, 0);
  EXPECT_EQ(after & ~0x3fu, (before & ~0x3fu) | 0x8040 | 0x4000);
}

TEST(Execute, SmallLaunchesRunOnTheCallerInOneRange) {
  struct Seen {
    std::thread::id thread = std::this_thread::get_id();
    int ranges = 0, strayed = 0;
  } seen;
  Plan plan;
  plan.outputs.resize(1);
  Launch l = launch(code([](void* const* b, const int64_t*, int64_t lo, int64_t hi, void*) {
                      Seen& s = *static_cast<Seen*>(b[0]);
                      ++s.ranges;
                      if (s.thread != std::this_thread::get_id() || lo != 0 || hi != 1000) ++s.strayed;
                    }), {out(0)}, {}, 1000);
  l.bytes_read = 4000;
  l.flops = 1000;
  plan.launches.push_back(l);
  void* outputs[] = {&seen};
  for (int i = 0; i < 10; ++i) execute(plan, nullptr, outputs, 8);
  EXPECT_EQ(seen.ranges, 10);
  EXPECT_EQ(seen.strayed, 0);
}

TEST(Execute, FromManyThreads) {
  constexpr int64_t n = 5000;
  Plan plan;
  plan.inputs = 1;
  plan.outputs.resize(1);
  plan.outputs[0].bytes = 4 * n;
  plan.arena_bytes = 4 * n;
  plan.launches.push_back(heavy(launch(code(scale), {in(0), temp(0)}, {2}, n)));
  plan.launches.push_back(heavy(launch(code(scale), {temp(0), out(0)}, {3}, n)));
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t)
    callers.emplace_back([&, t] {
      std::vector<float> x(n, static_cast<float>(t + 1)), y(n);
      const void* inputs[] = {x.data()};
      void* outputs[] = {y.data()};
      for (int i = 0; i < 100; ++i) {
        std::fill(y.begin(), y.end(), 0.0f);
        execute(plan, inputs, outputs, 2);
        for (float v : y) ASSERT_EQ(v, 6.0f * static_cast<float>(t + 1));
      }
    });
  for (std::thread& t : callers) t.join();
}

TEST(Execute, ManyBuffers) {
  constexpr int n = 200;
  Plan plan;
  plan.outputs.resize(n);
  Launch l;
  l.code = code([](void* const* b, const int64_t* p, int64_t, int64_t, void*) {
    for (int64_t i = 0; i < p[0]; ++i) *static_cast<int64_t*>(b[i]) = i;
  });
  for (int i = 0; i < n; ++i) l.buffers.push_back(out(i));
  l.params = {n};
  l.work = 1;
  plan.launches.push_back(l);
  std::vector<int64_t> values(n, -1);
  std::vector<void*> outputs;
  for (int64_t& v : values) outputs.push_back(&v);
  execute(plan, nullptr, outputs.data(), 1);
  for (int i = 0; i < n; ++i) EXPECT_EQ(values[static_cast<size_t>(i)], i);
}

TEST(Check, FindsContradictions) {
  Plan good;
  good.name = "p";
  good.inputs = 1;
  good.outputs.resize(2);
  good.outputs[0].bytes = 16;
  good.outputs[1].alias_input = 0;
  good.arena_bytes = 64;
  good.launches.push_back(launch(code(scale), {in(0), out(0), temp(0)}, {1}, 4));
  check(good);
  auto bad = [&](auto change) {
    Plan p = good;
    change(p.launches[0]);
    EXPECT_THROW(check(p), std::logic_error);
  };
  bad([](Launch& l) { l.code = nullptr; });
  bad([](Launch& l) { l.code = code(nullptr, scale); });
  bad([](Launch& l) { l.grain = 0; });
  bad([](Launch& l) { l.work = -1; });
  bad([](Launch& l) { l.buffers[0].number = 1; });
  bad([](Launch& l) { l.starts = {0, 2}; });           // three buffers for two segments
  bad([](Launch& l) { l.starts = {1}; });
  bad([](Launch& l) { l.starts = {0, 3, 2}; });
  bad([](Launch& l) { l.starts = {0, 1, 5}; });        // past the last item
  bad([](Launch& l) { l.buffers[0].number = -1; });
  bad([](Launch& l) { l.buffers[1].number = 2; });
  bad([](Launch& l) { l.buffers[1].number = 1; });
  bad([](Launch& l) { l.buffers[1].offset = 17; });
  bad([](Launch& l) { l.buffers[2].offset = 65; });
  bad([](Launch& l) { l.buffers[2].offset = -1; });
}

}  // namespace
}  // namespace frit::rt
