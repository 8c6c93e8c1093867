// Finding GPUs, memory, copies, errors, the end and forks, on the fake driver.
#include "runtime/cuda/device.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "help.h"

namespace frit::rt::gpu {
namespace {

constexpr int64_t M = 1 << 20;

TEST(Gpu, NoDriverIsNoError) {
  if (cuda::system_driver(nullptr)) GTEST_SKIP() << "this machine has a driver";
  EXPECT_EQ(count(), 0);
  EXPECT_EQ(driver_version(), 0);
  EXPECT_NE(reason().find("FRIT_LIBCUDA"), std::string::npos) << reason();
  EXPECT_NE(message_of([] { allocate(0, 4); }).find("there is no GPU that can be used"), std::string::npos);
  EXPECT_NE(message_of([] { properties(0); }).find("NVIDIA driver"), std::string::npos);
  synchronize();
}

TEST(Gpu, Properties) {
  FakeDriver f({.devices = 2});
  ASSERT_EQ(count(), 2);
  EXPECT_EQ(reason(), "");
  EXPECT_EQ(driver_version(), 12080);
  const Properties& p = properties(1);
  EXPECT_EQ(p.name, "Fake");
  EXPECT_EQ(p.sm, 90);
  EXPECT_EQ(p.multiprocessors, 4);
  EXPECT_EQ(p.threads_per_multiprocessor, 2048);
  EXPECT_EQ(p.registers, 65536);
  EXPECT_EQ(p.shared_per_block, 227 << 10);
  EXPECT_EQ(p.shared_per_multiprocessor, 228 << 10);
  EXPECT_EQ(p.l2, M);
  EXPECT_EQ(p.memory, 64 * M);
  EXPECT_EQ(p.bandwidth, 128);
  EXPECT_EQ(p.max_cluster, 16);
  EXPECT_NE(message_of([] { properties(2); }).find("there are 2, from 0 on"), std::string::npos);
  EXPECT_NE(message_of([] { properties(-1); }), "");
  EXPECT_EQ(f.alive().contexts, 0) << "looking must not open";
}

TEST(Gpu, ReasonsForNone) {
  {
    FakeDriver f({.devices = 0});
    EXPECT_EQ(count(), 0);
    EXPECT_NE(reason().find("CUDA_VISIBLE_DEVICES"), std::string::npos) << reason();
  }
  {
    FakeDriver f({.sm = 61});
    EXPECT_EQ(count(), 0);
    EXPECT_NE(reason().find("capability 6.1"), std::string::npos) << reason();
  }
  {
    FakeDriver f({.sm = 75});
    EXPECT_EQ(count(), 0);
    EXPECT_NE(reason().find("Fake has compute capability 7.5; 8.0 is the least that is supported"), std::string::npos) << reason();
  }
  for (int error : {34, 100, 802, 803}) {
    FakeDriver f;
    f.fail_call(1, error, "cuInit");
    EXPECT_EQ(count(), 0);
    EXPECT_NE(reason().find("cuInit failed"), std::string::npos) << reason();
    EXPECT_GT(reason().size(), 80u) << "no remedy: " << reason();
  }
  FakeDriver f({.sm = 80});
  EXPECT_EQ(properties(0).max_cluster, 1);
}

TEST(Gpu, MemoryIsAlignedAndCounted) {
  FakeDriver f;
  {
    Array a = allocate(0, 1000), b = allocate(0, 0), c = allocate(0, 5 * M);
    for (const Array& x : {a, b, c}) {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(x->data()) % 256, 0u);
      EXPECT_NE(x->data(), nullptr);
      EXPECT_EQ(x->device(), 0);
    }
    EXPECT_NE(a->data(), b->data());
    GpuMemoryStats s = memory_stats(0);
    EXPECT_EQ(s.live_bytes, 1000 + 5 * M);
    EXPECT_EQ(s.allocations, 3);
    EXPECT_EQ(s.from_system, 2);
    EXPECT_EQ(s.cached_bytes, 0);
    c.reset();
    s = memory_stats(0);
    EXPECT_EQ(s.live_bytes, 1000);
    EXPECT_EQ(s.peak_live_bytes, 1000 + 5 * M);
    EXPECT_EQ(s.cached_bytes, 6 * M);
    reset_peak(0);
    EXPECT_EQ(memory_stats(0).peak_live_bytes, 1000);
    trim_memory(0);
    EXPECT_EQ(memory_stats(0).cached_bytes, 0);
    EXPECT_EQ(memory_stats(0).held_bytes, 4 * M);
  }
  cuda::use_driver(nullptr);
  expect_clean(f);
}

TEST(Gpu, StorageOfTheHostHasNoDevice) {
  EXPECT_EQ(rt::allocate(10)->device(), -1);
  float x = 0;
  EXPECT_EQ(borrow(&x, 4, nullptr)->device(), -1);
}

TEST(Gpu, CopiesOfAllSizes) {
  FakeDriver f({.memory = 256 * M});
  std::mt19937_64 random(3);
  // Around the halves of the staging memory, 4 MiB, and beyond both.
  for (int64_t bytes : {int64_t{0}, int64_t{1}, int64_t{63}, int64_t{4097}, 4 * M - 1, 4 * M, 4 * M + 1, 8 * M, 8 * M + 5, 21 * M + 3}) {
    std::vector<unsigned char> from(static_cast<size_t>(bytes)), to(static_cast<size_t>(bytes));
    for (unsigned char& c : from) c = static_cast<unsigned char>(random());
    const std::vector<unsigned char> kept = from;
    Array a = allocate(0, bytes), b = allocate(0, bytes);
    copy_in(*a, 0, from.data(), bytes);
    std::fill(from.begin(), from.end(), 0);  // may be changed at once
    copy(*b, 0, *a, 0, bytes);
    a.reset();
    copy_out(to.data(), *b, 0, bytes);
    EXPECT_EQ(to, kept) << bytes;
  }
  // Parts.
  Array a = array(iota(100));
  float three[3];
  copy_out(three, *a, 40, 12);
  EXPECT_EQ(three[0], 10);
  EXPECT_EQ(three[2], 12);
  EXPECT_THROW(copy_out(three, *a, 392, 12), std::logic_error);
  EXPECT_THROW(copy_out(three, *a, -4, 12), std::logic_error);
  EXPECT_THROW(copy_out(three, *rt::allocate(100), 0, 12), std::logic_error);
  a.reset();
  cuda::use_driver(nullptr);
  expect_clean(f);
}

TEST(Gpu, Beyond2To31) {
  FakeDriver f({.memory = int64_t{12} << 30});
  {
    constexpr int64_t bytes = int64_t{5} << 30, at = (int64_t{9} << 29) + 4;
    Array a = allocate(0, bytes), b = allocate(0, bytes);
    const std::vector<float> data = iota(1000);
    copy_in(*a, at, data.data(), 4000);
    copy(*b, at - 400, *a, at, 4000);
    std::vector<float> got(1000);
    copy_out(got.data(), *b, at - 400, 4000);
    EXPECT_EQ(got, data);
    EXPECT_THROW(copy_out(got.data(), *b, bytes - 3996, 4000), std::logic_error);
  }
  cuda::use_driver(nullptr);
  expect_clean(f);
}

TEST(Gpu, ManySmallCopiesGoRoundWithoutWaiting) {
  FakeDriver f;
  std::vector<Array> all;
  for (int i = 0; i < 1000; ++i) all.push_back(array({static_cast<float>(i)}));
  EXPECT_TRUE(f.pending());
  for (int i = 0; i < 1000; i += 37) EXPECT_EQ(values(all[static_cast<size_t>(i)])[0], static_cast<float>(i));
  // Enough of them to come round, with nobody waiting but the ring.
  Array x = allocate(0, 4 * 100000);
  std::vector<float> data = iota(100000);
  for (int i = 0; i < 100; ++i) {
    data[0] = static_cast<float>(i);
    copy_in(*x, 0, data.data(), x->bytes());
    Array y = allocate(0, x->bytes());
    copy(*y, 0, *x, 0, x->bytes());
    if (i % 33 == 0) {
      EXPECT_EQ(values(y)[0], static_cast<float>(i));
    }
  }
}

TEST(Gpu, CopiesWithoutPinnedMemory) {
  FakeDriver f({.pinned = 6 * M});  // one half of the ring, and not the other
  const std::vector<float> data = iota(5 * M);
  Array a = allocate(0, 20 * M);
  copy_in(*a, 0, data.data(), a->bytes());
  EXPECT_EQ(values(a), data);
  a.reset();
  cuda::use_driver(nullptr);
  expect_clean(f);
}

TEST(Gpu, WhoReadsKeepsNobodyFromWriting) {
  FakeDriver f;
  Array x = array(iota(100)), y = allocate(0, 400);
  bool written = false;
  f.before_call = [&](const std::string& name) {  // while the reader waits; as another thread would
    if (name != "cuEventSynchronize" || written) return;
    written = true;
    const std::vector<float> data = iota(100, 5);
    copy_in(*y, 0, data.data(), 400);
  };
  EXPECT_EQ(values(x), iota(100));
  EXPECT_TRUE(written);
  f.before_call = nullptr;
  EXPECT_EQ(values(y), iota(100, 5));
}

TEST(Gpu, BetweenTwo) {
  FakeDriver f({.devices = 2});
  const std::vector<float> data = iota(100000);
  {
    Array a = array(data, 0), b = allocate(1, a->bytes());
    EXPECT_EQ(b->device(), 1);
    copy(*b, 0, *a, 0, a->bytes());
    // What takes its place must not be seen by the copy, though nobody has waited.
    const std::vector<float> other(100000, -1.f);
    const void* place = a->data();
    a.reset();
    Array c = array(other, 0);
    EXPECT_EQ(c->data(), place);
    synchronize(0);
    EXPECT_EQ(values(b), data);
    // And back, without waiting.
    Array d = allocate(0, b->bytes());
    copy(*d, 0, *b, 0, b->bytes());
    b.reset();
    EXPECT_EQ(values(d), data);
  }
  cuda::use_driver(nullptr);
  expect_clean(f);
}

TEST(Gpu, OutOfMemoryLeavesAllAsItWas) {
  FakeDriver f({.memory = 32 * M});
  Array a = array(iota(1000));
  Array big = allocate(0, 20 * M);
  const std::string text = message_of([] { allocate(0, 20 * M); });
  EXPECT_NE(text.find("20 MiB cannot be had on GPU 0 (Fake)"), std::string::npos) << text;
  EXPECT_THROW(allocate(0, 20 * M), OutOfMemory);
  EXPECT_THROW(allocate(0, int64_t{1} << 60), OutOfMemory);
  EXPECT_THROW(allocate(0, -1), OutOfMemory);
  EXPECT_EQ(values(a), iota(1000));
  Array small = array(iota(10));
  EXPECT_EQ(values(small), iota(10));
  // Cached memory of other sizes is given back before it is refused.
  big.reset();
  EXPECT_NO_THROW(allocate(0, 26 * M));
  set_memory_limit(0, 10 * M);
  EXPECT_NE(message_of([] { allocate(0, 20 * M); }).find("the limit is 10 MiB"), std::string::npos);
  set_memory_limit(0, 0);
  EXPECT_NO_THROW(allocate(0, 20 * M));
}

TEST(Gpu, ArraysThatOutliveTheirDevice) {
  Array kept;
  {
    FakeDriver f;
    kept = array(iota(10));
    cuda::use_driver(nullptr);
    EXPECT_EQ(f.alive().contexts, 0);
    EXPECT_EQ(f.alive().streams, 0);
  }
  kept.reset();
  FakeDriver f;
  EXPECT_EQ(values(array(iota(10))), iota(10));
}

TEST(Gpu, ManyThreads) {
  FakeDriver f({.memory = 128 * M});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      std::mt19937_64 random(static_cast<uint64_t>(t));
      for (int i = 0; i < 200; ++i) {
        const auto n = static_cast<int64_t>(random() % 20000);
        const std::vector<float> data = iota(n, static_cast<float>(t * 1000 + i));
        Array a = array(data), b = allocate(0, a->bytes());
        copy(*b, 0, *a, 0, a->bytes());
        a.reset();
        ASSERT_EQ(values(b), data);
        if (i % 50 == 0) trim_memory(0);
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(memory_stats(0).live_bytes, 0);
  cuda::use_driver(nullptr);
  expect_clean(f);
}

TEST(Gpu, AnotherContextOfTheThreadStays) {
  FakeDriver f({.devices = 2});
  // As another library in the process would have it.
  const cuda::Driver* cu = cuda::gpus().cu;
  cuda::Context theirs = nullptr, now = nullptr;
  ASSERT_EQ(cu->primary_retain(&theirs, 101), 0);
  ASSERT_EQ(cu->context_push(theirs), 0);
  Array a = array(iota(100));
  EXPECT_EQ(values(a), iota(100));
  ASSERT_EQ(cu->context_current(&now), 0);
  EXPECT_EQ(now, theirs);
  cu->context_pop(&now);
  cu->primary_release(101);
}

// In the child of a fork the driver cannot be used; nothing hangs, what is freed is forgotten.
TEST(Gpu, Fork) {
  FakeDriver f;
  Array a = array(iota(100));
  Array b = array(iota(100));
  const pid_t child = fork();
  if (child == 0) {
    const int64_t calls = f.calls();
    b.reset();
    const std::string text = message_of([&] { values(a); });
    const bool good = text.find("forked") != std::string::npos && message_of([] { allocate(0, 8); }) != "" && message_of([] { synchronize(); }) != "" &&
                      count() == 1 && f.calls() == calls;
    _exit(good ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(values(a), iota(100));
}

TEST(Gpu, ForkBeforeTheFirstUse) {
  const pid_t child = fork();
  if (child == 0) {
    bool good = false;
    {
      FakeDriver f;
      good = values(array(iota(100))) == iota(100);
    }
    _exit(good ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// Arrays and programs that end while the process does, before and after our part of it.
TEST(GpuDeathTest, ExitWithLiveArrays) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        static int64_t calls = -1;
        static FakeDriver* f = nullptr;
        struct Check {  // runs last
          ~Check() {
            if (calls >= 0 && f->calls() == calls) std::fprintf(stderr, "ended well\n");
          }
        };
        static Check check;
        static Array late;
        static std::shared_ptr<Program> late_program;
        std::atexit([] { calls = f->calls(); });  // runs after the driver is given up, before `late` goes
        f = new FakeDriver;
        add_kernels(*f);
        late = array(iota(10));
        static Array early = array(iota(10));
        late_program = load(0, long_plan(10, 3));
        static auto early_program = load(0, add_plan(10));
        for (int i = 0; i < 4; ++i) run(*late_program, late, early, 4);
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "ended well");
}

TEST(Gpu, APoisonedDeviceIsDeadAndSaysSo) {
  FakeDriver f({.devices = 2});
  add_kernels(f);
  auto p = load(0, add_plan(1000));
  Array x = array(iota(1000)), y = array(iota(1000)), elsewhere = array(iota(7), 1);
  Array out = run(*p, x, y, 4000);
  f.fail_kernel(1, cuda::kIllegalAddress);
  std::string text = message_of([&] { values(out); });
  EXPECT_NE(text.find("while running program added"), std::string::npos) << text;
  EXPECT_NE(text.find("CUDA_ERROR_ILLEGAL_ADDRESS (700)"), std::string::npos) << text;
  const int64_t calls = f.calls();
  for (const std::string& later : {message_of([&] { values(x); }), message_of([&] { allocate(0, 4); }), message_of([] { synchronize(0); }),
                                   message_of([&] { copy_in(*x, 0, text.data(), 4); }), message_of([&] { copy(*x, 0, *y, 0, 4); })}) {
    EXPECT_NE(later.find("GPU 0 (Fake) is dead in this process"), std::string::npos) << later;
    EXPECT_NE(later.find("program added"), std::string::npos) << later;
  }
  x.reset(), y.reset(), out.reset(), p.reset();
  EXPECT_EQ(f.calls(), calls) << "a dead device must not be called";
  EXPECT_EQ(values(elsewhere), iota(7)) << "the other one goes on";
}

}  // namespace
}  // namespace frit::rt::gpu
