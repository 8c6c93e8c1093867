// cuBLASLt's functions as a table that tests replace, with the few types and numbers of its binary
// interface that we use. Declared here, so that no CUDA header is needed to build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/cuda/driver.h"

namespace frit::rt::cuda {

namespace lt {
using Handle = struct HandleOpaque*;
using Operation = struct OperationOpaque*;
using Layout = struct LayoutOpaque*;
using Preference = struct PreferenceOpaque*;

struct Algorithm {
  uint64_t data[8];
};
struct Heuristic {
  Algorithm algorithm;
  size_t workspace;
  int state;           // other fields mean something where it is 0
  float waves;
  int reserved[4];
};

struct Table {
#define FRIT_LT(member, symbol, parameters) int(*member) parameters = nullptr;
#include "runtime/cuda/cublaslt.def"
#undef FRIT_LT
};

// The numbers of the interface, as cublas_api.h, cublasLt.h and library_types.h have them.
enum Status : int {
  kSuccess = 0,
  kNotInitialized = 1,
  kAllocFailed = 3,
  kInvalidValue = 7,
  kArchMismatch = 8,
  kMappingError = 11,
  kExecutionFailed = 13,
  kInternalError = 14,
  kNotSupported = 15,
};
inline constexpr int kF32 = 0, kF64 = 1, kF16 = 2, kBf16 = 14;                                // cudaDataType
// "Pedantic" is what no setting of the process turns into TF32 or an emulation; products of 16-bit types
// are exact in f32 and need no such care.
inline constexpr int kCompute32 = 68, kCompute32Pedantic = 69, kCompute64Pedantic = 71;       // cublasComputeType_t
inline constexpr int kOperationTransposeA = 3, kOperationTransposeB = 4;                      // cublasLtMatmulDescAttributes_t
inline constexpr int kOperationEpilogue = 7, kOperationBias = 8, kOperationBiasStride = 10;
inline constexpr uint32_t kEpilogueRelu = 2, kEpilogueBias = 4, kEpilogueGelu = 32;           // cublasLtEpilogue_t, which is their sum
inline constexpr int kLayoutBatch = 5, kLayoutStride = 6;                                     // cublasLtMatrixLayoutAttribute_t
inline constexpr int kPreferenceWorkspace = 1, kPreferenceReductions = 3, kPreferenceAlignmentA = 5;  // of B, C, D: the next ones
inline constexpr uint32_t kReductionInComputeType = 2;                                        // cublasLtReductionScheme_t
inline constexpr int32_t kTranspose = 1;                                                      // cublasOperation_t
}  // namespace lt

// The library of this process (the one that a test put in its place), or null; why: what is missing and
// what to do about it. With a driver that was replaced there is no library but a replaced one.
const lt::Table* cublaslt(std::string* why);
// For tests; null: the system's. Must outlive the devices that are opened with it.
void use_cublaslt(const lt::Table* table);

// "CUBLAS_STATUS_NOT_SUPPORTED (15)", and what it means for the user; "" where nothing is known.
std::string cublas_text(int status);
std::string cublas_help(int status);

}  // namespace frit::rt::cuda
