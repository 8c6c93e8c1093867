// Stacks that code runs on and leaves again in the middle: an emulated thread of a GPU is one. A fiber
// runs on the host thread that resumes it; what it touches where it may not (a fault of memory, an
// undefined operation, a stack that is full) ends it with a message and not the process.
#pragma once

#include <string>

#include "tests/cuda_emulation/thread.h"

namespace frit::test {

struct Fiber : frit_emulated::Thread {
  void* own_sp;        // while suspended
  void* resumer_sp;    // while running
  void (*body)(Fiber*);
  bool done;           // body has returned
};

// New stacks come from the system, its Thread record uninitialised; release gives them back.
Fiber* new_fiber();
void release_fiber(Fiber*);

// The next resume begins body(fiber) on an empty stack.
void prepare(Fiber*, void (*body)(Fiber*));
// Runs until the fiber suspends or its body returns (done). What faulted, in words; null if nothing did.
const char* resume(Fiber*);
void suspend(Fiber*);

// The faults of fibers on this host thread are caught from here on.
void catch_faults();

}  // namespace frit::test
