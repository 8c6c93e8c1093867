// How far the results of a program may move where each of its operations errs a little: what a program's
// Numerics::fast is held to, however well or badly the program is conditioned.
#pragma once

#include <string>
#include <vector>

#include "ir/func.h"
#include "ir/interpret.h"

namespace frit::test {

class Conditioned {
 public:
  // Runs the tensor-level f op by op under the laws, and some times more with the result of every operation on floats
  // off by the bounds of docs/accuracy.md, in random directions and in one.
  Conditioned(const ir::Func& f, const std::vector<ir::Array>& args, uint64_t seed);

  // Results that a last digit moves only a little: floats, nothing on the way of which is another kind of number
  // made of floats, jumps (roundings to integers), or leaves the ordinary magnitudes.
  int comparable() const;
  // What is wrong with results, in words, or nothing: further from the strict ones than a few times what those runs
  // were, where that is less than the number itself.
  std::string problem(const std::vector<ir::Array>& have) const;

 private:
  struct Result {
    bool comparable = false;
    std::vector<double> strict, moved;  // moved: the farthest
    double unit = 0;                    // of its type, relative
  };
  std::vector<Result> results_;
};

}  // namespace frit::test
