// See no_memory.h. Replaces the allocation of the whole program.
#include "tests/runtime/no_memory.h"

#include <cstdlib>
#include <new>

namespace frit::test {
namespace {
constinit thread_local int64_t allocations_left = -1;  // -1: as many as wanted
constinit thread_local bool was_refused = false;
}  // namespace

NoMemory::NoMemory(int64_t left) {
  was_refused = false;
  allocations_left = left;
}
NoMemory::~NoMemory() { allocations_left = -1; }
bool NoMemory::refused() { return was_refused; }

}  // namespace frit::test

void* operator new(size_t bytes) {
  using namespace frit::test;
  if (allocations_left == 0) {
    was_refused = true;
    throw std::bad_alloc();
  }
  if (allocations_left > 0) --allocations_left;
  if (void* p = std::malloc(bytes ? bytes : 1)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }
