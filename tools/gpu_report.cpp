// `frit gpu-report FOLDER`: joins what scripts/gpu-check left in a folder (steps.txt, doctor.json, tests.json,
// what compute-sanitizer said, bench.json, compile.json, torch.json) into results.json and results.txt there: a row a
// case, and what of the goals (gpu_goals.h) was reached.
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "bench/cases.h"
#include "tools/cli.h"
#include "tools/gpu_goals.h"

namespace frit::tools {
namespace {

constexpr const char* kSanitizers[] = {"memcheck", "racecheck"};

struct Folder {
  std::string path;

  std::optional<std::string> text(const std::string& name) const {
    std::ifstream in(path + "/" + name);
    if (!in) return std::nullopt;
    std::ostringstream s;
    s << in.rdbuf();
    return s.str();
  }
  // Null where there is no such file, or nothing in it (a program that died leaves that).
  Json json(const std::string& name) const {
    const auto s = text(name);
    if (!s || s->empty()) return nullptr;
    try {
      return Json::parse(*s);
    } catch (const Json::exception& e) {
      throw Error("frit gpu-report", path + "/" + name + " is no JSON: " + e.what());
    }
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream out(path + "/" + name);
    if (!(out << text).flush()) throw Error("frit gpu-report", "cannot write " + path + "/" + name);
  }
};

// "tests 0" lines: the exit status of each step that ran.
Json read_steps(const Folder& f) {
  const auto text = f.text("steps.txt");
  if (!text) throw Error("frit gpu-report", f.path + " has no steps.txt", {}, {}, "scripts/gpu-check makes such folders");
  Json steps = Json::object();
  std::istringstream in(*text);
  std::string name;
  for (int status; in >> name >> status;) steps[name] = status;
  return steps;
}

// What GoogleTest wrote: counts, and the names of the tests that failed. status: of the step. faults: the tests that
// failed, or 1 where the program ended badly for another reason; null where no test ran.
Json read_tests(const Folder& f, int status) {
  const Json j = f.json("tests.json");
  if (j.is_null()) return nullptr;
  int passed = 0, skipped = 0;
  Json failures = Json::array();
  for (const Json& suite : j.at("testsuites"))
    for (const Json& t : suite.at("testsuite")) {
      if (t.contains("failures")) failures.push_back(suite.at("name").get<std::string>() + "." + t.at("name").get<std::string>());
      else if (t.value("status", "RUN") == "NOTRUN" || t.value("result", "COMPLETED") != "COMPLETED") ++skipped;
      else ++passed;
    }
  const size_t failed = failures.size();
  Json faults;
  if (failed > 0 || status != 0) faults = std::max<size_t>(failed, 1);
  else if (passed > 0) faults = 0;
  return Json{{"passed", passed}, {"failed", failed}, {"skipped", skipped}, {"faults", faults}, {"failures", failures}};
}

// The last line of a tool with SUMMARY in it, without the "=========" in front.
std::string sanitizer_summary(const std::string& text) {
  std::istringstream in(text);
  std::string found;
  for (std::string line; std::getline(in, line);)
    if (line.find("SUMMARY") != std::string::npos) found = line.substr(line.find_first_not_of("= "));
  return found;
}

// The entry of a case in a list with a member "cases", which it leaves; null where there is none.
Json taken(const Json& list, const std::string& name, const std::string& numerics = {}) {
  if (list.is_null()) return nullptr;
  for (const Json& c : list.at("cases")) {
    if (c.at("name") != name || (!numerics.empty() && c.at("numerics") != numerics)) continue;
    Json entry = c;
    for (const char* key : {"name", "shape", "dtype", "kind"}) entry.erase(key);
    return entry;
  }
  return nullptr;
}

// What is known of each case: under strict and fast numerics, beside torch, of its compilation.
Json joined(const Json& bench, const Json& compile, const Json& torch) {
  Json out = Json::array();
  for (const auto* cases : {&bench::cases(), &bench::gpu_cases()})
    for (const bench::Case& c : *cases) {
      Json shape = c.shape.vec();
      if (!bench.is_null())  // as it was run
        for (const Json& b : bench.at("cases"))
          if (b.at("name") == c.name) shape = b.at("shape");
      Json j{{"name", c.name},
             {"shape", shape},
             {"dtype", name(c.dtype)},
             {"family", bench::name(c.family)},
             {"strict", taken(bench, c.name, "strict")},
             {"fast", taken(bench, c.name, "fast")},
             {"torch", taken(torch, c.name)},
             {"compile", taken(compile, c.name)}};
      if (!j.at("strict").is_null() || !j.at("fast").is_null() || !j.at("torch").is_null() || !j.at("compile").is_null()) out.push_back(std::move(j));
    }
  return out;
}

// Without its cases, which stand in the joined list.
Json without_cases(Json list) {
  if (!list.is_null()) list.erase("cases");
  return list;
}

std::string fixed(const Json& v, const char* format = "%.2f") { return v.is_number() ? printf_string(format, v.get<double>()) : "-"; }

std::string join(const Json& names) {
  std::string out;
  for (const Json& n : names) out += (out.empty() ? "" : ", ") + n.get<std::string>();
  return out;
}

std::string cases_table(const Json& cases) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& c : cases) {
    const Json &strict = c.at("strict"), &fast = c.at("fast"), &torch = c.at("torch");
    if (strict.is_null() && fast.is_null() && torch.is_null()) continue;
    auto of = [](const Json& from, const char* key, const char* format = "%.2f") { return from.is_null() ? "-" : fixed(from.value(key, Json()), format); };
    const bool compared = !torch.is_null() && torch.at("ratio").is_number();
    std::string shape;
    for (const Json& n : c.at("shape")) shape += (shape.empty() ? "" : "x") + std::to_string(n.get<int64_t>());
    const Json& any = strict.is_null() ? fast : strict;
    rows.push_back({c.at("name"), c.at("dtype").get<std::string>() + " " + shape, of(any, "limit_us", "%.1f"), of(strict, "fused_us", "%.1f"), of(strict, "of_limit"),
                    of(fast, "fused_us", "%.1f"), of(fast, "of_limit"), any.is_null() ? "-" : std::to_string(any.at("kernels").get<int64_t>()),
                    strict.is_null() ? "-" : strict.at("same_bits").get<bool>() ? "same" : "DIFFERENT", of(strict, "enqueue_us"),
                    any.is_null() ? "-" : fixed(any.at("trace_us").get<double>() / 1000 + any.at("compile_ms").get<double>(), "%.1f"),
                    compared ? fixed(torch.at("torch").at(torch.at("best").get<std::string>()).at("us"), "%.1f") : "-", compared ? torch.at("best").get<std::string>() : "-",
                    compared ? torch.at("numerics").get<std::string>() : "-", compared ? fixed(torch.at("ratio")) : "-"});
  }
  return table({"case", "arrays", "limit us", "strict us", "of limit", "fast us", "of limit", "launches", "bits", "enqueue us", "compile ms", "torch us", "torch mode",
                "against", "ratio"},
               "llrrrrrrlrrrllr", rows);
}

constexpr const char* kLegend =
    "limit: a copy or read kernel of our own over the same arrays. strict, fast: Frit under Numerics::strict and Numerics::fast, with their shares\n"
    "of the limit. bits: whether eager and fused agree, strict. torch: torch.compile's best mode, in turns with Frit under the numerics that\n"
    "`against` names; ratio: torch's time over Frit's, above 1 Frit is faster.\n";

// The sentences above the table, and whether all is well.
struct Verdict {
  bool passed = true;
  std::string text;

  void skipped(const std::string& what) { say(true, what, "not run"); }

  void say(bool good, const std::string& what, const std::string& how) {
    passed &= good;
    text += printf_string("%-12s %s%s\n", what.c_str(), good ? "" : "FAILED: ", how.c_str());
  }
};

int run(const std::string& path) {
  const Folder folder{path};
  if (!std::filesystem::is_directory(path)) throw UsageError("there is no folder " + path);
  const Json steps = read_steps(folder), doctor = folder.json("doctor.json"), bench = folder.json("bench.json"), compile = folder.json("compile.json"),
             torch = folder.json("torch.json");
  auto status = [&](const std::string& step) { return steps.value(step, -1); };  // -1: it did not run
  auto ended = [&](const std::string& step) { return "ended with status " + std::to_string(status(step)); };
  const Json tests = read_tests(folder, status("tests"));

  Verdict v;
  if (!bench.is_null() && bench.at("machine").contains("gpu")) {
    const Json& g = bench.at("machine").at("gpu");
    v.text += printf_string("%-12s %s, driver %s, NVRTC %s\n", "gpu", g.at("name").get<std::string>().c_str(), g.at("driver").get<std::string>().c_str(),
                            g.at("nvrtc").get<std::string>().c_str());
  }
  if (status("doctor") < 0) v.skipped("doctor");
  else v.say(status("doctor") == 0, "doctor", status("doctor") == 0 ? "works" : ended("doctor") + ", see doctor.txt");
  if (status("tests") < 0) {
    v.skipped("tests");
  } else if (tests.is_null()) {
    v.say(false, "tests", ended("tests") + " and left no result, see tests.txt");
  } else {
    std::string counts = printf_string("%d passed, %d failed, %d skipped", tests.at("passed").get<int>(), tests.at("failed").get<int>(), tests.at("skipped").get<int>());
    if (tests.at("failed") != 0) counts += ": " + join(tests.at("failures"));
    else if (status("tests") != 0) counts += "; " + ended("tests");
    v.say(tests.at("faults") == 0, "tests", counts);
  }
  Json sanitizer = Json::object();
  for (const char* tool : kSanitizers) {
    const auto text = folder.text(std::string(tool) + ".txt");
    if (status(tool) < 0) {
      sanitizer[tool] = nullptr;
      v.skipped(tool);
      continue;
    }
    sanitizer[tool] = Json{{"status", status(tool)}, {"summary", sanitizer_summary(text.value_or(""))}};
    const std::string summary = sanitizer[tool]["summary"];
    v.say(status(tool) == 0, tool, summary.empty() ? ended(tool) : summary);
  }
  if (status("bench") < 0) {
    v.skipped("bench");
  } else if (bench.is_null()) {
    v.say(false, "bench", ended("bench") + " and left no result, see bench.log");
  } else {
    Json different = Json::array(), least, least_name;
    int strict = 0;
    for (const Json& c : bench.at("cases")) {
      if (c.at("numerics") != "strict") continue;
      ++strict;
      if (!c.at("same_bits").get<bool>()) different.push_back(c.at("name"));
      if (c.at("of_limit").is_number() && (least.is_null() || c.at("of_limit") < least)) least = c.at("of_limit"), least_name = c.at("name");
    }
    std::string how = std::to_string(strict) + " cases under strict numerics, " + (different.empty() ? "the same bits in all" : "other bits in " + join(different)) + "; " +
                      std::to_string(bench.at("cases").size() - static_cast<size_t>(strict)) + " of them under fast numerics too";
    if (!least.is_null()) how += "; least share of the limit, strict: " + fixed(least) + " (" + least_name.get<std::string>() + ")";
    if (status("bench") != 0 && different.empty()) how += "; " + ended("bench");
    v.say(status("bench") == 0 && different.empty(), "bench", how);
  }
  if (status("compile") < 0) v.skipped("compile");
  else if (compile.is_null() || status("compile") != 0) v.say(false, "compile", ended("compile") + ", see compile.log");
  else v.say(true, "compile", std::to_string(compile.at("cases").size()) + " cases, geometric mean of our time over bare NVRTC's " + fixed(compile.at("geomean"), "%.3f"));
  if (status("torch") < 0) {
    v.skipped("torch");
  } else if (status("torch") == 2) {
    std::string why = folder.text("torch.log").value_or("");
    why.erase(why.find_last_not_of('\n') + 1);
    v.say(true, "torch", "not compared" + (why.empty() ? std::string() : ": " + why.substr(why.rfind('\n') + 1)));
  } else if (torch.is_null()) {
    v.say(false, "torch", ended("torch") + ", see torch.log");
  } else {
    std::string how = torch.at("torch").get<std::string>() + ": " + std::to_string(torch.at("compared").get<int>()) + " cases, geometric mean of its best mode's time over ours " +
                      fixed(torch.at("geomean"));
    if (!torch.at("below").empty()) how += "; under 0.95: " + join(torch.at("below"));
    if (!torch.at("failed").empty()) how += "; modes of torch that failed: " + join(torch.at("failed"));
    v.say(status("torch") == 0, "torch", how);
  }

  Json results{{"passed", v.passed},
               {"steps", steps},
               {"goals", Json::array()},
               {"doctor", doctor},
               {"tests", tests},
               {"sanitizer", sanitizer},
               {"bench", without_cases(bench)},
               {"compile", without_cases(compile)},
               {"torch", without_cases(torch)},
               {"cases", joined(bench, compile, torch)}};
  results["goals"] = goals_reached(results);
  folder.write("results.json", results.dump(2) + "\n");
  std::string text = v.text + (v.passed ? "every step ended well\n" : "something failed\n");
  text += "\nWhat an H200 is asked to reach (docs/bench.md)\n" + goals_table(results.at("goals"));
  if (!results.at("cases").empty()) text += "\nThe cases\n" + cases_table(results.at("cases")) + kLegend;
  folder.write("results.txt", text);
  print(text);
  return v.passed ? kOk : kUserError;
}

}  // namespace

CLI::App* add_gpu_report(CLI::App& app, Action& action) {
  CLI::App* c = app.add_subcommand("gpu-report", "Joins what scripts/gpu-check left in a folder into one JSON and one table")->group("");  // hidden; gpu-check
  auto folder = std::make_shared<std::string>();
  c->add_option("FOLDER", *folder, "the folder")->required();
  c->final_callback([=, &action] {
    action = [=] {
      try {
        return run(*folder);
      } catch (const Json::exception& e) {
        throw Error("frit gpu-report", "a JSON file in " + *folder + " does not hold what this version writes: " + e.what(), {}, {}, "run scripts/gpu-check again");
      }
    };
  });
  return c;
}

}  // namespace frit::tools
