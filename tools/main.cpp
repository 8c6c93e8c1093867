// The command `frit`: takes the command line apart, runs a subcommand, turns what it throws into a
// report on standard error and an exit code (tools/cli.h).
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>

#include "support/env.h"
#include "tools/cli.h"
#include "tools/program.h"

namespace frit::tools {
namespace {

std::string quoted(const std::string& word) {
  if (!word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%") == std::string::npos)
    return word;
  std::string out = "'";
  for (char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// The command that repeats this run: FRIT_ variables, then the words; a program that came by standard
// input is saved and named instead.
std::string repeat_command(int argc, char** argv) {
  std::string command, saved;
  for (const EnvVariable& v : env_table())
    if (const char* value = std::getenv(v.name)) command += std::string(v.name) + "=" + quoted(value) + " ";
  if (!standard_input().empty()) {
    saved = (std::filesystem::temp_directory_path() / ("frit-" + std::to_string(getpid()) + ".ir")).string();
    std::ofstream(saved) << standard_input();
  }
  for (int i = 0; i < argc; ++i)
    command += (i > 0 ? " " : "") + quoted(std::string(argv[i]) == "-" && !saved.empty() ? saved : argv[i]);
  return command;
}

void report(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

// Throws UsageError for words that neither the application nor its subcommand took.
void refuse_extras(const CLI::App& app) {
  std::vector<std::string> subcommands;
  for (const CLI::App* c : app.get_subcommands([](const CLI::App*) { return true; })) subcommands.push_back(c->get_name());
  const auto chosen = app.get_subcommands();
  const CLI::App& taker = chosen.empty() ? app : *chosen[0];
  const std::vector<std::string> extras = taker.remaining();
  if (extras.empty()) return;
  const std::string in = chosen.empty() ? "" : " of `frit " + taker.get_name() + "`";
  const std::string word = extras[0].substr(0, extras[0].find('='));
  if (word.starts_with("-")) {
    std::vector<std::string> options;
    for (const CLI::Option* o : taker.get_options())
      if (!o->get_lnames().empty()) options.push_back("--" + o->get_lnames()[0]);
    throw UsageError("there is no option " + word + in, did_you_mean(word, options, chosen.empty() ? "`frit --help`" : "`frit " + taker.get_name() + " --help` lists them"));
  }
  if (chosen.empty()) {
    std::string all;
    for (const std::string& s : subcommands) all += (all.empty() ? "" : ", ") + s;
    throw UsageError("there is no command '" + word + "'", did_you_mean(word, subcommands, "one of: " + all));
  }
  throw UsageError("'" + extras[0] + "' is one argument too many" + in);
}

int run(int argc, char** argv) {
  CLI::App app("Traces, fuses, compiles and runs array programs.", "frit");
  app.set_version_flag("--version", std::string("frit ") + FRIT_VERSION);
  app.require_subcommand(0, 1);
  app.allow_extras();
  Action action;
  for (auto add : {add_opt, add_run, add_explain, add_ops, add_passes, add_rules, add_doctor, add_bench, add_gpu_report})
    add(app, action)->allow_extras();
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wish) {  // --help, --version
    return app.exit(wish);
  } catch (const CLI::ParseError& e) {
    refuse_extras(app);
    throw UsageError(e.what(), "`frit --help` and `frit COMMAND --help` say how");
  }
  refuse_extras(app);
  if (!action) {
    report(app.help());
    return kUsage;
  }
  if (app.get_subcommands()[0]->get_name() != "doctor") env();  // a wrong variable is an error before anything runs
  return action();
}

}  // namespace
}  // namespace frit::tools

int main(int argc, char** argv) {
  using namespace frit::tools;
  try {
    const int code = run(argc, argv);
    if (std::fflush(stdout) != 0) throw frit::Error("frit", "standard output cannot be written");
    return code;
  } catch (const UsageError& e) {
    report(e.what());
    return kUsage;
  } catch (const frit::Error& e) {
    report(e.what());
    return kUserError;
  } catch (const std::bad_alloc&) {
    report("error: frit: there is not enough memory for the arrays of this program");
    return kUserError;
  } catch (const std::exception& e) {
    report(std::string("internal error: ") + e.what() + "\nThis is a bug of Frit. It is repeated by:\n  " + repeat_command(argc, argv));
    return kBug;
  }
}
