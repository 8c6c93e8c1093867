#include "tests/gpu/device.h"

#include <memory>

#include "codegen/cuda.h"
#include "frit/device.h"
#include "tests/cuda_programs/emulated_engine.h"
#include "tests/runtime_cuda/emulated_gpu.h"
#include "tests/runtime_cuda/fake_cublaslt.h"

namespace frit::test {
namespace {

FakeCublasLt* library = nullptr;
FakeDriver* fake = nullptr;  // lives until the process ends, as a driver does

}  // namespace

void start_gpu(bool emulated) {
  if (!emulated && has_gpu()) return;
  FakeOptions options;
  options.memory = int64_t{256} << 20;
  library = new FakeCublasLt;
  fake = new FakeDriver(options);
  run_emulated(*fake);
  use_emulated_compiler();
}

bool gpu_is_emulated() { return fake != nullptr; }
FakeDriver* fake_driver() { return fake; }
FakeCublasLt* fake_cublaslt() { return library; }

std::string gpu_wrongs() {
  std::string all;
  if (!fake) return all;
  for (const std::string& w : fake->wrongs()) all += w + "\n";
  for (const std::string& w : library->wrongs()) all += w + "\n";
  return all;
}

}  // namespace frit::test
