// See gpu_probe.h. One CUDA source a mix holds the kernels of all ways.
#include "bench/gpu_probe.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <tuple>

#include "codegen/cuda.h"
#include "frit/device.h"
#include "frontend/device.h"

namespace frit::bench {
namespace {

constexpr int64_t kVector = 16;  // bytes of a load
constexpr int kThreads = 256;
constexpr int kRaceRounds = 8;
constexpr double kRaceUs = 1000;  // of runs between two looks at the clock
constexpr int kVectors[] = {1, 2, 4, 8};

std::string entry(int vectors, bool streaming) {
  return "probe_" + std::to_string(vectors) + (streaming ? "_streaming" : "_ordinary");
}

// void probe_V_S(reads..., writes..., n, work): every written vector is the sum of the read ones. Without
// writes the sum is kept, and written to a place that nobody looks at if it is a number it cannot be.
std::string kernel_text(const Mix& mix, int vectors, bool streaming) {
  const std::string v = std::to_string(vectors), pitch = std::to_string(kThreads);
  std::string s = "extern \"C\" __global__ void __launch_bounds__(" + pitch + ") " + entry(vectors, streaming) + "(";
  for (int r = 0; r < mix.reads; ++r) s += "const quad* r" + std::to_string(r) + ", ";
  for (int w = 0; w < std::max(mix.writes, 1); ++w) s += "quad* w" + std::to_string(w) + ", ";
  s += "i64 n, i64 work) {\n";
  s += "  const i64 step = (i64)gridDim.x * " + pitch + " * " + v + ";\n";
  s += "  quad kept = {{0, 0, 0, 0}};\n";
  s += "  for (i64 at = (i64)blockIdx.x * " + pitch + " * " + v + " + threadIdx.x; at < n; at += step) {\n";
  s += "    quad q[" + v + "];\n";
  auto each = [&](const std::string& line) {
    s += "    #pragma unroll\n    for (int k = 0; k < " + v + "; ++k) if (at + k * " + pitch + " < n) " + line + "\n";
  };
  if (mix.reads == 0) each("q[k] = kept;");
  // All loads of a stream are under way before the first is needed; so are those of several streams.
  for (int r = 0; r < mix.reads; ++r) {
    const std::string stream = "r" + std::to_string(r), all = "q" + std::to_string(r);
    if (r > 0) s += "    quad " + all + "[" + v + "];\n";
    each((r > 0 ? all : "q") + "[k] = " + stream + "[at + k * " + pitch + "];");
  }
  for (int r = 1; r < mix.reads; ++r) each("q[k] = quad_sum(q[k], q" + std::to_string(r) + "[k]);");
  for (int w = 0; w < mix.writes; ++w) {
    const std::string to = "w" + std::to_string(w) + "[at + k * " + pitch + "]";
    each(streaming ? "QUAD_STREAM(&" + to + ", q[k]);" : to + " = q[k];");
  }
  if (mix.writes == 0) each("kept = quad_sum(kept, q[k]);");
  s += "  }\n";
  if (mix.writes == 0) s += "  if (kept.at[0] + kept.at[1] + kept.at[2] + kept.at[3] == 12345.5f) w0[0] = kept;\n";
  return s + "}\n";
}

}  // namespace

std::string gpu_probe_source(const Mix& mix) {
  std::string s = codegen::cuda_prelude() + R"(
typedef f_vector<f32, 4> quad;
F_FN quad quad_sum(quad a, quad b) { return quad{{a.at[0] + b.at[0], a.at[1] + b.at[1], a.at[2] + b.at[2], a.at[3] + b.at[3]}}; }
#ifdef FRIT_EMULATION
#define QUAD_STREAM(p, v) (*(p) = (v))
#else
#define QUAD_STREAM(p, v) __stcs((float4*)(p), make_float4((v).at[0], (v).at[1], (v).at[2], (v).at[3]))
#endif
)";
  for (int vectors : kVectors)
    for (bool streaming : {false, true})
      if (!streaming || mix.writes > 0) s += kernel_text(mix, vectors, streaming);
  return s;
}

namespace {

// The image of all ways of a mix on a device; compiled once.
std::shared_ptr<const rt::GpuKernel> image_of(const Mix& mix, int device) {
  static std::mutex mutex;
  static auto* images = new std::map<std::tuple<int, int, int>, std::shared_ptr<const rt::GpuKernel>>;
  std::lock_guard lock(mutex);
  auto& image = (*images)[{mix.reads, mix.writes, device}];
  if (!image) {
    codegen::CudaSource s;
    s.text = gpu_probe_source(mix);
    s.launch.name = entry(kVectors[0], false);
    codegen::compile_cuda_sources({&s, 1}, gpu_spec(gpu(device)));
    image = std::make_shared<const rt::GpuKernel>(std::move(s.launch));
  }
  return image;
}

double now_us() {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

GpuProbe::GpuProbe(const Mix& mix, int64_t bytes, int device, int copies)
    : mix_(mix), bytes_(std::max(kVector, (bytes + kVector - 1) / kVector * kVector)), device_(device) {
  check(mix);
  const std::vector<char> zeros(static_cast<size_t>(bytes_));
  auto make = [&] {
    arrays_.push_back(rt::gpu::allocate(device, bytes_));
    rt::gpu::copy_in(*arrays_.back(), 0, zeros.data(), bytes_);
    return arrays_.back()->data();
  };
  for (int turn = 0; turn < std::max(copies, 1); ++turn) {
    Turn t;
    for (int i = 0; i < mix.reads; ++i) {
      void* p = make();
      t.inputs.push_back(p);
      if (mix.in_place && i < mix.writes) t.outputs.push_back(p);
    }
    while (static_cast<int>(t.outputs.size()) < std::max(mix.writes, 1)) t.outputs.push_back(make());
    turns_.push_back(std::move(t));
  }

  static std::mutex mutex;
  static std::map<std::tuple<int, int, bool, int64_t, int>, Way> chosen;
  std::lock_guard lock(mutex);
  auto known = chosen.find({mix.reads, mix.writes, mix.in_place, bytes_, device});
  if (known == chosen.end()) {
    std::vector<std::pair<double, Way>> ways;
    for (int vectors : kVectors)
      for (bool streaming : {false, true})
        for (bool card : {false, true})
          if (!streaming || mix.writes > 0) ways.push_back({1e30, {vectors, streaming, card}});
    int times = 1;
    auto time = [&](const Way& way, bool fresh) {
      if (fresh) {
        load(way);
        run(1);
        rt::gpu::synchronize(device_);
      }
      const double start = now_us();
      run(times);
      rt::gpu::synchronize(device_);
      return (now_us() - start) / times;
    };
    time(ways[0].second, true);
    while (time(ways[0].second, false) * times < kRaceUs && times < 1024) times *= 2;
    // The best time of each counts; those far behind are not tried again.
    for (int round = 0; round < kRaceRounds; ++round) {
      const double best = std::min_element(ways.begin(), ways.end(), [](const auto& a, const auto& b) { return a.first < b.first; })->first;
      for (auto& [us, way] : ways)
        if (round == 0 || us < 1.25 * best) us = std::min(us, time(way, true));
    }
    std::stable_sort(ways.begin(), ways.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    known = chosen.emplace(std::tuple{mix.reads, mix.writes, mix.in_place, bytes_, device}, ways.front().second).first;
  }
  load(known->second);
}

void GpuProbe::load(const Way& way) {
  auto kernel = std::make_shared<rt::GpuKernel>(*image_of(mix_, device_));
  kernel->name = entry(way.vectors, way.streaming);
  kernel->threads = kThreads;
  kernel->items_per_block = 1;
  rt::Launch launch;
  launch.gpu = kernel;
  for (int i = 0; i < mix_.reads; ++i) launch.buffers.push_back({rt::BufferRef::input, i, 0});
  const int written = std::max(mix_.writes, 1);
  for (int i = 0; i < written; ++i) launch.buffers.push_back({rt::BufferRef::output, i, 0});
  const int64_t n = bytes_ / kVector, block = int64_t{kThreads} * way.vectors;
  const rt::gpu::Properties& p = rt::gpu::properties(device_);
  const int64_t held = std::max<int64_t>(1, int64_t{p.multiprocessors} * p.threads_per_multiprocessor / kThreads);
  launch.params = {n};
  launch.work = (n + block - 1) / block;
  if (way.card) launch.work = std::min(launch.work, held);
  launch.bytes_read = bytes_ * mix_.reads;
  launch.bytes_written = bytes_ * mix_.writes;
  rt::Plan plan;
  plan.name = "probe";
  plan.gpu = true;
  plan.inputs = mix_.reads;
  plan.outputs.resize(static_cast<size_t>(written));
  for (rt::Output& o : plan.outputs) o.bytes = bytes_;
  plan.launches.push_back(std::move(launch));
  program_ = rt::gpu::load(device_, plan);
  way_ = way;
}

void GpuProbe::run(int times) {
  for (int i = 0; i < times; ++i) {
    Turn& t = turns_[at_];
    rt::gpu::execute(*program_, t.inputs.data(), t.outputs.data());
    at_ = (at_ + 1) % turns_.size();
  }
}

std::string GpuProbe::name() const {
  std::string s = bench::name(mix_);
  if (mix_.writes) s += way_.streaming ? ", streaming" : ", ordinary";
  s += ", " + std::to_string(way_.vectors) + (way_.vectors == 1 ? " vector" : " vectors") + " a thread";
  return s + (way_.card ? ", the card filled once" : "");
}

}  // namespace frit::bench
