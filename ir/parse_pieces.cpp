// Tokens, numbers, types and strings of the text form: the lower half of the parser.
#include "ir/parse_pieces.h"

#include <charconv>
#include <cmath>

#include "ir/text_layout.h"

namespace frit::ir {
namespace {

bool is_number_word(std::string_view w) { return w == "inf" || w == "nan" || w == "true" || w == "false"; }

std::string dtype_names() {
  std::string s;
  for (int i = 0; i < kDTypeCount; ++i) s += (i ? ", " : "") + std::string(name(static_cast<DType>(i)));
  return s;
}

}  // namespace

bool PieceReader::at_number() const { return peek().kind == Tok::number || is("-") || (peek().kind == Tok::word && is_number_word(peek().text)); }

void PieceReader::expect(std::string_view punct) {
  if (!accept(punct)) expected("'" + std::string(punct) + "'");
}

Token PieceReader::expect(Tok kind, const std::string& what) {
  if (peek().kind != kind) expected(what);
  return next();
}

void PieceReader::end_of_line() {
  if (peek().kind != Tok::newline && peek().kind != Tok::end) expected("the end of the line");
  next();
}

void PieceReader::blank_lines() {
  while (peek().kind == Tok::newline) next();
}

template <class T>
Literal PieceReader::typed(size_t begin, std::string_view text) const {
  const std::string type(name(dtype_of<T>()));
  if constexpr (std::is_same_v<T, bool>) {
    if (text == "true" || text == "false") return Literal::of(text == "true");
    lex_.fail(begin, "expected true or false, not '" + std::string(text.substr(0, 40)) + "'");
  } else {
    compute_t<T> v{};
    const auto r = std::from_chars(text.data(), text.data() + text.size(), v);
    if (r.ec == std::errc::result_out_of_range) lex_.fail(begin, "this number is outside of the range of " + type);
    if (r.ec != std::errc() || r.ptr != text.data() + text.size()) lex_.fail(begin, "expected a number of type " + type + ", not '" + std::string(text.substr(0, 40)) + "'");
    const T stored = static_cast<T>(v);
    if constexpr (is_half_v<T>)
      if (std::isfinite(v) && !std::isfinite(static_cast<float>(stored))) lex_.fail(begin, "this number is outside of the range of " + type);
    return Literal::of(stored);
  }
}

Literal PieceReader::literal(size_t begin, size_t end, DType t) const {
  const std::string_view text = source_.substr(begin, end - begin);
  switch (t) {
#define FRIT_X(id, name, type, kind) \
case DType::id: return typed<type>(begin, text);
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  internal_error("no such type");
}

PieceReader::Number PieceReader::number() {
  Number n{peek().begin, 0, {}};
  accept("-");
  if (peek().kind != Tok::number && !(peek().kind == Tok::word && is_number_word(peek().text))) expected("a number");
  const Token t = next();
  n.end = t.end;
  if (is(":") && adjacent(t)) {
    const Token colon = next();
    if (peek().kind != Tok::word || !adjacent(colon)) expected("the type of the number");
    n.type = dtype();
  }
  return n;
}

int64_t PieceReader::integer(const std::string& what) {
  const Token start = peek();
  const bool minus = accept("-");
  const Token t = expect(Tok::number, what);
  uint64_t magnitude = 0;
  const auto r = std::from_chars(t.text.data(), t.text.data() + t.text.size(), magnitude);
  if (r.ec == std::errc::invalid_argument || r.ptr != t.text.data() + t.text.size()) fail(t, "expected " + what + ", not '" + std::string(t.text.substr(0, 40)) + "'");
  const uint64_t most = uint64_t{1} << 63;
  if (r.ec != std::errc() || magnitude > most || (magnitude == most && !minus)) fail(start, "this number does not fit in 64 bits");
  return static_cast<int64_t>(minus ? 0 - magnitude : magnitude);
}

int PieceReader::small(const std::string& what) {
  const Token t = peek();
  const int64_t n = integer(what);
  if (n < 0 || n > INT32_MAX) fail(t, what + " is a number from 0 to 2147483647");
  return static_cast<int>(n);
}

std::vector<int64_t> PieceReader::ints() {
  std::vector<int64_t> out;
  expect("[");
  if (accept("]")) return out;
  do out.push_back(integer("a whole number"));
  while (accept(","));
  expect("]");
  return out;
}

std::string PieceReader::string() {
  const Token t = expect(Tok::string, "a string");
  std::string s;
  for (size_t i = 0; i < t.text.size(); ++i) {
    if (t.text[i] != '\\') {
      s += t.text[i];
      continue;
    }
    const char c = ++i < t.text.size() ? t.text[i] : '\0';
    auto hex = [](char h) { return is_digit(h) ? h - '0' : h >= 'a' && h <= 'f' ? h - 'a' + 10 : -1; };
    if (c == '"' || c == '\\') {
      s += c;
    } else if (c == 'n') {
      s += '\n';
    } else if (c == 'x' && i + 2 < t.text.size() && hex(t.text[i + 1]) >= 0 && hex(t.text[i + 2]) >= 0) {
      s += static_cast<char>(hex(t.text[i + 1]) * 16 + hex(t.text[i + 2]));
      i += 2;
    } else {
      lex_.fail(t.begin + i, "an escape is one of \\\", \\\\, \\n and \\x with two digits 0-9a-f");
    }
  }
  return s;
}

DType PieceReader::dtype() {
  const Token t = expect(Tok::word, "an element type");
  DType d;
  if (!parse_dtype(t.text, d)) fail(t, "there is no element type " + lex_.describe(t), "one of: " + dtype_names());
  return d;
}

Dim PieceReader::dim() {
  if (peek().kind == Tok::word) return Dim::symbol(next().text);
  const Token t = peek();
  const int64_t n = integer("an extent (a number or a symbol)");
  if (n < 0) fail(t, "an extent is never negative");
  return n;
}

Dims PieceReader::dims() {
  Dims out;
  expect("[");
  if (accept("]")) return out;
  do out.push_back(dim());
  while (accept(","));
  expect("]");
  return out;
}

Type PieceReader::type() {
  if (accept_word("index")) return Type::index();
  if (accept_word("buf")) return Type::buffer(dtype());
  const Token start = peek();
  Type t = Type::scalar(dtype());
  if (is("[")) t.dims = dims();
  int64_t bytes = size_of(t.dtype);
  for (Dim d : t.dims)
    if (d.is_constant() && d.value() != 0 && __builtin_mul_overflow(bytes, d.value(), &bytes)) fail(start, "the size of " + t.str() + " in bytes overflows 64 bits");
  return t;
}

}  // namespace frit::ir
