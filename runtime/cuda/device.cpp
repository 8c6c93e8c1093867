// Opening and closing a device, its errors, its memory.
#include "runtime/cuda/device.h"

#include <algorithm>

#include "frit/error.h"
#include "support/bytes.h"
#include "support/env.h"
#include "support/log.h"

namespace frit::rt::cuda {
namespace {

// Past this many a module is unloaded even if nobody waits for the stream.
constexpr size_t kMostRetired = 64;

// Owns a block that a Storage stands for.
struct Held {
  std::shared_ptr<Device> device;
  DevicePool::Block block;
  int64_t bytes;
  ~Held() { device->give(block, bytes); }
};

}  // namespace

Device::Device(const Driver& cu, int number, int handle, gpu::Properties properties)
    : cu(cu), number(number), properties(std::move(properties)), handle_(handle) {
  if (env().gpu_memory_limit.value > 0) pool_.set_limit(env().gpu_memory_limit.value);
}

std::string Device::title() const { return "GPU " + std::to_string(number) + " (" + properties.name + ")"; }

bool Device::usable() const noexcept { return state_.load(std::memory_order_acquire) == State::alive && !forked() && !ending(); }

void Device::enter() {
  if (!usable()) [[unlikely]] refuse();
  if (!opened_.load(std::memory_order_acquire)) [[unlikely]] open();
}

void Device::refuse() const {
  if (forked())
    throw Error("gpu", title() + " cannot be used here: this process was forked from one that already used the GPU", {}, {},
                "fork before the first use of a GPU, or start the child as a new program (spawn, exec)");
  if (ending()) throw Error("gpu", title() + " cannot be used any more: the process is ending");
  if (state_ == State::dead)
    throw Error("gpu", title() + " is dead in this process since an earlier failure: " + death_, {}, {},
                "arrays on the host are as they were; start the process again to use the GPU");
  throw Error("gpu", title() + " has been closed");
}

void Device::open() {
  std::lock_guard lock(open_mutex_);
  if (opened_) return;
  Context context = nullptr;
  check(cu.primary_retain(&context, handle_), "cuDevicePrimaryCtxRetain");
  Stream stream = nullptr, capture = nullptr;
  DevicePool::Block counter;
  try {
    context_ = context;
    ContextScope scope(*this);
    try {
      check(cu.stream_create(&stream, kStreamNonBlocking), "cuStreamCreate");
      stream_ = stream;
      check(cu.stream_create(&capture, kStreamNonBlocking), "cuStreamCreate");
      counter = take(DevicePool::kAlignment);
      check(cu.fill(counter.at, 0, static_cast<size_t>(DevicePool::kAlignment), stream), "cuMemsetD8Async");
    } catch (...) {
      if (counter.at) give(counter, 0);
      if (capture) cu.stream_destroy(capture);
      if (stream) cu.stream_destroy(stream);
      throw;
    }
  } catch (...) {
    stream_ = nullptr;
    context_ = nullptr;
    cu.primary_release(handle_);
    throw;
  }
  capture_ = capture;
  counter_ = counter;
  opened_.store(true, std::memory_order_release);
  logging::info("opened ", title());
}

void Device::close() noexcept {
  if (opened_ && usable()) {
    Context now = nullptr;
    const bool pushed = cu.context_push(context_) == kOk;
    cu.stream_wait(stream_);
    if (pushed)
      for (Module m : retired_) cu.module_unload(m);
    retired_.clear();
    staging_in_.ring.close();
    staging_out_.ring.close();
    numbers.close();
    gemms.close();
    give(counter_, 0);
    try {
      std::lock_guard lock(memory_mutex_);
      pool_.trim();
    } catch (const std::exception&) {  // goes with the context
    }
    cu.stream_destroy(capture_);
    cu.stream_destroy(stream_);
    if (pushed) cu.context_pop(&now);
    // With the context go what is still held: modules, graphs, arrays.
    cu.primary_release(handle_);
  }
  State alive = State::alive;
  state_.compare_exchange_strong(alive, State::closed);
}

std::string Device::running() const {
  std::lock_guard lock(names_mutex_);
  const uint64_t end = noted_.load(std::memory_order_relaxed);
  uint64_t from = done_;
  if (from == end) return "";
  const bool more = end - from > names_.size();
  if (more) from = end - names_.size();
  std::vector<std::string> names;
  for (uint64_t i = from; i < end; ++i) {
    const std::string& name = *names_[i % names_.size()];
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  std::string out = more ? "one of the last programs" : names.size() == 1 ? "program" : "one of the programs";
  for (size_t i = 0; i < names.size(); ++i) out += (i ? ", " : " ") + names[i];
  return out;
}

void Device::note_program(const std::shared_ptr<const std::string>& name) {
  std::lock_guard lock(names_mutex_);
  const uint64_t n = noted_.load(std::memory_order_relaxed);
  names_[n % names_.size()] = name;
  noted_.store(n + 1, std::memory_order_relaxed);
}

void Device::note_done(uint64_t up_to) {
  std::lock_guard lock(names_mutex_);
  done_ = std::max(done_, up_to);
}

void Device::fail(int result, const char* call, const std::string& what) {
  if (result == kDeinitialized) {
    set_ending();
    refuse();
  }
  if (!usable()) refuse();
  std::string text = title() + ": " + call + ": " + error_text(cu, result);
  if (!what.empty()) text = what + ", " + text;
  if (is_sticky(result)) {
    // The call that reports it is seldom the one that failed.
    if (const std::string who = running(); !who.empty()) text += "; while running " + who;
    std::lock_guard lock(names_mutex_);
    if (state_ == State::alive) {
      death_ = text;
      state_.store(State::dead, std::memory_order_release);
      logging::error(text);
    }
    throw Error("gpu", text, {}, {}, error_help(result));
  }
  if (result == kOutOfMemory) throw OutOfMemory("gpu", text, {}, {}, error_help(result));
  throw Error("gpu", text, {}, {}, error_help(result));
}

void Device::wait() {
  enter();
  ContextScope scope(*this);
  std::vector<Module> unused;
  {
    std::lock_guard lock(retired_mutex_);
    unused.swap(retired_);
  }
  const uint64_t up_to = enqueued();
  if (int r = cu.stream_wait(stream_); r != kOk) {
    {
      std::lock_guard lock(retired_mutex_);
      retired_.insert(retired_.end(), unused.begin(), unused.end());
    }
    check(r, "cuStreamSynchronize");
  }
  note_done(up_to);
  for (Module m : unused) cu.module_unload(m);
}

void Device::retire(Module module) noexcept {
  if (!usable()) return;  // gone with the context
  try {
    bool kept = true, many = false;
    try {
      std::lock_guard lock(retired_mutex_);
      retired_.push_back(module);
      many = retired_.size() > kMostRetired;
    } catch (const std::bad_alloc&) {
      kept = false;
    }
    if (kept && !many) return;
    wait();
    if (kept) return;
    ContextScope scope(*this);
    cu.module_unload(module);
  } catch (const std::exception&) {  // told again by whoever waits next
  }
}

// Memory.

uint64_t Device::take_memory(int64_t bytes) {
  Address at = 0;
  const int r = cu.memory_alloc(&at, static_cast<size_t>(bytes));
  if (r == kOutOfMemory) return 0;
  check(r, "cuMemAlloc");
  return at;
}

void Device::give_memory(uint64_t at) noexcept { cu.memory_free(at); }

void Device::wait_for_use() {
  if (stream_) check(cu.stream_wait(stream_), "cuStreamSynchronize");
}

DevicePool::Block Device::take(int64_t bytes) {
  if (bytes < 0 || bytes > kLargestBlock) throw OutOfMemory("allocate", bytes_text(bytes) + ": no array can be that large");
  std::lock_guard lock(memory_mutex_);
  const DevicePool::Block b = pool_.take(bytes);
  if (b.at) return b;
  size_t free = 0, total = 0;
  const bool asked = cu.memory_info(&free, &total) == kOk;
  std::string why = "the device has no more";
  if (pool_.limit() > 0 && pool_.held_bytes() + DevicePool::capacity(bytes) > pool_.limit()) why = "the limit is " + bytes_text(pool_.limit());
  else if (asked) why = "of " + bytes_text(static_cast<int64_t>(total)) + " " + bytes_text(static_cast<int64_t>(free)) + " are free";
  throw OutOfMemory("allocate", bytes_text(bytes) + " cannot be had on " + title() + ": " + why + "; " + bytes_text(live_) + " are in arrays now",
                    {}, {}, "free arrays, work in smaller parts, raise the limit (FRIT_GPU_MEMORY_LIMIT), or see with nvidia-smi who else uses the memory");
}

void Device::give(DevicePool::Block b, int64_t live_bytes) noexcept {
  if (!b.at || forked()) return;  // in the child of a fork the mutex may be held for good
  std::lock_guard lock(memory_mutex_);
  live_ -= live_bytes;
  if (usable()) pool_.give(b);
}

std::shared_ptr<Storage> Device::allocate(int64_t bytes) {
  enter();
  ContextScope scope(*this);
  auto held = std::make_shared<Held>(Held{shared_from_this(), {}, 0});
  held->block = take(bytes);
  {
    std::lock_guard lock(memory_mutex_);
    held->bytes = bytes;
    live_ += bytes;
    peak_ = std::max(peak_, live_);
    ++allocations_;
  }
  void* at = reinterpret_cast<void*>(held->block.at);
  return borrow(at, bytes, std::move(held), number);
}

gpu::GpuMemoryStats Device::memory_stats() {
  if (forked()) return {};
  std::lock_guard lock(memory_mutex_);
  gpu::GpuMemoryStats s;
  s.live_bytes = live_;
  s.peak_live_bytes = peak_;
  s.cached_bytes = pool_.cached_bytes();
  s.allocations = allocations_;
  s.from_system = pool_.from_source();
  s.held_bytes = pool_.held_bytes();
  return s;
}

void Device::trim() {
  enter();
  ContextScope scope(*this);
  std::lock_guard lock(memory_mutex_);
  pool_.trim();
}

bool Device::give_back_cached() {
  wait();  // modules that nobody uses go too
  std::lock_guard lock(memory_mutex_);
  if (pool_.cached_bytes() == 0) return false;
  pool_.trim();
  return true;
}

void Device::reset_peak() {
  std::lock_guard lock(memory_mutex_);
  peak_ = live_;
}

void Device::set_limit(int64_t bytes) {
  std::lock_guard lock(memory_mutex_);
  pool_.set_limit(std::max<int64_t>(bytes, 0));
}

ContextScope::ContextScope(Device& d) : device_(d) {
  Context now = nullptr;
  d.check(d.cu.context_current(&now), "cuCtxGetCurrent");
  if (now == d.context()) return;
  d.check(d.cu.context_push(d.context()), "cuCtxPushCurrent");
  pushed_ = true;
}

ContextScope::~ContextScope() {
  Context out = nullptr;
  if (pushed_) device_.cu.context_pop(&out);
}

}  // namespace frit::rt::cuda
