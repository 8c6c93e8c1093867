// `frit bench`: the command line of the bench (bench/ holds cases, probes, measuring and reports).
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "bench/cases.h"
#include "bench/compile_cost.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "codegen/kernel.h"
#include "frit/config.h"
#include "frontend/device.h"
#include "tools/cli.h"

namespace frit::tools {
namespace {

struct Options {
  std::vector<std::string> cases;
  std::string json, baseline, isa, device = "cpu", gpu, numerics = "strict";
  bool list = false, turns = false, compile = false;
  int threads = 0, rounds = 7;
  int64_t scale = 1;
};

std::vector<const bench::Case*> chosen(const Options& o) {
  std::vector<const bench::Case*> all, out;
  for (const bench::Case& c : bench::cases()) all.push_back(&c);
  if (o.device != "cpu" || o.compile)
    for (const bench::Case& c : bench::gpu_cases()) all.push_back(&c);
  std::vector<std::string> names;
  for (const bench::Case* c : all) names.push_back(c->name);
  for (const std::string& name : o.cases)
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw UsageError("there is no case '" + name + "'", did_you_mean(name, names, "`frit bench --list` lists them"));
  for (const bench::Case* c : all)
    if (o.cases.empty() || std::find(o.cases.begin(), o.cases.end(), c->name) != o.cases.end()) out.push_back(c);
  return out;
}

// What --numerics says of a case: one, or strict and fast.
std::vector<Numerics> numerics_of(const std::string& option, const bench::Case& c) {
  const Numerics compared = bench::compared_numerics(c);
  if (option == "compared") return {compared};
  if (option == "both") return compared == Numerics::fast ? std::vector{Numerics::strict, Numerics::fast} : std::vector{Numerics::strict};
  return {numerics_named(option)};
}

int list(const std::vector<const bench::Case*>& cases, bool as_json) {
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const bench::Case* c : cases) {
    all.push_back(Json{{"name", c->name},
                       {"shape", c->shape.vec()},
                       {"dtype", name(c->dtype)},
                       {"kind", bench::name(c->kind)},
                       {"reads", c->traffic.reads},
                       {"writes", c->traffic.writes},
                       {"in_place", c->traffic.in_place},
                       {"family", bench::name(c->family)},
                       {"compared_numerics", name_of(bench::compared_numerics(*c))},
                       {"what", c->what}});
    if (c->tensors) {
      Json shapes = Json::array();
      for (const Shape& s : c->tensors(c->shape.count())) shapes.push_back(s.vec());
      all.back()["tensors"] = std::move(shapes);
    }
    rows.push_back({c->name, std::string(name(c->dtype)) + c->shape.str(), c->what});
  }
  print(as_json ? all.dump(2) + "\n" : table({"case", "arrays", "what"}, "lll", rows));
  return kOk;
}

Json read_baseline(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw Error("frit bench", "cannot read the baseline " + file);
  try {
    Json j = Json::parse(in);
    for (const Json& c : j.at("cases"))
      for (const char* key : {"name", "shape", "dtype", "threads", "isa", "fused_us", "of_limit", "hash"}) c.at(key);
    return j;
  } catch (const Json::exception& e) {
    throw Error("frit bench", file + " is not a JSON file of `frit bench`: " + e.what());
  }
}

bool is_gpu_name(const std::string& name) {
  return name == "gpu" || (name.starts_with("gpu:") && name.size() > 4 && name.size() < 8 && name.find_first_not_of("0123456789", 4) == std::string::npos);
}
Device gpu_named(const std::string& name) { return gpu(name == "gpu" ? 0 : std::stoi(name.substr(4)), {}); }

// A line that the next one overwrites on a terminal; whole lines elsewhere.
void progress(const std::string& text) {
  static const bool terminal = isatty(2);
  std::fprintf(stderr, terminal ? "\r\033[K%s" : "%s\n", text.c_str());
  std::fflush(stderr);
}

// The next line of standard input, whatever it says.
void take_turn() {
  std::string line;
  if (!std::getline(std::cin, line)) throw Error("frit bench", "standard input ended while --turns waited for a line");
}

void write_json(const std::string& file, const Json& j) {
  const std::string text = j.dump(2) + "\n";
  if (file == "-") return print(text);
  std::ofstream out(file);
  if (!(out << text).flush()) throw Error("frit bench", "cannot write " + file);
}

// The card that kernels are compiled for: one by name, or the device's.
codegen::GpuSpec card_of(const Options& o) {
  if (o.gpu.empty() && o.device != "cpu") return gpu_spec(gpu_named(o.device));
  std::vector<std::string> names;
  for (const codegen::GpuSpec& g : codegen::known_gpus()) names.push_back(g.name);
  const std::string name = o.gpu.empty() ? "H200" : o.gpu;
  expect_choice("a GPU", name, names);
  return *codegen::find_gpu(name);
}

int run_compile(const Options& o, const std::vector<const bench::Case*>& cases) {
  const codegen::GpuSpec gpu = card_of(o);
  std::vector<bench::CompileCost> costs;
  for (const bench::Case* c : cases) {
    progress(c->name + ": compiling for " + gpu.name);
    costs.push_back(bench::compile_cost(*c, gpu, o.rounds));
  }
  progress("");
  if (!o.json.empty()) write_json(o.json, bench::to_json(costs, gpu));
  if (o.json != "-") print(bench::to_table(costs));
  return kOk;
}

int run(const Options& o) {
  if (o.device != "cpu" && !is_gpu_name(o.device)) throw UsageError("there is no device '" + o.device + "'", "cpu, gpu or gpu:N");
  if (o.device != "cpu" && !o.isa.empty()) throw UsageError("--isa is for the CPU");
  const std::vector<const bench::Case*> cases = chosen(o);
  if (o.list) return list(cases, !o.json.empty());
  if (o.threads < 0) throw UsageError("--threads must be at least 1");
  if (o.turns && o.json == "-") throw UsageError("--turns writes to standard output: --json needs a file");
  if (o.rounds < 1) throw UsageError("--rounds must be at least 1");
  if (o.scale < 1) throw UsageError("--scale must be at least 1");
  expect_choice("a kind of numerics", o.numerics, {"strict", "fast", "both", "compared"});
  if (!o.json.empty() && o.json != "-" && !std::ofstream(o.json, std::ios::app)) throw Error("frit bench", "cannot write " + o.json);  // before the work
  if (o.compile) return run_compile(o, cases);
  if (!o.gpu.empty()) throw UsageError("--gpu is for --compile");
  Json baseline;
  if (!o.baseline.empty()) baseline = read_baseline(o.baseline);
  if (!o.isa.empty()) {
    expect_choice("an instruction set", o.isa, {"avx2", "avx512"});
    codegen::set_isa(o.isa == "avx2" ? codegen::Isa::avx2 : codegen::Isa::avx512);
  }
  bench::Settings settings;
  settings.threads = o.threads > 0 ? o.threads : threads();
  settings.rounds = o.rounds;
  settings.scale = o.scale;
  settings.progress = progress;
  if (o.device != "cpu") settings.device = gpu_named(o.device);

  if (o.turns) {
    settings.wait = take_turn;
    settings.done = [&settings](const bench::Case& c, const std::string& step, const std::array<double, 3>& us) {
      print(Json{{"case", c.name}, {"numerics", name_of(settings.numerics)}, {"step", step}, {"limit_us", us[0]}, {"eager_us", us[1]}, {"fused_us", us[2]}}.dump() + "\n");
      std::fflush(stdout);
    };
  }

  const with_threads scope(settings.threads);
  std::vector<bench::CaseResult> results;
  for (const bench::Case* c : cases)
    for (const Numerics n : numerics_of(o.numerics, *c)) {
      settings.numerics = n;
      if (n == Numerics::fast) settings.progress = [](const std::string& text) { progress("fast " + text); };
      else settings.progress = progress;
      results.push_back(bench::measure(*c, settings));
      trim_memory();
      if (settings.device.is_gpu()) trim_memory(settings.device);
    }
  progress("");

  if (!o.json.empty()) write_json(o.json, bench::to_json(results, settings.device));
  if (o.json != "-" && !o.turns) print(bench::to_table(results));

  int code = kOk;
  for (const bench::CaseResult& r : results)
    if (!r.same_bits && r.numerics == Numerics::strict) {
      std::fprintf(stderr, "%s: eager and fused give different bits\n", r.name.c_str());
      code = kUserError;
    }
  if (!o.baseline.empty())
    for (const std::string& line : bench::worse_than(baseline, results)) {
      std::fprintf(stderr, "%s\n", line.c_str());
      code = kUserError;
    }
  return code;
}

}  // namespace

CLI::App* add_bench(CLI::App& app, Action& action) {
  CLI::App* c = app.add_subcommand("bench", "Eager and fused against the limit of the machine (docs/bench.md)");
  auto o = std::make_shared<Options>();
  c->add_option("CASE", o->cases, "cases to run (default: all)");
  c->add_flag("--list", o->list, "list the cases");
  c->add_option("--json", o->json, "write the results as JSON to a file, - for standard output; with --list: list as JSON")
      ->expected(0, 1)
      ->default_str("-");
  c->add_option("--threads", o->threads, "threads of every call (default: the cores of this process)");
  c->add_option("--device", o->device, "cpu (default), gpu or gpu:N");
  c->add_option("--isa", o->isa, "instruction set: avx2 or avx512 (default: the best of this CPU)");
  c->add_option("--baseline", o->baseline, "an older JSON: exit 1 where a case is slower by a tenth, or has other bits");
  c->add_option("--numerics", o->numerics, "of what is jitted: strict (default); fast, whose bits may differ from eager's; both: fast too where --list --json says fast; "
                                            "compared: what --list --json says");
  c->add_option("--rounds", o->rounds, "rounds of eager, fused and probe (default: 7)");
  c->add_flag("--compile", o->compile, "what compiling for a GPU takes beside NVRTC alone; no GPU is needed");
  c->add_option("--gpu", o->gpu, "with --compile: the card to compile for (default: the device's, or an H200)");
  c->add_flag("--turns", o->turns, "wait for a line of input before each step of a case, and print a line of JSON after it (scripts/gpu_torch.py)");
  c->add_option("--scale", o->scale, "divide the sizes of the arrays (tests)");
  c->final_callback([=, &action] { action = [=] { return run(*o); }; });
  return c;
}

}  // namespace frit::tools
