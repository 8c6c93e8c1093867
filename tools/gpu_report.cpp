// `frit gpu-report FOLDER`: joins what scripts/gpu-check left in a folder (steps.txt, doctor.json, tests.json,
// what compute-sanitizer said, bench.json, torch.json) into results.json and results.txt there.
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "tools/cli.h"

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

// What GoogleTest wrote: counts, and the names of the tests that failed.
Json read_tests(const Folder& f) {
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
  return Json{{"passed", passed}, {"failed", failures.size()}, {"skipped", skipped}, {"failures", failures}};
}

// The last line of a tool with SUMMARY in it, without the "=========" in front.
std::string sanitizer_summary(const std::string& text) {
  std::istringstream in(text);
  std::string found;
  for (std::string line; std::getline(in, line);)
    if (line.find("SUMMARY") != std::string::npos) found = line.substr(line.find_first_not_of("= "));
  return found;
}

const Json* case_of(const Json& list, const Json& name) {
  if (list.is_null()) return nullptr;
  for (const Json& c : list.at("cases"))
    if (c.at("name") == name) return &c;
  return nullptr;
}

std::string fixed(const Json& v, const char* format = "%.2f") { return v.is_number() ? printf_string(format, v.get<double>()) : "-"; }

std::string join(const Json& names) {
  std::string out;
  for (const Json& n : names) out += (out.empty() ? "" : ", ") + n.get<std::string>();
  return out;
}

std::string bench_table(const Json& bench, const Json& torch) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& c : bench.at("cases")) {
    const Json* t = case_of(torch, c.at("name"));
    const bool compared = t && t->at("ratio").is_number();
    std::string shape;
    for (const Json& n : c.at("shape")) shape += (shape.empty() ? "" : "x") + std::to_string(n.get<int64_t>());
    rows.push_back({c.at("name"), c.at("dtype").get<std::string>() + " " + shape, fixed(c.at("fused_us"), "%.1f"), fixed(c.at("limit_us"), "%.1f"),
                    fixed(c.at("of_limit")), std::to_string(c.at("kernels").get<int64_t>()), c.at("same_bits").get<bool>() ? "same" : "DIFFERENT",
                    fixed(c.value("enqueue_us", Json())), fixed(c.at("trace_us").get<double>() / 1000 + c.at("compile_ms").get<double>(), "%.1f"),
                    compared ? fixed(t->at("torch").at(t->at("best").get<std::string>()).at("us"), "%.1f") : "-", compared ? fixed(t->at("ratio")) : "-",
                    compared ? t->at("best").get<std::string>() : "-"});
  }
  return table({"case", "arrays", "fused us", "limit us", "of limit", "launches", "bits", "enqueue us", "compile ms", "torch us", "ratio", "torch mode"},
               "llrrrrlrrrrl", rows);
}

// The sentences above the table, and whether all is well.
struct Verdict {
  bool passed = true;
  std::string text;

  void say(bool good, const std::string& what, const std::string& how) {
    passed &= good;
    text += printf_string("%-12s %s%s\n", what.c_str(), good ? "" : "FAILED: ", how.c_str());
  }
};

int run(const std::string& path) {
  const Folder folder{path};
  if (!std::filesystem::is_directory(path)) throw UsageError("there is no folder " + path);
  const Json steps = read_steps(folder), doctor = folder.json("doctor.json"), tests = read_tests(folder), bench = folder.json("bench.json"),
             torch = folder.json("torch.json");
  auto status = [&](const std::string& step) { return steps.value(step, -1); };  // -1: it did not run
  auto ended = [&](const std::string& step) { return "ended with status " + std::to_string(status(step)); };

  Verdict v;
  if (!bench.is_null() && bench.at("machine").contains("gpu")) {
    const Json& g = bench.at("machine").at("gpu");
    v.text += printf_string("%-12s %s, driver %s, NVRTC %s\n", "gpu", g.at("name").get<std::string>().c_str(), g.at("driver").get<std::string>().c_str(),
                            g.at("nvrtc").get<std::string>().c_str());
  }
  v.say(status("doctor") == 0, "doctor", status("doctor") == 0 ? "works" : ended("doctor") + ", see doctor.txt");
  if (tests.is_null()) {
    v.say(false, "tests", ended("tests") + " and left no result, see tests.txt");
  } else {
    std::string counts = printf_string("%d passed, %d failed, %d skipped", tests.at("passed").get<int>(), tests.at("failed").get<int>(), tests.at("skipped").get<int>());
    if (tests.at("failed") != 0) counts += ": " + join(tests.at("failures"));
    else if (status("tests") != 0) counts += "; " + ended("tests");
    v.say(status("tests") == 0 && tests.at("failed") == 0, "tests", counts);
  }
  Json sanitizer = Json::object();
  for (const char* tool : kSanitizers) {
    const auto text = folder.text(std::string(tool) + ".txt");
    if (status(tool) < 0) {
      sanitizer[tool] = nullptr;
      v.say(true, tool, "not run: compute-sanitizer is not installed");
      continue;
    }
    sanitizer[tool] = Json{{"status", status(tool)}, {"summary", sanitizer_summary(text.value_or(""))}};
    const std::string summary = sanitizer[tool]["summary"];
    v.say(status(tool) == 0, tool, summary.empty() ? ended(tool) : summary);
  }
  if (bench.is_null()) {
    v.say(false, "bench", ended("bench") + " and left no result, see bench.log");
  } else {
    Json different = Json::array(), least, least_name;
    for (const Json& c : bench.at("cases")) {
      if (!c.at("same_bits").get<bool>()) different.push_back(c.at("name"));
      if (c.at("of_limit").is_number() && (least.is_null() || c.at("of_limit") < least)) least = c.at("of_limit"), least_name = c.at("name");
    }
    std::string how = std::to_string(bench.at("cases").size()) + " cases, " + (different.empty() ? "the same bits in all" : "other bits in " + join(different));
    if (!least.is_null()) how += "; least share of the limit " + fixed(least) + " (" + least_name.get<std::string>() + ")";
    if (status("bench") != 0 && different.empty()) how += "; " + ended("bench");
    v.say(status("bench") == 0 && different.empty(), "bench", how);
  }
  if (status("torch") == 2 || status("torch") < 0) {
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

  Json results{{"passed", v.passed}, {"steps", steps}, {"doctor", doctor}, {"tests", tests}, {"sanitizer", sanitizer}, {"bench", bench}, {"torch", torch}};
  folder.write("results.json", results.dump(2) + "\n");
  std::string text = v.text;
  if (!bench.is_null()) text += "\n" + bench_table(bench, torch);
  text += v.passed ? "\nall passed\n" : "\nsomething failed\n";
  folder.write("results.txt", text);
  print(text);
  return v.passed ? kOk : kUserError;
}

}  // namespace

CLI::App* add_gpu_report(CLI::App& app, Action& action) {
  CLI::App* c = app.add_subcommand("gpu-report", "Joins what scripts/gpu-check left in a folder into one JSON and one table")->group("");  // hidden; gpu-check
  auto folder = std::make_shared<std::string>();
  c->add_option("FOLDER", *folder, "the folder")->required();
  c->final_callback([=, &action] { action = [=] { return run(*folder); }; });
  return c;
}

}  // namespace frit::tools
