// Tells the address sanitizer which memory nobody may touch; nothing in other builds.
#pragma once

#include <cstdint>

#if defined(__SANITIZE_ADDRESS__)
#define FRIT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FRIT_ASAN 1
#endif
#endif
#ifdef FRIT_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace frit::rt {

inline void poison([[maybe_unused]] void* p, [[maybe_unused]] int64_t bytes) {
#ifdef FRIT_ASAN
  __asan_poison_memory_region(p, static_cast<size_t>(bytes));
#endif
}
inline void unpoison([[maybe_unused]] void* p, [[maybe_unused]] int64_t bytes) {
#ifdef FRIT_ASAN
  __asan_unpoison_memory_region(p, static_cast<size_t>(bytes));
#endif
}

}  // namespace frit::rt
