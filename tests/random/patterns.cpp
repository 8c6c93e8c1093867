// Groups of ops as people write them: what fusion is made for. Each is at most 12 ops long, apart from
// values made for its operands.
#include "tests/random/generator.h"

namespace frit::test {

void Generator::pattern() {
  switch (r_.below(14)) {
    case 0: chain(); break;
    case 1: softmax(); break;
    case 2: norm(false); break;
    case 3: norm(true); break;
    case 4: log_sum_exp(); break;
    case 5: variance(); break;
    case 6: add_transpose(); break;
    case 7: residual(); break;
    case 8: adam(); break;
    case 9: stencil(); break;
    case 10: batch_norm(); break;
    case 11: many(); break;
    case 12: gathers(); break;
    default: matmul_bias(); break;
  }
}

ValueId Generator::floats() {
  const ValueId v = any_value([](const ir::Type& t) { return is_float(t.dtype) && t.rank() >= 1; });
  if (v != ir::kNone) return v;
  Dims d = any_dims();
  if (d.empty()) d.push_back(any_extent(cap_));
  return param(r_.one_in(4) ? DType::f64 : r_.one_in(4) ? DType::bf16 : r_.one_in(8) ? DType::f16 : DType::f32, d);
}

ValueId Generator::reduce(Op op, ValueId x, Ints axes) { return emit(op, {x}, {{AttrName::axes, std::move(axes)}}); }

ValueId Generator::mean(ValueId x, const Ints& axes) {
  double n = 1;
  for (int64_t a : axes) n *= static_cast<double>(dims(x)[static_cast<size_t>(a)].value());
  return binary(Op::div, reduce(Op::reduce_sum, x, axes), number(x, n));
}

void Generator::chain() {
  static constexpr Op kUnary[] = {Op::neg, Op::abs, Op::square, Op::tanh, Op::exp, Op::sqrt, Op::sigmoid, Op::floor};
  static constexpr Op kBinary[] = {Op::add, Op::mul, Op::sub, Op::maximum, Op::minimum, Op::div};
  ValueId x = floats();
  const ValueId other = value_of(dtype(x), dims(x));
  for (int64_t i = r_.between(4, 10); i > 0; --i) {
    if (r_.one_in(3)) x = unary(r_.pick(kUnary), x);
    else if (r_.one_in(2)) x = binary(r_.pick(kBinary), x, other);
    else x = binary(r_.pick(kBinary), any_literal(dtype(x)), x);
  }
}

void Generator::softmax() {
  const ValueId x = floats();
  const Dims d = dims(x);
  const Ints axes{r_.one_in(4) ? 0 : static_cast<int64_t>(d.size()) - 1};
  const ValueId e = unary(Op::exp, binary(Op::sub, x, spread(reduce(Op::reduce_max, x, axes), d)));
  const ValueId s = reduce(Op::reduce_sum, e, axes);
  if (r_.one_in(2)) binary(Op::mul, e, spread(unary(Op::reciprocal, s), d));
  else binary(Op::div, e, spread(s, d));
}

void Generator::norm(bool rms) {
  ValueId x = floats();
  const Dims d = dims(x);
  const auto rank = static_cast<int64_t>(d.size());
  Ints axes{rank - 1};
  if (rank >= 2 && r_.one_in(5)) axes = {rank - 2, rank - 1};
  if (!rms) x = binary(Op::sub, x, spread(mean(x, axes), d));
  const ValueId m = mean(unary(Op::square, x), axes);
  const ValueId scale = unary(Op::rsqrt, binary(Op::add, m, number(x, 1e-5)));
  const ValueId y = binary(Op::mul, x, spread(scale, d));
  if (r_.one_in(2)) binary(Op::mul, y, spread(param(dtype(x), Dims{d.back()}), d));
}

void Generator::log_sum_exp() {
  const ValueId x = floats();
  const Dims d = dims(x);
  const Ints axes{static_cast<int64_t>(d.size()) - 1};
  const ValueId m = reduce(Op::reduce_max, x, axes);
  const ValueId safe = emit(Op::where, {unary(Op::is_finite, m), m, number(m, 0)});
  const ValueId s = reduce(Op::reduce_sum, unary(Op::exp, binary(Op::sub, x, spread(safe, d))), axes);
  binary(Op::add, unary(Op::log, s), safe);
}

void Generator::variance() {
  const ValueId x = floats();
  const Ints axes{r_.one_in(3) ? 0 : static_cast<int64_t>(dims(x).size()) - 1};
  const ValueId c = binary(Op::sub, x, spread(mean(x, axes), dims(x)));
  mean(unary(Op::square, c), axes);
}

void Generator::add_transpose() {
  ValueId x = any_value([](const ir::Type& t) { return t.rank() == 2 && t.dims[0] == t.dims[1] && t.dtype != DType::boolean; });
  if (x == ir::kNone) {
    int64_t n = any_extent(130);
    if (!room(n * n)) n = 9;
    x = param(r_.one_in(3) ? DType::f64 : r_.one_in(3) ? DType::bf16 : DType::f32, {n, n});
  }
  const ValueId t = emit(Op::permute, {x}, {{AttrName::order, Ints{1, 0}}});
  const ValueId s = binary(Op::add, x, t);
  if (r_.one_in(2)) binary(Op::mul, s, number(x, 2));
}

// y = x + f(x), and a norm of it: both are wanted.
void Generator::residual() {
  const ValueId x = floats();
  const Dims d = dims(x);
  const ValueId y = binary(Op::add, x, value_of(dtype(x), d));
  const Ints axes{static_cast<int64_t>(d.size()) - 1};
  const ValueId m = mean(binary(Op::mul, y, y), axes);
  const ValueId scale = unary(Op::rsqrt, binary(Op::add, m, number(x, 1e-6)));
  binary(Op::mul, y, spread(scale, d));
  binary(Op::mul, y, number(x, 0.5));
}

void Generator::adam() {
  const ValueId p = floats();
  const Dims d = dims(p);
  const DType t = dtype(p);
  const ValueId g = param(t, d), m = param(t, d), v = param(t, d);
  const ValueId m2 = emit(Op::fma, {m, number(p, 0.9), binary(Op::mul, g, number(p, 0.1))});
  const ValueId v2 = binary(Op::add, binary(Op::mul, v, number(p, 0.999)), binary(Op::mul, unary(Op::square, g), number(p, 0.001)));
  const ValueId step = binary(Op::div, m2, binary(Op::add, unary(Op::sqrt, v2), number(p, 1e-8)));
  binary(Op::sub, p, binary(Op::mul, step, number(p, 1e-3)));
}

// One formula over several arrays of their own shapes, as a step of an optimiser.
void Generator::many() {
  static constexpr Op kBinary[] = {Op::add, Op::mul, Op::sub, Op::maximum};
  static constexpr Op kUnary[] = {Op::neg, Op::square, Op::abs, Op::exp};
  const DType t = r_.one_in(4) ? DType::f64 : r_.one_in(4) ? DType::bf16 : DType::f32;
  const Op first = r_.pick(kBinary), second = r_.pick(kUnary), third = r_.pick(kBinary);
  const bool shared = r_.one_in(2), reduced = r_.one_in(6);
  const ValueId rate = shared ? param(t, {}) : ir::kNone;
  const int64_t row = any_extent(cap_);
  for (int64_t i = r_.between(2, 4); i > 0; --i) {
    Dims d = any_dims();
    if (reduced) d = {any_extent(std::max<int64_t>(1, cap_ / std::max<int64_t>(row, 1))), row};
    const ValueId x = param(t, d), y = param(t, d);
    ValueId q = unary(second, binary(first, x, y));
    if (shared) q = binary(third, q, spread(rate, d));
    if (reduced) reduce(Op::reduce_max, q, {1});
  }
}

// Rows looked up in several tables, some of one row or of one element: kernels that are alike but for the strides of
// what an index picks.
void Generator::gathers() {
  const DType t = r_.one_in(4) ? DType::f64 : DType::f32;
  const size_t rank = r_.one_in(2) ? 1 : 2;
  const bool counted = r_.one_in(2), back = r_.one_in(3), negative = r_.one_in(3);
  const Literal factor = any_literal(t);
  for (int64_t i = r_.between(2, 3); i > 0; --i) {
    auto extent = [&] { return r_.one_in(3) ? 1 : r_.between(2, 9); };
    Dims d(rank);
    for (ir::Dim& e : d) e = extent();
    ValueId x = param(t, d);
    if (counted) x = binary(Op::mul, x, emit(Op::iota, {}, {{AttrName::axis, static_cast<int64_t>(r_.below(rank))}}, ir::Type::tensor(t, d)));
    if (back) x = emit(Op::reverse, {x}, {{AttrName::axes, Ints{0}}});
    const ValueId index = param(DType::i64, r_.one_in(4) ? Dims{} : Dims{extent()});
    x = emit(Op::gather, {x, index}, {{AttrName::axis, static_cast<int64_t>(r_.below(rank))}});
    x = binary(Op::mul, x, factor);
    if (negative) unary(Op::neg, x);
  }
}

// x[i+1] - x[i-1] with padding, along any axis.
void Generator::stencil() {
  const ValueId x = floats();
  const Dims d = dims(x);
  const size_t axis = r_.below(d.size());
  Ints one(d.size(), 0), step(d.size(), 1), limit, limit2;
  one[axis] = 1;
  const ValueId p = emit(Op::pad, {x, any_literal(dtype(x))}, {{AttrName::low, one}, {AttrName::high, one}});
  for (ir::Dim e : d) limit.push_back(e.value());
  limit2 = limit;
  limit2[axis] += 2;
  Ints two(d.size(), 0);
  two[axis] = 2;
  const ValueId before = emit(Op::slice, {p}, {{AttrName::start, Ints(d.size(), 0)}, {AttrName::limit, limit}, {AttrName::step, step}});
  const ValueId after = emit(Op::slice, {p}, {{AttrName::start, two}, {AttrName::limit, limit2}, {AttrName::step, step}});
  binary(Op::add, binary(Op::sub, after, before), x);
}

void Generator::batch_norm() {
  const ValueId x = floats();
  const Dims d = dims(x);
  Dims c(d.size(), 1);
  const size_t axis = d.size() > 1 ? 1 : 0;
  c[axis] = d[axis];
  const ValueId shifted = binary(Op::sub, x, spread(param(dtype(x), c), d));
  const ValueId scale = unary(Op::rsqrt, binary(Op::add, param(dtype(x), c), number(x, 1e-3)));
  binary(Op::maximum, binary(Op::mul, shifted, spread(scale, d)), number(x, 0));
}

void Generator::matmul_bias() {
  ValueId x = any_value([](const ir::Type& t) { return is_float(t.dtype) && t.rank() == 2; });
  if (x == ir::kNone) x = param(r_.one_in(4) ? DType::bf16 : DType::f32, {any_extent(20), any_extent(std::max<int64_t>(1, cap_ / 20))});
  const Dims d = dims(x);
  const int64_t most = std::min(cap_ / std::max<int64_t>(1, d[0].value()),
                                std::min<int64_t>(cap_ / std::max<int64_t>(1, d[1].value()), 200'000 / std::max<int64_t>(1, count_of(d))));
  if (most < 1) return;
  const int64_t n = any_extent(most);
  const bool turned = r_.one_in(3);
  const ValueId w = param(dtype(x), turned ? Dims{n, d[1]} : Dims{d[1], n});
  work_ += count_of(d) * n / 4;
  const ValueId y = emit(Op::dot, {x, w}, {{AttrName::lhs, Ints{1}}, {AttrName::rhs, Ints{turned ? 1 : 0}}, {AttrName::batch_lhs, Ints{}}, {AttrName::batch_rhs, Ints{}}});
  const ValueId b = binary(Op::add, y, spread(param(dtype(x), {n}), dims(y)));
  binary(Op::maximum, b, number(b, 0));
}

}  // namespace frit::test
