// See programs.h.
#include "tests/cuda/programs.h"

#include "bench/cases.h"
#include "ir/text.h"
#include "lowering/compile.h"
#include "tests/engines/written.h"

namespace frit::test {
namespace {

struct Named {
  std::string name;
  bool bench;
  ir::Func func;
};

const std::vector<Named>& programs() {
  static const std::vector<Named> all = [] {
    std::vector<Named> out;
    for (const std::string& n : written_names()) out.push_back({n, false, load_written(n).func});
    for (const auto* cases : {&bench::cases(), &bench::gpu_cases()})
      for (const bench::Case& c : *cases) out.push_back({"bench " + c.name, true, ir::parse(c.make.ir(c.shape), c.name)});
    for (size_t i = 0, n = out.size(); i < n; ++i) {
      if (!out[i].bench) continue;
      out.push_back({"fast " + out[i].name, false, out[i].func});
      out.back().func.numerics = Numerics::fast;
    }
    return out;
  }();
  return all;
}

}  // namespace

std::vector<Printed> printed_kernels(const codegen::GpuSpec& gpu, bool fused) {
  lower::CompileOptions options;
  options.target = lower::gpu_target(gpu);
  options.emit = false;
  options.fuse = options.specialise = fused;
  std::vector<Printed> out;
  for (const Named& p : programs()) {
    const auto program = lower::compile(p.func, options);
    for (size_t k = 0; k < program->kernels.size(); ++k)
      out.push_back({p.name, p.bench, program->kernels[k], program->reports[k].wide, codegen::cuda_source(program->kernels[k], gpu, program->reports[k].wide)});
  }
  return out;
}

}  // namespace frit::test
