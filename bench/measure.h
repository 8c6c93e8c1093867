// Measures a case: eager, fused and the matched probe, interleaved over rounds in one run.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/cases.h"

namespace frit::bench {

struct Settings {
  int rounds = 7;
  int threads = 1;
  Numerics numerics = Numerics::strict;              // of what is jitted
  Device device;                                     // where the cases run
  int64_t scale = 1;                                 // divides the sizes (tests)
  std::function<void(const std::string&)> progress;  // one short line at a time
  // Where somebody else measures in turns with us: wait() before each step of a case, done(step, us) after
  // it: "ready" when all is set up, "round" with the times of limit, eager and fused (0: none), and "end".
  std::function<void()> wait = [] {};
  std::function<void(const Case&, const std::string& step, const std::array<double, 3>& us)> done =
      [](const Case&, const std::string&, const std::array<double, 3>&) {};
};

// An eager op of an elementwise case, against a probe of its own.
struct OpResult {
  std::string name, operands;
  int uses = 1;  // in the function
  double us = 0, limit_us = 0, of_limit = 0;
};

struct CaseResult {
  std::string name, dtype, isa;
  Shape shape;
  Kind kind = Kind::memory;
  Numerics numerics = Numerics::strict;
  int64_t array_bytes = 0;            // of an array of this shape, of the type that the case works on
  std::string device = "cpu";         // "gpu:0 NVIDIA H200"; there isa is "-" and threads 0
  int threads = 1, rounds = 0;
  double eager_us = 0, fused_us = 0;  // medians over the rounds
  double faster = 0;                  // eager / fused; this and the shares are medians of the rounds' ratios
  std::optional<double> limit_us, of_limit, eager_of_limit;
  std::string probe;                  // which one: "1 read 1 write, non-temporal"
  int64_t eager_kernels = 0, kernels = 0;
  int64_t eager_bytes = 0, bytes = 0;
  int64_t ops = 0;                    // of the traced function
  double trace_us = 0, lower_ms = 0, code_ms = 0;
  double compile_ms = 0;              // lower_ms + code_ms: cold, after the trace
  std::optional<double> enqueue_us, latency_us;  // of small programs on a GPU: until the call returns, until it is done
  int copies = 1;                     // of the inputs, used in turn
  bool same_bits = false;             // not to be expected of fast numerics
  std::string hash;                   // of the fused results of the first call
  std::vector<OpResult> eager_ops;
};

CaseResult measure(const Case& c, const Settings& settings);

double median(std::vector<double> values);

}  // namespace frit::bench
