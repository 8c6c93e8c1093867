// Reductions of one extent in the orders of LAWS.md (4, 9, 12), written as the definitions read.
// Takes elements that lie densely in the order of the extent; the code generators' schedules have no
// part in it.
#include <cstring>

#include "frit/error.h"
#include "ir/interpret_parts.h"
#include "ir/num.h"
#include "ir/ops.h"

namespace frit::ir::interp {
namespace {

constexpr int64_t kBlock = 1024;
constexpr int64_t kLanes = 128;

// (p0 + p1) + (p2 + p3) and so on, the count padded to a power of two by the identity.
template <class T, class F>
T combine_blocks(std::vector<T> parts, T identity, F f) {
  size_t width = 1;
  while (width < parts.size()) width *= 2;
  parts.resize(width, identity);
  for (; width > 1; width /= 2)
    for (size_t i = 0; i < width / 2; ++i) parts[i] = f(parts[2 * i], parts[2 * i + 1]);
  return parts[0];
}

// LAWS.md, 9, for n > 0.
template <class T, class F>
T ordered(const T* x, int64_t n, T identity, F f) {
  std::vector<T> blocks;
  for (int64_t start = 0; start < n; start += kBlock) {
    T lane[kLanes];
    for (T& l : lane) l = identity;
    for (int64_t i = 0; i < kBlock && start + i < n; ++i) lane[i % kLanes] = f(lane[i % kLanes], x[start + i]);
    for (int64_t half = kLanes / 2; half >= 1; half /= 2)
      for (int64_t l = 0; l < half; ++l) lane[l] = f(lane[l], lane[l + half]);
    blocks.push_back(lane[0]);
  }
  return combine_blocks(std::move(blocks), identity, f);
}

template <class T>
void put(std::byte* out, T value) {
  std::memcpy(out, &value, sizeof value);
}

template <class T>
void sum_or_product(Op op, const T* x, int64_t n, std::byte* out) {
  const bool sum = op == Op::reduce_sum;
  if constexpr (std::is_floating_point_v<T>) {
    if (sum) put(out, ordered<T>(x, n, T{-0.0}, [](T a, T b) { return a + b; }));
    else put(out, ordered<T>(x, n, T{1}, [](T a, T b) { return a * b; }));
  } else {
    // Widened first: unsigned types to u64, the others to i64, whose wrapping is that of u64.
    uint64_t acc = sum ? 0 : 1;
    for (int64_t i = 0; i < n; ++i) {
      const auto v = static_cast<uint64_t>(x[i]);
      acc = sum ? acc + v : acc * v;
    }
    put(out, acc);
  }
}

template <class T>
T extreme(bool largest, const T* x, int64_t n) {
  Num<T> best{x[0]};
  for (int64_t i = 1; i < n; ++i) best = largest ? max(best, Num<T>{x[i]}) : min(best, Num<T>{x[i]});
  return best.v;
}

template <class T>
int64_t extreme_index(bool largest, const T* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    if (x[i] != x[i]) return i;
  int64_t best = 0;
  for (int64_t i = 1; i < n; ++i)
    if (largest ? x[best] < x[i] : x[i] < x[best]) best = i;
  return best;
}

template <class T>
T wrapping_multiply_add(T a, T b, T acc) {
  if constexpr (std::is_same_v<T, bool>) internal_error("dot of bool");
  else return (Num<T>{acc} + Num<T>{a} * Num<T>{b}).v;
}

// LAWS.md, 7: f16 and bf16 are reduced in f32, and rounded once.
std::vector<float> in_f32(DType t, const std::byte* x, int64_t n) {
  std::vector<float> out(static_cast<size_t>(n));
  const void* in[] = {x};
  const size_t step[] = {1};
  evaluate(Op::cast, t, DType::f32, out.size(), in, step, out.data());
  return out;
}
void round_to(DType t, float v, std::byte* out) {
  const void* in[] = {&v};
  const size_t step[] = {0};
  evaluate(Op::cast, DType::f32, t, 1, in, step, out);
}
const std::byte* bytes(const std::vector<float>& v) { return reinterpret_cast<const std::byte*>(v.data()); }
template <class F>
void products_in_f32(DType t, const std::byte* a, const std::byte* b, int64_t n, std::byte* out, F&& f) {
  const std::vector<float> x = in_f32(t, a, n), y = in_f32(t, b, n);
  float r;
  f(DType::f32, bytes(x), bytes(y), n, reinterpret_cast<std::byte*>(&r));
  round_to(t, r, out);
}

}  // namespace

void reduce_extent(Op op, DType t, const std::byte* elements, int64_t n, std::byte* out) {
  const bool index = op == Op::reduce_argmax || op == Op::reduce_argmin;
  if (n == 0) {
    if (index) throw Error(std::string(info(op).name), "there is no index in an extent of 0");
    const Literal l = reduce_empty(op, t);
    std::memcpy(out, &l.bits, static_cast<size_t>(size_of(l.dtype)));
    return;
  }
  if (is_half(t)) {
    const std::vector<float> x = in_f32(t, elements, n);
    if (reduce_result(op, t) != t) return reduce_extent(op, DType::f32, bytes(x), n, out);
    float r;
    reduce_extent(op, DType::f32, bytes(x), n, reinterpret_cast<std::byte*>(&r));
    return round_to(t, r, out);
  }
  with_type(t, [&](auto id) {
    using T = compute_t<typename decltype(id)::type>;
    const T* x = reinterpret_cast<const T*>(elements);
    switch (op) {
      case Op::reduce_sum:
      case Op::reduce_prod: return sum_or_product(op, x, n, out);
      case Op::reduce_max:
      case Op::reduce_min: return put(out, extreme(op == Op::reduce_max, x, n));
      case Op::reduce_argmax:
      case Op::reduce_argmin: return put(out, extreme_index(op == Op::reduce_argmax, x, n));
      case Op::reduce_any:
      case Op::reduce_all: {
        bool any = false, all = true;
        for (int64_t i = 0; i < n; ++i) {
          any |= x[i] != T{0};
          all &= x[i] != T{0};
        }
        return put(out, op == Op::reduce_any ? any : all);
      }
      default: internal_error("not a reduction: " + std::string(info(op).name));
    }
  });
}

void dot_extent(DType t, const std::byte* a, const std::byte* b, int64_t n, std::byte* out) {
  if (is_half(t)) return products_in_f32(t, a, b, n, out, dot_extent);
  with_type(t, [&](auto id) {
    using T = compute_t<typename decltype(id)::type>;
    const T* x = reinterpret_cast<const T*>(a);
    const T* y = reinterpret_cast<const T*>(b);
    if constexpr (std::is_floating_point_v<T>) {
      if (n == 0) return put(out, T{0});
      std::vector<T> blocks;
      for (int64_t start = 0; start < n; start += kBlock) {
        T acc = 0;
        for (int64_t i = start; i < start + kBlock && i < n; ++i) acc = std::fma(x[i], y[i], acc);
        blocks.push_back(acc);
      }
      put(out, combine_blocks<T>(std::move(blocks), T{-0.0}, [](T p, T q) { return p + q; }));
    } else {
      T acc = 0;
      for (int64_t i = 0; i < n; ++i) acc = wrapping_multiply_add(x[i], y[i], acc);
      put(out, acc);
    }
  });
}

void sum_of_products(DType t, const std::byte* a, const std::byte* b, int64_t n, std::byte* out) {
  if (is_half(t)) return products_in_f32(t, a, b, n, out, sum_of_products);
  with_type(t, [&](auto id) {
    using T = compute_t<typename decltype(id)::type>;
    if constexpr (std::is_floating_point_v<T>) {
      const T* x = reinterpret_cast<const T*>(a);
      const T* y = reinterpret_cast<const T*>(b);
      std::vector<T> products(static_cast<size_t>(n));
      for (size_t i = 0; i < products.size(); ++i) products[i] = x[i] * y[i];
      reduce_extent(Op::reduce_sum, t, reinterpret_cast<const std::byte*>(products.data()), n, out);
    } else {
      dot_extent(t, a, b, n, out);
    }
  });
}

}  // namespace frit::ir::interp
