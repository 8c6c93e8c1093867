// The interpreter's door: checks the arguments, binds symbols, runs the body op by op and lets each
// array go after its last use. The floating-point control register is set at entry and restored
// (LAWS.md, 2).
#include "ir/interpret.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "frit/error.h"
#include "ir/interpret_parts.h"
#include "ir/ops.h"

namespace frit::ir {
namespace {

// Round to nearest even, nothing flushed, nothing trapped.
class DefaultRounding {
 public:
#if defined(__x86_64__)
  DefaultRounding() : saved_(_mm_getcsr()) { _mm_setcsr(0x1f80); }
  ~DefaultRounding() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#endif
};

class Run {
 public:
  Run(const Func& f, const std::vector<Array>& args, Formulas formulas) : f_(f), formulas_(formulas), arrays_(f.values.size()), have_(f.values.size()) {
    const std::vector<ValueId>& params = f.body.args;
    if (args.size() != params.size())
      throw Error("interpret", "@" + f.name + " takes " + std::to_string(params.size()) + " arguments, not " +
                                   std::to_string(args.size()));
    for (size_t i = 0; i < args.size(); ++i) {
      bind(f.value(params[i]), args[i]);
      put(params[i], args[i]);
    }
  }

  std::vector<Array> run() {
    std::vector<OpId> last(f_.values.size(), kNone);  // the last op that uses a value
    for (OpId id : f_.body.ops) mark(id, id, last);
    for (OpId id : f_.body.ops) {
      const OpNode& op = f_.op(id);
      std::vector<Array> literals;
      literals.reserve(op.operands.size());
      std::vector<const Array*> in;
      for (const Operand& o : op.operands) {
        if (!o.is_value()) literals.push_back(interp::scalar_array(o.lit));
        in.push_back(o.is_value() ? &at(o.value) : &literals.back());
      }
      if (op.op == Op::ret) {
        std::vector<Array> results;
        for (const Array* a : in) results.push_back(*a);
        return results;
      }
      step(op, in);
      for (size_t v = 0; v < last.size(); ++v)
        if (last[v] == id) arrays_[v] = Array{};
    }
    internal_error("a function has no return");
  }

 private:
  void mark(OpId id, OpId user, std::vector<OpId>& last) const {
    for (const Operand& o : f_.op(id).operands)
      if (o.is_value()) last[static_cast<size_t>(o.value)] = user;
    for (const Region& r : f_.op(id).regions)
      for (OpId inner : r.ops) mark(inner, user, last);
  }

  void step(const OpNode& op, const std::vector<const Array*>& in) {
    std::vector<Type> types;
    for (ValueId v : op.results) types.push_back(constant(f_.type(v)));
    if (op.op != Op::fused) {
      if (types.size() != 1) internal_error("a tensor op has one result");
      put(op.results[0], interp::run_tensor_op(op, in, types[0], formulas_));
      return;
    }
    std::vector<const Array*> outer(f_.values.size());
    for (size_t v = 0; v < outer.size(); ++v)
      if (have_[v]) outer[v] = &arrays_[v];
    interp::Extents space;
    for (Dim d : op.dims(AttrName::space)) space.push_back(extent(d));
    std::vector<Array> results = interp::run_fused(f_, op, outer, space, types, formulas_);
    for (size_t k = 0; k < results.size(); ++k) put(op.results[k], std::move(results[k]));
  }

  void bind(const Value& param, const Array& a) {
    auto fail = [&] {
      throw Error("interpret", "%" + param.name + " is " + param.type.str() + ", its argument " +
                                   std::string(name(a.dtype)) + a.shape.str());
    };
    if (a.dtype != param.type.dtype || a.shape.rank() != param.type.rank()) fail();
    for (int k = 0; k < param.type.rank(); ++k) {
      const Dim d = param.type.dims[static_cast<size_t>(k)];
      const int64_t have = a.shape[k];
      const int64_t want = d.is_constant() ? d.value() : symbols_.try_emplace(d.str(), have).first->second;
      if (want != have) fail();
    }
    if (a.data.size() != static_cast<size_t>(a.shape.count() * size_of(a.dtype)))
      throw Error("interpret", "the argument for %" + param.name + " holds " + std::to_string(a.data.size()) +
                                   " bytes, which its shape " + a.shape.str() + " does not take");
  }

  int64_t extent(Dim d) const {
    if (d.is_constant()) return d.value();
    auto it = symbols_.find(d.str());
    if (it == symbols_.end()) throw Error("interpret", "no parameter of @" + f_.name + " gives the extent " + d.str());
    return it->second;
  }
  Type constant(Type t) const {
    for (Dim& d : t.dims) d = Dim(extent(d));
    return t;
  }

  void put(ValueId v, Array a) {
    arrays_[static_cast<size_t>(v)] = std::move(a);
    have_[static_cast<size_t>(v)] = true;
  }
  const Array& at(ValueId v) const {
    if (!have_[static_cast<size_t>(v)]) internal_error("a value is used before its op has run");
    return arrays_[static_cast<size_t>(v)];
  }

  const Func& f_;
  Formulas formulas_;
  std::vector<Array> arrays_;  // by value
  std::vector<bool> have_;
  std::map<std::string, int64_t> symbols_;
};

template <class T>
bool same_number(const std::byte* a, const std::byte* b) {
  if (std::memcmp(a, b, sizeof(T)) == 0) return true;
  if constexpr (is_floating_v<T>) {
    T x, y;
    std::memcpy(&x, a, sizeof x);
    std::memcpy(&y, b, sizeof y);
    return x != x && y != y;
  }
  return false;
}

}  // namespace

std::vector<Array> interpret(const Func& f, const std::vector<Array>& args, Formulas formulas) {
  if (f.level == Level::kernel) internal_error("kernels are not interpreted");
  const DefaultRounding rounding;
  return Run(f, args, formulas).run();
}

bool same_bits(const Array& a, const Array& b) {
  if (a.dtype != b.dtype || !(a.shape == b.shape) || a.data.size() != b.data.size()) return false;
  return interp::with_type(a.dtype, [&](auto id) {
    using T = typename decltype(id)::type;
    for (size_t i = 0; i < a.data.size(); i += sizeof(T))
      if (!same_number<T>(&a.data[i], &b.data[i])) return false;
    return true;
  });
}

}  // namespace frit::ir
