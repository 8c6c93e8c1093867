// See command.h.
#include "tests/tools/command.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

extern char** environ;

namespace frit::test {
namespace {

namespace fs = std::filesystem;

// One folder a test, made when first asked for, removed after the test.
class Folder : public testing::EmptyTestEventListener {
 public:
  static Folder& get() {
    static Folder* folder = [] {
      auto* f = new Folder;
      testing::UnitTest::GetInstance()->listeners().Append(f);
      return f;
    }();
    return *folder;
  }
  const fs::path& path() {
    if (path_.empty()) {
      std::string name = (fs::temp_directory_path() / "frit-tools-XXXXXX").string();
      if (!mkdtemp(name.data())) throw std::runtime_error("no temporary directory");
      path_ = name;
    }
    return path_;
  }
  void OnTestEnd(const testing::TestInfo&) override {
    if (!path_.empty()) fs::remove_all(path_);
    path_.clear();
  }

 private:
  fs::path path_;
};

}  // namespace

const char* const kProgram = R"(frit 1
func @f(%x: f32[3,1500], %y: f32[3,1500]) -> f32[3,1] {
  %mul = mul %x, %y : f32[3,1500]
  %add = add %mul, 1.0 : f32[3,1500]
  %exp = exp %add : f32[3,1500]
  %sum = reduce.sum %exp axes=[1] : f32[3,1]
  return %sum
}
)";

std::string temporary(const std::string& name) { return (Folder::get().path() / name).string(); }

std::string temporary(const std::string& name, const std::string& text) {
  const std::string path = temporary(name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

nlohmann::json parse_json(const std::string& text) {
  nlohmann::json j = nlohmann::json::parse(text, nullptr, false);
  EXPECT_FALSE(j.is_discarded()) << "no JSON:\n" << text;
  return j;
}

Result frit_command(const std::vector<std::string>& args, const std::string& input, const std::vector<std::string>& env) {
  std::vector<std::string> words = {FRIT_COMMAND};
  words.insert(words.end(), args.begin(), args.end());
  return run_program(std::move(words), input, env);
}

Result run_program(std::vector<std::string> words, const std::string& input, const std::vector<std::string>& env) {
  const std::string in = temporary("stdin", input), out = temporary("stdout"), err = temporary("stderr");
  std::vector<std::string> variables = env;
  for (char** v = environ; *v; ++v) {
    const std::string_view name = std::string_view(*v).substr(0, std::string_view(*v).find('=') + 1);
    const bool replaced = std::any_of(env.begin(), env.end(), [&](const std::string& e) { return e.starts_with(name); });
    if (!name.starts_with("FRIT_") && !replaced) variables.emplace_back(*v);
  }
  auto pointers = [](std::vector<std::string>& strings) {
    std::vector<char*> p;
    for (std::string& s : strings) p.push_back(s.data());
    p.push_back(nullptr);
    return p;
  };
  std::vector<char*> argv = pointers(words), envp = pointers(variables);

  const pid_t child = fork();
  if (child == 0) {
    const int fds[3] = {open(in.c_str(), O_RDONLY), open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600),
                        open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600)};
    for (int i = 0; i < 3; ++i)
      if (dup2(fds[i], i) < 0) _exit(126);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  Result r;
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) {
    ADD_FAILURE() << "cannot run " << words[0];
    return r;
  }
  r.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  r.out = read_text(out);
  r.err = read_text(err);
  return r;
}

}  // namespace frit::test
