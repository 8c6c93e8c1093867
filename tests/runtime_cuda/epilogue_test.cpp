// Epilogues of products through a fake cuBLASLt: types, layouts, batches, where the bias lies, versions of the
// library that lack some, failures of every call.
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
using Activation = Gemm::Activation;

constexpr Gemm::Epilogue kEpilogues[] = {{Activation::none, true, 0}, {Activation::relu, false, 0}, {Activation::relu, true, 0},
                                         {Activation::gelu, false, 0}, {Activation::gelu, true, 0}};
// Their numbers in cublasLt.h.
constexpr uint32_t kNumbers[] = {4, 2, 6, 32, 36};

Problem with(Gemm::Epilogue e, GemmType type = GemmType::f32) {
  Problem x = some_product(type);
  x.g.epilogue = e;
  return x;
}
constexpr Gemm::Epilogue kGeluBias{Activation::gelu, true, 0};

TEST(GpuEpilogue, EveryLayoutTypeAndBatch) {
  FakeCublasLt lt;
  FakeDriver f;
  int n = 0;
  for (GemmType type : {GemmType::f16, GemmType::bf16, GemmType::f32})
    for (const Gemm::Epilogue& e : kEpilogues)
      for (auto [m, cols, k] : {std::array<int64_t, 3>{3, 5, 7}, {1, 6, 4}, {6, 1, 3}})
        for (int64_t batch : {1, 3})
          for (bool transposed : {false, true})
            for (int64_t pad : {0, 3}) {
              Problem x;
              x.g = {type, m, cols, k, batch, matrix(m, k, transposed, pad), matrix(k, cols, n % 3 == 0, pad), matrix(m, cols, false, pad), kWorkspace, e};
              if (batch > 1 && e.bias && pad > 0) x.g.epilogue.bias_stride = cols + 2;  // a bias for each
              lt.forget_products();
              EXPECT_TRUE(can_gemm(0, x.g));
              ASSERT_EQ(problem_of(x), "") << n;
              ASSERT_EQ(lt.products().size(), 1u);
              EXPECT_EQ(lt.products()[0].epilogue, kNumbers[&e - kEpilogues]);
              EXPECT_EQ(lt.products()[0].bias_stride, x.g.epilogue.bias_stride);
              EXPECT_EQ(lt.products()[0].bias != 0, e.bias);
              ++n;
            }
  EXPECT_EQ(n, 360);
  cuda::use_driver(nullptr);
  expect_clean(f);
  EXPECT_EQ(lt.alive(), 0);
  for (const std::string& w : lt.wrongs()) ADD_FAILURE() << w;
}

TEST(GpuEpilogue, Words) {
  EXPECT_EQ(text(with({}).g), "f32 8x16 = 8x12 * 12x16, b transposed");
  EXPECT_EQ(text(with(kEpilogues[0]).g), "f32 8x16 = 8x12 * 12x16, b transposed, epilogue bias");
  EXPECT_EQ(text(with(kEpilogues[1]).g), "f32 8x16 = 8x12 * 12x16, b transposed, epilogue relu");
  EXPECT_EQ(text(with(kGeluBias).g), "f32 8x16 = 8x12 * 12x16, b transposed, epilogue gelu+bias");
}

TEST(GpuEpilogue, AProductAloneHasNone) {
  FakeCublasLt lt;
  FakeDriver f;
  lt.epilogues.clear();  // setting any would fail
  ASSERT_EQ(problem_of(some_product()), "");
  EXPECT_EQ(lt.products()[0].epilogue, 1u);
  EXPECT_EQ(lt.products()[0].bias, 0u);
}

TEST(GpuEpilogue, AlgorithmsAreKeptByEpilogue) {
  FakeCublasLt lt;
  FakeDriver f;
  auto asked = [&] { return lt.calls("cublasLtMatmulAlgoGetHeuristic"); };
  int64_t n = 0;
  ASSERT_EQ(problem_of(some_product()), "");
  EXPECT_EQ(asked(), ++n);
  for (const Gemm::Epilogue& e : kEpilogues) {
    ASSERT_EQ(problem_of(with(e), 0, 3), "");
    EXPECT_EQ(asked(), ++n) << text(e);
    ASSERT_EQ(problem_of(with(e), 0, 3), "");
    EXPECT_EQ(asked(), n) << text(e);
  }
  Problem strided = with(kGeluBias);
  strided.g.batch = 2;
  ASSERT_EQ(problem_of(strided), "");
  EXPECT_EQ(asked(), ++n);
  strided.g.epilogue.bias_stride = strided.g.n;
  ASSERT_EQ(problem_of(strided), "");
  EXPECT_EQ(asked(), ++n);
  EXPECT_EQ(lt.wrongs(), std::vector<std::string>());
}

TEST(GpuEpilogue, WhereTheBiasLiesCounts) {
  FakeCublasLt lt;
  FakeDriver f;
  const Problem x = with(kGeluBias, GemmType::bf16);
  ASSERT_EQ(problem_of(x, 0, 1, 1), "");
  EXPECT_EQ(lt.products().back().alignment, 2u);
  ASSERT_EQ(problem_of(x, 0, 2, 8), "");
  EXPECT_EQ(lt.products().back().alignment, 16u);
  ASSERT_EQ(problem_of(x, 0, 2, 0), "");
  EXPECT_EQ(lt.products().back().alignment, 64u);
  ASSERT_EQ(problem_of(with({Activation::gelu, false, 0}, GemmType::bf16), 0, 1, 1), "") << "there is none";
  EXPECT_EQ(lt.products().back().alignment, 64u);
  EXPECT_EQ(lt.wrongs(), std::vector<std::string>());
}

// One program, called with biases at several places.
TEST(GpuEpilogue, TheBiasIsThatOfTheCall) {
  FakeCublasLt lt;
  FakeDriver f;
  Gemm g{GemmType::f32, 2, 2, 1, 1, {1, false, 0}, {2, false, 0}, {2, false, 0}, kWorkspace, {Activation::none, true, 0}};
  const auto program = load(0, plan_of(g, 16));
  const Array a = array({1, 2}), b = array({10, 20}), c = allocate(0, 16);
  const Array biases[] = {array({1, 2}), array({3, 4})};
  for (int i : {0, 1, 0, 1}) {
    const void* in[] = {a->data(), b->data(), biases[i]->data()};
    void* out[] = {c->data()};
    execute(*program, in, out);
    EXPECT_EQ(values(c), i ? (std::vector<float>{13, 24, 23, 44}) : (std::vector<float>{11, 22, 21, 42}));
  }
}

// What strict numerics would do without an error, fast numerics do too: the answer is no, and the program is
// compiled with the product alone.
TEST(GpuEpilogue, ALibraryWithoutThem) {
  for (bool by_attribute : {true, false}) {
    FakeCublasLt lt;
    FakeDriver f;
    if (by_attribute) lt.epilogues = {1, 2, 4, 6};
    else lt.has_algorithm = [](const test::FakeProduct& p) { return (p.epilogue & 32) == 0; };
    EXPECT_FALSE(can_gemm(0, with(kGeluBias).g));
    EXPECT_TRUE(can_gemm(0, with({Activation::relu, true, 0}).g));
    EXPECT_TRUE(can_gemm(0, some_product().g));
    const std::string m = message_of([] { problem_of(with(kGeluBias)); });
    EXPECT_NE(m.find("cuBLASLt has no algorithm for f32 8x16 = 8x12 * 12x16, b transposed, epilogue gelu+bias"), std::string::npos) << m;
  }
}

TEST(GpuEpilogue, AHeuristicThatFailsIsNoError) {
  for (int status : {int{cuda::lt::kInternalError}, int{cuda::lt::kArchMismatch}, int{cuda::lt::kNotSupported}, int{cuda::lt::kInvalidValue}}) {
    FakeCublasLt lt;
    FakeDriver f;
    lt.fail_call(1, status, "cublasLtMatmulAlgoGetHeuristic");
    EXPECT_FALSE(can_gemm(0, with(kGeluBias).g)) << status;
    EXPECT_FALSE(can_gemm(0, with(kGeluBias).g)) << "and stays so: programs of one process do not differ by chance";
    EXPECT_EQ(problem_of(some_product()), "");
  }
  FakeCublasLt lt;
  FakeDriver f;
  lt.fail_call(1, cuda::lt::kInternalError, "cublasLtMatmulAlgoGetHeuristic");
  EXPECT_NE(message_of([] { can_gemm(0, some_product().g); }).find("CUBLAS_STATUS_INTERNAL_ERROR"), std::string::npos) << "the product alone is not done without";
}

TEST(GpuEpilogue, EveryCallFailsOnce) {
  auto session = [] {
    return message_of([] {
      Problem batched = with({Activation::relu, true, 16}, GemmType::f16);
      batched.g.batch = 2;
      for (const Problem& x : {with(kGeluBias), batched})
        EXPECT_EQ(problem_of(can_gemm(0, x.g) ? x : some_product(), 1, 2), "");
    });
  };
  fail_every_call(session, {cuda::lt::kAllocFailed, cuda::lt::kInternalError, cuda::lt::kInvalidValue}, [](const std::string&) {});
}

TEST(GpuEpilogue, PlansThatContradictThemselves) {
  FakeCublasLt lt;
  FakeDriver f;
  Plan p = plan_of(with(kGeluBias).g, 512);
  p.launches[0].buffers.pop_back();
  EXPECT_THROW(load(0, p), std::logic_error) << "a bias without a buffer";
  EXPECT_THROW(load(0, plan_of(with(kGeluBias, GemmType::f64).g, 1024)), std::logic_error);
}

// The library of this machine, where there is one, knows them all.
TEST(GpuEpilogue, TheSystemsLibraryHasWhatIsUsed) {
  if (!cuda::library(cuda::Library::cublaslt).handle) GTEST_SKIP() << "there is no cuBLASLt";
  const cuda::lt::Table* table = cuda::cublaslt(nullptr);
  ASSERT_NE(table, nullptr);
  for (GemmType t : {GemmType::f16, GemmType::bf16, GemmType::f32})
    for (Gemm::Epilogue e : kEpilogues) {
      Problem x = with(e, t);
      x.g.batch = 2;
      if (e.bias) x.g.epilogue.bias_stride = 16;
      const cuda::ProductLayout layout(*table, x.g);
      EXPECT_TRUE(layout.known) << text(e);
      EXPECT_EQ(layout.set_bias(64), 0);
    }
}

}  // namespace
}  // namespace frit::rt::gpu
