// The thread pool: one for the process, started when first needed; the caller takes part.
#pragma once

#include <cstdint>

namespace frit::rt {

// Calls fn(context, lo, hi, worker) over disjoint ranges that cover [0, count), each a multiple of
// `grain` long but for the last, on at most `threads` threads; returns when all are done.
// worker is below `threads` and distinct among those running at the same time in this call; its ranges
// lie side by side as far as balance allows. The last worker to finish calls last(context, worker), if
// given, before the return: nobody waits for it but the caller. Work of one grain, calls from inside
// fn, and calls while another thread has the pool (or a worker is not yet out of the last call) run on
// the caller alone, as one range. Safe from several threads at a time, and in the child of a fork. fn
// must not throw.
using RangeFn = void (*)(void* context, int64_t lo, int64_t hi, int worker);
using LastFn = void (*)(void* context, int worker);
void parallel_for(int64_t count, int64_t grain, int threads, RangeFn fn, LastFn last, void* context);

// Whether a worker runs or has done so a few microseconds ago: then a call starts in a fraction of one.
bool workers_awake();

inline constexpr int kMostThreads = 1024;
int default_threads();            // FRIT_THREADS, or the cores this process may use
void set_default_threads(int n);  // n in [1, kMostThreads]; anything else throws Error

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
