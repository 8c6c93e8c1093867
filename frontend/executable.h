// A function ready to run: compiled to a plan, or interpreted where FRIT_ENGINE=interp says so.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frit/config.h"
#include "frontend/tensor_impl.h"
#include "ir/func.h"
#include "lowering/compile.h"
#include "runtime/gpu.h"

namespace frit {

struct OutputType {
  DType dtype;
  Shape shape;
};

struct Executable {
  ir::Func func;                                  // tensor level, constant extents
  Device device;                                  // where it runs
  std::shared_ptr<const lower::Program> program;  // null: func is interpreted
  std::shared_ptr<rt::gpu::Program> gpu;          // the program, loaded, where it runs on a GPU
  std::vector<OutputType> outputs;
};

enum class For : uint8_t { jit, eager };
// Options of a compilation made now by this thread, from its scopes and the environment.
lower::CompileOptions compile_options(For use, Device device);
Executable make_executable(ir::Func f, For use, Device device, std::vector<lower::Snapshot>* snapshots = nullptr);

// What compiled code depends on besides the program: a part of every guard and key.
struct Target {
  Device device;
  int threads;
  codegen::Isa isa;
  Dot dot;
  friend bool operator==(const Target&, const Target&) = default;
};
Target current_target(Device device);

struct RunInputs {
  const void* const* data;              // one a parameter
  detail::TensorImpl* const* tensors;   // the same, or null where the parameter is a bare number
  const bool* give;                     // whether the caller gives its tensor away; null: none
  size_t count;
};

// Runs it. results: one handle an output; with `reuse` those in place offer their memory. made_by and
// made_at are noted in what is new.
void run_executable(const Executable& e, const RunInputs& in, Tensor* results, bool reuse, const char* made_by, Loc made_at);

// Whether a value is of no type with NaN, or holds none.
bool has_nan(const detail::TensorImpl& t);

}  // namespace frit
