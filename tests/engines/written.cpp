#include "tests/engines/written.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "ir/text.h"

namespace frit::test {
namespace {

std::filesystem::path folder() { return std::filesystem::path(FRIT_SOURCE_DIR) / "tests" / "run"; }

std::optional<int64_t> number_after(const std::string& line, std::string_view key) {
  const size_t at = line.find(key);
  if (!line.starts_with("//") || at == std::string::npos) return std::nullopt;
  return std::stoll(line.substr(at + key.size()));
}

}  // namespace

std::vector<std::string> written_names() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder()))
    if (entry.path().extension() == ".ir") out.push_back(entry.path().stem().string());
  std::ranges::sort(out);
  return out;
}

Written load_written(const std::string& name) {
  Written p;
  p.name = name;
  const auto path = folder() / (name + ".ir");
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  std::string line;
  for (std::stringstream lines(text.str()); std::getline(lines, line);) {
    if (auto n = number_after(line, "expect launches=")) p.launches = n;
    if (auto n = number_after(line, "// seed=")) p.seeds = {static_cast<uint64_t>(*n)};
    if (line.starts_with("// expect") && !p.launches) throw std::runtime_error(name + ": cannot read " + line);
  }
  p.func = ir::parse(text.str(), path.string());
  return p;
}

}  // namespace frit::test
