// Devices where there is no GPU: what is asked of one is an error with the reason, and the CPU is a
// device like any other. What GPUs do is tested in tests/gpu.
#include <gtest/gtest.h>

#include "frit/frit.h"
#include "tests/frontend/help.h"

namespace frit {
namespace {

TEST(Device, TheCpuIsTheDefault) {
  const Tensor x = arange(4.0f);
  EXPECT_EQ(x.device(), cpu());
  EXPECT_EQ(cpu().str(), "cpu");
  EXPECT_EQ(x.to(cpu()).impl(), x.impl());  // there already: itself
  const with_device scope(cpu());
  EXPECT_EQ(current_device(), cpu());
  set_default_device(cpu());
  synchronize();
  x.wait();
}

TEST(Device, WithoutAGpuEveryWayToOneSaysWhy) {
  if (has_gpu()) GTEST_SKIP() << "this machine has a GPU";
  EXPECT_EQ(gpu_count(), 0);
  const Tensor x = arange(4.0f);
  auto expect_reason = [](auto&& f) {
    try {
      f();
      ADD_FAILURE() << "no error";
    } catch (const Error& e) {
      const std::string text = e.what();
      EXPECT_NE(text.find("there is no GPU"), std::string::npos) << text;
      EXPECT_NE(text.find("frit doctor"), std::string::npos) << text;
    }
  };
  expect_reason([] { gpu(); });
  expect_reason([] { gpu(-1); });
  expect_reason([&] { x.to(Device::of_gpu(0)); });
  expect_reason([] { set_default_device(Device::of_gpu(0)); });
  expect_reason([] { with_device scope(Device::of_gpu(0)); });
  EXPECT_EQ((x + x).to_vector<float>(), (std::vector<float>{0, 2, 4, 6}));  // the next call works
}

TEST(Device, MemoryOfTheCpuByName) {
  EXPECT_EQ(memory_stats(cpu()).live_bytes, memory_stats().live_bytes);
  trim_memory(cpu());
  EXPECT_THROW(set_memory_limit(cpu(), -1), Error);
}

}  // namespace
}  // namespace frit
