// Names and places of the user's calls while one function of the library is composed of others.
#pragma once

#include <string>
#include <string_view>

#include "frit/error.h"

namespace frit {

// While it lives, errors and tensors of this thread bear the name of this function, which the user called. The
// outermost wins.
class Called {
 public:
  explicit Called(const char* function);
  ~Called();
  Called(const Called&) = delete;

 private:
  bool outermost_;
};

// The same, and its ops stand inside the call that the user wrote at `where`.
class Composition {
 public:
  Composition(const char* function, Loc where);
  ~Composition();
  Composition(const Composition&) = delete;

 private:
  Called called_;
  bool outermost_;
};

// The function that the user called, where the library itself calls `function`.
const char* called(const char* function);

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
