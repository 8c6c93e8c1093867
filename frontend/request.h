// A request: one op of the user's, to be run now or to be recorded. Everything that decides its IR is in
// the fields, so that they are also the key under which its plan is kept.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "frit/tensor.h"
#include "frontend/place.h"
#include "frontend/tensor_impl.h"
#include "ir/func.h"
#include "ir/ops.h"

namespace frit {

class Builder;
// Appends the ops of a request to a function and returns the value that stands for its result.
using Build = ir::ValueId (*)(Builder&);

struct Request {
  ir::Op op;                       // what was asked for
  Build build;
  std::span<const Arg> args;
  std::span<const int64_t> ints;   // attributes, as the builder reads them
  DType dtype = DType::f32;        // of the result, where the builder reads it
  Loc where;

  const char* function() const { return called(ir::function_name(op)); }  // the name in errors
};

// Runs the request, or records it where this thread is tracing.
Tensor perform(const Request& r);

// A weak number in the type of the tensors beside it; Error where it would lose its meaning.
ir::Literal weak_number(const detail::Number64& n, DType to, const char* op, Loc where);
// The common type of two tensor types; Error, naming the cast to write, where there is none.
DType common_dtype(DType a, DType b, const char* op, Loc where);
// An axis counted from the end where negative; Error if a tensor of this rank has no such axis.
int64_t check_axis(int64_t axis, int rank, const char* op, Loc where);

// What a builder works with.
class Builder {
 public:
  using Operands = std::vector<ir::Operand>;
  struct NumberParam {  // a C++ number that is an input
    int operand;
    DType dtype;
  };

  // ids: the values of the tensor operands (kNone where the operand is a number). numbers: null where
  // C++ numbers become literals, otherwise they become parameters that are listed there.
  Builder(ir::Func& func, const Request& r, ir::LocId loc, std::span<const ir::ValueId> ids,
          std::vector<NumberParam>* numbers)
      : func(func), request(r), loc_(loc), ids_(ids), numbers_(numbers) {}

  size_t size() const { return request.args.size(); }
  bool is_number(size_t i) const { return request.args[i].tensor() == nullptr; }
  // The i-th operand as a tensor value; a number becomes a rank-0 tensor of its own type.
  ir::ValueId tensor(size_t i);
  ir::ValueId tensor(size_t i, DType t) { return cast(tensor(i), t); }
  // As an operand of type t: cast if it is a tensor of another type, converted if it is a number.
  ir::Operand operand(size_t i, DType t);
  ir::Type type(size_t i) const;  // of a number: its own
  const ir::Type& type(ir::ValueId v) const { return func.type(v); }
  // The common type of operands [from, size): of the tensors, which numbers adopt; of numbers alone, theirs.
  DType common(size_t from = 0) const;

  ir::ValueId add(ir::Op op, Operands operands, std::vector<ir::Attr> attrs = {}, std::optional<ir::Type> wanted = {});
  ir::ValueId cast(ir::ValueId v, DType t);
  ir::ValueId reshape(ir::ValueId v, ir::Dims dims);
  ir::ValueId permute(ir::ValueId v, const std::vector<int64_t>& order);
  ir::ValueId broadcast(ir::ValueId v, ir::Dims dims);
  ir::ValueId reduce(ir::Op op, ir::ValueId v, std::vector<int64_t> axes) {
    return add(op, {v}, {{ir::AttrName::axes, std::move(axes)}});
  }
  // Operands of an elementwise op brought to one shape; rank 0 stays as it is.
  void broadcast(Operands& operands);

  const char* name() const { return request.function(); }
  Loc where() const { return request.where; }
  [[noreturn]] void fail(const std::string& message, const std::string& help = {}) const;

  ir::Func& func;
  const Request& request;

 private:
  ir::LocId loc_;
  std::span<const ir::ValueId> ids_;
  std::vector<NumberParam>* numbers_;
};

}  // namespace frit
