// `frit doctor`: what Frit finds on this machine, whether it can work here, and a kernel that proves it.
#include <sys/utsname.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "codegen/kernel.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "runtime/machine.h"
#include "runtime/threads.h"
#include "support/env.h"
#include "tools/cli.h"
#include "tools/doctor_gpu.h"
#include "tools/engines.h"
#include "tools/program.h"

namespace frit::tools {
namespace {

std::string file_text(const char* path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  std::string s = text.str();
  s.erase(s.find_last_not_of(" \n") + 1);
  return s;
}

// The value after "key :" in /proc/cpuinfo, of the first core.
std::string cpuinfo(const std::string& key) {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const size_t colon = line.find(':');
    if (colon != std::string::npos && line.find_first_not_of(" \t", key.size()) == colon)
      return colon + 2 <= line.size() ? line.substr(colon + 2) : "";
  }
  return "unknown";
}

// The CPU features that kernels use, with "-" in front where this CPU lacks them.
Json features() {
  std::istringstream flags(cpuinfo("flags"));
  std::vector<std::string> has;
  for (std::string f; flags >> f;) has.push_back(f);
  Json out = Json::object();
  for (const char* f : {"avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd", "avx512_bf16"})
    out[f] = std::find(has.begin(), has.end(), f) != has.end();
  return out;
}

// A sum of a chain over some blocks, on the interpreter and as a kernel.
constexpr const char* kProgram = R"(frit 1
func @doctor(%x: f32[3,5000], %y: f32[3,5000]) -> f32[3,1] {
  %mul = mul %x, %y : f32[3,5000]
  %exp = exp %mul : f32[3,5000]
  %sum = reduce.sum %exp axes=[1] : f32[3,1]
  return %sum
}
)";

Json try_kernel() {
  try {
    const ir::Func f = ir::parse_verified(kProgram, "<doctor>");
    std::vector<ir::Array> args;
    for (ir::ValueId p : f.body.args) args.push_back(random_array(f.type(p), args.size()));
    lower::CompileOptions options;
    options.target = lower::host_target(rt::default_threads());
    const Outcome expected = run_interpreter(f, args);
    const Outcome got = run_compiled(f, args, options, 20);
    const bool same = ir::same_bits(expected.results[0], got.results[0]);
    Json j{{"ok", same}, {"compile_ms", got.compile_ms}, {"call_us", median(got.call_us)}};
    if (!same) j["error"] = "the compiled kernel and the interpreter give different bits";
    return j;
  } catch (const std::exception& e) {
    return Json{{"ok", false}, {"error", e.what()}};
  }
}

Json environment() {
  Json set = Json::array();
  for (const EnvVariable& v : env_table()) {
    const char* value = std::getenv(v.name);
    set.push_back(Json{{"name", v.name}, {"value", value ? Json(value) : Json(nullptr)}, {"form", v.form}, {"doc", v.doc}});
  }
  return set;
}

Json examine() {
  Json j;
  j["version"] = FRIT_VERSION;
  utsname system{};
  uname(&system);
  j["system"] = std::string(system.sysname) + " " + system.release + " " + system.machine;
  j["cpu"] = cpuinfo("model name");
  j["family"] = "family " + cpuinfo("cpu family") + " model " + cpuinfo("model");
  j["features"] = features();
  j["cores"] = rt::usable_cores();
  j["memory_bytes"] = rt::usable_memory();
  j["huge_pages"] = file_text("/sys/kernel/mm/transparent_hugepage/enabled");
  j["libraries"] = Json{{"compiler", __VERSION__}, {"llvm", FRIT_LLVM_VERSION}};
  j["environment"] = environment();
  try {
    env();
    j["isa"] = codegen::name(codegen::host_isa());
    j["threads"] = rt::default_threads();
    const lower::TargetSpec target = lower::host_target(rt::default_threads());
    j["caches"] = Json{{"l1", target.l1}, {"l2", target.l2}, {"l3", target.l3}};
    j["kernel"] = try_kernel();
    j["gpu"] = examine_gpus();
  } catch (const std::exception& e) {
    j["kernel"] = Json{{"ok", false}, {"error", e.what()}};
  }
  return j;
}

std::string text(const Json& j) {
  std::string out;
  auto line = [&](const char* key, const std::string& value) { out += printf_string("%-12s %s\n", key, value.c_str()); };
  line("frit", j["version"]);
  line("system", j["system"]);
  line("cpu", j["cpu"].get<std::string>() + ", " + j["family"].get<std::string>());
  std::string has, lacks;
  for (const auto& [name, there] : j["features"].items()) (there.get<bool>() ? has : lacks) += " " + name;
  line("features", has.substr(has.empty() ? 0 : 1) + (lacks.empty() ? "" : "; not:" + lacks));
  line("memory", printf_string("%.1f GiB for this process; transparent huge pages: ", j["memory_bytes"].get<double>() / (1 << 30)) +
                     j["huge_pages"].get<std::string>());
  line("cores", std::to_string(j["cores"].get<int>()) + " for this process");
  for (const auto& [name, version] : j["libraries"].items()) line(name.c_str(), version);
  if (j.contains("isa")) {
    line("isa", j["isa"]);
    line("threads", std::to_string(j["threads"].get<int>()));
    line("caches", printf_string("L1 %lld KiB, L2 %lld KiB, L3 %lld KiB", j["caches"]["l1"].get<long long>() >> 10,
                                 j["caches"]["l2"].get<long long>() >> 10, j["caches"]["l3"].get<long long>() >> 10));
  }
  if (j.contains("gpu")) out += gpu_text(j["gpu"]);
  out += "\n";
  std::vector<std::vector<std::string>> rows;
  for (const Json& v : j["environment"])
    rows.push_back({v["name"], v["value"].is_null() ? "-" : v["value"].get<std::string>(), v["form"], v["doc"]});
  out += table({"variable", "value", "form", "what it does"}, "llll", rows) + "\n";
  const Json& k = j["kernel"];
  if (k["ok"].get<bool>())
    out += printf_string("kernel: compiled in %.1f ms, runs in %.1f us, bits as the interpreter's\n", k["compile_ms"].get<double>(), k["call_us"].get<double>());
  else
    out += "kernel: FAILED\n" + k["error"].get<std::string>() + "\n";
  return out;
}

int run(bool as_json) {
  const Json j = examine();
  print(as_json ? j.dump(2) + "\n" : text(j));
  return j["kernel"]["ok"].get<bool>() && (!j.contains("gpu") || gpus_work(j["gpu"])) ? kOk : kUserError;
}

}  // namespace

CLI::App* add_doctor(CLI::App& app, Action& action) {
  CLI::App* c = app.add_subcommand("doctor", "What Frit finds on this machine, and whether it works here");
  auto as_json = std::make_shared<bool>(false), bug = std::make_shared<bool>(false);
  c->add_flag("--json", *as_json, "as JSON");
  c->add_flag("--bug", *bug, "fail as a bug of ours would, to see its report")->group("");  // hidden; tests
  c->final_callback([=, &action] {
    action = [=] {
      if (*bug) ir::internal_error("asked for");
      return run(*as_json);
    };
  });
  return c;
}

}  // namespace frit::tools
