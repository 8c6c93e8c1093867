// Copies. Host memory goes through pinned memory in pieces: one is filled or emptied while the GPU
// copies the other. Where no memory can be pinned the driver copies straight, and we wait.
#include <algorithm>
#include <cstring>

#include "frit/error.h"
#include "runtime/cuda/device.h"
#include "runtime/threads.h"
#include "support/log.h"

namespace frit::rt::cuda {
namespace {

constexpr int64_t kSmallCopy = 512 << 10;

// One thread does not keep up with the bus.
void copy_bytes(char* to, const char* from, int64_t bytes) {
  if (bytes <= kSmallCopy) {
    std::memcpy(to, from, static_cast<size_t>(bytes));
    return;
  }
  struct Copy {
    char* to;
    const char* from;
  } c{to, from};
  parallel_for(bytes, kSmallCopy / 2, default_threads(),
               [](void* context, int64_t lo, int64_t hi, int) {
                 const Copy& c = *static_cast<const Copy*>(context);
                 std::memcpy(c.to + lo, c.from + lo, static_cast<size_t>(hi - lo));
               },
               nullptr, &c);
}

}  // namespace

bool PinnedRing::make(Half& h) {
  const Driver& cu = device_.cu;
  if (!h.event) device_.check(cu.event_create(&h.event, kEventNoTiming), "cuEventCreate");
  if (!h.memory) {
    void* memory = nullptr;
    const int r = cu.host_alloc(&memory, static_cast<size_t>(half_), kHostPortable);
    if (r == kOutOfMemory) {
      logging::info("no host memory to pin for ", device_.title());
      none_ = true;
      return false;
    }
    device_.check(r, "cuMemHostAlloc");
    h.memory = static_cast<char*>(memory);
  }
  return true;
}

char* PinnedRing::take(int64_t bytes) {
  if (none_) return nullptr;
  if (!halves_[now_].memory || used_ + bytes > half_) {
    // Nothing changes unless all of this works.
    const bool first = !halves_[now_].memory;
    const int next = first ? now_ : 1 - now_;
    if (!first) mark();
    Half& h = halves_[next];
    if (!make(h)) return nullptr;
    if (h.recorded) wait(h.event);
    now_ = next;
    used_ = 0;
  }
  char* at = halves_[now_].memory + used_;
  used_ += (bytes + 63) / 64 * 64;
  return at;
}

Event PinnedRing::mark() {
  Half& h = halves_[now_];
  device_.check(device_.cu.event_record(h.event, device_.stream()), "cuEventRecord");
  h.recorded = true;
  return h.event;
}

void PinnedRing::wait(Event event) { device_.check(device_.cu.event_wait(event), "cuEventSynchronize"); }

void PinnedRing::close() noexcept {
  for (Half& h : halves_) {
    if (h.memory) device_.cu.host_free(h.memory);
    if (h.event) device_.cu.event_destroy(h.event);
    h = {};
  }
}

void Device::copy_in(Address to, const char* from, int64_t bytes) {
  enter();
  ContextScope scope(*this);
  std::lock_guard lock(staging_in_.mutex);
  PinnedRing& ring = staging_in_.ring;
  while (bytes > 0) {
    const int64_t n = std::min(bytes, ring.half());
    char* pinned = ring.take(n);
    const char* source = from;
    if (pinned) {
      copy_bytes(pinned, from, n);
      source = pinned;
    }
    check(cu.copy_in(to, source, static_cast<size_t>(n), stream_), "cuMemcpyHtoDAsync");
    if (!pinned) check(cu.stream_wait(stream_), "cuStreamSynchronize");
    to += static_cast<Address>(n);
    from += n;
    bytes -= n;
  }
}

void Device::copy_out(char* to, Address from, int64_t bytes) {
  enter();
  ContextScope scope(*this);
  std::lock_guard lock(staging_out_.mutex);
  PinnedRing& ring = staging_out_.ring;
  const uint64_t up_to = enqueued();
  struct Piece {
    char* to = nullptr;
    const char* pinned = nullptr;
    int64_t bytes = 0;
    Event event = nullptr;
  } before;
  auto finish = [&](const Piece& p) {
    if (!p.pinned) return;
    ring.wait(p.event);
    copy_bytes(p.to, p.pinned, p.bytes);
  };
  while (bytes > 0) {
    const int64_t n = std::min(bytes, ring.half());
    char* pinned = ring.take(n);
    check(cu.copy_out(pinned ? pinned : to, from, static_cast<size_t>(n), stream_), "cuMemcpyDtoHAsync");
    if (pinned) {
      const Piece now{to, pinned, n, ring.mark()};
      finish(before);
      before = now;
    } else {
      check(cu.stream_wait(stream_), "cuStreamSynchronize");
    }
    to += n;
    from += static_cast<Address>(n);
    bytes -= n;
  }
  finish(before);
  note_done(up_to);
}

void Device::copy_within(Address to, Address from, int64_t bytes) {
  enter();
  if (bytes == 0) return;
  ContextScope scope(*this);
  check(cu.copy_within(to, from, static_cast<size_t>(bytes), stream_), "cuMemcpyDtoDAsync");
}

void Device::copy_between(Device& to, Address to_at, Device& from, Address from_at, int64_t bytes) {
  to.enter();
  from.enter();
  if (bytes == 0) return;
  const Driver& cu = to.cu;
  // Each stream waits for the other: the copy for what is written to its source, the source's next owner
  // for the copy.
  struct Events {
    const Driver& cu;
    Event ready = nullptr, done = nullptr;
    ~Events() {
      if (ready) cu.event_destroy(ready);
      if (done) cu.event_destroy(done);
    }
  } events{cu};
  {
    ContextScope scope(from);
    from.check(cu.event_create(&events.ready, kEventNoTiming), "cuEventCreate");
    from.check(cu.event_record(events.ready, from.stream()), "cuEventRecord");
  }
  {
    ContextScope scope(to);
    to.check(cu.event_create(&events.done, kEventNoTiming), "cuEventCreate");
    to.check(cu.stream_wait_event(to.stream(), events.ready, 0), "cuStreamWaitEvent");
    const int copied = to.retry_after_trim([&] { return cu.copy_peer(to_at, to.context(), from_at, from.context(), static_cast<size_t>(bytes), to.stream()); });
    to.check(copied, "cuMemcpyPeerAsync");
    // Should one of these fail, the copy is waited for instead.
    int r = cu.event_record(events.done, to.stream());
    if (r == kOk) {
      ContextScope other(from);
      r = cu.stream_wait_event(from.stream(), events.done, 0);
    }
    if (r != kOk) to.check(cu.stream_wait(to.stream()), "cuStreamSynchronize");
  }
}

}  // namespace frit::rt::cuda
