// The cases of the bench: functions as users write them, their inputs, and the memory traffic that the
// laws require of them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "frit/tensor.h"

namespace frit::bench {

// What one call must move at least, in whole arrays of the case's shape: each input read once, each
// result written once. In place: results take the place of inputs that are given away.
struct Traffic {
  int reads = 0;
  int writes = 0;
  bool in_place = false;
};

struct Cold {
  double trace_us = 0;    // recording the function
  double lower_ms = 0;    // passes, schedules, plan
  double compile_ms = 0;  // machine code
};

// A case on its inputs. Each call computes the same from the same inputs, but for cases that give their
// state away: those go on from where the last call of the same kind left it.
class Runner {
 public:
  virtual ~Runner() = default;
  virtual std::vector<Tensor> eager() = 0;  // the function itself
  virtual std::vector<Tensor> fused() = 0;  // through jit
  virtual void fused_again(int times) = 0;  // warm calls, nothing kept
  virtual void eager_again(int times) = 0;
  // From now on the warm calls take copies of the inputs in turn, and keep as many results, so that what
  // a call needs has left the caches.
  virtual void rotate(int copies) = 0;
  virtual Cold cold() = 0;                  // a fresh jit of it, compiled with empty caches
  virtual std::vector<Tensor> inputs() = 0;
};

enum class Kind {
  memory,   // larger than the caches: held against the memory probe
  cached,   // in cache: many calls a round, held against the probe in cache
  call,     // so small that only the call itself counts: no limit
  product,  // arithmetic is the limit, for which there is no probe
  compile,  // only the cold compile counts
};

// What a case is made of, for those who ask the same of like cases (tools/gpu_goals.h).
enum class Family {
  elementwise,
  rows,      // read along the last axis and kept for a second use
  exp_rows,  // the same, or element by element, through exponentials: softmax, cross-entropy, swiglu
  sums,      // along any axes
  other,
};

// How a case is made for a shape.
struct Maker {
  std::function<std::unique_ptr<Runner>(const Shape&, Numerics)> with_inputs;
  std::function<std::string(const Shape&)> ir;  // the traced function, from types alone: no input is made
  std::unique_ptr<Runner> operator()(const Shape& shape, Numerics numerics) const { return with_inputs(shape, numerics); }
};

struct Case {
  std::string name;
  std::string what;          // one line for --list
  Kind kind = Kind::memory;
  Shape shape;               // of its arrays
  Traffic traffic;
  Family family = Family::other;
  bool op_by_op = false;     // its eager ops are reported one by one as well
  Maker make;
  DType dtype = DType::f32;  // of its arrays
  // Of a case over many tensors: their shapes, together about as large as the case's.
  std::vector<Shape> (*tensors)(int64_t elements) = nullptr;
};

std::string_view name(Kind kind);  // "memory"
std::string_view name(Family family);

// Compiled code that others write keeps f32 between operations on 16-bit types and takes approximate exponentials. So
// where exponentials of such types are what a case consists of, it is held against theirs under Numerics::fast, and
// measured under both; every other case under strict numerics alone.
Numerics compared_numerics(const Case& c);

const std::vector<Case>& cases();
const std::vector<Case>& gpu_cases();  // more of them, for --device=gpu

// The case's shape with the number of elements divided by about `scale` (tests): the first axis
// shrinks, of a square matrix both do, so that a row stays a row.
Shape scaled(const Case& c, int64_t scale);

}  // namespace frit::bench
