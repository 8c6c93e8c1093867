// The cases that `frit bench --device=gpu` has beyond those of the CPU: rows of seven lengths in f32 and
// bf16, sums over each axis, larger activations, and a program of twenty kernels. The functions come
// first, as a user would write them; what works on bf16 works in f32 inside and rounds once.
#include "bench/adamw.h"
#include "bench/functions.h"
#include "bench/runner.h"

namespace frit::bench {
namespace {

// The gradient of layer norm for x, written out: g = dy*scale, h = (x - mean)*r, r*(g - mean(g) - h*mean(g*h)).
Tensor layernorm_backward(Tensor dy, Tensor x, Tensor scale) {
  const Tensor g = dy.to(DType::f32) * scale.to(DType::f32), w = x.to(DType::f32);
  const Tensor centred = w - mean(w, 1, true);
  const Tensor r = rsqrt(mean(centred * centred, 1, true) + 1e-5f);
  const Tensor h = centred * r;
  return (r * (g - mean(g, 1, true) - h * mean(g * h, 1, true))).to(x.dtype());
}

std::pair<Tensor, Tensor> residual_rms_norm(Tensor x, Tensor residual, Tensor scale) {
  const Tensor h = x + residual;
  return {h, rms_norm(h, scale)};
}

// -log softmax at the row's target: one number a row.
Tensor cross_entropy(Tensor logits, Tensor target) {
  const Tensor x = logits.to(DType::f32);
  const Tensor at = iota(Shape{x.shape()[1]}, DType::i32);
  return logsumexp(x, 1) - sum(where(eq(at, target), x, 0.0f), 1);
}

Tensor sum_axis0(Tensor x) { return sum(x, 0); }
Tensor sum_axis1(Tensor x) { return sum(x, 1); }
Tensor sum_axis2(Tensor x) { return sum(x, 2); }

Tensor product(Tensor x, Tensor w) { return matmul(x, w); }

Tensor linear_gelu(Tensor x, Tensor w, Tensor bias) { return gelu(matmul(x, w) + bias); }

// Twenty kernels: each row sum is needed by the whole next step, along the other axis.
Tensor kernels20(Tensor x) {
  for (int i = 0; i < 20; ++i) x = transpose(x) + sum(x, 1, true);
  return x;
}

// From here on: how a function becomes a case.

constexpr int64_t kElements = int64_t{1} << 26;

Maker make_cross_entropy(DType t) {
  return {[t](const Shape& s, Numerics numerics) -> std::unique_ptr<Runner> {
            const double last = static_cast<double>(s[1] - 1);
            return std::make_unique<FunctionRunner<Tensor, 0, Tensor, Tensor>>(
                "cross_entropy", cross_entropy, std::array<Tensor, 2>{input(s, 1, {-8, 8}, t), input(Shape{s[0], 1}, 2, {0, last}, DType::i32)}, numerics);
          },
          [t](const Shape& s) { return traced("cross_entropy", cross_entropy, {spec(t, s), spec(DType::i32, Shape{s[0], 1})}); }};
}

std::vector<Case> make_gpu_cases() {
  std::vector<Case> all;
  const std::pair<const char*, int64_t> lengths[] = {{"256", 256},     {"1k", 1 << 10},   {"4k", 4 << 10},    {"8k", 8 << 10},
                                                     {"32k", 32 << 10}, {"64k", 64 << 10}, {"256k", 256 << 10}};
  for (DType t : {DType::f32, DType::bf16})
    for (const auto& [text, n] : lengths) {
      const Shape rows{kElements / n, n};
      const std::string end = std::string("_") + std::string(name(t)) + "_" + text;
      auto add = [&](const char* function, const char* what, Traffic traffic, Family family, Maker make) {
        all.push_back({function + end, what, Kind::memory, rows, traffic, family, false, std::move(make), t});
      };
      add("softmax", "of rows", {1, 1}, Family::exp_rows, runner("softmax", softmax_rows, {Range{-8, 8}}, t));
      add("layernorm", "of rows, with scale and bias", {1, 1}, Family::rows,
          runner("layernorm", layernorm, {Range{-3, 5}, Range{0.5, 1.5, true}, Range{-1, 1, true}}, t));
      add("layernorm_backward", "the gradient for x, written out", {2, 1}, Family::rows,
          runner("layernorm_backward", layernorm_backward, {Range{-1, 1}, Range{-3, 5}, Range{0.5, 1.5, true}}, t));
      add("residual_rms_norm", "x + residual and its RMS norm: two results", {2, 2}, Family::rows,
          runner("residual_rms_norm", residual_rms_norm, {Range{-3, 5}, Range{-1, 1}, Range{0.5, 1.5, true}}, t));
      add("cross_entropy", "of rows of logits and their targets", {1, 0}, Family::exp_rows, make_cross_entropy(t));
    }
  all.push_back({"swiglu_bf16_14336", "silu(gate) * up of bf16", Kind::memory, {8192, 14336}, {2, 1}, Family::exp_rows, false,
                 runner("swiglu", swiglu, {Range{-4, 4}, Range{-1, 1}}, DType::bf16), DType::bf16});
  const Shape cube{256, 512, 512};
  const Range one{-1, 1};
  all.push_back({"sum_axis0", "sums over the first of three axes", Kind::memory, cube, {1, 0}, Family::sums, false, runner("sum_axis0", sum_axis0, {one})});
  all.push_back({"sum_axis1", "over the second", Kind::memory, cube, {1, 0}, Family::sums, false, runner("sum_axis1", sum_axis1, {one})});
  all.push_back({"sum_axis2", "over the last", Kind::memory, cube, {1, 0}, Family::sums, false, runner("sum_axis2", sum_axis2, {one})});
  const Shape square{4096, 4096};
  const Range row{-1, 1, true};
  for (DType t : {DType::f32, DType::bf16}) {
    const std::string end = "_" + std::string(name(t));
    all.push_back({"product" + end, "a matrix product", Kind::product, square, {2, 1}, Family::other, false, runner("product", product, {one, one}, t), t});
    all.push_back({"linear_gelu" + end, "gelu(x * w + bias): a product and one kernel, or its epilogue", Kind::product, square, {2, 1}, Family::other, false,
                   runner("linear_gelu", linear_gelu, {one, one, row}, t), t});
  }
  all.push_back({"adamw200_100m", "a step of AdamW over 200 tensors of together 100M parameters", Kind::memory, {100'000'000}, {4, 3, true}, Family::elementwise, false, adamw_runner(),
                 DType::f32, transformer_shapes});
  all.push_back({"kernels20", "twenty kernels on 32x32: the cost of a program", Kind::call, {32, 32}, {1, 1}, Family::other, false, runner("kernels20", kernels20, {one})});
  return all;
}

}  // namespace

const std::vector<Case>& gpu_cases() {
  static const std::vector<Case> all = make_gpu_cases();
  return all;
}

}  // namespace frit::bench
