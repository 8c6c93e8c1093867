// `frit explain FILE`: which kernels a program becomes, why, and what was not fused for which reason.
#include "ir/text.h"
#include "tools/cli.h"
#include "tools/program.h"

namespace frit::tools {
namespace {

struct Options {
  std::string file;
  std::vector<std::string> dims;
  bool json = false;
  TargetOptions target;
};

Json json(const lower::Program& p) {
  Json kernels = Json::array(), decisions = Json::array();
  for (const lower::KernelReport& k : p.reports)
    kernels.push_back(Json{{"name", k.name}, {"schedule", k.schedule}, {"why", k.why}, {"segments", k.segments}, {"work", k.work},
                           {"bytes_read", k.bytes_read}, {"bytes_written", k.bytes_written}, {"flops", k.flops},
                           {"scratch_bytes", k.scratch_bytes}, {"compile_ms", k.compile_ms}, {"cached", k.cached}});
  for (const lower::Decision& d : p.decisions)
    decisions.push_back(Json{{"fused", d.taken}, {"producer", d.producer}, {"consumer", d.consumer}, {"reason", d.reason}, {"bytes", d.bytes}});
  return Json{{"name", p.plan.name}, {"numerics", name_of(p.tensor.numerics)}, {"launches", p.plan.launches.size()}, {"arena_bytes", p.plan.arena_bytes},
              {"lower_ms", p.lower_ms}, {"compile_ms", p.compile_ms}, {"kernels", kernels}, {"decisions", decisions}};
}

std::string text(const lower::Program& p) {
  std::string out = printf_string("@%s: %s%zu launch%s, temporaries of %lld bytes, passes %.2f ms, code %.2f ms\n\n", p.plan.name.c_str(), p.tensor.numerics == Numerics::fast ? "fast numerics, " : "",
                                  p.plan.launches.size(), p.plan.launches.size() == 1 ? "" : "es", static_cast<long long>(p.plan.arena_bytes), p.lower_ms, p.compile_ms);
  std::vector<std::vector<std::string>> rows;
  for (const lower::KernelReport& k : p.reports)
    rows.push_back({k.name, k.schedule, std::to_string(k.work), std::to_string(k.bytes_read), std::to_string(k.bytes_written),
                    std::to_string(k.flops), k.cached ? "cached" : printf_string("%.2f", k.compile_ms), k.why});
  out += table({"kernel", "schedule", "items", "bytes read", "written", "flops", "compile ms", "why"}, "llrrrrrl", rows);
  if (!p.decisions.empty()) {
    rows.clear();
    for (const lower::Decision& d : p.decisions)
      rows.push_back({d.taken ? "fused" : "kept apart", "%" + d.producer, "%" + d.consumer, std::to_string(d.bytes), d.reason});
    out += "\n" + table({"decision", "producer", "consumer", "bytes", "reason"}, "lllrl", rows);
  }
  return out + "\n" + ir::print(p.fused, {.places = false});
}

int run(const Options& o) {
  const lower::CompileOptions options = o.target.compile_options();
  Source source = read_program(o.file);
  o.target.apply_numerics(source.func);
  if (source.func.level == ir::Level::kernel)
    throw Error("frit explain", "a kernel has no decisions left to explain", {}, {}, "give the tensor program that it was made from");
  bind_symbols(source.func, parse_dims(o.dims));
  const auto program = lower::compile(source.func, options);
  print(o.json ? json(*program).dump(2) + "\n" : text(*program));
  return kOk;
}

}  // namespace

CLI::App* add_explain(CLI::App& app, Action& action) {
  CLI::App* c = app.add_subcommand("explain", "Which kernels a program becomes, and why");
  auto o = std::make_shared<Options>();
  c->add_option("FILE", o->file, "an .ir file, a folder of FRIT_DUMP, or - for standard input")->required();
  c->add_option("--dim", o->dims, "n=128: the value of a symbolic extent");
  c->add_flag("--json", o->json, "as JSON");
  o->target.add_to(*c);
  c->final_callback([=, &action] { action = [=] { return run(*o); }; });
  return c;
}

}  // namespace frit::tools
