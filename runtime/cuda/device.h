// A GPU of this process: its context, its stream, what state it is in; and the list of them.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/cuda/driver.h"
#include "runtime/cuda/gemm.h"
#include "runtime/cuda/pool.h"
#include "runtime/gpu.h"

namespace frit::rt::cuda {

class Device;
struct LoadedModule;

// Pinned host memory that goes round: what the stream may still use is waited for before it is handed
// out again. The owner locks.
class PinnedRing {
 public:
  PinnedRing(Device& device, int64_t half) : device_(device), half_(half) {}
  int64_t half() const { return half_; }
  // Memory for at most half() bytes, unused by the stream; null if the system has none to pin. Whatever
  // the caller enqueues with it goes on the stream before the next call.
  char* take(int64_t bytes);
  // Waits until the stream has done everything that was enqueued up to now.
  Event mark();
  void wait(Event event);
  void close() noexcept;

 private:
  struct Half {
    char* memory = nullptr;
    Event event = nullptr;
    bool recorded = false;
  };
  bool make(Half& h);

  Device& device_;
  const int64_t half_;
  Half halves_[2];
  int now_ = 0;
  int64_t used_ = 0;
  bool none_ = false;  // the system had no memory to pin
};

class Device final : public std::enable_shared_from_this<Device>, private DevicePool::Source {
 public:
  Device(const Driver& cu, int number, int handle, gpu::Properties properties);
  Device(const Device&) = delete;

  const Driver& cu;
  const int number;
  const gpu::Properties properties;

  // Before anything is asked of it: opens it at the first time. Throws Error where it cannot be used:
  // dead, after a fork, while the process ends.
  void enter();
  // Whether the driver may be called at all, for what must not throw.
  bool usable() const noexcept;
  bool opened() const { return opened_.load(std::memory_order_acquire); }
  Stream stream() const { return stream_; }
  Stream capture_stream() const { return capture_; }
  Context context() const { return context_; }
  Address counter() const { return counter_.at; }  // 256 bytes of 0, for kernels that count their blocks

  // Throws Error unless result is 0; marks the device as dead after a sticky error. what: the subject of
  // the message (a program), or "".
  void check(int result, const char* call, const std::string& what = {}) {
    if (result != kOk) [[unlikely]] fail(result, call, what);
  }
  // A call of the driver or of a library that may need memory of the device: where it says that there is
  // none, once more without what is cached. For a device that is open; the context is current.
  template <class Call>
  int retry_after_trim(Call&& call, int no_memory = kOutOfMemory) {
    const int r = call();
    return r == no_memory && give_back_cached() ? call() : r;
  }
  bool give_back_cached();  // waits; false: nothing was cached

  std::shared_ptr<Storage> allocate(int64_t bytes);
  DevicePool::Block take(int64_t bytes);  // throws OutOfMemory
  void give(DevicePool::Block b, int64_t live_bytes) noexcept;

  void copy_in(Address to, const char* from, int64_t bytes);
  void copy_out(char* to, Address from, int64_t bytes);
  void copy_within(Address to, Address from, int64_t bytes);
  static void copy_between(Device& to, Address to_at, Device& from, Address from_at, int64_t bytes);

  void wait();  // for all that was enqueued
  // For the message should the stream fail: what is about to be enqueued; that all noted so far is
  // enqueued, by whoever holds submit_mutex; and that it is done up to what was enqueued() before a wait.
  void note_program(const std::shared_ptr<const std::string>& name);
  void note_enqueued() { enqueued_.store(noted_.load(std::memory_order_relaxed), std::memory_order_release); }
  uint64_t enqueued() const { return enqueued_.load(std::memory_order_acquire); }
  void note_done(uint64_t up_to);

  // A module is unloaded when nothing that runs can be of it any more.
  void retire(Module module) noexcept;

  gpu::GpuMemoryStats memory_stats();
  void trim();
  void reset_peak();
  void set_limit(int64_t bytes);

  void close() noexcept;  // gives everything back; what is freed later is forgotten
  std::string title() const;  // "GPU 0 (NVIDIA H200)"

  std::mutex submit_mutex;                     // of launches: programs are enqueued as a whole
  PinnedRing numbers{*this, 16 << 10};         // under submit_mutex
  Gemms gemms{*this};                          // products through cuBLASLt
  std::mutex modules_mutex;
  std::vector<std::pair<size_t, std::weak_ptr<LoadedModule>>> modules;  // by the hash of the image

 private:
  enum class State : uint8_t { alive, dead, closed };
  [[noreturn]] void fail(int result, const char* call, const std::string& what);
  [[noreturn]] void refuse() const;
  void open();
  std::string running() const;

  uint64_t take_memory(int64_t bytes) override;
  void give_memory(uint64_t at) noexcept override;
  void wait_for_use() override;

  const int handle_;
  std::atomic<State> state_{State::alive};
  std::atomic<bool> opened_{false};
  std::mutex open_mutex_;
  Context context_ = nullptr;
  Stream stream_ = nullptr, capture_ = nullptr;
  DevicePool::Block counter_;
  std::string death_;  // why it is dead; set before state_

  mutable std::mutex memory_mutex_;
  DevicePool pool_{*this};
  int64_t live_ = 0, peak_ = 0, allocations_ = 0;

  // One a direction: who waits for what he reads keeps nobody from writing.
  struct Staging {
    std::mutex mutex;
    PinnedRing ring;
  };
  Staging staging_in_{{}, {*this, 4 << 20}}, staging_out_{{}, {*this, 4 << 20}};

  // The names of the last programs: those from done_ on may still run.
  mutable std::mutex names_mutex_;
  std::array<std::shared_ptr<const std::string>, 8> names_;
  std::atomic<uint64_t> noted_{0}, enqueued_{0};
  uint64_t done_ = 0;

  std::mutex retired_mutex_;
  std::vector<Module> retired_;
};

// Makes the device's context current for this thread while it lives.
class ContextScope {
 public:
  explicit ContextScope(Device& d);
  ~ContextScope();
  ContextScope(const ContextScope&) = delete;

 private:
  Device& device_;
  bool pushed_ = false;
};

// The GPUs, found at the first call.
struct Gpus {
  const Driver* cu = nullptr;
  int driver_version = 0;
  std::string reason;  // why there are none
  std::vector<std::shared_ptr<Device>> devices;
};
const Gpus& gpus();
Device& device(int number);  // throws Error if there is none of that number

// Puts another table in the place of the driver's (null: the system's): everything open is closed, and
// devices are looked for anew at the next call. For tests.
void use_driver(const Driver* table);
bool driver_replaced();

// What happened to the process; after either the driver must not be called.
bool forked() noexcept;
bool ending() noexcept;
void set_ending() noexcept;

}  // namespace frit::rt::cuda
