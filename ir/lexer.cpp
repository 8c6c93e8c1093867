// The words of the text form: names, numbers, strings, punctuation, ends of lines. Comments run from
// // to the end of the line.
#include "ir/lexer.h"

#include <algorithm>

#include "ir/places.h"
#include "ir/text_layout.h"

namespace frit::ir {

Lexer::Lexer(std::string_view source, std::string_view file) : source_(source), file_(file), lines_{0} {
  for (size_t i = 0; i < source.size(); ++i)
    if (source[i] == '\n') lines_.push_back(i + 1);
  token_ = scan();
}

Token Lexer::next() {
  Token t = token_;
  if (t.kind != Tok::end) token_ = scan();
  return t;
}

Loc Lexer::loc(size_t offset) const {
  const auto line = std::upper_bound(lines_.begin(), lines_.end(), offset);
  return kept_loc(file_, static_cast<int>(line - lines_.begin()), static_cast<int>(offset - line[-1]) + 1);
}

void Lexer::fail(size_t offset, const std::string& message, const std::string& help) const {
  throw Error("", message, loc(offset), {}, help);
}

std::string Lexer::describe(const Token& t) const {
  switch (t.kind) {
    case Tok::end: return "the end of the text";
    case Tok::newline: return "the end of the line";
    case Tok::string: return "a string";
    case Tok::value:
    case Tok::at:
    case Tok::word:
    case Tok::number:
    case Tok::punct: {
      constexpr size_t kMost = 40;  // a broken text may hold a word of any length
      const std::string_view text = source_.substr(t.begin, t.end - t.begin);
      return "'" + std::string(text.substr(0, kMost)) + (text.size() > kMost ? "...'" : "'");
    }
  }
  return "";
}

Token Lexer::scan() {
  auto look = [&](size_t ahead) { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; };
  while (look(0) == ' ' || look(0) == '\t' || look(0) == '\r') ++at_;
  if (look(0) == '/' && look(1) == '/')
    while (at_ < source_.size() && source_[at_] != '\n') ++at_;
  const size_t begin = at_;
  auto made = [&](Tok kind, size_t skip = 0, size_t drop = 0) {
    return Token{kind, source_.substr(begin + skip, at_ - begin - skip - drop), begin, at_};
  };
  if (at_ >= source_.size()) return made(Tok::end);
  const char c = source_[at_];
  if (c == '\n') return ++at_, made(Tok::newline);
  if (starts_word(c)) {
    while (in_name(look(0))) ++at_;
    return made(Tok::word);
  }
  if (c == '%' || c == '@') {
    ++at_;
    while (in_name(look(0))) ++at_;
    if (at_ == begin + 1) fail(begin, std::string("a name must follow '") + c + "'");
    return made(c == '%' ? Tok::value : Tok::at, 1);
  }
  if (is_digit(c)) {
    auto digits = [&] { while (is_digit(look(0))) ++at_; };
    digits();
    if (look(0) == '.') ++at_, digits();
    if (look(0) == 'e') {
      ++at_;
      if (look(0) == '+' || look(0) == '-') ++at_;
      if (!is_digit(look(0))) fail(begin, "a number ends in its exponent");
      digits();
    }
    if (in_name(look(0))) fail(at_, std::string("a number cannot go on with '") + look(0) + "'");
    return made(Tok::number);
  }
  if (c == '"') {
    ++at_;
    while (look(0) != '"') {
      if (at_ >= source_.size() || look(0) == '\n') fail(begin, "a string without its closing quote");
      at_ += look(0) == '\\' && at_ + 1 < source_.size() ? 2 : 1;
    }
    ++at_;
    return made(Tok::string, 1, 1);
  }
  if (c == '-' && look(1) == '>') return at_ += 2, made(Tok::punct);
  if (std::string_view("()[]{},:=*+-").find(c) != std::string_view::npos) return ++at_, made(Tok::punct);
  static constexpr char kHex[] = "0123456789abcdef";
  const auto u = static_cast<unsigned char>(c);
  fail(begin, u >= 0x20 && u < 0x7f ? std::string("the character '") + c + "' has no meaning here"
                                    : std::string("the byte 0x") + kHex[u >> 4] + kHex[u & 15] + " has no meaning here");
}

}  // namespace frit::ir
