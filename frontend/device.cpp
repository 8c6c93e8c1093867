// Devices: which there are, the thread's choice, copies between them.
#include "frontend/device.h"

#include <atomic>
#include <cstring>

#include "frit/config.h"
#include "codegen/cuda.h"
#include "frontend/place.h"
#include "runtime/gpu.h"
#include "support/env.h"

namespace frit {

using detail::TensorImpl;

namespace {
std::atomic<int> chosen_default{-2};  // a GPU's number, -1 the CPU, -2: as FRIT_DEVICE says
thread_local bool scoped = false;
thread_local Device scoped_device;

Device from_number(int n) { return n < 0 ? cpu() : Device::of_gpu(n); }
}  // namespace

int gpu_count() { return rt::gpu::count(); }

Device gpu(int index, Loc where) {
  const int n = rt::gpu::count();
  if (n == 0)
    throw Error("gpu", "there is no GPU: " + rt::gpu::reason(), user_place(where), {}, "`frit doctor` says what was looked for; frit::has_gpu() tells in advance");
  if (index < 0 || index >= n)
    throw Error("gpu", "there is no GPU " + std::to_string(index) + ": this machine has " + std::to_string(n) + ", numbered from 0", user_place(where));
  return Device::of_gpu(index);
}

// Choices of a device are no ops: their errors name no place.
void set_default_device(Device d) { chosen_default.store(d.is_gpu() ? gpu(d.index(), {}).index() : -1, std::memory_order_relaxed); }

with_device::with_device(Device d) : before_(scoped_device), had_(scoped) {
  if (d.is_gpu()) gpu(d.index(), {});
  scoped_device = d;
  scoped = true;
}
with_device::~with_device() {
  scoped_device = before_;
  scoped = had_;
}

Device current_device() {
  if (scoped) return scoped_device;
  int n = chosen_default.load(std::memory_order_relaxed);
  if (n == -2) {
    n = env().device.gpu;
    if (n >= 0) gpu(n, {});
    chosen_default.store(n, std::memory_order_relaxed);
  }
  return from_number(n);
}

void mixed_devices(const TensorImpl& a, const TensorImpl& b, const char* op, Loc where) {
  const Loc at = user_place(where);
  std::vector<Note> notes;
  for (const TensorImpl* t : {&a, &b})
    if (t->made_at.known()) notes.push_back({detail::type_text(*t) + " on " + t->device.str() + " made by " + t->made_by + " here", t->made_at});
  throw Error(op, "the tensors are on different devices: " + detail::type_text(a) + " on " + a.device.str() + ", " + detail::type_text(b) + " on " + b.device.str(),
              at, notes, "move one of them: x.to(frit::gpu()) or x.to(frit::cpu())");
}

codegen::GpuSpec gpu_spec(Device d) {
  const rt::gpu::Properties& p = rt::gpu::properties(d.index());
  codegen::GpuSpec s;
  // What the driver cannot say, the table of known cards does, by architecture.
  for (const codegen::GpuSpec& known : codegen::known_gpus())
    if (known.sm == p.sm) s = known;
  for (const codegen::GpuSpec& known : codegen::known_gpus())
    if (p.name.find(known.name) != std::string::npos) s = known;
  s.name = p.name;
  s.sm = p.sm;
  s.arch_specific = p.sm >= 90;
  s.multiprocessors = p.multiprocessors;
  s.threads_per_multiprocessor = p.threads_per_multiprocessor;
  s.registers = p.registers;
  s.shared_per_block = p.shared_per_block;
  s.shared_per_multiprocessor = p.shared_per_multiprocessor;
  s.l2 = p.l2;
  s.memory = p.memory;
  if (p.bandwidth > 0) s.bandwidth = p.bandwidth;
  s.max_cluster = p.max_cluster;
  s.argument_bytes = rt::gpu::driver_version() < 12010 ? 4096 : codegen::cuda_argument_bytes();
  codegen::fit_to_compiler(s);
  return s;
}

namespace detail {

int64_t offset_of(const TensorImpl& t) {
  return static_cast<const std::byte*>(t.data) - static_cast<const std::byte*>(t.storage->data());
}

const void* host_data(const TensorImpl& t) {
  if (!t.device.is_gpu() || t.kind != TensorKind::value) return t.data;
  std::lock_guard lock(t.mirror_mutex);  // who reads another tensor does not wait for this one
  if (!t.mirrored) {
    if (!t.mirror) t.mirror = rt::allocate(t.bytes());
    if (t.bytes() > 0) rt::gpu::copy_out(t.mirror->data(), *t.storage, offset_of(t), t.bytes());
    t.mirrored = true;
  }
  return t.mirror->data();
}

Tensor move_to(const Tensor& x, Device d) {
  const TensorImpl& from = *impl(x);
  if (from.anywhere() || from.device == d) return x;
  const Tensor held = dense(x);
  const TensorImpl& source = *impl(held);
  TensorImpl* to = new_value(source.dtype, source.shape, d);
  Tensor result = adopt(to);
  to->made_by = from.made_by;
  to->made_at = from.made_at;
  const int64_t n = source.bytes();
  if (n == 0) return result;
  if (source.device.is_cpu()) rt::gpu::copy_in(*to->storage, 0, source.data, n);
  else if (d.is_cpu()) rt::gpu::copy_out(to->storage->data(), *source.storage, offset_of(source), n);
  else rt::gpu::copy(*to->storage, 0, *source.storage, offset_of(source), n);
  return result;
}

}  // namespace detail

Device Tensor::device(Loc where) const {
  const TensorImpl& t = detail::require(*this, "device", where);
  return t.kind == detail::TensorKind::value && !t.anywhere() ? t.device : current_device();
}

Tensor Tensor::to(Device d, Loc where) const {
  detail::require_value(*this, "to", where);
  if (d.is_gpu()) gpu(d.index(), where);
  return detail::move_to(*this, d);
}

}  // namespace frit
