// The GPU that these tests run on: a real one, or, where there is none, a fake driver whose kernels are
// run by the emulation. The same tests, the same library above the driver.
#pragma once

#include <string>

namespace frit::test {

class FakeCublasLt;
class FakeDriver;

// Once, before anything asks for a GPU. emulated: not even look for a real one.
void start_gpu(bool emulated);
bool gpu_is_emulated();
FakeDriver* fake_driver();      // null on a real GPU
FakeCublasLt* fake_cublaslt();  // the same
// What is wrong with the state of the fake driver (leaks, uses of what is gone), a line each; nothing
// on a real GPU. Call when no tensor lives.
std::string gpu_wrongs();
}  // namespace frit::test
