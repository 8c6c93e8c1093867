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

// Every form without an alignment, so that none is freed by another allocator's.
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  using namespace frit::test;
  if (allocations_left == 0) {
    was_refused = true;
    return nullptr;
  }
  if (allocations_left > 0) --allocations_left;
  return std::malloc(bytes ? bytes : 1);
}
void* operator new(size_t bytes) {
  if (void* p = operator new(bytes, std::nothrow)) return p;
  throw std::bad_alloc();
}
void* operator new[](size_t bytes) { return operator new(bytes); }
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept { return operator new(bytes, std::nothrow); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete[](void* p, size_t) noexcept { std::free(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { std::free(p); }
