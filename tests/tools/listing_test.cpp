// ops, passes, rules, doctor: for people and as JSON.
#include <gtest/gtest.h>

#include <set>

#include "tests/tools/command.h"

namespace frit::test {
namespace {

// The names of the op table, read from the table itself.
std::set<std::string> table_names() {
  return {
#define FRIT_ELEMENTWISE(name, ...) #name,
#define FRIT_REDUCE(id, text, ...) text,
#define FRIT_TENSOR(id, text, ...) text,
#define FRIT_FUSED(id, text, ...) text,
#define FRIT_KERNEL(id, text, ...) text,
#include "frit/ops.def"
  };
}

std::set<std::string> variable_names() {
  return {
#define FRIT_ENV(NAME, ...) "FRIT_" #NAME,
#include "support/env.def"
#undef FRIT_ENV
  };
}

TEST(Listing, OpsAreTheTable) {
  const Result r = frit_command({"ops", "--json"});
  ASSERT_EQ(r.code, 0) << r.err;
  std::set<std::string> names;
  for (const auto& op : parse_json(r.out)) {
    names.insert(op.at("name").get<std::string>());
    EXPECT_FALSE(op.at("doc").get<std::string>().empty());
  }
  EXPECT_EQ(names, table_names());
  const Result people = frit_command({"ops"});
  EXPECT_EQ(people.code, 0);
  for (const std::string& n : names) EXPECT_TRUE(contains(people.out, "\n" + n + " ")) << n;
}

TEST(Listing, OneOp) {
  const Result r = frit_command({"ops", "tanh"});
  EXPECT_EQ(r.code, 0);
  EXPECT_TRUE(contains(r.out, "Hyperbolic tangent") && contains(r.out, "f32 f64")) << r.out;
  const auto j = parse_json(frit_command({"ops", "reduce.sum", "--json"}).out);
  ASSERT_EQ(j.size(), 1u);
  EXPECT_EQ(j[0].at("ordered"), true);
  EXPECT_EQ(j[0].at("class"), "reduce");
}

TEST(Listing, UnknownOpNamesTheNearest) {
  const Result r = frit_command({"ops", "thanh"});
  EXPECT_EQ(r.code, 1);
  EXPECT_TRUE(contains(r.err, "did you mean 'tanh'?")) << r.err;
  EXPECT_TRUE(contains(frit_command({"ops", "argmax"}).err, "reduce.argmax"));
}

TEST(Listing, PassesAndRules) {
  const auto passes = parse_json(frit_command({"passes", "--json"}).out);
  ASSERT_GE(passes.size(), 4u);
  std::set<std::string> names;
  for (const auto& p : passes) {
    EXPECT_TRUE(names.insert(p.at("name").get<std::string>()).second) << "twice: " << p;
    EXPECT_FALSE(p.at("why").get<std::string>().empty());
    EXPECT_FALSE(p.at("levels").get<std::string>().empty());
  }
  const auto rules = parse_json(frit_command({"rules", "--json"}).out);
  ASSERT_GE(rules.size(), 4u);
  for (const auto& r : rules) {
    EXPECT_TRUE(names.insert(r.at("name").get<std::string>()).second) << "twice: " << r;
    EXPECT_TRUE(contains(r.at("rule").get<std::string>(), "=>")) << r;
  }
  const Result people = frit_command({"passes"});
  EXPECT_EQ(people.code, 0);
  for (const auto& p : passes) EXPECT_TRUE(contains(people.out, p.at("name").get<std::string>()));
  EXPECT_EQ(frit_command({"rules"}).code, 0);
}

TEST(Doctor, FindsThisMachineFit) {
  const Result r = frit_command({"doctor", "--json"});
  ASSERT_EQ(r.code, 0) << r.out << r.err;
  const auto j = parse_json(r.out);
  EXPECT_EQ(j.at("kernel").at("ok"), true);
  EXPECT_TRUE(j.at("isa") == "avx2" || j.at("isa") == "avx512");
  EXPECT_GE(j.at("cores").get<int>(), 1);
  EXPECT_GT(j.at("memory_bytes").get<int64_t>(), 0);
  EXPECT_EQ(j.at("features").at("avx2"), true);
  std::set<std::string> variables;
  for (const auto& v : j.at("environment")) variables.insert(v.at("name").get<std::string>());
  EXPECT_EQ(variables, variable_names());
  const Result people = frit_command({"doctor"});
  EXPECT_EQ(people.code, 0);
  EXPECT_TRUE(contains(people.out, "kernel: compiled in")) << people.out;
}

TEST(Doctor, SaysWhatIsThereOfAGpuAndWhatIsMissing) {
  // Switched off, so that every machine gives the same answer.
  const std::vector<std::string> off = {"FRIT_LIBCUDA=off", "FRIT_NVRTC=off", "FRIT_CUBLASLT=off"};
  const Result r = frit_command({"doctor", "--json"}, "", off);
  ASSERT_EQ(r.code, 0) << r.out << r.err;
  const auto gpu = parse_json(r.out).at("gpu");
  EXPECT_TRUE(gpu.at("devices").empty());
  EXPECT_TRUE(contains(gpu.at("reason").get<std::string>(), "FRIT_LIBCUDA=off: switched off")) << gpu.at("reason");
  ASSERT_EQ(gpu.at("libraries").size(), 3u);
  for (const auto& l : gpu.at("libraries")) {
    EXPECT_EQ(l.at("found"), false);
    EXPECT_FALSE(l.at("remedy").get<std::string>().empty());
    EXPECT_EQ(l.at("tried").at(0).at("result"), "switched off");
  }
  const Result people = frit_command({"doctor"}, "", off);
  EXPECT_TRUE(contains(people.out, "nvrtc        not found (libnvrtc.so); it is for compiling kernels for a GPU")) << people.out;
  EXPECT_TRUE(contains(people.out, "gpu          none: the NVIDIA driver was not found")) << people.out;
}

TEST(Doctor, TellsOfABadEnvironment) {
  const Result r = frit_command({"doctor"}, "", {"FRIT_THREDS=2"});
  EXPECT_EQ(r.code, 1);
  EXPECT_TRUE(contains(r.out, "FRIT_THREDS")) << r.out;
  EXPECT_TRUE(contains(frit_command({"doctor"}, "", {"FRIT_THREADS=1"}).out, "FRIT_THREADS       1") ||
              contains(frit_command({"doctor"}, "", {"FRIT_THREADS=1"}).out, "threads      1"));
}

}  // namespace
}  // namespace frit::test
