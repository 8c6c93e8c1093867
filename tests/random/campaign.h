// Many random programs through all engines, on several threads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ir/func.h"

namespace frit::test {

struct Failure {
  uint64_t seed = 0;
  std::string problem;   // of the program as it was drawn
  ir::Func program;      // shrunk
  std::string shrunk_problem;
  int64_t times = 1;     // programs with a fault of this kind
};

struct Campaign {
  uint64_t first_seed = 0;
  int64_t programs = 0;
  int threads = 2;
  size_t most_kinds = 5;     // of faults; then it stops
  Numerics numerics = Numerics::strict;
  bool thorough = false;     // eager code for every instruction set, not for one in turn
  bool isolate = false;      // each program in a process of its own: crashes are failures like others (one thread)
  std::function<void(int64_t done)> progress;  // before every program; from any thread
};

// One failure of each kind, in order of their seeds. A crash prints the seed of its program first.
std::vector<Failure> run_campaign(const Campaign& campaign);

// A failure as the text of a file for tests/run.
std::string run_file(const Failure& f);

}  // namespace frit::test
