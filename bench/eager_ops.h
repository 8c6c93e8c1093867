// The ops of a traced function, run eagerly one by one as the user's function would run them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "frit/tensor.h"
#include "ir/func.h"

namespace frit::bench {

// One op of a traced function on real values.
struct EagerOp {
  std::string name;               // "mul"
  std::string operands;           // "tensor, number"
  std::vector<Tensor> tensors;    // distinct tensor operands, whose reading counts
  DType result = DType::f32;
  std::function<Tensor()> run;
};

// Calls visit(op) for each elementwise op of f in order, on the values that f has there for these
// inputs. Throws Error for other ops.
void for_each_eager_op(const ir::Func& f, const std::vector<Tensor>& inputs, const std::function<void(const EagerOp&)>& visit);

}  // namespace frit::bench
