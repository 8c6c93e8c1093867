// Tensors as text, against what NumPy prints.
#include <immintrin.h>

#include <cmath>
#include <sstream>

#include "frit/frit.h"
#include "gtest/gtest.h"

namespace {

using frit::array;
using frit::Tensor;

TEST(Print, AsNumPy) {
#define CASE(tensor, text) \
  EXPECT_EQ(to_string(Tensor tensor), text) << #tensor;
#include "tests/frontend/print_cases.inc"
#undef CASE
}

TEST(Print, ToAStream) {
  std::ostringstream out;
  out << array({1, 2}) << " " << Tensor(0.5f);
  EXPECT_EQ(out.str(), "[1 2] 0.5");
}

TEST(Print, BorrowedLayouts) {
  const float v[] = {1, 2, 3, 4};
  EXPECT_EQ(to_string(Tensor::borrow(v, {2, 2}, {}, {1, 2})), "[[1. 3.]\n [2. 4.]]");
}


TEST(Print, DoesNotDependOnTheCallersRounding) {
  const Tensor x = Tensor::copy(std::vector<float>{1e-40f, 0.1f, 1.f / 3}, {3});
  const std::string want = x.str();
  const unsigned before = _mm_getcsr();
  for (unsigned mode : {0x9fc0u, 0x5f80u, 0x3f80u}) {  // denormals flushed; up; down
    _mm_setcsr(mode);
    const std::string have = x.str();
    _mm_setcsr(before);
    EXPECT_EQ(have, want) << mode;
  }
}

}  // namespace
