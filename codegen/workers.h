// Threads with 8 MiB stacks that run compilers, which recurse deeply.
#pragma once

#include <functional>

namespace frit::codegen {

// Runs job on such a thread and waits for it; passes its exception on. Threads are started when all
// others are busy, and kept.
void run_on_worker(const std::function<void()>& job);

}  // namespace frit::codegen
