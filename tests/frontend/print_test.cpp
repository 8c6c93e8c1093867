// Tensors as text, against what NumPy prints.
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

}  // namespace
