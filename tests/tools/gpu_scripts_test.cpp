// scripts/gpu-check and scripts/gpu_torch.py where there is no GPU: exit codes and what they leave, with stand-ins
// for the programs that they call. The report at the end is made by the real command.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "tests/tools/command.h"

namespace frit::test {
namespace {

namespace fs = std::filesystem;

const std::string kScripts = std::string(FRIT_SOURCE_DIR) + "/scripts/";

constexpr const char* kTestsPass = R"({"tests": 3, "failures": 0, "name": "AllTests", "testsuites": [
  {"name": "GpuRun", "tests": 2, "testsuite": [
    {"name": "A", "status": "RUN", "result": "COMPLETED"}, {"name": "B", "status": "RUN", "result": "SKIPPED"}]},
  {"name": "GpuFrontend", "tests": 1, "testsuite": [{"name": "C", "status": "RUN", "result": "COMPLETED"}]}]})";
constexpr const char* kTestsFail = R"({"tests": 2, "failures": 1, "name": "AllTests", "testsuites": [
  {"name": "GpuRun", "tests": 2, "testsuite": [
    {"name": "A", "status": "RUN", "result": "COMPLETED"},
    {"name": "B", "status": "RUN", "result": "COMPLETED", "failures": [{"failure": "no", "type": ""}]}]}]})";
constexpr const char* kTorch = R"({"torch": "9.9", "compared": 1, "geomean": 1.25, "below": [], "failed": [],
  "cases": [{"name": "sum_rows", "best": "default", "ratio": 1.25, "torch": {"eager": {"us": 30}, "default": {"us": 20, "ratio": 1.25}}},
            {"name": "tiny", "best": null, "ratio": null, "torch": {}}]})";

// A folder as the script expects it: the repository with its programs built, or the pack. What the stand-ins do is
// set member by member; each is the body of a shell script.
struct Place {
  explicit Place(bool pack = false) : root(temporary(pack ? "pack" : "tree")), pack(pack) {
    fs::create_directories(root + "/bin");
    const fs::path scripts = pack ? root : root + "/scripts";
    fs::create_directories(scripts);
    fs::copy_file(kScripts + "gpu-check", scripts / "gpu-check");
    const std::string file = temporary("real.json");
    EXPECT_EQ(frit_command({"bench", "sum_rows", "tiny", "--scale", "4096", "--rounds", "1", "--json", file}).code, 0);
    results = parse_json(read_text(file));
    results["machine"]["gpu"] = {{"name", "Stand-in"}, {"driver", "12.8"}, {"nvrtc", "12.9"}};
  }

  std::string root;
  bool pack;
  nlohmann::json results;  // of the bench
  std::string first = "echo fine";
  std::string bench;  // after the results are written
  std::string tests = "result '" + std::string(kTestsPass) + "'";
  std::string sanitizer;  // none: not installed
  std::string python = "echo 'gpu_torch: torch is not installed here' >&2; exit 2";

  Result check(std::vector<std::string> options = {}) {
    std::ofstream(root + "/bench.json") << results.dump();
    const std::string real = "exec " + std::string(FRIT_COMMAND) + " \"$@\"";
    const std::string tests_body = "[ \"$1\" = test-gpu ] && shift\nfor word; do case $word in --gtest_output=json:*) to=${word#--gtest_output=json:};; esac; done\n"
                                   "result() { echo \"$1\" >\"$to\"; }\n" + tests + "\n";
    const std::string frit_body = "case \"$1 $2\" in\n'bench tiny')\n" + first + " ;;\nbench*)\nto=; last=; for word; do [ \"$last\" != --json ] || to=$word; last=$word; done\n" +
                                  "cp '" + root + "/bench.json' \"$to\"; echo table\n" + bench + " ;;\n'doctor '*) echo '{\"version\": \"0\"}' ;;\ntest-gpu*)\n" + tests_body +
                                  " ;;\n*) " + real + " ;;\nesac\n";
    if (pack) {
      script("lib/frit", "exit 9");
      script("frit", frit_body);
    } else if (built) {
      script("build/bin/frit", frit_body);
      script("build/bin/test_gpu", tests_body);
    }
    if (!sanitizer.empty()) script("bin/compute-sanitizer", sanitizer);
    script("bin/python3", "to=; last=; for word; do [ \"$last\" != --json ] || to=$word; last=$word; done\n" + python);
    std::vector<std::string> words = {"/bin/sh", root + (pack ? "" : "/scripts") + "/gpu-check", "--out", root + "/out folder"};
    words.insert(words.end(), options.begin(), options.end());
    return run_program(words, "", {"PATH=" + root + "/bin:/usr/bin:/bin"});
  }
  nlohmann::json json() const { return parse_json(read_text(root + "/out folder/results.json")); }
  std::string table() const { return read_text(root + "/out folder/results.txt"); }
  bool built = true;

 private:
  void script(const std::string& name, const std::string& body) const {
    const fs::path path = fs::path(root) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    fs::permissions(path, fs::perms::owner_all);
  }
};

TEST(GpuCheck, NothingBuilt) {
  Place p;
  p.built = false;
  const Result r = p.check();
  EXPECT_EQ(r.code, 2);
  EXPECT_TRUE(contains(r.err, "build/bin/frit is not built")) << r.err;
}

TEST(GpuCheck, WithoutAGpu) {
  Place p;
  p.first = "echo 'error: gpu: there is no GPU: the driver was not found' >&2; exit 1";
  const Result r = p.check();
  EXPECT_EQ(r.code, 2);
  EXPECT_TRUE(contains(r.err, "no GPU here") && contains(r.err, "the driver was not found")) << r.err;
  EXPECT_FALSE(fs::exists(p.root + "/out folder/results.json"));
}

// The command itself, where this machine has no GPU.
TEST(GpuCheck, WithoutAGpuForTheCommandItself) {
  Place p;
  p.first = "FRIT_LIBCUDA=off exec " + std::string(FRIT_COMMAND) + " \"$@\"";
  EXPECT_EQ(p.check().code, 2);
}

TEST(GpuCheck, AFirstProgramThatFails) {
  Place p;
  p.first = "echo 'error: an illegal address' >&2; exit 1";
  const Result r = p.check();
  EXPECT_EQ(r.code, 1);
  EXPECT_TRUE(contains(r.err, "an illegal address")) << r.err;
}

TEST(GpuCheck, AllPasses) {
  for (bool pack : {false, true}) {
    Place p(pack);
    p.sanitizer = "echo '========= COMPUTE-SANITIZER'; echo \"========= $2 SUMMARY: 0 errors\"; [ \"$2\" = memcheck ] || [ \"$2\" = racecheck ]";
    p.python = "echo '" + std::string(kTorch) + "' >\"$to\"";
    const Result r = p.check({"--rounds", "3", "sum_rows", "tiny"});
    EXPECT_EQ(r.code, 0) << r.out << r.err;
    const auto j = p.json();
    EXPECT_EQ(j.at("passed"), true);
    EXPECT_EQ(j.at("tests"), (nlohmann::json{{"passed", 2}, {"failed", 0}, {"skipped", 1}, {"failures", nlohmann::json::array()}}));
    EXPECT_EQ(j.at("sanitizer").at("memcheck").at("summary"), "memcheck SUMMARY: 0 errors");
    EXPECT_EQ(j.at("sanitizer").at("racecheck").at("status"), 0);
    EXPECT_EQ(j.at("bench").at("cases").size(), 2u);
    EXPECT_EQ(j.at("doctor").at("version"), "0");
    EXPECT_EQ(j.at("torch").at("geomean"), 1.25);
    EXPECT_EQ(j.at("steps").size(), 6u) << j.at("steps");
    const std::string t = p.table();
    for (const char* words : {"Stand-in, driver 12.8, NVRTC 12.9", "2 passed, 0 failed, 1 skipped", "2 cases, the same bits in all", "(sum_rows)", "geometric mean of its best mode's time over ours 1.25", "all passed"})
      EXPECT_TRUE(contains(t, words)) << words << "\n" << t;
    const size_t row = t.find("\nsum_rows ");
    ASSERT_NE(row, std::string::npos);
    EXPECT_TRUE(contains(t.substr(row, t.find('\n', row + 1) - row), "1.25  default")) << t;
    EXPECT_TRUE(contains(r.out, t));
  }
}

TEST(GpuCheck, WithoutSanitizerAndTorch) {
  Place p;
  const Result r = p.check();
  EXPECT_EQ(r.code, 0) << r.out << r.err;
  const auto j = p.json();
  EXPECT_TRUE(j.at("torch").is_null());
  EXPECT_TRUE(j.at("sanitizer").at("memcheck").is_null());
  EXPECT_TRUE(contains(p.table(), "not compared: gpu_torch: torch is not installed here")) << p.table();
  EXPECT_TRUE(contains(p.table(), "compute-sanitizer is not installed")) << p.table();
}

TEST(GpuCheck, WhateverFailsIsNamed) {
  struct Fault {
    const char* words;
    std::function<void(Place&)> make;
  };
  const Fault faults[] = {
      {"1 passed, 1 failed, 0 skipped: GpuRun.B", [](Place& p) { p.tests = "result '" + std::string(kTestsFail) + "'; exit 1"; }},
      {"ended with status 134 and left no result, see tests.txt", [](Place& p) { p.tests = "exit 134"; }},
      {"2 passed, 0 failed, 1 skipped; ended with status 139", [](Place& p) { p.tests += "; exit 139"; }},
      {"racecheck SUMMARY: 4 hazards", [](Place& p) { p.sanitizer = "echo \"===== $2 SUMMARY: 4 hazards\"; [ \"$2\" = memcheck ]"; }},
      {"2 cases, other bits in tiny", [](Place& p) { p.results["cases"][1]["same_bits"] = false, p.bench = "exit 1"; }},
      {"ended with status 3 and left no result, see bench.log", [](Place& p) { p.bench = "rm \"$to\"; exit 3"; }},
      {"torch        FAILED: ended with status 1, see torch.log", [](Place& p) { p.python = "exit 1"; }},
  };
  for (const Fault& f : faults) {
    fs::remove_all(temporary("tree"));
    Place p;
    f.make(p);
    const Result r = p.check();
    EXPECT_EQ(r.code, 1) << f.words;
    EXPECT_TRUE(contains(p.table(), f.words)) << f.words << "\n" << p.table() << r.err;
    EXPECT_TRUE(contains(p.table(), "something failed"));
    EXPECT_EQ(p.json().at("passed"), false);
  }
}

TEST(GpuCheck, Usage) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--out"}, {"--rounds"}, {"--nosuch"}}) {
    std::vector<std::string> line = {"/bin/sh", kScripts + "gpu-check"};
    line.insert(line.end(), words.begin(), words.end());
    EXPECT_EQ(run_program(line).code, 2) << words[0];
  }
  EXPECT_EQ(frit_command({"gpu-report", temporary("nosuch")}).code, 2);
  fs::create_directories(temporary("empty"));
  const Result r = frit_command({"gpu-report", temporary("empty")});
  EXPECT_EQ(r.code, 1);
  EXPECT_TRUE(contains(r.err, "has no steps.txt")) << r.err;
  std::ofstream(temporary("empty") + "/steps.txt") << "tests 0\n";
  std::ofstream(temporary("empty") + "/bench.json") << "{";
  const Result broken = frit_command({"gpu-report", temporary("empty")});
  EXPECT_EQ(broken.code, 1);
  EXPECT_TRUE(contains(broken.err, "bench.json is no JSON")) << broken.err;
}

TEST(GpuTorch, ThePartsThatNeedNoTorch) {
  if (run_program({"/bin/sh", "-c", "command -v python3"}).code != 0) GTEST_SKIP() << "SKIPPED: there is no python3";
  const Result r = run_program({"/usr/bin/env", "python3", "-B", std::string(FRIT_SOURCE_DIR) + "/tests/tools/gpu_torch_test.py", kScripts + "gpu_torch.py", FRIT_COMMAND});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(contains(r.err, "\nOK")) << r.err;
}

}  // namespace
}  // namespace frit::test
