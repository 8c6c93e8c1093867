// The interpreter's `fused` op. Every value of the region is a dense array over the region arguments
// that it varies over, in the order of the arguments; the region runs op by op, so the memory it
// takes is bounded by those arrays.
#include <algorithm>
#include <cstring>

#include "ir/interpret_parts.h"
#include "ir/ops.h"

namespace frit::ir::interp {
namespace {

// Numbers of region arguments, ascending.
using Args = std::vector<size_t>;

Args join(const Args& a, const Args& b) {
  Args out;
  std::ranges::set_union(a, b, std::back_inserter(out));
  return out;
}

struct Dense {
  Args args;
  Array a;  // one axis an argument
};

class FusedRun {
 public:
  FusedRun(const Func& f, const OpNode& op, const std::vector<const Array*>& outer, const Extents& space,
           const std::vector<Type>& results, Formulas formulas)
      : f_(f), formulas_(formulas), region_(op.regions.at(0)), outer_(outer), space_(space), values_(f.values.size()),
        known_(f.values.size()) {
    if (region_.args.size() != space.size()) internal_error("fused: one extent is needed for each region argument");
    for (const Type& t : results) {
      results_.push_back(make_array(t.dtype, t.shape()));
      written_.emplace_back(static_cast<size_t>(t.count()), false);
    }
  }

  std::vector<Array> run() {
    for (OpId id : region_.ops) {
      const OpNode& op = f_.op(id);
      if (op.op == Op::yield) {
        yield(op);
        return std::move(results_);
      }
      const auto r = static_cast<size_t>(op.results.at(0));
      values_[r] = step(op);
      known_[r] = true;
    }
    internal_error("fused: the region has no yield");
  }

 private:
  Extents extents(const Args& args) const {
    Extents e;
    for (size_t a : args) e.push_back(space_[a]);
    return e;
  }

  // Position in an array over `args` at an index over all arguments.
  int64_t position(const Args& args, const Extents& at) const {
    int64_t p = 0;
    for (size_t a : args) p = p * space_[a] + at[a];
    return p;
  }

  // Calls visit(p, at) for every index over `args`, row-major; entries of other arguments are kept.
  template <class F>
  void for_each(const Args& args, Extents at, F&& visit) const {
    for_each_index(extents(args), [&](int64_t p, const Extents& inner) {
      for (size_t k = 0; k < args.size(); ++k) at[args[k]] = inner[k];
      visit(p, std::as_const(at));
    });
  }
  template <class F>
  void for_each(const Args& args, F&& visit) const {
    for_each(args, Extents(space_.size()), visit);
  }

  const Dense& value(ValueId v) const {
    if (!known_[static_cast<size_t>(v)]) internal_error("fused: a value is used before its op has run");
    return values_[static_cast<size_t>(v)];
  }
  Dense operand(const Operand& o) const { return o.is_value() ? value(o.value) : Dense{{}, scalar_array(o.lit)}; }

  // The same numbers as an array over more arguments.
  Dense spread(const Dense& d, const Args& args) const {
    Dense out{args, make_array(d.a.dtype, Shape(extents(args)))};
    for_each(args, [&](int64_t p, const Extents& at) { copy_element(out.a, p, d.a, position(d.args, at)); });
    return out;
  }

  // Which argument a value is; -1 if it is none.
  ptrdiff_t argument(ValueId v) const {
    auto it = std::ranges::find(region_.args, v);
    return it == region_.args.end() ? -1 : it - region_.args.begin();
  }

  Args args_of(const IndexExpr& e) const {
    Args out;
    for (const IndexExpr::Term& t : e.terms) {
      if (t.scale != kNone) internal_error("fused: an index expression has no scales");
      const ptrdiff_t a = argument(t.var);
      out = join(out, a >= 0 ? Args{static_cast<size_t>(a)} : value(t.var).args);
    }
    return out;
  }

  int64_t at_index(const IndexExpr& e, const Extents& at) const {
    int64_t sum = e.constant;
    for (const IndexExpr::Term& t : e.terms) {
      const ptrdiff_t a = argument(t.var);
      int64_t v = 0;
      if (a >= 0) {
        v = at[static_cast<size_t>(a)];
      } else {
        const Dense& d = value(t.var);
        if (d.a.dtype != DType::i64) internal_error("fused: a dynamic index is an i64");
        std::memcpy(&v, element(d.a, position(d.args, at)), sizeof v);
      }
      sum += t.coeff * v;
    }
    return sum;
  }

  Dense step(const OpNode& op) {
    if (op.op == Op::read) return read(op);
    if (op.op == Op::index) return index(op);
    if (is_elementwise(op.op)) return elementwise(op);
    if (is_reduce(op.op) || op.op == Op::reduce_dot) return reduce(op);
    internal_error("fused: the interpreter knows no op " + std::string(info(op.op).name) + " here");
  }

  Dense read(const OpNode& op) const {
    const ValueId v = op.operands.at(0).value;
    const Array* x = v == kNone ? nullptr : outer_[static_cast<size_t>(v)];
    if (!x) internal_error("fused: read takes a value from outside its region");
    if (op.index.size() != static_cast<size_t>(x->shape.rank())) internal_error("fused: read needs one index an axis");
    Args args;
    for (const IndexExpr& e : op.index) args = join(args, args_of(e));
    Dense out{args, make_array(x->dtype, Shape(extents(args)))};
    const bool guarded = op.find(AttrName::guard) != nullptr;
    const Array outside = guarded ? scalar_array(op.literal(AttrName::guard)) : Array{};
    if (guarded && outside.dtype != x->dtype) internal_error("fused: a read's guard is of another type");
    Extents from(op.index.size());
    for_each(args, [&](int64_t p, const Extents& at) {
      bool inside = true;
      for (size_t k = 0; k < op.index.size(); ++k) {
        from[k] = at_index(op.index[k], at);
        inside &= from[k] >= 0 && from[k] < x->shape[static_cast<int>(k)];
      }
      if (inside) copy_element(out.a, p, *x, ravel(from, x->shape.vec()));
      else if (guarded) copy_element(out.a, p, outside, 0);
      else internal_error("fused: a read without guard is out of range");
    });
    return out;
  }

  Dense index(const OpNode& op) const {
    const IndexExpr& e = op.index.at(0);
    Dense out{args_of(e), {}};
    out.a = make_array(DType::i64, Shape(extents(out.args)));
    for_each(out.args, [&](int64_t p, const Extents& at) {
      const int64_t v = at_index(e, at);
      std::memcpy(out.a.data.data() + p * 8, &v, sizeof v);
    });
    return out;
  }

  Dense elementwise(const OpNode& op) const {
    std::vector<Dense> in;
    Args args;
    for (const Operand& o : op.operands) {
      in.push_back(operand(o));
      args = join(args, in.back().args);
    }
    std::vector<const Array*> arrays;
    for (Dense& d : in) {
      if (d.args != args) d = spread(d, args);
      arrays.push_back(&d.a);
    }
    const DType t = f_.type(op.results[0]).dtype;
    Dense out{args, make_array(t, Shape(extents(args)))};
    run_elementwise(op, arrays, std::vector<size_t>(in.size(), 1), t, out.a.shape.count(), out.a.data.data(), formulas_);
    return out;
  }

  Dense reduce(const OpNode& op) const {
    std::vector<size_t> over;  // in the order in which they are listed
    for (const IndexExpr& e : op.index) {
      const ptrdiff_t a = e.terms.size() == 1 ? argument(e.terms[0].var) : -1;
      if (a < 0 || !e.is_var(region_.args[static_cast<size_t>(a)]))
        internal_error("fused: a reduction runs over region arguments");
      over.push_back(static_cast<size_t>(a));
    }
    std::vector<Dense> in;
    Args args;
    for (const Operand& o : op.operands) {
      in.push_back(operand(o));
      args = join(args, in.back().args);
    }
    std::erase_if(args, [&](size_t a) { return std::ranges::find(over, a) != over.end(); });
    Dense out{args, make_array(f_.type(op.results[0]).dtype, Shape(extents(args)))};
    std::vector<Array> extent;  // of each operand, the elements of one reduction
    for (const Dense& d : in) extent.push_back(make_array(d.a.dtype, Shape(extents(over))));
    const int64_t n = extent[0].shape.count();
    for_each(args, [&](int64_t p, const Extents& at) {
      for_each(over, at, [&](int64_t q, const Extents& inner) {
        for (size_t k = 0; k < in.size(); ++k) copy_element(extent[k], q, in[k].a, position(in[k].args, inner));
      });
      std::byte* to = out.a.data.data() + p * size_of(out.a.dtype);
      if (op.op == Op::reduce_dot)
        dot_extent(extent[0].dtype, extent[0].data.data(), extent[1].data.data(), n, to);
      else reduce_extent(op.op, extent[0].dtype, extent[0].data.data(), n, to);
    });
    return out;
  }

  // Every element of every result must be written, and not twice with different numbers.
  void yield(const OpNode& op) {
    if (op.operands.size() != results_.size()) internal_error("fused: one yielded value is needed for each result");
    size_t first = 0;
    for (size_t k = 0; k < results_.size(); ++k) {
      const Dense d = operand(op.operands[k]);
      Array& to = results_[k];
      const auto rank = static_cast<size_t>(to.shape.rank());
      if (first + rank > op.index.size()) internal_error("fused: yield needs one index an axis of each result");
      const std::vector<IndexExpr> index(op.index.begin() + static_cast<ptrdiff_t>(first),
                                         op.index.begin() + static_cast<ptrdiff_t>(first + rank));
      first += rank;
      Args args = d.args;
      for (const IndexExpr& e : index) args = join(args, args_of(e));
      Extents where(rank);
      for_each(args, [&](int64_t, const Extents& at) {
        for (size_t i = 0; i < rank; ++i) {
          where[i] = at_index(index[i], at);
          if (where[i] < 0 || where[i] >= to.shape[static_cast<int>(i)])
            internal_error("fused: a result is written out of range");
        }
        const int64_t p = ravel(where, to.shape.vec());
        const int64_t from = position(d.args, at);
        if (written_[k][static_cast<size_t>(p)] &&
            std::memcmp(element(to, p), element(d.a, from), static_cast<size_t>(size_of(to.dtype))) != 0)
          internal_error("fused: an element of a result is written twice");
        copy_element(to, p, d.a, from);
        written_[k][static_cast<size_t>(p)] = true;
      });
      if (std::ranges::find(written_[k], false) != written_[k].end())
        internal_error("fused: an element of a result is never written");
    }
  }

  const Func& f_;
  Formulas formulas_;
  const Region& region_;
  const std::vector<const Array*>& outer_;
  const Extents& space_;
  std::vector<Dense> values_;
  std::vector<bool> known_;
  std::vector<Array> results_;
  std::vector<std::vector<bool>> written_;
};

}  // namespace

std::vector<Array> run_fused(const Func& f, const OpNode& op, const std::vector<const Array*>& outer,
                             const Extents& space, const std::vector<Type>& results, Formulas formulas) {
  return FusedRun(f, op, outer, space, results, formulas).run();
}

}  // namespace frit::ir::interp
