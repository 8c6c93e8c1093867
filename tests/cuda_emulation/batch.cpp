#include "tests/cuda_emulation/batch.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

extern char** environ;

namespace frit::test {
namespace {

namespace fs = std::filesystem;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// A fresh folder that goes when it is left.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "frit-emulated-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no folder for the emulation can be made in " + fs::temp_directory_path().string());
    path_ = name;
  }
  Folder(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string read(const fs::path& p) {
  std::stringstream s;
  s << std::ifstream(p).rdbuf();
  return s.str();
}

int lines_in(std::string_view text) { return static_cast<int>(std::ranges::count(text, '\n')); }

// The declaration of the one array of shared memory, which emulation.h defines, becomes spaces.
std::string without_shared(std::string_view text) {
  std::string out(text);
  for (size_t at = 0; (at = out.find("extern __shared__", at)) != out.npos;) {
    const size_t end = out.find(';', at);
    if (end == out.npos) break;
    if (out.substr(at, end - at).find("frit_shared[]") == out.npos) throw std::runtime_error("shared memory that is not frit_shared[]");
    std::fill(out.begin() + static_cast<ptrdiff_t>(at), out.begin() + static_cast<ptrdiff_t>(end) + 1, ' ');
  }
  return out;
}

// Sources one after the other, as in one NVRTC program of several kernels, the entries renamed; lines
// are numbered as in the whole source.
std::string batch_text(std::span<const Source> sources) {
  std::string out = "#include \"emulation.h\"\n#line 1 \"prelude\"\n" + without_shared(sources[0].prelude);
  std::string table;
  for (size_t k = 0; k < sources.size(); ++k) {
    const auto names = entry_names(sources[k].text);
    for (const std::string& n : names) {
      const std::string own = "frit_entry_" + std::to_string(k) + "_" + n;
      out += "\n#define " + n + " " + own;
      table += "  frit_emulated::entry(\"" + n + "\", &" + own + "),\n";
    }
    table += "  {nullptr, nullptr, 0, 0},\n";
    out += "\n#line " + std::to_string(lines_in(sources[k].prelude) + 1) + " \"kernel\"\n" + without_shared(sources[k].text) + "\n";
    for (const std::string& n : names) out += "#undef " + n + "\n";
  }
  return out + "extern \"C\" __attribute__((visibility(\"default\"))) const frit_emulated::Entry frit_entries[] = {\n" + table + "};\n";
}

// Runs the compiler, its messages into a file; its exit status. Adds up the processor time it took.
int run_compiler(const std::vector<std::string>& args, const fs::path& messages, double& seconds) {
  std::vector<char*> argv;
  for (const std::string& a : args) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 1, messages.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, argv[0], &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (failed) throw std::runtime_error("cannot run " + args[0]);
  int status = 0;
  rusage used{};
  wait4(child, &status, 0, &used);
  for (const timeval& t : {used.ru_utime, used.ru_stime}) seconds += static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

std::vector<std::string> entry_names(std::string_view text) {
  std::vector<std::string> names;
  constexpr std::string_view kGlobal = "__global__";
  for (size_t at = 0; (at = text.find(kGlobal, at)) != text.npos;) {
    at += kGlobal.size();
    // Words and brackets up to the one that opens the parameters; the word before it is the name.
    std::string word;
    for (; at < text.size(); ++at) {
      if (is_word(text[at])) {
        size_t end = at;
        while (end < text.size() && is_word(text[end])) ++end;
        word = text.substr(at, end - at);
        at = end - 1;
      } else if (text[at] == '(') {
        if (!word.starts_with("__")) break;
        int depth = 0;  // of an attribute
        do depth += (text[at] == '(') - (text[at] == ')');
        while (depth > 0 && ++at < text.size());
      } else if (text[at] == ';' || text[at] == '{') {
        break;
      }
    }
    if (at < text.size() && text[at] == '(' && !word.empty()) names.push_back(word);
  }
  return names;
}

Batch compile_batch(std::span<const Source> sources) {
  Batch out;
  Folder folder;
  const fs::path source = folder.path() / "batch.cpp", object = folder.path() / "batch.so", messages = folder.path() / "messages";
  std::ofstream(source) << batch_text(sources);
  // Quick to compile rather than quick to run. An operation that C++ does not define is a trap.
  const int status = run_compiler({FRIT_HOST_COMPILER, "-std=c++20", "-O0", "-w", "-fPIC", "-shared", "-mavx2", "-mfma", "-mf16c",
                                   "-ffp-contract=off", "-fno-math-errno", "-fno-strict-aliasing", "-fno-exceptions", "-fno-rtti",
                                   "-fno-asynchronous-unwind-tables", "-fvisibility=hidden",
                                   "-fsanitize=alignment,shift,signed-integer-overflow,integer-divide-by-zero,bounds,float-cast-overflow",
                                   "-fsanitize-undefined-trap-on-error",
                                   "-I" FRIT_SOURCE_DIR "/tests/cuda_emulation", "-o", object.string(), source.string()},
                                  messages, out.seconds);
  if (status != 0) {
    out.problem = read(messages);
    return out;
  }
  void* handle = dlopen(object.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    out.problem = dlerror();
    return out;
  }
  const auto* e = static_cast<const frit_emulated::Entry*>(dlsym(handle, "frit_entries"));
  if (!e) {
    out.problem = "the batch has no table of entries";
    return out;
  }
  for (size_t k = 0; k < sources.size(); ++k, ++e) {
    out.entries.emplace_back();
    for (; e->name; ++e) out.entries.back().push_back(*e);
  }
  return out;
}

}  // namespace frit::test
