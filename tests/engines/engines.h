// One program on every engine: the interpreter at both levels, and machine code made op by op and
// fused, for each instruction set of this machine, on one thread and on two. All must give the same bits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/func.h"
#include "ir/interpret.h"

namespace frit::test {

struct EngineOptions {
  // Instruction sets (AVX-512 where the machine has it) that eager code is made for; fused code is
  // made for all. `alternating`: one of them, by `seed`.
  bool alternating = false;
  uint64_t seed = 0;
  // What decisions are made for; no bit may depend on it.
  int planned_threads = 2;
  bool small_caches = false;        // results are streamed past them
  int64_t fuel = -1;                // rewrites of the fused program; -1: all
  // fast: fused code alone, which has to give the bytes of its own fused level under the formulas of CPUs.
  Numerics numerics = Numerics::strict;
  std::vector<std::string> disabled;  // passes and rules left out
};

// Options that differ from seed to seed. thorough: eager code for every instruction set.
EngineOptions options_for(uint64_t seed, bool thorough, Numerics numerics = Numerics::strict);

struct Agreement {
  std::string problem;           // empty: all engines agree
  int64_t fused_launches = -1;   // as executed
  int64_t eager_launches = -1;
  bool ok() const { return problem.empty(); }
};

// Checks the text form (print, parse), runs f on each engine with these arguments, and compares the
// bytes of all results. Exceptions are problems too. Machine code runs a second time with the work
// split over two threads as finely as it can be, on arrays that end where no memory follows (a touch
// beyond them is a fault) and begin at any element, and a third time, where the plan allows it, with results in the buffers of arguments.
Agreement run_engines(const ir::Func& f, const std::vector<ir::Array>& args, const EngineOptions& options = {});

// print -> parse -> print gives the same text; what is wrong, or nothing.
std::string text_problem(const ir::Func& f);

// The first element in which two results differ, in words; empty if they are the same.
std::string difference(const ir::Array& have, const ir::Array& want);

}  // namespace frit::test
