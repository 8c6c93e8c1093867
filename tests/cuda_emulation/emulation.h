// CUDA C++ for a CPU: what a generated source is compiled against in the tests, in the place of NVRTC's
// own declarations and of the prelude's PTX. Each thread runs on a stack of its own (device.h); what
// waits for other threads goes through the scheduler, with the line of the kernel's text it stands in.
// Stricter than a GPU where a program must not depend on what a GPU happens to do: widths and masks of
// shuffles are checked, vectors must be aligned, a counter needs a fence before it.
#pragma once

#include <math.h>

#include <cstdint>
#include <cstring>

#include "thread.h"

#define FRIT_EMULATION 1
#define __global__
#define __device__
#define __host__
#define __shared__
#define __forceinline__ inline
#define __noinline__
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(n) __attribute__((aligned(n)))
#define __builtin_assume(condition) ((void)0)

#define threadIdx (::frit_emulated::self()->thread)
#define blockIdx (::frit_emulated::self()->block)
#define blockDim (::frit_emulated::self()->threads)
#define gridDim (::frit_emulated::self()->blocks)
constexpr int warpSize = 32;
// The one dynamic array of shared memory; its declaration is taken out of the text (batch.cpp).
#define frit_shared (::frit_emulated::self()->shared)

// The table of segments, an argument by value: here the address of a copy of it, which the launch makes.
template <int N>
struct f_table {
  const unsigned long long* at;
};

namespace frit_emulated {

template <class P>
constexpr int words = 1;
template <int N>
constexpr int words<f_table<N>> = N;

// The parameters of a kernel, counted; each but the table has to be passed as 8 bytes.
template <class... P>
Entry entry(const char* name, void (*code)(P...)) {
  static_assert(((sizeof(P) == 8 && (!__is_class(P) || words<P> > 1)) && ...), "an argument of a kernel is an address, a number of 64 bits or the table of segments");
  constexpr int first[] = {words<P>..., 1};
  return {name, reinterpret_cast<void (*)()>(code), sizeof...(P), first[0]};
}

inline int lane() { return static_cast<int>(self()->thread.x % 32); }

inline void check_width(int width, int line) {
  if (width < 1 || width > 32 || (width & (width - 1)) != 0) self()->calls->fail(self(), line, "the width of a shuffle is no power of two up to 32");
}

template <class T>
T shuffle(unsigned mask, T value, int source, int line) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles move 4 or 8 bytes");
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof value);
  bits = self()->calls->shuffle(self(), line, mask, bits, source);
  memcpy(&value, &bits, sizeof value);
  return value;
}

template <class To, class From>
To bit_cast(From x) {
  static_assert(sizeof(To) == sizeof(From));
  To y;
  memcpy(&y, &x, sizeof y);
  return y;
}

// The cluster's barrier, and the address in the block `rank` of what lies at p in this one.
inline void cluster_barrier(int line = __builtin_LINE()) { self()->calls->cluster_barrier(self(), line); }
// In two halves; the threads meet in the second.
inline void cluster_arrive(int line) {
  if (self()->arrived) self()->calls->fail(self(), line, "a thread arrives twice at the cluster's barrier");
  self()->arrived = true;
}
inline void cluster_wait(int line) {
  if (!self()->arrived) self()->calls->fail(self(), line, "a thread waits at the cluster's barrier and has not arrived");
  self()->arrived = false;
  cluster_barrier(line);
}
template <class T>
T* in_cluster(T* p, unsigned rank, int line = __builtin_LINE()) {
  return static_cast<T*>(self()->calls->shared_of(self(), line, p, rank));
}

// float -> integer as cvt.rzi does it: truncated, saturated, NaN gives 0.
template <class I, class F>
I convert_saturating(F x) {
  constexpr bool is_signed = I(-1) < I(0);
  constexpr int bits = sizeof(I) * 8 - is_signed;
  const F limit = static_cast<F>(static_cast<uint64_t>(1) << (bits - 1)) * 2;
  constexpr I most = static_cast<I>(~static_cast<uint64_t>(0) >> (64 - bits));
  if (x != x) return 0;
  if (x >= limit) return most;
  if (is_signed ? x < -limit : x <= -1) return is_signed ? static_cast<I>(-most - 1) : 0;
  return static_cast<I>(x);
}

}  // namespace frit_emulated

// ---- barriers, shuffles, memory -------------------------------------------------------------------

inline void __syncthreads(int line = __builtin_LINE()) {
  frit_emulated::self()->calls->block_barrier(frit_emulated::self(), line);
}
inline void __syncwarp(unsigned mask = 0xffffffffu, int line = __builtin_LINE()) {
  frit_emulated::self()->calls->warp_barrier(frit_emulated::self(), line, mask);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, int line = __builtin_LINE()) {
  frit_emulated::check_width(width, line);
  const int lane = frit_emulated::lane();
  return frit_emulated::shuffle(mask, value, (lane & ~(width - 1)) | (source & (width - 1)), line);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, int line = __builtin_LINE()) {
  frit_emulated::check_width(width, line);
  const int lane = frit_emulated::lane(), source = lane + static_cast<int>(delta);
  return frit_emulated::shuffle(mask, value, (source & ~(width - 1)) == (lane & ~(width - 1)) ? source : lane, line);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, int line = __builtin_LINE()) {
  frit_emulated::check_width(width, line);
  const int lane = frit_emulated::lane(), source = lane - static_cast<int>(delta);
  return frit_emulated::shuffle(mask, value, source >= (lane & ~(width - 1)) ? source : lane, line);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int other, int width = 32, int line = __builtin_LINE()) {
  frit_emulated::check_width(width, line);
  const int lane = frit_emulated::lane(), source = lane ^ other;
  const bool later = (source & ~(width - 1)) > (lane & ~(width - 1));
  return frit_emulated::shuffle(mask, value, later ? lane : source, line);
}

inline void __threadfence() { *frit_emulated::self()->fenced = true; }
inline void __threadfence_block() {}

// A counter tells other blocks that results stand in memory, so they have to be made visible first.
inline unsigned atomicAdd(unsigned* counter, unsigned value, int line = __builtin_LINE()) {
  if (!*frit_emulated::self()->fenced)
    frit_emulated::self()->calls->fail(frit_emulated::self(), line, "a counter is counted and no thread of the block has called __threadfence");
  const unsigned old = *counter;
  *counter += value;
  return old;
}
inline unsigned atomicInc(unsigned* counter, unsigned last, int line = __builtin_LINE()) {
  const unsigned old = atomicAdd(counter, 0, line);
  *counter = old >= last ? 0 : old + 1;
  return old;
}
inline unsigned atomicExch(unsigned* p, unsigned value) {
  const unsigned old = *p;
  *p = value;
  return old;
}

template <class T> T __ldg(const T* p) { return *p; }
template <class T> T __ldcs(const T* p) { return *p; }
template <class T> T __ldcg(const T* p) { return *p; }
template <class T> T __ldca(const T* p) { return *p; }
template <class T> void __stcs(T* p, T v) { *p = v; }
template <class T> void __stcg(T* p, T v) { *p = v; }

// ---- arithmetic, each rounded once (contraction is off) ---------------------------------------------

inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return __builtin_sqrtf(a); }
inline float __frcp_rn(float a) { return 1.0f / a; }
inline float __fmaf_rn(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __dsqrt_rn(double a) { return __builtin_sqrt(a); }
inline double __drcp_rn(double a) { return 1.0 / a; }
inline double __fma_rn(double a, double b, double c) { return __builtin_fma(a, b, c); }

inline int __float_as_int(float x) { return frit_emulated::bit_cast<int>(x); }
inline unsigned __float_as_uint(float x) { return frit_emulated::bit_cast<unsigned>(x); }
inline float __int_as_float(int x) { return frit_emulated::bit_cast<float>(x); }
inline float __uint_as_float(unsigned x) { return frit_emulated::bit_cast<float>(x); }
inline long long __double_as_longlong(double x) { return frit_emulated::bit_cast<long long>(x); }
inline double __longlong_as_double(long long x) { return frit_emulated::bit_cast<double>(x); }

inline float __int2float_rn(int x) { return static_cast<float>(x); }
inline float __uint2float_rn(unsigned x) { return static_cast<float>(x); }
inline float __ll2float_rn(long long x) { return static_cast<float>(x); }
inline float __ull2float_rn(unsigned long long x) { return static_cast<float>(x); }
inline double __int2double_rn(int x) { return x; }
inline double __uint2double_rn(unsigned x) { return x; }
inline double __ll2double_rn(long long x) { return static_cast<double>(x); }
inline double __ull2double_rn(unsigned long long x) { return static_cast<double>(x); }
inline float __double2float_rn(double x) { return static_cast<float>(x); }
inline int __float2int_rz(float x) { return frit_emulated::convert_saturating<int>(x); }
inline unsigned __float2uint_rz(float x) { return frit_emulated::convert_saturating<unsigned>(x); }
inline int __double2int_rz(double x) { return frit_emulated::convert_saturating<int>(x); }
inline unsigned __double2uint_rz(double x) { return frit_emulated::convert_saturating<unsigned>(x); }
// To 64 bits a GPU gives 2^63 for NaN.
inline long long __float2ll_rz(float x) { return x != x ? INT64_MIN : frit_emulated::convert_saturating<long long>(x); }
inline long long __double2ll_rz(double x) { return x != x ? INT64_MIN : frit_emulated::convert_saturating<long long>(x); }
inline unsigned long long __float2ull_rz(float x) { return x != x ? 1ull << 63 : frit_emulated::convert_saturating<unsigned long long>(x); }
inline unsigned long long __double2ull_rz(double x) { return x != x ? 1ull << 63 : frit_emulated::convert_saturating<unsigned long long>(x); }

inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(x)); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>((static_cast<uint64_t>(a) * b) >> 32); }
inline int __mulhi(int a, int b) { return static_cast<int>((static_cast<int64_t>(a) * b) >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned long long>((static_cast<unsigned __int128>(a) * b) >> 64);
}

// What the prelude does by PTX. f16 is the prelude's, and complete where these are called.
struct f16;
template <class H>
float f_from_f16(H x) {
  return static_cast<float>(frit_emulated::bit_cast<_Float16>(x.bits));
}
template <class F, class H = f16>
H f_to_f16(F x) {
  static_assert(sizeof(F) == sizeof(float));
  H h;
  h.bits = frit_emulated::bit_cast<unsigned short>(static_cast<_Float16>(x));
  return h;
}
// As exact as f32 allows, where a GPU approximates; results below 2^-126 are 0 where it gives 0.
inline float f_approx_exp2(float x) {
  const float y = static_cast<float>(exp2(static_cast<double>(x)));
  return y < 0x1p-126f ? 0.0f : y;
}
inline float f_approx_rcp(float x) {
  const float y = 1.0f / x;
  return fabsf(y) < 0x1p-126f ? copysignf(0.0f, y) : y;
}
inline float f_approx_div(float x, float y) { return x / y; }
inline float f_approx_sqrt(float x) { return sqrtf(x); }
inline float f_approx_rsqrt(float x) { return 1.0f / sqrtf(x); }
// NaN wins, -0 is below +0.
inline float f_max(float x, float y) {
  if (x != x || y != y) return __int_as_float(0x7fffffff);
  return x < y || (x == y && __float_as_int(x) < 0) ? y : x;
}
inline float f_min(float x, float y) {
  if (x != x || y != y) return __int_as_float(0x7fffffff);
  return y < x || (x == y && __float_as_int(y) < 0) ? y : x;
}

inline void f_cluster_arrive(int line = __builtin_LINE()) { frit_emulated::cluster_arrive(line); }
inline void f_cluster_wait(int line = __builtin_LINE()) { frit_emulated::cluster_wait(line); }
template <class T>
T* f_in_cluster(T* p, int rank, int line = __builtin_LINE()) {
  return frit_emulated::in_cluster(p, static_cast<unsigned>(rank), line);
}

// NVRTC's min and max of integers, of one type.
inline int min(int a, int b) { return b < a ? b : a; }
inline int max(int a, int b) { return a < b ? b : a; }
inline unsigned min(unsigned a, unsigned b) { return b < a ? b : a; }
inline unsigned max(unsigned a, unsigned b) { return a < b ? b : a; }
inline long long min(long long a, long long b) { return b < a ? b : a; }
inline long long max(long long a, long long b) { return a < b ? b : a; }
inline unsigned long long min(unsigned long long a, unsigned long long b) { return b < a ? b : a; }
inline unsigned long long max(unsigned long long a, unsigned long long b) { return a < b ? b : a; }

// ---- vector types of NVRTC ----------------------------------------------------------------------------

#define FRIT_VECTORS(T, name, align2, align4)            \
  struct alignas(align2) name##2 { T x, y; };            \
  struct alignas(align4) name##4 { T x, y, z, w; };      \
  inline name##2 make_##name##2(T x, T y) { return {x, y}; } \
  inline name##4 make_##name##4(T x, T y, T z, T w) { return {x, y, z, w}; }
FRIT_VECTORS(signed char, char, 2, 4)
FRIT_VECTORS(unsigned char, uchar, 2, 4)
FRIT_VECTORS(short, short, 4, 8)
FRIT_VECTORS(unsigned short, ushort, 4, 8)
FRIT_VECTORS(int, int, 8, 16)
FRIT_VECTORS(unsigned, uint, 8, 16)
FRIT_VECTORS(long long, longlong, 16, 16)
FRIT_VECTORS(unsigned long long, ulonglong, 16, 16)
FRIT_VECTORS(float, float, 8, 16)
FRIT_VECTORS(double, double, 16, 16)
#undef FRIT_VECTORS
