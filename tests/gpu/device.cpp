#include "tests/gpu/device.h"

#include <memory>

#include "codegen/cuda.h"
#include "frit/device.h"
#include "tests/cuda_emulation/emulated.h"
#include "tests/cuda_programs/emulated_engine.h"
#include "tests/runtime_cuda/fake_driver.h"

namespace frit::test {
namespace {

FakeDriver* fake = nullptr;  // lives until the process ends, as a driver does

std::string run_emulated(const FakeLaunch& l) {
  std::string error;
  const bool ran = emulated_launch(*l.image, l.entry.c_str(), static_cast<unsigned>(l.grid), static_cast<unsigned>(l.threads),
                                   static_cast<size_t>(l.shared_bytes), const_cast<void**>(l.arguments.data()), &error,
                                   static_cast<unsigned>(l.cluster));
  return ran ? "" : error.empty() ? "the launch failed" : error;
}

}  // namespace

void start_gpu(bool emulated) {
  if (!emulated && has_gpu()) return;
  FakeOptions options;
  options.memory = int64_t{256} << 20;
  fake = new FakeDriver(options);
  fake->argument_count = [](const std::string& image, const std::string& entry) { return emulated_arguments(image, entry.c_str()); };
  fake->run_kernel = run_emulated;
  use_emulated_compiler();
}

bool gpu_is_emulated() { return fake != nullptr; }

std::string gpu_wrongs() {
  std::string all;
  if (fake)
    for (const std::string& w : fake->wrongs()) all += w + "\n";
  return all;
}

void fail_next_allocation() {
  if (fake) fake->fail_call(1, 2, "cuMemAlloc_v2");  // CUDA_ERROR_OUT_OF_MEMORY
}

}  // namespace frit::test
