// See report.h.
#include "bench/report.h"

#include <algorithm>
#include <fstream>

#include "frit/config.h"
#include "lowering/compile.h"
#include "runtime/cuda/libraries.h"
#include "runtime/gpu.h"
#include "runtime/machine.h"
#include "tools/cli.h"

namespace frit::bench {
namespace {

constexpr double kTolerance = 0.10;

Json optional(const std::optional<double>& v) { return v ? Json(*v) : Json(nullptr); }

std::string cpu_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

std::string share(const std::optional<double>& v) { return v ? tools::printf_string("%.2f", *v) : "-"; }

std::string time(double us) {
  return us >= 1000 ? tools::printf_string("%.0f", us) : us >= 10 ? tools::printf_string("%.1f", us) : tools::printf_string("%.3f", us);
}

// A case measured under both numerics has two rows.
std::string row_name(const CaseResult& r) { return r.numerics == Numerics::fast ? r.name + " fast" : r.name; }

std::string op_name(const OpResult& o) { return o.name + "(" + o.operands + ")"; }

}  // namespace

Json to_json(const std::vector<CaseResult>& results, Device device) {
  const lower::TargetSpec target = lower::host_target(threads());
  Json out;
  out["version"] = version();
  out["machine"] = Json{{"cpu", cpu_name()},   {"cores", rt::usable_cores()}, {"memory_bytes", rt::usable_memory()},
                        {"l1", target.l1},     {"l2", target.l2},             {"l3", target.l3}};
  if (device.is_gpu()) {
    const rt::gpu::Properties& p = rt::gpu::properties(device.index());
    const int driver = rt::gpu::driver_version();
    out["machine"]["gpu"] = Json{{"name", p.name},
                                 {"sm", p.sm},
                                 {"driver", std::to_string(driver / 1000) + "." + std::to_string(driver % 1000 / 10)},
                                 {"nvrtc", rt::cuda::library(rt::cuda::Library::nvrtc).version_text},
                                 {"multiprocessors", p.multiprocessors},
                                 {"l2", p.l2},
                                 {"memory_bytes", p.memory}};
  }
  Json probes = Json::object();
  Json list = Json::array();
  for (const CaseResult& r : results) {
    Json ops = Json::array();
    for (const OpResult& o : r.eager_ops)
      ops.push_back(Json{{"op", o.name}, {"operands", o.operands}, {"uses", o.uses}, {"us", o.us}, {"limit_us", o.limit_us}, {"of_limit", o.of_limit}});
    Json j{{"name", r.name},
           {"shape", r.shape.vec()},
           {"dtype", r.dtype},
           {"numerics", tools::name_of(r.numerics)},
           {"device", r.device},
           {"threads", r.threads > 0 ? Json(r.threads) : Json("-")},
           {"isa", r.isa},
           {"rounds", r.rounds},
           {"eager_us", r.eager_us},
           {"fused_us", r.fused_us},
           {"faster", r.faster},
           {"limit_us", optional(r.limit_us)},
           {"of_limit", optional(r.of_limit)},
           {"eager_of_limit", optional(r.eager_of_limit)},
           {"probe", r.probe},
           {"eager_kernels", r.eager_kernels},
           {"kernels", r.kernels},
           {"eager_bytes", r.eager_bytes},
           {"bytes", r.bytes},
           {"ops", r.ops},
           {"trace_us", r.trace_us},
           {"lower_ms", r.lower_ms},
           {"code_ms", r.code_ms},
           {"compile_ms", r.compile_ms},
           {"same_bits", r.same_bits},
           {"hash", r.hash}};
    if (r.device != "cpu") {
      j["copies"] = r.copies;
      j["enqueue_us"] = optional(r.enqueue_us);
      j["latency_us"] = optional(r.latency_us);
    }
    if (!ops.empty()) j["eager_ops"] = ops;
    list.push_back(std::move(j));
    if (!r.limit_us) continue;
    // A probe is known by its mix and the size of its arrays, whatever their type; the last case that used it gives its time.
    probes[r.probe + ", arrays of " + std::to_string(r.array_bytes) + " bytes, " +
           (r.threads > 0 ? std::to_string(r.threads) + " threads" : r.device)] = *r.limit_us;
  }
  out["probes"] = std::move(probes);
  out["cases"] = std::move(list);
  return out;
}

std::string to_table(const std::vector<CaseResult>& results) {
  using tools::printf_string;
  std::vector<std::vector<std::string>> rows, op_rows, cold_rows;
  for (const CaseResult& r : results) {
    rows.push_back({row_name(r), r.shape.str(), time(r.eager_us), time(r.fused_us), printf_string("%.1fx", r.faster),
                    r.limit_us ? time(*r.limit_us) : "-", share(r.of_limit), share(r.eager_of_limit),
                    printf_string("%lld > %lld", static_cast<long long>(r.eager_kernels), static_cast<long long>(r.kernels)),
                    printf_string("%.1f > %.1f", static_cast<double>(r.eager_bytes) / 1e6, static_cast<double>(r.bytes) / 1e6),
                    r.same_bits ? "same" : r.numerics == Numerics::fast ? "fast" : "DIFFERENT", r.hash});
    cold_rows.push_back({row_name(r), std::to_string(r.ops), printf_string("%.0f", r.trace_us), printf_string("%.2f", r.lower_ms),
                         printf_string("%.2f", r.code_ms), printf_string("%.2f", r.trace_us / 1000 + r.compile_ms),
                         printf_string("%.3f", (r.trace_us / 1000 + r.compile_ms) / static_cast<double>(std::max<int64_t>(r.ops, 1)))});
    for (const OpResult& o : r.eager_ops)
      op_rows.push_back({row_name(r), op_name(o), std::to_string(o.uses), time(o.us), time(o.limit_us), printf_string("%.2f", o.of_limit)});
  }
  std::string out = tools::table({"case", "shape", "eager us", "fused us", "faster", "limit us", "of limit", "eager of limit", "kernels", "MB moved", "bits", "hash"},
                                 "llrrrrrrrrll", rows);
  std::vector<std::vector<std::string>> call_rows;
  for (const CaseResult& r : results)
    if (r.enqueue_us) call_rows.push_back({row_name(r), std::to_string(r.kernels), time(*r.enqueue_us), time(*r.latency_us)});
  if (!call_rows.empty()) {
    out += "\nSmall programs: until the call returns, and until it is done\n";
    out += tools::table({"case", "kernels", "enqueue us", "latency us"}, "lrrr", call_rows);
  }
  out += "\nCompiling, all caches empty\n";
  out += tools::table({"case", "ops", "trace us", "passes ms", "code ms", "all ms", "ms an op"}, "lrrrrrr", cold_rows);
  if (!op_rows.empty()) {
    out += "\nEager ops of the elementwise cases, each against its own probe\n";
    out += tools::table({"case", "op", "uses", "us", "limit us", "of limit"}, "llrrrr", op_rows);
  }
  return out;
}

std::vector<std::string> worse_than(const Json& baseline, const std::vector<CaseResult>& results) {
  using tools::printf_string;
  std::vector<std::string> out;
  for (const Json& old : baseline.at("cases"))
    for (const CaseResult& r : results) {
      if (old.at("name") != r.name || old.at("dtype") != r.dtype || old.at("shape") != Json(r.shape.vec())) continue;
      if (old.value("numerics", "strict") != tools::name_of(r.numerics)) continue;
      if (r.numerics == Numerics::strict && old.at("hash") != r.hash)
        out.push_back(r.name + ": other bits, hash " + r.hash + " instead of " + old.at("hash").get<std::string>());
      if (old.at("threads") != (r.threads > 0 ? Json(r.threads) : Json("-")) || old.value("device", "cpu") != r.device || old.at("isa") != r.isa) continue;
      const Json& share = old.at("of_limit");
      if (r.of_limit && share.is_number()) {
        if (*r.of_limit < share.get<double>() * (1 - kTolerance))
          out.push_back(r.name + printf_string(": %.2f of the limit instead of %.2f", *r.of_limit, share.get<double>()));
      } else if (r.fused_us > old.at("fused_us").get<double>() * (1 + kTolerance)) {
        out.push_back(r.name + printf_string(": %.3f us instead of %.3f", r.fused_us, old.at("fused_us").get<double>()));
      }
    }
  return out;
}

}  // namespace frit::bench
