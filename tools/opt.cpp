// `frit opt FILE.ir`: a program after the passes, or as kernels, LLVM IR, assembly, CUDA C++ or PTX.
#include "tools/cli.h"
#include "tools/diff.h"
#include "tools/program.h"

#include <algorithm>

#include "codegen/cuda.h"
#include "codegen/kernel.h"
#include "ir/text.h"

namespace frit::tools {
namespace {

struct Options {
  std::string file;
  std::string passes;
  std::string to = "fused";
  std::vector<std::string> dims;
  bool selected = false;  // --passes was given
  bool after_each = false;
  bool eager = false;
  bool places = false;
  TargetOptions target;
};

// Leaves out every pass that --passes does not name, but for those that change the level: --to asks
// for these.
std::vector<std::string> left_out(const std::string& passes) {
  const std::vector<std::string> wanted = split_list(passes);
  std::vector<std::string> names, out;
  for (const lower::PassInfo& p : lower::pass_table()) names.emplace_back(p.name);
  for (const std::string& w : wanted)
    if (std::find(names.begin(), names.end(), w) == names.end())
      throw UsageError("there is no pass '" + w + "'", did_you_mean(w, names, "`frit passes` lists them"));
  for (const lower::PassInfo& p : lower::pass_table())
    if (std::find(wanted.begin(), wanted.end(), p.name) == wanted.end() &&
        std::string_view(p.levels).find("->") == std::string_view::npos)
      out.emplace_back(p.name);
  return out;
}

// What comes before the kernel in a listing of CUDA C++ is the same for all: it is left out.
std::string without_prelude(std::string text) {
  if (text.starts_with(codegen::cuda_prelude())) text.erase(0, codegen::cuda_prelude().size() + 1);
  return text;
}

std::string kernel_text(const ir::Func& kernel, const std::string& to, const lower::TargetSpec& target, bool wide, const ir::PrintOptions& options) {
  if (to == "cuda") return without_prelude(codegen::cuda_source(kernel, *target.gpu, wide).text);
  if (to == "ptx") return codegen::ptx(kernel, *target.gpu, wide);
  if (to == "llvm") return codegen::llvm_ir(kernel, target.isa);
  if (to == "asm") return codegen::assembly(kernel, target.isa);
  return ir::print(kernel, options);
}

std::string separated(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& t : texts) out += (out.empty() ? "" : "\n") + t;
  return out;
}

int run(const Options& o) {
  expect_choice("a form of a program", o.to, {"tensor", "fused", "kernel", "llvm", "asm", "cuda", "ptx"});
  lower::CompileOptions options = o.target.compile_options();
  if (o.selected)
    for (std::string& name : left_out(o.passes)) options.disabled.push_back(std::move(name));
  if (o.eager) options.fuse = options.specialise = false;
  Source source = read_program(o.file);
  o.target.apply_numerics(source.func);
  bind_symbols(source.func, parse_dims(o.dims));
  const ir::PrintOptions printing{.places = o.places};
  const bool gpu = o.to == "cuda" || o.to == "ptx";
  const bool machine = o.to == "kernel" || o.to == "llvm" || o.to == "asm" || gpu;
  if (gpu && !options.target.gpu) throw UsageError("--to=" + o.to + " is for a GPU", "name one: --gpu=H200");
  if (options.target.gpu && (o.to == "llvm" || o.to == "asm")) throw UsageError("--to=" + o.to + " is for CPUs, --gpu is not", "--to=cuda or ptx");
  if (options.target.gpu) options.emit = false;  // kernels are printed, not run

  if (source.func.level == ir::Level::kernel) {
    if (!machine) throw UsageError("a kernel cannot go back to the " + o.to + " level", "--to=kernel, llvm, asm, cuda or ptx");
    print(kernel_text(source.func, o.to, options.target, false, printing));
    return kOk;
  }
  if (source.func.level == ir::Level::fused && o.to == "tensor")
    throw UsageError("a fused program cannot go back to the tensor level", "--to=fused, kernel, llvm, asm, cuda or ptx");

  std::vector<lower::Snapshot> snapshots;
  std::vector<std::string> texts;
  if (machine) {
    const auto program = lower::compile(source.func, options, &snapshots);
    for (size_t k = 0; k < program->kernels.size(); ++k) {
      if (program->plan.launches[k].gemm) texts.push_back(lower::library_text(program->reports[k]));
      else texts.push_back(kernel_text(program->kernels[k], o.to, options.target, program->reports[k].wide, printing));
    }
  } else {
    const ir::Func out = lower::run_passes(source.func, options, o.to == "tensor" ? ir::Level::tensor : ir::Level::fused, &snapshots);
    texts.push_back(ir::print(out, printing));
  }
  if (!o.after_each) {
    print(separated(texts));
    return kOk;
  }
  std::string before = ir::print(source.func, printing);
  print(before);
  for (const lower::Snapshot& s : snapshots) {
    const std::string after = ir::print(s.func, printing);
    const std::string changes = diff(before, after);
    if (changes.empty()) continue;  // it changed places only, or nothing
    print("\n--- after " + s.pass + "\n" + changes);
    before = after;
  }
  if (machine) print("\n--- " + o.to + "\n" + separated(texts));
  return kOk;
}

}  // namespace

CLI::App* add_opt(CLI::App& app, Action& action) {
  CLI::App* c = app.add_subcommand("opt", "Run the passes over a program and print what comes out");
  auto o = std::make_shared<Options>();
  c->add_option("FILE", o->file, "an .ir file, a folder of FRIT_DUMP, or - for standard input")->required();
  c->add_option_function<std::string>(
      "--passes", [o](const std::string& names) { o->passes = names, o->selected = true; },
      "run these passes only (--passes= none), and those that --to needs")
      ->expected(0, 1);
  c->add_option("--to", o->to, "tensor, fused, kernel; llvm or asm; cuda or ptx with --gpu")->capture_default_str();
  c->add_option("--dim", o->dims, "n=128: the value of a symbolic extent");
  c->add_flag("--after-each", o->after_each, "print what each pass changed");
  c->add_flag("--eager", o->eager, "every op its own kernel, for every shape");
  c->add_flag("--places", o->places, "print the places of ops");
  o->target.add_to(*c);
  c->final_callback([=, &action] { action = [=] { return run(*o); }; });
  return c;
}

}  // namespace frit::tools
