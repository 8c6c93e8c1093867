// The thread pool: one for the process, started when first needed; the caller takes part.
#pragma once

#include <cstdint>

namespace frit::rt {

// Calls fn(context, lo, hi, worker) over disjoint ranges that cover [0, count), each of at least
// `grain` items but for the last, on at most `threads` threads; returns when all are done.
// worker is below `threads` and distinct among those running at the same time in this call.
// The last worker to finish calls last(context, worker), if given, before the return: nobody waits
// for it but the caller. Calls from several threads at a time are safe. fn must not throw.
using RangeFn = void (*)(void* context, int64_t lo, int64_t hi, int worker);
using LastFn = void (*)(void* context, int worker);
void parallel_for(int64_t count, int64_t grain, int threads, RangeFn fn, LastFn last, void* context);

int default_threads();            // FRIT_THREADS, or the cores this process may use
void set_default_threads(int n);  // n >= 1

// Saves the floating-point control register, sets round to nearest, no flushing, no traps; restores it.
class FloatControl {
 public:
  FloatControl();
  ~FloatControl();
  FloatControl(const FloatControl&) = delete;

 private:
  uint32_t saved_;
};

}  // namespace frit::rt
