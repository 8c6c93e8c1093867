// One op drawn from the op table, with operands that fit it.
#include <algorithm>
#include <numeric>

#include "tests/random/generator.h"

namespace frit::test {
namespace {

// Rows of the table that a program of whole tensors may hold.
std::vector<Op> rows(ir::OpClass cls) {
  std::vector<Op> out;
  for (const ir::OpInfo& i : ir::all_ops())
    if (i.cls == cls && i.op != Op::ret) out.push_back(i.op);
  return out;
}

}  // namespace

void Generator::step() {
  static const std::vector<Op> elementwise_rows = rows(ir::OpClass::elementwise), reduce_rows = rows(ir::OpClass::reduce),
                               tensor_rows = rows(ir::OpClass::tensor);
  if (!due_.empty()) {
    const auto [op, t] = due_.back();
    due_.pop_back();
    forced_ = t;
    if (ir::is_reduce(op)) reduction(op);
    else if (ir::info(op).cls == ir::OpClass::elementwise) elementwise(op);
    else tensor_op(op);
    forced_.reset();
    return;
  }
  const int64_t dice = r_.between(0, 99);
  if (dice < 55) elementwise(r_.pick(elementwise_rows));
  else if (dice < 68) reduction(r_.pick(reduce_rows));
  else tensor_op(r_.pick(tensor_rows));
}

void Generator::elementwise(Op op) {
  const ir::OpInfo& row = ir::info(op);
  const ValueId x = value_accepted(row.types);
  std::vector<Operand> operands{x};
  for (int k = 1; k < row.arity; ++k) operands.push_back(operand_of(dtype(x), dims(x)));
  std::swap(operands[0], operands[r_.below(operands.size())]);
  emit(op, std::move(operands));
}

void Generator::reduction(Op op) {
  const ValueId x = value_accepted(ir::info(op).types);
  const Dims d = dims(x);
  Ints axes;
  const auto rank = static_cast<int64_t>(d.size());
  if (rank > 0 && r_.one_in(2)) {
    axes.push_back(r_.one_in(3) ? 0 : rank - 1);
  } else {  // any subset in any order, also none
    for (int64_t a = 0; a < rank; ++a)
      if (r_.percent(55)) axes.insert(axes.begin() + static_cast<ptrdiff_t>(r_.one_in(4) ? 0 : axes.size()), a);
  }
  if (ir::info(op).result == ir::ResultRule::index)
    for (int64_t a : axes)
      if (d[static_cast<size_t>(a)] == ir::Dim(0)) return;
  ValueId y = emit(op, {x}, {{AttrName::axes, axes}});
  if (r_.one_in(2)) return;
  // What people do next: back to the shape it came from, and into an expression with it.
  if (r_.one_in(3)) y = emit(Op::add, {cast(y, DType::f32), Literal::of(0.5f)});
  y = spread(cast(y, dtype(x)), d);
  emit(ir::accepts(ir::TypeRule::number, dtype(x)) ? (r_.one_in(2) ? Op::sub : Op::mul) : Op::eq, {x, y});
}

void Generator::tensor_op(Op op) {
  switch (op) {
    case Op::where: {
      const ValueId x = any_value();
      Operand p = value_of(DType::boolean, dims(x));
      if (r_.one_in(8)) p = operand_of(DType::boolean, dims(x));
      Operand a = x, b = operand_of(dtype(x), dims(x));
      if (r_.one_in(2)) std::swap(a, b);
      emit(Op::where, {p, a, b});
      break;
    }
    case Op::cast: {
      const ValueId x = any_value();
      emit(Op::cast, {x}, {{AttrName::to, static_cast<DType>(r_.below(kDTypeCount))}});
      break;
    }
    case Op::full: {
      const Dims d = any_dims();
      const ValueId v = r_.one_in(2) ? any_value([](const ir::Type& t) { return t.rank() == 0; }) : ir::kNone;
      if (v != ir::kNone) emit(Op::full, {v}, {}, ir::Type::tensor(dtype(v), d));
      else if (const DType t = any_dtype(); true) emit(Op::full, {any_literal(t)}, {}, ir::Type::tensor(t, d));
      break;
    }
    case Op::iota: {
      const Dims d = any_dims();
      if (d.empty()) return;
      emit(Op::iota, {}, {{AttrName::axis, static_cast<int64_t>(r_.below(d.size()))}},
           ir::Type::tensor(any_dtype(ir::TypeRule::number), d));
      break;
    }
    case Op::broadcast: broadcast(); break;
    case Op::reshape: reshape(); break;
    case Op::permute: permute(); break;
    case Op::slice: slice(); break;
    case Op::pad: pad(); break;
    case Op::concat: concat(); break;
    case Op::reverse: reverse(); break;
    case Op::gather: gather(); break;
    case Op::dot: dot(); break;
    default: ir::internal_error("the generator does not know " + std::string(ir::info(op).name));
  }
}

void Generator::broadcast() {
  const ValueId x = any_value();
  Dims d = dims(x);
  for (ir::Dim& e : d)
    if (e == ir::Dim(1) && r_.percent(70)) {
      const int64_t n = any_extent(cap_);
      if (room(count_of(d) * n)) e = n;
    }
  while (d.size() < 4 && r_.percent(40)) {
    const int64_t n = any_extent(std::max<int64_t>(1, cap_ / std::max<int64_t>(1, count_of(d))));
    d.insert(d.begin(), n);
  }
  emit(Op::broadcast, {x}, {}, ir::Type::tensor(dtype(x), d));
}

void Generator::reshape() {
  const ValueId x = any_value();
  Dims d = dims(x);
  for (int64_t i = r_.between(1, 3); i > 0; --i) {
    const size_t k = d.empty() ? 0 : r_.below(d.size());
    switch (r_.below(3)) {
      case 0:  // join two axes
        if (k + 1 < d.size()) {
          d[k] = d[k].value() * d[k + 1].value();
          d.erase(d.begin() + static_cast<ptrdiff_t>(k) + 1);
        }
        break;
      case 1:  // split an axis
        if (d.size() < 4 && !d.empty())
          for (int64_t by : {2, 3, 5, 8, 16})
            if (d[k].value() % by == 0 && r_.one_in(2)) {
              d[k] = d[k].value() / by;
              d.insert(d.begin() + static_cast<ptrdiff_t>(k + r_.below(2)), by);
              break;
            }
        break;
      default:  // an axis of extent 1 comes or goes
        if (k < d.size() && d[k] == ir::Dim(1)) d.erase(d.begin() + static_cast<ptrdiff_t>(k));
        else if (d.size() < 4) d.insert(d.begin() + static_cast<ptrdiff_t>(k), 1);
    }
  }
  emit(Op::reshape, {x}, {}, ir::Type::tensor(dtype(x), d));
}

void Generator::permute() {
  const ValueId x = value_of_rank(2);
  Ints order(dims(x).size());
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[r_.below(i)]);
  emit(Op::permute, {x}, {{AttrName::order, order}});
}

void Generator::slice() {
  const ValueId x = any_value();
  Ints start, limit, step;
  for (ir::Dim e : dims(x)) {
    const bool cut = r_.percent(60);
    start.push_back(cut ? r_.between(0, std::min<int64_t>(e.value(), 5)) : 0);
    limit.push_back(cut ? r_.between(std::max(start.back(), e.value() - 5), e.value()) : e.value());
    static constexpr int64_t kSteps[] = {1, 1, 1, 2, 3, 7};
    step.push_back(r_.pick(kSteps));
  }
  emit(Op::slice, {x}, {{AttrName::start, start}, {AttrName::limit, limit}, {AttrName::step, step}});
}

void Generator::pad() {
  const ValueId x = any_value();
  Ints low, high;
  for (ir::Dim e : dims(x)) {
    const bool grow = r_.percent(60) && e.value() < 2 * cap_;
    low.push_back(grow ? r_.between(0, 3) : 0);
    high.push_back(grow ? r_.between(0, 3) : 0);
  }
  Operand with = any_literal(dtype(x));
  if (r_.one_in(4))
    if (const ValueId v = any_value([&](const ir::Type& t) { return t.rank() == 0 && t.dtype == dtype(x); }); v != ir::kNone) with = v;
  emit(Op::pad, {x, with}, {{AttrName::low, low}, {AttrName::high, high}});
}

void Generator::concat() {
  const ValueId x = value_of_rank(1);
  const size_t axis = r_.below(dims(x).size());
  std::vector<Operand> operands{x};
  for (int64_t i = r_.between(0, 2); i > 0; --i) {
    Dims d = dims(x);
    if (r_.one_in(2)) d[axis] = r_.one_in(5) ? 0 : any_extent(std::max<int64_t>(1, d[axis].value()));
    operands.insert(operands.begin() + static_cast<ptrdiff_t>(r_.below(2)), value_of(dtype(x), d));
  }
  emit(Op::concat, std::move(operands), {{AttrName::axis, static_cast<int64_t>(axis)}});
}

void Generator::reverse() {
  const ValueId x = any_value();
  Ints axes;
  for (int64_t a = 0; a < f_.type(x).rank(); ++a)
    if (r_.percent(60)) axes.push_back(a);
  emit(Op::reverse, {x}, {{AttrName::axes, axes}});
}

void Generator::gather() {
  const ValueId x = value_of_rank(1);
  const size_t axis = r_.below(dims(x).size());
  if (dims(x)[axis] == ir::Dim(0)) return;
  const int64_t slices = std::max<int64_t>(1, count_of(dims(x)) / dims(x)[axis].value());
  const DType t = r_.one_in(2) ? DType::i32 : DType::i64;
  ValueId index = any_value([&](const ir::Type& have) {
    return have.dtype == t && room(have.count() * slices) && have.rank() + f_.type(x).rank() <= 5;
  });
  if (index == ir::kNone || r_.one_in(4)) {
    Dims d;
    if (!r_.one_in(4)) d.push_back(any_extent(std::max<int64_t>(1, cap_ / slices)));
    if (d.size() == 1 && r_.one_in(4)) d.insert(d.begin() + static_cast<ptrdiff_t>(r_.below(2)), 1);
    index = r_.one_in(3) && f_.type(x).dtype == t && dims(x) == d ? x : param(t, d);
  }
  emit(Op::gather, {x, index}, {{AttrName::axis, static_cast<int64_t>(axis)}});
}

void Generator::dot() {
  const ValueId x = value_accepted(ir::TypeRule::number);
  Ints lhs, rhs, batch_lhs, batch_rhs;
  struct Axis {
    int64_t extent;
    int role;  // 0 contracted, 1 batch, 2 free
    int64_t of;
  };
  std::vector<Axis> y_axes;
  int64_t contracted = 1, result = 1;
  for (int64_t a = 0; a < f_.type(x).rank(); ++a) {
    const int64_t e = dims(x)[static_cast<size_t>(a)].value();
    const int role = r_.percent(20) ? 1 : r_.percent(55) ? 0 : 2;
    if (role != 2) y_axes.insert(y_axes.begin() + static_cast<ptrdiff_t>(r_.below(y_axes.size() + 1)), Axis{e, role, a});
    (role == 0 ? contracted : result) *= std::max<int64_t>(e, 1);
  }
  while (y_axes.size() < 4 && r_.percent(45)) {
    const int64_t most = std::min<int64_t>(cap_ / result, kLeastOps * 40'000 / (result * contracted));
    if (most < 1) break;
    const int64_t e = any_extent(most);
    y_axes.insert(y_axes.begin() + static_cast<ptrdiff_t>(r_.below(y_axes.size() + 1)), Axis{e, 2, -1});
    result *= e;
  }
  Dims d;
  for (const Axis& a : y_axes) d.push_back(a.extent);
  if (!room(count_of(d)) || result * contracted > 200'000) return;
  // Pairs in the order of y, so that the lists of x come in any order.
  for (size_t k = 0; k < y_axes.size(); ++k) {
    if (y_axes[k].role == 2) continue;
    (y_axes[k].role == 0 ? lhs : batch_lhs).push_back(y_axes[k].of);
    (y_axes[k].role == 0 ? rhs : batch_rhs).push_back(static_cast<int64_t>(k));
  }
  const ValueId y = value_of(dtype(x), d);
  work_ += result * contracted / 4;
  emit(Op::dot, {x, y}, {{AttrName::lhs, lhs}, {AttrName::rhs, rhs}, {AttrName::batch_lhs, batch_lhs}, {AttrName::batch_rhs, batch_rhs}});
}

}  // namespace frit::test
