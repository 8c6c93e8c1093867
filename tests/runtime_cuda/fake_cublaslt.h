// A cuBLASLt without a GPU, put behind the table of runtime/cuda/cublaslt.h while it lives: it computes
// products by plain loops from nothing but the descriptors that it was given, on the streams of the fake
// driver. Its sums run from the last element to the first, so that its bits are not those of our kernels
// unless every order gives the same. Make it before the fake driver.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/cuda/cublaslt.h"

namespace frit::test {

// A product as the library sees it: columns first, D = epilogue(op(A) * op(B)).
struct FakeProduct {
  struct Matrix {
    int type = 0;
    int64_t rows = 0, columns = 0, ld = 0, batch = 1, stride = 0;
  };
  int compute = 0, scale = 0;
  uint32_t epilogue = 1;     // CUBLASLT_EPILOGUE_DEFAULT
  uint64_t bias = 0;         // its address; one number a row of D
  int64_t bias_stride = 0;   // from one matrix of the batch to the next
  bool transpose_a = false, transpose_b = false;
  Matrix a, b, d;
  uint64_t alignment = 0;  // what was promised
  int64_t workspace = 0;   // that it may use
};

class FakeCublasLt {
 public:
  FakeCublasLt();
  ~FakeCublasLt();
  FakeCublasLt(const FakeCublasLt&) = delete;

  // The epilogues that this version knows: setting another one is an invalid value. Default, relu, bias, gelu
  // and sums of them.
  std::vector<uint32_t> epilogues = {1, 2, 4, 6, 32, 36};

  // Whether it has an algorithm; all, unless a test says otherwise.
  std::function<bool(const FakeProduct&)> has_algorithm;

  // The nth call from now on (1: the next) returns the status; destroying calls do their work all the same.
  void fail_call(int64_t nth, int status, const std::string& name = "");
  bool failed() const;
  int64_t calls(const std::string& name = "") const;  // "": all
  int alive() const;                                  // handles and descriptors
  std::vector<std::string> wrongs() const;
  std::vector<FakeProduct> products() const;          // enqueued so far
  void forget_products();

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace frit::test
