// Several CUDA sources as one shared object, made by the host compiler and loaded into the process.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/cuda_emulation/thread.h"

namespace frit::test {

struct Source {
  std::string_view prelude;  // what all sources of a batch begin with
  std::string_view text;     // what follows
};

struct Batch {
  std::vector<std::vector<frit_emulated::Entry>> entries;  // of each source
  std::string problem;                                     // the compiler's messages, if it refused
  double seconds = 0;                                      // of a processor, compiling
};

// All sources have the same prelude. What is loaded stays until the process ends.
Batch compile_batch(std::span<const Source> sources);

// The kernels (__global__) that a text defines.
std::vector<std::string> entry_names(std::string_view text);

}  // namespace frit::test
