// The order of the layers (docs/architecture.md): who may include whom, where LLVM's headers may
// appear, what public headers show; and no absolute path anywhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

// Folder -> folders that it may include from. include/frit is split below.
const std::map<std::string, std::set<std::string>>& allowed() {
  static const std::map<std::string, std::set<std::string>> table = [] {
    std::map<std::string, std::set<std::string>> t;
    t["support"] = {"support"};
    t["ir"] = {"support", "ir"};
    t["runtime"] = {"support", "runtime"};
    t["codegen"] = {"support", "ir", "runtime", "codegen"};
    t["lowering"] = {"support", "ir", "runtime", "codegen", "lowering"};
    t["frontend"] = {"support", "ir", "runtime", "codegen", "lowering", "frontend"};
    t["tools"] = t["frontend"];
    t["tools"].insert({"tools", "bench"});
    t["bench"] = t["tools"];  // a subcommand of the command
    t["include"] = {};
    t["examples"] = {};
    return t;
  }();
  return table;
}

// Public headers that belong to the lower layers; the others are the frontend's.
const std::set<std::string> kLowPublic = {"frit/error.h", "frit/types.h", "frit/half.h", "frit/log.h", "frit/ops.def"};
const std::set<std::string> kUpper = {"frontend", "tools", "bench", "examples", "include"};

// All that is wrong with the includes of a file, whose path is relative to the repository.
Strings check_includes(const std::string& path, const std::string& text) {
  Strings wrong;
  const std::string layer = path.substr(0, path.find('/'));
  const auto rule = allowed().find(layer);
  if (rule == allowed().end()) return wrong;
  static const std::regex include(R"re((?:^|\n)[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"])re");
  for (std::sregex_iterator it(text.begin(), text.end(), include), end; it != end; ++it) {
    const bool quoted = (*it)[1].str() == "\"";
    const std::string name = (*it)[2].str();
    const std::string top = name.substr(0, name.find('/'));
    auto complain = [&](const std::string& why) { wrong.push_back(path + " includes " + name + ": " + why); };
    if (name.front() == '/') complain("an absolute path");
    if (name.find("..") != std::string::npos) complain("a path upwards; name files from the root");
    if ((top == "llvm" || top == "llvm-c") && !path.starts_with("codegen/llvm/")) complain("LLVM outside codegen/llvm");
    if (layer == "include" && (top == "llvm" || top == "spdlog" || top == "fmt" || top == "nlohmann" || top == "CLI"))
      complain("another library in a public header");
    if (top == "spdlog" && layer != "support" && layer != "include") complain("logging goes through frit/log.h and support/");
    if (top == "frit") {
      if (!kUpper.contains(layer) && !kLowPublic.contains(name)) complain("a header of the frontend below it");
    } else if (quoted || allowed().contains(top)) {
      if (allowed().contains(top) && !rule->second.contains(top)) complain("against the order of the layers");
    }
  }
  return wrong;
}

Strings check_paths(const std::string& path, const std::string& text) {
  static const std::regex absolute(R"re((^|[\s"'=(])/(home|root|work|Users|mnt)/[A-Za-z0-9_.])re");
  if (std::regex_search(text, absolute)) return {path + " names an absolute path of one machine"};
  return {};
}

Strings files_under(const fs::path& root) {
  Strings files;
  for (const auto& e : fs::directory_iterator(root)) {
    const std::string name = e.path().filename().string();
    if (name == ".git" || name.starts_with("build")) continue;
    if (e.is_regular_file()) files.push_back(name);
    if (!e.is_directory()) continue;
    for (const auto& f : fs::recursive_directory_iterator(e.path()))
      if (f.is_regular_file()) files.push_back(fs::relative(f.path(), root).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream s;
  s << in.rdbuf();
  return s.str();
}

std::string joined(const Strings& lines) {
  std::string s;
  for (const std::string& l : lines) s += l + "\n";
  return s;
}

TEST(Layering, EveryIncludeFollowsTheOrder) {
  Strings wrong;
  int sources = 0;
  for (const std::string& f : files_under(FRIT_SOURCE_DIR)) {
    const std::string end = fs::path(f).extension().string();
    if (end != ".cpp" && end != ".h" && end != ".def" && end != ".inc") continue;
    ++sources;
    for (std::string& w : check_includes(f, read(fs::path(FRIT_SOURCE_DIR) / f))) wrong.push_back(std::move(w));
  }
  EXPECT_TRUE(wrong.empty()) << joined(wrong);
  EXPECT_GT(sources, 50);
}

TEST(Layering, NoAbsolutePathOfOneMachine) {
  Strings wrong;
  for (const std::string& f : files_under(FRIT_SOURCE_DIR)) {
    if (f == "tests/layering/layering_test.cpp" || f.ends_with(".png") || f.ends_with(".npy")) continue;
    for (std::string& w : check_paths(f, read(fs::path(FRIT_SOURCE_DIR) / f))) wrong.push_back(std::move(w));
  }
  EXPECT_TRUE(wrong.empty()) << joined(wrong);
}

// The checks themselves: what they must refuse, and what they must not.
TEST(Layering, TheCheckRefusesWhatItShould) {
  const std::pair<const char*, const char*> wrong[] = {
      {"ir/a.cpp", "#include \"runtime/plan.h\"\n"},
      {"runtime/a.cpp", "#include \"ir/func.h\"\n"},
      {"support/a.h", "#pragma once\n#include \"ir/func.h\"\n"},
      {"codegen/llvm/a.cpp", "#include \"lowering/compile.h\"\n"},
      {"lowering/a.cpp", "#include \"frontend/trace.h\"\n"},
      {"lowering/a.cpp", "#include \"frit/tensor.h\"\n"},
      {"runtime/a.cpp", "#  include <ir/func.h>\n"},
      {"lowering/a.cpp", "#include <llvm/IR/IRBuilder.h>\n"},
      {"codegen/a.cpp", "#include \"llvm/IR/IRBuilder.h\"\n"},
      {"include/frit/a.h", "#include <spdlog/spdlog.h>\n"},
      {"include/frit/a.h", "#include \"ir/func.h\"\n"},
      {"examples/a.cpp", "#include \"frontend/trace.h\"\n"},
      {"frontend/a.cpp", "#include \"/usr/include/stdio.h\"\n"},
      {"frontend/a.cpp", "#include \"../ir/func.h\"\n"},
      {"frontend/a.cpp", "#include \"tools/cli.h\"\n"},
  };
  for (const auto& [path, text] : wrong) EXPECT_EQ(check_includes(path, text).size(), 1u) << path << ": " << text;
  const std::pair<const char*, const char*> right[] = {
      {"codegen/llvm/a.cpp", "#include <llvm/IR/IRBuilder.h>\n#include \"ir/func.h\"\n#include \"runtime/plan.h\"\n"},
      {"ir/a.cpp", "#include <vector>\n#include \"frit/ops.def\"\n#include \"ir/func.h\"\n"},
      {"frontend/a.cpp", "#include \"frit/jit.h\"\n#include \"lowering/compile.h\"\n"},
      {"include/frit/a.h", "#include <span>\n#include \"frit/types.h\"\n"},
      {"tools/a.cpp", "#include <CLI/CLI.hpp>\n#include \"bench/cases.h\"\n"},
      {"ir/a.cpp", "// #include of another layer: \"frontend/x.h\"\n"},
  };
  for (const auto& [path, text] : right) EXPECT_EQ(joined(check_includes(path, text)), "") << path << ": " << text;
  EXPECT_EQ(check_paths("a.md", "see /home/me/x").size(), 1u);
  EXPECT_EQ(check_paths("a.md", "see docs/home/x and n/work/item").size(), 0u);
}

}  // namespace
