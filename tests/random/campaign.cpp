#include "tests/random/campaign.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <set>
#include <string_view>
#include <thread>

#include "ir/text.h"
#include "tests/engines/engines.h"
#include "tests/engines/inputs.h"
#include "tests/random/generate.h"
#include "tests/random/shrink.h"

namespace frit::test {
namespace {

thread_local uint64_t current_seed;

void report_crash(int number) {
  char text[128];
  const int n = snprintf(text, sizeof text, "signal %d in the random program of seed %llu\n", number,
                         static_cast<unsigned long long>(current_seed));
  [[maybe_unused]] auto written = write(2, text, static_cast<size_t>(n));
  signal(number, SIG_DFL);
  raise(number);
}

// What is wrong with a program, its arguments made from a seed; crashes too where isolated.
std::string problem_of(const ir::Func& f, uint64_t seed, const Campaign& c) {
  const EngineOptions options = options_for(seed, c.thorough, c.numerics);
  if (!c.isolate) return run_engines(f, make_inputs(f, seed), options).problem;
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    for (int s : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) signal(s, SIG_DFL);
    const std::string p = run_engines(f, make_inputs(f, seed), options).problem.substr(0, 4000);
    [[maybe_unused]] auto written = write(ends[1], p.data(), p.size());
    _exit(p.empty() ? 0 : 1);
  }
  close(ends[1]);
  std::string p;
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) p.append(buffer, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return "crashes with signal " + std::to_string(WTERMSIG(status));
  return p;
}

// What kind of fault it is: without numbers, engines and places, so that a program does not turn into
// one with another fault while it shrinks.
std::string kind_of(const std::string& problem) {
  const std::string_view first = std::string_view(problem).substr(0, problem.find('\n'));
  if (first.find(" differ, first element") != first.npos) {
    std::string kind = "different bits";
    for (std::string_view word : {"eager", "fused", "interpreted", "in place"})
      if (first.find(word) != first.npos) kind += " " + std::string(word);
    return kind;
  }
  size_t start = first.find("error: ");
  if (start == first.npos) start = first.find(':');
  std::string kind;
  for (char c : first.substr(start == first.npos ? 0 : start))
    if (c < '0' || c > '9') kind += c;
  return kind.substr(0, 60);
}

Failure shrunk(const Sample& s, std::string problem, const Campaign& c) {
  Failure out{s.seed, std::move(problem), {}, "", 1};
  const std::string kind = kind_of(out.problem);
  out.program = shrink(s.func, [&](const ir::Func& f) {
    const std::string p = problem_of(f, s.seed, c);
    return !p.empty() && kind_of(p) == kind;
  });
  out.shrunk_problem = problem_of(out.program, s.seed, c);
  out.program.numerics = c.numerics;
  return out;
}

}  // namespace

std::vector<Failure> run_campaign(const Campaign& c) {
  for (int s : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) signal(s, report_crash);
  std::vector<Failure> failures;
  std::set<std::string> kinds;
  std::mutex mutex;
  std::atomic<int64_t> next = 0, done = 0;
  auto work = [&] {
    for (int64_t i; (i = next++) < c.programs;) {
      if (c.progress) c.progress(++done);
      current_seed = c.first_seed + static_cast<uint64_t>(i);
      const Sample s = generate(current_seed);
      if (std::string p = problem_of(s.func, s.seed, c); !p.empty()) {
        {  // a fault of a kind that is known already is counted, not shrunk again
          std::lock_guard lock(mutex);
          if (!kinds.insert(kind_of(p)).second) {
            for (Failure& f : failures) f.times += kind_of(f.problem) == kind_of(p);
            continue;
          }
        }
        Failure f = shrunk(s, std::move(p), c);
        std::lock_guard lock(mutex);
        failures.push_back(std::move(f));
        if (failures.size() >= c.most_kinds) next = c.programs;
      }
    }
  };
  std::vector<std::thread> others;
  for (int t = 1; t < (c.isolate ? 1 : c.threads); ++t) others.emplace_back(work);
  work();
  for (std::thread& t : others) t.join();
  for (int s : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) signal(s, SIG_DFL);
  std::ranges::sort(failures, {}, &Failure::seed);
  return failures;
}

std::string run_file(const Failure& f) {
  std::string comment = "// Drawn by tests/random, seed " + std::to_string(f.seed) + ", and shrunk.\n// seed=" + std::to_string(f.seed) + "\n";
  std::string problem = f.shrunk_problem.substr(0, f.shrunk_problem.find('\n'));
  if (!problem.empty()) comment += "// " + problem + "\n";
  return comment + ir::print(f.program);
}

}  // namespace frit::test
