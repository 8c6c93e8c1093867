// Kernels in text form, compiled and run directly: no plan, no threads.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "codegen/kernel.h"
#include "ir/func.h"
#include "runtime/threads.h"
#include "tests/engines/guarded.h"

namespace frit::test {

// The instruction sets of this machine (of two, the second is what makes the bits comparable).
std::vector<codegen::Isa> isas();

// An array in guarded memory, so that a touch beyond its end is a fault.
class Buffer {
 public:
  Buffer(DType t, int64_t count) : dtype(t), count(count), memory_(static_cast<size_t>(count * size_of(t))) {}
  template <class T>
  T* as() const { return reinterpret_cast<T*>(memory_.data()); }
  void* data() const { return memory_.data(); }
  size_t bytes() const { return memory_.bytes(); }
  bool untouched_before() const { return memory_.untouched_before(); }
  void fill(unsigned char c) { std::memset(data(), c, bytes()); }

  DType dtype;
  int64_t count;

 private:
  Guarded memory_;
};

// Numbers of every sort, special values among them; `mild` keeps floats near 1, without specials.
Buffer numbers(DType t, int64_t count, uint32_t seed, bool mild = false);

struct Kernel {
  ir::Func func;
  std::shared_ptr<const rt::KernelCode> code;

  // Parses, verifies, and compiles; LLVM's verifier looks at it as well.
  Kernel(const std::string& text, codegen::Isa isa);
  // work items [0, items) in two calls, then finish.
  void run(const std::vector<const void*>& buffers, const std::vector<int64_t>& params, int64_t items = 1,
           int64_t scratch_bytes = 1 << 20) const;
};

// Equal bytes once NaNs are one; names the first difference.
::testing::AssertionResult same(DType t, const void* got, const void* want, int64_t count);

}  // namespace frit::test
