// FRIT_DUMP=DIR[:fn=GLOB][:after=PASS]: a folder for each compiled function with everything that is
// needed to look at it and to run it again: IR after each pass, kernels, assembly, arguments, explanation.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "codegen/cuda.h"
#include "frontend/core.h"
#include "frit/npy.h"
#include "ir/text.h"
#include "support/env.h"
#include "support/log.h"

namespace frit::detail {
namespace fs = std::filesystem;

bool wants_dump(const Core& core) {
  const Env::Dump& d = env().dump;
  return !d.dir.empty() && glob_match(d.fn, core.options.name);
}

namespace {

void write(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out) throw Error("FRIT_DUMP", path.string() + ": the file cannot be written");
}

// The first of NAME-1, NAME-2, ... that does not exist yet, made.
fs::path make_folder(const std::string& dir, const std::string& name) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) throw Error("FRIT_DUMP", dir + ": the folder cannot be made: " + error.message());
  for (int i = 1;; ++i) {
    fs::path folder = fs::path(dir) / (name + "-" + std::to_string(i));
    if (fs::create_directory(folder, error)) return folder;
    if (error) throw Error("FRIT_DUMP", folder.string() + ": the folder cannot be made: " + error.message());
  }
}

// A name as a part of a file's, which may have 255 bytes in all.
std::string file_name(const std::string& name) { return ir_name(name).substr(0, 100); }

std::string numbered(int i, const std::string& name, const char* ending) {
  char buf[16];
  std::snprintf(buf, sizeof buf, "%02d-", i);
  return buf + file_name(name) + ending;
}

}  // namespace

void dump_entry(const Core& core, const Entry& e, Call& call, const std::vector<lower::Snapshot>& snapshots) {
  const std::string& after = env().dump.after;
  const auto& passes = lower::pass_table();
  if (!after.empty() && std::none_of(passes.begin(), passes.end(), [&](const lower::PassInfo& p) { return after == p.name; }))
    throw Error("environment", "FRIT_DUMP: no pass is named '" + after + "'", {}, {}, "`frit passes` lists them");
  const fs::path folder = make_folder(env().dump.dir, file_name(core.options.name));
  write(folder / "program.ir", ir::print(e.exe.func));
  int i = 0;
  write(folder / numbered(i++, "traced", ".ir"), ir::print(e.exe.func));
  for (const lower::Snapshot& s : snapshots) {
    if (!env().dump.after.empty() && env().dump.after != s.pass) continue;
    write(folder / numbered(i++, s.pass, ".ir"), ir::print(s.func));
  }
  if (e.exe.program) {
    const codegen::Isa isa = codegen::host_isa();
    for (size_t k = 0; k < e.exe.program->kernels.size(); ++k) {
      const ir::Func& kernel = e.exe.program->kernels[k];
      if (e.exe.program->plan.launches[k].gemm) continue;  // explain.txt says what it is
      const std::string stem = "kernel-" + std::to_string(k + 1) + "-" + file_name(kernel.name);
      write(folder / (stem + ".ir"), ir::print(kernel));
      if (e.exe.program->plan.gpu) {
        write(folder / (stem + ".cu"), codegen::cuda_prelude() + "\n" + e.exe.program->plan.launches[k].gpu->source);
        continue;
      }
      write(folder / (stem + ".ll"), codegen::llvm_ir(kernel, isa));
      write(folder / (stem + ".s"), codegen::assembly(kernel, isa));
    }
  }
  for (size_t a = 0; a < call.tensors.size(); ++a)
    if (impl(*call.tensors[a])->kind == TensorKind::value)
      save_npy((folder / (file_name(e.names.tensors[a]) + ".npy")).string(), *call.tensors[a]);
  for (size_t c = 0; c < e.captured.size(); ++c) {
    const std::string n = c == 0 ? "captured" : "captured." + std::to_string(c);
    save_npy((folder / (n + ".npy")).string(), e.captured[c].value);
  }
  if (e.exe.program) write(folder / "explain.txt", make_report(core, e).text);
  logging::info("FRIT_DUMP: ", core.options.name, " is in ", folder.string());
}

}  // namespace frit::detail
