// Asks runtime/gpu.h; the kernel is written in PTX, so that it needs the driver only.
#include "tools/doctor_gpu.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "codegen/cuda.h"
#include "runtime/cuda/libraries.h"
#include "runtime/gpu.h"
#include "support/bytes.h"
#include "tools/engines.h"

namespace frit::tools {
namespace {

// out[i] = 2 * x[i] + 1
constexpr const char* kPtx = R"(.version 7.0
.target sm_70
.address_size 64
.visible .entry frit_doctor(.param .u64 x, .param .u64 out, .param .u64 work) {
  .reg .u32 %block, %thread, %size;
  .reg .u64 %i, %n, %at, %x, %out;
  .reg .f32 %v;
  .reg .pred %past;
  ld.param.u64 %n, [work];
  mov.u32 %block, %ctaid.x;
  mov.u32 %size, %ntid.x;
  mov.u32 %thread, %tid.x;
  mul.wide.u32 %i, %block, %size;
  cvt.u64.u32 %at, %thread;
  add.u64 %i, %i, %at;
  setp.ge.u64 %past, %i, %n;
  @%past bra end;
  ld.param.u64 %x, [x];
  ld.param.u64 %out, [out];
  shl.b64 %at, %i, 2;
  add.u64 %x, %x, %at;
  add.u64 %out, %out, %at;
  ld.global.f32 %v, [%x];
  fma.rn.f32 %v, %v, 0f40000000, 0f3f800000;
  st.global.f32 [%out], %v;
end:
  ret;
}
)";

// For a GPU, without launches as yet; one output.
rt::Plan plan_of(int32_t inputs, int64_t output_bytes) {
  rt::Plan plan;
  plan.name = "doctor";
  plan.gpu = true;
  plan.inputs = inputs;
  plan.outputs.resize(1);
  plan.outputs[0].bytes = output_bytes;
  return plan;
}

Json try_gpu(int device) {
  try {
    constexpr int64_t n = 10000, bytes = 4 * n;
    auto kernel = std::make_shared<rt::GpuKernel>();
    kernel->name = "frit_doctor";
    kernel->image = std::make_shared<const std::string>(kPtx);
    kernel->is_ptx = true;
    kernel->threads = 128;
    kernel->items_per_block = 128;
    rt::Plan plan = plan_of(1, bytes);
    rt::Launch launch;
    launch.gpu = kernel;
    launch.buffers = {{rt::BufferRef::input, 0, 0}, {rt::BufferRef::output, 0, 0}};
    launch.work = n;
    plan.launches.push_back(launch);

    std::vector<float> x(n), got(n);
    for (size_t i = 0; i < n; ++i) x[i] = static_cast<float>(i);
    const auto in = rt::gpu::allocate(device, bytes), out = rt::gpu::allocate(device, bytes);
    rt::gpu::copy_in(*in, 0, x.data(), bytes);
    const auto program = rt::gpu::load(device, plan);
    const void* inputs[] = {in->data()};
    void* outputs[] = {out->data()};
    std::vector<double> enqueue_us, call_us;
    for (int i = 0; i < 100; ++i) {
      const auto start = std::chrono::steady_clock::now();
      rt::gpu::execute(*program, inputs, outputs);
      const auto enqueued = std::chrono::steady_clock::now();
      rt::gpu::synchronize(device);
      const auto end = std::chrono::steady_clock::now();
      enqueue_us.push_back(std::chrono::duration<double, std::micro>(enqueued - start).count());
      call_us.push_back(std::chrono::duration<double, std::micro>(end - start).count());
    }
    rt::gpu::copy_out(got.data(), *out, 0, bytes);
    for (size_t i = 0; i < n; ++i)
      if (got[i] != 2 * x[i] + 1) return Json{{"ok", false}, {"error", "a kernel ran and gave wrong numbers"}};
    return Json{{"ok", true}, {"enqueue_us", median(enqueue_us)}, {"call_us", median(call_us)}};
  } catch (const std::exception& e) {
    return Json{{"ok", false}, {"error", e.what()}};
  }
}

// c = a * b through the library; every number is a sum of small whole ones.
Json try_product(int device) {
  try {
    std::string why;
    if (!rt::gpu::has_gemms(device, &why)) return Json{{"by", "kernels of our own"}, {"ok", true}, {"reason", why}};
    constexpr int64_t n = 64, bytes = 4 * n * n;
    rt::Gemm g;
    g.m = g.n = g.k = g.a.ld = g.b.ld = g.c.ld = n;
    g.workspace = 1 << 20;
    rt::Plan plan = plan_of(2, bytes);
    plan.arena_bytes = g.workspace;
    rt::Launch launch;
    launch.gemm = std::make_shared<const rt::Gemm>(g);
    launch.buffers = {{rt::BufferRef::input, 0, 0}, {rt::BufferRef::input, 1, 0}, {rt::BufferRef::output, 0, 0}, {rt::BufferRef::temp, 0, 0}};
    plan.launches.push_back(launch);
    std::vector<float> a(n * n), b(n * n), got(n * n);
    for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i % 7) - 3, b[i] = static_cast<float>(i % 5) - 2;
    const auto x = rt::gpu::allocate(device, bytes), y = rt::gpu::allocate(device, bytes), out = rt::gpu::allocate(device, bytes);
    rt::gpu::copy_in(*x, 0, a.data(), bytes);
    rt::gpu::copy_in(*y, 0, b.data(), bytes);
    const void* inputs[] = {x->data(), y->data()};
    void* outputs[] = {out->data()};
    rt::gpu::execute(*rt::gpu::load(device, plan), inputs, outputs);
    rt::gpu::copy_out(got.data(), *out, 0, bytes);
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j) {
        float sum = 0;
        for (size_t k = 0; k < n; ++k) sum += a[i * n + k] * b[k * n + j];
        if (got[i * n + j] != sum) return Json{{"by", "cuBLASLt"}, {"ok", false}, {"error", "a product ran and gave wrong numbers"}};
      }
    return Json{{"by", "cuBLASLt"}, {"ok", true}};
  } catch (const std::exception& e) {
    return Json{{"by", "cuBLASLt"}, {"ok", false}, {"error", e.what()}};
  }
}

}  // namespace

Json examine_gpus() {
  Json j{{"libraries", Json::array()}, {"devices", Json::array()}};
  for (rt::cuda::Library l : rt::cuda::kLibraries) {
    const rt::cuda::LibraryInfo& about = rt::cuda::info(l);
    const rt::cuda::Loaded& found = rt::cuda::library(l);
    Json tried = Json::array();
    for (const auto& t : found.tried) tried.push_back(Json{{"what", t.what}, {"result", t.result}});
    Json one{{"name", about.name}, {"file", about.file}, {"use", about.use}, {"found", found.handle != nullptr}, {"tried", tried}};
    if (found.handle) {
      one["path"] = found.path;
      one["version"] = found.version_text;
      if (!found.note.empty()) one["note"] = found.note;
    } else {
      one["remedy"] = about.remedy;
    }
    j["libraries"].push_back(std::move(one));
  }
  const int count = rt::gpu::count();
  if (count == 0) j["reason"] = rt::gpu::reason();
  for (int i = 0; i < count; ++i) {
    const rt::gpu::Properties& p = rt::gpu::properties(i);
    codegen::GpuSpec spec;
    spec.sm = p.sm;
    codegen::fit_to_compiler(spec);
    j["devices"].push_back(Json{{"name", p.name},
                                {"sm", p.sm},
                                {"ptx", spec.ptx},
                                {"multiprocessors", p.multiprocessors},
                                {"memory_bytes", p.memory},
                                {"bandwidth", p.bandwidth},
                                {"l2", p.l2},
                                {"shared_per_block", p.shared_per_block},
                                {"max_cluster", p.max_cluster},
                                {"kernel", try_gpu(i)},
                                {"products", try_product(i)}});
  }
  return j;
}

std::string gpu_text(const Json& j) {
  std::string out;
  auto line = [&](const std::string& key, const std::string& value) { out += printf_string("%-12s %s\n", key.c_str(), value.c_str()); };
  const char* keys[] = {"gpu driver", "nvrtc", "cublaslt"};
  size_t i = 0;
  for (const Json& l : j["libraries"]) {
    const char* key = keys[i++];
    if (l["found"].get<bool>()) {
      const std::string version = l["version"];
      line(key, (version.empty() ? "version unknown" : version) + ", " + l["path"].get<std::string>() +
                    (l.contains("note") ? "; " + l["note"].get<std::string>() : ""));
      continue;
    }
    line(key, "not found (" + l["file"].get<std::string>() + "); it is for " + l["use"].get<std::string>());
    if (l["file"] != "libcuda.so") line("", l["remedy"].get<std::string>());  // that one's is part of the reason below
  }
  if (j.contains("reason")) line("gpu", "none: " + j["reason"].get<std::string>());
  int number = 0;
  for (const Json& d : j["devices"]) {
    line("gpu " + std::to_string(number++),
         printf_string("%s, sm_%d, %d multiprocessors, %s at %.0f GB/s", d["name"].get<std::string>().c_str(), d["sm"].get<int>(),
                       d["multiprocessors"].get<int>(), bytes_text(d["memory_bytes"].get<int64_t>()).c_str(), d["bandwidth"].get<double>()));
    if (const int ptx = d["ptx"]; ptx > 0)
      line("", printf_string("NVRTC is older than this GPU: kernels go to the driver as PTX for compute_%d; a newer NVRTC makes them faster", ptx));
    const Json& k = d["kernel"];
    line("", k["ok"].get<bool>() ? printf_string("a kernel runs: %.1f us to enqueue, %.1f us until done", k["enqueue_us"].get<double>(), k["call_us"].get<double>())
                                 : "FAILED: " + k["error"].get<std::string>());
    const Json& p = d["products"];
    line("", "matrix products by " + p["by"].get<std::string>() + (p["ok"].get<bool>() ? p.contains("reason") ? ": " + p["reason"].get<std::string>() : ""
                                                                                       : " FAILED: " + p["error"].get<std::string>()));
  }
  return out;
}

bool gpus_work(const Json& j) {
  return std::all_of(j["devices"].begin(), j["devices"].end(), [](const Json& d) { return d["kernel"]["ok"].template get<bool>() && d["products"]["ok"].template get<bool>(); });
}

}  // namespace frit::tools
