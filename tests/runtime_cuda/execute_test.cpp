// Plans on the fake driver: arguments, grids, modules, graphs, counters, errors that come late.
#include "runtime/cuda/execute.h"

#include <gtest/gtest.h>

#include <thread>

#include "emulated_gpu.h"
#include "help.h"
#include "support/env.h"

namespace frit::rt::gpu {
namespace {

class GpuExecute : public ::testing::Test {
 protected:
  GpuExecute() { add_kernels(f); }
  void end() {
    cuda::use_driver(nullptr);
    expect_clean(f);
  }
  FakeDriver f;
};

std::vector<float> added(int64_t n) {
  std::vector<float> v = iota(n);
  for (float& x : v) x += x;
  return v;
}

TEST_F(GpuExecute, OneLaunch) {
  {
    auto p = load(0, add_plan(1000));
    Array x = array(iota(1000)), y = array(iota(1000));
    RunCounters counters;
    Array out = run(*p, x, y, 4000, &counters);
    EXPECT_EQ(f.kernels_run(), 0) << "enqueued, not waited for";
    // What is dropped now may be reused only by what comes later.
    x.reset(), y.reset();
    Array other = array(std::vector<float>(1000, -1.f));
    EXPECT_EQ(values(out), added(1000));
    EXPECT_EQ(counters.launches, 1);
    EXPECT_EQ(counters.bytes_read, 8000);
    EXPECT_EQ(counters.bytes_written, 4000);
  }
  end();
}

// Segments: the first items, then each segment's buffers and params, as one argument.
TEST_F(GpuExecute, ATableOfSegments) {
  std::vector<FakeLaunch> seen;
  f.run_kernel = [&](const FakeLaunch& l) {
    seen.push_back(l);
    return std::string();
  };
  f.argument_count = [](const std::string&, const std::string&) { return 2; };
  f.first_words = [](const std::string&, const std::string&) { return 2 + 2 * 3; };
  Plan p;
  p.name = "segments";
  p.gpu = true;
  p.inputs = 2;
  p.outputs = {{64}, {64}};
  auto k = kernel("scale");
  k->segments = 2;
  k->items_per_block = 1;
  BufferRef part = input(1);
  part.offset = 8;
  p.launches = {launch(k, {input(0), output(0), part, output(1)}, {5, 7}, 30)};
  p.launches[0].starts = {0, 20};
  {
    auto program = load(0, p);
    Array x = allocate(0, 64), y = allocate(0, 64), a = allocate(0, 64), b = allocate(0, 64);
    const void* in[] = {x->data(), y->data()};
    void* outs[] = {a->data(), b->data()};
    RunCounters counters;
    execute(*program, in, outs, &counters);
    EXPECT_EQ(counters.launches, 1);
    synchronize(0);
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].grid, 30);
    auto at = [](const Array& s) { return reinterpret_cast<uint64_t>(s->data()); };
    EXPECT_EQ(seen[0].values, (std::vector<uint64_t>{0, 20, at(x), at(a), 5, at(y) + 8, at(b), 7, 30}));
  }
  p.launches[0].starts = {0, 10, 20};
  EXPECT_THROW(load(0, p), std::logic_error) << "a kernel for two segments";
  end();
}

TEST_F(GpuExecute, GridArgumentsSharedMemoryAndClusters) {
  std::vector<FakeLaunch> seen;
  f.run_kernel = [&](const FakeLaunch& l) {
    seen.push_back(l);
    return std::string();
  };
  Plan p;
  p.name = "shapes";
  p.gpu = true;
  p.inputs = 1;
  p.outputs = {{64}};
  auto k = kernel("scale");
  k->items_per_block = 100;
  auto large = kernel("scale", "other image");
  large->cluster = 16;
  large->threads = 1024;
  large->items_per_block = 1;
  large->shared_bytes = 200 << 10;
  BufferRef part = input(0);
  part.offset = 24;
  p.launches = {launch(k, {part, output(0)}, {-5}, 201), launch(large, {output(0), output(0)}, {7}, 17), launch(k, {part, output(0)}, {1}, 0),
                launch(kernel("total"), {part, output(0)}, {}, 0)};
  {
    auto program = load(0, p);
    Array x = allocate(0, 64), out = allocate(0, 64);
    const void* in[] = {x->data()};
    void* outs[] = {out->data()};
    RunCounters counters;
    execute(*program, in, outs, &counters);
    EXPECT_EQ(counters.launches, 4);
    synchronize(0);
    ASSERT_EQ(seen.size(), 3u) << "without work and finish nothing is launched";
    EXPECT_EQ(seen[0].grid, 3);
    EXPECT_EQ(seen[0].threads, 128);
    EXPECT_EQ(seen[0].values[0], reinterpret_cast<uint64_t>(x->data()) + 24);
    EXPECT_EQ(seen[0].values[1], reinterpret_cast<uint64_t>(out->data()));
    EXPECT_EQ(static_cast<int64_t>(seen[0].values[2]), -5);
    EXPECT_EQ(seen[0].values[3], 201u);
    EXPECT_EQ(seen[1].grid, 17 * 16) << "a cluster an item";
    EXPECT_EQ(seen[1].cluster, 16);
    EXPECT_EQ(seen[1].threads, 1024);
    EXPECT_EQ(seen[1].shared_bytes, 200 << 10);
    EXPECT_EQ(*seen[1].image, "other image");
    EXPECT_EQ(seen[2].grid, 1) << "the last block does what remains";
    EXPECT_EQ(seen[2].entry, "total");
    EXPECT_TRUE(f.allocated(seen[2].values[3], 4));
  }
  end();
}

TEST_F(GpuExecute, NumbersGoAlong) {
  {
    Plan p;
    p.name = "numbers";
    p.gpu = true;
    p.inputs = 2;
    p.outputs = {{4}};
    p.launches = {launch(kernel("add"), {input(0), input(1), output(0)}, {}, 1)};
    auto program = load(0, p);
    std::vector<Array> outs;
    Array x = array({100});
    for (int i = 0; i < 3000; ++i) {  // comes round the ring of pinned memory
      float number = static_cast<float>(i);
      outs.push_back(allocate(0, 4));
      const void* in[] = {x->data(), &number};
      void* out[] = {outs.back()->data()};
      const uint8_t sizes[] = {0, 4};
      execute(*program, in, out, nullptr, sizes);
      number = -1;
    }
    for (int i = 0; i < 3000; i += 7) ASSERT_EQ(values(outs[static_cast<size_t>(i)])[0], 100.f + static_cast<float>(i));
  }
  end();
}

TEST_F(GpuExecute, TemporariesAndCounter) {
  {
    auto p = load(0, long_plan(1000, 3));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(values(run(*p, array(iota(1000)), array(iota(1000)), 4))[0], 8 * 999000.f);
    EXPECT_EQ(memory_stats(0).live_bytes, 0) << "arenas are not arrays";
  }
  end();
}

TEST_F(GpuExecute, AGraphFromTheSecondCallWithTheSameAddresses) {
  {
    auto p = load(0, long_plan(1000, 3));
    auto short_one = load(0, add_plan(1000));
    Array x = array(iota(1000)), y = array(iota(1000)), out = allocate(0, 4), wide = allocate(0, 4000);
    const void* in[] = {x->data(), y->data()};
    void* outs[] = {out->data()};
    void* wide_outs[] = {wide->data()};
    RunCounters counters;
    for (int i = 0; i < 10; ++i) {
      std::vector<float> data = iota(1000, static_cast<float>(i));
      copy_in(*x, 0, data.data(), 4000);
      execute(*p, in, outs, &counters);
      float sum = 0;
      for (size_t k = 0; k < 1000; ++k) sum += 8 * (data[k] + static_cast<float>(k));
      EXPECT_EQ(values(out)[0], sum) << i;
      execute(*short_one, in, wide_outs);
    }
    EXPECT_EQ(counters.launches, 50) << "as kernels, however they are launched";
    EXPECT_EQ(f.calls("cuGraphLaunch"), 9);
    EXPECT_EQ(f.calls("cuStreamBeginCapture_v2"), 1);
    EXPECT_EQ(f.calls("cuLaunchKernel"), 5 + 5 + 10) << "one call by hand, one captured; a program of one kernel is never a graph";
    // Another set of addresses; then more of them than are kept.
    std::vector<Array> many;
    for (int round = 0; round < 3; ++round)
      for (size_t k = 0; k < 8; ++k) {
        if (round == 0) many.push_back(allocate(0, 4));
        void* o[] = {many[k]->data()};
        execute(*p, in, o);
      }
    for (const Array& a : many) EXPECT_EQ(values(a)[0], values(out)[0]);
    EXPECT_LE(f.alive().graph_execs, 4);
    EXPECT_EQ(f.alive().graphs, 0);
    // Gone while it runs.
    execute(*p, in, outs);
    p.reset();
    synchronize();
    // On a thread that has no context.
    p = load(0, long_plan(1000, 3));
    for (int i = 0; i < 3; ++i) execute(*p, in, outs);
    EXPECT_GT(f.alive().graph_execs, 0);
    std::thread([&] { p.reset(); }).join();
    EXPECT_EQ(f.alive().graph_execs, 0);
  }
  end();
}

TEST_F(GpuExecute, AGraphThatCannotBeMadeIsGivenUp) {
  for (const char* call : {"cuStreamBeginCapture_v2", "cuStreamEndCapture", "cuGraphInstantiateWithFlags", "cuLaunchKernel"}) {
    auto p = load(0, long_plan(100, 2));
    Array x = array(iota(100)), y = array(iota(100));
    for (int i = 0; i < 5; ++i) {
      if (i == 1) f.fail_call(1, cuda::kInvalidValue, call);
      EXPECT_EQ(values(run(*p, x, y, 4))[0], 4 * 9900.f) << call;
    }
    EXPECT_TRUE(f.failed());
  }
  EXPECT_EQ(f.calls("cuGraphLaunch"), 0);
  end();
}

// Whatever wants memory of the device: what is cached goes, and it is tried once more.
TEST_F(GpuExecute, OutOfMemoryGivesBackWhatIsCached) {
  for (const char* call : {"cuModuleLoadDataEx", "cuModuleGetFunction", "cuLaunchKernel", "cuGraphInstantiateWithFlags", "cuGraphLaunch"}) {
    SCOPED_TRACE(call);
    const int64_t graphs = f.calls("cuGraphLaunch");
    Array x = array(iota(100)), y = array(iota(100));
    allocate(0, 20 << 20);
    ASSERT_GE(memory_stats(0).cached_bytes, 20 << 20);
    f.fail_call(1, cuda::kOutOfMemory, call);
    auto p = load(0, long_plan(100, 2));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(values(run(*p, x, y, 4))[0], 4 * 9900.f);
    EXPECT_TRUE(f.failed());
    EXPECT_LT(memory_stats(0).held_bytes, 20 << 20);
    EXPECT_GE(f.calls("cuGraphLaunch"), graphs + 4);
    p.reset();
    synchronize();  // modules are loaded anew
  }
  // Nothing to give back: an error of its type.
  trim_memory(0);
  f.fail_call(1, cuda::kOutOfMemory, "cuModuleLoadDataEx");
  EXPECT_THROW(load(0, add_plan(7)), OutOfMemory);
  EXPECT_EQ(values(run(*load(0, add_plan(100)), array(iota(100)), array(iota(100)), 400)), added(100));
  end();
}

TEST_F(GpuExecute, WhatIsThrownWhileRecordingEndsTheRecording) {
  {
    auto p = load(0, long_plan(100, 2));
    Array x = array(iota(100)), y = array(iota(100));
    run(*p, x, y, 4);
    bool recording = false;
    f.before_call = [&](const std::string& name) {
      if (name == "cuStreamBeginCapture_v2") recording = true;
      if (name == "cuLaunchKernel" && recording) throw std::bad_alloc();
    };
    EXPECT_THROW(run(*p, x, y, 4), std::bad_alloc);
    EXPECT_TRUE(recording);
    f.before_call = nullptr;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(values(run(*p, x, y, 4))[0], 4 * 9900.f);
    auto other = load(0, long_plan(100, 2));  // recorded on the same stream
    for (int i = 0; i < 3; ++i) EXPECT_EQ(values(run(*other, x, y, 4))[0], 4 * 9900.f);
    EXPECT_GT(f.calls("cuGraphLaunch"), 0);
  }
  end();
}

TEST_F(GpuExecute, ModulesAreSharedAndUnloadedWhenUnused) {
  {
    auto a = load(0, long_plan(1000, 5)), b = load(0, long_plan(2000, 1));
    EXPECT_EQ(f.calls("cuModuleLoadDataEx"), 3) << "one an image";
    // Two kernels of one image.
    Plan two = add_plan(100);
    two.launches.push_back(launch(kernel("scale", "image of add"), {output(0), output(0)}, {2}, 100));
    auto c = load(0, two);
    EXPECT_EQ(f.calls("cuModuleLoadDataEx"), 3);
    Array x = array(iota(100)), out = run(*c, x, x, 400);
    a.reset(), b.reset(), c.reset();
    EXPECT_EQ(f.calls("cuModuleUnload"), 0) << "it may still run";
    EXPECT_EQ(values(out)[99], 4 * 99.f);
    synchronize(0);
    EXPECT_EQ(f.calls("cuModuleUnload"), 3);
    EXPECT_EQ(f.alive().modules, 0);
    // Many, with nobody waiting.
    for (int i = 0; i < 200; ++i) {
      Plan p = add_plan(100);
      p.launches[0].gpu = kernel("add", "image " + std::to_string(i));
      run(*load(0, p), x, x, 400);
    }
    EXPECT_LT(f.alive().modules, 70);
  }
  end();
}

TEST_F(GpuExecute, SharedMemoryOfAKernelThatProgramsShare) {
  {
    auto with = [](int64_t bytes) {
      Plan p = add_plan(100);
      auto k = kernel("add");
      k->shared_bytes = bytes;
      p.launches[0].gpu = k;
      return p;
    };
    auto large = load(0, with(100 << 10)), small = load(0, with(60 << 10));
    Array x = array(iota(100));
    EXPECT_EQ(values(run(*large, x, x, 400)), added(100));
    EXPECT_EQ(values(run(*small, x, x, 400)), added(100));
  }
  end();
}

TEST_F(GpuExecute, ImagesThatCannotBeLoaded) {
  Plan p = add_plan(100);
  auto broken = kernel("add", "broken");
  broken->is_ptx = true;
  p.launches[0].gpu = broken;
  const std::string text = message_of([&] { load(0, p); });
  EXPECT_NE(text.find("kernel add (the image is broken)"), std::string::npos) << text;
  p.launches[0].gpu = kernel("nothing");
  EXPECT_NE(message_of([&] { load(0, p); }).find("kernel nothing, GPU 0 (Fake): cuModuleGetFunction"), std::string::npos);
  auto greedy = kernel("add");
  greedy->shared_bytes = 1 << 20;
  p.launches[0].gpu = greedy;
  EXPECT_NE(message_of([&] { load(0, p); }).find("cuFuncSetAttribute"), std::string::npos);
  p.launches[0].gpu = nullptr;
  EXPECT_THROW(load(0, p), std::logic_error);
  p = add_plan(100);
  p.launches[0].work = int64_t{1} << 40;
  const std::string many = message_of([&] { load(0, p); });
  EXPECT_NE(many.find("added: kernel add needs 8589934592 blocks; a grid has at most 2147483647"), std::string::npos) << many;
  EXPECT_EQ(values(run(*load(0, add_plan(100)), array(iota(100)), array(iota(100)), 400)), added(100));
  end();
}

TEST(GpuExecuteOld, NumbersWithoutPinnedMemory) {
  FakeDriver f({.pinned = 0});
  add_kernels(f);
  {
    auto p = load(0, add_plan(1));
    Array out = allocate(0, 4);
    for (int i = 0; i < 10; ++i) {
      const float x = static_cast<float>(i), y = 1000;
      const void* in[] = {&x, &y};
      void* outs[] = {out->data()};
      const uint8_t sizes[] = {4, 4};
      execute(*p, in, outs, nullptr, sizes);
      EXPECT_EQ(values(out)[0], x + 1000);
    }
  }
  cuda::use_driver(nullptr);
  expect_clean(f);
}

TEST(GpuExecuteEmulated, CudaSource) {
  FakeDriver f;
  test::run_emulated(f);
  {
    auto k = kernel("scale_all", test::emulated_image(R"(
extern "C" __global__ void __launch_bounds__(128) scale_all(const float* __restrict__ x, float* out, long long factor, long long work) {
  const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (i < work) out[i] = x[i] * (float)factor;
}
)"));
    Plan p;
    p.name = "emulated";
    p.gpu = true;
    p.inputs = 1;
    p.outputs = {{4000}};
    p.launches = {launch(k, {input(0), output(0)}, {3}, 1000)};
    auto program = load(0, p);
    Array x = array(iota(1000)), out = allocate(0, 4000);
    const void* in[] = {x->data()};
    void* outs[] = {out->data()};
    execute(*program, in, outs);
    const std::vector<float> got = values(out);
    for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], 3 * static_cast<float>(i));
    p.launches[0].gpu = kernel("absent", *k->image);
    EXPECT_NE(message_of([&] { load(0, p); }).find("cuModuleGetFunction"), std::string::npos);
  }
  cuda::use_driver(nullptr);
  expect_clean(f);
}

TEST(GpuExecuteOld, NoClustersBeforeTheyExisted) {
  for (FakeDriver::Options o : {FakeDriver::Options{.sm = 80}, FakeDriver::Options{.has_launch_ex = false}}) {
    FakeDriver f(o);
    add_kernels(f);
    Plan p = add_plan(100);
    auto k = kernel("add");
    k->cluster = 2;
    p.launches[0].gpu = k;
    EXPECT_NE(message_of([&] { load(0, p); }).find("clusters of 2 blocks"), std::string::npos);
  }
}

TEST_F(GpuExecute, ALateErrorNamesThePrograms) {
  Plan a = add_plan(100), b = add_plan(100);
  a.name = "first", b.name = "second";
  auto first = load(0, a), second = load(0, b);
  Array x = array(iota(100));
  Array out = run(*first, x, x, 400);
  synchronize(0);
  f.fail_kernel(2, 716);
  out = run(*first, x, x, 400);
  out = run(*second, x, x, 400);
  const std::string text = message_of([] { synchronize(); });
  EXPECT_NE(text.find("while running one of the programs first, second"), std::string::npos) << text;
  EXPECT_NE(text.find("FRIT_CHECK=launches"), std::string::npos) << text;
}

TEST_F(GpuExecute, AWaitBeforeTheLaunchDoesNotHideTheProgram) {
  auto p = load(0, add_plan(100));
  Array x = array(iota(100));
  // As another thread would: after the program was announced, and before it is enqueued.
  f.before_call = [&](const std::string& name) {
    if (name != "cuLaunchKernel") return;
    f.before_call = nullptr;
    synchronize(0);
    values(x);
  };
  f.fail_kernel(1, 716);
  Array out = run(*p, x, x, 400);
  const std::string text = message_of([] { synchronize(); });
  EXPECT_NE(text.find("while running program added"), std::string::npos) << text;
}

TEST_F(GpuExecute, WaitingAfterEachProgramNamesIt) {
  setenv("FRIT_CHECK", "launches", 1);
  reload_env();
  Plan a = add_plan(100), b = add_plan(100);
  a.name = "first", b.name = "second";
  auto first = load(0, a), second = load(0, b);
  Array x = array(iota(100)), out;
  f.fail_kernel(2, 716);
  EXPECT_EQ(message_of([&] { out = run(*first, x, x, 400); }), "");
  EXPECT_NE(message_of([&] { out = run(*second, x, x, 400); }).find("while running program second"), std::string::npos);
  unsetenv("FRIT_CHECK");
  reload_env();
}

TEST_F(GpuExecute, ManyThreadsOneProgram) {
  {
    auto p = load(0, long_plan(500, 2));
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        Array x = array(iota(500, static_cast<float>(t))), y = array(iota(500));
        float sum = 0;
        for (int i = 0; i < 500; ++i) sum += 4 * static_cast<float>(2 * i + t);
        for (int i = 0; i < 100; ++i) ASSERT_EQ(values(run(*p, x, y, 4))[0], sum);
      });
    for (std::thread& t : threads) t.join();
    EXPECT_GT(f.calls("cuGraphLaunch"), 0);
  }
  end();
}

}  // namespace
}  // namespace frit::rt::gpu
