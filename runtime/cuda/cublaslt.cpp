// Looks cuBLASLt's functions up, and puts its errors into words.
#include "runtime/cuda/cublaslt.h"

#include <atomic>

#include "runtime/cuda/device.h"
#include "runtime/cuda/libraries.h"

namespace frit::rt::cuda {
namespace {

std::atomic<const lt::Table*> replaced{nullptr};

struct Found {
  lt::Table table;
  bool usable = false;
  std::string why;
};

const Found& system_library() {
  static const Found* const found = [] {
    auto* f = new Found;  // never destroyed
    const Loaded& lib = library(Library::cublaslt);
    if (!lib.handle) {
      f->why = not_found(Library::cublaslt);
      return f;
    }
    std::string missing;
    auto fill = [&](auto& member, const char* symbol) {
      look_up(Library::cublaslt, symbol, member);
      if (!member && missing.empty()) missing = symbol;
    };
    using namespace lt;
#define FRIT_LT(member, symbol, parameters) fill(f->table.member, #symbol);
#include "runtime/cuda/cublaslt.def"
#undef FRIT_LT
    f->usable = missing.empty();
    if (!f->usable) f->why = "cuBLASLt " + lib.path + " (" + lib.version_text + ") is too old: it has no " + missing;
    return f;
  }();
  return *found;
}

}  // namespace

const lt::Table* cublaslt(std::string* why) {
  if (const lt::Table* t = replaced.load(std::memory_order_acquire)) return t;
  if (driver_replaced()) {
    if (why) *why = "the driver is not the system's";
    return nullptr;
  }
  const Found& found = system_library();
  if (found.usable) return &found.table;
  if (why) *why = found.why;
  return nullptr;
}

void use_cublaslt(const lt::Table* table) { replaced.store(table, std::memory_order_release); }

std::string cublas_text(int status) {
  const char* name = "an error";
  switch (status) {
    case lt::kNotInitialized: name = "CUBLAS_STATUS_NOT_INITIALIZED"; break;
    case lt::kAllocFailed: name = "CUBLAS_STATUS_ALLOC_FAILED"; break;
    case lt::kInvalidValue: name = "CUBLAS_STATUS_INVALID_VALUE"; break;
    case lt::kArchMismatch: name = "CUBLAS_STATUS_ARCH_MISMATCH"; break;
    case lt::kMappingError: name = "CUBLAS_STATUS_MAPPING_ERROR"; break;
    case lt::kExecutionFailed: name = "CUBLAS_STATUS_EXECUTION_FAILED"; break;
    case lt::kInternalError: name = "CUBLAS_STATUS_INTERNAL_ERROR"; break;
    case lt::kNotSupported: name = "CUBLAS_STATUS_NOT_SUPPORTED"; break;
    default: break;
  }
  return std::string(name) + " (" + std::to_string(status) + ")";
}

std::string cublas_help(int status) {
  switch (status) {
    case lt::kAllocFailed: return "free arrays, work in smaller parts, or see with nvidia-smi who else uses the GPU's memory";
    case lt::kNotInitialized:
    case lt::kArchMismatch: return "cuBLASLt does not fit this driver or GPU: set FRIT_CUBLASLT to another one, or to off";
    default: return "Dot::own computes products by kernels of our own, as FRIT_CUBLASLT=off does";
  }
}

}  // namespace frit::rt::cuda
