// Options for reading what becomes of dots on a GPU with a library of matrix products.
#pragma once

#include "lowering/compile.h"

namespace frit::lower {

inline CompileOptions options() {
  CompileOptions o;
  o.target = gpu_target(*codegen::find_gpu("H200"));
  o.target.library_dots = true;
  o.emit = false;
  return o;
}

}  // namespace frit::lower
