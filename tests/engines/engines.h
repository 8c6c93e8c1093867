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
  bool avx2 = true, avx512 = true;  // the latter where the machine has it
  bool eager = true, fused = true;
};

struct Agreement {
  std::string problem;           // empty: all engines agree
  int64_t fused_launches = -1;   // as executed
  int64_t eager_launches = -1;
  bool ok() const { return problem.empty(); }
};

// Checks the text form (print, parse), runs f on each engine with these arguments, and compares the
// bytes of all results. Exceptions are problems too. Machine code runs a second time on two threads
// with arrays that end where no memory follows (a touch beyond them is a fault) and begin at any
// element, and a third time, where the plan allows it, with results in the buffers of arguments.
Agreement run_engines(const ir::Func& f, const std::vector<ir::Array>& args, const EngineOptions& options = {});

// print -> parse -> print gives the same text; what is wrong, or nothing.
std::string text_problem(const ir::Func& f);

// The first element in which two results differ, in words; empty if they are the same.
std::string difference(const ir::Array& have, const ir::Array& want);

}  // namespace frit::test
