// Parts of a tensor by NumPy's index rules: numbers, ranges with steps of either sign, new axes.
#include <algorithm>

#include "frontend/place.h"
#include "frontend/request.h"
#include "frontend/trace.h"
#include "frit/ops.h"

namespace frit {
namespace {

using ir::AttrName;
using ir::Op;

// ints: rank, then start, limit, step of each axis, the number of reversed axes, these, the result's extents.
ir::ValueId build_part(Builder& b) {
  const auto ints = b.request.ints;
  auto take = [&, at = size_t{0}](size_t n) mutable {
    at += n;
    return std::vector<int64_t>(ints.begin() + static_cast<std::ptrdiff_t>(at - n), ints.begin() + static_cast<std::ptrdiff_t>(at));
  };
  const auto rank = static_cast<size_t>(take(1)[0]);
  const auto start = take(rank), limit = take(rank), step = take(rank);
  const auto reversed = take(static_cast<size_t>(take(1)[0]));
  const auto shape = take(ints.size() - 2 - 3 * rank - reversed.size());
  ir::ValueId v = b.tensor(0);
  bool whole = true;
  for (size_t i = 0; i < rank; ++i) whole &= start[i] == 0 && step[i] == 1 && ir::Dim(limit[i]) == b.type(v).dims[i];
  if (!whole) v = b.add(Op::slice, {v}, {{AttrName::start, start}, {AttrName::limit, limit}, {AttrName::step, step}});
  if (!reversed.empty()) v = b.add(Op::reverse, {v}, {{AttrName::axes, reversed}});
  return b.reshape(v, {shape.begin(), shape.end()});
}

// A part in terms of the axes of the operand.
struct Part {
  std::vector<int64_t> start, limit, step, reversed, shape;
};

// One axis of `extent` by start, stop, step as Python has them.
void take_range(Part& p, int64_t extent, const Slice& s, Loc where) {
  const int64_t step = s.step.value_or(1);
  if (step == 0) throw Error("slice", "the step is 0", user_place(where), {}, "leave it out for steps of 1");
  auto place = [&](std::optional<int64_t> at, int64_t otherwise) {
    if (!at) return otherwise;
    const int64_t v = *at < 0 ? *at + extent : *at;
    return step > 0 ? std::clamp<int64_t>(v, 0, extent) : std::clamp<int64_t>(v, -1, extent - 1);
  };
  if (step > 0) {
    const int64_t start = place(s.start, 0), stop = std::max(start, place(s.stop, extent));
    p.start.push_back(start);
    p.limit.push_back(stop);
    p.step.push_back(step);
    p.shape.push_back(stop == start ? 0 : (stop - start - 1) / step + 1);
    return;
  }
  const int64_t start = place(s.start, extent - 1), stop = std::min(start, place(s.stop, -1));
  // start, start + step, ... above stop, turned round: from the last one taken up to start.
  const auto width = static_cast<uint64_t>(start - stop), by = static_cast<uint64_t>(0) - static_cast<uint64_t>(step);
  const auto n = static_cast<int64_t>(width == 0 ? 0 : (width - 1) / by + 1);
  if (n == 0) {
    p.start.push_back(0);
    p.limit.push_back(0);
    p.step.push_back(1);
  } else {
    p.start.push_back(n == 1 ? start : start + (n - 1) * step);
    p.limit.push_back(start + 1);
    p.step.push_back(n == 1 ? 1 : -step);
    p.reversed.push_back(static_cast<int64_t>(p.start.size()) - 1);
  }
  p.shape.push_back(n);
}

void take_all(Part& p, int64_t extent) {
  p.start.push_back(0);
  p.limit.push_back(extent);
  p.step.push_back(1);
  p.shape.push_back(extent);
}

// A part whose elements lie side by side is a view: axes of one element taken, then one range, then whole axes.
std::optional<int64_t> contiguous_offset(const detail::TensorImpl& t, const Part& p) {
  if (!p.reversed.empty() && Shape(p.shape).count() > 1) return std::nullopt;
  bool ranged = false;
  int64_t offset = 0;
  for (int i = 0; i < t.shape.rank(); ++i) {
    const auto k = static_cast<size_t>(i);
    const int64_t n = p.limit[k] - p.start[k];
    if (n == 0) return 0;
    const bool whole = n == t.shape[i] && p.step[k] == 1;
    if (ranged && !whole) return std::nullopt;
    if (n > 1 && p.step[k] != 1) return std::nullopt;
    if (n > 1) ranged = true;
    offset = offset * t.shape[i] + p.start[k];
  }
  return offset * size_of(t.dtype);
}

Tensor take_part(const Tensor& x, const Part& p, Loc where) {
  const detail::TensorImpl& t = *detail::impl(x);
  if (!current_trace() && t.kind == detail::TensorKind::value && t.dense()) {
    if (p.shape == t.shape.vec() && p.start == std::vector<int64_t>(p.start.size(), 0) && p.reversed.empty()) return x;
    if (auto offset = contiguous_offset(t, p)) return detail::view(x, Shape(p.shape), *offset);
  }
  std::vector<int64_t> ints = {t.shape.rank()};
  auto put = [&](const std::vector<int64_t>& v) { ints.insert(ints.end(), v.begin(), v.end()); };
  put(p.start);
  put(p.limit);
  put(p.step);
  ints.push_back(static_cast<int64_t>(p.reversed.size()));
  put(p.reversed);
  put(p.shape);
  const Arg args[] = {Arg(x, where)};
  return perform({Op::slice, build_part, args, ints, {}, where});
}

}  // namespace

Tensor Tensor::at(std::span<const Index> indices, Loc where) const {
  const detail::TensorImpl& t = detail::require(*this, "slice", where);
  const auto rank = static_cast<size_t>(t.shape.rank());
  size_t named = 0;
  for (const Index& i : indices) named += i.kind() != Index::Kind::axis;
  if (named > rank)
    throw Error("slice", std::to_string(named) + " indices for " + detail::type_text(t) + ", which has " + std::to_string(rank) + (rank == 1 ? " axis" : " axes"),
                user_place(where));
  Part p;
  for (const Index& i : indices) {
    const int axis = static_cast<int>(p.start.size());
    switch (i.kind()) {
      case Index::Kind::axis: p.shape.push_back(1); break;
      case Index::Kind::whole: take_all(p, t.shape[axis]); break;
      case Index::Kind::range: take_range(p, t.shape[axis], i.range(), i.where()); break;
      case Index::Kind::number: {
        const int64_t extent = t.shape[axis], at = i.number() < 0 ? i.number() + extent : i.number();
        if (at < 0 || at >= extent)
          throw Error("slice", "index " + std::to_string(i.number()) + " is outside of axis " + std::to_string(axis) + " of " + detail::type_text(t) +
                                   ", which has extent " + std::to_string(extent), user_place(i.where()));
        p.start.push_back(at);
        p.limit.push_back(at + 1);
        p.step.push_back(1);
      }
    }
  }
  while (p.start.size() < rank) take_all(p, t.shape[static_cast<int>(p.start.size())]);
  return take_part(*this, p, where);
}

Tensor slice_axis(const Tensor& x, int axis, Slice range, Loc where) {
  const detail::TensorImpl& t = detail::require(x, "slice", where);
  const int64_t a = check_axis(axis, t.shape.rank(), "slice", where);
  std::vector<Index> indices(static_cast<size_t>(a), Index(all, where));
  indices.emplace_back(range, where);
  return x.at(indices, where);
}

std::vector<Tensor> split(const Tensor& x, const std::vector<int64_t>& sizes, int axis, Loc where) {
  Called here("split");
  const detail::TensorImpl& t = detail::require(x, "split", where);
  const auto a = static_cast<int>(check_axis(axis, t.shape.rank(), "split", where));
  int64_t total = 0;
  for (int64_t n : sizes) {
    if (n < 0) throw Error("split", "the size " + std::to_string(n) + " is negative", user_place(where));
    if (__builtin_add_overflow(total, n, &total)) throw Error("split", "the sizes add up to more than 64 bits hold", user_place(where));
  }
  if (total != t.shape[a])
    throw Error("split", "the sizes add up to " + std::to_string(total) + ", but axis " + std::to_string(a) + " of " + detail::type_text(t) + " has extent " +
                             std::to_string(t.shape[a]), user_place(where));
  std::vector<Tensor> parts;
  int64_t at = 0;
  for (int64_t n : sizes) {
    parts.push_back(slice_axis(x, a, Slice{at, at + n, 1}, where));
    at += n;
  }
  return parts;
}

std::vector<Tensor> split(const Tensor& x, int64_t parts, int axis, Loc where) {
  const detail::TensorImpl& t = detail::require(x, "split", where);
  const auto a = static_cast<int>(check_axis(axis, t.shape.rank(), "split", where));
  if (parts < 1 || t.shape[a] % parts != 0)
    throw Error("split", "axis " + std::to_string(a) + " of " + detail::type_text(t) + " cannot be cut into " + std::to_string(parts) + " equal parts",
                user_place(where), {}, "give the size of each part");
  return split(x, std::vector<int64_t>(static_cast<size_t>(parts), t.shape[a] / parts), axis, where);
}

}  // namespace frit
