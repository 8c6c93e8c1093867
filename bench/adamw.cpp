// See adamw.h. The function comes first, as a user would write it.
#include "bench/adamw.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "bench/runner.h"

namespace frit::bench {
namespace {

using Tensors = std::vector<Tensor>;
using State = std::tuple<Tensors, Tensors, Tensors>;  // parameters, both moments

// As torch.optim.AdamW: decoupled weight decay, bias correction. The numbers of the step, which change
// from call to call, are tensors: decay = 1 - rate*0.01, size = rate/(1 - 0.9^t), root = sqrt(1 - 0.999^t).
State adamw(Tensors p, Tensors m, Tensors v, Tensors g, Tensor decay, Tensor size, Tensor root) {
  const float beta1 = 0.9f, beta2 = 0.999f, eps = 1e-8f;
  for (size_t i = 0; i < p.size(); ++i) {
    m[i] = m[i] + (1.0f - beta1) * (g[i] - m[i]);
    v[i] = beta2 * v[i] + (1.0f - beta2) * g[i] * g[i];
    p[i] = p[i] * decay - size * (m[i] / (sqrt(v[i]) / root + eps));
  }
  return {std::move(p), std::move(m), std::move(v)};
}

struct Step {
  Tensor decay, size, root;
  explicit Step(int t) {
    const double rate = 1e-3;
    decay = Tensor(static_cast<float>(1 - rate * 0.01));
    size = Tensor(static_cast<float>(rate / (1 - std::pow(0.9, t))));
    root = Tensor(static_cast<float>(std::sqrt(1 - std::pow(0.999, t))));
  }
};

struct Inputs {
  Tensors p, m, v, g;
};

Inputs make_inputs(const std::vector<Shape>& shapes) {
  Inputs in;
  for (size_t i = 0; i < shapes.size(); ++i) {
    in.p.push_back(input(shapes[i], 4 * i + 1, {-1, 1}));
    in.m.push_back(input(shapes[i], 4 * i + 2, {-0.1, 0.1}));
    in.v.push_back(input(shapes[i], 4 * i + 3, {0, 0.1}));
    in.g.push_back(input(shapes[i], 4 * i + 4, {-1, 1}));
  }
  return in;
}

Tensors copy_of_all(const Tensors& from) {
  Tensors to;
  for (const Tensor& t : from) to.push_back(copy_of(t));
  return to;
}

Tensors specs_of(const std::vector<Shape>& shapes) {
  Tensors out;
  for (const Shape& s : shapes) out.push_back(spec(DType::f32, s));
  return out;
}

// The state is given away in each call, and replaced by the results.
class AdamwRunner : public Runner {
 public:
  AdamwRunner(const std::vector<Shape>& shapes, Numerics numerics) : numerics_(numerics), eager_{make_inputs(shapes)} {
    const Inputs& in = eager_[0];
    fused_.push_back({copy_of_all(in.p), copy_of_all(in.m), copy_of_all(in.v), in.g});
  }

  std::vector<Tensor> eager() override { return results(call(adamw, eager_[0])); }
  std::vector<Tensor> fused() override { return results(call(jitted_, fused_[0])); }
  void eager_again(int times) override { again(adamw, eager_, eager_at_, times); }
  void fused_again(int times) override { again(jitted_, fused_, fused_at_, times); }
  void rotate(int copies) override {
    for (auto* ring : {&eager_, &fused_})
      while (ring->size() < static_cast<size_t>(copies)) {
        const Inputs& in = ring->front();
        ring->push_back({copy_of_all(in.p), copy_of_all(in.m), copy_of_all(in.v), copy_of_all(in.g)});
      }
  }
  Cold cold() override {
    clear_caches();
    auto fresh = jit(adamw, {.name = "adamw", .numerics = numerics_});
    std::vector<Shape> shapes;
    for (const Tensor& t : fused_[0].p) shapes.push_back(t.shape());
    const Tensors specs = specs_of(shapes);
    fresh.compile(specs, specs, specs, specs, step_.decay, step_.size, step_.root);
    const JitStats s = fresh.stats();
    return {s.trace_ms * 1000, s.lower_ms, s.compile_ms};
  }
  std::vector<Tensor> inputs() override { return fused_[0].p; }

 private:
  template <class F>
  Inputs& call(const F& f, Inputs& in) {
    std::tie(in.p, in.m, in.v) = f(std::move(in.p), std::move(in.m), std::move(in.v), in.g, step_.decay, step_.size, step_.root);
    return in;
  }
  template <class F>
  void again(const F& f, std::vector<Inputs>& ring, size_t& at, int times) {
    for (int i = 0; i < times; ++i, at = (at + 1) % ring.size()) call(f, ring[at]);
  }
  static std::vector<Tensor> results(const Inputs& in) {
    std::vector<Tensor> all = in.p;
    all.insert(all.end(), in.m.begin(), in.m.end());
    all.insert(all.end(), in.v.begin(), in.v.end());
    return all;
  }

  const Step step_{10};
  Numerics numerics_;
  decltype(jit(adamw)) jitted_ = jit(adamw, {.name = "adamw", .numerics = numerics_});
  std::vector<Inputs> eager_, fused_;
  size_t eager_at_ = 0, fused_at_ = 0;
};

}  // namespace

std::vector<Shape> transformer_shapes(int64_t n) {
  constexpr int kLayers = 16;
  // 12 d^2 a layer, embeddings of about 50 d tokens.
  const int64_t d = std::max<int64_t>(1, std::llround(std::floor(std::sqrt(static_cast<double>(n) / 247))));
  std::vector<Shape> all;
  for (int l = 0; l < kLayers; ++l)
    for (const Shape& s : {Shape{3 * d, d}, Shape{3 * d}, Shape{d, d}, Shape{d}, Shape{4 * d, d}, Shape{4 * d}, Shape{d, 4 * d}, Shape{d}, Shape{d}, Shape{d},
                           Shape{d}, Shape{d}})
      all.push_back(s);
  all.insert(all.end(), {Shape{8 * d / 5 + 1, d}, Shape{d}, Shape{d}, Shape{d}, Shape{d}, Shape{d, d}});  // positions, norms, a last projection
  int64_t left = n;
  for (const Shape& s : all) left -= s.count();
  left = std::max<int64_t>(left, d + 1);
  all.push_back({left / d - 1, d});       // tokens
  all.push_back({d + left % d});          // what is left: a bias
  return all;
}

Maker adamw_runner() {
  return {[](const Shape& s, Numerics numerics) -> std::unique_ptr<Runner> { return std::make_unique<AdamwRunner>(transformer_shapes(s.count()), numerics); },
          [](const Shape& s) {
            const Tensors specs = specs_of(transformer_shapes(s.count()));
            const Step step(10);
            return jit(adamw, {.name = "adamw"}).ir(Level::tensor, specs, specs, specs, specs, step.decay, step.size, step.root);
          }};
}

}  // namespace frit::bench
