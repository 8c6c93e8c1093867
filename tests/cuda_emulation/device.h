// The scheduler of the emulated GPU: runs the blocks of a grid one after the other (the blocks of a
// cluster together), each thread on a fiber, thread by thread from barrier to barrier, so that what a
// missing barrier leaves to chance comes out wrong in one order or the other. Finds: barriers and
// shuffles that not all threads reach, or reach at different places; lanes outside of a mask; writes
// beside shared memory; faults of memory.
#pragma once

#include <cstddef>
#include <string>

#include "tests/cuda_emulation/thread.h"

namespace frit::test {

struct EmulatedGrid {
  const frit_emulated::Entry* entry = nullptr;
  const uint64_t* arguments = nullptr;
  unsigned blocks = 1;
  unsigned threads = 1;     // of a block
  unsigned cluster = 1;     // blocks of a cluster
  size_t shared_bytes = 0;  // of a block
  bool descending = false;  // threads, warps and blocks from the last to the first
  unsigned char fill = 0xff;  // what shared memory holds at first, every byte
};

// What went wrong, in words with lines of the kernel's text; empty if nothing did.
std::string run_grid(const EmulatedGrid& grid);

}  // namespace frit::test
