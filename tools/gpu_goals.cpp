// See gpu_goals.h. The table is the only place of these numbers; which cases they speak of stands in the bench's.
#include "tools/gpu_goals.h"

#include <algorithm>
#include <cmath>

#include "bench/cases.h"

namespace frit::tools {
namespace {

using bench::Case;
using bench::Family;
using bench::Kind;

bool f32_memory(const Case& c) { return c.dtype == DType::f32 && c.kind == Kind::memory; }
bool plain_elementwise(const Case& c) { return f32_memory(c) && c.family == Family::elementwise; }
bool rows_in_reach(const Case& c) {
  if (!f32_memory(c) || (c.family != Family::rows && c.family != Family::exp_rows)) return false;
  const int64_t n = c.shape[c.shape.rank() - 1];
  return n >= 1024 && n <= 65536;
}
bool sums(const Case& c) { return f32_memory(c) && c.family == Family::sums; }
bool exponentials_of_bf16(const Case& c) { return c.dtype == DType::bf16 && c.kind == Kind::memory && c.family == Family::exp_rows; }
bool runs(const Case& c) { return c.kind != Kind::compile; }
bool one_small_kernel(const Case& c) { return c.name == "tiny"; }
bool any(const Case&) { return true; }

enum class Bound { at_least, at_most };

struct Goal {
  const char* what;
  Bound bound;
  double wanted;
  bool (*asked)(const Case&);  // of these cases; of the whole where null
  const char* where;           // the number, in a case or in the whole
  bool mean = false;           // the geometric mean, not each case
};

constexpr Goal kGoals[] = {
    {"f32 elementwise, strict: share of the copy", Bound::at_least, 0.95, plain_elementwise, "/strict/of_limit"},
    {"f32 rows of 1K to 64K, strict: share of the copy", Bound::at_least, 0.90, rows_in_reach, "/strict/of_limit"},
    {"f32 sums, strict: share of the read", Bound::at_least, 0.90, sums, "/strict/of_limit"},
    {"bf16 with exponentials, strict: share of the copy", Bound::at_least, 0.70, exponentials_of_bf16, "/strict/of_limit"},
    {"bf16 with exponentials, fast: share of the copy", Bound::at_least, 0.90, exponentials_of_bf16, "/fast/of_limit"},
    {"time of torch.compile's best mode over ours, each", Bound::at_least, 0.95, runs, "/torch/ratio"},
    {"the same, geometric mean", Bound::at_least, 1.20, runs, "/torch/ratio", true},
    {"us to enqueue a warm call of one kernel", Bound::at_most, 3.0, one_small_kernel, "/strict/enqueue_us"},
    {"our time to compile over bare NVRTC's, each", Bound::at_most, 1.10, any, "/compile/ratio"},
    {"tests (the CPU's bytes): faults", Bound::at_most, 0, nullptr, "/tests/faults"},
};

struct Value {
  std::string name;
  double value;
};

std::vector<Value> values_of(const Goal& g, const Json& results) {
  const Json::json_pointer where(g.where);
  std::vector<Value> out;
  auto take = [&](const std::string& name, const Json& from) {
    if (from.contains(where) && from.at(where).is_number()) out.push_back({name, from.at(where).get<double>()});
  };
  if (!g.asked) {
    take("", results);
    return out;
  }
  for (const auto* cases : {&bench::cases(), &bench::gpu_cases()})
    for (const Case& c : *cases) {
      if (!g.asked(c)) continue;
      for (const Json& r : results.at("cases"))
        if (r.at("name") == c.name) take(c.name, r);
    }
  return out;
}

size_t asked_of(const Goal& g) {
  if (!g.asked) return 1;
  return static_cast<size_t>(std::ranges::count_if(bench::cases(), g.asked) + std::ranges::count_if(bench::gpu_cases(), g.asked));
}

Json reached(const Goal& g, const Json& results) {
  std::vector<Value> values = values_of(g, results);
  const size_t measured = values.size(), of = asked_of(g);
  if (g.mean && measured > 0) {
    double sum = 0;
    for (const Value& v : values) sum += std::log(v.value);
    values = {{"", std::exp(sum / static_cast<double>(measured))}};
  }
  auto meets = [&](const Value& v) { return g.bound == Bound::at_least ? v.value >= g.wanted : v.value <= g.wanted; };
  Json worst, name, under = Json::array();
  for (const Value& v : values) {
    if (worst.is_null() || (g.bound == Bound::at_least ? v.value < worst.get<double>() : v.value > worst.get<double>())) {
      worst = v.value;
      name = v.name.empty() ? Json() : Json(v.name);
    }
    if (!meets(v)) under.push_back(Json{{"name", v.name}, {"value", v.value}});
  }
  const char* state = measured == 0 ? "not measured" : !under.empty() ? "not met" : measured < of ? "met in part" : "met";
  return Json{{"goal", g.what},   {"wanted", printf_string("%s %.2f", g.bound == Bound::at_least ? ">=" : "<=", g.wanted)},
              {"state", state},   {"value", worst},
              {"case", name},     {"measured", measured},
              {"of", of},         {"short", under}};
}

}  // namespace

Json goals_reached(const Json& results) {
  Json out = Json::array();
  for (const Goal& g : kGoals) out.push_back(reached(g, results));
  return out;
}

std::string goals_table(const Json& goals) {
  std::vector<std::vector<std::string>> rows;
  std::string under;
  for (const Json& g : goals) {
    rows.push_back({g.at("goal"), g.at("wanted"), g.at("value").is_number() ? printf_string("%.3f", g.at("value").get<double>()) : "-",
                    g.at("case").is_string() ? g.at("case").get<std::string>() : "-",
                    std::to_string(g.at("measured").get<int64_t>()) + " of " + std::to_string(g.at("of").get<int64_t>()), g.at("state")});
    std::string names;
    for (const Json& s : g.at("short"))
      if (!s.at("name").get<std::string>().empty())
        names += (names.empty() ? "" : ", ") + s.at("name").get<std::string>() + printf_string(" %.3f", s.at("value").get<double>());
    if (!names.empty()) under += g.at("goal").get<std::string>() + ", short: " + names + "\n";
  }
  return table({"goal", "wanted", "worst", "case", "measured", "state"}, "llrlrl", rows) + under;
}

}  // namespace frit::tools
