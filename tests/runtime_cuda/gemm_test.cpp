// Products through a fake cuBLASLt: every layout, types, alignments, graphs, what is asked how often,
// failures of every call.
#include <gtest/gtest.h>

#include <array>

#include "fake_cublaslt.h"
#include "help.h"
#include "products.h"
#include "runtime/cuda/device.h"
#include "runtime/cuda/libraries.h"

namespace frit::rt::gpu {
namespace {

using test::FakeCublasLt;

TEST(GpuGemm, EveryLayoutAndType) {
  FakeCublasLt lt;
  FakeDriver f;
  ASSERT_TRUE(has_gemms(0));
  int n = 0;
  for (GemmType type : {GemmType::f16, GemmType::bf16, GemmType::f32, GemmType::f64})
    for (auto [m, cols, k] : {std::array<int64_t, 3>{3, 5, 7}, {1, 6, 4}, {6, 1, 3}, {4, 4, 1}})
      for (int64_t batch : {1, 3})
        for (bool ta : {false, true})
          for (bool tb : {false, true})
            for (int64_t pad : {0, 3}) {
              Problem x;
              x.g = {type, m, cols, k, batch, matrix(m, k, ta, pad), matrix(k, cols, tb, pad), matrix(m, cols, false, pad), kWorkspace, {}};
              if (batch > 1 && pad > 0) (n % 2 ? x.g.a : x.g.b).stride = 0;  // one operand for all
              EXPECT_TRUE(can_gemm(0, x.g));
              ASSERT_EQ(problem_of(x), "") << n;
              ++n;
            }
  EXPECT_EQ(n, 256);
  cuda::use_driver(nullptr);
  expect_clean(f);
  EXPECT_EQ(lt.alive(), 0);
  for (const std::string& w : lt.wrongs()) ADD_FAILURE() << w;
}

TEST(GpuGemm, TheLibraryIsToldTheTypesAndLimitsOfStrictNumerics) {
  FakeCublasLt lt;
  FakeDriver f;
  for (auto [type, compute, scale] : {std::array<int, 3>{0, cuda::lt::kCompute32, cuda::lt::kF32},
                                      {1, cuda::lt::kCompute32, cuda::lt::kF32},
                                      {2, cuda::lt::kCompute32Pedantic, cuda::lt::kF32},
                                      {3, cuda::lt::kCompute64Pedantic, cuda::lt::kF64}}) {
    lt.forget_products();
    ASSERT_EQ(problem_of(some_product(static_cast<GemmType>(type))), "");
    ASSERT_EQ(lt.products().size(), 1u);
    const test::FakeProduct p = lt.products()[0];
    EXPECT_EQ(p.compute, compute);
    EXPECT_EQ(p.scale, scale);
    EXPECT_EQ(p.workspace, kWorkspace);
  }
  EXPECT_EQ(lt.wrongs(), std::vector<std::string>());
}

TEST(GpuGemm, AlgorithmsAreAskedForOnceAndByAlignment) {
  FakeCublasLt lt;
  FakeDriver f;
  const Problem x = some_product(GemmType::bf16);
  auto asked = [&] { return lt.calls("cublasLtMatmulAlgoGetHeuristic"); };
  ASSERT_EQ(problem_of(x, 0, 3), "");
  EXPECT_EQ(asked(), 1);
  ASSERT_EQ(problem_of(x, 0, 3), "");  // another program
  EXPECT_EQ(asked(), 1);
  ASSERT_EQ(problem_of(x, 1, 2), "");  // two bytes past an aligned address
  EXPECT_EQ(asked(), 2);
  EXPECT_EQ(lt.products().back().alignment, 2u);
  ASSERT_EQ(problem_of(x, 8, 2), "");
  EXPECT_EQ(asked(), 3);
  EXPECT_EQ(lt.products().back().alignment, 16u);
  Problem other = x;
  other.g.a.ld += 8;
  ASSERT_EQ(problem_of(other), "");
  EXPECT_EQ(asked(), 4);
  // Arrays of other programs lie wherever there was room: 64 bytes are all that is told apart.
  for (const test::FakeProduct& p : lt.products()) EXPECT_LE(p.alignment, 64u);
  EXPECT_EQ(lt.wrongs(), std::vector<std::string>());
}

TEST(GpuGemm, AnAlignmentWithoutAnAlgorithmTakesTheOneForAnyPlace) {
  FakeCublasLt lt;
  FakeDriver f;
  lt.has_algorithm = [](const test::FakeProduct& p) { return p.alignment == 64 || p.alignment == 4; };
  const Problem x = some_product();
  EXPECT_TRUE(can_gemm(0, x.g));
  ASSERT_EQ(problem_of(x, 4), "");
  EXPECT_EQ(lt.products().back().alignment, 4u);
}

TEST(GpuGemm, WithoutAnAlgorithm) {
  FakeCublasLt lt;
  FakeDriver f;
  const Problem x = some_product();
  lt.has_algorithm = [](const test::FakeProduct& p) { return p.alignment == 64; };
  EXPECT_FALSE(can_gemm(0, x.g)) << "arrays may lie anywhere";
  lt.has_algorithm = [](const test::FakeProduct&) { return false; };
  Problem other = x;
  other.g.k = other.g.a.ld = other.g.b.ld = 11;
  EXPECT_FALSE(can_gemm(0, other.g));
  const std::string m = message_of([&] { problem_of(other); });
  EXPECT_NE(m.find("cuBLASLt has no algorithm for f32 8x16 = 8x11 * 11x16, b transposed"), std::string::npos) << m;
}

// y = (x * x') * x' twice: products and kernels in one program, replayed as a graph.
TEST(GpuGemm, InGraphs) {
  FakeCublasLt lt;
  FakeDriver f;
  add_kernels(f);
  {
    constexpr int64_t n = 8, bytes = n * n * 4;
    Gemm g{GemmType::f32, n, n, n, 1, {n, false, 0}, {n, true, 0}, {n, false, 0}, kWorkspace, {}};
    auto product = [&](BufferRef a, BufferRef b, BufferRef c, int64_t workspace) {
      Launch l;
      l.gemm = std::make_shared<Gemm>(g);
      l.buffers = {a, b, c, temp(workspace)};
      return l;
    };
    Plan p;
    p.name = "mixed";
    p.gpu = true;
    p.inputs = 2;
    p.outputs = {{bytes}};
    p.arena_bytes = 2 * bytes + kWorkspace;
    p.launches = {product(input(0), input(1), temp(0), 2 * bytes), launch(kernel("scale"), {temp(0), temp(bytes)}, {2}, n * n),
                  product(temp(bytes), input(1), output(0), 2 * bytes)};
    std::vector<float> x(n * n), y(n * n);
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 5) - 2, y[i] = static_cast<float>(i % 3) - 1;
    auto times = [&](const std::vector<float>& a, const std::vector<float>& b, float factor) {
      std::vector<float> c(n * n, 0);
      for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < n; ++j)
          for (int64_t k = 0; k < n; ++k) c[static_cast<size_t>(i * n + j)] += factor * a[static_cast<size_t>(i * n + k)] * b[static_cast<size_t>(j * n + k)];
      return c;
    };
    const std::vector<float> want = times(times(x, y, 2), y, 1);
    const Array dx = array(x), dy = array(y), out = allocate(0, bytes);
    const auto program = load(0, p);
    const void* in[] = {dx->data(), dy->data()};
    void* outs[] = {out->data()};
    for (int i = 0; i < 5; ++i) {
      execute(*program, in, outs);
      EXPECT_EQ(values(out), want);
    }
    EXPECT_EQ(f.calls("cuGraphLaunch"), 4);
    EXPECT_EQ(lt.calls("cublasLtMatmul"), 4) << "the first call and the recording of the second";
  }
  cuda::use_driver(nullptr);
  expect_clean(f);
  EXPECT_EQ(lt.alive(), 0);
  EXPECT_EQ(lt.wrongs(), std::vector<std::string>());
}

TEST(GpuGemm, WithoutTheLibrary) {
  FakeDriver f;  // no cuBLASLt is put in place, and the system's knows nothing of this driver
  std::string why;
  EXPECT_FALSE(has_gemms(0, &why));
  EXPECT_NE(why, "");
  EXPECT_FALSE(can_gemm(0, some_product().g));
  const std::string m = message_of([] { problem_of(some_product()); });
  EXPECT_NE(m.find("was compiled for cuBLASLt, which cannot be used"), std::string::npos) << m;
}

TEST(GpuGemm, ALibraryThatCannotStart) {
  FakeCublasLt lt;
  FakeDriver f;
  lt.fail_call(1, cuda::lt::kAllocFailed, "cublasLtCreate");
  EXPECT_THROW(has_gemms(0), OutOfMemory);
  EXPECT_TRUE(has_gemms(0)) << "memory may be there the next time";
}

TEST(GpuGemm, WhatIsCachedIsGivenBackForTheLibrary) {
  for (int status : {int{cuda::lt::kAllocFailed}, int{cuda::lt::kNotInitialized}}) {
    FakeCublasLt lt;
    FakeDriver f;
    allocate(0, 20 << 20);
    lt.fail_call(1, status, "cublasLtCreate");
    EXPECT_TRUE(has_gemms(0));
    EXPECT_TRUE(lt.failed());
    EXPECT_LT(memory_stats(0).held_bytes, 20 << 20);
  }
  for (const char* call : {"cublasLtMatmul", "cublasLtMatmulAlgoGetHeuristic"}) {
    FakeCublasLt lt;
    FakeDriver f;
    allocate(0, 20 << 20);
    lt.fail_call(1, cuda::lt::kAllocFailed, call);
    EXPECT_EQ(problem_of(some_product()), "");
    EXPECT_TRUE(lt.failed()) << call;
    EXPECT_LT(memory_stats(0).held_bytes, 20 << 20);
  }
}

TEST(GpuGemm, ALibraryThatDoesNotFit) {
  FakeCublasLt lt;
  FakeDriver f;
  lt.fail_call(1, cuda::lt::kNotInitialized, "cublasLtCreate");
  std::string why;
  EXPECT_FALSE(has_gemms(0, &why));
  EXPECT_NE(why.find("cublasLtCreate failed: CUBLAS_STATUS_NOT_INITIALIZED (1)"), std::string::npos) << why;
  EXPECT_FALSE(has_gemms(0)) << "and stays so: programs of one process do not differ by chance";
}

TEST(GpuGemm, AFailureNamesTheProgram) {
  FakeCublasLt lt;
  FakeDriver f;
  lt.fail_call(1, cuda::lt::kExecutionFailed, "cublasLtMatmul");
  const std::string m = message_of([] { problem_of(some_product()); });
  EXPECT_NE(m.find("products, GPU 0 (Fake): cublasLtMatmul, f32 8x16 = 8x12 * 12x16, b transposed: CUBLAS_STATUS_EXECUTION_FAILED (13)"), std::string::npos) << m;
  trim_memory(0);
  lt.fail_call(1, cuda::lt::kAllocFailed, "cublasLtMatmulAlgoGetHeuristic");
  EXPECT_THROW(can_gemm(0, some_product(GemmType::f64).g), OutOfMemory);
  EXPECT_EQ(problem_of(some_product()), "");
}

TEST(GpuGemm, EveryCallFailsOnce) {
  auto session = [] {
    std::string first;
    for (int i = 0; i < 2; ++i) {
      const std::string m = message_of([] {
        Problem batched = some_product(GemmType::f16);
        batched.g.batch = 2;
        for (const Problem& x : {some_product(), batched}) {
          if (!can_gemm(0, x.g)) continue;
          EXPECT_EQ(problem_of(x, 1, 2), "");
        }
      });
      if (first.empty()) first = m;
    }
    return first;
  };
  fail_every_call(session, {cuda::lt::kAllocFailed, cuda::lt::kInternalError},
                  [](const std::string& why) { EXPECT_NE(why.find("cublasLtCreate failed"), std::string::npos) << why; });
}

TEST(GpuGemm, PlansThatContradictThemselves) {
  FakeCublasLt lt;
  FakeDriver f;
  Plan p = plan_of(some_product().g, 512);
  p.launches[0].buffers.pop_back();
  EXPECT_THROW(load(0, p), std::logic_error);
  Problem nothing = some_product();
  nothing.g.n = 0;
  EXPECT_THROW(load(0, plan_of(nothing.g, 0)), std::logic_error);
}

// The library of this machine, where there is one: all functions are there, and its descriptors can be made.
TEST(GpuGemm, TheSystemsLibraryHasWhatIsUsed) {
  const cuda::Loaded& l = cuda::library(cuda::Library::cublaslt);
  if (!l.handle) GTEST_SKIP() << "there is no cuBLASLt";
  std::string why;
  const cuda::lt::Table* table = cuda::cublaslt(&why);
  ASSERT_NE(table, nullptr) << why;
  EXPECT_NE(l.version, 0);
  for (GemmType t : {GemmType::f16, GemmType::bf16, GemmType::f32, GemmType::f64}) {
    Problem x = some_product(t);
    x.g.a = matrix(8, 12, true, 0);
    x.g.batch = 3;
    EXPECT_NO_THROW(cuda::ProductLayout(*table, x.g));
  }
  cuda::lt::Preference preference = nullptr;
  ASSERT_EQ(table->preference_create(&preference), 0);
  auto set = [&](int attribute, auto value) { return table->preference_set(preference, attribute, &value, sizeof value); };
  EXPECT_EQ(set(cuda::lt::kPreferenceWorkspace, uint64_t{1} << 20), 0);
  EXPECT_EQ(set(cuda::lt::kPreferenceReductions, cuda::lt::kReductionInComputeType), 0);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(set(cuda::lt::kPreferenceAlignmentA + i, uint32_t{16}), 0);
  EXPECT_EQ(table->preference_destroy(preference), 0);
}

}  // namespace
}  // namespace frit::rt::gpu
