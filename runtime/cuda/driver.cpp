// Looks the driver's functions up in libcuda, and puts its errors into words.
#include "runtime/cuda/driver.h"

#include <mutex>

#include "runtime/cuda/libraries.h"

namespace frit::rt::cuda {

const Driver* system_driver(std::string* why) {
  struct Found {
    Driver table;
    bool usable = false;
    std::string why;
  };
  static const Found* const found = [] {
    auto* f = new Found;  // never destroyed
    const Loaded& lib = library(Library::driver);
    if (!lib.handle) {
      f->why = not_found(Library::driver);
      return f;
    }
    std::string missing;
    auto fill = [&](auto& member, const char* symbol, bool needed) {
      look_up(Library::driver, symbol, member);
      if (!member && needed && missing.empty()) missing = symbol;
    };
#define FRIT_CU(member, symbol, parameters) fill(f->table.member, #symbol, true);
#define FRIT_CU_OPTIONAL(member, symbol, parameters) fill(f->table.member, #symbol, false);
#include "runtime/cuda/driver.def"
#undef FRIT_CU
    f->usable = missing.empty();
    if (!f->usable)
      f->why = "the NVIDIA driver " + lib.path + (lib.version ? " (CUDA " + lib.version_text + ")" : "") + " is too old: it has no " +
               missing + "; install a newer driver (CUDA 11.8 or later)";
    return f;
  }();
  if (found->usable) return &found->table;
  if (why) *why = found->why;
  return nullptr;
}

std::string error_text(const Driver& driver, int error) {
  const char* name = nullptr;
  const char* text = nullptr;
  if (!driver.error_name || driver.error_name(error, &name) != kOk || !name) name = "error";
  if (!driver.error_string || driver.error_string(error, &text) != kOk) text = nullptr;
  return std::string(name) + " (" + std::to_string(error) + ")" + (text ? ": " + std::string(text) : "");
}

std::string error_help(int error) {
  switch (error) {
    case kStubLibrary: return "this libcuda is the toolkit's stub: install the driver, or set FRIT_LIBCUDA to its libcuda.so.1";
    case kNoDevice: return "no GPU is visible: see what nvidia-smi says, and CUDA_VISIBLE_DEVICES; in a container, start it with the GPU (--gpus all)";
    case kDeviceUnavailable: return "another process has the GPU for itself alone: see nvidia-smi";
    case kSystemNotReady: return "the GPU's services are not running yet (nvidia-fabricmanager, on machines with NVSwitch)";
    case kSystemDriverMismatch:
    case kCompatNotSupported: return "libcuda and the kernel's NVIDIA module are of different versions: restart the machine after the driver's update, or take the compat folder of the toolkit out of LD_LIBRARY_PATH";
    case kInvalidImage:
    case kNoBinaryForGpu: return "the kernel was compiled for another kind of GPU";
    case kUnsupportedPtxVersion: return "NVRTC is newer than the driver: install a newer driver, or set FRIT_NVRTC to an older toolkit's libnvrtc.so";
    case kOutOfMemory: return "free arrays, work in smaller parts, or see with nvidia-smi who else uses the GPU's memory";
    case kLaunchOutOfResources: return "the kernel needs more registers or shared memory than a block can have on this GPU";
    default: break;
  }
  if (is_sticky(error)) return "start the process again; FRIT_CHECK=launches waits after each program, so that the failing one is named";
  return "";
}

bool is_sticky(int error) {
  switch (error) {
    case kEccUncorrectable:
    case 220:  // NVLINK_UNCORRECTABLE
    case 226:  // CONTAINED
    case kIllegalAddress:
    case 702:  // LAUNCH_TIMEOUT
    case 709:  // CONTEXT_IS_DESTROYED
    case 710:  // ASSERT
    case 714:  // HARDWARE_STACK_ERROR
    case 715:  // ILLEGAL_INSTRUCTION
    case 716:  // MISALIGNED_ADDRESS
    case 717:  // INVALID_ADDRESS_SPACE
    case 718:  // INVALID_PC
    case kLaunchFailed:
    case 721:  // TENSOR_MEMORY_LEAK
    case 911:  // EXTERNAL_DEVICE
      return true;
    default:
      return false;
  }
}

}  // namespace frit::rt::cuda
