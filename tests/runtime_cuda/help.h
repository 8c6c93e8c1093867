// What the tests of the GPU's runtime share: kernels of plain loops, plans made of them, arrays.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "fake_driver.h"
#include "frit/error.h"
#include "runtime/gpu.h"

namespace frit::rt::gpu {

using test::FakeDriver;
using test::FakeLaunch;

// Kernels over f32, of the arguments (x, y, out, work): add; (x, out, factor, work): scale; and
// (x, out, work, counter): total, which wants its counter 0 and leaves it so.
inline void add_kernels(FakeDriver& f) {
  auto in = [&f](const FakeLaunch& l, size_t i, int64_t n) -> float* {
    return f.allocated(l.values[i], n * 4) ? reinterpret_cast<float*>(l.values[i]) : nullptr;
  };
  f.kernel("add", 4, [in](const FakeLaunch& l) -> std::string {
    const auto n = static_cast<int64_t>(l.values[3]);
    if (l.grid * 128 < n) return "the grid is too small";
    const float *x = in(l, 0, n), *y = in(l, 1, n);
    float* out = in(l, 2, n);
    if (!x || !y || !out) return "beyond the memory";
    for (int64_t i = 0; i < n; ++i) out[i] = x[i] + y[i];
    return "";
  });
  f.kernel("scale", 4, [in](const FakeLaunch& l) -> std::string {
    const auto n = static_cast<int64_t>(l.values[3]);
    const float* x = in(l, 0, n);
    float* out = in(l, 1, n);
    if (!x || !out) return "beyond the memory";
    for (int64_t i = 0; i < n; ++i) out[i] = x[i] * static_cast<float>(static_cast<int64_t>(l.values[2]));
    return "";
  });
  f.kernel("total", 4, [in](const FakeLaunch& l) -> std::string {
    const auto n = static_cast<int64_t>(l.values[2]);
    const float* x = in(l, 0, n);
    float* out = in(l, 1, 1);
    if (!x || !out || !in(l, 3, 1)) return "beyond the memory";
    auto* counter = reinterpret_cast<unsigned*>(l.values[3]);
    if (*counter != 0) return "the counter is not 0";
    float sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += x[i];
    *out = sum;
    return "";
  });
}

inline std::shared_ptr<GpuKernel> kernel(const std::string& name, const std::string& image = "") {
  auto k = std::make_shared<GpuKernel>();
  k->name = name;
  k->image = std::make_shared<const std::string>(image.empty() ? "image of " + name : image);
  k->threads = 128;
  k->items_per_block = 128;
  k->finish = name == "total";
  return k;
}

inline BufferRef input(int n) { return {BufferRef::input, n, 0}; }
inline BufferRef output(int n) { return {BufferRef::output, n, 0}; }
inline BufferRef temp(int64_t offset) { return {BufferRef::temp, 0, offset}; }

inline Launch launch(std::shared_ptr<const GpuKernel> k, std::vector<BufferRef> buffers, std::vector<int64_t> params, int64_t work) {
  Launch l;
  l.gpu = std::move(k);
  l.buffers = std::move(buffers);
  l.params = std::move(params);
  l.work = work;
  l.bytes_read = 8 * work;
  l.bytes_written = 4 * work;
  return l;
}

// out0 = x + y; with `steps`: t = x + y, then t = 2 * t as often, then out0 = sum of t.
inline Plan add_plan(int64_t n) {
  Plan p;
  p.name = "added";
  p.gpu = true;
  p.inputs = 2;
  p.outputs = {{n * 4}};
  p.launches = {launch(kernel("add"), {input(0), input(1), output(0)}, {}, n)};
  return p;
}
inline Plan long_plan(int64_t n, int steps) {
  Plan p;
  p.name = "summed";
  p.gpu = true;
  p.inputs = 2;
  p.outputs = {{4}};
  p.arena_bytes = n * 4 + 256;
  p.launches.push_back(launch(kernel("add"), {input(0), input(1), temp(256)}, {}, n));
  for (int i = 0; i < steps; ++i) p.launches.push_back(launch(kernel("scale"), {temp(256), temp(256)}, {2}, n));
  p.launches.push_back(launch(kernel("total"), {temp(256), output(0)}, {}, n));
  return p;
}

using Array = std::shared_ptr<Storage>;

inline Array array(const std::vector<float>& values, int device = 0) {
  Array a = allocate(device, static_cast<int64_t>(values.size() * 4));
  copy_in(*a, 0, values.data(), a->bytes());
  return a;
}
inline std::vector<float> values(const Array& a) {
  std::vector<float> out(static_cast<size_t>(a->bytes() / 4));
  copy_out(out.data(), *a, 0, a->bytes());
  return out;
}
inline std::vector<float> iota(int64_t n, float from = 0) {
  std::vector<float> v(static_cast<size_t>(n));
  for (float& x : v) x = from++;
  return v;
}

inline Array run(Program& p, const Array& x, const Array& y, int64_t out_bytes, RunCounters* counters = nullptr) {
  Array out = allocate(0, out_bytes);
  const void* in[] = {x->data(), y->data()};
  void* outs[] = {out->data()};
  execute(p, in, outs, counters);
  return out;
}

// The message of the Error that f throws; "" if none.
template <class F>
std::string message_of(const F& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

inline void expect_clean(const FakeDriver& f) {
  EXPECT_EQ(f.alive().text(), "");
  for (const std::string& w : f.wrongs()) ADD_FAILURE() << w;
}

}  // namespace frit::rt::gpu
