// Users' programs on a GPU: the same function on both devices gives the same bits; devices in guards,
// copies, numbers, donation, captures, errors, memory that runs out.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "frit/frit.h"
#include "tests/gpu/device.h"
#include "tests/runtime_cuda/fake_driver.h"

namespace frit::test {
namespace {

Tensor curve(Tensor x) { return 0.5f * x * (1.0f + tanh(0.79788456f * (x + 0.044715f * x * x * x))); }

std::vector<uint32_t> bits(const Tensor& x) {
  const auto raw = x.bytes();
  std::vector<uint32_t> out(raw.size() / 4);
  std::memcpy(out.data(), raw.data(), out.size() * 4);
  return out;
}

Tensor numbers(Shape shape, float scale = 0.01f) { return (arange(static_cast<float>(shape.count())) - 300.0f) * scale; }

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(GpuFrontend, ATensorGoesThereAndBack) {
  ASSERT_TRUE(has_gpu());
  const Tensor x = arange(1000.0f);
  const Tensor g = x.to(gpu());
  EXPECT_EQ(g.device(), gpu());
  EXPECT_EQ(x.device(), cpu());
  EXPECT_EQ(bits(g), bits(x));
  EXPECT_EQ(bits(g.to(cpu())), bits(x));
  EXPECT_EQ(g.to(gpu()).impl(), g.impl());
  EXPECT_EQ(g(7).item<float>(), 7.0f);
  EXPECT_EQ(g.str(), x.str());
}

TEST(GpuFrontend, EagerAndJittedGiveTheBitsOfTheCpu) {
  const Tensor x = numbers(Shape{1003});
  const Tensor want = curve(x);
  const Tensor g = x.to(gpu());
  EXPECT_EQ(bits(curve(g)), bits(want));
  auto fast = jit(curve, {.name = "curve"});
  const Tensor y = fast(g);
  EXPECT_EQ(y.device(), gpu());
  EXPECT_EQ(bits(y), bits(want));
  EXPECT_EQ(bits(fast(x)), bits(want));  // an entry of its own: the device is part of the guard
  EXPECT_EQ(fast.stats().traces, 2);
  EXPECT_NE(fast.stats().misses.back().find("on cpu, was on gpu:0"), std::string::npos) << fast.stats().misses.back();
  reset_run_counters();
  fast(g);
  EXPECT_EQ(run_counters().launches, 1);
  EXPECT_TRUE(fast.compare(g).same_bits);
}

TEST(GpuFrontend, NormalisationsAreOneLaunchEach) {
  auto soft = jit([](Tensor x) { return softmax(x); });
  auto norm = jit([](Tensor x, Tensor w, Tensor b) { return layer_norm(x, w, b); });
  const Tensor x = reshape(numbers(Shape{6 * 515}), {6, 515});
  const Tensor w = arange(515.0f), b = full({515}, 0.5f);
  const Tensor s = softmax(x), n = layer_norm(x, w, b);
  const Tensor gx = x.to(gpu());
  reset_run_counters();
  const Tensor gs = soft(gx);
  EXPECT_EQ(run_counters().launches, 1);
  EXPECT_EQ(bits(gs), bits(s));
  EXPECT_EQ(bits(norm(gx, w.to(gpu()), b.to(gpu()))), bits(n));
}

TEST(GpuFrontend, ScopesSayWhereThingsAreMade) {
  {
    const with_device scope(gpu());
    EXPECT_EQ(current_device(), gpu());
    EXPECT_EQ(zeros({3}).device(), gpu());
    EXPECT_EQ(arange(5.0f).device(), gpu());
    EXPECT_EQ(array({1.0f, 2.0f}).device(), gpu());
    EXPECT_EQ(arange(5.0f).to_vector<float>(), (std::vector<float>{0, 1, 2, 3, 4}));
  }
  EXPECT_EQ(zeros({3}).device(), cpu());
}

TEST(GpuFrontend, NumbersBelongToNoDevice) {
  const Tensor g = arange(4.0f).to(gpu());
  const Tensor two = 2.0f;
  EXPECT_EQ((g * two).to_vector<float>(), (std::vector<float>{0, 2, 4, 6}));
  auto f = jit([](Tensor x, Tensor k) { return x * k + k; });
  EXPECT_EQ(f(g, 3.0f).to_vector<float>(), (std::vector<float>{3, 6, 9, 12}));
  EXPECT_EQ(f(g, 5.0f).to_vector<float>(), (std::vector<float>{5, 10, 15, 20}));
  EXPECT_EQ(f.stats().traces, 1);
}

TEST(GpuFrontend, MixedDevicesAreAnErrorWithTheMakers) {
  const Tensor a = arange(4.0f), g = a.to(gpu());
  const std::string eager = message_of([&] { a + g; });
  EXPECT_NE(eager.find("on different devices: f32[4] on cpu, f32[4] on gpu:0"), std::string::npos) << eager;
  EXPECT_NE(eager.find("x.to(frit::gpu())"), std::string::npos) << eager;
  auto f = jit([](Tensor x, Tensor y) { return x + y; });
  EXPECT_NE(message_of([&] { f(g, a); }).find("on different devices"), std::string::npos);
  auto captures = jit([a](Tensor x) { return x + a; }, {.name = "adds"});
  const std::string captured = message_of([&] { captures(g); });
  EXPECT_NE(captured.find("captures f32[4] on cpu, and the call runs on gpu:0"), std::string::npos) << captured;
  EXPECT_EQ(captures(a).to_vector<float>(), (std::vector<float>{0, 2, 4, 6}));  // and the next call works
}

TEST(GpuFrontend, GivenArgumentsAreReused) {
  auto step = jit([](Tensor w, Tensor g) { return w - 0.5f * g; });
  Tensor w = arange(4096.0f).to(gpu());
  const Tensor g = ones({4096}).to(gpu());
  w = step(std::move(w), g);
  const int64_t before = memory_stats(gpu()).live_bytes;
  for (int i = 0; i < 3; ++i) w = step(std::move(w), g);
  EXPECT_EQ(memory_stats(gpu()).live_bytes, before);
  EXPECT_EQ(w(0).item<float>(), -2.0f);
}

TEST(GpuFrontend, EmptyTensorsAndResultsThatAreArguments) {
  const Tensor none = zeros({0, 3}).to(gpu());
  EXPECT_EQ((none + 1.0f).count(), 0);
  EXPECT_EQ(sum(none).item<float>(), 0.0f);
  auto both = jit([](Tensor x) { return std::pair{x, x + 1.0f}; });
  const Tensor x = arange(3.0f).to(gpu());
  const auto [same, more] = both(x);
  EXPECT_EQ(bits(same), bits(x));
  EXPECT_EQ(more.device(), gpu());
  EXPECT_EQ(reshape(x, {3, 1})(2, 0).item<float>(), 2.0f);
}

TEST(GpuFrontend, ReportsNameTheSourceOfTheDevice) {
  auto f = jit(curve, {.name = "curve"});
  const Tensor g = arange(100.0f).to(gpu());
  EXPECT_NE(f.ir(Level::cuda, g).find("__global__"), std::string::npos);
  EXPECT_NE(message_of([&] { f.ir(Level::llvm, g); }).find("frit::Level::cuda"), std::string::npos);
  EXPECT_NE(message_of([&] { f.ir(Level::cuda, arange(100.0f)); }).find("runs on cpu"), std::string::npos);
  EXPECT_NE(f.explain(g).text.find("1 kernel"), std::string::npos);
}

TEST(GpuFrontend, SeveralThreadsCallAtOnce) {
  auto f = jit(curve, {.name = "curve"});
  const Tensor x = numbers(Shape{500});
  const Tensor want = curve(x), g = x.to(gpu());
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) wrong += bits(f(g)) != bits(want);
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(f.stats().traces, 1);
}

TEST(GpuFrontend, MemoryThatRunsOutIsAnErrorAndTheNextCallWorks) {
  const Tensor x = arange(1000.0f).to(gpu());
  const MemoryStats s = memory_stats(gpu());
  set_memory_limit(gpu(), s.live_bytes + (int64_t{8} << 20));
  EXPECT_NE(message_of([&] { zeros({int64_t{64} << 20}).to(gpu()); }), "");
  EXPECT_NE(message_of([&] {
              const with_device scope(gpu());
              zeros({int64_t{64} << 20});
            }),
            "");
  EXPECT_EQ((x + x)(3).item<float>(), 6.0f);
  set_memory_limit(gpu(), 0);
}

TEST(GpuFrontend, HalfPrecision) {
  const Tensor x = numbers(Shape{4 * 300});
  for (DType t : {DType::f16, DType::bf16}) {
    const Tensor h = reshape(x.to(t), {4, 300});
    const Tensor want = softmax(h), have = softmax(h.to(gpu()));
    EXPECT_EQ(have.dtype(), t);
    const auto a = want.bytes();
    const Tensor back = have.to(cpu());
    const auto b = back.bytes();
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end())) << name(t);
  }
}

// What another thread would do while this one waits for its GPU, done in the middle of a call of the driver.
TEST(GpuFrontend, WhoWaitsForAGpuKeepsOthersFromNothing) {
  FakeDriver* f = fake_driver();
  if (!f) GTEST_SKIP() << "a real driver cannot be interrupted";
  int times = 0;
  auto during = [&](const std::string& call, const std::function<void()>& other) {
    times = 0;
    f->before_call = [=, &times](const std::string& name) {
      if (name != call || times++) return;
      other();
    };
  };
  const Tensor x = arange(100.0f).to(gpu()), y = arange(7.0f).to(gpu());
  EXPECT_EQ(y(3).item<float>(), 3.0f);
  EXPECT_EQ(bits(y).size(), 7u);
  during("cuEventSynchronize", [&] { EXPECT_EQ(bits(y).size(), 7u); });  // has been read before
  EXPECT_EQ(bits(x).size(), 100u);
  EXPECT_GT(times, 0);
  // The functions' entries that go: a graph ends with each.
  auto products = jit([](Tensor a) { return matmul(matmul(matmul(a, a), a), a); }, {.name = "products", .max_entries = 1});
  const Tensor a = ones({8, 8}).to(gpu()), b = ones({16, 16}).to(gpu());
  auto recorded = [&] {
    Tensor r = products(a);
    for (int i = 0; i < 4; ++i) r = products(a);
    return r;
  };
  recorded();
  during("cuGraphExecDestroy", [&] { EXPECT_EQ(products.stats().entries, 1); });
  EXPECT_EQ(products(b)(0, 0).item<float>(), 16.0f * 16 * 16);
  EXPECT_GT(times, 0) << "the program was never recorded";
  recorded();
  during("cuGraphExecDestroy", [&] { EXPECT_EQ(products.stats().entries, 0); });
  products.clear();
  EXPECT_GT(times, 0);
  f->before_call = nullptr;
}

TEST(GpuFrontend, NothingWasDoneThatADriverWouldNotForgive) {
  synchronize();
  EXPECT_EQ(gpu_wrongs(), "");
}


// Numbers that were read before are read again after a call that wrote into the same memory.
TEST(GpuFrontend, IntoRefreshesWhatReadersSee) {
  auto run = jit(curve, {.name = "curve"}).compile(numbers(Shape{300}).to(gpu()));
  Tensor out;
  for (float scale : {0.01f, 0.02f, 0.5f}) {
    const Tensor x = numbers(Shape{300}, scale);
    run.into(out, x.to(gpu()));
    EXPECT_EQ(bits(out), bits(curve(x))) << scale;
    EXPECT_EQ(out(3).item<float>(), curve(x)(3).item<float>());
  }
}

TEST(GpuFrontend, FilesInEitherOrderAreLoadedThere) {
  std::string header = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n";
  std::string file = std::string("\x93NUMPY\x01", 7) + '\0' + static_cast<char>(header.size()) + '\0' + header;
  const float columns[] = {0, 3, 1, 4, 2, 5};
  file.append(reinterpret_cast<const char*>(columns), sizeof columns);
  const with_device there(gpu());
  const Tensor x = parse_npy(std::as_bytes(std::span(file)), "x.npy");
  EXPECT_EQ(x.device(), gpu());
  EXPECT_EQ((x + 1.0f).to_vector<float>(), (std::vector<float>{1, 2, 3, 4, 5, 6}));
}

}  // namespace
}  // namespace frit::test
