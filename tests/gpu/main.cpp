// The tests of whole programs on a GPU: test_gpu [--emulated] [--programs=N]. Without a GPU, or with
// --emulated, on the fake driver and the emulation.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

#include "tests/gpu/device.h"

namespace frit::test {
int64_t gpu_random_programs = -1;  // -1: as many as suits the device
}

int main(int argc, char** argv) {
  bool emulated = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--emulated") emulated = true;
    if (arg.starts_with("--programs=")) frit::test::gpu_random_programs = std::atoll(arg.data() + 11);
  }
  testing::InitGoogleTest(&argc, argv);
  frit::test::start_gpu(emulated);
  return RUN_ALL_TESTS();
}
