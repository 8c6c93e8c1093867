// A library that has nothing but a version, to be found in the places where NVIDIA's lie. Compiled once
// a VERSION (as CUDA counts: 12040 is 12.4).
#include <cstddef>

extern "C" {
int cuDriverGetVersion(int* version) {
  *version = VERSION;
  return 0;
}
int nvrtcVersion(int* major, int* minor) {
  *major = VERSION / 1000;
  *minor = VERSION % 1000 / 10;
  return 0;
}
size_t cublasLtGetVersion() { return static_cast<size_t>(VERSION / 1000) * 10000 + static_cast<size_t>(VERSION % 1000 / 10) * 100; }
}
