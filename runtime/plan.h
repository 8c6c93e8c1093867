// A program ready to run, as plain data: buffers, launches, sizes. Knows no IR and no LLVM.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/gemm.h"

namespace frit::rt {

// Machine code of a kernel. Both functions take the buffers and run-time numbers of the launch.
// work runs the items [lo, hi); items are independent. finish, if there is one, runs once after all
// items. scratch: the launch's scratch_bytes, 64-byte aligned, owned by the calling worker alone.
using WorkFn = void (*)(void* const* buffers, const int64_t* params, int64_t lo, int64_t hi, void* scratch);

struct KernelCode {
  WorkFn work = nullptr;
  WorkFn finish = nullptr;          // called with lo = hi = 0
  std::string name;
  double compile_ms = 0;            // what making it cost
  std::shared_ptr<const void> owner;  // keeps the pages of the code alive
};

// A kernel of a GPU: what the driver loads, and how it is launched. Its arguments are the addresses of
// the launch's buffers, its params and work (64 bits each), and, where `finish`, the address of a
// 32-bit counter that is 0 before and after the launch. Those of a kernel with `segments` are one table of
// 64-bit words by value, and work: the first item of each segment, then each segment's buffers and params.
struct GpuKernel {
  std::string name;             // the entry point in the image
  std::shared_ptr<const std::string> image;  // a cubin, or PTX (which the driver compiles); of several kernels
  bool is_ptx = false;
  int threads = 0;              // of a block
  int64_t items_per_block = 1;  // the grid has ceil(work / items_per_block) blocks, or clusters
  int cluster = 1;              // blocks of a cluster, which takes a block's items
  int64_t shared_bytes = 0;     // dynamic shared memory of a block
  bool finish = false;          // the last block to end does what remains
  int64_t segments = 0;         // of the launch; 0: it has no table of them
  int registers = 0;            // of a thread, as the compiler says
  int64_t spill_bytes = 0;      // of a thread
  int64_t static_shared_bytes = 0;
  double compile_ms = 0;
  std::string source;           // CUDA C++ after the prelude, for messages and dumps
  std::string mapping;          // how work items became threads, in words
};

struct BufferRef {
  enum Kind : uint8_t { input, output, temp };
  Kind kind = input;
  int32_t number = 0;    // of the input or output
  int64_t offset = 0;    // bytes; of a temp: from the start of the arena
};

struct Launch {
  std::shared_ptr<const KernelCode> code;      // of a plan for the CPU
  std::shared_ptr<const GpuKernel> gpu;        // of a plan for a GPU
  std::shared_ptr<const Gemm> gemm;            // instead of gpu: the library's product of buffers a, b, c, bias if it has one, workspace
  std::vector<BufferRef> buffers;
  std::vector<int64_t> params;
  // Several segments in one launch: the first item of each, ascending from 0. Items of a segment are
  // counted from there; buffers and params hold those of each segment, one after the other. Empty: one.
  std::vector<int64_t> starts;
  int64_t work = 0;           // number of work items; 0: only finish runs
  int64_t grain = 1;          // items handed to a worker at a time, at least
  int64_t scratch_bytes = 0;  // a worker's
  int64_t bytes_read = 0;     // of the buffers, each element once
  int64_t bytes_written = 0;
  int64_t flops = 0;          // rough count of scalar operations, to decide whether threads pay

  size_t segments() const { return starts.empty() ? 1 : starts.size(); }
  size_t segment_buffers() const { return buffers.size() / segments(); }
  size_t segment_params() const { return params.size() / segments(); }
};

struct Output {
  int64_t bytes = 0;
  int32_t alias_input = -1;    // the result is that input itself
  int32_t alias_output = -1;   // the result is that earlier output itself
  int32_t donor_input = -1;    // may be written in place into that input's buffer, if the caller gives it away
};

struct Plan {
  std::string name;
  bool gpu = false;            // launches have GpuKernels or Gemms; buffers are on the device
  int32_t inputs = 0;
  std::vector<Output> outputs;
  int64_t arena_bytes = 0;     // temps, one block
  std::vector<Launch> launches;
};

// What an execution did; filled where the launches are made.
struct RunCounters {
  int64_t launches = 0;
  int64_t bytes_read = 0;
  int64_t bytes_written = 0;
};

// Runs the launches in order on up to `threads` threads, the caller taking part. inputs and outputs:
// one pointer each (aliased outputs are ignored). Sets and restores the floating-point control
// register on every thread. Throws Error if memory cannot be had; then nothing has been written.
void execute(const Plan& plan, const void* const* inputs, void* const* outputs, int threads, RunCounters* counters = nullptr);

// Throws std::logic_error if the plan contradicts itself: a buffer that is not there, no code.
void check(const Plan& plan);

}  // namespace frit::rt
