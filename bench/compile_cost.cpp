// See compile_cost.h. In each round ours and the bare compiler run once, the other one first each time.
#include "bench/compile_cost.h"

#include <chrono>
#include <cmath>
#include <set>

#include "bench/measure.h"
#include "codegen/cuda.h"
#include "codegen/cuda/nvrtc.h"
#include "frit/config.h"
#include "ir/text.h"
#include "lowering/compile.h"
#include "runtime/cuda/libraries.h"
#include "tools/cli.h"

namespace frit::bench {
namespace {

double ms(const std::function<void()>& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

// While it lives, what goes to NVRTC is kept.
class Listening {
 public:
  explicit Listening(std::vector<std::string>& texts) {
    codegen::set_cuda_compiler([&texts](std::span<codegen::CudaSource> sources, const codegen::GpuSpec& gpu) {
      texts.push_back(codegen::cuda::nvrtc_text(sources));
      codegen::cuda::nvrtc_compile(sources, gpu);
    });
  }
  ~Listening() { codegen::set_cuda_compiler({}); }
  Listening(const Listening&) = delete;
};

// The geometric mean of the ratios.
double mean_ratio(const std::vector<CompileCost>& costs) {
  double sum = 0;
  for (const CompileCost& c : costs) sum += std::log(c.ratio);
  return costs.empty() ? 0 : std::exp(sum / static_cast<double>(costs.size()));
}

}  // namespace

CompileCost compile_cost(const Case& c, const codegen::GpuSpec& gpu, int rounds) {
  rt::cuda::need_library(rt::cuda::Library::nvrtc, "frit bench");
  lower::CompileOptions options;
  options.target = lower::gpu_target(gpu);
  options.emit = false;
  const auto program = lower::compile(ir::parse(c.make.ir(c.shape), c.name), options);
  std::vector<const ir::Func*> kernels;
  std::vector<bool> wide;
  for (size_t k = 0; k < program->kernels.size(); ++k) {
    kernels.push_back(&program->kernels[k]);
    wide.push_back(program->reports[k].wide);
  }
  auto ours = [&] {
    codegen::clear_cuda_cache();
    codegen::compile_cuda_kernels(kernels, gpu, wide);
  };

  CompileCost cost;
  cost.name = c.name;
  cost.kernels = static_cast<int64_t>(kernels.size());
  std::vector<std::string> texts;
  {
    const Listening listening(texts);
    const auto before = codegen::cuda_cache_stats().misses;
    ours();
    cost.different = codegen::cuda_cache_stats().misses - before;
  }
  cost.texts = static_cast<int64_t>(texts.size());
  for (const std::string& t : texts) cost.bytes += static_cast<int64_t>(t.size());
  std::vector<double> our_ms, bare_ms, ratios;
  for (int r = 0; r < rounds; ++r) {
    double bare = 0;
    auto time_bare = [&] {
      for (const std::string& t : texts) bare += codegen::cuda::nvrtc_bare_ms(t, gpu);
    };
    if (r % 2) time_bare();
    our_ms.push_back(ms(ours));
    if (r % 2 == 0) time_bare();
    bare_ms.push_back(bare);
    ratios.push_back(our_ms.back() / bare);
  }
  cost.ours_ms = median(our_ms);
  cost.bare_ms = median(bare_ms);
  cost.ratio = median(ratios);
  return cost;
}

nlohmann::ordered_json to_json(const std::vector<CompileCost>& costs, const codegen::GpuSpec& gpu) {
  nlohmann::ordered_json j{{"version", version()},
                           {"gpu", gpu.name},
                           {"nvrtc", rt::cuda::library(rt::cuda::Library::nvrtc).version_text},
                           {"geomean", mean_ratio(costs)},
                           {"cases", nlohmann::ordered_json::array()}};
  for (const CompileCost& c : costs)
    j["cases"].push_back({{"name", c.name},
                          {"kernels", c.kernels},
                          {"different", c.different},
                          {"texts", c.texts},
                          {"bytes", c.bytes},
                          {"ours_ms", c.ours_ms},
                          {"bare_ms", c.bare_ms},
                          {"ratio", c.ratio}});
  return j;
}

std::string to_table(const std::vector<CompileCost>& costs) {
  using tools::printf_string;
  std::vector<std::vector<std::string>> rows;
  for (const CompileCost& c : costs)
    rows.push_back({c.name, std::to_string(c.kernels), std::to_string(c.different), std::to_string(c.texts),
                    printf_string("%.1f", static_cast<double>(c.bytes) / 1024), printf_string("%.1f", c.ours_ms), printf_string("%.1f", c.bare_ms),
                    printf_string("%.3f", c.ratio)});
  return tools::table({"case", "kernels", "different", "texts", "KiB", "ours ms", "bare NVRTC ms", "ratio"}, "lrrrrrrr", rows) +
         printf_string("geometric mean %.3f\n", mean_ratio(costs));
}

}  // namespace frit::bench
