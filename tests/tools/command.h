// Runs the built `frit`, and other programs, as subprocesses.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace frit::test {

struct Result {
  int code = -1;    // exit code; 128 + signal if it was killed
  std::string out;  // standard output
  std::string err;
};

// No FRIT_ variable of this process is passed on; `env` holds "NAME=value" to add.
Result frit_command(const std::vector<std::string>& args, const std::string& input = {}, const std::vector<std::string>& env = {});

// Any other program: words[0] with a path.
Result run_program(std::vector<std::string> words, const std::string& input = {}, const std::vector<std::string>& env = {});

// A file in the temporary directory of the running test, which goes when the test ends.
std::string temporary(const std::string& name);
std::string temporary(const std::string& name, const std::string& text);
std::string read_text(const std::string& path);

// Fails the test unless text is JSON.
nlohmann::json parse_json(const std::string& text);

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A program that most tests run: two chains and a row sum.
extern const char* const kProgram;

}  // namespace frit::test
