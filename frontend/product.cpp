// Products: matmul, dot, tensordot, in the terms of the IR's dot (LAWS.md, 12). Without free axes on
// either side a dot is sum(x * y); without contracted axes it is x * y.
#include <algorithm>

#include "frontend/place.h"
#include "frontend/request.h"
#include "frit/ops.h"

namespace frit {
namespace {

using ir::AttrName;
using ir::Op;
using List = std::vector<int64_t>;

struct Parts {
  List lhs, rhs, batch_lhs, batch_rhs;
};

List free_axes(int rank, const List& contracted, const List& batch) {
  List out;
  for (int64_t i = 0; i < rank; ++i)
    if (std::find(contracted.begin(), contracted.end(), i) == contracted.end() && std::find(batch.begin(), batch.end(), i) == batch.end())
      out.push_back(i);
  return out;
}

List joined(const List& a, const List& b) {
  List out = a;
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

// Both as [batch, free x, free y], with ones where an operand has no such axis.
ir::ValueId outer(Builder& b, ir::ValueId x, ir::ValueId y, const Parts& p, const List& free_x, const List& free_y) {
  x = b.permute(x, joined(p.batch_lhs, free_x));
  y = b.permute(y, joined(p.batch_rhs, free_y));
  ir::Dims dx = b.type(x).dims, dy = b.type(y).dims;
  dx.insert(dx.end(), free_y.size(), ir::Dim(1));
  dy.insert(dy.begin() + static_cast<std::ptrdiff_t>(p.batch_rhs.size()), free_x.size(), ir::Dim(1));
  Builder::Operands both = {b.reshape(x, std::move(dx)), b.reshape(y, std::move(dy))};
  b.broadcast(both);
  return b.add(Op::mul, std::move(both));
}

// sum(x * y) over the contracted axes in their order; what is left are batch axes.
ir::ValueId sum_of_products(Builder& b, ir::ValueId x, ir::ValueId y, const Parts& p) {
  const DType t = b.type(x).dtype;
  x = b.cast(x, compute_type(t)), y = b.cast(y, compute_type(t));  // f16 and bf16 round once, at the end
  List order(static_cast<size_t>(b.type(x).rank()));  // axis i of x goes with axis order[i] of y
  for (size_t k = 0; k < p.lhs.size(); ++k) order[static_cast<size_t>(p.lhs[k])] = p.rhs[k];
  for (size_t k = 0; k < p.batch_lhs.size(); ++k) order[static_cast<size_t>(p.batch_lhs[k])] = p.batch_rhs[k];
  ir::ValueId v = b.add(Op::mul, {x, b.permute(y, order)});
  v = b.cast(b.reduce(Op::reduce_sum, v, p.lhs), t);
  List kept = p.batch_lhs;
  std::sort(kept.begin(), kept.end());
  ir::Dims dims;
  for (int64_t a : kept) dims.push_back(b.type(v).dims[static_cast<size_t>(a)]);
  v = b.reshape(v, std::move(dims));
  List back;
  for (int64_t a : p.batch_lhs) back.push_back(std::find(kept.begin(), kept.end(), a) - kept.begin());
  return b.permute(v, back);
}

// ints: numbers of contracted and batch axes, then the four lists.
ir::ValueId build_dot(Builder& b) {
  const auto ints = b.request.ints;
  auto list = [&, at = std::ptrdiff_t{2}](int64_t n) mutable {
    at += n;
    return List(ints.begin() + at - n, ints.begin() + at);
  };
  Parts p;
  p.lhs = list(ints[0]);
  p.rhs = list(ints[0]);
  p.batch_lhs = list(ints[1]);
  p.batch_rhs = list(ints[1]);
  const DType t = b.common();
  if (t == DType::boolean) b.fail("takes numbers, not bool", "convert first: x.to(frit::DType::i32)");
  const ir::ValueId x = b.tensor(0, t), y = b.tensor(1, t);
  const List free_x = free_axes(b.type(x).rank(), p.lhs, p.batch_lhs), free_y = free_axes(b.type(y).rank(), p.rhs, p.batch_rhs);
  if (p.lhs.empty()) return outer(b, x, y, p, free_x, free_y);
  if (free_x.empty() && free_y.empty()) return sum_of_products(b, x, y, p);
  return b.add(Op::dot, {x, y},
               {{AttrName::lhs, p.lhs}, {AttrName::rhs, p.rhs}, {AttrName::batch_lhs, p.batch_lhs}, {AttrName::batch_rhs, p.batch_rhs}});
}

Tensor contract(const Tensor& x, const Tensor& y, Parts p, const char* op, Loc where) {
  Called here(op);
  const detail::TensorImpl& a = detail::require(x, op, where);
  const detail::TensorImpl& b = detail::require(y, op, where);
  auto fail = [&](const std::string& message, const std::string& help = "") {
    std::vector<Note> notes;
    for (const detail::TensorImpl* t : {&a, &b})
      if (t->made_at.known()) notes.push_back({detail::type_text(*t) + " made by " + t->made_by + " here", t->made_at});
    throw Error(op, message, user_place(where), notes, help);
  };
  auto check = [&](List& left, List& right, const char* what) {
    if (left.size() != right.size())
      fail(std::to_string(left.size()) + " " + what + " axes on the left, " + std::to_string(right.size()) + " on the right");
    for (int64_t& i : left) i = check_axis(i, a.shape.rank(), op, where);
    for (int64_t& i : right) i = check_axis(i, b.shape.rank(), op, where);
    for (size_t k = 0; k < left.size(); ++k) {
      const int64_t m = a.shape[static_cast<int>(left[k])], n = b.shape[static_cast<int>(right[k])];
      if (m != n)
        fail(detail::type_text(a) + " and " + detail::type_text(b) + ": the " + what + " axes " + std::to_string(left[k]) + " and " + std::to_string(right[k]) +
                 " have extents " + std::to_string(m) + " and " + std::to_string(n), "they must be equal; is a transpose missing?");
    }
  };
  check(p.lhs, p.rhs, "contracted");
  check(p.batch_lhs, p.batch_rhs, "batch");
  auto twice = [&](const List& l) {
    for (size_t i = 0; i < l.size(); ++i)
      if (std::find(l.begin(), l.begin() + static_cast<std::ptrdiff_t>(i), l[i]) != l.begin() + static_cast<std::ptrdiff_t>(i))
        fail("axis " + std::to_string(l[i]) + " is named twice");
  };
  twice(joined(p.lhs, p.batch_lhs));
  twice(joined(p.rhs, p.batch_rhs));
  List ints = {static_cast<int64_t>(p.lhs.size()), static_cast<int64_t>(p.batch_lhs.size())};
  for (const List* l : {&p.lhs, &p.rhs, &p.batch_lhs, &p.batch_rhs}) ints.insert(ints.end(), l->begin(), l->end());
  const Arg args[] = {Arg(x, where), Arg(y, where)};
  return perform({Op::dot, build_dot, args, ints, {}, where});
}

}  // namespace

Tensor tensordot(const Tensor& x, const Tensor& y, const DotAxes& axes, Loc where) {
  return contract(x, y, {axes.lhs, axes.rhs, axes.batch_lhs, axes.batch_rhs}, "tensordot", where);
}

Tensor dot(const Tensor& x, const Tensor& y, Loc where) {
  if (detail::require(x, "dot", where).shape.rank() == 0 || detail::require(y, "dot", where).shape.rank() == 0)
    throw Error("dot", "takes tensors with axes; one has rank 0", user_place(where), {}, "use x * y");
  return contract(x, y, {{-1}, {0}, {}, {}}, "dot", where);
}

Tensor matmul(const Tensor& x, const Tensor& y, Loc where) {
  const Shape a = detail::require(x, "matmul", where).shape, b = detail::require(y, "matmul", where).shape;
  if (a.rank() == 0 || b.rank() == 0)
    throw Error("matmul", "takes tensors with axes; one has rank 0", user_place(where), {}, "use x * y");
  if (a.rank() <= 2 && b.rank() <= 2) return contract(x, y, {{-1}, {0}, {}, {}}, "matmul", where);
  if (b.rank() == 2) return contract(x, y, {{-1}, {0}, {}, {}}, "matmul", where);  // one matrix for all: x's batch axes are free ones
  Composition here("matmul", where);
  // Batch axes broadcast. A vector has none, nor a free axis.
  const int batch_a = std::max(a.rank() - 2, 0), batch_b = std::max(b.rank() - 2, 0), batch = std::max(batch_a, batch_b);
  List common;
  for (int i = 0; i < batch; ++i) {
    const int64_t m = i < batch - batch_a ? 1 : a[i - (batch - batch_a)], n = i < batch - batch_b ? 1 : b[i - (batch - batch_b)];
    if (m != n && m != 1 && n != 1)
      throw Error("matmul", detail::type_text(*detail::impl(x)) + " and " + detail::type_text(*detail::impl(y)) +
                                ": the batch axes do not broadcast, " + std::to_string(m) + " and " + std::to_string(n), user_place(where));
    common.push_back(m == 1 ? n : m);
  }
  auto grown = [&](const Tensor& t, const Shape& s) {
    List shape = common;
    shape.push_back(s[s.rank() - 2]);
    shape.push_back(s[s.rank() - 1]);
    return broadcast_to(t, Shape(shape));
  };
  if (a.rank() == 1) return contract(x, y, {{0}, {batch_b}, {}, {}}, "matmul", where);  // the batch axes are free ones
  if (b.rank() == 1) return contract(x, y, {{-1}, {0}, {}, {}}, "matmul", where);
  const Tensor left = grown(x, a), right = grown(y, b);
  List axes;
  for (int i = 0; i < batch; ++i) axes.push_back(i);
  return contract(left, right, {{-1}, {batch}, axes, axes}, "matmul", where);
}

}  // namespace frit
