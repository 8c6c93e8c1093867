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
constexpr const char* kTorch = R"({"torch": "9.9", "compared": 2, "geomean": 1.25, "below": [], "failed": [],
  "cases": [{"name": "sum_rows", "numerics": "strict", "best": "default", "ratio": 1.25, "torch": {"eager": {"us": 30}, "default": {"us": 20, "ratio": 1.25}}},
            {"name": "softmax_bf16", "numerics": "fast", "best": "default", "ratio": 1.25, "torch": {"default": {"us": 20, "ratio": 1.25}}},
            {"name": "tiny", "numerics": "strict", "best": null, "ratio": null, "torch": {}}]})";
constexpr const char* kCompile = R"({"gpu": "H200", "geomean": 1.02, "cases": [{"name": "sum_rows", "ours_ms": 110, "bare_ms": 100, "ratio": 1.12},
  {"name": "tiny", "ours_ms": 50, "bare_ms": 50, "ratio": 1.0}]})";

// What the bench says of three cases, with shares and times that the goals are held against.
nlohmann::json bench_results() {
  const std::string file = temporary("real.json");
  EXPECT_EQ(frit_command({"bench", "sum_rows", "softmax_bf16", "tiny", "--numerics", "both", "--scale", "4096", "--rounds", "1", "--json", file}).code, 0);
  auto results = parse_json(read_text(file));
  for (auto& c : results["cases"]) {
    if (c["name"] != "tiny") c["of_limit"] = c["numerics"] == "fast" ? 0.92 : 0.875;
    if (c["name"] == "tiny") c["enqueue_us"] = 2.5;
  }
  results["machine"]["gpu"] = {{"name", "Stand-in"}, {"driver", "12.8"}, {"nvrtc", "12.9"}};
  return results;
}

// A folder as the script expects it: the repository with its programs built, or the pack. What the stand-ins do is
// set member by member; each is the body of a shell script.
struct Place {
  explicit Place(bool pack = false) : root(temporary(pack ? "pack" : "tree")), pack(pack) {
    fs::create_directories(root + "/bin");
    const fs::path scripts = pack ? root : root + "/scripts";
    fs::create_directories(scripts);
    fs::copy_file(kScripts + "gpu-check", scripts / "gpu-check");
    static const nlohmann::json made = bench_results();
    results = made;
  }

  std::string root;
  bool pack;
  nlohmann::json results;  // of the bench
  std::string first = "echo fine";
  std::string bench;  // after the results are written
  std::string compile = "echo '" + std::string(kCompile) + "' >\"$to\"";
  std::string tests = "result '" + std::string(kTestsPass) + "'";
  std::string sanitizer;  // none: not installed
  std::string python = "echo 'gpu_torch: torch is not installed here' >&2; exit 2";

  Result check(std::vector<std::string> options = {}) {
    std::ofstream(root + "/bench.json") << results.dump();
    const std::string real = "exec " + std::string(FRIT_COMMAND) + " \"$@\"";
    const std::string tests_body = "[ \"$1\" = test-gpu ] && shift\nfor word; do case $word in --gtest_output=json:*) to=${word#--gtest_output=json:};; esac; done\n"
                                   "result() { echo \"$1\" >\"$to\"; }\n" + tests + "\n";
    const std::string frit_body = "case \"$1 $2\" in\n'bench tiny')\n" + first + " ;;\n'bench --compile')\nto=; last=; for word; do [ \"$last\" != --json ] || to=$word; last=$word; done\n" + compile +
                                  " ;;\nbench*)\ncase \" $* \" in *' --numerics both '*) ;; *) exit 7 ;; esac\nto=; last=; for word; do [ \"$last\" != --json ] || to=$word; last=$word; done\n" +
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
    const Result r = p.check({"--rounds", "3", "sum_rows", "softmax_bf16", "tiny"});
    EXPECT_EQ(r.code, 0) << r.out << r.err;
    const auto j = p.json();
    EXPECT_EQ(j.at("passed"), true);
    EXPECT_EQ(j.at("tests"), (nlohmann::json{{"passed", 2}, {"failed", 0}, {"skipped", 1}, {"faults", 0}, {"failures", nlohmann::json::array()}}));
    EXPECT_EQ(j.at("sanitizer").at("memcheck").at("summary"), "memcheck SUMMARY: 0 errors");
    EXPECT_EQ(j.at("sanitizer").at("racecheck").at("status"), 0);
    ASSERT_EQ(j.at("cases").size(), 3u);
    const auto& softmax = j.at("cases")[1];
    EXPECT_EQ(softmax.at("name"), "softmax_bf16");
    EXPECT_EQ(softmax.at("family"), "rows with exponentials");
    EXPECT_EQ(softmax.at("strict").at("of_limit"), 0.875);
    EXPECT_EQ(softmax.at("fast").at("of_limit"), 0.92);
    EXPECT_EQ(softmax.at("torch").at("numerics"), "fast");
    EXPECT_TRUE(softmax.at("compile").is_null());
    EXPECT_TRUE(j.at("cases")[0].at("fast").is_null());
    EXPECT_EQ(j.at("bench").at("machine").at("gpu").at("name"), "Stand-in");
    EXPECT_EQ(j.at("doctor").at("version"), "0");
    EXPECT_EQ(j.at("torch").at("geomean"), 1.25);
    EXPECT_EQ(j.at("steps").size(), 7u) << j.at("steps");
    const std::string t = p.table();
    for (const char* words : {"Stand-in, driver 12.8, NVRTC 12.9", "2 passed, 0 failed, 1 skipped", "3 cases under strict numerics, the same bits in all; 1 of them under fast numerics too", "strict: 0.88 (sum_rows)",
                              "2 cases, geometric mean of our time over bare NVRTC's 1.020", "geometric mean of its best mode's time over ours 1.25", "every step ended well"})
      EXPECT_TRUE(contains(t, words)) << words << "\n" << t;
    const size_t row = t.find("\nsum_rows ");
    ASSERT_NE(row, std::string::npos);
    EXPECT_TRUE(contains(t.substr(row, t.find('\n', row + 1) - row), "20.0  default     strict    1.25")) << t;
    EXPECT_TRUE(contains(t.substr(t.find("\nsoftmax_bf16 ")), "20.0  default     fast      1.25")) << t;
    EXPECT_TRUE(contains(r.out, t));
  }
}

// Each goal as it stands with the numbers of the stand-ins.
TEST(GpuCheck, GoalsAreMetOrNot) {
  Place p;
  p.python = "echo '" + std::string(kTorch) + "' >\"$to\"";
  struct Want {
    const char* goal;
    const char* state;
    int measured;
    nlohmann::json value, name;
  };
  const auto wanted = [](const nlohmann::json& j, const std::vector<Want>& all) {
    ASSERT_EQ(j.at("goals").size(), all.size()) << j.at("goals").dump(1);
    for (size_t i = 0; i < all.size(); ++i) {
      const auto& g = j.at("goals")[i];
      EXPECT_TRUE(contains(g.at("goal"), all[i].goal)) << g;
      EXPECT_EQ(g.at("state"), all[i].state) << g;
      EXPECT_EQ(g.at("measured"), all[i].measured) << g;
      EXPECT_EQ(g.at("case"), all[i].name) << g;
      if (g.at("value").is_number()) EXPECT_NEAR(g.at("value").get<double>(), all[i].value.get<double>(), 1e-9) << g;
      else EXPECT_TRUE(all[i].value.is_null()) << g;
      EXPECT_GE(g.at("of"), g.at("measured"));
      EXPECT_EQ(g.at("short").empty(), g.at("state") != "not met") << g;
    }
  };
  const nlohmann::json none;
  EXPECT_EQ(p.check().code, 0);  // a goal that is not met is no fault
  wanted(p.json(), {{"f32 elementwise", "not measured", 0, none, none},
                    {"f32 rows", "not measured", 0, none, none},
                    {"f32 sums", "not met", 1, 0.875, "sum_rows"},
                    {"exponentials, strict", "met in part", 1, 0.875, "softmax_bf16"},
                    {"exponentials, fast", "met in part", 1, 0.92, "softmax_bf16"},
                    {"best mode over ours, each", "met in part", 2, 1.25, "sum_rows"},
                    {"geometric mean", "met in part", 2, 1.25, none},
                    {"us to enqueue", "met", 1, 2.5, "tiny"},
                    {"bare NVRTC's", "not met", 2, 1.12, "sum_rows"},
                    {"CPU's bytes", "met", 1, 0.0, none}});
  EXPECT_TRUE(contains(p.table(), "f32 sums, strict: share of the read, short: sum_rows 0.875")) << p.table();
  // Only the tests again, and they fail now; the rest is what was left.
  p.tests = "result '" + std::string(kTestsFail) + "'; exit 1";
  EXPECT_EQ(p.check({"--steps", "tests"}).code, 1);
  const auto j = p.json();
  EXPECT_EQ(j.at("goals")[9].at("state"), "not met");
  EXPECT_EQ(j.at("goals")[9].at("value"), 1);
  EXPECT_EQ(j.at("goals")[7].at("state"), "met");
  EXPECT_EQ(j.at("steps").at("torch"), 0);
  // Without the option nothing of before stays.
  p.tests = "exit 134";
  p.compile = p.python = "exit 1";
  p.bench = "rm \"$to\"; exit 3";
  EXPECT_EQ(p.check().code, 1);
  EXPECT_TRUE(p.json().at("cases").empty());
  const auto report = p.json();
  for (const auto& g : report.at("goals")) EXPECT_EQ(g.at("state"), "not measured") << g;
}

// Tests that all skip themselves show nothing.
TEST(GpuCheck, SkippedTestsMeetNoGoal) {
  Place p;
  p.tests = R"(result '{"testsuites": [{"name": "A", "testsuite": [{"name": "B", "status": "RUN", "result": "SKIPPED"}]}]}')";
  EXPECT_EQ(p.check().code, 1);
  EXPECT_TRUE(contains(p.table(), "0 passed, 0 failed, 1 skipped")) << p.table();
  EXPECT_EQ(p.json().at("goals")[9].at("state"), "not measured");
}

TEST(GpuCheck, WithoutSanitizerAndTorch) {
  Place p;
  const Result r = p.check();
  EXPECT_EQ(r.code, 0) << r.out << r.err;
  const auto j = p.json();
  EXPECT_TRUE(j.at("torch").is_null());
  EXPECT_TRUE(j.at("sanitizer").at("memcheck").is_null());
  EXPECT_TRUE(contains(p.table(), "not compared: gpu_torch: torch is not installed here")) << p.table();
  EXPECT_TRUE(contains(p.table(), "memcheck     not run")) << p.table();
  EXPECT_TRUE(contains(r.out, "compute-sanitizer is not installed")) << r.out;
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
      {"3 cases under strict numerics, other bits in tiny", [](Place& p) { p.results["cases"][3]["same_bits"] = false, p.bench = "exit 1"; }},
      {"ended with status 3 and left no result, see bench.log", [](Place& p) { p.bench = "rm \"$to\"; exit 3"; }},
      {"compile      FAILED: ended with status 1, see compile.log", [](Place& p) { p.compile = "exit 1"; }},
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
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--out"}, {"--rounds"}, {"--nosuch"}, {"--steps", "nosuch"}}) {
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
  std::ofstream(temporary("empty") + "/bench.json") << "{\"cases\": [{}]}";
  const Result other = frit_command({"gpu-report", temporary("empty")});
  EXPECT_EQ(other.code, 1);
  EXPECT_TRUE(contains(other.err, "does not hold what this version writes")) << other.err;
}

TEST(GpuTorch, ThePartsThatNeedNoTorch) {
  if (run_program({"/bin/sh", "-c", "command -v python3"}).code != 0) GTEST_SKIP() << "SKIPPED: there is no python3";
  const Result r = run_program({"/usr/bin/env", "python3", "-B", std::string(FRIT_SOURCE_DIR) + "/tests/tools/gpu_torch_test.py", kScripts + "gpu_torch.py", FRIT_COMMAND});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(contains(r.err, "\nOK")) << r.err;
}

}  // namespace
}  // namespace frit::test
