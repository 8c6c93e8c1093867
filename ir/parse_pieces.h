// The pieces that lines of the text form are made of: tokens, numbers, types, strings. Used by
// parse.cpp alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/func.h"
#include "ir/lexer.h"

namespace frit::ir {

// Each function reads what it is named after, from the next token on, or throws Error at its place.
class PieceReader {
 protected:
  PieceReader(std::string_view text, std::string_view file) : lex_(text, file), source_(text) {}

  // Tokens
  const Token& peek() const { return lex_.peek(); }
  Token next() { return lex_.next(); }
  bool is(std::string_view punct) const { return peek().kind == Tok::punct && peek().text == punct; }
  bool is_word(std::string_view word) const { return peek().kind == Tok::word && peek().text == word; }
  bool accept(std::string_view punct) { return is(punct) && (next(), true); }
  bool accept_word(std::string_view word) { return is_word(word) && (next(), true); }
  void expect(std::string_view punct);
  Token expect(Tok kind, const std::string& what);
  void end_of_line();
  void blank_lines();
  bool adjacent(const Token& t) const { return peek().begin == t.end; }  // the next token follows t without a space

  [[noreturn]] void fail(const Token& t, const std::string& message, const std::string& help = "") const { lex_.fail(t.begin, message, help); }
  [[noreturn]] void expected(const std::string& what) const { fail(peek(), "expected " + what + ", not " + lex_.describe(peek())); }

  // A number written in place. Its type stands behind a colon without spaces, or comes from the op.
  struct Number {
    size_t begin = 0, end = 0;  // in the source
    std::optional<DType> type;
  };
  bool at_number() const;
  Number number();
  Literal literal(size_t begin, size_t end, DType t) const;  // source[begin, end) as a number of type t

  int64_t integer(const std::string& what);
  int small(const std::string& what);  // 0 to 2^31 - 1
  std::vector<int64_t> ints();         // [1,2]
  std::string string();
  DType dtype();
  Dim dim();
  Dims dims();                         // [4,n]
  Type type();

  Lexer lex_;
  std::string_view source_;

 private:
  template <class T>
  Literal typed(size_t begin, std::string_view text) const;
};

}  // namespace frit::ir
