// GPUs, for the layers above: what there is, memory, copies, programs. Knows no IR and no CUDA header;
// where there is no driver or no GPU, count() is 0 and everything else throws Error with the reason.
//
// Each GPU has one stream: what is enqueued runs in the order of the calls, from whatever thread they
// come (all functions here are safe from several threads). Calls return when they have enqueued; only
// copy_out and synchronize wait, and copy_in for room in the pinned memory that it goes through. So
// memory may be dropped right after the call that uses it: the next owner's work comes later on the same
// stream. A failure while running is thrown by the next call that waits, and names the programs that were
// running; a GPU that has failed so is dead for this process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runtime/memory.h"
#include "runtime/plan.h"

namespace frit::rt::gpu {

struct Properties {
  std::string name;                       // "NVIDIA H200"
  int sm = 0;                             // compute capability, major*10 + minor
  int multiprocessors = 0;
  int threads_per_multiprocessor = 0;
  int64_t registers = 0;                  // 32-bit ones, a multiprocessor
  int64_t shared_per_block = 0;           // bytes, the most that a block may opt into
  int64_t shared_per_multiprocessor = 0;
  int64_t l2 = 0;                         // bytes
  int64_t memory = 0;                     // bytes
  double bandwidth = 0;                   // GB/s, from the memory's clock and width; 0: the driver does not say
  int max_cluster = 1;                    // blocks of a cluster; 1: none
};

// The GPUs that can be used, found at the first call.
int count();
// Why there are none ("" if there are) and what to do about it, in sentences.
std::string reason();
const Properties& properties(int device);
int driver_version();                     // of CUDA, 1000 * major + 10 * minor; 0: no driver

// Uninitialised memory of the GPU, 256-byte aligned, also of 0 bytes; Storage::data() is its address
// there, Storage::device() the GPU. Throws OutOfMemory when it cannot be had, after giving everything
// cached back and trying once more.
std::shared_ptr<Storage> allocate(int device, int64_t bytes);

// Copies of bytes [offset, offset + bytes). copy_in: `from` may be changed when it returns. copy_out
// waits for everything enqueued before. copy: within a GPU or between two; not overlapping.
void copy_in(const Storage& to, int64_t offset, const void* from, int64_t bytes);
void copy_out(void* to, const Storage& from, int64_t offset, int64_t bytes);
void copy(const Storage& to, int64_t to_offset, const Storage& from, int64_t from_offset, int64_t bytes);

// Whether the library of matrix products (cuBLASLt) can be used on a GPU; why: the reason if not. And
// whether it has an algorithm for a product, wherever its arrays lie. Throw where the GPU cannot be used.
bool has_gemms(int device, std::string* why = nullptr);
bool can_gemm(int device, const Gemm& gemm);

// A plan (plan.gpu) whose kernels are loaded on one GPU; made once, run often.
class Program;
std::shared_ptr<Program> load(int device, const Plan& plan);

// Enqueues the launches. inputs, outputs: addresses on the GPU, one each (aliased outputs are ignored).
// number_bytes: null, or for each input 0, or the bytes (at most 8) of a number that lies in host memory
// at inputs[i] and goes along with the call. Throws where it cannot be enqueued; allocates no host memory
// when warm.
void execute(Program& program, const void* const* inputs, void* const* outputs, RunCounters* counters = nullptr,
             const uint8_t* number_bytes = nullptr);

// Waits for all that was enqueued. Throws if it failed.
void synchronize(int device);
void synchronize();                       // every GPU that was used

struct GpuMemoryStats : MemoryStats {
  int64_t held_bytes = 0;                 // had from the driver: live, cached and between them
};
GpuMemoryStats memory_stats(int device);
void trim_memory(int device);             // waits, and gives what is cached back to the driver
void reset_peak(int device);
void set_memory_limit(int device, int64_t bytes);  // of held bytes; 0: what the GPU has

}  // namespace frit::rt::gpu
