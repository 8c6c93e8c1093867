// See epilogue.h. Factors of a product may stand in any order, and sums either way round; the numbers have to be
// those of gelu's definition, rounded to f32 or to the type of the arrays.
#include "lowering/epilogue.h"

#include <algorithm>

#include "ir/ops.h"

namespace frit::lower {

namespace {

using Activation = rt::Gemm::Activation;

constexpr double kSqrt2OverPi = 0.7978845608028654, kCubic = 0.044715;  // as frit::gelu has them

class Matcher {
 public:
  Matcher(const Group& g, DType dtype, Epilogue& out) : g_(g), dtype_(dtype), e_(out), def_(g.locals.size(), nullptr) {
    for (const OpNode& o : g.body) def_[static_cast<size_t>(o.results[0])] = &o;
  }

  bool run(Activation a) {
    e_.activation = a;
    const OpNode* root = core(g_.outputs[0].value);
    if (!root) return false;
    switch (a) {
      case Activation::none: return sum(root);
      case Activation::relu: {
        if (root->op != Op::maximum) return false;
        const OpNode* x = beside(*root, 0);
        return x && sum(x);
      }
      case Activation::gelu: return gelu(*root);
    }
    return false;
  }

 private:
  // The op that computes a value, before it was rounded to the type of the arrays.
  const OpNode* core(const Operand& o) {
    const OpNode* d = plain(o);
    while (d && d->op == Op::cast && is_half(dtype_) && narrow_or_f32(g_.local(d->results[0]).dtype) && d->operands[0].is_value() &&
           narrow_or_f32(g_.local(d->operands[0].value).dtype))
      d = plain(d->operands[0]);
    return d;
  }
  const OpNode* plain(const Operand& o) {
    const OpNode* d = o.is_value() ? def_[static_cast<size_t>(o.value)] : nullptr;
    if (d) e_.ops.insert(d);
    return d;
  }
  bool narrow_or_f32(DType t) const { return t == dtype_ || t == DType::f32; }

  bool is(const Operand& o, double number) const {
    if (o.is_value()) return false;
    const double x = o.lit.to_double();
    return x == number || x == Literal::of(DType::f32, number).to_double() || x == Literal::of(dtype_, number).to_double();
  }
  // The other operand of an op of a value and that number.
  const OpNode* beside(const OpNode& o, double number) {
    for (size_t i : {0u, 1u})
      if (is(o.operands[i], number)) return core(o.operands[1 - i]);
    return nullptr;
  }

  // product, or product + bias.
  bool sum(const OpNode* x) {
    if (x->op == Op::add) {
      const OpNode *l = core(x->operands[0]), *r = core(x->operands[1]);
      if (!l || !r) return false;
      if (l->op != Op::reduce_dot) std::swap(l, r);
      if (r->op != Op::read || r->operands.size() != 1 || r->find(ir::AttrName::guard) || g_.local(r->results[0]).dtype != dtype_) return false;
      e_.bias = r;
      x = l;
    }
    e_.product = x;
    return x->op == Op::reduce_dot;
  }

  // number * the rest; nothing where the product has no number, several, or very many factors.
  struct Factors {
    Operand number;
    int numbers = 0;
    std::vector<const OpNode*> rest;
  };
  static constexpr size_t kMostFactors = 4;
  bool multiply(const Operand& o, Factors& f) {
    if (!o.is_value()) {
      f.number = o;
      return ++f.numbers == 1;
    }
    const OpNode* d = core(o);
    if (!d) return false;
    if (d->op == Op::mul) return multiply(d->operands[0], f) && multiply(d->operands[1], f);
    if (d->op == Op::square) return multiply(d->operands[0], f) && multiply(d->operands[0], f);
    f.rest.push_back(d);
    return f.rest.size() <= kMostFactors;
  }
  // Whether o is number * times factors x.
  bool is_power(const Operand& o, double number, const OpNode* x, size_t times) {
    Factors f;
    return multiply(o, f) && f.numbers == 1 && is(f.number, number) && f.rest.size() == times &&
           std::all_of(f.rest.begin(), f.rest.end(), [&](const OpNode* d) { return d == x; });
  }

  // 0.5 * x * (1 + tanh(c * (x + d * x * x * x))), also with x * (1 + d * x * x) inside.
  bool gelu(const OpNode& root) {
    Factors f;
    if (root.op != Op::mul || !multiply(root.results[0], f) || f.numbers != 1 || !is(f.number, 0.5) || f.rest.size() != 2) return false;
    for (size_t i : {0u, 1u}) {
      const OpNode *x = f.rest[i], *rest = f.rest[1 - i];
      if (rest->op != Op::add) continue;
      const OpNode* tanh = beside(*rest, 1);
      if (tanh && tanh->op == Op::tanh && is_argument(tanh->operands[0], x)) return sum(x);
    }
    return false;
  }
  bool is_argument(const Operand& o, const OpNode* x) {
    Factors f;
    if (!multiply(o, f) || f.numbers != 1 || !is(f.number, kSqrt2OverPi)) return false;
    if (f.rest.size() == 1 && f.rest[0]->op == Op::add)
      for (size_t i : {0u, 1u})
        if (core(f.rest[0]->operands[i]) == x && is_power(f.rest[0]->operands[1 - i], kCubic, x, 3)) return true;
    if (f.rest.size() == 2)
      for (size_t i : {0u, 1u}) {
        const OpNode* s = f.rest[1 - i];
        if (f.rest[i] != x || s->op != Op::add) continue;
        for (size_t j : {0u, 1u})
          if (is(s->operands[j], 1) && is_power(s->operands[1 - j], kCubic, x, 2)) return true;
      }
    return false;
  }

  const Group& g_;
  const DType dtype_;
  Epilogue& e_;
  std::vector<const OpNode*> def_;
};

}  // namespace

std::optional<Epilogue> find_epilogue(const Group& g, DType dtype) {
  if (g.outputs.size() != 1) return std::nullopt;
  for (Activation a : {Activation::none, Activation::relu, Activation::gelu}) {
    Epilogue e;
    if (Matcher(g, dtype, e).run(a)) return e;
  }
  return std::nullopt;
}

}  // namespace frit::lower
