// The door: finds the device and hands over.
#include "runtime/gpu.h"

#include <stdexcept>

#include "frit/error.h"
#include "runtime/cuda/device.h"
#include "runtime/cuda/execute.h"

namespace frit::rt::gpu {
namespace {

cuda::Address address(const Storage& s, int64_t offset, int64_t bytes, const char* what) {
  if (s.device() < 0) throw std::logic_error(std::string(what) + ": the memory is not a GPU's");
  if (offset < 0 || bytes < 0 || offset > s.bytes() - bytes) throw std::logic_error(std::string(what) + ": beyond the memory's end");
  return reinterpret_cast<cuda::Address>(s.data()) + static_cast<cuda::Address>(offset);
}

}  // namespace

int count() { return static_cast<int>(cuda::gpus().devices.size()); }
std::string reason() { return cuda::gpus().reason; }
const Properties& properties(int device) { return cuda::device(device).properties; }
int driver_version() { return cuda::gpus().driver_version; }

std::shared_ptr<Storage> allocate(int device, int64_t bytes) { return cuda::device(device).allocate(bytes); }

void copy_in(const Storage& to, int64_t offset, const void* from, int64_t bytes) {
  const cuda::Address at = address(to, offset, bytes, "copy_in");
  cuda::device(to.device()).copy_in(at, static_cast<const char*>(from), bytes);
}

void copy_out(void* to, const Storage& from, int64_t offset, int64_t bytes) {
  const cuda::Address at = address(from, offset, bytes, "copy_out");
  cuda::device(from.device()).copy_out(static_cast<char*>(to), at, bytes);
}

void copy(const Storage& to, int64_t to_offset, const Storage& from, int64_t from_offset, int64_t bytes) {
  const cuda::Address to_at = address(to, to_offset, bytes, "copy"), from_at = address(from, from_offset, bytes, "copy");
  cuda::Device& d = cuda::device(to.device());
  if (to.device() == from.device()) d.copy_within(to_at, from_at, bytes);
  else cuda::Device::copy_between(d, to_at, cuda::device(from.device()), from_at, bytes);
}

bool has_gemms(int device, std::string* why) {
  cuda::Device& d = cuda::device(device);
  if (!cuda::cublaslt(why)) return false;  // before the device is opened for it
  d.enter();
  cuda::ContextScope scope(d);
  return d.gemms.usable(why);
}

bool can_gemm(int device, const Gemm& gemm) {
  if (!has_gemms(device)) return false;
  cuda::Device& d = cuda::device(device);
  cuda::ContextScope scope(d);
  return d.gemms.can(gemm);
}

std::shared_ptr<Program> load(int device, const Plan& plan) { return std::make_shared<Program>(cuda::device(device), plan); }

void execute(Program& program, const void* const* inputs, void* const* outputs, RunCounters* counters, const uint8_t* number_bytes) {
  program.run(inputs, outputs, counters, number_bytes);
}

void synchronize(int device) {
  cuda::Device& d = cuda::device(device);
  if (d.opened()) d.wait();
}

void synchronize() {
  for (const auto& d : cuda::gpus().devices)
    if (d->opened()) d->wait();
}

GpuMemoryStats memory_stats(int device) { return cuda::device(device).memory_stats(); }
void trim_memory(int device) {
  cuda::Device& d = cuda::device(device);
  if (d.opened()) d.trim();
}
void reset_peak(int device) { cuda::device(device).reset_peak(); }
void set_memory_limit(int device, int64_t bytes) { cuda::device(device).set_limit(bytes); }

}  // namespace frit::rt::gpu
