// Places of the user's calls while one function of the library is composed of others.
#pragma once

#include <string>
#include <string_view>

#include "frit/error.h"

namespace frit {

// While it lives, ops of this thread stand inside a call that the user wrote at `where`. The outermost wins.
class Composition {
 public:
  explicit Composition(Loc where);
  ~Composition();
  Composition(const Composition&) = delete;

 private:
  bool outermost_;
};

// The user's place of the composition this thread is in; unknown outside of any.
Loc composition_place();
// Where an error of an op written at `where` is reported.
inline Loc user_place(Loc where) {
  const Loc outer = composition_place();
  return outer.known() ? outer : where;
}

// A path without the folder that this library was built in.
std::string_view short_file(const char* file);
// "demo.cpp:12:5"
std::string text(const Loc& where);

}  // namespace frit
