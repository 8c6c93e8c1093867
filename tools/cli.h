// What the subcommands of `frit` share: exit codes, errors of usage, near matches, reading programs.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "frit/error.h"
#include "ir/func.h"
#include "lowering/compile.h"

namespace frit::tools {

using Json = nlohmann::ordered_json;

// Exit codes of every subcommand.
inline constexpr int kOk = 0;
inline constexpr int kUserError = 1;  // bad input, differing bits, slower than a baseline
inline constexpr int kUsage = 2;      // a command line that means nothing
inline constexpr int kBug = 3;        // ours

// A command line that means nothing; main() reports it like an Error and exits with kUsage.
class UsageError : public Error {
 public:
  explicit UsageError(std::string message, std::string help = {}) : Error("frit", std::move(message), {}, {}, std::move(help)) {}
};

// The action that the parsed command line asks for; set by the subcommand's callback.
using Action = std::function<int()>;

// Each adds its subcommand with its options to the application (one file each).
CLI::App* add_opt(CLI::App& app, Action& action);
CLI::App* add_run(CLI::App& app, Action& action);
CLI::App* add_explain(CLI::App& app, Action& action);
CLI::App* add_ops(CLI::App& app, Action& action);
CLI::App* add_passes(CLI::App& app, Action& action);
CLI::App* add_rules(CLI::App& app, Action& action);
CLI::App* add_doctor(CLI::App& app, Action& action);
CLI::App* add_bench(CLI::App& app, Action& action);
CLI::App* add_gpu_report(CLI::App& app, Action& action);

// The candidate nearest to `word` by edits, or "" if none is near enough to be meant.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
// "did you mean 'x'?", or `otherwise`.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates, std::string otherwise = {});

// "a,b,,c" -> {"a", "b", "c"}.
std::vector<std::string> split_list(std::string_view text);
// Throws UsageError for a name that is none of the choices ("an instruction set", ...).
void expect_choice(std::string_view what, const std::string& name, const std::vector<std::string>& choices);

// Throws UsageError for what is neither "strict" nor "fast".
Numerics numerics_named(const std::string& name);
inline std::string name_of(Numerics n) { return n == Numerics::fast ? "fast" : "strict"; }

// Options of compiling that opt, run and explain share.
struct TargetOptions {
  std::string isa;                    // "": this CPU's best
  std::string gpu;                    // "": this CPU; else a card that codegen/gpu_spec.cpp knows
  std::string dot = "library";        // on a GPU, floating dots: library or own
  int threads = 0;                    // 0: the default
  std::vector<std::string> disabled;  // names of passes and rules
  std::string numerics;               // "": what the program says; "strict", "fast"

  void add_to(CLI::App& command);
  void apply_numerics(ir::Func& f) const;
  lower::CompileOptions compile_options() const;  // FRIT_DISABLE and FRIT_FUEL included
};

// A table for people: cells padded to columns, two spaces apart; numbers (columns marked 'r') right.
std::string table(const std::vector<std::string>& header, std::string_view alignment,
                  const std::vector<std::vector<std::string>>& rows);

void print(std::string_view text);       // to stdout
std::string printf_string(const char* format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace frit::tools
