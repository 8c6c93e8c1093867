// See cli.h.
#include "tools/cli.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "runtime/threads.h"
#include "support/env.h"

namespace frit::tools {
namespace {

// Levenshtein's distance, a swap of neighbours counted once.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i)
    for (size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  size_t least = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& c : candidates) {
    const size_t d = distance(word, c);
    if (d < least && d < std::max(word.size(), c.size())) least = d, best = c;
  }
  if (!best.empty()) return best;
  for (const std::string& c : candidates)  // "sum" for "reduce.sum"
    if (word.size() >= 3 && c.find(word) != std::string::npos && (best.empty() || c.size() < best.size())) best = c;
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates, std::string otherwise) {
  const std::string near = nearest(word, candidates);
  return near.empty() ? std::move(otherwise) : "did you mean '" + near + "'?";
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) out.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

void expect_choice(std::string_view what, const std::string& name, const std::vector<std::string>& choices) {
  if (std::find(choices.begin(), choices.end(), name) != choices.end()) return;
  std::string all;
  for (const std::string& c : choices) all += (all.empty() ? "" : ", ") + c;
  throw UsageError("'" + name + "' is not " + std::string(what), did_you_mean(name, choices, "one of: " + all));
}

void TargetOptions::add_to(CLI::App& command) {
  command.add_option("--isa", isa, "instruction set: avx2 or avx512 (default: the best of this CPU)");
  command.add_option("--gpu", gpu, "a GPU to print kernels for, by name: H200");
  command.add_option("--dot", dot, "with --gpu, who computes floating matrix products: library (cuBLASLt) or own")->capture_default_str();
  command.add_option("--threads", threads, "threads to plan for and run on (default: the cores of this process)");
  command.add_option_function<std::string>(
      "--disable", [this](const std::string& names) { disabled = split_list(names); },
      "passes and rules to leave out, separated by commas");
  command.add_option("--numerics", numerics, "strict or fast (default: what the program says)");
}

Numerics numerics_named(const std::string& name) {
  expect_choice("a kind of numerics", name, {"strict", "fast"});
  return name == "fast" ? Numerics::fast : Numerics::strict;
}

void TargetOptions::apply_numerics(ir::Func& f) const {
  if (!numerics.empty()) f.numerics = numerics_named(numerics);
}

lower::CompileOptions TargetOptions::compile_options() const {
  if (threads < 0) throw UsageError("--threads must be at least 1");
  lower::CompileOptions o;
  if (!isa.empty()) {
    expect_choice("an instruction set", isa, {"avx2", "avx512"});
    codegen::set_isa(isa == "avx2" ? codegen::Isa::avx2 : codegen::Isa::avx512);
  }
  if (gpu.empty()) {
    o.target = lower::host_target(threads > 0 ? threads : rt::default_threads());
  } else {
    std::vector<std::string> names;
    for (const codegen::GpuSpec& g : codegen::known_gpus()) names.push_back(g.name);
    const codegen::GpuSpec* spec = codegen::find_gpu(gpu);
    if (!spec) expect_choice("a GPU that is known", gpu, names);
    o.target = lower::gpu_target(*spec);
    expect_choice("who computes dots", dot, {"library", "own"});
    o.target.library_dots = dot == "library";
  }
  const std::vector<std::string> known = lower::names_to_disable();
  auto check = [&](const char* from, const std::vector<std::string>& names) {
    for (const std::string& name : names)
      if (std::find(known.begin(), known.end(), name) == known.end())
        throw UsageError(from + ("no pass or rule is named '" + name + "'"), did_you_mean(name, known, "`frit passes` and `frit rules` list them"));
  };
  check("", disabled);
  check("FRIT_DISABLE: ", env().disable);
  o.disabled = env().disable;
  o.disabled.insert(o.disabled.end(), disabled.begin(), disabled.end());
  o.fuel = env().fuel.value;
  return o;
}

std::string table(const std::vector<std::string>& header, std::string_view alignment,
                  const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> width(header.size());
  for (size_t c = 0; c < header.size(); ++c) {
    width[c] = header[c].size();
    for (const auto& row : rows) width[c] = std::max(width[c], row[c].size());
  }
  std::string out;
  auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (size_t c = 0; c < cells.size(); ++c) {
      const std::string blank(width[c] - cells[c].size(), ' ');
      text += (c > 0 ? "  " : "") + (alignment[c] == 'r' ? blank + cells[c] : cells[c] + blank);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  line(header);
  for (const auto& row : rows) line(row);
  return out;
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::string printf_string(const char* format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  const int n = std::vsnprintf(nullptr, 0, format, args);
  va_end(args);
  std::string s(static_cast<size_t>(n), '\0');
  std::vsnprintf(s.data(), s.size() + 1, format, again);
  va_end(again);
  return s;
}

}  // namespace frit::tools
