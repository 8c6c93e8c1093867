// jit: a function on tensors, traced once a signature, fused, compiled, and run from then on.
//
//   auto fast = frit::jit(f);   Tensor y = fast(x);
//
// Arguments and results: tensors, numbers, strings, enums, and pairs, tuples, arrays, vectors and structs
// of them (tree.h). The declared parameter type decides what a number is: a `Tensor` parameter takes it
// as an input; to `auto` it is an input of rank 0; int, float, bool, enum and string parameters are
// static: part of the signature, one trace a value. A tensor captured by f keeps the value it had when
// f was traced.
#pragma once

#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "frit/config.h"
#include "frit/ops.h"
#include "frit/tree.h"

namespace frit {

enum class Retrace : uint8_t { allow, error };   // error: a call with a second signature throws
enum class Captures : uint8_t { allow, forbid };  // forbid: tracing throws where a tensor is captured

struct JitOptions {
  std::string name = {};               // in IR, reports and dumps; otherwise "f"
  Retrace retrace = Retrace::allow;
  Captures captures = Captures::allow;
  Numerics numerics = Numerics::strict;  // eager calls are always strict; inside another trace, that function's
  bool check_nan = false;              // as FRIT_CHECK=nan, for this function
  int64_t max_entries = 256;           // signatures kept; the least recently used is dropped
};

// What g.ir(level, ...) shows.
enum class Level : uint8_t { tensor, fused, kernel, llvm, assembly, cuda };  // assembly: on a GPU, PTX

struct KernelReport {
  std::string name;
  std::string schedule;                // "flat", "row", "column", "product", "full", "tiled"; "library"
  std::string why;                     // the reason of the schedule
  int64_t work = 0, bytes_read = 0, bytes_written = 0, flops = 0, scratch_bytes = 0;
  double compile_ms = 0;
  bool cached = false;
  std::string mapping;                 // on a GPU: threads, items a block, registers, shared memory
  int64_t segments = 1;                // kernels that became one launch, each over its own arrays
};
struct FusionReport {
  bool taken = false;
  std::string producer, consumer;
  std::string reason;
  int64_t bytes = 0;                   // of memory traffic at stake
};
struct CaptureReport {
  std::string name;
  std::string type;                    // "f32[128,1024]"
  std::string place;                   // where it was first used in the trace: "demo.cpp:12:5"
  int64_t bytes = 0;
};
// What becomes of a call. text is for people; the rest is the same as data.
struct Report {
  std::string text;
  std::string name;
  Numerics numerics = Numerics::strict;
  std::vector<KernelReport> kernels;
  std::vector<FusionReport> decisions;
  std::vector<CaptureReport> captures;
  int64_t launches = 0, bytes_read = 0, bytes_written = 0, temporary_bytes = 0;
  double trace_ms = 0, lower_ms = 0, compile_ms = 0;
};
// The same call eagerly and fused.
struct Comparison {
  bool same_bits = false;              // NaNs counted as one value; not to be expected under Numerics::fast
  double largest_difference = 0;       // of floating results; inf where only one of two is finite
  std::string difference;              // the first place where bits differ
  double eager_us = 0, fused_us = 0;   // medians of a few interleaved runs
  int64_t eager_launches = 0, launches = 0;
  int64_t eager_bytes = 0, bytes = 0;
  std::string text;
};
struct JitStats {
  int64_t calls = 0, hits = 0, traces = 0, evictions = 0, entries = 0;
  double trace_ms = 0, lower_ms = 0, compile_ms = 0;
  std::vector<std::string> misses;     // why each of the last 32 traces was needed
};

namespace detail {

struct Core;   // everything of a jitted function that does not depend on its type
struct Entry;  // one signature of it
Core* make_core(const JitOptions& options);
void release_core(Core*) noexcept;

struct StaticArg {
  uint64_t bits = 0;            // of a number; of a vector: its length
  const char* text = nullptr;   // of a string
  size_t size = 0;
};

// What came out of the user's function: the tensors in order, and a copy of the result without them.
struct Outcome {
  std::vector<Tensor> tensors;
  std::shared_ptr<const void> rest;
};
struct LeafNames {
  std::vector<std::string> tensors, statics, static_values;
};

// A call without its types.
struct Call {
  const void* signature = nullptr;  // an address of its own for each list of argument types
  ShortList<Tensor*, 12> tensors;   // owned by this call alone: a buffer that nobody else holds may be reused
  ShortList<StaticArg, 6> statics;
  Loc where;
  void* context = nullptr;
  void (*invoke)(void* context, const Tensor* leaves, Outcome& out) = nullptr;
  void (*name)(void* context, LeafNames& out) = nullptr;
};
struct Results {
  Tensor few[4];
  std::vector<Tensor> many;         // used where there are more than four
  size_t count = 0;
  bool reuse = false;               // the tensors in place offer their memory (run.into)
  std::shared_ptr<const void> rest;
  Tensor* data() { return count <= 4 ? few : many.data(); }
  void resize(size_t n) {
    if (n > 4) {
      many.resize(n);
      if (count <= 4)
        for (size_t i = 0; i < count; ++i) many[i] = std::move(few[i]);
    }
    count = n;
  }
  void push_back(Tensor&& t) {
    resize(count + 1);
    data()[count - 1] = std::move(t);
  }
};

void run_call(Core&, Call&, Results&);
void run_eagerly(Core&, Call&, Results&);
std::shared_ptr<const Entry> compile_call(Core&, Call&);
void run_entry(Core&, const Entry&, Call&, Results&);
size_t results_of(const Entry&);  // how many tensors
std::string ir_of_call(Core&, Call&, Level);
Report explain_call(Core&, Call&);
Comparison compare_call(Core&, Call&);
JitStats stats_of(Core&);
void forget(Core&);

template <class... T>
inline char signature_of = 0;

struct Flatten {
  static constexpr bool names = false;
  Call& call;
  void tensor(Tensor& t) { call.tensors.push_back(&t); }
  template <class T>
  void number(const T& v) {
    StaticArg s;
    std::memcpy(&s.bits, &v, sizeof v);
    call.statics.push_back(s);
  }
  void text(std::string_view s) { call.statics.push_back({0, s.data(), s.size()}); }
  void length(size_t n) { call.statics.push_back({n, nullptr, 0}); }
};

struct NameLeaves {
  static constexpr bool names = true;
  LeafNames& out;
  std::string path;
  std::vector<size_t> lengths = {};
  void enter(std::string_view part) {
    lengths.push_back(path.size());
    if (!path.empty()) path += '.';
    path += part;
  }
  void leave() {
    path.resize(lengths.back());
    lengths.pop_back();
  }
  void tensor(const Tensor&) { out.tensors.push_back(path); }
  template <class T>
  void number(const T& v) {
    if constexpr (std::is_enum_v<T>) add(path, std::to_string(static_cast<long long>(v)));
    else if constexpr (std::is_same_v<T, bool>) add(path, v ? "true" : "false");
    else add(path, std::to_string(v));
  }
  void text(std::string_view s) { add(path, '"' + std::string(s) + '"'); }
  void length(size_t n) { add("the length of " + path, std::to_string(n)); }
  void add(std::string name, std::string value) {
    out.statics.push_back(std::move(name));
    out.static_values.push_back(std::move(value));
  }
};

struct Replace {  // every tensor by the next of a list
  static constexpr bool names = false;
  const Tensor* next;
  void tensor(Tensor& t) { t = *next++; }
  template <class T>
  void number(const T&) {}
  void text(std::string_view) {}
  void length(size_t) {}
};
struct MoveIn {
  static constexpr bool names = false;
  Tensor* next;
  void tensor(Tensor& t) { t = std::move(*next++); }
  template <class T>
  void number(const T&) {}
  void text(std::string_view) {}
  void length(size_t) {}
};
template <class List>
struct MoveOut {
  static constexpr bool names = false;
  List& out;
  void tensor(Tensor& t) { out.push_back(std::move(t)); }
  template <class T>
  void number(const T&) {}
  void text(std::string_view) {}
  void length(size_t) {}
};

template <class F>
struct JitState {
  F f;
  Core* core;
  JitState(F function, const JitOptions& options) : f(std::move(function)), core(make_core(options)) {}
  ~JitState() { release_core(core); }
  JitState(const JitState&) = delete;
};

// A call with its types: args are held by the caller.
template <class F, class R, class... H>
class Bound {
 public:
  Bound(JitState<F>& state, Loc where, H&... args) : state_(state), args_(args...) {
    call.signature = &signature_of<R, H...>;
    call.where = where;
    call.context = this;
    call.invoke = &invoke;
    call.name = &name;
    Flatten v{call};
    (walk(args, v), ...);
  }
  R run() {
    Results r;
    run_call(*state_.core, call, r);
    return assemble(r);
  }
  R eager() {
    Results r;
    run_eagerly(*state_.core, call, r);
    return assemble(r);
  }
  R run(const Entry& e) {
    Results r;
    run_entry(*state_.core, e, call, r);
    return assemble(r);
  }
  static R assemble(Results& r) {
    if constexpr (std::is_same_v<R, Tensor>) {
      return std::move(r.few[0]);
    } else {
      R result(*static_cast<const R*>(r.rest.get()));
      MoveIn v{r.data()};
      walk(result, v);
      return result;
    }
  }
  Call& flat() { return call; }
  Call call;

 private:
  static void invoke(void* context, const Tensor* leaves, Outcome& out) {
    auto& self = *static_cast<Bound*>(context);
    std::tuple<H...> args(self.args_);
    Replace v{leaves};
    std::apply([&](auto&... x) { (walk(x, v), ...); }, args);
    R result = std::apply([&](auto&... x) -> R { return self.state_.f(std::move(x)...); }, args);
    if constexpr (std::is_same_v<R, Tensor>) {
      out.tensors.push_back(std::move(result));
    } else {
      MoveOut<std::vector<Tensor>> take{out.tensors};
      walk(result, take);
      out.rest = std::make_shared<const R>(std::move(result));
    }
  }
  static void name(void* context, LeafNames& out) {
    auto& self = *static_cast<Bound*>(context);
    std::apply(
        [&](auto&... x) {
          int i = 0;
          auto one = [&](auto& a) {
            NameLeaves v{out, "arg" + std::to_string(i++)};
            walk(a, v);
          };
          (one(x), ...);
          static_cast<void>(one);
        },
        self.args_);
  }

  JitState<F>& state_;
  std::tuple<H&...> args_;
};

// What an argument of a generic function is held as: numbers become inputs.
template <class A>
using HeldGeneric =
    std::conditional_t<Number<std::decay_t<A>>, Tensor,
                       std::conditional_t<std::is_convertible_v<A, std::string_view>, std::string, std::decay_t<A>>>;

struct Generic {};
template <class T>
struct SignatureOf {
  using type = Generic;
};
template <class R, class... P>
struct SignatureOf<R (*)(P...)> {
  using type = R(P...);
};
template <class R, class... P>
struct SignatureOf<R (*)(P...) noexcept> {
  using type = R(P...);
};
template <class T>
struct MemberSignature;
#define FRIT_X(qualifiers)                               \
  template <class C, class R, class... P>                \
  struct MemberSignature<R (C::*)(P...) qualifiers> {    \
    using type = R(P...);                                \
  };
FRIT_X() FRIT_X(const) FRIT_X(noexcept) FRIT_X(const noexcept) FRIT_X(&) FRIT_X(const&)
#undef FRIT_X
template <class T>
  requires requires { &T::operator(); }
struct SignatureOf<T> {
  using type = typename MemberSignature<decltype(&T::operator())>::type;
};

}  // namespace detail

// One signature, compiled: no data was needed for it, and it never retraces. Its arguments must have
// exactly the types and shapes it was compiled for.
template <class F, class R, class... H>
class Compiled {
 public:
  Compiled(std::shared_ptr<detail::JitState<F>> state, std::shared_ptr<const detail::Entry> entry)
      : state_(std::move(state)), entry_(std::move(entry)) {}

  R operator()(H... args, Loc where = Loc::current()) const {
    return detail::Bound<F, R, H...>(*state_, where, args...).run(*entry_);
  }
  // Writes the results into out's own buffers where they have the right size and nobody else holds
  // them; otherwise out gets new ones. Allocates nothing when warm.
  void into(R& out, H... args, Loc where = Loc::current()) const {
    detail::Bound<F, R, H...> bound(*state_, where, args...);
    detail::Results r;
    detail::MoveOut<detail::Results> take{r};
    detail::walk(out, take);
    struct PutBack {  // also where the call throws
      R& out;
      detail::Results& r;
      ~PutBack() {
        detail::MoveIn back{r.data()};
        detail::walk(out, back);
      }
    };
    if (r.count != detail::results_of(*entry_)) {
      { const PutBack now{out, r}; }
      out = bound.run(*entry_);
      return;
    }
    PutBack put_back{out, r};
    r.reuse = true;
    detail::run_entry(*state_->core, *entry_, bound.call, r);
    if constexpr (!std::is_same_v<R, Tensor>) out = *static_cast<const R*>(r.rest.get());  // all but the tensors
  }

 private:
  std::shared_ptr<detail::JitState<F>> state_;
  std::shared_ptr<const detail::Entry> entry_;
};

// A jitted function; copies share what was compiled. Calls from many threads are safe, and compile once
// a signature.
template <class F, class Signature>
class Jitted;

// Parameters of declared types.
template <class F, class R0, class... P>
class Jitted<F, R0(P...)> {
  static_assert(!(... || (std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>)),
                "frit::jit: take arguments by value or const&, and return what changes");
  static_assert(!std::is_void_v<R0>, "frit::jit: the function has to return its results");
  using R = std::decay_t<R0>;
  template <class T>
  using Held = std::decay_t<T>;
  using Call = detail::Bound<F, R, Held<P>...>;

 public:
  Jitted(F f, const JitOptions& options) : state_(std::make_shared<detail::JitState<F>>(std::move(f), options)) {}

  R operator()(Held<P>... args, Loc where = Loc::current()) const { return Call(*state_, where, args...).run(); }
  R eager(Held<P>... args, Loc where = Loc::current()) const { return Call(*state_, where, args...).eager(); }
  Compiled<F, R, Held<P>...> compile(Held<P>... args, Loc where = Loc::current()) const {
    return {state_, detail::compile_call(*state_->core, Call(*state_, where, args...).flat())};
  }
  std::string ir(Level level, Held<P>... args, Loc where = Loc::current()) const {
    return detail::ir_of_call(*state_->core, Call(*state_, where, args...).flat(), level);
  }
  Report explain(Held<P>... args, Loc where = Loc::current()) const {
    return detail::explain_call(*state_->core, Call(*state_, where, args...).flat());
  }
  Comparison compare(Held<P>... args, Loc where = Loc::current()) const {
    return detail::compare_call(*state_->core, Call(*state_, where, args...).flat());
  }
  JitStats stats() const { return detail::stats_of(*state_->core); }
  void clear() const { detail::forget(*state_->core); }  // drops all that was compiled

 private:
  std::shared_ptr<detail::JitState<F>> state_;
};

// Generic callables: the arguments decide.
template <class F>
class Jitted<F, detail::Generic> {
  template <class A>
  using Held = detail::HeldGeneric<A>;
  template <class... A>
  using Result = std::decay_t<std::invoke_result_t<F&, Held<A>...>>;
  template <class... A>
  using Call = detail::Bound<F, Result<A...>, Held<A>...>;

  template <class Use, class... A>
  decltype(auto) with_call(Use&& use, A&&... args) const {
    std::tuple<Held<A>...> held(std::forward<A>(args)...);
    return std::apply([&](auto&... x) -> decltype(auto) { return use(Call<A...>(*state_, Loc{}, x...)); }, held);
  }

 public:
  Jitted(F f, const JitOptions& options) : state_(std::make_shared<detail::JitState<F>>(std::move(f), options)) {}

  template <class... A>
  Result<A...> operator()(A&&... args) const {
    return with_call([](auto&& c) { return c.run(); }, std::forward<A>(args)...);
  }
  template <class... A>
  Result<A...> eager(A&&... args) const {
    return with_call([](auto&& c) { return c.eager(); }, std::forward<A>(args)...);
  }
  template <class... A>
  Compiled<F, Result<A...>, Held<A>...> compile(A&&... args) const {
    return {state_, with_call([&](auto&& c) { return detail::compile_call(*state_->core, c.call); }, std::forward<A>(args)...)};
  }
  template <class... A>
  std::string ir(Level level, A&&... args) const {
    return with_call([&](auto&& c) { return detail::ir_of_call(*state_->core, c.call, level); }, std::forward<A>(args)...);
  }
  template <class... A>
  Report explain(A&&... args) const {
    return with_call([&](auto&& c) { return detail::explain_call(*state_->core, c.call); }, std::forward<A>(args)...);
  }
  template <class... A>
  Comparison compare(A&&... args) const {
    return with_call([&](auto&& c) { return detail::compare_call(*state_->core, c.call); }, std::forward<A>(args)...);
  }
  JitStats stats() const { return detail::stats_of(*state_->core); }
  void clear() const { detail::forget(*state_->core); }

 private:
  std::shared_ptr<detail::JitState<F>> state_;
};

// Wraps any callable: function pointers, lambdas, generic lambdas, function objects.
template <class F>
auto jit(F f, const JitOptions& options = {}) {
  return Jitted<F, typename detail::SignatureOf<F>::type>(std::move(f), options);
}

// Stands for a tensor of this type and shape where no data is needed: g.compile(spec<float>({128, 1024})),
// g.ir(Level::fused, spec<float>({8})). Its numbers cannot be read.
Tensor spec(DType t, Shape shape);
template <Number T>
Tensor spec(Shape shape) {
  return spec(dtype_of<T>(), std::move(shape));
}

}  // namespace frit
