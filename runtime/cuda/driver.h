// The driver's functions as a table that tests replace, with the few types and numbers of its binary
// interface that we use. Declared here, so that no CUDA header is needed to build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace frit::rt::cuda {

using Address = unsigned long long;  // of device memory
using Context = struct ContextOpaque*;
using Module = struct ModuleOpaque*;
using Function = struct FunctionOpaque*;
using Stream = struct StreamOpaque*;
using Event = struct EventOpaque*;
using Graph = struct GraphOpaque*;
using GraphExec = struct GraphExecOpaque*;

struct LaunchAttribute {
  int id;
  int pad;
  union {
    char bytes[64];
    unsigned cluster[3];
  } value;
};
struct LaunchConfig {
  unsigned grid[3];
  unsigned block[3];
  unsigned shared_bytes;
  Stream stream;
  LaunchAttribute* attributes;
  unsigned attribute_count;
};

struct Driver {
#define FRIT_CU(member, symbol, parameters) int(*member) parameters = nullptr;
#include "runtime/cuda/driver.def"
#undef FRIT_CU
};

// The numbers of the interface, as cuda.h has them.
enum : int {
  kOk = 0,
  kInvalidValue = 1,
  kOutOfMemory = 2,
  kNotInitialized = 3,
  kDeinitialized = 4,  // the process is ending
  kStubLibrary = 34,
  kDeviceUnavailable = 46,
  kNoDevice = 100,
  kInvalidImage = 200,
  kNoBinaryForGpu = 209,
  kEccUncorrectable = 214,
  kInvalidPtx = 218,
  kUnsupportedPtxVersion = 222,
  kInvalidHandle = 400,
  kNotFound = 500,
  kIllegalAddress = 700,
  kLaunchOutOfResources = 701,
  kLaunchFailed = 719,
  kSystemNotReady = 802,
  kSystemDriverMismatch = 803,
  kCompatNotSupported = 804,
  kCaptureInvalidated = 901,
  kUnknown = 999,
};
enum DeviceAttribute : int {
  kMultiprocessors = 16,
  kMemoryClockKhz = 36,
  kMemoryBusBits = 37,
  kL2Bytes = 38,
  kThreadsPerMultiprocessor = 39,
  kComputeMajor = 75,
  kComputeMinor = 76,
  kSharedPerMultiprocessor = 81,
  kRegistersPerMultiprocessor = 82,
  kSharedPerBlockOptin = 97,
  kClusterLaunch = 120,
};
inline constexpr int kFunctionDynamicShared = 8;         // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
inline constexpr int kFunctionLargeClusters = 14;        // CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED
inline constexpr int kAttributeCluster = 4;              // CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION
inline constexpr int kJitErrorLog = 5, kJitErrorLogBytes = 6;
inline constexpr unsigned kStreamNonBlocking = 1, kEventNoTiming = 2, kHostPortable = 1;
inline constexpr int kCaptureRelaxed = 2;

// The driver of this system, or null; why: what is missing and what to do about it.
const Driver* system_driver(std::string* why);


// "CUDA_ERROR_ILLEGAL_ADDRESS (700): an illegal memory access was encountered"
std::string error_text(const Driver& driver, int error);
// What a user can do about it; "" where nothing is known.
std::string error_help(int error);
// After such an error nothing works on that GPU any more in this process.
bool is_sticky(int error);

}  // namespace frit::rt::cuda
