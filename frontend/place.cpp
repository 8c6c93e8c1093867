// The call and the composition that a thread is in, and the text of places.
#include "frontend/place.h"

namespace frit {
namespace {
thread_local const char* name = nullptr;
thread_local Loc outer;
thread_local bool inside = false;
}  // namespace

Called::Called(const char* function) : outermost_(!name) {
  if (outermost_) name = function;
}
Called::~Called() {
  if (outermost_) name = nullptr;
}

const char* called(const char* function) { return name ? name : function; }

Composition::Composition(const char* function, Loc where) : called_(function), outermost_(!inside) {
  if (!outermost_) return;
  inside = true;
  outer = where;
}
Composition::~Composition() {
  if (!outermost_) return;
  inside = false;
  outer = Loc{};
}

Loc composition_place() { return outer; }

std::string_view short_file(const char* file) {
  std::string_view f = file;
  constexpr std::string_view here = __FILE__, tail = "frontend/place.cpp";
  if constexpr (here.size() > tail.size() && here.substr(here.size() - tail.size()) == tail) {
    constexpr std::string_view root = here.substr(0, here.size() - tail.size());
    if (f.substr(0, root.size()) == root) f.remove_prefix(root.size());
  }
  return f;
}

std::string text(const Loc& where) {
  if (!where.known()) return "an unknown place";
  return std::string(short_file(where.file)) + ":" + std::to_string(where.line) + ":" + std::to_string(where.column);
}

}  // namespace frit
