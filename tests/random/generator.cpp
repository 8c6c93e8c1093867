#include "tests/random/generator.h"

#include <algorithm>
#include <limits>

#include "tests/engines/inputs.h"

namespace frit::test {
namespace {

constexpr int64_t kMostWork = 200'000;

template <class T>
Literal literal_of(Random& r) {
  using L = std::numeric_limits<T>;
  if constexpr (std::is_same_v<T, bool>) {
    return Literal::of(r.one_in(2));
  } else if constexpr (is_floating_v<T>) {
    if (r.one_in(10)) {
      const T list[] = {L::quiet_NaN(), L::infinity(), -L::infinity(), -T{0}, L::denorm_min(), L::max(), L::lowest()};
      return Literal::of(list[r.below(std::size(list))]);
    }
    const T list[] = {T{0}, T{1}, T{-1}, T{0.5}, T{2}, T{-2.5}, T{0.1}, T{3}, T{1e-5}, T{0.79788456}};
    return Literal::of(list[r.below(std::size(list))]);
  } else {
    if (r.one_in(8)) return Literal::of(r.one_in(2) ? L::max() : L::min());
    return Literal::of(static_cast<T>(r.between(std::is_signed_v<T> ? -4 : 0, 9)));
  }
}

}  // namespace

bool draws(Op op, DType t) {
  const ir::OpInfo& row = ir::info(op);
  switch (row.cls) {
    case ir::OpClass::elementwise:
    case ir::OpClass::reduce: return ir::accepts(row.types, t);
    case ir::OpClass::tensor:
      if (op == Op::iota || op == Op::dot) return t != DType::boolean;
      return op != Op::ret;
    default: return false;
  }
}

namespace {

// Every row that a function of whole tensors may hold, with each of its types.
const std::vector<std::pair<Op, DType>>& rows_and_types() {
  static const auto* all = [] {
    auto* list = new std::vector<std::pair<Op, DType>>;
    for (const ir::OpInfo& row : ir::all_ops())
      for (int t = 0; t < kDTypeCount; ++t)
        if (draws(row.op, static_cast<DType>(t))) list->emplace_back(row.op, static_cast<DType>(t));
    return list;
  }();
  return *all;
}

}  // namespace

int64_t count_of(const Dims& d) { return ir::Type::tensor(DType::f32, d).count(); }

Generator::Generator(uint64_t seed) : r_(seed) {
  wanted_ops_ = kLeastOps + r_.below(kMostOps - kLeastOps - 4);  // a step may take some more than one
  const auto& all = rows_and_types();
  for (uint64_t k : {2 * seed, 2 * seed + 1}) due_.push_back(all[static_cast<size_t>(k % all.size())]);
  // Big tensors in short programs, small ones in long programs.
  cap_ = std::max<int64_t>(64, kMostWork / 3 / static_cast<int64_t>(wanted_ops_));
  if (r_.one_in(3)) cap_ = std::min<int64_t>(cap_, 600);
  for (int64_t i = r_.between(1, 3); i > 0; --i) palette_.push_back(fresh_dims(cap_));
}

ir::Func Generator::run() {
  f_.name = "random";
  for (int64_t i = r_.between(1, 3); i > 0; --i) param(any_dtype(), any_dims());
  while (ops() < wanted_ops_ && (work_ < kMostWork || ops() < kLeastOps)) {
    if (work_ >= kMostWork / 2) cap_ = std::min<int64_t>(cap_, 256);
    if (ops() + 16 <= wanted_ops_ && r_.one_in(4)) pattern();
    else step();
  }
  if (2 * ops() <= kMostOps && 2 * work_ <= kMostWork && r_.one_in(4)) twin();
  finish();
  return std::move(f_);
}

// The same ops again, most of them on other arguments: kernels that are alike are joined.
void Generator::twin() {
  std::vector<ValueId> to(f_.values.size());
  for (size_t v = 0; v < to.size(); ++v) to[v] = static_cast<ValueId>(v);
  for (ValueId p : std::vector<ValueId>(f_.body.args))
    if (!r_.one_in(4)) to[static_cast<size_t>(p)] = param(f_.type(p).dtype, dims(p));
  for (ir::OpId id : std::vector<ir::OpId>(f_.body.ops)) {
    ir::OpNode n = f_.op(id);
    const ValueId old = f_.result(id);
    n.results.clear();
    for (Operand& o : n.operands)
      if (o.is_value()) o.value = to[static_cast<size_t>(o.value)];
    to[static_cast<size_t>(old)] = ir::append(f_, std::move(n), f_.type(old));
    pool_.push_back(to[static_cast<size_t>(old)]);
  }
  work_ *= 2;
}

// The results: the last value, most of those that nothing uses, sometimes inner values (fusion with
// several results), sometimes a parameter itself or one value twice.
void Generator::finish() {
  std::vector<bool> used(f_.values.size());
  for (ir::OpId id : f_.body.ops)
    for (const Operand& o : f_.op(id).operands)
      if (o.is_value()) used[static_cast<size_t>(o.value)] = true;
  ir::OpNode ret;
  ret.op = Op::ret;
  ret.operands.push_back(f_.result(f_.body.ops.back()));
  for (ir::OpId id : f_.body.ops) {
    const ValueId v = f_.result(id);
    if (v == ret.operands[0].value) continue;
    if (used[static_cast<size_t>(v)] ? r_.one_in(12) : r_.percent(80)) ret.operands.push_back(v);
  }
  while (ret.operands.size() > 6) ret.operands.erase(ret.operands.begin() + static_cast<ptrdiff_t>(r_.below(ret.operands.size())));
  if (r_.one_in(20)) ret.operands.push_back(ret.operands[r_.below(ret.operands.size())]);
  if (r_.one_in(20)) ret.operands.push_back(r_.pick(f_.body.args));
  f_.add_op(f_.body, std::move(ret), {});
}

DType Generator::any_dtype() {
  if (forced_) return *forced_;
  static constexpr DType kList[] = {DType::f32, DType::f32, DType::f32, DType::f32, DType::f32, DType::f32, DType::f64,
                                    DType::f64, DType::i32, DType::i64, DType::u8,  DType::u32, DType::u64, DType::boolean,
                                    DType::f16, DType::bf16, DType::bf16};
  return r_.pick(kList);
}

DType Generator::any_dtype(ir::TypeRule rule) {
  for (;;) {
    const DType t = r_.one_in(2) ? any_dtype() : static_cast<DType>(r_.below(kDTypeCount));
    if (ir::accepts(rule, t)) return t;
  }
}

int64_t Generator::any_extent(int64_t at_most) {
  static constexpr int64_t kList[] = {1,  1,  2,  3,  4,  5,   7,   8,   9,   15,  16,  17,   31,   32,   33,
                                      63, 64, 65, 96, 100, 127, 128, 129, 255, 257, 500, 1000, 1023, 1024, 1025,
                                      1500, 2047, 2048, 2049, 3000, 4097};
  for (;;)
    if (const int64_t e = r_.pick(kList); e <= at_most) return e;
}

Dims Generator::fresh_dims(int64_t at_most) {
  static constexpr int kRanks[] = {0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 4};
  Dims d(static_cast<size_t>(r_.pick(kRanks)), 1);
  // Axes in random order, so that the big one stands anywhere.
  std::vector<size_t> order(d.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[r_.below(i)]);
  int64_t left = at_most;
  for (size_t i : order) {
    d[i] = any_extent(left);
    left /= d[i].value();
  }
  if (!d.empty() && r_.one_in(40)) d[r_.below(d.size())] = 0;
  return d;
}

Dims Generator::any_dims() {
  if (r_.percent(75)) {
    const Dims& d = r_.pick(palette_);
    if (room(count_of(d))) return d;
  }
  return fresh_dims(cap_);
}

Literal Generator::any_literal(DType t) {
  switch (t) {
#define FRIT_X(id, name, type, kind) \
  case DType::id: return literal_of<type>(r_);
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  return {};
}

// Late values are likelier: programs get deep.
ValueId Generator::any_value(const std::function<bool(const ir::Type&)>& fits) {
  std::vector<ValueId> found;
  for (ValueId v : pool_)
    if (fits(f_.type(v)) && room(f_.type(v).count())) found.push_back(v);
  if (found.empty()) return ir::kNone;
  const size_t last = std::min<size_t>(found.size(), r_.percent(65) ? 3 : found.size());
  return found[found.size() - 1 - r_.below(last)];
}

ValueId Generator::any_value() { return value_of_rank(0); }

ValueId Generator::value_of_rank(int least) {
  const ValueId v = any_value([&](const ir::Type& t) { return t.rank() >= least && (!forced_ || t.dtype == *forced_); });
  if (v != ir::kNone) return v;
  Dims d = fresh_dims(cap_);
  while (static_cast<int>(d.size()) < least) d.push_back(any_extent(std::max<int64_t>(1, cap_ / std::max<int64_t>(1, count_of(d)))));
  return param(any_dtype(), d);
}

ValueId Generator::emit(Op op, std::vector<Operand> operands, std::vector<ir::Attr> attrs,
                        const std::optional<ir::Type>& wanted) {
  ir::OpNode n;
  n.op = op;
  n.operands = std::move(operands);
  for (ir::Attr& a : attrs) n.set(a.name, std::move(a.value));
  int64_t work = 0;
  for (const Operand& o : n.operands) work = std::max(work, f_.type(o).count());
  const ValueId v = ir::append(f_, std::move(n), wanted);
  work_ += std::max(work, f_.type(v).count());
  pool_.push_back(v);
  return v;
}

ValueId Generator::param(DType t, const Dims& d) {
  const ValueId v = f_.add_param(ir::Type::tensor(t, d), "x");
  pool_.push_back(v);
  return v;
}

ValueId Generator::cast(ValueId v, DType t) {
  return dtype(v) == t ? v : emit(Op::cast, {v}, {{AttrName::to, t}});
}

ValueId Generator::spread(ValueId v, const Dims& d) {
  return dims(v) == d ? v : emit(Op::broadcast, {v}, {}, ir::Type::tensor(dtype(v), d));
}

ValueId Generator::value_of(DType t, const Dims& d) {
  const auto same_dims = [&](const ir::Type& have) { return have.dims == d; };
  if (r_.percent(75))
    if (const ValueId v = any_value([&](const ir::Type& have) { return have.dtype == t && have.dims == d; }); v != ir::kNone) return v;
  if (r_.percent(40))
    if (const ValueId v = any_value(same_dims); v != ir::kNone) return cast(v, t);
  if (r_.percent(30)) {  // something smaller, repeated
    const ValueId v = any_value([&](const ir::Type& have) {
      return have.dtype == t && have.rank() <= static_cast<int>(d.size()) && ir::broadcast_dims(have.dims, d) == d;
    });
    if (v != ir::kNone) return spread(v, d);
  }
  if (!d.empty() && t != DType::boolean && r_.one_in(8))
    return emit(Op::iota, {}, {{AttrName::axis, static_cast<int64_t>(r_.below(d.size()))}}, ir::Type::tensor(t, d));
  if (r_.one_in(12)) return emit(Op::full, {any_literal(t)}, {}, ir::Type::tensor(t, d));
  return param(t, d);
}

ValueId Generator::value_accepted(ir::TypeRule rule) {
  if (forced_) {
    const ValueId v = any_value([](const ir::Type&) { return true; });
    return cast(v != ir::kNone && r_.one_in(2) ? v : any_value(), *forced_);
  }
  if (r_.percent(60)) {
    const ValueId v = any_value([&](const ir::Type& t) { return ir::accepts(rule, t.dtype); });
    if (v != ir::kNone) return v;
  }
  const ValueId v = any_value();
  return cast(v, any_dtype(rule));
}

Operand Generator::operand_of(DType t, const Dims& d) {
  if (r_.percent(25)) return any_literal(t);
  if (r_.percent(15)) {
    const ValueId v = any_value([&](const ir::Type& have) { return have.dtype == t && have.rank() == 0; });
    if (v != ir::kNone) return v;
  }
  return value_of(t, d);
}

Sample generate(uint64_t seed) {
  Sample s;
  s.seed = seed;
  s.func = Generator(seed).run();
  s.func.name = "random_" + std::to_string(seed);
  s.args = make_inputs(s.func, seed);
  return s;
}

}  // namespace frit::test
