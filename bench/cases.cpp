// See cases.h. The functions come first, as a user would write them.
#include "bench/cases.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "bench/adamw.h"
#include "bench/functions.h"
#include "bench/runner.h"

namespace frit::bench {
namespace {

Tensor saxpy(Tensor x, Tensor y) { return 2.5f * x + y; }

Tensor add(Tensor x, Tensor y) { return x + y; }

Tensor gelu_tanh(Tensor x) { return 0.5f * x * (1.0f + tanh(0.79788456f * (x + 0.044715f * x * x * x))); }

std::pair<Tensor, Tensor> black_scholes(Tensor spot, Tensor strike, Tensor years) {
  const float rate = 0.02f, volatility = 0.3f;
  const Tensor spread = volatility * sqrt(years);
  const Tensor d1 = (log(spot / strike) + (rate + 0.5f * volatility * volatility) * years) / spread;
  const Tensor d2 = d1 - spread;
  auto normal_cdf = [](const Tensor& d) { return 0.5f * (1.0f + erf(0.70710678f * d)); };
  const Tensor discounted = strike * exp(-rate * years);
  const Tensor call = spot * normal_cdf(d1) - discounted * normal_cdf(d2);
  const Tensor put = call - spot + discounted;
  return {call, put};
}

Tensor chain(Tensor x, int rounds) {
  const float c = 0.25f;
  Tensor y = x;
  for (int i = 0; i < rounds; ++i) y = maximum(y * x + c - x, c);
  return y;
}
Tensor chain20(Tensor x) { return chain(x, 5); }
Tensor chain200(Tensor x) { return chain(x, 50); }

Tensor add_transpose(Tensor x) { return x + transpose(x); }

Tensor sum_all(Tensor x) { return sum(x); }
Tensor sum_rows(Tensor x) { return sum(x, 1); }
Tensor sum_cols(Tensor x) { return sum(x, 0); }

std::tuple<Tensor, Tensor, Tensor> adam(Tensor w, Tensor m, Tensor v, Tensor g) {
  const float rate = 1e-3f, beta1 = 0.9f, beta2 = 0.999f, eps = 1e-8f;
  m = beta1 * m + (1.0f - beta1) * g;
  v = beta2 * v + (1.0f - beta2) * g * g;
  w = w - rate * m / (sqrt(v) + eps);
  return {w, m, v};
}

Tensor tiny(Tensor x, Tensor y) { return (x * y + x) - y; }

std::vector<Case> make_cases() {
  const Shape flat{int64_t{1} << 26};
  const Range one{-1, 1};
  return {
      {"saxpy", "2.5*x + y", Kind::memory, flat, {2, 1}, Family::elementwise, true, runner("saxpy", saxpy, {one, one})},
      {"gelu", "the tanh form", Kind::memory, flat, {1, 1}, Family::elementwise, true, runner("gelu", gelu_tanh, {Range{-4, 4}})},
      {"black_scholes", "prices of calls and puts from spot, strike and years", Kind::memory, flat, {3, 2}, Family::elementwise, true,
       runner("black_scholes", black_scholes, {Range{20, 180}, Range{20, 180}, Range{0.1, 3}})},
      {"chain20", "5 rounds of y*x, +c, -x, max(y, c)", Kind::memory, flat, {1, 1}, Family::elementwise, true, runner("chain20", chain20, {one})},
      {"add_transpose", "x + transpose(x)", Kind::memory, {8192, 8192}, {1, 1}, Family::other, false, runner("add_transpose", add_transpose, {one})},
      {"sum_all", "sum of all elements", Kind::memory, {65536, 1024}, {1, 0}, Family::sums, false, runner("sum_all", sum_all, {one})},
      {"sum_rows", "sums of rows", Kind::memory, {65536, 1024}, {1, 0}, Family::sums, false, runner("sum_rows", sum_rows, {one})},
      {"sum_cols", "sums of columns", Kind::memory, {65536, 1024}, {1, 0}, Family::sums, false, runner("sum_cols", sum_cols, {one})},
      {"softmax", "of rows", Kind::memory, {16384, 4096}, {1, 1}, Family::exp_rows, false, runner("softmax", softmax_rows, {Range{-8, 8}})},
      {"softmax_bf16", "of rows of bf16", Kind::memory, {16384, 8192}, {1, 1}, Family::exp_rows, false,
       runner("softmax_bf16", softmax_rows, {Range{-8, 8}}, DType::bf16), DType::bf16},
      {"swiglu_bf16", "silu(gate) * up of bf16", Kind::memory, {16384, 8192}, {2, 1}, Family::exp_rows, false,
       runner("swiglu_bf16", swiglu, {Range{-4, 4}, one}, DType::bf16), DType::bf16},
      {"layernorm", "of rows, with scale and bias", Kind::memory, {65536, 1024}, {1, 1}, Family::rows, false,
       runner("layernorm", layernorm, {Range{-3, 5}, Range{0.5, 1.5, true}, Range{-1, 1, true}})},
      {"adam", "a step of Adam: three results in place of the state", Kind::memory, {int64_t{1} << 24}, {4, 3, true}, Family::elementwise, false,
       runner<3>("adam", adam, {one, Range{-0.1, 0.1}, Range{0, 0.1}, one})},
      {"adamw200", "a step of AdamW over the 200 tensors of a transformer", Kind::memory, {int64_t{1} << 24}, {4, 3, true}, Family::elementwise, false, adamw_runner(), DType::f32,
       transformer_shapes},
      {"add", "x + y: eagerly it is the plain one-op kernel", Kind::memory, flat, {2, 1}, Family::elementwise, false, runner("add", add, {one, one})},
      {"chain20_l2", "chain20 in cache", Kind::cached, {1 << 16}, {1, 1}, Family::elementwise, false, runner("chain20_l2", chain20, {one})},
      {"softmax_l2", "softmax of rows in cache", Kind::cached, {128, 512}, {1, 1}, Family::exp_rows, false, runner("softmax_l2", softmax_rows, {Range{-8, 8}})},
      {"tiny", "x*y + x - y on 16 elements: the cost of a call", Kind::call, {16}, {2, 1}, Family::other, false, runner("tiny", tiny, {one, one})},
      {"chain200", "50 rounds of chain20's ops: what compiling costs an op", Kind::compile, {1 << 16}, {1, 1}, Family::elementwise, false,
       runner("chain200", chain200, {one})},
  };
}

}  // namespace

const std::vector<Case>& cases() {
  static const std::vector<Case> all = make_cases();
  return all;
}

std::string_view name(Kind kind) {
  switch (kind) {
    case Kind::memory: return "memory";
    case Kind::cached: return "cached";
    case Kind::call: return "call";
    case Kind::product: return "product";
    case Kind::compile: return "compile";
  }
  return "";
}

std::string_view name(Family family) {
  switch (family) {
    case Family::elementwise: return "elementwise";
    case Family::rows: return "rows";
    case Family::exp_rows: return "rows with exponentials";
    case Family::sums: return "sums";
    case Family::other: return "other";
  }
  return "";
}

Numerics compared_numerics(const Case& c) { return is_half(c.dtype) && c.family == Family::exp_rows ? Numerics::fast : Numerics::strict; }

Shape scaled(const Case& c, int64_t scale) {
  std::vector<int64_t> extents = c.shape.vec();
  if (extents.size() == 2 && extents[0] == extents[1]) {
    const auto side = static_cast<double>(extents[0]) / std::sqrt(static_cast<double>(scale));
    extents[0] = extents[1] = std::max<int64_t>(1, std::llround(side));
  } else {
    extents[0] = std::max<int64_t>(1, extents[0] / scale);
  }
  return Shape(std::move(extents));
}

}  // namespace frit::bench
