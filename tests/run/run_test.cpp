// Every .ir file of this folder on every engine: interpreter, eager and fused machine code for each
// instruction set, on one thread and on two, byte for byte. Arguments are made from fixed seeds by
// the types of the parameters. Comment lines that mean something:
//   // expect launches=N     of the fused program, as executed
//   // seed=N                the seed of the arguments (otherwise 1 to 4)
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "ir/ops.h"
#include "ir/text.h"
#include "tests/engines/engines.h"
#include "tests/engines/inputs.h"

namespace frit::test {
namespace {

struct Program {
  std::string name;
  ir::Func func;
  std::optional<int64_t> launches;
  std::vector<uint64_t> seeds{1, 2, 3, 4};
};

std::filesystem::path folder() { return std::filesystem::path(FRIT_SOURCE_DIR) / "tests" / "run"; }

std::vector<std::string> program_names() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder()))
    if (entry.path().extension() == ".ir") out.push_back(entry.path().stem().string());
  std::ranges::sort(out);
  return out;
}

std::optional<int64_t> number_after(const std::string& line, std::string_view key) {
  const size_t at = line.find(key);
  if (!line.starts_with("//") || at == std::string::npos) return std::nullopt;
  return std::stoll(line.substr(at + key.size()));
}

Program load(const std::string& name) {
  Program p{name, {}, {}};
  const auto path = folder() / (name + ".ir");
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  std::string line;
  for (std::stringstream lines(text.str()); std::getline(lines, line);) {
    if (auto n = number_after(line, "expect launches=")) p.launches = n;
    if (auto n = number_after(line, "// seed=")) p.seeds = {static_cast<uint64_t>(*n)};
    if (line.starts_with("// expect") && !p.launches) ADD_FAILURE() << name << ": cannot read " << line;
  }
  p.func = ir::parse(text.str(), path.string());
  return p;
}

class Run : public testing::TestWithParam<std::string> {};

TEST_P(Run, AllEnginesAgree) {
  const Program p = load(GetParam());
  for (uint64_t seed : p.seeds) {
    const Agreement a = run_engines(p.func, make_inputs(p.func, seed), options_for(seed, true));
    ASSERT_TRUE(a.ok()) << "arguments of seed " << seed << ": " << a.problem;
    if (p.launches) { ASSERT_EQ(a.fused_launches, *p.launches); }
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, Run, testing::ValuesIn(program_names()), [](const auto& info) {
  std::string name = info.param;
  std::ranges::replace_if(name, [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
});

// The folder is read and holds the tensor level's whole op table.
TEST(Programs, HoldEveryOp) {
  std::vector<bool> seen(ir::all_ops().size());
  for (const std::string& name : program_names()) {
    const ir::Func f = load(name).func;
    for (ir::OpId id : f.body.ops) seen[static_cast<size_t>(f.op(id).op)] = true;
  }
  for (const ir::OpInfo& row : ir::all_ops()) {
    if (row.cls == ir::OpClass::fused || row.cls == ir::OpClass::kernel) continue;
    EXPECT_TRUE(seen[static_cast<size_t>(row.op)]) << "no program holds " << row.name;
  }
}

}  // namespace
}  // namespace frit::test
