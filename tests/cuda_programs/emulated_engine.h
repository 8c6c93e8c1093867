// Programs as CUDA C++ on the emulated GPU, against the interpreter. In three steps, so that the
// kernels of many programs are compiled together: plan, compile_images over all, run.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ir/func.h"
#include "ir/interpret.h"
#include "lowering/compile.h"

namespace frit::test {

// A choice of card, schedule numbers, fused or op by op, from a number. No bit may depend on any of it.
struct CudaOptions {
  lower::CompileOptions compile;
  std::string name;  // "H200, fused, small parts"
};
CudaOptions cuda_options_for(uint64_t seed, bool fuse);

// From here on the kernels of plans for GPUs are images of the emulation. edit: what is done to the
// text of each before, by tests that want a fault.
void use_emulated_compiler(std::function<void(std::string&)> edit = {});

// One program, with its arguments and what the interpreter makes of them. Under Numerics::fast what is wanted are the
// bytes of its own fused level under the formulas of GPUs, which the emulation computes as the interpreter does.
class EmulatedProgram {
 public:
  // Lowers and prints. What goes wrong is kept for problem().
  EmulatedProgram(const ir::Func& f, std::vector<ir::Array> args, const std::vector<ir::Array>& want, CudaOptions options);
  // The images of its kernels.
  void images(std::vector<std::string>& into) const;
  // Runs twice, threads and blocks ascending and descending, with results, temporary and shared memory
  // full of different bytes, in place where the plan allows; what is wrong, in words, or nothing.
  std::string problem() const;
  int64_t launches() const { return launches_; }
  const std::vector<ir::Array>& wanted() const { return f_.numerics == Numerics::fast ? fast_ : want_; }
  const lower::Program* program() const { return program_.get(); }

 private:
  const ir::Func& f_;
  std::vector<ir::Array> args_;
  const std::vector<ir::Array>& want_;
  std::vector<ir::Array> fast_;
  CudaOptions options_;
  std::shared_ptr<const lower::Program> program_;
  std::string failed_;
  mutable int64_t launches_ = -1;
};

}  // namespace frit::test
