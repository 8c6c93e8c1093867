// Calls from many threads at a time: one compilation a signature, and the same bits for all.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <thread>

#include "frit/frit.h"
#include "gtest/gtest.h"
#include "tests/frontend/help.h"

namespace {

using frit::Tensor;

TEST(Threads, CompileOnceASignature) {
  std::atomic<int> traces = 0;
  auto f = frit::jit([&](Tensor x, Tensor y) { return ++traces, softmax(x * y + 1.f); });
  const Tensor x = help::random({64, 100}, 1), y = help::random({64, 100}, 2);
  const Tensor want = softmax(x * y + 1.f);
  constexpr int kThreads = 8;
  std::barrier start(kThreads);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (int i = 0; i < 20; ++i) wrong += !help::first_difference(f(x, y), want).empty();
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(traces, 1);
  EXPECT_EQ(f.stats().traces, 1);
  EXPECT_EQ(f.stats().calls, 160);
  EXPECT_EQ(f.stats().hits, 159);
}

TEST(Threads, ManySignaturesAndEagerOps) {
  auto f = frit::jit([](Tensor x) { return x * 2.f + sum(x); }, {.max_entries = 4});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 40; ++i) {
        const int n = (i * 7 + t) % 9 + 1;
        const Tensor x = help::random({n}, static_cast<unsigned>(n));
        wrong += !help::first_difference(f(x), x * 2.f + sum(x)).empty();
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(f.stats().entries, 4);
}

TEST(Threads, AFailedTraceFailsForAllAndLeavesNothing) {
  std::atomic<int> traces = 0;
  auto f = frit::jit([&](Tensor x) {
    ++traces;
    return x + frit::ones({3});
  });
  std::atomic<int> errors = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      try {
        f(frit::ones({2}));
      } catch (const frit::Error&) {
        ++errors;
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(errors, 8);
  EXPECT_EQ(f.stats().entries, 0);
  EXPECT_EQ(f(frit::ones({3})).to_vector<float>(), (std::vector<float>{2, 2, 2}));
}

TEST(Threads, TracesOfThreadsAreApart) {
  auto outer = [](float k) {
    return frit::jit([k](Tensor x) {
      for (int i = 0; i < 50; ++i) x = x + k;
      return x;
    });
  };
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      auto f = outer(static_cast<float>(t));
      wrong += f(frit::zeros({4})).to_vector<float>()[3] != static_cast<float>(50 * t);
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Threads, AScopeIsOfItsThread) {
  frit::with_threads one(1);
  int there = 0;
  std::thread([&] { there = frit::threads(); }).join();
  EXPECT_EQ(frit::threads(), 1);
  EXPECT_EQ(there, frit::default_threads());
}

TEST(Threads, TheNumberOfThreadsChangesNoBit) {
  const Tensor x = help::random({300, 2000}, 3);
  auto f = frit::jit([](Tensor t) { return std::tuple{sum(t, 0), sum(t), softmax(t)}; });
  auto run = [&](int n) {
    frit::with_threads scope(n);
    return f(x);
  };
  const auto one = run(1), two = run(2), five = run(5);
  EXPECT_EQ(help::first_difference(std::get<0>(two), std::get<0>(one)), "");
  EXPECT_EQ(help::first_difference(std::get<1>(five), std::get<1>(one)), "");
  EXPECT_EQ(help::first_difference(std::get<2>(five), std::get<2>(one)), "");
}


// The child of a fork compiles with threads of its own.
TEST(Processes, AChildCompiles) {
  const Tensor x = frit::arange(100.f);
  const auto f = frit::jit([](Tensor t) { return tanh(t) * 0.5f; });
  f(x);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    const auto g = frit::jit([](Tensor t) { return exp(t * 0.01f) + 3.0f; });
    const bool good = g(x).to_vector<float>() == g.eager(x).to_vector<float>();
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

// Destructors of static objects may compute: without LLVM, whose own are gone, by the interpreter.
struct AtTheEnd {
  Tensor x;
  ~AtTheEnd() {
    const Tensor y = frit::jit([](Tensor t) { return tanh(t) + 1.25f; })(x) - x * 3.0f;
    if (y(0).item<float>() != 1.25f) ::_exit(1);
  }
};
TEST(Processes, StaticDestructorsMayCompute) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        static AtTheEnd end;
        end.x = frit::arange(4.f) + 0.0f;
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
