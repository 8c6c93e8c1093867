// Measures the elementary functions of ir/math.h and prints the table of docs/accuracy.md. f32: every one of the
// 2^32 inputs (pow: random pairs); f64: random inputs against MPFR. See scripts/accuracy.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

// GCC may then call the vector functions of glibc's libmvec (within 4 ULP of f64) for references.
#if defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__) && defined(__x86_64__)
#define FRIT_VECTOR(fn) _Pragma("omp declare simd notinbranch") extern "C" double fn(double) noexcept;
FRIT_VECTOR(exp)
FRIT_VECTOR(expm1)
FRIT_VECTOR(log)
FRIT_VECTOR(log1p)
FRIT_VECTOR(sin)
FRIT_VECTOR(cos)
FRIT_VECTOR(tanh)
FRIT_VECTOR(erf)
#endif

#include "ir/math.h"
#include "tests/math/reference.h"

namespace {

using frit::ir::Expr;
using frit::ir::Num;
using frit::ir::Prim;
using namespace frit::math_test;
namespace math = frit::ir::math;

// Sixteen Nums: the same primitives lane by lane, for the compiler to vectorise. A bool is as wide as
// an int, so that masks and numbers have about the same size.
constexpr int kLanes = 16;
template <class T>
struct Pack {
  using type = T;
  template <class U>
  using rebind = Pack<U>;
  using stored = std::conditional_t<std::is_same_v<T, bool>, int32_t, T>;
  alignas(64) stored v[kLanes];
  template <class U>
  Pack<U> lit(U u) const {
    Pack<U> r;
    for (auto& x : r.v) x = u;
    return r;
  }
};
template <class T>
Num<T> lane(const Pack<T>& p, int i) { return {static_cast<T>(p.v[i])}; }

#define FRIT_LANES(type, expression)                         \
  Pack<type> r;                                              \
  for (int i = 0; i < kLanes; ++i) r.v[i] = (expression).v;  \
  return r
#define FRIT_UNARY(fn) \
  template <class T>   \
  Pack<T> fn(Pack<T> a) { FRIT_LANES(T, fn(lane(a, i))); }
#define FRIT_BINARY(fn) \
  template <class T>    \
  Pack<T> fn(Pack<T> a, Pack<T> b) { FRIT_LANES(T, fn(lane(a, i), lane(b, i))); }
#define FRIT_OPERATOR(op) \
  template <class T>      \
  Pack<T> operator op(Pack<T> a, Pack<T> b) { FRIT_LANES(T, lane(a, i) op lane(b, i)); }
#define FRIT_COMPARE(fn) \
  template <class T>     \
  Pack<bool> fn(Pack<T> a, Pack<T> b) { FRIT_LANES(bool, fn(lane(a, i), lane(b, i))); }
FRIT_UNARY(sqrt)
FRIT_UNARY(abs)
FRIT_UNARY(rint)
FRIT_BINARY(min)
FRIT_BINARY(max)
FRIT_BINARY(shl)
FRIT_BINARY(shr)
FRIT_OPERATOR(+)
FRIT_OPERATOR(-)
FRIT_OPERATOR(*)
FRIT_OPERATOR(/)
FRIT_OPERATOR(&)
FRIT_OPERATOR(|)
FRIT_OPERATOR(^)
FRIT_COMPARE(eq)
FRIT_COMPARE(ne)
FRIT_COMPARE(lt)
FRIT_COMPARE(le)
template <class T>
Pack<T> operator-(Pack<T> a) { FRIT_LANES(T, -lane(a, i)); }
template <class T>
Pack<T> operator~(Pack<T> a) { FRIT_LANES(T, ~lane(a, i)); }
template <class T>
Pack<T> fma(Pack<T> a, Pack<T> b, Pack<T> c) { FRIT_LANES(T, fma(lane(a, i), lane(b, i), lane(c, i))); }
template <class T>
Pack<T> select(Pack<bool> p, Pack<T> a, Pack<T> b) { FRIT_LANES(T, select(lane(p, i), lane(a, i), lane(b, i))); }
inline Pack<float> scale(Pack<float> x, Pack<float> n, Pack<float> t) { FRIT_LANES(float, scale(lane(x, i), lane(n, i), lane(t, i))); }
inline Pack<float> lookup(Pack<int32_t> at, frit::ir::RowPlace place) { FRIT_LANES(float, lookup(lane(at, i), place)); }
template <class U, class T>
Pack<U> cast(Pack<T> a) { FRIT_LANES(U, frit::ir::cast<U>(lane(a, i))); }
template <class U, class T>
Pack<U> bitcast(Pack<T> a) { FRIT_LANES(U, frit::ir::bitcast<U>(lane(a, i))); }
template <class U, class T>
Pack<U> bitcast_any(Pack<T> a) { FRIT_LANES(U, frit::ir::bitcast_any<U>(lane(a, i))); }

struct Worst {
  double error = -1, x = 0, y = 0;
  void meet(double e, double at, double and_at = 0) {
    if (e > error) error = e, x = at, y = and_at;
  }
  void meet(const Worst& o) { meet(o.error, o.x, o.y); }
};

// fn(part) for each part on `threads` threads; parts are merged by the worst.
Worst parallel(int threads, int parts, const std::function<Worst(int)>& fn) {
  Worst worst;
  std::mutex m;
  int next = 0;
  std::vector<std::thread> pool;
  for (int t = 0; t < threads; ++t)
    pool.emplace_back([&] {
      for (;;) {
        int part;
        {
          std::lock_guard lock(m);
          if (next == parts) return;
          part = next++;
        }
        const Worst w = fn(part);
        std::lock_guard lock(m);
        worst.meet(w);
      }
    });
  for (auto& t : pool) t.join();
  return worst;
}

constexpr int kBlock = 4096;

template <class Function>
[[gnu::noinline]] void apply(const float* x, float* y, Function function) {
  for (int i = 0; i < kBlock; i += kLanes) {
    Pack<float> p;
    std::memcpy(p.v, x + i, sizeof(p.v));
    p = function(p);
    std::memcpy(y + i, p.v, sizeof(p.v));
  }
}

// Whether any error of the block may be above `limit`: error_f32 without its care, for the compiler to
// vectorise. What is special (NaN, infinities, signs) and not plainly equal counts as more.
[[gnu::noinline]] bool may_exceed(const float* got, const double* exact, double limit) {
  int64_t any = 0;
  for (int i = 0; i < kBlock; ++i) {
    const double g = got[i];
    const int64_t bits = std::bit_cast<int64_t>(exact[i]);
    const int64_t binade = std::max<int64_t>(bits >> 52 & 0x7ff, 1023 - 126);
    const double scale = std::bit_cast<double>((2 * 1023 + 23 - binade) << 52);
    const bool fine = std::fabs(g - exact[i]) * scale <= limit && (std::bit_cast<int64_t>(g) ^ bits) >= 0;
    const bool same = std::bit_cast<int64_t>(g) == bits || (g != g && exact[i] != exact[i]);
    any |= !(fine || same);
  }
  return any != 0;
}

template <class Function, class Reference, class References>
Worst sweep_f32(int threads, Function function, Reference reference, References references) {
  return parallel(threads, 256, [&](int part) {
    Worst worst;
    static thread_local float x[kBlock];
    static thread_local float got[kBlock];
    static thread_local double exact[kBlock];
    for (uint64_t begin = uint64_t(part) << 24; begin < uint64_t(part + 1) << 24; begin += kBlock) {
      for (int i = 0; i < kBlock; ++i) x[i] = std::bit_cast<float>(static_cast<uint32_t>(begin + i));
      references(x, exact);
      apply(x, got, function);
      if (!may_exceed(got, exact, worst.error)) continue;
      for (int i = 0; i < kBlock; ++i) {
        // The vector functions are not as careful with special values.
        if (error_f32(got[i], exact[i]) > worst.error)
          worst.meet(error_f32(got[i], reference(static_cast<double>(x[i]))), x[i]);
      }
    }
    return worst;
  });
}

// Half of the inputs have any bits, a quarter lie in [-40, 40], a quarter around powers of two.
double any_f64(std::mt19937_64& rng) {
  const uint64_t bits = rng();
  switch (bits & 3) {
    case 0: return (static_cast<double>(rng() >> 11) * 0x1p-52 - 1) * 40;
    case 1: {
      const double m = 1 + static_cast<double>(rng() >> 12) * 0x1p-52;
      return std::ldexp(bits & 256 ? -m : m, static_cast<int>(bits >> 2 & 31) - 24);
    }
    default: return std::bit_cast<double>(rng());
  }
}

template <class Function, class Reference>
Worst random_f64(int threads, int count, Function function, Reference reference) {
  return parallel(threads, 64, [&](int part) {
    Worst worst;
    std::mt19937_64 rng(static_cast<uint64_t>(part) + 1);
    Exact r;
    for (int i = 0; i < count / 64; ++i) {
      const double x = any_f64(rng);
      reference(r, Exact(x));
      worst.meet(error_f64(function(Num<double>{x}).v, r), x);
    }
    return worst;
  });
}

// Pairs whose power does not overflow as a rule; an eighth with any bits.
template <class T>
std::pair<T, T> pair_for_pow(std::mt19937_64& rng) {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  const uint64_t kind = rng() & 7;
  T x = std::bit_cast<T>(static_cast<Bits>(rng()));
  if (kind == 0) return {x, std::bit_cast<T>(static_cast<Bits>(rng()))};
  x = std::fabs(x);
  const double unit = static_cast<double>(rng() >> 11) * 0x1p-53;
  if (kind < 4) x = static_cast<T>(1 + std::ldexp(unit - 0.5, -static_cast<int>(rng() % 20)));
  const double limit = (sizeof(T) == 4 ? 151 : 1080) / std::log2(static_cast<double>(x));
  const double y = (static_cast<double>(rng() >> 11) * 0x1p-52 - 1) * limit;
  return {x, static_cast<T>(y)};
}

Worst random_pow_f32(int threads, int64_t count) {
  return parallel(threads, 64, [&](int part) {
    Worst worst;
    std::mt19937_64 rng(static_cast<uint64_t>(part) + 1);
    Pack<float> x, y;
    for (int64_t i = 0; i < count / 64; i += kLanes) {
      for (int j = 0; j < kLanes; ++j) std::tie(x.v[j], y.v[j]) = pair_for_pow<float>(rng);
      const auto z = math::pow(x, y);
      for (int j = 0; j < kLanes; ++j) {
        const double exact = std::pow(static_cast<double>(x.v[j]), static_cast<double>(y.v[j]));
        worst.meet(error_f32(z.v[j], exact), x.v[j], y.v[j]);
      }
    }
    return worst;
  });
}

Worst random_pow_f64(int threads, int count) {
  return parallel(threads, 64, [&](int part) {
    Worst worst;
    std::mt19937_64 rng(static_cast<uint64_t>(part) + 1);
    Exact r;
    for (int i = 0; i < count / 64; ++i) {
      const auto [x, y] = pair_for_pow<double>(rng);
      exact::pow(r, Exact(x), Exact(y));
      worst.meet(error_f64(math::pow(Num<double>{x}, Num<double>{y}).v, r), x, y);
    }
    return worst;
  });
}

// What a formula costs: its nodes but for arguments, constants and bit casts, which cost nothing.
template <class T, class Function>
int primitives(Function function) {
  frit::ir::Recorder r;
  if constexpr (std::is_invocable_v<Function, Expr<T>, Expr<T>>) function(Expr<T>::arg(r, 0), Expr<T>::arg(r, 1));
  else function(Expr<T>::arg(r, 0));
  return static_cast<int>(std::count_if(r.program.nodes.begin(), r.program.nodes.end(), [](const auto& n) {
    return n.prim != Prim::arg && n.prim != Prim::constant && n.prim != Prim::bitcast;
  }));
}

bool all_kept = true;

void row(const char* name, const char* type, const Worst& w, bool two, double bound, int count, const char* how) {
  char at[96];
  if (two) std::snprintf(at, sizeof(at), "%.9g, %.9g", w.x, w.y);
  else if (!std::strcmp(type, "f32")) std::snprintf(at, sizeof(at), "%.9g", w.x);
  else std::snprintf(at, sizeof(at), "%.17g", w.x);
  std::printf("| %s | %s | %.4f | %s | %.3f | %d | %s |\n", name, type, w.error, at, bound, count, how);
  std::fflush(stdout);
  if (w.error <= bound) return;
  all_kept = false;
  std::fprintf(stderr, "%s %s: %g is more than tests/math/bounds.def promises\n", name, type, w.error);
}

// The references of a block, by the vector functions of the C library where the compiler knows them.
#define FRIT_MATH(fn, bound32, bound64)                                          \
  [[gnu::noinline]] void vector_##fn(const float* x, double* exact) {            \
    _Pragma("omp simd") for (int i = 0; i < kBlock; ++i) exact[i] = f64::fn(x[i]); \
  }
#include "tests/math/bounds.def"

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  const std::string_view only = argc > 2 ? argv[2] : "";
  constexpr int kRandom = 1000000;
  bool known = only.empty();
#define FRIT_MATH(fn, bound32, bound64) known |= only == #fn;
#define FRIT_MATH2 FRIT_MATH
#include "tests/math/bounds.def"
  if (!known) {
    std::fprintf(stderr, "accuracy: no function '%s'; see tests/math/bounds.def\n", argv[2]);
    return 2;
  }
  std::printf("| function | type | worst error (ULP) | at | promised | primitives | inputs |\n");
  std::printf("|---|---|---|---|---|---|---|\n");
#define FRIT_MATH(fn, bound32, bound64)                                                              \
  if (only.empty() || only == #fn) {                                                                 \
    auto f = [](auto x) { return math::fn(x); };                                                     \
    row(#fn, "f32", sweep_f32(threads, f, [](double x) { return f64::fn(x); }, vector_##fn), false,  \
        bound32, primitives<float>(f), "all 2^32");                                                           \
    row(#fn, "f64", random_f64(threads, kRandom, f, [](Exact& r, const Exact& x) { exact::fn(r, x); }), false, \
        bound64, primitives<double>(f), "1 million");                                                \
  }
#define FRIT_MATH2(fn, bound32, bound64)                                                             \
  if (only.empty() || only == #fn) {                                                                 \
    auto f = [](auto x, auto y) { return math::fn(x, y); };                                          \
    row(#fn, "f32", random_pow_f32(threads, 200000000), true, bound32, primitives<float>(f), "200 million pairs"); \
    row(#fn, "f64", random_pow_f64(threads, kRandom), true, bound64, primitives<double>(f), "1 million pairs");   \
  }
#include "tests/math/bounds.def"
  return all_kept ? 0 : 1;
}
