// Words of the text form. Used by parse.cpp alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frit/error.h"

namespace frit::ir {

enum class Tok : uint8_t {
  word,     // add, reduce.max, f32, true
  value,    // %name; text is the name
  at,       // @name; text is the name
  number,   // 12, 1.5, 1e+30; without sign
  string,   // text is what stands between the quotes, escapes not yet resolved
  punct,    // ( ) [ ] { } , : = * + - and ->
  newline,
  end,
};

struct Token {
  Tok kind = Tok::end;
  std::string_view text;
  size_t begin = 0, end = 0;  // in the source
};

// Reads one token at a time. Throws Error at characters that are no token.
class Lexer {
 public:
  Lexer(std::string_view source, std::string_view file);

  const Token& peek() const { return token_; }
  Token next();

  // Line and column (both from 1, columns in bytes) of a byte of the source.
  Loc loc(size_t offset) const;
  [[noreturn]] void fail(size_t offset, const std::string& message, const std::string& help = "") const;
  // "the number 3", "the end of the line": for "expected ..., not ...".
  std::string describe(const Token& t) const;

 private:
  Token scan();

  std::string_view source_, file_;
  std::vector<size_t> lines_;  // where each line begins
  size_t at_ = 0;
  Token token_;
};

}  // namespace frit::ir
