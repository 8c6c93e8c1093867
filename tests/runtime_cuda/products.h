// Products of whole numbers for the tests of cuBLASLt: their plans, and what comes out of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "fake_cublaslt.h"
#include "frit/half.h"
#include "help.h"
#include "runtime/cuda/device.h"

namespace frit::rt::gpu {

// c = a * b of small whole numbers, exact in every type and order, and what the epilogue makes of them.
struct Problem {
  Gemm g;
  int64_t span(const Gemm::Matrix& x, int64_t rows, int64_t columns) const {
    if (x.transposed) std::swap(rows, columns);
    return (g.batch - 1) * x.stride + (rows - 1) * x.ld + columns;
  }
  int64_t a_span() const { return span(g.a, g.m, g.k); }
  int64_t b_span() const { return span(g.b, g.k, g.n); }
  int64_t c_span() const { return span(g.c, g.m, g.n); }
  static int64_t at(const Gemm::Matrix& x, int64_t i, int64_t row, int64_t column) {
    return i * x.stride + (x.transposed ? column * x.ld + row : row * x.ld + column);
  }
  static double a_value(int64_t at) { return static_cast<double>(at * 7 % 5 - 2); }
  static double b_value(int64_t at) { return static_cast<double>(at * 5 % 7 - 3); }
  static double bias_value(int64_t at) { return static_cast<double>(at * 3 % 11 - 5); }
  int64_t bias_span() const { return (g.batch - 1) * g.epilogue.bias_stride + g.n; }
  double finished(double x, int64_t i, int64_t column) const {
    if (g.epilogue.bias) x += bias_value(i * g.epilogue.bias_stride + column);
    switch (g.epilogue.activation) {
      case Gemm::Activation::none: break;
      case Gemm::Activation::relu: return std::max(x, 0.0);
      case Gemm::Activation::gelu: return 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    }
    return x;
  }
  std::vector<double> want() const {
    std::vector<double> c(static_cast<size_t>(c_span()), -77);  // between the rows nothing is written
    for (int64_t i = 0; i < g.batch; ++i)
      for (int64_t r = 0; r < g.m; ++r)
        for (int64_t q = 0; q < g.n; ++q) {
          double sum = 0;
          for (int64_t k = 0; k < g.k; ++k) sum += a_value(at(g.a, i, r, k)) * b_value(at(g.b, i, k, q));
          c[static_cast<size_t>(at(g.c, i, r, q))] = finished(sum, i, q);
        }
    return c;
  }
};

inline std::vector<char> encode(GemmType t, const std::vector<double>& v) {
  std::vector<char> out(v.size() * static_cast<size_t>(size_of(t)));
  for (size_t i = 0; i < v.size(); ++i) {
    char* at = out.data() + i * static_cast<size_t>(size_of(t));
    const f16 h(static_cast<float>(v[i]));
    const bf16 b(static_cast<float>(v[i]));
    const auto f = static_cast<float>(v[i]);
    switch (t) {
      case GemmType::f16: std::memcpy(at, &h, 2); break;
      case GemmType::bf16: std::memcpy(at, &b, 2); break;
      case GemmType::f32: std::memcpy(at, &f, 4); break;
      case GemmType::f64: std::memcpy(at, &v[i], 8); break;
    }
  }
  return out;
}

inline double decode(GemmType t, const char* at) {
  f16 h;
  bf16 b;
  float f;
  double d;
  switch (t) {
    case GemmType::f16: return std::memcpy(&h, at, 2), static_cast<double>(static_cast<float>(h));
    case GemmType::bf16: return std::memcpy(&b, at, 2), static_cast<double>(static_cast<float>(b));
    case GemmType::f32: return std::memcpy(&f, at, 4), static_cast<double>(f);
    case GemmType::f64: break;
  }
  return std::memcpy(&d, at, 8), d;
}

constexpr int64_t kWorkspace = 4096;

inline Plan plan_of(const Gemm& g, int64_t c_bytes) {
  Plan p;
  p.name = "products";
  p.gpu = true;
  p.inputs = g.epilogue.bias ? 3 : 2;
  p.outputs = {{c_bytes}};
  p.arena_bytes = g.workspace + 64;
  Launch l;
  l.gemm = std::make_shared<Gemm>(g);
  l.buffers = {input(0), input(1), output(0), temp(64)};
  if (g.epilogue.bias) l.buffers.insert(l.buffers.begin() + 3, input(2));
  p.launches = {l};
  return p;
}

// "" or what is wrong. shift: the arrays begin so many elements past an aligned address, bias_shift: the bias.
inline std::string problem_of(const Problem& x, int64_t shift = 0, int times = 1, int64_t bias_shift = 0) {
  const Gemm& g = x.g;
  std::vector<double> a(static_cast<size_t>(x.a_span())), b(static_cast<size_t>(x.b_span()));
  for (size_t i = 0; i < a.size(); ++i) a[i] = Problem::a_value(static_cast<int64_t>(i));
  for (size_t i = 0; i < b.size(); ++i) b[i] = Problem::b_value(static_cast<int64_t>(i));
  const std::vector<char> in_a = encode(g.type, a), in_b = encode(g.type, b), want = encode(g.type, x.want());
  const std::vector<char> before = encode(g.type, std::vector<double>(static_cast<size_t>(x.c_span()), -77));
  const int64_t offset = shift * size_of(g.type);
  auto place = [](const std::vector<char>& v, int64_t at) {
    Array s = allocate(0, static_cast<int64_t>(v.size()) + at);
    copy_in(*s, at, v.data(), static_cast<int64_t>(v.size()));
    return s;
  };
  std::vector<double> bias(static_cast<size_t>(x.bias_span()));
  for (size_t i = 0; i < bias.size(); ++i) bias[i] = Problem::bias_value(static_cast<int64_t>(i));
  const int64_t bias_offset = bias_shift * size_of(g.type);
  const Array da = place(in_a, offset), db = place(in_b, offset), dc = place(before, offset), dbias = place(encode(g.type, bias), bias_offset);
  const auto program = load(0, plan_of(g, static_cast<int64_t>(want.size())));
  const void* in[] = {static_cast<char*>(da->data()) + offset, static_cast<char*>(db->data()) + offset, static_cast<char*>(dbias->data()) + bias_offset};
  void* out[] = {static_cast<char*>(dc->data()) + offset};
  RunCounters counters;
  for (int i = 0; i < times; ++i) execute(*program, in, out, &counters);
  if (counters.launches != times) return "counted " + std::to_string(counters.launches) + " launches";
  std::vector<char> got(want.size());
  copy_out(got.data(), *dc, offset, static_cast<int64_t>(got.size()));
  if (g.epilogue.activation != Gemm::Activation::gelu) return got == want ? "" : "other numbers: " + text(g);
  // Two ways to write gelu: nearly the same numbers, rounded to the type.
  const double unit = g.type == GemmType::f32 ? 1e-6 : g.type == GemmType::f16 ? 1e-3 : 8e-3;
  for (size_t at = 0; at < got.size(); at += static_cast<size_t>(size_of(g.type))) {
    const double have = decode(g.type, &got[at]), wanted = decode(g.type, &want[at]);
    if (!(std::abs(have - wanted) <= unit * std::abs(wanted) + 1e-7)) return "other numbers: " + text(g) + ": " + std::to_string(have) + ", not " + std::to_string(wanted);
  }
  return "";
}

// A matrix of that many rows and columns, dense or with `pad` elements between its rows.
inline Gemm::Matrix matrix(int64_t rows, int64_t columns, bool transposed, int64_t pad) {
  if (transposed) std::swap(rows, columns);
  return {columns + pad, transposed, rows * (columns + pad) + pad};
}

inline Problem some_product(GemmType type = GemmType::f32) {
  Problem x;
  x.g = {type, 8, 16, 12, 1, matrix(8, 12, false, 0), matrix(12, 16, true, 0), matrix(8, 16, false, 0), kWorkspace, {}};
  return x;
}

// Runs session once as it is, which has to be well, then with every call of the library failing once with each
// status: whatever is thrown is an Error, nothing is left behind, and afterwards a product is right where the
// library is there. without(why): checks why it is not.
template <class Session, class Without>
void fail_every_call(Session&& session, std::initializer_list<int> statuses, Without&& without) {
  int64_t calls = 0;
  {
    test::FakeCublasLt lt;
    FakeDriver f;
    EXPECT_EQ(session(), "");
    calls = lt.calls();
  }
  ASSERT_GT(calls, 40);
  for (int status : statuses)
    for (int64_t n = 1; n <= calls; ++n) {
      SCOPED_TRACE("call " + std::to_string(n) + " fails with " + std::to_string(status));
      test::FakeCublasLt lt;
      FakeDriver f;
      lt.fail_call(n, status);
      session();
      lt.fail_call(0, 0);
      std::string why;
      if (has_gemms(0, &why)) EXPECT_EQ(problem_of(some_product()), "");
      else without(why);
      cuda::use_driver(nullptr);
      expect_clean(f);
      EXPECT_EQ(lt.alive(), 0);
      EXPECT_EQ(lt.wrongs(), std::vector<std::string>());
      if (testing::Test::HasFailure()) return;
    }
}

}  // namespace frit::rt::gpu
