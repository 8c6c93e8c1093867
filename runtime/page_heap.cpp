// Large blocks are mappings of their own, aligned to huge pages. Middle ones (32 KiB to 2 MiB) are cut
// best-fit from 8 MiB spans of huge pages and join with their free neighbours again; on small pages
// an array of a few hundred KiB would lie scattered in the L2 cache and evict itself.
#include "runtime/page_heap.h"

#include <sys/mman.h>

#include <iterator>
#include <new>

#include "runtime/poison.h"

namespace frit::rt {
namespace {

constexpr int64_t kSpan = 4 * kHugePage;

// Address space on a multiple of kHugePage, or null.
void* map_aligned(int64_t bytes) {
  size_t size = static_cast<size_t>(bytes), slack = static_cast<size_t>(kHugePage);
  void* p = mmap(nullptr, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return nullptr;
  uintptr_t at = reinterpret_cast<uintptr_t>(p);
  uintptr_t aligned = (at + slack - 1) & ~(slack - 1);
  if (aligned > at) munmap(p, aligned - at);
  if (at + slack > aligned) munmap(reinterpret_cast<void*>(aligned + size), at + slack - aligned);
  p = reinterpret_cast<void*>(aligned);
  madvise(p, size, MADV_HUGEPAGE);  // if it fails, the pages are small: slower, not wrong
  return p;
}

void unmap(void* p, int64_t bytes) {
  unpoison(p, bytes);
  munmap(p, static_cast<size_t>(bytes));
}

}  // namespace

int64_t PageHeap::capacity(int64_t bytes) {
  int64_t c = block_bytes(size_class(bytes));
  return c < kHugePage ? c : (c + kHugePage - 1) / kHugePage * kHugePage;
}

void* PageHeap::take(int64_t capacity, bool* from_system_out) {
  std::lock_guard lock(mutex_);
  *from_system_out = false;
  std::deque<Freed>& freed = freed_[size_class(capacity)];
  if (!freed.empty()) {
    void* p = freed.back().block;
    freed.pop_back();
    cached_ -= capacity;
    return p;
  }
  void* p = from_system(capacity, from_system_out);
  if (!p) {
    trim_locked(0);
    p = from_system(capacity, from_system_out);
  }
  return p;
}

void* PageHeap::from_system(int64_t capacity, bool* mapped) {
  if (capacity < kHugePage) return carve(capacity, mapped);
  *mapped = true;
  return map_aligned(capacity);
}

void PageHeap::give(void* block, int64_t capacity, int64_t most_cached) {
  std::lock_guard lock(mutex_);
  poison(block, capacity);
  // A deque that cannot grow must not lose the block: hand it back instead.
  try {
    freed_[size_class(capacity)].push_back({block, clock_++});
  } catch (const std::bad_alloc&) {
    if (capacity >= kHugePage) unmap(block, capacity);
    return;  // a middle block stays lost until the process ends
  }
  cached_ += capacity;
  if (cached_ <= most_cached) return;
  try {
    trim_locked(most_cached);
  } catch (const std::bad_alloc&) {  // what could not be given back stays cached
  }
}

void PageHeap::trim(int64_t most_cached) {
  std::lock_guard lock(mutex_);
  trim_locked(most_cached);
}

void PageHeap::trim_locked(int64_t most_cached) {
  bool ranges = false;
  while (cached_ > most_cached) {
    int oldest = -1;
    for (int c = 0; c < kSizeClasses; ++c)
      if (!freed_[c].empty() && (oldest < 0 || freed_[c].front().age < freed_[oldest].front().age)) oldest = c;
    if (oldest < 0) break;
    void* block = freed_[oldest].front().block;
    int64_t bytes = block_bytes(oldest);
    if (bytes >= kHugePage) {
      unmap(block, bytes);
    } else {
      give_range(reinterpret_cast<uintptr_t>(block), bytes);
      ranges = true;
    }
    freed_[oldest].pop_front();
    cached_ -= bytes;
  }
  if (ranges) release_spans();
}

int64_t PageHeap::cached_bytes() {
  std::lock_guard lock(mutex_);
  return cached_;
}

void* PageHeap::carve(int64_t bytes, bool* mapped) {
  *mapped = false;
  auto best = free_by_size_.lower_bound({bytes, 0});
  if (best == free_by_size_.end()) {
    void* span = map_aligned(kSpan);
    if (!span) return nullptr;
    *mapped = true;
    spans_.insert(reinterpret_cast<uintptr_t>(span));
    give_range(reinterpret_cast<uintptr_t>(span), kSpan);
    best = free_by_size_.lower_bound({bytes, 0});
  }
  auto [size, at] = *best;
  free_by_size_.erase(best);
  free_at_.erase(at);
  if (size > bytes) {
    free_at_.emplace(at + static_cast<uintptr_t>(bytes), size - bytes);
    free_by_size_.emplace(size - bytes, at + static_cast<uintptr_t>(bytes));
  }
  return reinterpret_cast<void*>(at);
}

void PageHeap::give_range(uintptr_t at, int64_t bytes) {
  // A span's end is a border: spans may lie side by side, but go back to the system one by one. Nothing
  // changes where there is no memory for the new range.
  const uintptr_t end = at + static_cast<uintptr_t>(bytes);
  auto next = free_at_.lower_bound(at), before = next;
  const bool joins_next = next != free_at_.end() && next->first == end && !spans_.count(end);
  bool joins_before = false;
  if (next != free_at_.begin() && !spans_.count(at)) {
    before = std::prev(next);
    joins_before = before->first + static_cast<uintptr_t>(before->second) == at;
  }
  const uintptr_t start = joins_before ? before->first : at;
  bytes += (joins_before ? before->second : 0) + (joins_next ? next->second : 0);
  decltype(free_at_) by_place{{start, bytes}};
  decltype(free_by_size_) by_size{{bytes, start}};
  for (auto [joins, range] : {std::pair{joins_before, before}, std::pair{joins_next, next}})
    if (joins) {
      free_by_size_.erase({range->second, range->first});
      free_at_.erase(range);
    }
  free_at_.merge(by_place);
  free_by_size_.merge(by_size);
}

void PageHeap::release_spans() {
  for (auto it = spans_.begin(); it != spans_.end();) {
    auto range = free_at_.find(*it);
    if (range == free_at_.end() || range->second != kSpan) {
      ++it;
      continue;
    }
    free_by_size_.erase({kSpan, *it});
    free_at_.erase(range);
    unmap(reinterpret_cast<void*>(*it), kSpan);
    it = spans_.erase(it);
  }
}

}  // namespace frit::rt
