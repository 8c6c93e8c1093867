#include "tests/codegen/orders.h"

#include <cmath>
#include <vector>

#include "ir/num.h"
#include "ir/ops.h"

namespace frit::test {
namespace {

using ir::Num;
using ir::Op;

template <class A>
A combined(Op op, A a, A b) {
  switch (op) {
    case Op::reduce_sum:
      if constexpr (std::is_same_v<A, bool>) return a;
      else return (Num<A>{a} + Num<A>{b}).v;
    case Op::reduce_prod:
      if constexpr (std::is_same_v<A, bool>) return a;
      else return (Num<A>{a} * Num<A>{b}).v;
    case Op::reduce_max: return max(Num<A>{a}, Num<A>{b}).v;
    case Op::reduce_min: return min(Num<A>{a}, Num<A>{b}).v;
    case Op::reduce_any: return a || b;
    default: return a && b;
  }
}

// The tree of pairs, padded to a power of two with the identity.
template <class A, class F>
A tree_of(std::vector<A> v, A identity, F&& combine) {
  size_t size = 1;
  while (size < v.size()) size *= 2;
  v.resize(size, identity);
  while (v.size() > 1) {
    for (size_t i = 0; i < v.size() / 2; ++i) v[i] = combine(v[2 * i], v[2 * i + 1]);
    v.resize(v.size() / 2);
  }
  return v[0];
}

template <class T, class A>
A reduced(Op op, const std::vector<T>& x, bool tree) {
  const auto identity = ir::reduce_identity(op, dtype_of<T>()).template as<A>();
  auto combine = [&](A a, A b) { return combined(op, a, b); };
  if (x.empty()) return ir::reduce_empty(op, dtype_of<T>()).template as<A>();
  std::vector<A> wide(x.begin(), x.end());
  if (tree) return tree_of(wide, identity, combine);
  std::vector<A> blocks;
  for (size_t b = 0; b < wide.size(); b += 1024) {
    std::vector<A> lanes(128, identity);
    for (size_t i = 0; i < 1024 && b + i < wide.size(); ++i) lanes[i % 128] = combine(lanes[i % 128], wide[b + i]);
    for (size_t half = 64; half >= 1; half /= 2)
      for (size_t l = 0; l < half; ++l) lanes[l] = combine(lanes[l], lanes[l + half]);
    blocks.push_back(lanes[0]);
  }
  return tree_of(blocks, identity, combine);
}

template <class T>
int64_t arg(bool largest, const std::vector<T>& x) {
  size_t best = 0;
  for (size_t i = 1; i < x.size(); ++i) {
    if (x[best] != x[best]) break;
    if (x[i] != x[i] || (largest ? x[best] < x[i] : x[i] < x[best])) best = i;
  }
  return static_cast<int64_t>(best);
}

template <class T>
void run(Op op, const void* x, int64_t count, int64_t stride, bool tree, void* out) {
  if constexpr (is_half_v<T>) ir::internal_error("kernels reduce f16 and bf16 in f32");
  else {
  std::vector<T> v;
  for (int64_t i = 0; i < count; ++i) v.push_back(static_cast<const T*>(x)[i * stride]);
  if (op == Op::reduce_argmax || op == Op::reduce_argmin) {
    *static_cast<int64_t*>(out) = arg(op == Op::reduce_argmax, v);
    return;
  }
  switch (ir::reduce_result(op, dtype_of<T>())) {
#define FRIT_X(id, name, type, kind)                                   \
  case DType::id:                                                      \
    if constexpr (std::is_convertible_v<T, type>)                      \
      *static_cast<type*>(out) = reduced<T, type>(op, v, tree);        \
    break;
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  }
}

template <class T>
void dot(const void* a, int64_t sa, const void* b, int64_t sb, int64_t count, void* out) {
  std::vector<T> blocks;
  for (int64_t k0 = 0; k0 < count; k0 += 1024) {
    Num<T> acc{T{0}};
    for (int64_t k = k0; k < count && k < k0 + 1024; ++k) {
      const Num<T> x{static_cast<const T*>(a)[k * sa]}, y{static_cast<const T*>(b)[k * sb]};
      if constexpr (std::is_floating_point_v<T>) acc = fma(x, y, acc);
      else acc = acc + x * y;
    }
    blocks.push_back(acc.v);
  }
  const T identity = std::is_floating_point_v<T> ? static_cast<T>(-0.0) : T{0};
  *static_cast<T*>(out) = blocks.empty() ? T{0} : tree_of(blocks, identity, [](T p, T q) { return (Num<T>{p} + Num<T>{q}).v; });
}

}  // namespace

void reduce_reference(Op op, DType t, const void* x, int64_t count, int64_t stride, bool tree, void* out) {
  switch (t) {
#define FRIT_X(id, name, type, kind) \
  case DType::id: return run<type>(op, x, count, stride, tree, out);
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
}

void dot_reference(DType t, const void* a, int64_t sa, const void* b, int64_t sb, int64_t count, void* out) {
  switch (t) {
    case DType::u8: return dot<uint8_t>(a, sa, b, sb, count, out);
    case DType::i32: return dot<int32_t>(a, sa, b, sb, count, out);
    case DType::u32: return dot<uint32_t>(a, sa, b, sb, count, out);
    case DType::i64: return dot<int64_t>(a, sa, b, sb, count, out);
    case DType::u64: return dot<uint64_t>(a, sa, b, sb, count, out);
    case DType::f32: return dot<float>(a, sa, b, sb, count, out);
    case DType::f64: return dot<double>(a, sa, b, sb, count, out);
    case DType::boolean:
    case DType::f16:
    case DType::bf16: break;
  }
  ir::internal_error("kernels have no dot of bools, f16 and bf16");
}

}  // namespace frit::test
