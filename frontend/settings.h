// State of this thread and switches of the process that calls depend on.
#pragma once

#include "runtime/plan.h"

namespace frit {

rt::RunCounters& this_thread_counters();

// While it lives, jitted functions that this thread calls run eagerly.
class EagerScope {
 public:
  EagerScope();
  ~EagerScope();
  EagerScope(const EagerScope&) = delete;

 private:
  bool before_;
};
bool jit_is_off();  // FRIT_JIT=off, or inside of an EagerScope

}  // namespace frit
