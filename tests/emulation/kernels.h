// Kernels written by hand in the style of the printed ones, and a way to run them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/cuda_emulation/emulated.h"

namespace frit::test {

// A row of `n` a block of 128 threads: maximum and sum by shuffles, then through shared memory.
inline const char* const kSoftmax = R"(
extern __shared__ __align__(16) unsigned char frit_shared[];

__device__ __forceinline__ float warp_max(float x) {
  #pragma unroll
  for (int d = 16; d > 0; d >>= 1) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, d));
  return x;
}

__device__ __forceinline__ float warp_sum(float x) {
  #pragma unroll
  for (int d = 16; d > 0; d >>= 1) x = __fadd_rn(x, __shfl_down_sync(0xffffffffu, x, d));
  return x;
}

extern "C" __global__ void __launch_bounds__(128) softmax(const float* __restrict__ x, float* __restrict__ y, long long n, long long rows) {
  float* const part = reinterpret_cast<float*>(frit_shared);
  const int t = static_cast<int>(threadIdx.x);
  const long long row = blockIdx.x;
  float m = __uint_as_float(0xff800000u);
  for (int j = t; j < n; j += 128) m = fmaxf(m, x[row * n + j]);
  m = warp_max(m);
  if (t % 32 == 0) part[t / 32] = m;
  __syncthreads();
  m = fmaxf(fmaxf(part[0], part[1]), fmaxf(part[2], part[3]));
  float s = 0.0f;
  for (int j = t; j < n; j += 128) s = __fadd_rn(s, expf(x[row * n + j] - m));
  s = warp_sum(s);
  __syncthreads();
  if (t % 32 == 0) part[t / 32] = s;
  __syncthreads();
  s = __fadd_rn(__fadd_rn(part[0], part[1]), __fadd_rn(part[2], part[3]));
  for (int j = t; j < n; j += 128) y[row * n + j] = __fdiv_rn(expf(x[row * n + j] - m), s);
}
)";

// Parts of 256 elements a block; the last block to end adds them up.
inline const char* const kSplitSum = R"(
extern "C" __global__ void split_sum(const float* __restrict__ x, float* parts, float* y, long long n, long long work, unsigned* counter) {
  extern __shared__ __align__(16) unsigned char frit_shared[];
  float* const s = reinterpret_cast<float*>(frit_shared);
  unsigned* const last = reinterpret_cast<unsigned*>(frit_shared + 1024);
  const int t = static_cast<int>(threadIdx.x);
  const long long i = blockIdx.x * 256ll + t;
  s[t] = i < n ? x[i] : -0.0f;
  for (int d = 128; d > 0; d >>= 1) {
    __syncthreads();
    if (t < d) s[t] = __fadd_rn(s[t], s[t + d]);
  }
  if (t == 0) {
    parts[blockIdx.x] = s[0];
    __threadfence();
    *last = atomicAdd(counter, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (*last == 0) return;
  if (t == 0) {
    float sum = -0.0f;
    for (unsigned b = 0; b < gridDim.x; ++b) sum = __fadd_rn(sum, parts[b]);
    *y = sum;
    *counter = 0;
  }
}
)";

// Rows of 8 elements, a team of 8 lanes each, 32 rows a block of 256; the last block has empty teams.
inline const char* const kTeams = R"(
extern "C" __global__ void teams(const int* __restrict__ x, int* __restrict__ y, long long rows) {
  const int lane = static_cast<int>(threadIdx.x) % 8;
  const long long row = blockIdx.x * 32ll + threadIdx.x / 8;
  const bool has = row < rows;
  int v = has ? x[row * 8 + lane] : 0;
  for (int d = 4; d > 0; d >>= 1) v += __shfl_down_sync(0xffffffffu, v, d, 8);
  v = __shfl_sync(0xffffffffu, v, 0, 8);
  if (has) y[row * 8 + lane] = v;
}
)";

// Launches a kernel with these arguments of 8 bytes each; what went wrong.
template <class... A>
std::string launch(const std::string& source, const char* entry, unsigned grid, unsigned block, size_t shared, A... values) {
  static_assert(((sizeof(A) == 8) && ...));
  void* args[] = {static_cast<void*>(&values)..., nullptr};
  std::string error;
  const bool ok = emulated_launch(emulated_image(source), entry, grid, block, shared, args, &error);
  return ok ? error : error.empty() ? "failed without a reason" : error;
}

}  // namespace frit::test
