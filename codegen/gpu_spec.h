// What a GPU is, for the decisions of lowering and codegen/cuda: from the driver where there is one, or
// from the table of known cards, so that every decision can be made and tested without a device.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace frit::codegen {

struct GpuSpec {
  std::string name;                    // "H200"
  int sm = 80;                         // compute capability, major*10 + minor
  bool arch_specific = false;          // compile for sm_90a rather than sm_90
  int multiprocessors = 1;
  int threads_per_multiprocessor = 2048;
  int64_t registers = 65536;           // 32-bit ones, a multiprocessor
  int64_t shared_per_block = 48 << 10; // bytes, the most that a block may opt into
  int64_t shared_per_multiprocessor = 64 << 10;
  int64_t l2 = 4 << 20;                // bytes
  int64_t memory = int64_t{8} << 30;   // bytes
  double bandwidth = 500;              // GB/s by the data sheet
  int64_t bytes_in_flight = 16 << 10;  // a multiprocessor needs to fill the memory's latency
  int max_cluster = 1;                 // blocks of a cluster; 1: none
  int row_warps = 16;                  // of a block that keeps a row in registers: longer rows get a cluster
  int64_t argument_bytes = 32764;      // of a kernel; 4096 before CUDA 12.1
  int ptx = 0;                         // compile to PTX of this older capability, for the driver; 0: for sm

  // Bytes that a thread of a kernel that streams asks for at a time: twice what fills the latency, with
  // half of the threads there.
  int64_t bytes_a_thread() const {
    int64_t b = 16;
    while (b * 2 * threads_per_multiprocessor / 2 <= 2 * bytes_in_flight) b *= 2;
    return b;
  }
  // As NVRTC is told: "sm_90a", "compute_90".
  std::string arch() const { return ptx ? "compute_" + std::to_string(ptx) : "sm_" + std::to_string(sm) + (arch_specific ? "a" : ""); }
  friend bool operator==(const GpuSpec&, const GpuSpec&) = default;
};

// The cards that ship with the code: A100, H100, H200 and a consumer card.
std::span<const GpuSpec> known_gpus();
// By name, without regard to case; null if there is none.
const GpuSpec* find_gpu(std::string_view name);

}  // namespace frit::codegen
