// Matrix products on a GPU through the library (a fake one where there is no GPU), against the
// interpreter. Whole numbers small enough make every order of sums give the same bits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <numeric>
#include <set>

#include "frit/frit.h"
#include "frontend/device.h"
#include "ir/interpret.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "lowering/compile.h"
#include "runtime/gpu.h"
#include "tests/cuda_emulation/emulated.h"
#include "tests/cuda_programs/emulated_engine.h"
#include "tests/engines/execution.h"
#include "tests/engines/inputs.h"
#include "tests/engines/random.h"
#include "tests/engines/written.h"
#include "tests/gpu/device.h"
#include "tests/gpu/on_gpu.h"
#include "tests/runtime_cuda/fake_cublaslt.h"

namespace frit::test {
namespace {

Arrays whole_numbers(const ir::Func& f, uint64_t seed) {
  return drawn_inputs(f, seed * 77, []<class T>(Random& r, T) { return static_cast<T>(static_cast<compute_t<T>>(static_cast<double>(r.between(-2, 2)))); });
}

lower::CompileOptions library_options(uint64_t seed, bool fuse) {
  lower::CompileOptions o;
  if (gpu_is_emulated()) o = cuda_options_for(seed, fuse).compile;
  else o.target = lower::gpu_target(gpu_spec(gpu(0)));
  o.fuse = o.specialise = fuse;
  o.target.library_dots = true;
  o.target.library_workspace = 1 << 20;
  o.has_algorithm = [](const rt::Gemm& g) { return rt::gpu::can_gemm(0, g); };
  return o;
}

// Compiled with the library; the kernels of several together.
struct Prepared {
  std::string name;
  ir::Func f;
  Arrays args, want;
  std::shared_ptr<const lower::Program> program;
};
Prepared prepare(std::string name, ir::Func f, uint64_t seed, bool fuse) {
  Prepared p{std::move(name), std::move(f), {}, {}, nullptr};
  p.args = whole_numbers(p.f, seed);
  p.want = ir::interpret(p.f, p.args);
  p.program = lower::compile(p.f, library_options(2 + seed * 4, fuse));
  return p;
}

std::string problem_of(const Prepared& p) {
  for (bool unaligned : {false, true}) {
    Execution how;
    how.in_place = !unaligned;
    how.run = on_gpu(p.f, unaligned);
    rt::RunCounters counters;
    if (std::string text = execute(p.f, p.program->plan, p.args, p.want, how, counters); !text.empty())
      return text + "\n" + ir::print(p.f) + ir::print(p.program->fused);
  }
  return "";
}

// Runs them all; how many launches were the library's.
int64_t run_all(const std::deque<Prepared>& all) {
  std::vector<std::string> images;
  int64_t products = 0;
  for (const Prepared& p : all)
    for (const rt::Launch& l : p.program->plan.launches) {
      if (l.gpu) images.push_back(*l.gpu->image);
      else ++products;
    }
  if (gpu_is_emulated()) {
    EXPECT_EQ(compile_images(images, 2), "");
  }
  for (const Prepared& p : all) {
    const std::string problem = problem_of(p);
    EXPECT_EQ(problem, "") << p.name;
    if (!problem.empty()) break;
  }
  return products;
}

TEST(GpuDot, WrittenProgramsGiveTheInterpretersBytes) {
  std::deque<Prepared> all;
  for (const std::string& name : written_names()) {
    const Written w = load_written(name);
    // That of attention has exponentials between its dots: no whole numbers.
    if (ir::print(w.func).find(" = dot ") == std::string::npos || name.find("attention") != std::string::npos) continue;
    for (bool fuse : {true, false}) all.push_back(prepare(name, w.func, 1, fuse));
  }
  EXPECT_GE(all.size(), 16u);
  EXPECT_GE(run_all(all), 20);
}

std::string list(const std::vector<int64_t>& v) {
  std::string s = "[";
  for (size_t i = 0; i < v.size(); ++i) s += (i ? "," : "") + std::to_string(v[i]);
  return s + "]";
}

// A dot of any axes in any order, of operands that are permuted, sliced or broadcast views or neither,
// and what follows it. fast: under fast numerics, and a bias, relu or both follow.
std::string random_dot(uint64_t seed, bool fast = false) {
  Random r(seed);
  const char* types[] = {"f32", "bf16", "f16", "f64"};
  const std::string t = types[r.below(4)];
  auto extents = [&](uint64_t most) {
    static constexpr int64_t kSome[] = {1, 2, 3, 5, 8, 17};
    std::vector<int64_t> out;
    for (uint64_t n = r.below(most + 1); n > 0; --n) out.push_back(kSome[r.below(6)]);
    return out;
  };
  auto at_least_one = [&](uint64_t most) {
    std::vector<int64_t> e = extents(most);
    if (e.empty()) e.push_back(3);
    return e;
  };
  const std::vector<int64_t> batch = extents(2), m = at_least_one(2), n = extents(2), k = at_least_one(2);
  std::string text = fast ? "frit 1\nfast func @f(" : "frit 1\nfunc @f(";
  std::string body;
  struct Side {
    std::vector<int64_t> contracted, batch, free;  // axes of the operand
    std::string name;
  };
  auto side = [&](const char* name, const std::vector<int64_t>& free) {
    std::vector<int64_t> all = batch;
    all.insert(all.end(), free.begin(), free.end());
    all.insert(all.end(), k.begin(), k.end());
    std::vector<int64_t> order(all.size());  // place -> which of `all`
    std::iota(order.begin(), order.end(), 0);
    for (size_t i = order.size(); i-- > 1;) std::swap(order[i], order[r.below(i + 1)]);
    Side s;
    s.contracted.resize(k.size()), s.batch.resize(batch.size());
    std::vector<int64_t> shape;
    for (size_t place = 0; place < order.size(); ++place) {
      const auto which = static_cast<size_t>(order[place]);
      shape.push_back(all[which]);
      if (which < batch.size()) s.batch[which] = static_cast<int64_t>(place);
      else if (which >= batch.size() + free.size()) s.contracted[which - batch.size() - free.size()] = static_cast<int64_t>(place);
      else s.free.push_back(all[which]);
    }
    const std::string type = t + list(shape), p = std::string("%") + name;
    s.name = p + ".v";
    text += (name[0] == 'x' ? "" : ", ") + p + ": ";
    switch (r.below(4)) {
      case 0: {  // the parameter itself
        text += type;
        s.name = p;
        break;
      }
      case 1: {  // a permuted view
        std::vector<int64_t> to(shape.size()), from(shape.size());
        std::iota(to.begin(), to.end(), 0);
        for (size_t i = to.size(); i-- > 1;) std::swap(to[i], to[r.below(i + 1)]);
        for (size_t i = 0; i < to.size(); ++i) from[static_cast<size_t>(to[i])] = shape[i];
        text += t + list(from);
        body += "  " + s.name + " = permute " + p + " order=" + list(to) + " : " + type + "\n";
        break;
      }
      case 2: {  // a part
        std::vector<int64_t> from = shape, start(shape.size()), limit = shape, step(shape.size(), 1);
        for (size_t i = 0; i < shape.size(); ++i) start[i] = static_cast<int64_t>(r.below(3)), limit[i] += start[i], from[i] += start[i] + static_cast<int64_t>(r.below(2));
        text += t + list(from);
        body += "  " + s.name + " = slice " + p + " start=" + list(start) + " limit=" + list(limit) + " step=" + list(step) + " : " + type + "\n";
        break;
      }
      default: {  // broadcast over what leads
        std::vector<int64_t> from(shape.begin() + static_cast<std::ptrdiff_t>(r.below(shape.size())), shape.end());
        text += t + list(from);
        body += "  " + s.name + " = broadcast " + p + " : " + type + "\n";
      }
    }
    return s;
  };
  const Side x = side("x", m), y = side("y", n);
  std::vector<int64_t> out = batch;
  out.insert(out.end(), x.free.begin(), x.free.end());
  out.insert(out.end(), y.free.begin(), y.free.end());
  body += "  %d = dot " + x.name + ", " + y.name + " lhs=" + list(x.contracted) + " rhs=" + list(y.contracted) + " batch_lhs=" + list(x.batch) + " batch_rhs=" +
          list(y.batch) + " : " + t + list(out) + "\n";
  std::string result = "%d";
  if (r.one_in(2)) {
    std::vector<int64_t> order(out.size()), to;
    std::iota(order.begin(), order.end(), 0);
    for (size_t i = order.size(); i-- > 1;) std::swap(order[i], order[r.below(i + 1)]);
    for (int64_t a : order) to.push_back(out[static_cast<size_t>(a)]);
    body += "  %p = permute %d order=" + list(order) + " : " + t + list(to) + "\n";
    result = "%p", out = to;
  }
  if (fast) {
    const std::string type = t + list(out);
    const bool bias = !out.empty() && !r.one_in(4);
    if (bias) {
      text += ", %b: " + t + list({out.back()});
      body += "  %c = broadcast %b : " + type + "\n  %e = add %c, " + result + " : " + type + "\n";
      result = "%e";
    }
    if (!bias || r.one_in(2)) {
      body += "  %r = maximum " + result + ", 0.0 : " + type + "\n";
      result = "%r";
    }
  } else if (r.one_in(3)) {
    body += "  %s = add " + result + ", 1.0 : " + t + list(out) + "\n";
    result = "%s";
  }
  return text + ") -> " + t + list(out) + " {\n" + body + "  return " + result + "\n}\n";
}

TEST(GpuDot, RandomLayoutsGiveTheInterpretersBytes) {
  const uint64_t n = gpu_is_emulated() ? 150 : 400;
  if (fake_cublaslt()) fake_cublaslt()->forget_products();
  std::deque<Prepared> all;
  for (uint64_t seed = 1; seed <= n; ++seed) {
    const std::string name = "seed " + std::to_string(seed);
    all.push_back(prepare(name, ir::parse_verified(random_dot(seed), name), seed, seed % 4 != 0));
  }
  EXPECT_GE(run_all(all), static_cast<int64_t>(n * 3 / 4));
  if (!fake_cublaslt()) return;
  // All kinds of products came.
  std::set<std::string> kinds;
  for (const FakeProduct& p : fake_cublaslt()->products()) {
    kinds.insert("type " + std::to_string(p.d.type));
    kinds.insert(std::string("transposed ") + (p.transpose_a ? "a" : "") + (p.transpose_b ? "b" : ""));
    kinds.insert(p.d.batch == 1 ? "alone" : p.a.stride && p.b.stride ? "batch" : "batch over one matrix");
    if (p.a.ld > p.a.rows || p.b.ld > p.b.rows) kinds.insert("rows apart");
    if (p.d.ld > p.d.rows) kinds.insert("rows of the result apart");
    kinds.insert("aligned to " + std::to_string(p.alignment));
  }
  EXPECT_GE(kinds.size(), 16u);
  for (const char* k : {"batch", "alone", "rows apart", "rows of the result apart", "transposed a", "transposed b", "transposed ab", "transposed "})
    EXPECT_TRUE(kinds.count(k)) << k;
}

TEST(GpuDot, RandomEpiloguesGiveTheInterpretersBytes) {
  const uint64_t n = gpu_is_emulated() ? 100 : 400;
  std::deque<Prepared> all;
  std::set<std::string> kinds;
  int64_t epilogues = 0;
  for (uint64_t seed = 1; seed <= n; ++seed) {
    const std::string name = "fast seed " + std::to_string(seed);
    all.push_back(prepare(name, ir::parse_verified(random_dot(seed, true), name), seed, true));
    for (const rt::Launch& l : all.back().program->plan.launches)
      if (l.gemm && l.gemm->epilogue.any()) {
        ++epilogues;
        kinds.insert(rt::text(l.gemm->epilogue) + (l.gemm->batch > 1 ? " of a batch" : ""));
      }
  }
  run_all(all);
  if (!gpu_is_emulated()) return;  // a real library may lack some
  EXPECT_GE(epilogues, static_cast<int64_t>(n / 3));
  EXPECT_EQ(kinds.size(), 6u);
}

// The frontend.

std::vector<uint32_t> bits(const Tensor& x) {
  const auto raw = x.bytes();
  std::vector<uint32_t> out(raw.size() / 4);
  std::memcpy(out.data(), raw.data(), out.size() * 4);
  return out;
}
// f32[rows, columns] of small whole numbers.
Tensor whole(int64_t rows, int64_t columns, float seed) {
  const Tensor i = arange(static_cast<float>(rows * columns));
  return reshape(floor(sin(i * seed) * 3.0f), {rows, columns});
}
Tensor real(int64_t rows, int64_t columns, float seed) {
  return reshape(sin(arange(static_cast<float>(rows * columns)) * seed), {rows, columns});
}
Tensor layer(Tensor x, Tensor w, Tensor b) {
  const Tensor y = matmul(x, w) + b;
  return 0.5f * y * (1.0f + tanh(0.79788456f * (y + 0.044715f * y * y * y)));
}

TEST(GpuDot, ALayerIsAProductAndAKernel) {
  const Tensor x = whole(40, 33, 0.7f), w = whole(33, 24, 1.3f), b = reshape(whole(1, 24, 0.3f), {24});
  auto fast = jit(layer, {.name = "layer"});
  const Tensor gx = x.to(gpu()), gw = w.to(gpu()), gb = b.to(gpu());
  reset_run_counters();
  const Tensor y = fast(gx, gw, gb);
  EXPECT_EQ(run_counters().launches, 2);
  EXPECT_EQ(bits(y), bits(layer(x, w, b)));
  EXPECT_EQ(bits(layer(gx, gw, gb)), bits(y));
  const Report r = fast.explain(gx, gw, gb);
  ASSERT_EQ(r.kernels.size(), 2u) << r.text;
  EXPECT_EQ(r.kernels[0].schedule, "library");
  EXPECT_NE(r.text.find("why: cuBLASLt, f32 40x24 = 40x33 * 33x24"), std::string::npos) << r.text;
  EXPECT_NE(r.text.find("the library computes the product alone"), std::string::npos) << r.text;
  EXPECT_NE(fast.ir(Level::cuda, gx, gw, gb).find("a call of cuBLASLt, f32 40x24"), std::string::npos);
  EXPECT_NE(fast.ir(Level::kernel, gx, gw, gb).find("a call of cuBLASLt, f32 40x24"), std::string::npos);
}

Tensor gelu_layer(Tensor x, Tensor w, Tensor b) { return gelu(matmul(x, w) + b); }

TEST(GpuDot, UnderFastNumericsALayerIsACall) {
  for (DType t : {DType::f32, DType::bf16, DType::f16}) {
    const Tensor x = real(40, 33, 0.7f).to(t), w = real(33, 24, 1.3f).to(t), b = reshape(real(1, 24, 0.3f), {24}).to(t);
    const Tensor gx = x.to(gpu()), gw = w.to(gpu()), gb = b.to(gpu());
    const std::vector<float> want = gelu_layer(x, w, b).to(DType::f32).to_vector<float>();
    for (auto function : {gelu_layer, layer}) {
      auto strict = jit(function, {.name = "strict"});
      auto fast = jit(function, {.name = "fast", .numerics = Numerics::fast});
      reset_run_counters();
      const Tensor y = fast(gx, gw, gb);
      const Report r = fast.explain(gx, gw, gb);
      if (gpu_is_emulated()) {  // a real library may lack them
        EXPECT_EQ(run_counters().launches, 1) << name(t);
        ASSERT_EQ(r.kernels.size(), 1u) << r.text;
        EXPECT_NE(r.text.find("epilogue gelu+bias: by cuBLASLt, under fast numerics"), std::string::npos) << r.text;
        EXPECT_NE(r.text.find(" 40x24 = 40x33 * 33x24, epilogue gelu+bias"), std::string::npos) << r.text;
        EXPECT_EQ(fake_cublaslt()->products().back().epilogue, 36u);
      }
      const std::vector<float> have = y.to(cpu()).to(DType::f32).to_vector<float>();
      for (size_t i = 0; i < have.size(); ++i) EXPECT_NEAR(have[i], want[i], t == DType::f32 ? 1e-4 : t == DType::f16 ? 2e-2 : 0.15) << name(t);
      reset_run_counters();
      strict(gx, gw, gb);
      EXPECT_EQ(run_counters().launches, 2);
      EXPECT_EQ(strict.explain(gx, gw, gb).text.find("epilogue"), std::string::npos);
    }
  }
}

TEST(GpuDot, SequencesOfALayerAreACall) {
  auto fast = jit([](Tensor x, Tensor w, Tensor b) { return relu(matmul(x, w) + b); }, {.numerics = Numerics::fast});
  const Tensor x = reshape(whole(12, 20, 0.7f), {3, 4, 20}), w = whole(20, 8, 1.3f), b = reshape(whole(1, 8, 0.3f), {8});
  const Tensor gx = x.to(gpu()), gw = w.to(gpu()), gb = b.to(gpu());
  reset_run_counters();
  const Tensor y = fast(gx, gw, gb);
  if (gpu_is_emulated()) {
    EXPECT_EQ(run_counters().launches, 1) << fast.explain(gx, gw, gb).text;
  }
  EXPECT_EQ(bits(y + 0.0f), bits(relu(matmul(x, w) + b) + 0.0f)) << "whole numbers; the library's zeros may have any sign";
}

// What strict numerics compute without an error, fast numerics do too.
TEST(GpuDot, WithoutAnEpilogueTheProductStandsAlone) {
  if (!fake_cublaslt()) GTEST_SKIP() << "a real library has some";
  const auto all = fake_cublaslt()->epilogues;
  fake_cublaslt()->epilogues = {1};
  auto fast = jit(gelu_layer, {.name = "fast", .numerics = Numerics::fast});
  const Tensor x = real(13, 50, 0.7f).to(gpu()), w = real(50, 11, 1.3f).to(gpu()), b = reshape(real(1, 11, 0.3f), {11}).to(gpu());
  reset_run_counters();
  fast(x, w, b);
  EXPECT_EQ(run_counters().launches, 2);
  const Report r = fast.explain(x, w, b);
  EXPECT_NE(r.text.find("no epilogue: cuBLASLt has no algorithm for f32 13x11 = 13x50 * 50x11, epilogue gelu+bias"), std::string::npos) << r.text;
  fake_cublaslt()->epilogues = all;
}

TEST(GpuDot, DotOwnGivesTheBitsOfTheCpu) {
  const Tensor x = real(21, 300, 0.7f), w = real(300, 9, 1.3f), b = reshape(real(1, 9, 0.3f), {9});
  const Tensor gx = x.to(gpu()), gw = w.to(gpu()), gb = b.to(gpu());
  const std::vector<uint32_t> want = bits(layer(x, w, b));
  auto fast = jit(layer, {.name = "layer"});
  const Tensor library = fast(gx, gw, gb);
  {
    const with_dot scope(Dot::own);
    EXPECT_EQ(current_dot(), Dot::own);
    EXPECT_EQ(bits(fast(gx, gw, gb)), want);
    EXPECT_EQ(bits(layer(gx, gw, gb)), want) << "eagerly";
    EXPECT_EQ(fast.explain(gx, gw, gb).kernels[0].schedule, "product");
    EXPECT_TRUE(fast.compare(gx, gw, gb).same_bits);
  }
  EXPECT_EQ(current_dot(), Dot::library);
  EXPECT_EQ(fast.stats().traces, 2);
  EXPECT_NE(fast.stats().misses.back().find("matrix products of our own, were the library's"), std::string::npos) << fast.stats().misses.back();
  // The library's order of sums is another; the numbers are as near as f32 can be.
  const std::vector<float> a = library.to_vector<float>(), c = layer(x, w, b).to_vector<float>();
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], c[i], 1e-4f);
  if (gpu_is_emulated()) {
    EXPECT_NE(bits(library), want) << "the library was not asked";
  }
  fast(x, w, b);
  const with_dot scope(Dot::own);
  fast(x, w, b);
  EXPECT_EQ(fast.stats().traces, 3) << "on the CPU products are ours anyway";
}

TEST(GpuDot, TransposesAndBatchesAreOneLaunch) {
  const Tensor x = whole(12, 20, 0.7f), y = whole(9, 20, 1.1f), w = whole(5, 7, 0.9f);
  auto nt = jit([](Tensor a, Tensor b) { return matmul(a, transpose(b)); });
  reset_run_counters();
  const Tensor z = nt(x.to(gpu()), y.to(gpu()));
  EXPECT_EQ(run_counters().launches, 1);
  EXPECT_EQ(bits(z), bits(matmul(x, transpose(y))));
  const Tensor rows = reshape(x, {4, 12, 5});
  reset_run_counters();
  const Tensor v = matmul(rows.to(gpu()), w.to(gpu()));  // eagerly
  EXPECT_EQ(run_counters().launches, 1);
  EXPECT_EQ(v.shape(), Shape({4, 12, 7}));
  EXPECT_EQ(bits(v), bits(matmul(rows, w)));
  auto over = jit([](Tensor a, Tensor b) { return matmul(a, b); });
  const Tensor m = transpose(w), columns = reshape(x, {4, 5, 12});  // one matrix on the left of four
  reset_run_counters();
  const Tensor u = over(m.to(gpu()), columns.to(gpu()));
  EXPECT_EQ(run_counters().launches, 1);
  EXPECT_EQ(bits(u), bits(matmul(m, columns)));
}

TEST(GpuDot, HalfPrecisionIsRoundedOnce) {
  for (DType t : {DType::f16, DType::bf16}) {
    const Tensor x = whole(16, 600, 0.7f).to(t), w = whole(600, 8, 1.3f).to(t);
    const Tensor want = matmul(x, w), have = matmul(x.to(gpu()), w.to(gpu())).to(cpu());
    EXPECT_EQ(have.dtype(), t);
    const auto a = want.bytes(), b = have.bytes();
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end())) << name(t);
  }
}

TEST(GpuDot, WithoutAnAlgorithmTheKernelIsOurs) {
  if (!fake_cublaslt()) GTEST_SKIP() << "a real library has one";
  fake_cublaslt()->has_algorithm = [](const FakeProduct& p) { return p.d.rows != 11; };
  const Tensor x = real(6, 50, 0.7f), w = real(50, 11, 1.3f);
  auto f = jit([](Tensor a, Tensor b) { return matmul(a, b) + 1.0f; });
  const Tensor gx = x.to(gpu()), gw = w.to(gpu());
  EXPECT_EQ(bits(f(gx, gw)), bits(f(x, w)));
  const Report r = f.explain(gx, gw);
  ASSERT_EQ(r.kernels.size(), 1u) << r.text;
  EXPECT_NE(r.text.find("cuBLASLt has no algorithm for f32 6x11 = 6x50 * 50x11"), std::string::npos) << r.text;
  fake_cublaslt()->has_algorithm = nullptr;
}

TEST(GpuDot, IntegersAndSumsOfProductsAreOurs) {
  const Tensor x = whole(6, 50, 0.7f).to(DType::i32), w = whole(50, 4, 1.3f).to(DType::i32);
  EXPECT_EQ(matmul(x.to(gpu()), w.to(gpu())).to_vector<int32_t>(), matmul(x, w).to_vector<int32_t>());
  const Tensor a = real(1, 3000, 0.7f), b = real(1, 3000, 1.7f);
  const Tensor u = reshape(a, {3000}), v = reshape(b, {3000});
  EXPECT_EQ(bits(dot(u.to(gpu()), v.to(gpu()))), bits(dot(u, v)));
}

TEST(GpuDot, NothingWasDoneThatADriverWouldNotForgive) {
  synchronize();
  EXPECT_EQ(gpu_wrongs(), "");
}

}  // namespace
}  // namespace frit::test
