// Reads the FRIT_ variables. Each type of support/env.h has one `parse`, which returns false for a
// value the variable cannot have; the table gives the rest.
#include "support/env.h"

#include <atomic>
#include <charconv>
#include <memory>
#include <mutex>

#include "frit/error.h"

extern char** environ;

namespace frit {
namespace {

bool parse_number(std::string_view s, int64_t& out) {
  auto [end, code] = std::from_chars(s.data(), s.data() + s.size(), out);
  return code == std::errc() && end == s.data() + s.size() && out >= 0;
}

// Calls take(piece) for each piece between separators; false as soon as one is refused or empty.
template <class Take>
bool split(std::string_view s, char separator, const Take& take) {
  while (true) {
    size_t at = s.find(separator);
    std::string_view piece = s.substr(0, at);
    if (piece.empty() || !take(piece)) return false;
    if (at == std::string_view::npos) return true;
    s.remove_prefix(at + 1);
  }
}

bool parse(std::string_view s, LogLevel& out) { return parse_log_level(s, out); }

bool parse(std::string_view s, Env::Count& out) {
  int64_t n = 0;
  if (!parse_number(s, n) || n < 1 || n > 1024) return false;
  out.value = static_cast<int>(n);
  return true;
}

bool parse(std::string_view s, Env::Switch& out) {
  if (s == "on" || s == "1") out.value = true;
  else if (s == "off" || s == "0") out.value = false;
  else return false;
  return true;
}

bool parse(std::string_view s, Env::Fuel& out) { return parse_number(s, out.value); }

bool parse(std::string_view s, Env::Bytes& out) {
  int shift = 0;
  if (!s.empty()) {
    switch (s.back()) {
      case 'K': shift = 10; break;
      case 'M': shift = 20; break;
      case 'G': shift = 30; break;
      case 'T': shift = 40; break;
      default: break;
    }
  }
  if (shift) s.remove_suffix(1);
  int64_t n = 0;
  if (!parse_number(s, n) || n > (INT64_MAX >> shift)) return false;
  out.value = n << shift;
  return true;
}

bool parse(std::string_view s, Env::Device& out) {
  int64_t n = 0;
  if (s == "cpu") return true;
  if (s != "gpu" && (!s.starts_with("gpu:") || !parse_number(s.substr(4), n) || n > 1023)) return false;
  out.gpu = static_cast<int>(n);
  return true;
}

bool parse(std::string_view s, Env::Isa& out) {
  if (s == "avx2") out = Env::Isa::avx2;
  else if (s == "avx512") out = Env::Isa::avx512;
  else return false;
  return true;
}

bool parse(std::string_view s, Env::Engine& out) {
  if (s == "llvm") out = Env::Engine::llvm;
  else if (s == "interp") out = Env::Engine::interp;
  else return false;
  return true;
}

bool parse(std::string_view s, Env::Text& out) {
  out = s;
  return true;
}

bool parse(std::string_view s, Env::Names& out) {
  return split(s, ',', [&](std::string_view piece) {
    out.emplace_back(piece);
    return true;
  });
}

bool parse(std::string_view s, Env::Checks& out) {
  return split(s, ',', [&](std::string_view piece) {
    if (piece == "nan") out.nan = true;
    else if (piece == "captures") out.captures = true;
    else if (piece == "launches") out.launches = true;
    else return false;
    return true;
  });
}

bool parse(std::string_view s, Env::Dump& out) {
  bool first = true;
  return split(s, ':', [&](std::string_view piece) {
    if (first) out.dir = piece;
    else if (piece.starts_with("fn=")) out.fn = piece.substr(3);
    else if (piece.starts_with("after=")) out.after = piece.substr(6);
    else return false;
    first = false;
    return true;
  });
}

std::string known() {
  std::string s = "the variables are";
  for (const EnvVariable& v : env_table()) s += std::string("\n  ") + v.name + "=" + v.form + ": " + v.doc;
  return s;
}

template <class T>
void set(std::string_view value, const char* variable, const char* form, T& out) {
  T parsed{};
  if (!parse(value, parsed))
    throw Error("environment", std::string(variable) + "=" + std::string(value) + " is not of the form " + variable +
                                   "=" + form, {}, {}, known());
  out = std::move(parsed);
}

std::atomic<const Env*> current{nullptr};

}  // namespace

const std::vector<EnvVariable>& env_table() {
  static const std::vector<EnvVariable> table = {
#define FRIT_ENV(NAME, member, type, init, form, doc) {"FRIT_" #NAME, form, doc},
#include "support/env.def"
#undef FRIT_ENV
  };
  return table;
}

Env parse_env(const char* const* strings) {
  Env e;
  for (; strings && *strings; ++strings) {
    std::string_view s = *strings;
    if (!s.starts_with("FRIT_")) continue;
    size_t at = s.find('=');
    if (at == std::string_view::npos) continue;
    std::string_view variable = s.substr(0, at), value = s.substr(at + 1);
    if (value.empty()) continue;  // as in a shell: empty is not set
#define FRIT_ENV(NAME, member, type, init, form, doc) \
  if (variable == "FRIT_" #NAME) {                    \
    set(value, "FRIT_" #NAME, form, e.member);        \
    continue;                                         \
  }
#include "support/env.def"
#undef FRIT_ENV
    throw Error("environment", "there is no variable " + std::string(variable), {}, {}, known());
  }
  return e;
}

const Env& reload_env() {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  // Kept for good, like those before: others may hold a reference.
  static std::vector<std::unique_ptr<const Env>>& all = *new std::vector<std::unique_ptr<const Env>>;
  all.push_back(std::make_unique<const Env>(parse_env(environ)));
  current.store(all.back().get(), std::memory_order_release);
  return *all.back();
}

const Env& env() {
  const Env* e = current.load(std::memory_order_acquire);
  return e ? *e : reload_env();
}

bool glob_match(std::string_view pattern, std::string_view text) {
  // The position to fall back to when a star took too little.
  size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') ++p, ++t;
    else if (p < pattern.size() && pattern[p] == '*') star = p++, mark = t;
    else if (star != std::string_view::npos) p = star + 1, t = ++mark;
    else return false;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace frit
