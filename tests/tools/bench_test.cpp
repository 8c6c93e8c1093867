// bench: fields, facts (launches, bits, hashes) and baselines, on small arrays. No time is judged.
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <set>
#include <sstream>

#include "tests/tools/command.h"

namespace frit::test {
namespace {

const std::vector<std::string> kOneLaunch = {"saxpy",    "gelu",     "black_scholes", "chain20",   "add_transpose", "sum_all",
                                             "sum_rows", "sum_cols", "softmax",       "layernorm", "adam",          "adamw200",      "tiny"};

nlohmann::json bench(std::vector<std::string> options) {
  std::vector<std::string> line = {"bench", "--scale", "4096", "--rounds", "2", "--json", temporary("out.json")};
  line.insert(line.end(), options.begin(), options.end());
  line.insert(line.end(), kOneLaunch.begin(), kOneLaunch.end());
  const Result r = frit_command(line);
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(contains(r.err, "softmax: ")) << r.err;   // progress
  EXPECT_TRUE(contains(r.out, "of limit")) << r.out;    // the table
  return parse_json(read_text(temporary("out.json")));
}

TEST(Bench, FieldsLaunchesAndBits) {
  const auto j = bench({});
  EXPECT_TRUE(j.at("machine").is_object());
  EXPECT_FALSE(j.at("probes").empty());
  ASSERT_EQ(j.at("cases").size(), kOneLaunch.size());
  std::set<std::string> names;
  for (const auto& c : j.at("cases")) {
    const std::string name = c.at("name");
    names.insert(name);
    for (const char* key : {"shape", "dtype", "device", "threads", "isa", "eager_us", "fused_us", "limit_us", "of_limit", "eager_of_limit",
                            "eager_kernels", "kernels", "bytes", "trace_us", "compile_ms", "same_bits", "hash"})
      EXPECT_TRUE(c.contains(key)) << name << " " << key;
    EXPECT_EQ(c.at("kernels"), 1) << name;
    EXPECT_GE(c.at("eager_kernels"), 1) << name;
    EXPECT_EQ(c.at("same_bits"), true) << name;
    EXPECT_EQ(c.at("hash").get<std::string>().size(), 16u) << name;
    EXPECT_GT(c.at("fused_us").get<double>(), 0) << name;
    EXPECT_GT(c.at("compile_ms").get<double>(), 0) << name;
    EXPECT_EQ(c.at("of_limit").is_null(), name == "tiny");
    int64_t count = 1;
    for (const auto& n : c.at("shape")) count *= n.get<int64_t>();
    // Bytes as executed are those that the case must move, where its arrays all have one shape.
    const std::map<std::string, int64_t> moved = {{"saxpy", 3}, {"gelu", 2}, {"black_scholes", 5}, {"chain20", 2}, {"add_transpose", 2},
                                                  {"softmax", 2}, {"adam", 7}};
    if (const auto m = moved.find(name); m != moved.end()) {
      EXPECT_EQ(c.at("bytes"), m->second * count * 4) << name;
    }
    if (name == "chain20") {
      EXPECT_EQ(c.at("eager_kernels"), 20);
    }
    EXPECT_EQ(c.contains("eager_ops"), (std::set<std::string>{"saxpy", "gelu", "black_scholes", "chain20"}.contains(name))) << name;
  }
  EXPECT_EQ(names.size(), kOneLaunch.size());
}

TEST(Bench, OneHashACase) {
  std::map<std::string, std::set<std::string>> hashes;
  for (const char* threads : {"1", "2"})
    for (const char* isa : {"avx2", ""}) {
      std::vector<std::string> options = {"--threads", threads};
      if (*isa) options.insert(options.end(), {"--isa", isa});
      const auto report = bench(options);
      for (const auto& c : report.at("cases")) hashes[c.at("name")].insert(c.at("hash").get<std::string>());
    }
  for (const auto& [name, all] : hashes) EXPECT_EQ(all.size(), 1u) << name;
}

TEST(Bench, List) {
  const Result r = frit_command({"bench", "--list"});
  EXPECT_EQ(r.code, 0);
  for (const std::string& name : kOneLaunch) EXPECT_TRUE(contains(r.out, "\n" + name + " ")) << name;
  const auto j = parse_json(frit_command({"bench", "--list", "--json"}).out);
  EXPECT_GE(j.size(), kOneLaunch.size());
  for (const auto& c : j) {
    EXPECT_FALSE(c.at("shape").empty());
    EXPECT_TRUE((std::set<std::string>{"memory", "cached", "call", "compile"}.contains(c.at("kind")))) << c;
    EXPECT_GT(c.at("reads").get<int>() + c.at("writes").get<int>(), 0);
    EXPECT_EQ(c.at("compared_numerics"), c.at("name") == "softmax_bf16" || c.at("name") == "swiglu_bf16" ? "fast" : "strict") << c;
    ASSERT_EQ(c.contains("tensors"), c.at("name") == "adamw200") << c;
    if (!c.contains("tensors")) continue;
    int64_t elements = 0;
    for (const auto& shape : c.at("tensors")) elements += std::accumulate(shape.begin(), shape.end(), int64_t{1}, [](int64_t n, const auto& e) { return n * e.template get<int64_t>(); });
    EXPECT_EQ(c.at("tensors").size(), 200u);
    EXPECT_EQ(elements, c.at("shape")[0]);
  }
}

// A line of input before each step, a line of output after it, the results as ever.
TEST(Bench, TakesTurns) {
  const std::vector<std::string> line = {"bench", "sum_rows", "tiny", "--scale", "4096", "--rounds", "2", "--turns", "--json", temporary("turns.json")};
  const Result r = frit_command(line, std::string(8, '\n'));
  EXPECT_EQ(r.code, 0) << r.err;
  std::istringstream lines(r.out);
  std::vector<std::string> steps;
  for (std::string l; std::getline(lines, l);) {
    const auto j = parse_json(l);
    EXPECT_EQ(j.at("numerics"), "strict");
    steps.push_back(j.at("case").get<std::string>() + " " + j.at("step").get<std::string>());
    EXPECT_EQ(j.at("fused_us").get<double>() > 0, j.at("step") == "round") << l;
    EXPECT_EQ(j.at("limit_us").get<double>() > 0, j.at("step") == "round" && j.at("case") == "sum_rows") << l;
  }
  EXPECT_EQ(steps, (std::vector<std::string>{"sum_rows ready", "sum_rows round", "sum_rows round", "sum_rows end", "tiny ready", "tiny round", "tiny round", "tiny end"}));
  EXPECT_EQ(parse_json(read_text(temporary("turns.json"))).at("cases").size(), 2u);
  const Result cut = frit_command(line, "\n\n");
  EXPECT_EQ(cut.code, 1);
  EXPECT_TRUE(contains(cut.err, "standard input ended")) << cut.err;
  EXPECT_EQ(frit_command({"bench", "tiny", "--turns", "--json"}).code, 2);
}

// Cases that consist of exponentials of bf16 are held against others' code under fast numerics, and measured under both.
TEST(Bench, BothNumerics) {
  const std::string file = temporary("both.json");
  auto rows = [&](const std::string& numerics) {
    const Result r = frit_command({"bench", "sum_rows", "softmax_bf16", "--numerics", numerics, "--scale", "4096", "--rounds", "1", "--json", file});
    EXPECT_EQ(r.code, 0) << r.err;
    if (numerics == "both") {
      EXPECT_TRUE(contains(r.out, "\nsoftmax_bf16 ") && contains(r.out, "\nsoftmax_bf16 fast ")) << r.out;
      EXPECT_TRUE(contains(r.err, "fast softmax_bf16: ")) << r.err;
    }
    std::vector<std::string> out;
    const auto j = parse_json(read_text(file));
    for (const auto& c : j.at("cases")) out.push_back(c.at("name").get<std::string>() + " " + c.at("numerics").get<std::string>());
    return out;
  };
  using Rows = std::vector<std::string>;
  EXPECT_EQ(rows("strict"), (Rows{"sum_rows strict", "softmax_bf16 strict"}));
  EXPECT_EQ(rows("both"), (Rows{"sum_rows strict", "softmax_bf16 strict", "softmax_bf16 fast"}));
  EXPECT_EQ(rows("compared"), (Rows{"sum_rows strict", "softmax_bf16 fast"}));
  EXPECT_EQ(rows("fast"), (Rows{"sum_rows fast", "softmax_bf16 fast"}));
  EXPECT_EQ(frit_command({"bench", "tiny", "--numerics", "quick"}).code, 2);
}

// Probes are known by bytes: two cases of different types have two.
TEST(Bench, ProbesAreKnownByTheirBytes) {
  const std::string file = temporary("probes.json");
  EXPECT_EQ(frit_command({"bench", "softmax_l2", "swiglu_bf16", "softmax_bf16", "layernorm", "--scale", "4096", "--rounds", "1", "--json", file}).code, 0);
  const auto j = parse_json(read_text(file));
  std::set<std::string> wanted;
  for (const auto& c : j.at("cases")) {
    int64_t bytes = c.at("dtype") == "bf16" ? 2 : 4;
    for (const auto& n : c.at("shape")) bytes *= n.get<int64_t>();
    const std::string start = c.at("probe").get<std::string>() + ", arrays of " + std::to_string(bytes) + " bytes, ";
    int found = 0;
    for (const auto& [name, us] : j.at("probes").items()) found += name.starts_with(start);
    EXPECT_EQ(found, 1) << start << j.at("probes");
  }
}

// What compiling costs beside NVRTC alone. No time is judged.
TEST(Bench, CompileCost) {
  const Result r = frit_command({"bench", "softmax", "tiny", "kernels20", "--compile", "--gpu=A100", "--rounds", "1", "--json", "-"});
  if (r.code == 1 && contains(r.err, "NVRTC")) GTEST_SKIP() << "SKIPPED: " << r.err;
  ASSERT_EQ(r.code, 0) << r.err;
  const auto j = parse_json(r.out);
  EXPECT_EQ(j.at("gpu"), "A100");
  ASSERT_EQ(j.at("cases").size(), 3u);
  for (const auto& c : j.at("cases")) {
    const bool many = c.at("name") == "kernels20";
    if (many) {
      EXPECT_LT(c.at("different"), c.at("kernels")) << c;
    } else {
      EXPECT_EQ(c.at("kernels"), 1) << c;
    }
    EXPECT_LE(c.at("texts"), c.at("different")) << c;
    EXPECT_GT(c.at("bytes").get<int>(), 1000) << c;
    EXPECT_GT(c.at("bare_ms").get<double>(), 0) << c;
    EXPECT_GT(c.at("ours_ms").get<double>(), 0) << c;
  }
}

TEST(Bench, ADeviceThatIsNotThereNamesNoPlaceOfOurs) {
  const Result r = frit_command({"bench", "tiny", "--device=gpu:99"});
  EXPECT_EQ(r.code, 1);
  EXPECT_TRUE(contains(r.err, "there is no GPU")) << r.err;
  EXPECT_FALSE(contains(r.err, ".cpp")) << r.err;
  EXPECT_EQ(frit_command({"bench", "tiny", "--device=cpu", "--gpu=H200"}).code, 2);
  EXPECT_EQ(frit_command({"bench", "tiny", "--compile", "--gpu=H2000"}).code, 2);
}

// A baseline made of a run with one number or text replaced.
Result against(const std::string& key, const nlohmann::json& value) {
  const std::string file = temporary("base.json");
  const std::vector<std::string> line = {"bench", "sum_rows", "--scale", "4096", "--rounds", "2", "--json", file};
  EXPECT_EQ(frit_command(line).code, 0);
  auto j = parse_json(read_text(file));
  j["cases"][0]["of_limit"] = 0;  // whatever the second run takes, it is not slower than this
  j["cases"][0][key] = value;
  return frit_command({"bench", "sum_rows", "--scale", "4096", "--rounds", "2", "--baseline", temporary("base.json", j.dump())});
}

TEST(Bench, Baselines) {
  EXPECT_EQ(against("of_limit", 0).code, 0);
  const Result slower = against("of_limit", 1e9);
  EXPECT_EQ(slower.code, 1);
  EXPECT_TRUE(contains(slower.err, "sum_rows: ")) << slower.err;
  const Result bits = against("hash", "0000000000000000");
  EXPECT_EQ(bits.code, 1);
  EXPECT_TRUE(contains(bits.err, "other bits")) << bits.err;
  EXPECT_EQ(against("shape", {1, 2}).code, 0);  // another size is not compared
  for (const char* text : {"", "{", "{}", "{\"cases\": [{}]}"}) {
    const Result broken = frit_command({"bench", "tiny", "--baseline", temporary("b.json", text)});
    EXPECT_EQ(broken.code, 1);
    EXPECT_TRUE(contains(broken.err, "b.json")) << broken.err;
  }
  EXPECT_EQ(frit_command({"bench", "tiny", "--baseline", temporary("nosuch.json")}).code, 1);
}

}  // namespace
}  // namespace frit::test
