// Our declarations of the driver's interface against NVIDIA's header, where the toolkit is at hand.
#include "runtime/cuda/driver.h"

#include <gtest/gtest.h>

#ifdef FRIT_CUDA_HEADER
#include <cuda.h>

#include "tests/runtime_cuda/declarations.h"

namespace frit::rt::cuda {
namespace {

TEST(Declarations, AreThoseOfTheHeader) {
  // The header's macros turn a name into the symbol that the binary interface has.
#define FRIT_CU(member, symbol, parameters) EXPECT_TRUE((Same<CUresult, decltype(Driver::member), decltype(&::symbol)>::value)) << #symbol;
#include "runtime/cuda/driver.def"
#undef FRIT_CU
}

TEST(Declarations, Structures) {
  EXPECT_EQ(sizeof(LaunchConfig), sizeof(CUlaunchConfig));
  EXPECT_EQ(offsetof(LaunchConfig, stream), offsetof(CUlaunchConfig, hStream));
  EXPECT_EQ(offsetof(LaunchConfig, attributes), offsetof(CUlaunchConfig, attrs));
  EXPECT_EQ(offsetof(LaunchConfig, attribute_count), offsetof(CUlaunchConfig, numAttrs));
  EXPECT_EQ(sizeof(LaunchAttribute), sizeof(CUlaunchAttribute));
  EXPECT_EQ(offsetof(LaunchAttribute, value), offsetof(CUlaunchAttribute, value));
}

TEST(Declarations, Numbers) {
  auto same = [](int ours, auto theirs) { EXPECT_EQ(ours, static_cast<int>(theirs)); };
  same(kOutOfMemory, CUDA_ERROR_OUT_OF_MEMORY);
  same(kDeinitialized, CUDA_ERROR_DEINITIALIZED);
  same(kStubLibrary, CUDA_ERROR_STUB_LIBRARY);
  same(kDeviceUnavailable, CUDA_ERROR_DEVICE_UNAVAILABLE);
  same(kNoDevice, CUDA_ERROR_NO_DEVICE);
  same(kInvalidImage, CUDA_ERROR_INVALID_IMAGE);
  same(kNoBinaryForGpu, CUDA_ERROR_NO_BINARY_FOR_GPU);
  same(kEccUncorrectable, CUDA_ERROR_ECC_UNCORRECTABLE);
  same(kUnsupportedPtxVersion, CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
  same(kInvalidHandle, CUDA_ERROR_INVALID_HANDLE);
  same(kNotFound, CUDA_ERROR_NOT_FOUND);
  same(kIllegalAddress, CUDA_ERROR_ILLEGAL_ADDRESS);
  same(kLaunchOutOfResources, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
  same(kLaunchFailed, CUDA_ERROR_LAUNCH_FAILED);
  same(kSystemNotReady, CUDA_ERROR_SYSTEM_NOT_READY);
  same(kSystemDriverMismatch, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH);
  same(kCompatNotSupported, CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE);
  same(kCaptureInvalidated, CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  same(kUnknown, CUDA_ERROR_UNKNOWN);
  same(kMultiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  same(kMemoryClockKhz, CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE);
  same(kMemoryBusBits, CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH);
  same(kL2Bytes, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
  same(kThreadsPerMultiprocessor, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR);
  same(kComputeMajor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
  same(kComputeMinor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  same(kSharedPerMultiprocessor, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
  same(kRegistersPerMultiprocessor, CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR);
  same(kSharedPerBlockOptin, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
  same(kClusterLaunch, CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH);
  same(kFunctionDynamicShared, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
  same(kFunctionLargeClusters, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED);
  same(kAttributeCluster, CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION);
  same(kJitErrorLog, CU_JIT_ERROR_LOG_BUFFER);
  same(kJitErrorLogBytes, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
  same(static_cast<int>(kStreamNonBlocking), CU_STREAM_NON_BLOCKING);
  same(static_cast<int>(kEventNoTiming), CU_EVENT_DISABLE_TIMING);
  same(static_cast<int>(kHostPortable), CU_MEMHOSTALLOC_PORTABLE);
  same(kCaptureRelaxed, CU_STREAM_CAPTURE_MODE_RELAXED);
}

}  // namespace
}  // namespace frit::rt::cuda

#else

TEST(Declarations, AreThoseOfTheHeader) { GTEST_SKIP() << "cuda.h is not at hand"; }

#endif
