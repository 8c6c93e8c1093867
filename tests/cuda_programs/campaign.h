// Many random programs through the emulated GPU: lowered and printed, compiled and run in groups.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "frit/types.h"

namespace frit::test {

struct CudaCampaign {
  uint64_t first_seed = 1;
  int64_t programs = 0;
  int threads = 2;
  Numerics numerics = Numerics::strict;  // fast: fused programs alone
  size_t most_kinds = 3;  // of faults; then it stops
  int shrink_tries = 100; // each compiles
  std::function<void(int64_t done)> progress;  // after every group; from any thread
  std::function<void(uint64_t seed, const std::string& problem)> found;  // at once, before it shrinks
};

struct CudaFailure {
  uint64_t seed = 0;
  std::string problem;         // of the program as it was drawn
  std::string shrunk_problem;
  std::string file;            // the shrunk program, for tests/run
  int64_t times = 1;           // programs with a fault of this kind
};

struct CudaResult {
  std::vector<CudaFailure> failures;  // one of each kind, by seed
  int64_t fused_launches = 0, eager_programs = 0;
};

CudaResult run_cuda_campaign(const CudaCampaign& campaign);

}  // namespace frit::test
