#include "tests/cuda_emulation/device.h"

#include <sys/mman.h>

#include <algorithm>
#include <cfenv>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "tests/cuda_emulation/fiber.h"

namespace frit::test {
namespace {

using frit_emulated::Thread;

// Calls a function with n arguments of 8 bytes: rounded up, as more than it takes do no harm.
template <size_t... I>
void call_with(void (*code)(), const uint64_t* a, std::index_sequence<I...>) {
  reinterpret_cast<void (*)(decltype(static_cast<uint64_t>(I))...)>(code)(a[I]...);
}
constexpr int kMostArguments = 1024;
void call(void (*code)(), const uint64_t* a, int n) {
  if (n <= 6) return call_with(code, a, std::make_index_sequence<6>());
  if (n <= 16) return call_with(code, a, std::make_index_sequence<16>());
  if (n <= 64) return call_with(code, a, std::make_index_sequence<64>());
  if (n <= 256) return call_with(code, a, std::make_index_sequence<256>());
  return call_with(code, a, std::make_index_sequence<kMostArguments>());
}

enum class State : unsigned char { fresh, ready, block, cluster, warp_barrier, shuffle, done };

// A thread as the scheduler sees it.
struct Slot {
  Fiber* fiber = nullptr;
  State state = State::fresh;
  int line = 0;         // where it waits
  unsigned mask = 0;    // with which lanes
  int source = 0;       // the lane it wants a value from
  uint64_t value = 0;   // what it gives, then what it gets
};

// Shared memory of a block, at the end of its pages so that a touch beyond it is a fault, a pattern before it.
class SharedMemory {
 public:
  explicit SharedMemory(size_t bytes) : bytes_((bytes + 15) / 16 * 16), mapped_((bytes_ + kBefore + kPage - 1) / kPage * kPage + 2 * kPage) {
    base_ = static_cast<unsigned char*>(mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base_ == MAP_FAILED || mprotect(base_ + kPage, mapped_ - 2 * kPage, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  }
  SharedMemory(const SharedMemory&) = delete;
  ~SharedMemory() { munmap(base_, mapped_); }
  unsigned char* data() const { return base_ + mapped_ - kPage - bytes_; }
  size_t bytes() const { return bytes_; }
  void reset(unsigned char fill) {
    std::memset(data() - kBefore, kPattern, kBefore);
    std::memset(data(), fill, bytes_);
  }
  bool intact() const {
    return std::all_of(data() - kBefore, data(), [](unsigned char c) { return c == kPattern; });
  }

 private:
  static constexpr size_t kPage = 4096, kBefore = 256;
  static constexpr unsigned char kPattern = 0xa5;
  size_t bytes_, mapped_;
  unsigned char* base_;
};

class Device {
 public:
  ~Device() {
    for (Fiber* f : idle_) release_fiber(f);
  }
  std::string run(const EmulatedGrid& g);

  // What threads ask for, on their own stacks.
  void wait(Thread* t, State why, int line, unsigned mask = 0, int source = 0, uint64_t value = 0) {
    Slot& s = slots_[current_];
    s.state = why;
    s.line = line;
    s.mask = mask;
    s.source = source;
    s.value = value;
    suspend(static_cast<Fiber*>(t));
  }
  uint64_t value() const { return slots_[current_].value; }
  void fail(Thread* t, int line, std::string what) {
    if (problem_.empty()) problem_ = place(line) + what;
    suspend(static_cast<Fiber*>(t));
  }
  void* shared_of(Thread* t, int line, const void* here, unsigned rank) {
    const auto* p = static_cast<const unsigned char*>(here);
    const SharedMemory& mine = *shared_[t->cluster_rank];
    if (rank >= t->cluster_size || p < mine.data() || p >= mine.data() + mine.bytes())
      fail(t, line, "an address in another block's shared memory that is in none");
    return shared_[rank]->data() + (p - mine.data());
  }

 private:
  void run_group(unsigned first);
  bool run_warp(size_t warp);
  void run_thread(size_t slot);
  bool release_lanes(size_t warp);
  bool release_blocks();
  bool release_cluster();
  void explain_stuck();
  size_t at(size_t k, size_t n) const { return g_->descending ? n - 1 - k : k; }
  std::span<Slot> warp_slots(size_t warp) {
    const size_t block = warp / warps_, begin = block * g_->threads + warp % warps_ * 32;
    return {slots_.data() + begin, std::min<size_t>(32, (block + 1) * g_->threads - begin)};
  }
  std::string place(int line) const {
    return "block " + std::to_string(first_ + current_ / g_->threads) + ", thread " + std::to_string(current_ % g_->threads) +
           (line ? ", line " + std::to_string(line) : "") + ": ";
  }

  const EmulatedGrid* g_ = nullptr;
  unsigned first_ = 0;          // block of the group that runs
  size_t warps_ = 0;            // of a block
  size_t current_ = 0;          // the slot that runs
  std::vector<Slot> slots_;     // threads of the group, block by block
  std::vector<Fiber*> idle_;
  std::vector<std::unique_ptr<SharedMemory>> shared_;
  std::unique_ptr<bool[]> fenced_;
  std::string problem_;
};

Device& device() {
  static thread_local Device d;
  return d;
}

const frit_emulated::Calls kCalls = {
    [](Thread* t, int line) { device().wait(t, State::block, line); },
    [](Thread* t, int line) { device().wait(t, State::cluster, line); },
    [](Thread* t, int line, unsigned mask) { device().wait(t, State::warp_barrier, line, mask); },
    [](Thread* t, int line, unsigned mask, uint64_t value, int source) {
      device().wait(t, State::shuffle, line, mask, source, value);
      return device().value();
    },
    [](Thread* t, int line, const void* here, unsigned rank) { return device().shared_of(t, line, here, rank); },
    [](Thread* t, int line, const char* what) { device().fail(t, line, what); },
};

// Arguments of the running grid, for the body of its fibers.
thread_local const EmulatedGrid* grid = nullptr;
void body(Fiber*) { call(grid->entry->code, grid->arguments, grid->entry->arguments); }

std::string Device::run(const EmulatedGrid& g) {
  if (g.threads < 1 || g.threads > 1024) return "a block of " + std::to_string(g.threads) + " threads";
  if (g.cluster < 1 || g.cluster > 16 || g.blocks % g.cluster != 0) return std::to_string(g.blocks) + " blocks in clusters of " + std::to_string(g.cluster);
  if (g.entry->arguments > kMostArguments) return std::to_string(g.entry->arguments) + " arguments";
  g_ = grid = &g;
  problem_.clear();
  warps_ = (g.threads + 31) / 32;
  fenced_ = std::make_unique<bool[]>(g.cluster);
  if (shared_.size() != g.cluster || shared_[0]->bytes() != (g.shared_bytes + 15) / 16 * 16) {
    shared_.clear();
    for (unsigned b = 0; b < g.cluster; ++b) shared_.push_back(std::make_unique<SharedMemory>(g.shared_bytes));
  }
  catch_faults();
  std::fenv_t control;
  std::fegetenv(&control);
  std::fesetenv(FE_DFL_ENV);
  for (unsigned c = 0; c < g.blocks / g.cluster && problem_.empty(); ++c) run_group(static_cast<unsigned>(at(c, g.blocks / g.cluster)) * g.cluster);
  std::fesetenv(&control);
  return std::move(problem_);
}

void Device::run_group(unsigned first) {
  first_ = first;
  slots_.assign(size_t{g_->cluster} * g_->threads, {});
  for (unsigned b = 0; b < g_->cluster; ++b) {
    shared_[b]->reset(g_->fill);
    fenced_[b] = false;
  }
  const size_t warps = warps_ * g_->cluster;
  for (bool all_done = false; !all_done && problem_.empty();) {
    all_done = true;
    for (size_t w = 0; w < warps && problem_.empty(); ++w) all_done &= run_warp(at(w, warps));
    if (all_done || !problem_.empty()) break;
    if (!release_blocks() && !release_cluster()) explain_stuck();
  }
  for (unsigned b = 0; b < g_->cluster && problem_.empty(); ++b)
    if (!shared_[b]->intact()) problem_ = "block " + std::to_string(first + b) + ": memory before the block's shared memory has been written";
  for (Slot& s : slots_)
    if (s.fiber) idle_.push_back(std::exchange(s.fiber, nullptr));
}

// Until each lane is done or waits for others of the block; whether all are done.
bool Device::run_warp(size_t warp) {
  const std::span<Slot> lanes = warp_slots(warp);
  const size_t begin = static_cast<size_t>(lanes.data() - slots_.data());
  do {
    for (size_t k = 0; k < lanes.size(); ++k) {
      const size_t lane = at(k, lanes.size());
      if (lanes[lane].state == State::fresh || lanes[lane].state == State::ready) run_thread(begin + lane);
      if (!problem_.empty()) return false;
    }
  } while (release_lanes(warp));
  return std::ranges::all_of(lanes, [](const Slot& s) { return s.state == State::done; });
}

void Device::run_thread(size_t slot) {
  Slot& s = slots_[slot];
  current_ = slot;
  if (s.state == State::fresh) {
    if (idle_.empty()) {
      s.fiber = new_fiber();
      s.fiber->done = false;
    } else {
      s.fiber = idle_.back();
      idle_.pop_back();
    }
    const auto block = static_cast<unsigned>(slot / g_->threads);
    Thread& t = *s.fiber;
    t = {{static_cast<unsigned>(slot % g_->threads), 0, 0}, {first_ + block, 0, 0}, {g_->threads, 1, 1}, {g_->blocks, 1, 1},
         shared_[block]->data(), &kCalls, &fenced_[block], block, g_->cluster, false};
    // A stack whose body has returned begins the next one by itself.
    if (!s.fiber->done) prepare(s.fiber, body);
    s.fiber->done = false;
  }
  s.state = State::ready;
  if (const char* fault = resume(s.fiber)) problem_ = place(0) + fault;
  if (s.fiber->done) {
    s.state = State::done;
    if (s.fiber->arrived && problem_.empty()) problem_ = place(0) + "a thread returns between arriving at the cluster's barrier and waiting for it";
    idle_.push_back(std::exchange(s.fiber, nullptr));
  }
}

// Lets lanes go on that wait for one another and are all there.
bool Device::release_lanes(size_t warp) {
  const std::span<Slot> lanes = warp_slots(warp);
  bool released = false;
  for (size_t lead = 0; lead < lanes.size(); ++lead) {
    const Slot& l = lanes[lead];
    if (l.state != State::warp_barrier && l.state != State::shuffle) continue;
    const unsigned mask = l.mask;
    current_ = static_cast<size_t>(&l - slots_.data());
    if (!(mask >> lead & 1)) {
      problem_ = place(l.line) + "a lane that is not in its own mask";
      return false;
    }
    if (lanes.size() < 32 && mask >> lanes.size() != 0) {
      problem_ = place(l.line) + "a mask with lanes that the block does not have";
      return false;
    }
    bool all = true;
    for (size_t k = 0; k < lanes.size(); ++k)
      all &= !(mask >> k & 1) || (lanes[k].state == l.state && lanes[k].line == l.line && lanes[k].mask == mask);
    if (!all) continue;
    if (l.state == State::shuffle) {
      uint64_t given[32];
      for (size_t k = 0; k < lanes.size(); ++k) given[k] = lanes[k].value;
      for (size_t k = 0; k < lanes.size(); ++k) {
        if (!(mask >> k & 1)) continue;
        const auto source = static_cast<unsigned>(lanes[k].source);
        if (source >= lanes.size() || !(mask >> source & 1)) {
          current_ = static_cast<size_t>(&lanes[k] - slots_.data());
          problem_ = place(lanes[k].line) + "a shuffle from lane " + std::to_string(lanes[k].source) + ", which is not in the mask";
          return false;
        }
        lanes[k].value = given[source];
      }
    }
    for (size_t k = 0; k < lanes.size(); ++k)
      if (mask >> k & 1) lanes[k].state = State::ready;
    released = true;
  }
  return released;
}

// A barrier of a block opens when all its threads stand before it, at one place.
bool Device::release_blocks() {
  bool released = false;
  for (unsigned b = 0; b < g_->cluster; ++b) {
    const std::span<Slot> threads(slots_.data() + size_t{b} * g_->threads, g_->threads);
    const Slot& l = threads[0];
    if (!std::ranges::all_of(threads, [&](const Slot& s) { return s.state == State::block && s.line == l.line; })) continue;
    for (Slot& s : threads) s.state = State::ready;
    released = true;
  }
  return released;
}

bool Device::release_cluster() {
  const Slot& l = slots_[0];
  if (!std::ranges::all_of(slots_, [&](const Slot& s) { return s.state == State::cluster && s.line == l.line; })) return false;
  for (Slot& s : slots_) s.state = State::ready;
  return true;
}

// Nobody can go on: who waits where.
void Device::explain_stuck() {
  problem_ = "barrier in divergent code:";
  for (size_t begin = 0, lines = 0; begin < slots_.size();) {
    const Slot& s = slots_[begin];
    size_t end = begin;
    while (end < slots_.size() && end / g_->threads == begin / g_->threads && slots_[end].state == s.state &&
           (s.state == State::done || (slots_[end].line == s.line && slots_[end].mask == s.mask)))
      ++end;
    if (++lines > 8) {
      problem_ += " ...";
      return;
    }
    problem_ += lines > 1 ? "; " : " ";
    problem_ += "block " + std::to_string(first_ + begin / g_->threads) + ", threads " + std::to_string(begin % g_->threads) +
                " to " + std::to_string((end - 1) % g_->threads);
    const bool warp = s.state == State::warp_barrier || s.state == State::shuffle;
    if (s.state == State::done) problem_ += " have returned";
    else problem_ += std::string(" wait at the ") + (s.state == State::shuffle ? "shuffle" : "barrier") + " of line " + std::to_string(s.line);
    if (warp) {
      char text[32];
      std::snprintf(text, sizeof text, " for lanes %08x", s.mask);
      problem_ += text;
    }
    begin = end;
  }
}

}  // namespace

std::string run_grid(const EmulatedGrid& g) { return device().run(g); }

}  // namespace frit::test
