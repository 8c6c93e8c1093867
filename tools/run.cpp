// `frit run FILE.ir`: runs a program on arrays from files, or drawn from a seed; compares the engines.
#include <algorithm>
#include <iostream>

#include "bench/hash.h"
#include "frit/config.h"
#include "frontend/executable.h"
#include "ir/text.h"
#include "runtime/threads.h"
#include "tools/cli.h"
#include "tools/engines.h"
#include "tools/program.h"

namespace frit::tools {
namespace {

struct Options {
  std::string file;
  std::vector<std::string> args, dims;
  std::string out, engine = "llvm";
  bool eager = false, compare = false, time = false, json = false;
  uint64_t seed = 0;
  TargetOptions target;
};

constexpr int kTimedCalls = 20;

// Parameter -> file, from the folder of a dump and from --arg NAME=FILE.npy.
std::map<std::string, std::string> files_of(const Options& o, const Source& source) {
  std::map<std::string, std::string> files = source.args;
  std::vector<std::string> names;
  for (ir::ValueId p : source.func.body.args) names.push_back(source.func.value(p).name);
  for (const std::string& a : o.args) {
    const size_t equals = a.find('=');
    if (equals == std::string::npos || equals == 0) throw UsageError("--arg takes NAME=FILE.npy, not '" + a + "'");
    const std::string name = a.substr(a[0] == '%', equals - (a[0] == '%'));
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      std::string all;
      for (const std::string& n : names) all += (all.empty() ? "" : ", ") + n;
      throw UsageError("the program has no parameter '" + name + "'",
                       did_you_mean(name, names, all.empty() ? "it has none" : "its parameters are " + all));
    }
    files[name] = a.substr(equals + 1);
  }
  return files;
}

// The arguments in the order of the parameters; symbols of extents are bound by --dim and by the files.
std::vector<ir::Array> arguments(const Options& o, Source& source) {
  std::map<std::string, int64_t> extents = parse_dims(o.dims);
  std::map<std::string, ir::Array> given;
  for (const auto& [name, file] : files_of(o, source)) {
    for (ir::ValueId p : source.func.body.args)
      if (source.func.value(p).name == name) given[name] = read_array(file);
  }
  for (ir::ValueId p : source.func.body.args) {
    const ir::Value& v = source.func.value(p);
    const auto found = given.find(v.name);
    if (found == given.end() || found->second.shape.rank() != v.type.rank()) continue;
    for (int k = 0; k < v.type.rank(); ++k)
      if (const ir::Dim d = v.type.dims[static_cast<size_t>(k)]; !d.is_constant())
        extents.emplace(d.str(), found->second.shape[k]);
  }
  bind_symbols(source.func, extents);

  std::vector<ir::Array> args;
  for (ir::ValueId p : source.func.body.args) {
    const ir::Value& v = source.func.value(p);
    const auto found = given.find(v.name);
    if (found == given.end()) {
      args.push_back(random_array(v.type, o.seed + args.size()));
      continue;
    }
    const ir::Array& a = found->second;
    if (a.dtype != v.type.dtype || !(a.shape == v.type.shape()))
      throw Error("frit run", "%" + v.name + " is " + v.type.str() + ", its file holds " + std::string(name(a.dtype)) + a.shape.str());
    args.push_back(a);
  }
  return args;
}

std::string hash_of(const std::vector<ir::Array>& arrays) {
  std::vector<bench::View> views;
  for (const ir::Array& a : arrays) views.push_back({a.dtype, a.shape, a.data.data()});
  return bench::hash(views);
}

bool same(const std::vector<ir::Array>& a, const std::vector<ir::Array>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!ir::same_bits(a[i], b[i])) return false;
  return true;
}

Json json(const std::string& engine, const Outcome& r) {
  Json j{{"engine", engine}, {"hash", hash_of(r.results)}};
  if (engine != "interp") j["kernels"] = r.counters.launches;
  if (engine != "interp") j["bytes"] = r.counters.bytes_read + r.counters.bytes_written;
  if (engine != "interp") j["compile_ms"] = r.compile_ms;
  if (!r.call_us.empty()) j["call_us"] = median(r.call_us);
  return j;
}

std::vector<std::string> row(const std::string& engine, const Outcome& r) {
  const bool compiled = engine != "interp";
  return {engine, compiled ? std::to_string(r.counters.launches) : "",
          compiled ? std::to_string(r.counters.bytes_read + r.counters.bytes_written) : "",
          compiled ? printf_string("%.2f", r.compile_ms) : "",
          r.call_us.empty() ? "" : printf_string("%.1f", median(r.call_us)), hash_of(r.results)};
}

// All three engines on the same arguments; the interpreter is what the others are held against.
int compare(const Options& o, const ir::Func& f, const std::vector<ir::Array>& args, lower::CompileOptions options) {
  const int calls = o.time ? kTimedCalls : 0;
  std::vector<std::pair<std::string, Outcome>> runs;
  runs.emplace_back("interp", run_interpreter(f, args));
  options.fuse = options.specialise = false;
  runs.emplace_back("eager", run_compiled(f, args, options, calls));
  options.fuse = options.specialise = true;
  runs.emplace_back("fused", run_compiled(f, args, options, calls));

  std::string differs;
  Json engines = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& [engine, r] : runs) {
    if (!same(r.results, runs[0].second.results)) differs += (differs.empty() ? "" : ", ") + engine;
    engines.push_back(json(engine, r));
    rows.push_back(row(engine, r));
  }
  if (o.json) {
    print(Json{{"same_bits", differs.empty()}, {"engines", engines}}.dump(2) + "\n");
  } else {
    print(table({"engine", "kernels", "bytes", "compile ms", "call us", "hash"}, "lrrrrl", rows));
    print(differs.empty() ? "same bits: yes\n" : f.numerics == Numerics::fast ? "same bits: no, under fast numerics: " + differs + "\n" : "same bits: NO, against the interpreter: " + differs + "\n");
  }
  return differs.empty() || f.numerics == Numerics::fast ? kOk : kUserError;  // fast numerics promise no bits
}

int run(const Options& o) {
  expect_choice("an engine", o.engine, {"interp", "llvm", "cuda"});
  if (!o.target.gpu.empty())
    throw UsageError("--gpu names a card to print kernels for, and `frit run` prints none", "--engine=cuda runs on the GPU of this machine; `frit opt --gpu` prints");
  if (o.eager && o.engine == "interp") throw UsageError("--eager runs compiled kernels, --engine=interp none", "give one of the two");
  lower::CompileOptions options = o.target.compile_options();
  if (o.engine == "cuda") {
    const with_dot scope(o.target.dot == "own" ? Dot::own : Dot::library);
    const lower::CompileOptions there = compile_options(For::jit, gpu(0, {}));
    options.target = there.target;
    options.has_algorithm = there.has_algorithm;
    options.no_library = there.no_library;
  }
  Source source = read_program(o.file);
  o.target.apply_numerics(source.func);
  if (source.func.level == ir::Level::kernel)
    throw Error("frit run", "a kernel has no arguments of its own to run on", {}, {}, "run the tensor or fused program that it was made from");
  const std::vector<ir::Array> args = arguments(o, source);
  const ir::Func& f = source.func;
  if (o.compare) return compare(o, f, args, options);

  const int calls = o.time ? kTimedCalls : 0;
  options.fuse = options.specialise = !o.eager;
  const std::string engine = o.engine == "interp" ? "interp" : o.eager ? "eager" : "fused";
  const Outcome r = engine == "interp" ? run_interpreter(f, args, calls) : run_compiled(f, args, options, calls);

  Json results = Json::array();
  for (size_t i = 0; i < r.results.size(); ++i) {
    const ir::Array& a = r.results[i];
    const std::string type = std::string(name(a.dtype)) + a.shape.str();
    Json j{{"dtype", name(a.dtype)}, {"shape", a.shape.vec()}, {"hash", hash_of({a})}};
    if (!o.out.empty()) {
      const std::string file = o.out + "." + std::to_string(i) + ".npy";
      write_array(a, file);
      j["file"] = file;
      if (!o.json) print(type + " -> " + file + "\n");
    } else if (!o.json) {
      print(type + " " + hash_of({a}) + "\n" + values_text(a) + "\n");
    }
    results.push_back(std::move(j));
  }
  if (o.json) {
    Json j = json(engine, r);
    j["results"] = results;
    print(j.dump(2) + "\n");
  } else if (o.time) {
    print(table({"engine", "kernels", "bytes", "compile ms", "call us", "hash"}, "lrrrrl", {row(engine, r)}));
  }
  return kOk;
}

}  // namespace

CLI::App* add_run(CLI::App& app, Action& action) {
  CLI::App* c = app.add_subcommand("run", "Run a program");
  auto o = std::make_shared<Options>();
  c->add_option("FILE", o->file, "an .ir file, a folder of FRIT_DUMP, or - for standard input")->required();
  c->add_option("--arg", o->args, "x=X.npy: the value of parameter x; others are drawn from the seed");
  c->add_option("--dim", o->dims, "n=128: the value of a symbolic extent");
  c->add_option("--out", o->out, "write the results to PREFIX.0.npy, PREFIX.1.npy, ...");
  c->add_option("--engine", o->engine, "interp, llvm, or cuda: on the GPU of this machine")->capture_default_str();
  c->add_flag("--eager", o->eager, "every op its own kernel");
  c->add_flag("--compare", o->compare, "interpreter, eager and fused: same bits?");
  c->add_option("--seed", o->seed, "of the drawn arguments")->capture_default_str();
  c->add_flag("--time", o->time, "time warm calls");
  c->add_flag("--json", o->json, "as JSON");
  o->target.add_to(*c);
  c->final_callback([=, &action] { action = [=] { return run(*o); }; });
  return c;
}

}  // namespace frit::tools
