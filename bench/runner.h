// How a function on tensors becomes a case: its runner on inputs, eager and through jit.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bench/cases.h"
#include "bench/inputs.h"
#include "frit/frit.h"

namespace frit::bench {

inline std::vector<Tensor> list(Tensor t) { return {std::move(t)}; }
inline std::vector<Tensor> list(std::pair<Tensor, Tensor> t) { return {std::move(t.first), std::move(t.second)}; }
inline std::vector<Tensor> list(std::tuple<Tensor, Tensor, Tensor> t) {
  return {std::move(std::get<0>(t)), std::move(std::get<1>(t)), std::move(std::get<2>(t))};
}

// A copy on the thread's device.
inline Tensor copy_of(const Tensor& t) { return Tensor::copy_bytes(t.bytes().data(), t.count(), t.dtype(), t.shape()); }

// A function of N tensors. The first `State` arguments are given away in each call and replaced by the
// first results.
template <class R, size_t State, class... T>
class FunctionRunner : public Runner {
 public:
  FunctionRunner(std::string name, R (*f)(T...), std::array<Tensor, sizeof...(T)> inputs, Numerics numerics)
      : name_(std::move(name)), f_(f), numerics_(numerics), jitted_(jit(f, {.name = name_, .numerics = numerics})), eager_{{inputs}, {}, 0}, fused_{{std::move(inputs)}, {}, 0} {
    for (size_t i = 0; i < State; ++i) fused_.inputs[0][i] = copy_of(fused_.inputs[0][i]);
  }

  std::vector<Tensor> eager() override { return keep(call(f_, eager_.inputs[0]), eager_.inputs[0]); }
  std::vector<Tensor> fused() override { return keep(call(jitted_, fused_.inputs[0]), fused_.inputs[0]); }
  void eager_again(int times) override { again(f_, eager_, times); }
  void fused_again(int times) override { again(jitted_, fused_, times); }

  void rotate(int copies) override {
    const size_t n = static_cast<size_t>(copies);
    for (Ring* ring : {&eager_, &fused_}) {
      while (ring->inputs.size() < n) {
        Inputs more = ring->inputs[0];
        // What is only read may be the same in both rings.
        for (size_t i = 0; i < more.size(); ++i)
          more[i] = i < State || ring == &eager_ ? copy_of(more[i]) : eager_.inputs[ring->inputs.size()][i];
        ring->inputs.push_back(std::move(more));
      }
      if (n > 1) ring->results.resize(n);
    }
  }

  Cold cold() override {
    clear_caches();
    auto fresh = jit(f_, {.name = name_, .numerics = numerics_});
    std::array<Tensor, sizeof...(T)> specs;
    for (size_t i = 0; i < specs.size(); ++i) specs[i] = spec(first()[i].dtype(), first()[i].shape());
    std::apply([&](const auto&... s) { fresh.compile(s...); }, specs);
    const JitStats s = fresh.stats();
    return {s.trace_ms * 1000, s.lower_ms, s.compile_ms};
  }

  std::vector<Tensor> inputs() override { return {first().begin(), first().end()}; }

 private:
  using Inputs = std::array<Tensor, sizeof...(T)>;

  // Inputs that calls take in turn, and the results of the last call with each (where they rotate).
  struct Ring {
    std::vector<Inputs> inputs;
    std::vector<std::vector<Tensor>> results;
    size_t at = 0;
  };

  const Inputs& first() const { return fused_.inputs[0]; }

  template <class F>
  static void again(const F& f, Ring& ring, int times) {
    for (int i = 0; i < times; ++i) {
      Inputs& in = ring.inputs[ring.at];
      if (ring.results.empty()) go_on(call(f, in), in);
      else ring.results[ring.at] = keep(call(f, in), in);
      ring.at = (ring.at + 1) % ring.inputs.size();
    }
  }
  template <class F>
  static R call(const F& f, Inputs& in) {
    return call(f, in, std::make_index_sequence<sizeof...(T)>());
  }
  template <class F, size_t... I>
  static R call(const F& f, Inputs& in, std::index_sequence<I...>) {
    return f(pass<I>(in)...);
  }
  template <size_t I>
  static Tensor pass(Inputs& in) {
    if constexpr (I < State) return std::move(in[I]);
    else return in[I];
  }
  static void go_on(R result, Inputs& in) {
    if constexpr (State > 0) {
      std::vector<Tensor> all = list(std::move(result));
      for (size_t i = 0; i < State; ++i) in[i] = std::move(all[i]);
    }
  }
  static std::vector<Tensor> keep(R result, Inputs& in) {
    std::vector<Tensor> all = list(std::move(result));
    for (size_t i = 0; i < State; ++i) in[i] = all[i];
    return all;
  }

  std::string name_;
  R (*f_)(T...);
  Numerics numerics_;
  decltype(jit(std::declval<R (*)(T...)>())) jitted_;
  Ring eager_, fused_;
};

// Inputs uniform in [lo, hi), one seed each; of the case's shape, or of its last axis alone.
struct Range {
  double lo = -1, hi = 1;
  bool row = false;
};
inline Tensor input(const Shape& shape, uint64_t seed, Range range, DType t = DType::f32) {
  std::vector<std::byte> data(static_cast<size_t>(shape.count() * size_of(t)));
  fill(t, seed, range.lo, range.hi, shape.count(), data.data());
  return Tensor::copy_bytes(data.data(), shape.count(), t, shape);
}

template <class R, class... T>
std::string traced(const char* name, R (*f)(T...), const std::array<Tensor, sizeof...(T)>& specs) {
  auto jitted = jit(f, {.name = name});
  return std::apply([&](const auto&... s) { return jitted.ir(Level::tensor, s...); }, specs);
}

template <size_t State = 0, class R, class... T>
Maker runner(const char* name, R (*f)(T...), std::array<Range, sizeof...(T)> ranges, DType t = DType::f32) {
  using Inputs = std::array<Tensor, sizeof...(T)>;
  auto shape_of = [ranges](const Shape& shape, size_t i) { return ranges[i].row ? Shape{shape[shape.rank() - 1]} : shape; };
  return {[=](const Shape& shape, Numerics numerics) -> std::unique_ptr<Runner> {
            Inputs inputs;
            for (size_t i = 0; i < inputs.size(); ++i) inputs[i] = input(shape_of(shape, i), i + 1, ranges[i], t);
            return std::make_unique<FunctionRunner<R, State, T...>>(name, f, std::move(inputs), numerics);
          },
          [=](const Shape& shape) {
            Inputs specs;
            for (size_t i = 0; i < specs.size(); ++i) specs[i] = spec(t, shape_of(shape, i));
            return traced(name, f, specs);
          }};
}

}  // namespace frit::bench
