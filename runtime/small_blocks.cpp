// Each thread keeps a list of free blocks a size class; lists that grow long pass half of it to common
// ones under a lock, and lists that run dry take from there. A free block's first word links it.
#include "runtime/small_blocks.h"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>

#include "runtime/poison.h"
#include "runtime/size_class.h"

namespace frit::rt {
namespace {

constexpr int kClasses = size_class(kSmallBlock) + 1;
constexpr int64_t kThreadBytes = 64 << 10;  // a class and thread keeps no more
constexpr int64_t kCommonBytes = 1 << 20;   // a class

struct Node {
  Node* next;
};

struct List {
  Node* head = nullptr;
  int32_t count = 0;
};

constexpr int32_t most_in_thread(int c) { return static_cast<int32_t>(kThreadBytes / block_bytes(c)); }

// Written by its thread alone; the counters are read by others.
struct ThreadLists {
  List lists[kClasses];
  std::atomic<int64_t> taken{0}, cached{0};
  ThreadLists* next = nullptr;
  ThreadLists* previous = nullptr;
  enum State : uint8_t { fresh, listed, dead } state = fresh;

  void count(std::atomic<int64_t>& counter, int64_t by) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  void push(int c, void* p) {
    Node* n = new (p) Node{lists[c].head};
    lists[c].head = n;
    ++lists[c].count;
    count(cached, block_bytes(c));
  }
  void* pop(int c) {
    Node* n = lists[c].head;
    lists[c].head = n->next;
    --lists[c].count;
    count(cached, -block_bytes(c));
    return n;
  }
};

struct Common {
  std::mutex mutex;
  List lists[kClasses];
  int64_t cached = 0, from_system = 0;
  int64_t taken_by_dead = 0;
  ThreadLists* threads = nullptr;
};

// Never destroyed: arrays may be freed while the process ends.
Common& common() {
  static Common* const it = new Common;
  return *it;
}

constinit thread_local ThreadLists mine;

void to_system(void* p, int c) {
  unpoison(p, block_bytes(c));
  std::free(p);
}

void to_common(Common& all, void* p, int c) {
  if ((all.lists[c].count + 1) * block_bytes(c) > kCommonBytes) return to_system(p, c);
  all.lists[c].head = new (p) Node{all.lists[c].head};
  ++all.lists[c].count;
  all.cached += block_bytes(c);
}

void flush(Common& all, int c, int32_t keep) {
  while (mine.lists[c].count > keep) to_common(all, mine.pop(c), c);
}

// Takes the thread off the books when it ends.
struct Farewell {
  ~Farewell() {
    Common& all = common();
    std::lock_guard lock(all.mutex);
    for (int c = 0; c < kClasses; ++c) flush(all, c, 0);
    (mine.previous ? mine.previous->next : all.threads) = mine.next;
    if (mine.next) mine.next->previous = mine.previous;
    all.taken_by_dead += mine.taken;
    mine.state = ThreadLists::dead;
  }
};

// True if this thread may keep blocks.
bool listed(Common& all) {
  if (mine.state == ThreadLists::listed) return true;
  if (mine.state == ThreadLists::dead) return false;
  static thread_local Farewell farewell;
  mine.state = ThreadLists::listed;
  std::lock_guard lock(all.mutex);
  mine.next = all.threads;
  if (mine.next) mine.next->previous = &mine;
  all.threads = &mine;
  return true;
}

// The slow way: some of the common blocks, or one from the system.
[[gnu::noinline]] void* refill(int c) {
  Common& all = common();
  bool keeps = listed(all);
  void* p = nullptr;
  {
    std::lock_guard lock(all.mutex);
    int32_t want = keeps ? most_in_thread(c) / 2 + 1 : 1;
    for (; want > 0 && all.lists[c].head; --want) {
      if (p) mine.push(c, p);
      Node* n = all.lists[c].head;
      all.lists[c].head = n->next;
      --all.lists[c].count;
      all.cached -= block_bytes(c);
      p = n;
    }
    if (!keeps) ++all.taken_by_dead;
    if (!p) ++all.from_system;
  }
  if (!p) p = std::aligned_alloc(64, static_cast<size_t>(block_bytes(c)));
  return p;
}

[[gnu::noinline]] void overflow(int c, void* p) {
  Common& all = common();
  bool keeps = listed(all);
  std::lock_guard lock(all.mutex);
  if (keeps) flush(all, c, most_in_thread(c) / 2);
  to_common(all, p, c);
}

}  // namespace

void* take_small(int64_t bytes) {
  int c = size_class(bytes);
  void* p = mine.lists[c].head;
  if (p) p = mine.pop(c);
  else p = refill(c);
  if (!p) return nullptr;
  if (mine.state == ThreadLists::listed) mine.count(mine.taken, 1);
  unpoison(p, block_bytes(c));
  return p;
}

void give_small(void* block, int64_t bytes) {
  int c = size_class(bytes);
  poison(static_cast<char*>(block) + sizeof(Node), block_bytes(c) - static_cast<int64_t>(sizeof(Node)));
  if (mine.state == ThreadLists::listed && mine.lists[c].count < most_in_thread(c)) mine.push(c, block);
  else overflow(c, block);
}

SmallStats small_stats() {
  Common& all = common();
  std::lock_guard lock(all.mutex);
  SmallStats s;
  s.taken = all.taken_by_dead;
  s.cached_bytes = all.cached;
  s.from_system = all.from_system;
  for (ThreadLists* t = all.threads; t; t = t->next) {
    s.taken += t->taken.load(std::memory_order_relaxed);
    s.cached_bytes += t->cached.load(std::memory_order_relaxed);
  }
  return s;
}

void trim_small() {
  Common& all = common();
  std::lock_guard lock(all.mutex);
  for (int c = 0; c < kClasses; ++c) {
    flush(all, c, 0);
    while (Node* n = all.lists[c].head) {
      all.lists[c].head = n->next;
      --all.lists[c].count;
      all.cached -= block_bytes(c);
      to_system(n, c);
    }
  }
}

void lock_small() { common().mutex.lock(); }
void unlock_small() { common().mutex.unlock(); }

}  // namespace frit::rt
