// See library.h. Every index variable of the group steps through a, b, c and the bias by some stride each; by
// where the strides of the first three are not 0 it is of the batch, of m, n or k. Variables of a kind that lie
// one in another become one, and what is left has to be a matrix product with at most one stride of a batch.
#include "lowering/library.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <map>
#include <set>

#include "ir/ops.h"
#include "lowering/epilogue.h"

namespace frit::lower {

using ir::AttrName;

namespace {

enum Which { kA, kB, kC, kBias, kArrays };

struct Axis {
  int64_t extent = 1;
  int64_t stride[kArrays] = {};
};

class Recogniser {
 public:
  Recogniser(const Func& f, const Group& g, Follow follow) : f_(f), g_(g), follow_(follow) {}

  bool run(LibraryDot& out, std::string& why_not) {
    why_ = &why_not;
    return find_parts(out) && find_strides(out) && sort_axes() && lay_out(out.gemm);
  }

 private:
  bool refuse(const char* why) {
    *why_ = why;
    return false;
  }
  const OpNode* def(const Operand& o) const {
    if (!o.is_value()) return nullptr;
    for (const OpNode& n : g_.body)
      if (n.results[0] == o.value) return &n;
    return nullptr;
  }
  static bool type_of(DType t, rt::GemmType& out) {
    switch (t) {
      case DType::f16: out = rt::GemmType::f16; return true;
      case DType::bf16: out = rt::GemmType::bf16; return true;
      case DType::f32: out = rt::GemmType::f32; return true;
      case DType::f64: out = rt::GemmType::f64; return true;
      default: return false;
    }
  }

  // output = [cast] reduce.dot([cast] read, [cast] read), perhaps with an epilogue, and nothing beside it.
  bool find_parts(LibraryDot& out) {
    if (g_.outputs.size() != 1) return refuse("several results");
    const Group::Output& result = g_.outputs[0];
    dtype_ = f_.type(result.tensor).dtype;
    if (!type_of(dtype_, out.gemm.type)) return refuse("not of a floating type");
    std::set<const OpNode*> used;
    // What stands before a conversion between a 16-bit type and the f32 in which it is summed.
    auto through_cast = [&](const OpNode* o) -> const OpNode* {
      if (!is_half(dtype_)) return o;
      if (!o || o->op != Op::cast) return nullptr;
      used.insert(o);
      return def(o->operands[0]);
    };
    dot_ = through_cast(def(result.value));
    if (follow_ == Follow::epilogue && dot_ && dot_->op != Op::reduce_dot) {
      auto e = find_epilogue(g_, dtype_);
      if (!e) return refuse("what follows is more than a bias, relu or gelu");
      if (dtype_ == DType::f64) return refuse("epilogues are for f16, bf16 and f32");
      out.gemm.epilogue = {e->activation, e->bias != nullptr, 0};
      dot_ = e->product;
      bias_ = e->bias;
      used.merge(e->ops);
    }
    if (!dot_ || dot_->op != Op::reduce_dot || g_.local(dot_->results[0]).dtype != compute_type(dtype_)) return refuse("more than a product");
    used.insert(dot_);
    for (int i : {kA, kB}) {
      read_[i] = through_cast(def(dot_->operands[static_cast<size_t>(i)]));
      if (!read_[i] || read_[i]->op != Op::read || f_.type(read_[i]->operands[0].value).dtype != dtype_) return refuse("an operand that is computed");
      if (read_[i]->operands.size() != 1 || read_[i]->find(AttrName::guard)) return refuse("an operand that is picked or padded");
      out.tensors.push_back(read_[i]->operands[0].value);
      used.insert(read_[i]);
    }
    out.tensors.push_back(result.tensor);
    if (bias_) out.tensors.push_back(bias_->operands[0].value);
    return used.size() == g_.body.size() || refuse("more than a product");
  }

  bool find_strides(LibraryDot& out) {
    std::map<ValueId, size_t> number;
    for (ValueId d : g_.dims) {
      number[d] = axes_.size();
      axes_.push_back({g_.local(d).extent, {}});
      if (axes_.back().extent < 1) return refuse("no elements");
    }
    auto add = [&](Which which, ValueId tensor, const std::vector<IndexExpr>& index) {
      std::vector<int64_t> strides = f_.value(tensor).strides;
      const auto& dims = f_.type(tensor).dims;
      if (strides.empty()) {
        strides.assign(dims.size(), 1);
        for (size_t a = dims.size(); a-- > 1;) strides[a - 1] = strides[a] * std::max<int64_t>(dims[a].value(), 1);
      }
      int64_t offset = 0;
      for (size_t a = 0; a < index.size(); ++a) {
        offset += index[a].constant * strides[a];
        for (const auto& t : index[a].terms) {
          const auto it = number.find(t.var);
          if (it == number.end()) return false;
          axes_[it->second].stride[which] += t.coeff * strides[a];
        }
      }
      out.offsets.push_back(offset * size_of(dtype_));
      return offset >= 0;
    };
    for (Which i : {kA, kB})
      if (!add(i, out.tensors[i], read_[i]->index)) return refuse("an operand that is picked");
    if (!add(kC, out.tensors[kC], g_.outputs[0].axes)) return refuse("an operand that is picked");
    if (bias_ && !add(kBias, out.tensors[kBias], bias_->index)) return refuse("a bias that is picked");
    for (const IndexExpr& e : dot_->index) contracted_.push_back(number.at(e.terms.at(0).var));
    return true;
  }

  bool sort_axes() {
    for (size_t i = 0; i < axes_.size(); ++i) {
      const Axis& x = axes_[i];
      for (int64_t s : x.stride)
        if (s < 0) return refuse("an operand that runs backwards");
      const bool in_a = x.stride[kA] > 0, in_b = x.stride[kB] > 0;
      if (std::find(contracted_.begin(), contracted_.end(), i) != contracted_.end()) {
        if (!in_a || !in_b) return refuse("a contracted axis that is broadcast");
        k_.push_back(x);
      } else if (x.stride[kC] == 0 || (!in_a && !in_b)) {
        return refuse("a result that is broadcast");
      } else {
        (in_a && in_b ? batch_ : in_a ? m_ : n_).push_back(x);
      }
    }
    for (auto* axes : {&batch_, &m_, &n_}) collapse(*axes, kC);
    collapse(k_, kA);
    if (k_.size() != 1) return refuse("contracted axes that do not lie as one");
    for (auto* axes : {&m_, &n_})
      if (axes->size() == 2 && batch_.empty()) {  // the outer one as a batch in which the other operand stays
        batch_.push_back(axes->front());
        axes->erase(axes->begin());
      }
    if (batch_.size() > 1 || m_.size() > 1 || n_.size() > 1) return refuse("axes that do not lie as those of a matrix");
    return true;
  }

  static void collapse(std::vector<Axis>& axes, Which by) {
    std::stable_sort(axes.begin(), axes.end(), [&](const Axis& x, const Axis& y) { return x.stride[by] > y.stride[by]; });
    for (size_t i = axes.size(); i-- > 1;) {
      Axis &outer = axes[i - 1], &inner = axes[i];
      bool one = true;
      for (int w = 0; w < kArrays; ++w) one &= outer.stride[w] == inner.stride[w] * inner.extent;
      if (!one) continue;
      inner.extent *= outer.extent;
      axes.erase(axes.begin() + static_cast<std::ptrdiff_t>(i - 1));
    }
  }

  // A matrix whose rows and columns are steps of these axes (null: there is but one).
  static bool matrix(const Axis* rows, const Axis* columns, Which which, rt::Gemm::Matrix& out, bool may_transpose) {
    const int64_t height = rows ? rows->extent : 1, width = columns ? columns->extent : 1;
    const int64_t down = rows ? rows->stride[which] : width, right = columns ? columns->stride[which] : 1;
    if (right == 1 && down >= width) return out.ld = down, out.transposed = false, true;
    if (!may_transpose) return false;
    const int64_t along = columns ? right : height;
    out.ld = along;
    out.transposed = true;
    return (!rows || down == 1) && along >= height;
  }

  bool lay_out(rt::Gemm& gemm) {
    const Axis *m = m_.empty() ? nullptr : &m_[0], *n = n_.empty() ? nullptr : &n_[0], *k = &k_[0], *batch = batch_.empty() ? nullptr : &batch_[0];
    // The result's rows are contiguous: where its columns are, it is the product of the transposed.
    const bool swap = n ? n->stride[kC] != 1 : m != nullptr;
    a_ = swap ? kB : kA, b_ = swap ? kA : kB;
    if (swap) std::swap(m, n);
    gemm.m = m ? m->extent : 1;
    gemm.n = n ? n->extent : 1;
    gemm.k = k->extent;
    gemm.batch = batch ? batch->extent : 1;
    if (!matrix(m, k, a_, gemm.a, true) || !matrix(k, n, b_, gemm.b, true) || !matrix(m, n, kC, gemm.c, false))
      return refuse("an operand that does not lie as a matrix");
    if (batch) gemm.a.stride = batch->stride[a_], gemm.b.stride = batch->stride[b_], gemm.c.stride = batch->stride[kC];
    if (bias_) {
      if ((n && n->stride[kBias] != 1) || (m && m->stride[kBias] != 0)) return refuse("a bias that does not run along the rows of the result");
      gemm.epilogue.bias_stride = batch ? batch->stride[kBias] : 0;
    }
    for (int64_t x : {gemm.m, gemm.n, gemm.k, gemm.batch, gemm.a.ld, gemm.b.ld, gemm.c.ld})
      if (x > INT_MAX) return refuse("extents beyond 2^31");
    return true;
  }

 public:
  bool swapped() const { return a_ == kB; }

 private:
  const Func& f_;
  const Group& g_;
  const Follow follow_;
  std::string* why_ = nullptr;
  DType dtype_{};
  const OpNode* dot_ = nullptr;
  const OpNode* read_[2] = {nullptr, nullptr};
  const OpNode* bias_ = nullptr;  // its read
  std::vector<Axis> axes_;
  std::vector<size_t> contracted_;
  std::vector<Axis> batch_, m_, n_, k_;
  Which a_ = kA, b_ = kB;  // which operand is the product's a, and which its b
};

}  // namespace

std::optional<LibraryDot> library_dot(const Func& f, const Group& g, const CompileOptions& options, Follow follow, std::string* why_not) {
  std::string ignored;
  std::string& why = why_not ? *why_not : ignored;
  if (!options.target.library_dots) return std::nullopt;
  if (std::none_of(g.body.begin(), g.body.end(), [](const OpNode& o) { return o.op == Op::reduce_dot; })) return std::nullopt;
  LibraryDot d;
  if (f.numerics != Numerics::fast || !options.enabled("epilogue")) follow = Follow::nothing;
  Recogniser r(f, g, follow);
  if (!r.run(d, why)) return std::nullopt;
  if (r.swapped()) std::swap(d.tensors[kA], d.tensors[kB]), std::swap(d.offsets[kA], d.offsets[kB]);
  d.gemm.workspace = options.target.library_workspace;
  if (options.has_algorithm && !options.has_algorithm(d.gemm)) {
    why = "cuBLASLt has no algorithm for " + rt::text(d.gemm);
    return std::nullopt;
  }
  return d;
}

}  // namespace frit::lower
