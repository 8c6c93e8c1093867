// Storage on top of the two allocators: small arrays lie in one block together with their Storage and
// its reference counts, larger ones in a block of the page heap.
#include "runtime/memory.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <new>

#include "frit/error.h"
#include "runtime/machine.h"
#include "runtime/page_heap.h"
#include "runtime/poison.h"
#include "runtime/small_blocks.h"
#include "support/bytes.h"
#include "support/env.h"
#include "support/log.h"

namespace frit::rt {
namespace {

constexpr int64_t kHeader = 128;  // room for a Storage with its counts
constexpr int64_t kMostSmall = kSmallBlock - kHeader;

constexpr int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

// Never destroyed: arrays may be freed while the process ends.
PageHeap& page_heap() {
  static PageHeap* const heap = new PageHeap;
  return *heap;
}

struct Account {
  std::atomic<int64_t> live{0}, peak{0};
  std::atomic<int64_t> limit{0};       // 0: not read yet
  std::atomic<int64_t> most_cached{0};
  std::atomic<int64_t> mapped{0};      // blocks that the page heap had from the system
};
constinit Account account;

// Reads the limits from the environment and the machine; throws Error for a broken environment.
[[gnu::noinline]] int64_t first_limit() {
  static const bool forks_safely = [] {
    pthread_atfork(
        [] {
          page_heap().mutex().lock();
          lock_small();
        },
        [] {
          unlock_small();
          page_heap().mutex().unlock();
        },
        [] {
          unlock_small();
          page_heap().mutex().unlock();
        });
    return true;
  }();
  (void)forks_safely;
  int64_t machine = usable_memory();
  int64_t cache = env().memory_cache.value, limit = env().memory_limit.value, unread = 0;
  account.most_cached.compare_exchange_strong(unread, cache >= 0 ? std::max<int64_t>(cache, 1) : machine / 4);
  unread = 0;
  account.limit.compare_exchange_strong(unread, limit > 0 ? limit : machine);
  return account.limit;
}

[[noreturn, gnu::noinline]] void refuse(int64_t bytes, const std::string& why) {
  MemoryStats s = memory_stats();
  logging::info("memory refused: ", bytes, " bytes: ", why);
  throw OutOfMemory("allocate",
              bytes_text(bytes) + " cannot be had: " + why + "; " + bytes_text(s.live_bytes) + " are in arrays now",
              {}, {}, "free arrays, work in smaller parts, or raise the limit (set_memory_limit, FRIT_MEMORY_LIMIT)");
}

void charge(int64_t bytes) {
  int64_t limit = account.limit.load(std::memory_order_relaxed);
  if (limit == 0) limit = first_limit();
  if (bytes < 0 || bytes > kLargestBlock) refuse(bytes, "no array can be that large");
  int64_t live = account.live.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (live > limit) {
    account.live.fetch_sub(bytes, std::memory_order_relaxed);
    refuse(bytes, "the limit is " + bytes_text(limit));
  }
  int64_t peak = account.peak.load(std::memory_order_relaxed);
  while (live > peak && !account.peak.compare_exchange_weak(peak, live, std::memory_order_relaxed)) {
  }
}

void discharge(int64_t bytes) { account.live.fetch_sub(bytes, std::memory_order_relaxed); }

// Gives std::allocate_shared a block that holds the counts, the Storage and, behind it, the data.
template <class T>
struct BlockAllocator {
  using value_type = T;
  int64_t data_bytes;

  explicit BlockAllocator(int64_t bytes) : data_bytes(bytes) {}
  template <class U>
  BlockAllocator(const BlockAllocator<U>& other) : data_bytes(other.data_bytes) {}

  static constexpr int64_t header() {
    constexpr int64_t size = round_up(sizeof(T), 64);
    static_assert(size <= kHeader);
    return size;
  }
  T* allocate(size_t) {
    void* p = take_small(header() + data_bytes);
    if (!p) {
      trim_memory();
      p = take_small(header() + data_bytes);
    }
    if (!p) throw std::bad_alloc();
    return static_cast<T*>(p);
  }
  void deallocate(T* p, size_t) { give_small(p, header() + data_bytes); }
  template <class U>
  bool operator==(const BlockAllocator<U>&) const { return true; }
};

}  // namespace

class Storage::Maker {
 public:
  void* data = nullptr;  // null: behind the Storage itself
  int64_t bytes = 0;
  int64_t capacity = 0;
  std::shared_ptr<const void> owner;
};

Storage::Storage(const Maker& m) : data_(m.data), bytes_(m.bytes), capacity_(m.capacity), owner_(m.owner) {
  // The block is 64-byte aligned and its header rounded up to 64 bytes, so this is the header's end.
  if (!data_) data_ = reinterpret_cast<void*>(round_up(reinterpret_cast<int64_t>(this + 1), 64));
}

Storage::~Storage() {
  if (capacity_ < 0) return;
  if (capacity_ > 0) page_heap().give(data_, capacity_, account.most_cached.load(std::memory_order_relaxed));
  discharge(bytes_);
}

std::shared_ptr<Storage> allocate(int64_t bytes) {
  charge(bytes);
  Storage::Maker m;
  m.bytes = bytes;
  int64_t beside = bytes;  // data in the block of the Storage
  if (bytes > kMostSmall) {
    beside = 0;
    m.capacity = PageHeap::capacity(bytes);
    bool from_system = false;
    m.data = page_heap().take(m.capacity, &from_system);
    if (!m.data) {
      discharge(bytes);
      refuse(bytes, "the system has no more");
    }
    if (from_system) account.mapped.fetch_add(1, std::memory_order_relaxed);
    unpoison(m.data, bytes);
  }
  try {
    return std::allocate_shared<Storage>(BlockAllocator<Storage>(beside), m);
  } catch (const std::bad_alloc&) {
    if (m.data) page_heap().give(m.data, m.capacity, account.most_cached);
    discharge(bytes);
    refuse(bytes, "the system has no more");
  }
}

std::shared_ptr<Storage> borrow(void* data, int64_t bytes, std::shared_ptr<const void> owner, int device) {
  static char none;
  Storage::Maker m;
  m.data = data ? data : &none;
  m.bytes = bytes;
  m.capacity = device < 0 ? -1 : -2 - int64_t{device};
  m.owner = std::move(owner);
  return std::allocate_shared<Storage>(BlockAllocator<Storage>(0), m);
}

MemoryStats memory_stats() {
  SmallStats small = small_stats();
  MemoryStats s;
  s.live_bytes = account.live;
  s.peak_live_bytes = account.peak;
  s.cached_bytes = small.cached_bytes + page_heap().cached_bytes();
  s.allocations = small.taken;
  s.from_system = small.from_system + account.mapped;
  return s;
}

void trim_memory() {
  page_heap().trim();
  trim_small();
}

void reset_peak() { account.peak = account.live.load(); }

void set_memory_limit(int64_t bytes) {
  first_limit();
  account.limit = bytes > 0 ? bytes : usable_memory();
}

void set_memory_cache(int64_t bytes) {
  first_limit();
  account.most_cached = std::max<int64_t>(bytes, 1);
  page_heap().trim(account.most_cached);
}

}  // namespace frit::rt
