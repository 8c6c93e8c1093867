// Which GPUs there are, and what happens to the process: forks and its end.
#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <mutex>

#include "frit/error.h"
#include "runtime/cuda/device.h"
#include "support/env.h"
#include "support/log.h"

namespace frit::rt::cuda {
namespace {

constexpr int kLeastSm = 80;  // the prelude of our kernels uses max.NaN, bf16 and their like

constinit std::atomic<bool> has_forked{false}, is_ending{false}, driver_in_use{false};

// Never destroyed: arrays may be freed while the process ends.
struct Found {
  std::mutex mutex;
  std::atomic<const Driver*> replaced{nullptr};
  std::atomic<const Gpus*> now{nullptr};
};
Found& found() {
  static Found* const f = new Found;
  return *f;
}

// Once the driver works, its handlers for the end of the process are in place, so that ours, which come
// later, run before them.
void watch_process() {
  static const bool once = [] {
    pthread_atfork(nullptr, nullptr, [] {
      if (driver_in_use) has_forked = true;
    });
    std::atexit([] { is_ending = true; });
    return true;
  }();
  (void)once;
}

int attribute(const Driver& cu, DeviceAttribute what, int device) {
  int value = 0;
  return cu.device_attribute(&value, what, device) == kOk ? value : 0;
}

gpu::Properties properties_of(const Driver& cu, int device) {
  gpu::Properties p;
  char name[256] = "";
  if (cu.device_name(name, sizeof name - 1, device) == kOk) p.name = name;
  size_t memory = 0;
  if (cu.device_memory(&memory, device) == kOk) p.memory = static_cast<int64_t>(memory);
  p.sm = 10 * attribute(cu, kComputeMajor, device) + attribute(cu, kComputeMinor, device);
  p.multiprocessors = attribute(cu, kMultiprocessors, device);
  p.threads_per_multiprocessor = attribute(cu, kThreadsPerMultiprocessor, device);
  p.registers = attribute(cu, kRegistersPerMultiprocessor, device);
  p.shared_per_block = attribute(cu, kSharedPerBlockOptin, device);
  p.shared_per_multiprocessor = attribute(cu, kSharedPerMultiprocessor, device);
  p.l2 = attribute(cu, kL2Bytes, device);
  // Two transfers a clock.
  p.bandwidth = 2.0 * attribute(cu, kMemoryClockKhz, device) * attribute(cu, kMemoryBusBits, device) / 8 * 1e-6;
  p.max_cluster = p.sm >= 90 && cu.launch_ex && attribute(cu, kClusterLaunch, device) ? (p.sm / 10 == 12 ? 8 : 16) : 1;  // consumer cards: portable ones
  return p;
}

std::unique_ptr<Gpus> look(const Driver* replaced) {
  auto g = std::make_unique<Gpus>();
  g->cu = replaced ? replaced : system_driver(&g->reason);
  if (!g->cu) return g;
  const Driver& cu = *g->cu;
  if (cu.driver_version(&g->driver_version) != kOk) g->driver_version = 0;
  auto failed = [&](const char* call, int error) {
    const std::string help = error_help(error);
    g->reason = std::string(call) + " failed: " + error_text(cu, error) + (help.empty() ? "" : "; " + help);
  };
  if (int r = cu.init(0); r != kOk) return failed("cuInit", r), std::move(g);
  driver_in_use = true;
  watch_process();
  int n = 0;
  if (int r = cu.device_count(&n); r != kOk) return failed("cuDeviceGetCount", r), std::move(g);
  for (int i = 0; i < n; ++i) {
    int handle = 0;
    if (int r = cu.device_get(&handle, i); r != kOk) {
      failed("cuDeviceGet", r);
      continue;
    }
    gpu::Properties p = properties_of(cu, handle);
    if (p.sm < kLeastSm || p.multiprocessors < 1) {
      g->reason = p.name + " has compute capability " + std::to_string(p.sm / 10) + "." + std::to_string(p.sm % 10) + "; " +
                  std::to_string(kLeastSm / 10) + "." + std::to_string(kLeastSm % 10) + " is the least that is supported";
      continue;
    }
    g->devices.push_back(std::make_shared<Device>(cu, static_cast<int>(g->devices.size()), handle, std::move(p)));
  }
  if (!g->devices.empty()) g->reason.clear();
  else if (g->reason.empty()) g->reason = "the driver works and sees no GPU; " + error_help(kNoDevice);
  return g;
}

}  // namespace

bool forked() noexcept { return has_forked.load(std::memory_order_relaxed); }
bool ending() noexcept { return is_ending.load(std::memory_order_relaxed); }
void set_ending() noexcept { is_ending = true; }

const Gpus& gpus() {
  Found& f = found();
  if (const Gpus* g = f.now.load(std::memory_order_acquire)) return *g;
  env();  // a broken environment is told first
  std::lock_guard lock(f.mutex);
  if (const Gpus* g = f.now.load()) return *g;
  const Gpus* g = look(f.replaced).release();
  for (const auto& d : g->devices) logging::info("found ", d->title());
  if (g->devices.empty()) logging::info("no GPU: ", g->reason);
  f.now.store(g, std::memory_order_release);
  return *g;
}

Device& device(int number) {
  const Gpus& g = gpus();
  if (number >= 0 && number < static_cast<int>(g.devices.size())) return *g.devices[static_cast<size_t>(number)];
  if (g.devices.empty()) throw Error("gpu", "there is no GPU that can be used: " + g.reason);
  throw Error("gpu", "there is no GPU " + std::to_string(number) + "; there " +
                         (g.devices.size() == 1 ? "is one, 0" : "are " + std::to_string(g.devices.size()) + ", from 0 on"));
}

bool driver_replaced() { return found().replaced.load() != nullptr; }

void use_driver(const Driver* table) {
  Found& f = found();
  std::lock_guard lock(f.mutex);
  const Gpus* g = f.now.exchange(nullptr);
  f.replaced = table;
  driver_in_use = false;
  if (!g) return;
  for (const auto& d : g->devices) d->close();
  delete g;
}

}  // namespace frit::rt::cuda
