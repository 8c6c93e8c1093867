// A long session with the Nth call of the driver failing, for every N: what was there before stays
// valid, the next calls work, nothing leaks; after a sticky error the device is dead and says so.
#include <gtest/gtest.h>

#include <functional>

#include "help.h"
#include "runtime/cuda/device.h"

namespace frit::rt::gpu {
namespace {

// Everything the runtime does, in steps that may fail one by one. Each step checks what it got.
struct Session {
  bool large = false;  // instead: copies of more than both halves of the staging memory
  std::shared_ptr<Program> one, many;
  Array x, y, kept;
  std::vector<float> data = iota(3000);
  int done = 0, failed = 0;
  std::string first;  // message

  void step(const std::function<void()>& f) {
    try {
      f();
      ++done;
    } catch (const Error& e) {
      if (failed++ == 0) first = e.what();
      EXPECT_EQ(std::string(e.what()).find("bug"), std::string::npos);
    }
  }

  void run_large();
  void run_all() {
    if (large) return run_large();
    step([&] { x = array(data); });
    step([&] { y = array(data); });
    step([&] { kept = array(iota(50, 7)); });
    step([&] { one = load(0, add_plan(3000)); });
    step([&] { many = load(0, long_plan(3000, 2)); });
    for (int i = 0; i < 4; ++i) {
      step([&] {
        if (!one || !x || !y) return;
        const std::vector<float> got = values(run(*one, x, y, 12000));
        for (size_t k = 0; k < got.size(); ++k) ASSERT_EQ(got[k], data[k] + data[k]);
      });
      step([&] {
        if (!many || !x || !y) return;
        float sum = 0;
        for (float v : data) sum += 4 * (v + v);
        EXPECT_EQ(values(run(*many, x, y, 4))[0], sum);
      });
    }
    step([&] {
      if (!one) return;
      const float a = 3, b = 4;
      // The program reads 3000 elements; a number is one, so take the program of one element.
      auto p = load(0, add_plan(1));
      Array out = allocate(0, 4);
      const void* in[] = {&a, &b};
      void* outs[] = {out->data()};
      const uint8_t sizes[] = {4, 4};
      execute(*p, in, outs, nullptr, sizes);
      EXPECT_EQ(values(out)[0], 7);
    });
    step([&] {
      if (!x) return;
      Array z = allocate(0, 12000);
      copy(*z, 0, *x, 0, 12000);
      EXPECT_EQ(values(z), data);
    });
    step([&] { one.reset(); });
    step([&] { synchronize(); });
    step([&] { allocate(0, 40 << 20); });  // fits only if the cache is given back
    step([&] { trim_memory(0); });
    step([&] {
      if (count() > 1 && x) {
        Array there = allocate(1, 12000);
        copy(*there, 0, *x, 0, 12000);
        EXPECT_EQ(values(there), data);
      }
    });
  }
};

void Session::run_large() {
  constexpr int64_t bytes = 9 << 20;
  std::vector<char> from(bytes, 5), to(bytes);
  step([&] { x = allocate(0, bytes); });
  step([&] { kept = array(iota(50, 7)); });
  step([&] {
    if (!x) return;
    copy_in(*x, 0, from.data(), bytes);
    copy_out(to.data(), *x, 0, bytes);
    EXPECT_EQ(from, to);
  });
}

constexpr FakeDriver::Options kOptions{.devices = 2, .memory = int64_t{52} << 20};

int64_t calls_of_a_session(bool large) {
  FakeDriver f(kOptions);
  add_kernels(f);
  {
    Session s;
    s.large = large;
    s.run_all();
    EXPECT_EQ(s.failed, 0) << s.first;
  }
  cuda::use_driver(nullptr);
  expect_clean(f);
  return f.calls();
}

void every_call_once(bool large) {
  const int64_t calls = calls_of_a_session(large);
  ASSERT_GT(calls, large ? 40 : 200);
  for (int error : {int{cuda::kOutOfMemory}, int{cuda::kUnknown}}) {
    if (large && error != cuda::kOutOfMemory) continue;  // it takes long
    for (int64_t n = 1; n <= calls; ++n) {
      SCOPED_TRACE("call " + std::to_string(n) + " fails with " + std::to_string(error));
      FakeDriver f(kOptions);
      add_kernels(f);
      {
        Session s;
        s.large = large;
        f.fail_call(n, error);
        s.run_all();
        f.fail_call(0, 0);
        if (count() > 0) {
          EXPECT_LE(s.failed, 1) << s.first;
          if (s.kept) {
            EXPECT_EQ(values(s.kept), iota(50, 7));
          }
          Session again;  // everything works afterwards
          again.large = large;
          again.run_all();
          EXPECT_EQ(again.failed, 0) << again.first;
        } else {
          EXPECT_NE(reason().find("failed"), std::string::npos) << reason();
        }
      }
      cuda::use_driver(nullptr);
      expect_clean(f);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(GpuFailures, EveryCallOnce) { every_call_once(false); }
TEST(GpuFailures, EveryCallOfLargeCopiesOnce) { every_call_once(true); }

TEST(GpuFailures, EveryCallPoisons) {
  const int64_t calls = calls_of_a_session(false);
  for (int64_t n = 1; n <= calls; ++n) {
    SCOPED_TRACE("call " + std::to_string(n) + " poisons");
    FakeDriver f(kOptions);
    add_kernels(f);
    {
      Session s;
      f.fail_call(n, cuda::kIllegalAddress);
      s.run_all();
      if (s.failed > 0 && count() == 2) {
        int dead = 0;
        for (int d = 0; d < 2; ++d) {
          const std::string text = message_of([&] { allocate(d, 100); });
          if (text.empty()) continue;
          ++dead;
          EXPECT_NE(text.find("is dead in this process"), std::string::npos) << text;
          EXPECT_NE(text.find("CUDA_ERROR_ILLEGAL_ADDRESS"), std::string::npos) << text;
        }
        EXPECT_EQ(dead, 1);
      }
    }
    cuda::use_driver(nullptr);
    for (const std::string& w : f.wrongs()) ADD_FAILURE() << w;
    if (HasFailure()) return;
  }
}

TEST(GpuFailures, EveryKernelFails) {
  for (int64_t n = 1; n <= 20; ++n) {
    FakeDriver f(kOptions);
    add_kernels(f);
    {
      Session s;
      f.fail_kernel(n, cuda::kLaunchFailed);
      s.run_all();
      EXPECT_GT(s.failed, 0);
      EXPECT_NE(s.first.find("while running program"), std::string::npos) << s.first;
    }
    cuda::use_driver(nullptr);
    for (const std::string& w : f.wrongs()) ADD_FAILURE() << w;
  }
}

}  // namespace
}  // namespace frit::rt::gpu
