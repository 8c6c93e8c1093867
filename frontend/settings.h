// State of this thread and switches of the process that calls depend on.
#pragma once

#include <string>

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
const std::string& scope_name();  // the names of the scopes that this thread is in, outermost first, with dots
bool jit_is_off();  // FRIT_JIT=off, or inside of an EagerScope

}  // namespace frit
