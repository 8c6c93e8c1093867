// The emulated GPU: right kernels give right results in either order of threads, and each kind of
// fault is found.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>

#include "tests/cuda_emulation/batch.h"
#include "tests/emulation/kernels.h"
#include "tests/engines/guarded.h"

namespace frit::test {
namespace {

struct InOrder {
  explicit InOrder(EmulatedOrder o) { set_emulated_order(o); }
  ~InOrder() { set_emulated_order({}); }
};
constexpr EmulatedOrder kOrders[] = {{false, 0xff}, {true, 0x2d}};

// Runs a kernel `void f(int* y)` of 64 threads a block; its results in either order.
struct Ran {
  std::string problem;
  std::vector<int> ascending, descending;
  bool same() const { return ascending == descending; }
};
Ran run(const std::string& body, unsigned grid = 1, size_t shared = 256, unsigned block = 64) {
  Ran r;
  for (const EmulatedOrder& o : kOrders) {
    const InOrder in(o);
    std::vector<int>& y = o.descending ? r.descending : r.ascending;
    y.assign(size_t{grid} * block, 0x2d2d2d2d);
    const std::string source = "extern \"C\" __global__ void __launch_bounds__(64) faulty(int* y) {\n"
                               "  extern __shared__ __align__(16) unsigned char frit_shared[];\n"
                               "  int* s = reinterpret_cast<int*>(frit_shared);\n"
                               "  const int t = threadIdx.x;\n" + body + "\n}\n";
    if (std::string p = launch(source, "faulty", grid, block, shared, y.data()); !p.empty()) r.problem = p;
  }
  return r;
}
#define EXPECT_PROBLEM(ran, what) \
  do { \
    const std::string problem_ = (ran).problem; \
    EXPECT_NE(problem_.find(what), std::string::npos) << "it says: " << problem_; \
    EXPECT_TRUE(problem_.starts_with("faulty: ")) << problem_; \
  } while (false)

TEST(Emulation, SoftmaxOfRows) {
  const long long rows = 3, n = 300;
  std::vector<float> x(rows * n), want(rows * n);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 37 % 101) / 25.0f;
  for (long long r = 0; r < rows; ++r) {
    double s = 0;
    for (long long j = 0; j < n; ++j) s += std::exp(static_cast<double>(x[r * n + j]));
    for (long long j = 0; j < n; ++j) want[r * n + j] = static_cast<float>(std::exp(static_cast<double>(x[r * n + j])) / s);
  }
  std::vector<std::vector<float>> results;
  for (const EmulatedOrder& o : kOrders) {
    const InOrder in(o);
    std::vector<float> y(rows * n);
    ASSERT_EQ(launch(kSoftmax, "softmax", rows, 128, 16, x.data(), y.data(), n, rows), "");
    for (size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], want[i], 1e-6f);
    results.push_back(y);
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST(Emulation, ASplitSumFinishedByTheLastBlock) {
  const long long n = 1000, work = 4;
  std::vector<float> x(n);
  std::iota(x.begin(), x.end(), 1.0f);
  for (const EmulatedOrder& o : kOrders) {
    const InOrder in(o);
    std::vector<float> parts(work);
    float y = 0;
    unsigned counter = 0;
    ASSERT_EQ(launch(kSplitSum, "split_sum", work, 256, 1040, x.data(), parts.data(), &y, n, work, &counter), "");
    EXPECT_EQ(y, 500500.0f);
    EXPECT_EQ(counter, 0u);
  }
}

TEST(Emulation, TeamsOfLanesWithRowsOfTheirOwn) {
  const long long rows = 37;
  std::vector<int> x(rows * 8), y(rows * 8);
  std::iota(x.begin(), x.end(), 0);
  ASSERT_EQ(launch(kTeams, "teams", 2, 256, 0, x.data(), y.data(), rows), "");
  for (int i = 0; i < rows * 8; ++i) EXPECT_EQ(y[i], i / 8 * 64 + 28);
}

TEST(Emulation, ABatchOfImages) {
  const std::string prelude = "__device__ __forceinline__ int twice(int x) { return 2 * x; }\n";
  std::vector<std::string> images;
  for (int k = 0; k < 5; ++k)
    images.push_back(emulated_image(prelude + "extern \"C\" __global__ void same_name(int* y, long long work) { *y = twice(" + std::to_string(k) + "); }\n",
                                    prelude.size()));
  const auto before = emulation_stats();
  ASSERT_EQ(compile_images(images, 2), "");
  EXPECT_EQ(emulation_stats().kernels - before.kernels, 5);
  EXPECT_EQ(emulation_stats().batches - before.batches, 1);
  ASSERT_EQ(compile_images(images, 2), "");
  EXPECT_EQ(emulation_stats().kernels - before.kernels, 5);
  for (int k = 0; k < 5; ++k) {
    int y = -1;
    long long work = 1;
    int* p = &y;
    void* args[] = {&p, &work};
    std::string error;
    EXPECT_TRUE(emulated_entry(images[k], "same_name"));
    EXPECT_FALSE(emulated_entry(images[k], "another"));
    ASSERT_TRUE(emulated_launch(images[k], "same_name", 1, 1, 0, args, &error)) << error;
    EXPECT_EQ(y, 2 * k);
  }
}

TEST(Emulation, NamesOfEntries) {
  EXPECT_EQ(entry_names("extern \"C\" __global__ void a(int* x);"), std::vector<std::string>{"a"});
  EXPECT_EQ(entry_names("extern \"C\" __global__ void __launch_bounds__(64, (2)) b_1(int* x) {}\nextern \"C\" __global__ __launch_bounds__(4) void c() {}"),
            (std::vector<std::string>{"b_1", "c"}));
  EXPECT_TRUE(entry_names("__device__ int f(int);").empty());
}

TEST(Emulation, WhatTheCompilerRefusesIsSaid) {
  EXPECT_NE(launch("extern \"C\" __global__ void f() { nonsense; }", "f", 1, 1, 0).find("nonsense"), std::string::npos);
  EXPECT_NE(launch("extern \"C\" __global__ void f(int x) {}", "f", 1, 1, 0).find("64 bits"), std::string::npos);
  std::string error;
  EXPECT_FALSE(emulated_launch("\x7f" "ELF", "f", 1, 1, 0, nullptr, &error));
  EXPECT_EQ(error, "no image of the emulation");
}

TEST(Emulation, MissingBarrierGivesDifferentResults) {
  const Ran right = run("  s[t] = t;\n  __syncthreads();\n  y[t] = s[(t + 1) % 64];");
  EXPECT_EQ(right.problem, "");
  EXPECT_TRUE(right.same());
  EXPECT_EQ(right.ascending[5], 6);
  const Ran wrong = run("  s[t] = t;\n  y[t] = s[(t + 1) % 64];");
  EXPECT_EQ(wrong.problem, "");
  EXPECT_FALSE(wrong.same());
  const Ran of_a_warp = run("  s[t] = t;\n  y[t] = s[t ^ 1];");
  EXPECT_FALSE(of_a_warp.same());
  EXPECT_TRUE(run("  s[t] = t;\n  __syncwarp();\n  y[t] = s[t ^ 1];").same());
}

TEST(Emulation, SharedMemoryThatNothingWrote) {
  const Ran r = run("  if (t < 63) s[t] = t;\n  __syncthreads();\n  y[t] = s[t];");
  EXPECT_EQ(r.problem, "");
  EXPECT_FALSE(r.same());
}

TEST(Emulation, BarriersInDivergentCode) {
  EXPECT_PROBLEM(run("  if (t < 32) __syncthreads();\n  y[t] = t;"),
                 "barrier in divergent code: block 0, threads 0 to 31 wait at the barrier of line 5; block 0, threads 32 to 63 have returned");
  EXPECT_PROBLEM(run("  if (t == 9) return;\n  __syncthreads();"), "thread");
  EXPECT_PROBLEM(run("  if (t < 8) {\n    __syncthreads();\n  } else {\n    __syncthreads();\n  }"), "line 6; block 0, threads 8 to 63 wait at the barrier of line 8");
  EXPECT_PROBLEM(run("  if (t % 32 != 3) y[t] = __shfl_sync(0xffffffffu, t, 0);"), "the shuffle of line 5 for lanes ffffffff; block 0, threads 3 to 3 have returned");
  EXPECT_PROBLEM(run("  if (t < 32) __syncwarp(); else __syncthreads();"), "barrier in divergent code");
  EXPECT_PROBLEM(run("  if (t % 32 < 16) __syncwarp(); else __syncwarp();\n  y[t] = t;\n  if (t % 2) __syncwarp(0x55555555u);"), "not in its own mask");
}

TEST(Emulation, MasksOfShuffles) {
  EXPECT_PROBLEM(run("  if (t % 32 < 16) y[t] = __shfl_sync(0xffffu, t, 20);"), "a shuffle from lane 20, which is not in the mask");
  EXPECT_PROBLEM(run("  y[t] = __shfl_sync(0xffffffffu, t, 0);", 1, 0, 48), "lanes that the block does not have");
  EXPECT_PROBLEM(run("  y[t] = __shfl_sync(0xffffffffu, t, 0, 12);"), "no power of two");
  const Ran halves = run("  const unsigned m = t % 32 < 16 ? 0xffffu : 0xffff0000u;\n"
                         "  if (t % 32 < 16) y[t] = __shfl_down_sync(m, t, 1, 16); else y[t] = __shfl_xor_sync(m, t, 8);");
  EXPECT_EQ(halves.problem, "");
  for (int t = 0; t < 64; ++t) EXPECT_EQ(halves.ascending[static_cast<size_t>(t)], t % 32 < 16 ? std::min(t + 1, t | 15) : t ^ 8);
}

TEST(Emulation, OutsideOfMemory) {
  EXPECT_PROBLEM(run("  s[t + 1] = t;\n  y[t] = t;"), "block 0, thread 63: no memory of the kernel's lies at");
  EXPECT_PROBLEM(run("  s[t - 1] = t;\n  y[t] = t;"), "memory before the block's shared memory has been written");
  EXPECT_PROBLEM(run("  y[t] = *(volatile int*)nullptr;"), "lies at (nil)");
  EXPECT_PROBLEM(run("  volatile char big[300000];\n  big[0] = 1;\n  y[t] = big[0];"), "no memory of the kernel's");
  for (const EmulatedOrder& o : kOrders) {
    const InOrder in(o);
    Guarded y(64 * 4);
    EXPECT_NE(launch("extern \"C\" __global__ void beyond(int* y) { y[static_cast<int>(threadIdx.x) + 1] = 1; }", "beyond", 1, 64, 0, y.data()), "");
    EXPECT_EQ(launch("extern \"C\" __global__ void before(int* y) { y[static_cast<int>(threadIdx.x) - 1] = 1; }", "before", 1, 64, 0, y.data()), "");
    EXPECT_FALSE(y.untouched_before());
  }
  // The device goes on after a fault.
  EXPECT_EQ(run("  y[t] = t;").problem, "");
}

TEST(Emulation, OperationsThatAreNotDefined) {
  EXPECT_PROBLEM(run("  y[t] = t + 0x7fffffff;"), "undefined operation");
  EXPECT_PROBLEM(run("  y[t] = 1 << (t + 1);"), "undefined operation");
  EXPECT_PROBLEM(run("  y[t] = 5 / (t - 3);"), "undefined operation");
  EXPECT_PROBLEM(run("  *reinterpret_cast<int4*>(s + 1) = make_int4(1, 2, 3, 4);\n  y[t] = s[2];"), "undefined operation");
  EXPECT_PROBLEM(run("  y[t] = (int)(t * 1e9f);"), "undefined operation");
  EXPECT_EQ(run("  y[t] = __float2int_rz(t * 1e9f);").ascending[3], 0x7fffffff);
}

TEST(Emulation, ACounterNeedsAFence) {
  const std::string counted = "  unsigned* c = reinterpret_cast<unsigned*>(s);\n  if (t == 0) { *c = 0; FENCE y[0] = atomicAdd(c, 1u); }";
  auto with = [&](const std::string& fence) { std::string b = counted; return b.replace(b.find("FENCE"), 5, fence); };
  EXPECT_EQ(run(with("__threadfence();")).problem, "");
  EXPECT_PROBLEM(run(with("")), "no thread of the block has called __threadfence");
}

TEST(Emulation, BlocksOfAClusterSeeEachOthersSharedMemory) {
  const char* source = R"(extern "C" __global__ void cluster(int* y) {
  extern __shared__ __align__(16) unsigned char frit_shared[];
  int* s = reinterpret_cast<int*>(frit_shared);
  s[threadIdx.x] = blockIdx.x * 100 + threadIdx.x;
  frit_emulated::cluster_barrier();
  y[blockIdx.x * 32 + threadIdx.x] = *frit_emulated::in_cluster(s + threadIdx.x, 1 - blockIdx.x % 2);
  frit_emulated::cluster_barrier();
})";
  for (const EmulatedOrder& o : kOrders) {
    const InOrder in(o);
    std::vector<int> y(128);
    int* p = y.data();
    void* args[] = {&p};
    std::string error;
    ASSERT_TRUE(emulated_launch(emulated_image(source), "cluster", 4, 32, 128, args, &error, 2)) << error;
    for (int i = 0; i < 128; ++i) EXPECT_EQ(y[static_cast<size_t>(i)], (i / 32 ^ 1) * 100 + i % 32);
  }
}

}  // namespace
}  // namespace frit::test
