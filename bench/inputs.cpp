// See inputs.h.
#include "bench/inputs.h"

#include <cmath>
#include <limits>

namespace frit::bench {
namespace {

template <class T>
void fill_floats(uint64_t seed, double lo, double hi, int64_t n, T* out) {
  const T base = static_cast<T>(lo), width = static_cast<T>(hi - lo);
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t w = word_at(seed, static_cast<uint64_t>(i));
    if constexpr (sizeof(T) == 4)
      out[i] = base + width * (static_cast<float>(static_cast<int32_t>(w >> 40)) * 0x1p-24f);
    else
      out[i] = base + width * (static_cast<double>(static_cast<int64_t>(w >> 11)) * 0x1p-53);
  }
}

template <class T>
void fill_halves(uint64_t seed, double lo, double hi, int64_t n, T* out) {
  for (int64_t i = 0; i < n; ++i) {
    const float unit = static_cast<float>(static_cast<int32_t>(word_at(seed, static_cast<uint64_t>(i)) >> 40)) * 0x1p-24f;
    out[i] = T(static_cast<float>(lo) + static_cast<float>(hi - lo) * unit);
  }
}

template <class T>
void fill_integers(uint64_t seed, double lo, double hi, int64_t n, T* out) {
  const double least = std::is_signed_v<T> ? lo : std::fmax(lo, 0.0);
  const int64_t first = static_cast<int64_t>(std::floor(least));
  const uint64_t count = static_cast<uint64_t>(std::fmax(std::floor(hi) - std::floor(least), 0.0)) + 1;
  for (int64_t i = 0; i < n; ++i)
    out[i] = static_cast<T>(first + static_cast<int64_t>(word_at(seed, static_cast<uint64_t>(i)) % count));
}

}  // namespace

void fill(DType t, uint64_t seed, double lo, double hi, int64_t n, void* out) {
  switch (t) {
    case DType::boolean:
      for (int64_t i = 0; i < n; ++i)
        static_cast<uint8_t*>(out)[i] = static_cast<uint8_t>(word_at(seed, static_cast<uint64_t>(i)) >> 63);
      return;
    case DType::u8: return fill_integers(seed, lo, hi, n, static_cast<uint8_t*>(out));
    case DType::i32: return fill_integers(seed, lo, hi, n, static_cast<int32_t*>(out));
    case DType::u32: return fill_integers(seed, lo, hi, n, static_cast<uint32_t*>(out));
    case DType::i64: return fill_integers(seed, lo, hi, n, static_cast<int64_t*>(out));
    case DType::u64: return fill_integers(seed, lo, hi, n, static_cast<uint64_t*>(out));
    case DType::f16: return fill_halves(seed, lo, hi, n, static_cast<f16*>(out));
    case DType::bf16: return fill_halves(seed, lo, hi, n, static_cast<bf16*>(out));
    case DType::f32: return fill_floats(seed, lo, hi, n, static_cast<float*>(out));
    case DType::f64: return fill_floats(seed, lo, hi, n, static_cast<double*>(out));
  }
}

}  // namespace frit::bench
