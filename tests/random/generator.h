// The state of one program in the making. generator.cpp makes values and operands, ops.cpp single ops
// drawn from the op table, patterns.cpp groups of ops that people write and fusion cares for.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "ir/func.h"
#include "ir/infer.h"
#include "ir/ops.h"
#include "tests/engines/random.h"
#include "tests/random/generate.h"

namespace frit::test {

using ir::AttrName;
using ir::Dims;
using ir::Literal;
using ir::Op;
using ir::Operand;
using ir::ValueId;
using Ints = std::vector<int64_t>;

int64_t count_of(const Dims& d);

class Generator {
 public:
  explicit Generator(uint64_t seed);
  ir::Func run();

 private:
  // generator.cpp: choices
  DType any_dtype();
  DType any_dtype(ir::TypeRule rule);
  int64_t any_extent(int64_t at_most);
  Dims fresh_dims(int64_t at_most);
  Dims any_dims();
  Literal any_literal(DType t);
  ValueId any_value(const std::function<bool(const ir::Type&)>& fits);  // kNone if none fits
  ValueId any_value();                               // of the forced type, if there is one
  ValueId value_of_rank(int least);                  // likewise

  // generator.cpp: values
  ValueId emit(Op op, std::vector<Operand> operands, std::vector<ir::Attr> attrs = {},
               const std::optional<ir::Type>& wanted = {});
  ValueId param(DType t, const Dims& d);
  ValueId value_of(DType t, const Dims& d);          // an existing one, or one made for it
  ValueId value_accepted(ir::TypeRule rule);         // of a type that an op takes
  Operand operand_of(DType t, const Dims& d);        // value_of, a literal, or a rank-0 value
  ValueId cast(ValueId v, DType t);
  ValueId spread(ValueId v, const Dims& d);          // broadcast, unless it has these extents
  bool room(int64_t elements) const { return elements <= cap_; }
  Dims dims(ValueId v) const { return f_.type(v).dims; }
  DType dtype(ValueId v) const { return f_.type(v).dtype; }
  size_t ops() const { return f_.body.ops.size(); }
  void twin();
  void finish();

  // ops.cpp
  void step();
  void elementwise(Op op);
  void reduction(Op op);
  void tensor_op(Op op);
  void broadcast();
  void reshape();
  void permute();
  void slice();
  void pad();
  void concat();
  void reverse();
  void gather();
  void dot();

  // patterns.cpp
  void pattern();
  void chain();
  void softmax();
  void norm(bool rms);
  void log_sum_exp();
  void variance();
  void add_transpose();
  void residual();
  void adam();
  void many();
  void gathers();
  void stencil();
  void batch_norm();
  void matmul_bias();
  ValueId floats();                                  // a floating value of rank 1 or more
  ValueId reduce(Op op, ValueId x, Ints axes);
  ValueId mean(ValueId x, const Ints& axes);
  ValueId unary(Op op, ValueId x) { return emit(op, {x}); }
  ValueId binary(Op op, Operand x, Operand y) { return emit(op, {x, y}); }
  Literal number(ValueId like, double v) { return Literal::of(dtype(like), v); }

  Random r_;
  ir::Func f_;
  std::vector<ValueId> pool_;
  std::vector<Dims> palette_;   // extents that come again and again
  // Rows of the op table that this program must hold, with their types: the programs of consecutive
  // seeds go through all of them in turn.
  std::vector<std::pair<Op, DType>> due_;
  std::optional<DType> forced_;  // the type of the operands of the op to be made
  size_t wanted_ops_;
  int64_t cap_;                 // elements of one tensor
  int64_t work_ = 0;            // evaluations of an element so far
};

}  // namespace frit::test
