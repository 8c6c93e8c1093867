// Devices inside the library: where a call runs, and reading what lies on a GPU.
#pragma once

#include "frontend/tensor_impl.h"
#include "lowering/compile.h"

namespace frit {

[[noreturn]] void mixed_devices(const detail::TensorImpl& a, const detail::TensorImpl& b, const char* op, Loc where);

// Where a call on n tensors runs: their device, or the thread's if they are numbers only. Error, at the
// user's place, if they lie on different ones.
template <class TensorAt>
Device device_of_call(size_t n, TensorAt&& at, const char* op, Loc where) {
  const detail::TensorImpl* first = nullptr;
  for (size_t i = 0; i < n; ++i) {
    const detail::TensorImpl* t = at(i);
    if (t->kind != detail::TensorKind::value || t->anywhere()) continue;
    if (!first) first = t;
    else if (t->device != first->device) mixed_devices(*first, *t, op, where);
  }
  return first ? first->device : current_device();
}

// What kernels for a GPU are made for.
codegen::GpuSpec gpu_spec(Device d);

namespace detail {
// Of a value in memory: bytes from the start of its storage.
int64_t offset_of(const TensorImpl& t);
// The elements of a value, in memory of the host: waits for them, and copies them once.
const void* host_data(const TensorImpl& t);
// The same elements on a device; x is a value.
Tensor move_to(const Tensor& x, Device d);
}  // namespace detail

}  // namespace frit
