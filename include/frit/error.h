// Errors and places in the user's code.
#pragma once

#include <cstdint>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace frit {

// A place in source text. `file` is never null; an empty file means "unknown".
struct Loc {
  const char* file = "";
  int line = 0;
  int column = 0;

  static constexpr Loc current(std::source_location at = std::source_location::current()) {
    return Loc{at.file_name(), static_cast<int>(at.line()), static_cast<int>(at.column())};
  }
  bool known() const { return file[0] != '\0'; }
  friend bool operator==(const Loc& a, const Loc& b) {
    return a.line == b.line && a.column == b.column && std::string_view(a.file) == b.file;
  }
};

// A second place that explains an error ("f32[5] made by arange here").
struct Note {
  std::string text;
  Loc where;
};

// Every mistake of a user that Frit notices. what() is the whole report in the form that editors
// jump to:
//   demo.cpp:12:16: error: mul: f32[3,4] and f32[5] do not broadcast: last axes 4 and 5
//   demo.cpp:9:13: note: f32[5] made by arange here
//   help: ...
class Error : public std::runtime_error {
 public:
  // op: the operation that failed ("mul"; may be empty). message: one sentence without the op.
  // help: what to do about it (may be empty).
  Error(std::string op, std::string message, Loc where = {}, std::vector<Note> notes = {}, std::string help = {});

  std::string op;
  std::string message;
  Loc where;
  std::vector<Note> notes;
  std::string help;
};

// Memory that could not be had, of the host or a GPU. Every array stays as it was.
class OutOfMemory : public Error {
 public:
  using Error::Error;
};

}  // namespace frit
