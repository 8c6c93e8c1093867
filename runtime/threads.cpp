// A call cuts its items into chunks and gives each thread a region of neighbouring ones, which it
// takes from the front; who is done takes from the back of others' regions. The caller waits for the
// chunks, not for threads: those still asleep find the gate shut and sleep on, and one that the system
// stopped between chunks only makes the next calls run on their callers until it is out of the gate.
#include "runtime/threads.h"

#include <immintrin.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "frit/error.h"
#include "runtime/machine.h"
#include "support/env.h"
#include "support/log.h"

namespace frit::rt {
namespace {

constexpr int kChunksPerThread = 16;
constexpr auto kSpin = std::chrono::microseconds(10);    // about what a sleep and a wake-up cost together
constexpr auto kGateSpin = std::chrono::microseconds(2);  // for a worker on its way out

void futex_wait(std::atomic<uint32_t>& word, uint32_t seen) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
}
void futex_wake(std::atomic<uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

// Spins until done() or the time is up.
template <class Done>
bool spin(const Done& done, std::chrono::microseconds most) {
  if (done()) return true;
  auto end = std::chrono::steady_clock::now() + most;
  do {
    for (int i = 0; i < 16; ++i) {
      if (done()) return true;
      _mm_pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return done();
}

// The chunks [head, tail) of a thread's region in one word, so that both ends can be taken from.
struct alignas(64) Region {
  std::atomic<uint64_t> word{0};

  void set(uint32_t head, uint32_t tail) {
    word.store(uint64_t{head} << 32 | tail, std::memory_order_relaxed);
  }
  // -1 if it is empty.
  int64_t take(bool front) {
    uint64_t w = word.load(std::memory_order_relaxed);
    while (true) {
      uint32_t head = static_cast<uint32_t>(w >> 32), tail = static_cast<uint32_t>(w);
      if (head >= tail) return -1;
      uint64_t next = front ? w + (uint64_t{1} << 32) : w - 1;
      if (word.compare_exchange_weak(w, next, std::memory_order_relaxed)) return front ? head : tail - 1;
    }
  }
};

struct Job {
  RangeFn fn = nullptr;
  LastFn last = nullptr;
  void* context = nullptr;
  int64_t count = 0, chunk = 0;
  int threads = 0;
  int cpu = -1;  // the caller's
};

struct alignas(64) Sleeper {
  std::atomic<uint32_t> signal{0};  // counts the calls to wake
  std::atomic<bool> asleep{false};
};

thread_local bool in_parallel = false;

class Pool {
 public:
  // False if another thread has the pool.
  bool run(const Job& job, int64_t chunks);
  bool awake() const { return awake_.load(std::memory_order_relaxed) > 0; }

 private:
  static constexpr uint32_t kOpen = 1u << 31;

  int grow(int workers);  // how many there are then
  static void* thread_main(void* start);
  void serve(int worker, Sleeper& me);
  void wake(Sleeper& s);
  void work(int worker);

  std::atomic<bool> busy_{false};
  // Written while the gate is shut and nobody is inside.
  Job job_;
  std::vector<Region> regions_;
  alignas(64) std::atomic<int64_t> left_{0};     // chunks not yet reported as done
  alignas(64) std::atomic<uint32_t> gate_{0};    // kOpen and the number of workers inside
  std::atomic<uint32_t> done_{0};                // 1: all chunks are done and the last one told
  std::atomic<bool> caller_asleep_{false};
  std::atomic<int> awake_{0};                    // workers that run or spin
  std::deque<Sleeper> sleepers_;                 // of worker i + 1; grows under busy_
};

// The pool of this process; the child of a fork starts a new one, without the parent's threads.
std::atomic<Pool*> the_pool{nullptr};

Pool& pool() {
  if (Pool* p = the_pool.load(std::memory_order_acquire)) return *p;
  static const int forks_safely = pthread_atfork(nullptr, nullptr, [] { the_pool.store(nullptr); });
  (void)forks_safely;
  Pool* fresh = new Pool;  // never destroyed: its threads run until the process ends
  Pool* expected = nullptr;
  if (the_pool.compare_exchange_strong(expected, fresh)) return *fresh;
  delete fresh;
  return *expected;
}

struct Start {
  Pool* pool;
  int worker;
  Sleeper* sleeper;
};

int Pool::grow(int workers) {
  while (static_cast<int>(sleepers_.size()) < workers) {
    int number = static_cast<int>(sleepers_.size()) + 1;
    sleepers_.emplace_back();
    auto start = std::make_unique<Start>(Start{this, number, &sleepers_.back()});
    pthread_t thread;
    // Signals are for the program's own threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread, nullptr, thread_main, start.get());
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (failed) {
      logging::warning("only ", number, " of ", workers + 1, " threads could be started");
      sleepers_.pop_back();
      break;
    }
    start.release();
    pthread_setname_np(thread, ("frit-" + std::to_string(number)).c_str());
    pthread_detach(thread);
  }
  return static_cast<int>(sleepers_.size());
}

void* Pool::thread_main(void* p) {
  Start start = *static_cast<Start*>(p);
  delete static_cast<Start*>(p);
  in_parallel = true;
  start.pool->serve(start.worker, *start.sleeper);
  return nullptr;
}

void Pool::serve(int worker, Sleeper& me) {
  uint32_t seen = 0;
  bool spins = true;
  ++awake_;
  while (true) {
    auto called = [&] { return me.signal.load(std::memory_order_acquire) != seen; };
    if (!spins || !spin(called, kSpin)) {
      --awake_;
      me.asleep.store(true);  // before the futex looks at the signal: the caller does it the other way round
      while (!called()) futex_wait(me.signal, seen);
      me.asleep.store(false);
      ++awake_;
    }
    seen = me.signal.load(std::memory_order_acquire);
    uint32_t g = gate_.load(std::memory_order_relaxed);
    while ((g & kOpen) && !gate_.compare_exchange_weak(g, g + 1, std::memory_order_acquire)) {
    }
    spins = false;
    if (!(g & kOpen)) continue;
    // On a machine that is busy a worker may sit on the caller's core: spinning there would keep the
    // caller from its next call.
    spins = sched_getcpu() != job_.cpu;
    if (worker < job_.threads) work(worker);
    gate_.fetch_sub(1, std::memory_order_release);
  }
}

void Pool::wake(Sleeper& s) {
  s.signal.fetch_add(1);
  if (s.asleep.load()) futex_wake(s.signal);
}

// Runs chunks until there are none, the own ones first.
void Pool::work(int worker) {
  const Job& j = job_;
  int64_t done = 0;
  for (int k = 0; k < j.threads; ++k) {
    Region& r = regions_[static_cast<size_t>((worker + k) % j.threads)];
    for (int64_t c; (c = r.take(k == 0)) >= 0; ++done) {
      int64_t lo = c * j.chunk;
      j.fn(j.context, lo, std::min(j.count, lo + j.chunk), worker);
    }
  }
  if (done == 0 || left_.fetch_sub(done, std::memory_order_acq_rel) != done) return;
  if (j.last) j.last(j.context, worker);
  done_.store(1);
  if (caller_asleep_.load()) futex_wake(done_);
}

bool Pool::run(const Job& job, int64_t chunks) {
  if (busy_.exchange(true, std::memory_order_acquire)) return false;
  int workers = 0;
  if (!spin([&] { return gate_.load(std::memory_order_acquire) == 0; }, kGateSpin)) {
    busy_.store(false, std::memory_order_release);
    return false;
  }
  try {
    workers = std::min(job.threads - 1, grow(job.threads - 1));
    if (regions_.size() <= static_cast<size_t>(workers))
      regions_ = std::vector<Region>(static_cast<size_t>(workers) + 1);
  } catch (const std::bad_alloc&) {
    busy_.store(false, std::memory_order_release);
    return false;
  }
  job_ = job;
  job_.threads = workers + 1;
  job_.cpu = sched_getcpu();
  for (int64_t t = 0; t < job_.threads; ++t)
    regions_[static_cast<size_t>(t)].set(static_cast<uint32_t>(chunks * t / job_.threads),
                                         static_cast<uint32_t>(chunks * (t + 1) / job_.threads));
  left_.store(chunks, std::memory_order_relaxed);
  done_.store(0, std::memory_order_relaxed);
  gate_.store(kOpen, std::memory_order_release);
  for (int w = 0; w < workers; ++w) wake(sleepers_[static_cast<size_t>(w)]);

  in_parallel = true;
  work(0);
  in_parallel = false;

  gate_.fetch_and(~kOpen);
  auto done = [&] { return done_.load(std::memory_order_acquire) == 1; };
  if (!spin(done, kSpin)) {
    caller_asleep_.store(true);  // before the futex looks at done_: the worker does it the other way round
    while (!done()) futex_wait(done_, 0);
    caller_asleep_.store(false);
  }
  busy_.store(false, std::memory_order_release);
  return true;
}

std::atomic<int> threads_wanted{0};  // 0: not read yet

}  // namespace

void parallel_for(int64_t count, int64_t grain, int threads, RangeFn fn, LastFn last, void* context) {
  grain = std::max<int64_t>(grain, 1);
  if (count > grain && threads > 1 && !in_parallel) {
    threads = std::min(threads, kMostThreads);
    // Whole grains; between one and two times as many chunks as wanted, so that rounding unbalances little.
    int64_t grains = (count - 1) / grain + 1;
    int64_t chunk = std::max<int64_t>(grains / (int64_t{threads} * kChunksPerThread), 1) * grain;
    int64_t chunks = (count - 1) / chunk + 1;
    Job job{fn, last, context, count, chunk, static_cast<int>(std::min<int64_t>(threads, chunks)), -1};
    if (chunks > 1 && pool().run(job, chunks)) return;
  }
  if (count > 0) fn(context, 0, count, 0);
  if (last) last(context, 0);
}

bool workers_awake() {
  const Pool* p = the_pool.load(std::memory_order_acquire);
  return p && p->awake();
}

int default_threads() {
  int n = threads_wanted.load(std::memory_order_relaxed);
  if (n == 0) {
    n = env().threads.value > 0 ? env().threads.value : std::min(usable_cores(), kMostThreads);
    int unread = 0;
    if (!threads_wanted.compare_exchange_strong(unread, n)) n = unread;
  }
  return n;
}

void set_default_threads(int n) {
  if (n < 1 || n > kMostThreads)
    throw Error("set_default_threads", std::to_string(n) + " threads are not possible", {}, {},
                "give a number from 1 to " + std::to_string(kMostThreads));
  threads_wanted = n;
}

namespace {
// Round to nearest, denormals kept, exceptions masked; the low six bits are flags of what happened.
constexpr uint32_t kPlain = 0x1f80, kFlags = 0x3f;
}  // namespace

FloatControl::FloatControl() : saved_(_mm_getcsr()) {
  if ((saved_ & ~kFlags) != kPlain) _mm_setcsr(kPlain);
}

FloatControl::~FloatControl() {
  if ((saved_ & ~kFlags) != kPlain) _mm_setcsr(saved_);
}

}  // namespace frit::rt
