// The op table as data, and the scalar meaning of elementwise ops instantiated from formulas.h.
#include "ir/ops.h"

#include <array>
#include <limits>
#include <mutex>
#include <unordered_map>

#include "ir/formulas.h"

namespace frit::ir {
namespace {

constexpr OpInfo kOps[] = {
#define FRIT_ELEMENTWISE(name, arity, types, result, doc) \
  {Op::name, #name, OpClass::elementwise, arity, TypeRule::types, ResultRule::result, false, doc},
#define yes true
#define no false
#define FRIT_REDUCE(id, text, types, result, ordered, doc) \
  {Op::id, text, OpClass::reduce, 1, TypeRule::types, ResultRule::result, ordered, doc},
#define FRIT_TENSOR(id, text, doc) {Op::id, text, OpClass::tensor, 0, TypeRule::none, ResultRule::none, false, doc},
#define FRIT_FUSED(id, text, doc) {Op::id, text, OpClass::fused, 0, TypeRule::none, ResultRule::none, false, doc},
#define FRIT_KERNEL(id, text, doc) {Op::id, text, OpClass::kernel, 0, TypeRule::none, ResultRule::none, false, doc},
#include "frit/ops.def"
#undef yes
#undef no
};

template <TypeRule R, class T>
constexpr bool allows() {
  constexpr bool f = is_floating_v<T>, b = std::is_same_v<T, bool>;
  switch (R) {
    case TypeRule::none: return false;
    case TypeRule::any: return true;
    case TypeRule::number: return !b;
    case TypeRule::floating: return f;
    case TypeRule::integer: return !f && !b;
    case TypeRule::bits: return !f;
    case TypeRule::boolean: return b;
  }
  return false;
}

// Calls f(std::type_identity<T>{}) for the C++ type of t.
template <class F>
decltype(auto) with_type(DType t, F&& f) {
  switch (t) {
#define FRIT_X(id, name, type, kind) \
  case DType::id: return f(std::type_identity<type>{});
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  internal_error("no such type");
}

// Calls f(formula as a generic callable) for an elementwise row, if the row takes type T.
template <class T, class F>
void with_formula(Op op, F&& f) {
  switch (op) {
#define FRIT_ELEMENTWISE(fn, arity, types, result, doc)                                       \
  case Op::fn:                                                                                \
    if constexpr (allows<TypeRule::types, T>())                                               \
      return f(std::integral_constant<int, arity>{}, [](auto... x) { return formulas::fn(x...); }); \
    break;
#include "frit/ops.def"
    default: break;
  }
  internal_error(std::string("no formula for ") + std::string(info(op).name) + " of " + std::string(name(dtype_of<T>())));
}

template <class T>
const T& at(const void* const* in, const size_t* step, int k, size_t i) {
  return static_cast<const T*>(in[k])[i * step[k]];
}

}  // namespace

const OpInfo& info(Op op) { return kOps[static_cast<size_t>(op)]; }
std::span<const OpInfo> all_ops() { return kOps; }

const char* function_name(Op op) {
  if (op == Op::concat) return "concatenate";
  const std::string_view name = info(op).name;
  return name.data() + name.rfind('.') + 1;
}

std::optional<Op> find_op(std::string_view name) {
  static const auto* table = [] {
    auto* t = new std::unordered_map<std::string_view, Op>;
    for (const OpInfo& i : kOps) t->emplace(i.name, i.op);
    return t;
  }();
  auto it = table->find(name);
  if (it == table->end()) return std::nullopt;
  return it->second;
}

bool accepts(TypeRule rule, DType t) {
  switch (rule) {
    case TypeRule::none: return false;
    case TypeRule::any: return true;
    case TypeRule::number: return t != DType::boolean;
    case TypeRule::floating: return is_float(t);
    case TypeRule::integer: return is_integer(t);
    case TypeRule::bits: return !is_float(t);
    case TypeRule::boolean: return t == DType::boolean;
  }
  return false;
}

DType reduce_result(Op op, DType t) {
  switch (info(op).result) {
    case ResultRule::accumulate:
      if (is_float(t)) return t;
      return kind_of(t) == TypeKind::unsigned_ ? DType::u64 : DType::i64;
    case ResultRule::index: return DType::i64;
    case ResultRule::truth: return DType::boolean;
    default: return t;
  }
}

namespace {
template <class T>
Literal lowest_or_highest(bool highest) {
  using L = std::numeric_limits<T>;
  if constexpr (is_floating_v<T>) return Literal::of(highest ? L::infinity() : -L::infinity());
  else return Literal::of(highest ? L::max() : L::min());
}
}  // namespace

Literal reduce_identity(Op op, DType t) {
  switch (op) {
    case Op::reduce_sum: return is_float(t) ? Literal::of(t, -0.0) : Literal::of(reduce_result(op, t), 0.0);
    case Op::reduce_prod: return Literal::of(reduce_result(op, t), 1.0);
    case Op::reduce_any: return Literal::of(false);
    case Op::reduce_all: return Literal::of(true);
    case Op::reduce_max:
    case Op::reduce_min:
      return with_type(t, [&](auto id) { return lowest_or_highest<typename decltype(id)::type>(op == Op::reduce_min); });
    default: internal_error("this reduction has no identity");
  }
}

Literal reduce_empty(Op op, DType t) {
  if (op == Op::reduce_sum) return Literal::of(reduce_result(op, t), 0.0);
  return reduce_identity(op, t);
}

namespace {

// f32's formula under Numerics::fast, on numbers or recorded expressions; nothing where it is that of the laws.
template <bool gpu, class X>
std::optional<X> fast_formula(Op op, X x, X y) {
  namespace fast = math::fast;
  switch (op) {
    case Op::exp: return fast::exp<gpu>(x);
    case Op::tanh: return fast::tanh<gpu>(x);
    case Op::sigmoid: return fast::sigmoid<gpu>(x);
    case Op::rsqrt: return fast::rsqrt<gpu>(x);
    default: break;
  }
  if constexpr (gpu) switch (op) {
      case Op::reciprocal: return approx_div(x.lit(1.0f), x);
      case Op::div: return approx_div(x, y);
      case Op::sqrt: return approx_sqrt(x);
      default: break;
    }
  return std::nullopt;
}
template <class X>
std::optional<X> fast_formula(Op op, Formulas formulas, X x, X y) {
  if (formulas == Formulas::strict) return std::nullopt;
  return formulas == Formulas::fast ? fast_formula<false>(op, x, y) : fast_formula<true>(op, x, y);
}

// Whether it was done: f32's formula is another one under Numerics::fast.
bool evaluate_fast(Op op, Formulas formulas, size_t n, const void* const* in, const size_t* step, void* out) {
  const int second = op == Op::div ? 1 : 0;
  const Num<float> one{1.0f};
  if (!fast_formula(op, formulas, one, one)) return false;
  for (size_t i = 0; i < n; ++i)
    static_cast<float*>(out)[i] = fast_formula(op, formulas, Num<float>{at<float>(in, step, 0, i)}, Num<float>{at<float>(in, step, second, i)})->v;
  return true;
}

}  // namespace

void evaluate(Op op, DType t, DType to, size_t n, const void* const* in, const size_t* step, void* out, Formulas formulas) {
  if (t == DType::f32 && evaluate_fast(op, formulas, n, in, step, out)) return;
  with_type(t, [&](auto id) {
    using T = typename decltype(id)::type;
    if (op == Op::cast) {
      with_type(to, [&](auto target) {
        using U = typename decltype(target)::type;
        for (size_t i = 0; i < n; ++i) static_cast<U*>(out)[i] = cast<U>(Num<T>{at<T>(in, step, 0, i)}).v;
      });
    } else if (op == Op::where) {
      for (size_t i = 0; i < n; ++i)
        static_cast<T*>(out)[i] = at<bool>(in, step, 0, i) ? at<T>(in, step, 1, i) : at<T>(in, step, 2, i);
    } else {
      using C = compute_t<T>;
      with_formula<C>(op, [&](auto arity, auto f) {
        auto arg = [&](int k, size_t i) { return cast<C>(Num<T>{at<T>(in, step, k, i)}); };
        for (size_t i = 0; i < n; ++i) {
          auto r = [&] {
            if constexpr (arity == 1) return f(arg(0, i));
            else if constexpr (arity == 2) return f(arg(0, i), arg(1, i));
            else return f(arg(0, i), arg(1, i), arg(2, i));
          }();
          using R = typename decltype(r)::type;
          using Stored = std::conditional_t<std::is_same_v<R, C>, T, R>;
          static_cast<Stored*>(out)[i] = cast<Stored>(r).v;
        }
      });
    }
  });
}

const ScalarProgram& formula(Op op, DType t, DType to, Formulas formulas) {
  static std::mutex mutex;
  static auto* made = new std::unordered_map<uint32_t, ScalarProgram>;  // node-based: references stay valid
  const uint32_t key = static_cast<uint32_t>(formulas) << 24 | static_cast<uint32_t>(op) << 16 | static_cast<uint32_t>(t) << 8 | static_cast<uint32_t>(to);
  std::lock_guard lock(mutex);
  auto [it, fresh] = made->try_emplace(key);
  if (!fresh) return it->second;
  Recorder r;
  if (formulas != Formulas::strict && t == DType::f32) {
    const Expr<float> x = Expr<float>::arg(r, 0), y = op == Op::div ? Expr<float>::arg(r, 1) : x;
    if (const auto fast = fast_formula(op, formulas, x, y)) {
      r.program.result = fast->id;
      it->second = std::move(r.program);
      return it->second;
    }
    r = {};
  }
  with_type(t, [&](auto id) {
    using T = typename decltype(id)::type;
    using C = compute_t<T>;
    auto arg = [&](int k) { return Expr<T>::arg(r, k); };
    auto in = [&](int k) { return cast<C>(arg(k)); };
    auto stored = [](auto x) {
      if constexpr (std::is_same_v<typename decltype(x)::type, C>) return cast<T>(x).id;
      else return x.id;
    };
    if (op == Op::cast) {
      with_type(to, [&](auto target) { r.program.result = cast<typename decltype(target)::type>(arg(0)).id; });
    } else if (op == Op::where) {
      r.program.result = select(Expr<bool>::arg(r, 0), arg(1), arg(2)).id;
    } else {
      with_formula<C>(op, [&](auto arity, auto f) {
        if constexpr (arity == 1) r.program.result = stored(f(in(0)));
        else if constexpr (arity == 2) r.program.result = stored(f(in(0), in(1)));
        else r.program.result = stored(f(in(0), in(1), in(2)));
      });
    }
  });
  it->second = std::move(r.program);
  return it->second;
}

}  // namespace frit::ir
