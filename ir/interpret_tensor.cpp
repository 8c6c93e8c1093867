// The interpreter's ops on whole arrays: each computes every element of its result on its own, by
// index arithmetic alone.
#include <algorithm>
#include <cstring>

#include "frit/error.h"
#include "ir/interpret_parts.h"
#include "ir/ops.h"

namespace frit::ir::interp {

int64_t count_of(const Extents& e) {
  int64_t n = 1;
  for (int64_t x : e) n *= x;
  return n;
}

Array make_array(DType t, Shape shape) {
  const auto bytes = static_cast<size_t>(checked_mul(shape.count(), size_of(t)));
  return Array{t, std::move(shape), std::vector<std::byte>(bytes)};
}

Array scalar_array(const Literal& l) {
  Array a = make_array(l.dtype, Shape{});
  std::memcpy(a.data.data(), &l.bits, a.data.size());
  return a;
}

const std::byte* element(const Array& a, int64_t i) { return a.data.data() + i * size_of(a.dtype); }

void copy_element(Array& to, int64_t i, const Array& from, int64_t j) {
  const auto size = static_cast<size_t>(size_of(to.dtype));
  std::memcpy(to.data.data() + static_cast<size_t>(i) * size, element(from, j), size);
}

int64_t ravel(const Extents& index, const Extents& extents) {
  int64_t p = 0;
  for (size_t k = 0; k < extents.size(); ++k) p = p * extents[k] + index[k];
  return p;
}

void run_elementwise(const OpNode& op, const std::vector<const Array*>& operands, const std::vector<size_t>& step,
                     DType result, int64_t n, std::byte* out, Formulas formulas) {
  std::vector<const void*> in;
  for (const Array* a : operands) in.push_back(a->data.data());
  const DType t = operands[op.op == Op::where ? 1 : 0]->dtype;
  evaluate(op.op, t, op.op == Op::cast ? result : t, static_cast<size_t>(n), in.data(), step.data(), out, formulas);
}

namespace {

// Fills the result element by element: source(at, from) sets `from`, an index of x, for the index `at`.
template <class F>
void copy_by_index(Array& out, const Array& x, F&& source) {
  Extents from(static_cast<size_t>(x.shape.rank()));
  for_each_index(out.shape.vec(), [&](int64_t p, const Extents& at) {
    source(at, from);
    copy_element(out, p, x, ravel(from, x.shape.vec()));
  });
}

void reduce(const OpNode& op, const Array& x, Array& out) {
  const std::vector<int64_t>& axes = op.ints(AttrName::axes);
  Extents reduced;
  for (int64_t a : axes) reduced.push_back(x.shape[static_cast<int>(a)]);
  Array extent = make_array(x.dtype, Shape(reduced));
  for_each_index(out.shape.vec(), [&](int64_t p, const Extents& at) {
    Extents from = at;  // reduced axes have extent 1, index 0
    for_each_index(reduced, [&](int64_t q, const Extents& inner) {
      for (size_t k = 0; k < axes.size(); ++k) from[static_cast<size_t>(axes[k])] = inner[k];
      copy_element(extent, q, x, ravel(from, x.shape.vec()));
    });
    reduce_extent(op.op, x.dtype, extent.data.data(), extent.shape.count(),
                  out.data.data() + p * size_of(out.dtype));
  });
}

std::vector<int64_t> ints_or_none(const OpNode& op, AttrName n) {
  return op.find(n) ? op.ints(n) : std::vector<int64_t>{};
}

void dot(const OpNode& op, const Array& x, const Array& y, Array& out) {
  struct Side {
    const Array& a;
    std::vector<int64_t> batch, contracted, free;
  };
  Side lhs{x, ints_or_none(op, AttrName::batch_lhs), ints_or_none(op, AttrName::lhs), {}};
  Side rhs{y, ints_or_none(op, AttrName::batch_rhs), ints_or_none(op, AttrName::rhs), {}};
  for (Side* s : {&lhs, &rhs})
    for (int64_t k = 0; k < s->a.shape.rank(); ++k)
      if (std::ranges::find(s->batch, k) == s->batch.end() && std::ranges::find(s->contracted, k) == s->contracted.end())
        s->free.push_back(k);
  Extents k_extents;
  for (int64_t a : lhs.contracted) k_extents.push_back(x.shape[static_cast<int>(a)]);
  const int64_t n = count_of(k_extents);
  // Copies the contracted elements of one side at an index of the result; `first`: where the side's
  // free axes start in the result.
  auto collect = [&](const Side& s, const Extents& at, size_t first, Array& to) {
    Extents index(static_cast<size_t>(s.a.shape.rank()));
    for (size_t k = 0; k < s.batch.size(); ++k) index[static_cast<size_t>(s.batch[k])] = at[k];
    for (size_t k = 0; k < s.free.size(); ++k) index[static_cast<size_t>(s.free[k])] = at[first + k];
    for_each_index(k_extents, [&](int64_t q, const Extents& inner) {
      for (size_t k = 0; k < inner.size(); ++k) index[static_cast<size_t>(s.contracted[k])] = inner[k];
      copy_element(to, q, s.a, ravel(index, s.a.shape.vec()));
    });
  };
  Array a = make_array(x.dtype, Shape(k_extents)), b = make_array(y.dtype, Shape(k_extents));
  for_each_index(out.shape.vec(), [&](int64_t p, const Extents& at) {
    collect(lhs, at, lhs.batch.size(), a);
    collect(rhs, at, lhs.batch.size() + lhs.free.size(), b);
    std::byte* to = out.data.data() + p * size_of(out.dtype);
    // Without a contracted axis the sum has one product: a*b.
    if (lhs.contracted.empty() || (lhs.free.empty() && rhs.free.empty()))
      sum_of_products(x.dtype, a.data.data(), b.data.data(), n, to);
    else dot_extent(x.dtype, a.data.data(), b.data.data(), n, to);
  });
}

void gather(const OpNode& op, const Array& x, const Array& index, Array& out) {
  const auto axis = static_cast<size_t>(op.i64(AttrName::axis));
  const int64_t extent = x.shape[static_cast<int>(axis)];
  if (extent == 0 && out.shape.count() > 0) throw Error("gather", "there is nothing to read along an axis of extent 0");
  const auto index_rank = static_cast<size_t>(index.shape.rank());
  Extents index_at(index_rank);
  copy_by_index(out, x, [&](const Extents& at, Extents& from) {
    // at: axes of x before the axis, the index's axes, axes of x after it.
    for (size_t k = 0; k < index_rank; ++k) index_at[k] = at[axis + k];
    const int64_t p = ravel(index_at, index.shape.vec());
    int64_t i = 0;
    if (index.dtype == DType::i64) {
      std::memcpy(&i, element(index, p), sizeof i);
    } else {
      int32_t narrow;
      std::memcpy(&narrow, element(index, p), sizeof narrow);
      i = narrow;
    }
    if (i < 0) i += extent;
    for (size_t k = 0; k < axis; ++k) from[k] = at[k];
    from[axis] = std::clamp<int64_t>(i, 0, extent - 1);
    for (size_t k = axis + 1; k < from.size(); ++k) from[k] = at[k - 1 + index_rank];
  });
}

void iota(const OpNode& op, Array& out) {
  const auto axis = static_cast<size_t>(op.i64(AttrName::axis));
  for_each_index(out.shape.vec(), [&](int64_t p, const Extents& at) {
    const void* in = &at[axis];
    const size_t step = 0;
    evaluate(Op::cast, DType::i64, out.dtype, 1, &in, &step, out.data.data() + p * size_of(out.dtype));
  });
}

void concat(const OpNode& op, const std::vector<const Array*>& operands, Array& out) {
  const auto axis = static_cast<size_t>(op.i64(AttrName::axis));
  for_each_index(out.shape.vec(), [&](int64_t p, const Extents& at) {
    Extents from = at;
    size_t k = 0;
    for (; from[axis] >= operands[k]->shape[static_cast<int>(axis)]; ++k)
      from[axis] -= operands[k]->shape[static_cast<int>(axis)];
    copy_element(out, p, *operands[k], ravel(from, operands[k]->shape.vec()));
  });
}

void pad(const OpNode& op, const Array& x, const Array& value, Array& out) {
  const std::vector<int64_t>& low = op.ints(AttrName::low);
  Extents from(low.size());
  for_each_index(out.shape.vec(), [&](int64_t p, const Extents& at) {
    bool inside = true;
    for (size_t k = 0; k < at.size(); ++k) {
      from[k] = at[k] - low[k];
      inside &= from[k] >= 0 && from[k] < x.shape[static_cast<int>(k)];
    }
    if (inside) copy_element(out, p, x, ravel(from, x.shape.vec()));
    else copy_element(out, p, value, 0);
  });
}

}  // namespace

Array run_tensor_op(const OpNode& op, const std::vector<const Array*>& operands, const Type& result, Formulas formulas) {
  Array out = make_array(result.dtype, result.shape());
  const int64_t n = out.shape.count();
  if (is_elementwise(op.op)) {
    std::vector<size_t> step;
    for (const Array* a : operands) step.push_back(a->shape.rank() == 0 ? 0 : 1);
    run_elementwise(op, operands, step, result.dtype, n, out.data.data(), formulas);
    return out;
  }
  if (is_reduce(op.op)) {
    reduce(op, *operands[0], out);
    return out;
  }
  switch (op.op) {
    case Op::full:
      for (int64_t p = 0; p < n; ++p) copy_element(out, p, *operands[0], 0);
      break;
    case Op::iota: iota(op, out); break;
    case Op::broadcast: {
      const Array& x = *operands[0];
      const auto added = static_cast<size_t>(out.shape.rank() - x.shape.rank());
      copy_by_index(out, x, [&](const Extents& at, Extents& from) {
        for (size_t k = 0; k < from.size(); ++k) from[k] = x.shape[static_cast<int>(k)] == 1 ? 0 : at[added + k];
      });
      break;
    }
    case Op::reshape:
      for (int64_t p = 0; p < n; ++p) copy_element(out, p, *operands[0], p);
      break;
    case Op::permute:
      copy_by_index(out, *operands[0], [&](const Extents& at, Extents& from) {
        for (size_t k = 0; k < at.size(); ++k) from[static_cast<size_t>(op.ints(AttrName::order)[k])] = at[k];
      });
      break;
    case Op::slice:
      copy_by_index(out, *operands[0], [&](const Extents& at, Extents& from) {
        for (size_t k = 0; k < at.size(); ++k)
          from[k] = op.ints(AttrName::start)[k] + at[k] * op.ints(AttrName::step)[k];
      });
      break;
    case Op::reverse:
      copy_by_index(out, *operands[0], [&](const Extents& at, Extents& from) {
        from = at;
        for (int64_t a : op.ints(AttrName::axes))
          from[static_cast<size_t>(a)] = out.shape[static_cast<int>(a)] - 1 - at[static_cast<size_t>(a)];
      });
      break;
    case Op::pad: pad(op, *operands[0], *operands[1], out); break;
    case Op::concat: concat(op, operands, out); break;
    case Op::gather: gather(op, *operands[0], *operands[1], out); break;
    case Op::dot: dot(op, *operands[0], *operands[1], out); break;
    default: internal_error("the interpreter knows no tensor op " + std::string(info(op.op).name));
  }
  return out;
}

}  // namespace frit::ir::interp
