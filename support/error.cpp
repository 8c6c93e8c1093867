// The report of an Error: message, notes, source line with a caret, help.
#include "frit/error.h"

#include <fstream>

namespace frit {
namespace {

std::string place(const Loc& l) {
  if (!l.known()) return "";
  std::string s = std::string(l.file) + ":" + std::to_string(l.line) + ":";
  if (l.column > 0) s += std::to_string(l.column) + ":";
  return s + " ";
}

// The source line with a caret below the column; nothing if it can't be read.
std::string excerpt(const Loc& l) {
  if (!l.known() || l.line <= 0) return "";
  std::ifstream in(l.file);
  std::string line;
  for (int i = 0; i < l.line; ++i)
    if (!std::getline(in, line)) return "";
  std::string out = "  " + line + "\n";
  if (l.column > 0 && static_cast<size_t>(l.column) <= line.size() + 1) {
    out += "  ";
    for (int i = 0; i + 1 < l.column; ++i) out += line[static_cast<size_t>(i)] == '\t' ? '\t' : ' ';
    out += "^\n";
  }
  return out;
}

std::string report(const std::string& op, const std::string& message, const Loc& where,
                   const std::vector<Note>& notes, const std::string& help) {
  std::string s = place(where) + "error: " + (op.empty() ? "" : op + ": ") + message + "\n" + excerpt(where);
  for (const Note& n : notes) s += place(n.where) + "note: " + n.text + "\n" + excerpt(n.where);
  if (!help.empty()) s += "help: " + help + "\n";
  s.pop_back();
  return s;
}

}  // namespace

Error::Error(std::string op_, std::string message_, Loc where_, std::vector<Note> notes_, std::string help_)
    : std::runtime_error(report(op_, message_, where_, notes_, help_)),
      op(std::move(op_)),
      message(std::move(message_)),
      where(where_),
      notes(std::move(notes_)),
      help(std::move(help_)) {}

}  // namespace frit
