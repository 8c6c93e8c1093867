// Our declarations of cuBLASLt's interface against NVIDIA's headers, where the toolkit is at hand.
#include "runtime/cuda/cublaslt.h"

#include <gtest/gtest.h>

#if defined(FRIT_CUDA_HEADER) && __has_include(<cublasLt.h>)
#include <cublasLt.h>

#include "tests/runtime_cuda/declarations.h"

namespace frit::rt::cuda::lt {
namespace {

TEST(DeclarationsLt, AreThoseOfTheHeader) {
#define FRIT_LT(member, symbol, parameters) EXPECT_TRUE((Same<cublasStatus_t, decltype(Table::member), decltype(&::symbol)>::value)) << #symbol;
#include "runtime/cuda/cublaslt.def"
#undef FRIT_LT
}

TEST(DeclarationsLt, Structures) {
  EXPECT_EQ(sizeof(Algorithm), sizeof(cublasLtMatmulAlgo_t));
  EXPECT_EQ(sizeof(Heuristic), sizeof(cublasLtMatmulHeuristicResult_t));
  EXPECT_EQ(offsetof(Heuristic, algorithm), offsetof(cublasLtMatmulHeuristicResult_t, algo));
  EXPECT_EQ(offsetof(Heuristic, workspace), offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize));
  EXPECT_EQ(offsetof(Heuristic, state), offsetof(cublasLtMatmulHeuristicResult_t, state));
  EXPECT_EQ(offsetof(Heuristic, waves), offsetof(cublasLtMatmulHeuristicResult_t, wavesCount));
}

TEST(DeclarationsLt, Numbers) {
  auto same = [](int64_t ours, auto theirs) { EXPECT_EQ(ours, static_cast<int64_t>(theirs)); };
  same(kSuccess, CUBLAS_STATUS_SUCCESS);
  same(kNotInitialized, CUBLAS_STATUS_NOT_INITIALIZED);
  same(kAllocFailed, CUBLAS_STATUS_ALLOC_FAILED);
  same(kInvalidValue, CUBLAS_STATUS_INVALID_VALUE);
  same(kArchMismatch, CUBLAS_STATUS_ARCH_MISMATCH);
  same(kMappingError, CUBLAS_STATUS_MAPPING_ERROR);
  same(kExecutionFailed, CUBLAS_STATUS_EXECUTION_FAILED);
  same(kInternalError, CUBLAS_STATUS_INTERNAL_ERROR);
  same(kNotSupported, CUBLAS_STATUS_NOT_SUPPORTED);
  same(kF32, CUDA_R_32F);
  same(kF64, CUDA_R_64F);
  same(kF16, CUDA_R_16F);
  same(kBf16, CUDA_R_16BF);
  same(kCompute32, CUBLAS_COMPUTE_32F);
  same(kCompute32Pedantic, CUBLAS_COMPUTE_32F_PEDANTIC);
  same(kCompute64Pedantic, CUBLAS_COMPUTE_64F_PEDANTIC);
  same(kOperationTransposeA, CUBLASLT_MATMUL_DESC_TRANSA);
  same(kOperationTransposeB, CUBLASLT_MATMUL_DESC_TRANSB);
  same(kOperationEpilogue, CUBLASLT_MATMUL_DESC_EPILOGUE);
  same(kOperationBias, CUBLASLT_MATMUL_DESC_BIAS_POINTER);
  same(kOperationBiasStride, CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE);
  same(kEpilogueRelu, CUBLASLT_EPILOGUE_RELU);
  same(kEpilogueBias, CUBLASLT_EPILOGUE_BIAS);
  same(kEpilogueGelu, CUBLASLT_EPILOGUE_GELU);
  same(kEpilogueRelu | kEpilogueBias, CUBLASLT_EPILOGUE_RELU_BIAS);
  same(kEpilogueGelu | kEpilogueBias, CUBLASLT_EPILOGUE_GELU_BIAS);
  same(kLayoutBatch, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT);
  same(kLayoutStride, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET);
  same(kPreferenceWorkspace, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
  same(kPreferenceReductions, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK);
  same(kPreferenceAlignmentA, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
  same(kPreferenceAlignmentA + 1, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
  same(kPreferenceAlignmentA + 2, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
  same(kPreferenceAlignmentA + 3, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);
  same(kReductionInComputeType, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
  same(kTranspose, CUBLAS_OP_T);
}

}  // namespace
}  // namespace frit::rt::cuda::lt

#else

TEST(DeclarationsLt, AreThoseOfTheHeader) { GTEST_SKIP() << "cublasLt.h is not at hand"; }

#endif
