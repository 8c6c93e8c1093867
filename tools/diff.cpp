// See diff.h. A longest common subsequence by dynamic programming, after the equal head and tail are
// taken off.
#include "tools/diff.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace frit::tools {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

struct Line {
  char mark;  // ' ', '-' or '+'
  std::string_view text;
};

constexpr size_t kMaxCells = 64u << 20;  // beyond it the whole middle counts as replaced

std::vector<Line> compare(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  size_t head = 0, tail = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  while (tail < a.size() - head && tail < b.size() - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  const size_t n = a.size() - head - tail, m = b.size() - head - tail;

  std::vector<Line> out;
  for (size_t i = 0; i < head; ++i) out.push_back({' ', a[i]});
  size_t i = 0, j = 0;
  if ((n + 1) * (m + 1) <= kMaxCells) {
    // common[i][j]: length of the longest common subsequence of the middles from i and j on.
    std::vector<uint32_t> common((n + 1) * (m + 1));
    auto at = [&](size_t x, size_t y) -> uint32_t& { return common[x * (m + 1) + y]; };
    for (size_t x = n; x-- > 0;)
      for (size_t y = m; y-- > 0;)
        at(x, y) = a[head + x] == b[head + y] ? at(x + 1, y + 1) + 1 : std::max(at(x + 1, y), at(x, y + 1));
    while (i < n && j < m) {
      if (a[head + i] == b[head + j]) out.push_back({' ', a[head + i]}), ++i, ++j;
      else if (at(i + 1, j) >= at(i, j + 1)) out.push_back({'-', a[head + i++]});
      else out.push_back({'+', b[head + j++]});
    }
  }
  while (i < n) out.push_back({'-', a[head + i++]});
  while (j < m) out.push_back({'+', b[head + j++]});
  for (size_t t = tail; t-- > 0;) out.push_back({' ', a[a.size() - 1 - t]});
  return out;
}

}  // namespace

std::string diff(std::string_view before, std::string_view after, int context) {
  const std::vector<Line> lines = compare(lines_of(before), lines_of(after));
  std::vector<bool> shown(lines.size(), false);
  bool changed = false;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].mark == ' ') continue;
    changed = true;
    const size_t near = static_cast<size_t>(context);
    for (size_t k = i - std::min(i, near); k < std::min(lines.size(), i + near + 1); ++k) shown[k] = true;
  }
  std::string out;
  if (!changed) return out;
  bool gap = false;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!shown[i]) {
      if (!gap) out += "...\n";
      gap = true;
      continue;
    }
    gap = false;
    out += lines[i].mark;
    if (!lines[i].text.empty()) out += " " + std::string(lines[i].text);
    out += "\n";
  }
  return out;
}

}  // namespace frit::tools
