// What every generated CUDA source begins with: element types, the scalar primitives of LAWS.md that are
// no plain operator, loads and stores of vectors, and reductions across threads. All names begin with f_,
// but for the element types. What needs inline PTX stands between FRIT_EMULATION's marks; whoever runs
// the text without a GPU defines that macro and these functions himself.
//
// Arithmetic is the compiler's business (nvrtc.cpp): no contraction, no flushing, divisions and
// roots rounded; so + - * / on floats are one rounding each.
#include "codegen/cuda.h"

namespace frit::codegen {

const std::string& cuda_prelude() {
  static const std::string text = R"cuda(// ---- prelude
typedef unsigned char u8;
typedef unsigned short u16;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;
typedef float f32;
typedef double f64;
struct f16 { u16 bits; };
struct bf16 { u16 bits; };

#define F_FN __device__ __forceinline__

extern __shared__ __align__(16) unsigned char frit_shared[];

// Bits

// One of a row of 16 numbers. Each thread wants another: from the cache of global memory a warp has them in one
// access, from constant memory in as many as differ.
F_FN f32 f_lookup(const f32* row, i32 i) { return __ldg(row + (i & 15)); }

F_FN f32 f_f32(u32 bits) { return __uint_as_float(bits); }
F_FN f64 f_f64(u64 bits) { return __longlong_as_double((i64)bits); }
// x 2^floor(n), n having four binary places at the end of t: as two powers of two, either of them in range. Their
// first product is exact, so the result is rounded once.
F_FN f32 f_scale(f32 x, f32 t) {
  const u32 i = __float_as_uint(t), first = (i << 18) & 0x7f800000u;
  return x * f_f32(first) * f_f32(((i & ~15u) << 19) - first);
}
F_FN bool f_sign(f32 x) { return __float_as_int(x) < 0; }
F_FN bool f_sign(f64 x) { return __double_as_longlong(x) < 0; }

// Between types of one size; the bits of a NaN are any.
template <class To> struct f_bits_to;
template <> struct f_bits_to<i32> {
  F_FN static i32 of(f32 x) { return __float_as_int(x); }
  F_FN static i32 of(u32 x) { return (i32)x; }
  F_FN static i32 of(i32 x) { return x; }
};
template <> struct f_bits_to<u32> {
  F_FN static u32 of(f32 x) { return __float_as_uint(x); }
  F_FN static u32 of(i32 x) { return (u32)x; }
  F_FN static u32 of(u32 x) { return x; }
};
template <> struct f_bits_to<f32> {
  F_FN static f32 of(i32 x) { return __int_as_float(x); }
  F_FN static f32 of(u32 x) { return __uint_as_float(x); }
  F_FN static f32 of(f32 x) { return x; }
};
template <> struct f_bits_to<i64> {
  F_FN static i64 of(f64 x) { return __double_as_longlong(x); }
  F_FN static i64 of(u64 x) { return (i64)x; }
  F_FN static i64 of(i64 x) { return x; }
};
template <> struct f_bits_to<u64> {
  F_FN static u64 of(f64 x) { return (u64)__double_as_longlong(x); }
  F_FN static u64 of(i64 x) { return (u64)x; }
  F_FN static u64 of(u64 x) { return x; }
};
template <> struct f_bits_to<f64> {
  F_FN static f64 of(i64 x) { return __longlong_as_double(x); }
  F_FN static f64 of(u64 x) { return __longlong_as_double((i64)x); }
  F_FN static f64 of(f64 x) { return x; }
};
template <> struct f_bits_to<u8> {
  F_FN static u8 of(bool x) { return x; }
  F_FN static u8 of(u8 x) { return x; }
};
template <> struct f_bits_to<bool> {
  F_FN static bool of(u8 x) { return x != 0; }
  F_FN static bool of(bool x) { return x; }
};
template <> struct f_bits_to<f16> {
  F_FN static f16 of(f16 x) { return x; }
  F_FN static f16 of(bf16 x) { return f16{x.bits}; }
};
template <> struct f_bits_to<bf16> {
  F_FN static bf16 of(bf16 x) { return x; }
  F_FN static bf16 of(f16 x) { return bf16{x.bits}; }
};
template <class To, class T> F_FN To f_bits_any(T x) { return f_bits_to<To>::of(x); }

// NaN reads as the quiet NaN without payload.
template <class T> F_FN T f_one_nan(T x) { return x; }
F_FN f32 f_one_nan(f32 x) { return x == x ? x : f_f32(0x7fc00000u); }
F_FN f64 f_one_nan(f64 x) { return x == x ? x : f_f64(0x7ff8000000000000ull); }
F_FN f16 f_one_nan(f16 x) { return (x.bits & 0x7fff) > 0x7c00 ? f16{(u16)0x7e00} : x; }
F_FN bf16 f_one_nan(bf16 x) { return (x.bits & 0x7fff) > 0x7f80 ? bf16{(u16)0x7fc0} : x; }
template <class To, class T> F_FN To f_bits(T x) { return f_bits_to<To>::of(f_one_nan(x)); }

// Arithmetic

F_FN f32 f_add(f32 x, f32 y) { return x + y; }
F_FN f64 f_add(f64 x, f64 y) { return x + y; }
F_FN u8 f_add(u8 x, u8 y) { return (u8)(x + y); }
F_FN i32 f_add(i32 x, i32 y) { return (i32)((u32)x + (u32)y); }
F_FN u32 f_add(u32 x, u32 y) { return x + y; }
F_FN i64 f_add(i64 x, i64 y) { return (i64)((u64)x + (u64)y); }
F_FN u64 f_add(u64 x, u64 y) { return x + y; }
F_FN f32 f_mul(f32 x, f32 y) { return x * y; }
F_FN f64 f_mul(f64 x, f64 y) { return x * y; }
F_FN u8 f_mul(u8 x, u8 y) { return (u8)((u32)x * (u32)y); }
F_FN i32 f_mul(i32 x, i32 y) { return (i32)((u32)x * (u32)y); }
F_FN u32 f_mul(u32 x, u32 y) { return x * y; }
F_FN i64 f_mul(i64 x, i64 y) { return (i64)((u64)x * (u64)y); }
F_FN u64 f_mul(u64 x, u64 y) { return x * y; }
F_FN u8 f_sub(u8 x, u8 y) { return (u8)(x - y); }
F_FN i32 f_sub(i32 x, i32 y) { return (i32)((u32)x - (u32)y); }
F_FN i64 f_sub(i64 x, i64 y) { return (i64)((u64)x - (u64)y); }
F_FN u8 f_neg(u8 x) { return (u8)(0 - x); }
F_FN i32 f_neg(i32 x) { return (i32)(0u - (u32)x); }
F_FN u32 f_neg(u32 x) { return 0u - x; }
F_FN i64 f_neg(i64 x) { return (i64)(0ull - (u64)x); }
F_FN u64 f_neg(u64 x) { return 0ull - x; }

// x/0 is all ones, MIN/-1 is MIN; x%0 is x, MIN%-1 is 0.
F_FN u8 f_div(u8 x, u8 y) { return y == 0 ? (u8)255 : (u8)(x / y); }
F_FN u32 f_div(u32 x, u32 y) { return y == 0 ? ~0u : x / y; }
F_FN u64 f_div(u64 x, u64 y) { return y == 0 ? ~0ull : x / y; }
F_FN i32 f_div(i32 x, i32 y) { return y == 0 ? -1 : y == -1 ? f_neg(x) : x / y; }
F_FN i64 f_div(i64 x, i64 y) { return y == 0 ? -1ll : y == -1 ? f_neg(x) : x / y; }
F_FN u8 f_rem(u8 x, u8 y) { return y == 0 ? x : (u8)(x % y); }
F_FN u32 f_rem(u32 x, u32 y) { return y == 0 ? x : x % y; }
F_FN u64 f_rem(u64 x, u64 y) { return y == 0 ? x : x % y; }
F_FN i32 f_rem(i32 x, i32 y) { return y == 0 ? x : y == -1 ? 0 : x % y; }
F_FN i64 f_rem(i64 x, i64 y) { return y == 0 ? x : y == -1 ? 0ll : x % y; }

// Any count outside [0, width) shifts everything out.
template <class T> F_FN T f_shl(T x, T n) { return (u64)n < sizeof(T) * 8 ? (T)((u64)x << (int)n) : (T)0; }
F_FN u8 f_shr(u8 x, u8 n) { return n < 8 ? (u8)(x >> n) : (u8)0; }
F_FN u32 f_shr(u32 x, u32 n) { return n < 32 ? x >> n : 0u; }
F_FN u64 f_shr(u64 x, u64 n) { return n < 64 ? x >> n : 0ull; }
F_FN i32 f_shr(i32 x, i32 n) { return x >> ((u32)n < 32 ? n : 31); }
F_FN i64 f_shr(i64 x, i64 n) { return x >> ((u64)n < 64 ? (int)n : 63); }

F_FN f32 f_fma(f32 x, f32 y, f32 z) { return __fmaf_rn(x, y, z); }
F_FN f64 f_fma(f64 x, f64 y, f64 z) { return __fma_rn(x, y, z); }
F_FN f32 f_sqrt(f32 x) { return __fsqrt_rn(x); }
F_FN f64 f_sqrt(f64 x) { return __dsqrt_rn(x); }
F_FN f32 f_floor(f32 x) { return floorf(x); }
F_FN f64 f_floor(f64 x) { return floor(x); }
F_FN f32 f_ceil(f32 x) { return ceilf(x); }
F_FN f64 f_ceil(f64 x) { return ceil(x); }
F_FN f32 f_trunc(f32 x) { return truncf(x); }
F_FN f64 f_trunc(f64 x) { return trunc(x); }
F_FN f32 f_rint(f32 x) { return rintf(x); }
F_FN f64 f_rint(f64 x) { return rint(x); }
F_FN f32 f_abs(f32 x) { return f_f32(__float_as_uint(x) & 0x7fffffffu); }
F_FN f64 f_abs(f64 x) { return __longlong_as_double(__double_as_longlong(x) & 0x7fffffffffffffffll); }
F_FN i32 f_abs(i32 x) { return x < 0 ? f_neg(x) : x; }
F_FN i64 f_abs(i64 x) { return x < 0 ? f_neg(x) : x; }
F_FN u8 f_abs(u8 x) { return x; }
F_FN u32 f_abs(u32 x) { return x; }
F_FN u64 f_abs(u64 x) { return x; }

// NaN wins, -0 is below +0.
template <class T> F_FN T f_max(T x, T y) { return x < y ? y : x; }
template <class T> F_FN T f_min(T x, T y) { return y < x ? y : x; }
F_FN f64 f_max(f64 x, f64 y) {
  if (x != x || y != y) return f_f64(0x7ff8000000000000ull);
  return x < y || (x == y && f_sign(x)) ? y : x;
}
F_FN f64 f_min(f64 x, f64 y) {
  if (x != x || y != y) return f_f64(0x7ff8000000000000ull);
  return y < x || (x == y && f_sign(y)) ? y : x;
}

#ifndef FRIT_EMULATION
// The arguments of all segments of a launch.
template <int N> struct f_table { u64 at[N]; };

F_FN f32 f_max(f32 x, f32 y) {
  f32 r;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(r) : "f"(x), "f"(y));
  return r;
}
F_FN f32 f_min(f32 x, f32 y) {
  f32 r;
  asm("min.NaN.f32 %0, %1, %2;" : "=f"(r) : "f"(x), "f"(y));
  return r;
}
// Of Numerics::fast.
F_FN f32 f_approx_exp2(f32 x) {
  f32 r;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
}
F_FN f32 f_approx_rcp(f32 x) {
  f32 r;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
}
F_FN f32 f_approx_div(f32 x, f32 y) {
  f32 r;
  asm("div.full.f32 %0, %1, %2;" : "=f"(r) : "f"(x), "f"(y));
  return r;
}
F_FN f32 f_approx_sqrt(f32 x) {
  f32 r;
  asm("sqrt.approx.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
}
F_FN f32 f_approx_rsqrt(f32 x) {
  f32 r;
  asm("rsqrt.approx.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
}
F_FN f32 f_from_f16(f16 x) {
  f32 r;
  asm("cvt.f32.f16 %0, %1;" : "=f"(r) : "h"(x.bits));
  return r;
}
F_FN f16 f_to_f16(f32 x) {
  f16 r;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(r.bits) : "f"(x));
  return r;
}
#endif

F_FN f32 f_from_bf16(bf16 x) { return f_f32((u32)x.bits << 16); }
#if !defined(FRIT_EMULATION) && __CUDA_ARCH__ >= 800
F_FN bf16 f_to_bf16(f32 x) {
  bf16 r;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r.bits) : "f"(x));
  return r;
}
#else
F_FN bf16 f_to_bf16(f32 x) {
  const u32 b = __float_as_uint(x);
  if ((b & 0x7fffffffu) > 0x7f800000u) return bf16{(u16)0x7fc0};
  return bf16{(u16)((b + 0x7fffu + (b >> 16 & 1u)) >> 16)};
}
#endif

// Conversions: float to integer truncates and saturates, NaN gives 0; to bool is x != 0; f16 and bf16 go
// through f32.
template <class T> struct f_limits;
template <> struct f_limits<u8> { static constexpr u8 least = 0, most = 255; };
template <> struct f_limits<i32> { static constexpr i32 least = -2147483647 - 1, most = 2147483647; };
template <> struct f_limits<u32> { static constexpr u32 least = 0, most = 4294967295u; };
template <> struct f_limits<i64> { static constexpr i64 least = -9223372036854775807ll - 1, most = 9223372036854775807ll; };
template <> struct f_limits<u64> { static constexpr u64 least = 0, most = 18446744073709551615ull; };

// above: 2 to the number of value bits, exact in F.
template <class To, class F> F_FN To f_truncated(F x) {
  const F above = (F)(f_limits<To>::most / 2 + 1) * (F)2;
  if (x != x) return (To)0;
  if (x >= above) return f_limits<To>::most;
  if (x < (F)f_limits<To>::least) return f_limits<To>::least;
  return (To)x;
}
template <class To> struct f_cast_to {
  F_FN static To of(f32 x) { return f_truncated<To>(x); }
  F_FN static To of(f64 x) { return f_truncated<To>(x); }
  F_FN static To of(f16 x) { return f_truncated<To>(f_from_f16(x)); }
  F_FN static To of(bf16 x) { return f_truncated<To>(f_from_bf16(x)); }
  template <class T> F_FN static To of(T x) { return (To)x; }
};
template <> struct f_cast_to<bool> {
  F_FN static bool of(f16 x) { return f_from_f16(x) != 0; }
  F_FN static bool of(bf16 x) { return f_from_bf16(x) != 0; }
  template <class T> F_FN static bool of(T x) { return x != (T)0; }
};
template <> struct f_cast_to<f32> {
  F_FN static f32 of(f16 x) { return f_from_f16(x); }
  F_FN static f32 of(bf16 x) { return f_from_bf16(x); }
  template <class T> F_FN static f32 of(T x) { return (f32)x; }
};
template <> struct f_cast_to<f64> {
  F_FN static f64 of(f16 x) { return (f64)f_from_f16(x); }
  F_FN static f64 of(bf16 x) { return (f64)f_from_bf16(x); }
  template <class T> F_FN static f64 of(T x) { return (f64)x; }
};
template <> struct f_cast_to<f16> {
  F_FN static f16 of(f16 x) { return x; }
  template <class T> F_FN static f16 of(T x) { return f_to_f16(f_cast_to<f32>::of(x)); }
};
template <> struct f_cast_to<bf16> {
  F_FN static bf16 of(bf16 x) { return x; }
  template <class T> F_FN static bf16 of(T x) { return f_to_bf16(f_cast_to<f32>::of(x)); }
};
template <class To, class T> F_FN To f_cast(T x) { return f_cast_to<To>::of(x); }

// Indices: never negative where divided.
F_FN i32 f_index_div(i32 x, i32 y) { return (i32)((u32)x / (u32)y); }
F_FN i64 f_index_div(i64 x, i64 y) { return (i64)((u64)x / (u64)y); }
F_FN i32 f_index_rem(i32 x, i32 y) { return (i32)((u32)x % (u32)y); }
F_FN i64 f_index_rem(i64 x, i64 y) { return (i64)((u64)x % (u64)y); }

// A place in a tile whose rows of 2^shift elements lie one element further apart, so that threads that
// walk down a column meet different banks.
F_FN i32 f_padded(i32 x, int shift) { return x + (x >> shift); }
F_FN i64 f_padded(i64 x, int shift) { return x + (x >> shift); }

// Memory. V elements in one or more 16-byte accesses (one shorter one if they are fewer bytes) where
// they are aligned so; only the first n of them exist. Missing ones are 0.
template <class T, int V>
struct alignas(sizeof(T) * V < 16 ? sizeof(T) * V : 16) f_vector { T at[V]; };

// Data that is used once leaves the caches first.
template <int Bytes> struct f_word;
template <> struct f_word<1> { typedef unsigned char type; };
template <> struct f_word<2> { typedef unsigned short type; };
template <> struct f_word<4> { typedef unsigned int type; };
template <> struct f_word<8> { typedef uint2 type; };
template <> struct f_word<16> { typedef uint4 type; };
template <class X> F_FN X f_read(const X* p, bool once) {
  constexpr int bytes = sizeof(X) < 16 ? sizeof(X) : 16;
  typedef typename f_word<bytes>::type word;
  if (!once) return *p;
  X x;
#pragma unroll
  for (int i = 0; i < (int)(sizeof(X) / bytes); ++i) ((word*)&x)[i] = __ldcs((const word*)p + i);
  return x;
}
template <class X> F_FN void f_write(X* p, const X& x, bool once) {
  constexpr int bytes = sizeof(X) < 16 ? sizeof(X) : 16;
  typedef typename f_word<bytes>::type word;
  if (!once) {
    *p = x;
    return;
  }
#pragma unroll
  for (int i = 0; i < (int)(sizeof(X) / bytes); ++i) __stcs((word*)p + i, ((const word*)&x)[i]);
}

F_FN bool f_aligned(const void* p) { return ((u64)p & 15) == 0; }
template <class I, int V, class T> F_FN void f_load(T (&r)[V], const T* p, I n, bool aligned, bool once = false) {
  if (V > 1 && aligned && n >= V) {
    const f_vector<T, V> x = f_read((const f_vector<T, V>*)p, once);
#pragma unroll
    for (int v = 0; v < V; ++v) r[v] = x.at[v];
  } else {
#pragma unroll
    for (int v = 0; v < V; ++v) r[v] = v < n ? f_read(p + v, once) : T();
  }
}
template <int V, class T> F_FN void f_load_all(T (&r)[V], const T* p, bool aligned, bool once = false) { f_load<int>(r, p, V, aligned, once); }
template <class I, int V, class T> F_FN void f_store(T* p, const T (&r)[V], I n, bool aligned, bool once = false) {
  if (V > 1 && aligned && n >= V) {
    f_vector<T, V> x;
#pragma unroll
    for (int v = 0; v < V; ++v) x.at[v] = r[v];
    f_write((f_vector<T, V>*)p, x, once);
  } else {
#pragma unroll
    for (int v = 0; v < V; ++v)
      if (v < n) f_write(p + v, r[v], once);
  }
}
template <int V, class T> F_FN void f_store_all(T* p, const T (&r)[V], bool aligned, bool once = false) { f_store<int>(p, r, V, aligned, once); }
// Elements of 16 bits, two a register.
template <int W, int V, class T> F_FN void f_pack(u32 (&words)[W], const T (&x)[V]) {
#pragma unroll
  for (int w = 0; w < W; ++w) words[w] = (u32)x[2 * w].bits | (u32)x[2 * w + 1].bits << 16;
}
template <class T, int W> F_FN T f_unpack(const u32 (&words)[W], int v) { return T{(u16)(words[v / 2] >> 16 * (v & 1))}; }

// What other blocks wrote: past the cache of the multiprocessor.
template <class T> F_FN T f_fresh(const T* p) { return *(const volatile T*)p; }
F_FN f16 f_fresh(const f16* p) { return f16{*(const volatile u16*)&p->bits}; }
F_FN bf16 f_fresh(const bf16* p) { return bf16{*(const volatile u16*)&p->bits}; }

// Reductions. A value and its place for argmax and argmin.
template <class T, class I> struct f_best { T value; I place; };

F_FN bool f_nan(f32 x) { return x != x; }
F_FN bool f_nan(f64 x) { return x != x; }
template <class T> F_FN bool f_nan(T) { return false; }

struct f_sum { template <class T> F_FN static T of(T x, T y) { return f_add(x, y); } };
struct f_product { template <class T> F_FN static T of(T x, T y) { return f_mul(x, y); } };
struct f_largest { template <class T> F_FN static T of(T x, T y) { return f_max(x, y); } };
struct f_smallest { template <class T> F_FN static T of(T x, T y) { return f_min(x, y); } };
struct f_any { template <class T> F_FN static T of(T x, T y) { return x || y; } };
struct f_all { template <class T> F_FN static T of(T x, T y) { return x && y; } };
// The better value, NaN before all, the lower place among equals.
struct f_first_largest {
  template <class T, class I> F_FN static f_best<T, I> of(f_best<T, I> x, f_best<T, I> y) {
    const bool xn = f_nan(x.value), yn = f_nan(y.value);
    const bool equal = x.value == y.value || (xn && yn);
    const bool better = y.value < x.value || (xn && !yn) || (equal && x.place < y.place);
    return better ? x : y;
  }
};
struct f_first_smallest {
  template <class T, class I> F_FN static f_best<T, I> of(f_best<T, I> x, f_best<T, I> y) {
    const bool xn = f_nan(x.value), yn = f_nan(y.value);
    const bool equal = x.value == y.value || (xn && yn);
    const bool better = x.value < y.value || (xn && !yn) || (equal && x.place < y.place);
    return better ? x : y;
  }
};

template <int Q, int V, class X> F_FN void f_fill(X (&a)[Q][V], X x) {
#pragma unroll
  for (int q = 0; q < Q; ++q) {
#pragma unroll
    for (int v = 0; v < V; ++v) a[q][v] = x;
  }
}
template <int V, class X> F_FN void f_fill(X (&a)[V], X x) {
#pragma unroll
  for (int v = 0; v < V; ++v) a[v] = x;
}
// All V values, in any order.
template <class Op, int V, class X> F_FN X f_all_of(const X (&a)[V]) {
  X x = a[0];
#pragma unroll
  for (int v = 1; v < V; ++v) x = Op::of(x, a[v]);
  return x;
}

// The value of the thread whose number differs in the bits of d.
template <class T> F_FN T f_other(u32 mask, T x, int d) { return __shfl_xor_sync(mask, x, d); }
F_FN bool f_other(u32 mask, bool x, int d) { return __shfl_xor_sync(mask, (int)x, d) != 0; }
F_FN u8 f_other(u32 mask, u8 x, int d) { return (u8)__shfl_xor_sync(mask, (int)x, d); }
template <class T, class I> F_FN f_best<T, I> f_other(u32 mask, f_best<T, I> x, int d) {
  return f_best<T, I>{f_other(mask, x.value, d), f_other(mask, x.place, d)};
}

// T threads (a power of two, in one warp) meet in halves: +T/2, ..., +1; all get the result.
template <class Op, int T, class X> F_FN X f_halves(X x, u32 mask) {
#pragma unroll
  for (int d = T / 2; d >= 1; d /= 2) x = Op::of(x, f_other(mask, x, d));
  return x;
}
// Groups of C neighbouring threads, S threads in all, meet in halves: +S/2, ..., +C.
template <class Op, int S, int C, class X> F_FN X f_groups(X x, u32 mask) {
#pragma unroll
  for (int d = S / 2; d >= C; d /= 2) x = Op::of(x, f_other(mask, x, d));
  return x;
}
// The same as neighbours: +1, +2, ..., +T/2.
template <class Op, int T, class X> F_FN X f_neighbours(X x, u32 mask) {
#pragma unroll
  for (int d = 1; d < T; d *= 2) x = Op::of(x, f_other(mask, x, d));
  return x;
}
// The 128 lanes of a block of a sum, lane (Q' of 128 / (T V)) T V + thread V + v in a[Q'][v], of which the
// first Q may be there: halves +64, ..., +1.
template <class Op, int T, int Q, int V, class X> F_FN X f_lanes(X (&a)[Q][V], u32 mask) {
#pragma unroll
  for (int h = 64 / (T * V); h >= 1; h /= 2) {
#pragma unroll
    for (int q = 0; q < Q; ++q) {
      if (q >= h || q + h >= Q) continue;
#pragma unroll
      for (int v = 0; v < V; ++v) a[q][v] = Op::of(a[q][v], a[q + h][v]);
    }
  }
#pragma unroll
  for (int v = 0; v < V; ++v) a[0][v] = f_halves<Op, T>(a[0][v], mask);
#pragma unroll
  for (int h = V / 2; h >= 1; h /= 2) {
#pragma unroll
    for (int v = 0; v < h; ++v) a[0][v] = Op::of(a[0][v], a[0][v + h]);
  }
  return a[0][0];
}

// The accumulators of a column's group of rows: L of them, the first Q of which are there, in halves.
template <class Op, int L, int Q, int V, class X> F_FN void f_rows(X (&a)[Q][V]) {
#pragma unroll
  for (int h = L / 2; h >= 1; h /= 2) {
#pragma unroll
    for (int q = 0; q < Q; ++q) {
      if (q >= h || q + h >= Q) continue;
#pragma unroll
      for (int v = 0; v < V; ++v) a[q][v] = Op::of(a[q][v], a[q + h][v]);
    }
  }
}
// W values (a power of two) that lie `step` apart, in halves: +W/2, ..., +1.
template <class Op, int W, class X> F_FN X f_warps(const X* slots, int step) {
  X a[W];
#pragma unroll
  for (int w = 0; w < W; ++w) a[w] = slots[w * step];
#pragma unroll
  for (int h = W / 2; h >= 1; h /= 2) {
#pragma unroll
    for (int w = 0; w < h; ++w) a[w] = Op::of(a[w], a[w + h]);
  }
  return a[0];
}

// A tree of pairs over R values (a power of two).
template <class Op, int R, class X> F_FN X f_tree(X (&a)[R]) {
#pragma unroll
  for (int d = 1; d < R; d *= 2) {
#pragma unroll
    for (int i = 0; i < R; i += 2 * d) a[i] = Op::of(a[i], a[i + d]);
  }
  return a[0];
}
// The padded tree of pairs over values that come one by one: complete subtrees lie on a stack, as the
// ones of a binary counter.
template <class Op, class X> struct f_pairs {
  X stack[26];
  int depth;
  u32 count;
  F_FN f_pairs() : depth(0), count(0) {}
  F_FN void push(X x) {
    for (u32 i = count++; i & 1; i >>= 1) x = Op::of(stack[--depth], x);
    stack[depth++] = x;
  }
  F_FN X all(X identity) {
    if (depth == 0) return identity;
    X x = stack[--depth];
    while (depth > 0) x = Op::of(stack[--depth], x);
    return x;
  }
};
// The same of R x C results at a time, with at most D subtrees on the stack. The last block is not pushed.
template <class X, int R, int C, int D> struct f_partial {
  X stack[D][R][C];
  int depth;
  u32 count;
  F_FN f_partial() : depth(0), count(0) {}
  F_FN void meet(X (&x)[R][C]) {
    --depth;
#pragma unroll
    for (int r = 0; r < R; ++r) {
#pragma unroll
      for (int c = 0; c < C; ++c) x[r][c] = f_add(stack[depth][r][c], x[r][c]);
    }
  }
  F_FN void push(X (&x)[R][C]) {
#pragma unroll 1
    for (u32 i = count++; i & 1; i >>= 1) meet(x);
#pragma unroll
    for (int r = 0; r < R; ++r) {
#pragma unroll
      for (int c = 0; c < C; ++c) stack[depth][r][c] = x[r][c];
    }
    ++depth;
  }
  F_FN void all(X (&x)[R][C]) {
#pragma unroll 1
    while (depth > 0) meet(x);
  }
};
// A thread's part of a row in shared memory: groups of V that lie `apart`.
template <int V, int R, class X> F_FN void f_gather(X (&r)[R], const X* p, int apart) {
#pragma unroll
  for (int g = 0; g < R / V; ++g) {
    const f_vector<X, V> x = *(const f_vector<X, V>*)(p + g * apart);
#pragma unroll
    for (int v = 0; v < V; ++v) r[g * V + v] = x.at[v];
  }
}
// A tree of pairs over slots[0], ..., slots[n - 1], `step` apart, by the T threads of a warp or part of it.
template <class Op, int T, class X> F_FN X f_slots(const X* slots, int n, int step, X identity, int thread, u32 mask) {
  int each = 1;
  while (each * T < n) each *= 2;
  X x = identity;
  if (each == 1) {
    if (thread < n) x = slots[thread * step];
  } else {
    f_pairs<Op, X> pairs;
    for (int i = 0; i < each; ++i)
      if (thread * each + i < n) pairs.push(slots[(thread * each + i) * step]);
    x = pairs.all(identity);
  }
  return f_neighbours<Op, T>(x, mask);
}
// The same tree by one thread.
template <class Op, class X> F_FN X f_slots_alone(const X* slots, int n, int step, X identity) {
  f_pairs<Op, X> pairs;
  for (int i = 0; i < n; ++i) pairs.push(slots[i * step]);
  return pairs.all(identity);
}
// How many units (a power of two) make a part, if there are to be at most `parts`.
template <class I> F_FN I f_part(I units, int parts) {
  I each = 1;
  while (each * parts < units) each *= 2;
  return each;
}

// The blocks of a cluster meet: who waits sees what all others stored before they arrived. Results on their
// way are stored into the shared memory of each block, of which p names the place in this one.
#ifndef FRIT_EMULATION
F_FN void f_cluster_arrive() { asm volatile("barrier.cluster.arrive.release;" ::: "memory"); }
F_FN void f_cluster_wait() { asm volatile("barrier.cluster.wait.acquire;" ::: "memory"); }
template <class T> F_FN T* f_in_cluster(T* p, int rank) {
  u64 there;
  asm("mapa.u64 %0, %1, %2;" : "=l"(there) : "l"((u64)p), "r"(rank));
  return (T*)there;
}
#endif

// Whether this block is the last to get here; then it sees what all others stored. flag: in shared memory.
F_FN bool f_last_block(u32* counter, u32* flag) {
  __syncthreads();
  if (threadIdx.x == 0) {
    // What the block stored before the barrier comes before the count, and what all others counted for
    // before the barrier below.
    __threadfence();
    const bool last = atomicAdd(counter, 1u) == gridDim.x - 1;
    __threadfence();
    if (last) *counter = 0;
    *flag = last;
  }
  __syncthreads();
  const bool last = *flag != 0;
  __syncthreads();
  return last;
}
// ---- end of prelude
)cuda";
  return text;
}

}  // namespace frit::codegen
