// Plans on a GPU: kernels loaded, arguments laid out once, launches enqueued.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/cuda/device.h"
#include "runtime/plan.h"

namespace frit::rt::cuda {

// An image in the driver, shared by the programs that use it; unloaded some time after the last of them.
struct LoadedModule {
  LoadedModule(std::shared_ptr<Device> device, std::shared_ptr<const GpuKernel> kernel);  // loads its image
  ~LoadedModule() { device->retire(handle); }
  LoadedModule(const LoadedModule&) = delete;

  const std::shared_ptr<Device> device;
  const std::shared_ptr<const GpuKernel> kernel;  // one of those in the image
  Module handle = nullptr;
  // The entry point, allowed that much dynamic shared memory. Programs share it: what one was allowed stays.
  Function function(const GpuKernel& k);

 private:
  std::mutex mutex_;
  std::map<std::string, int64_t> shared_bytes_;  // allowed so far, by entry point
};
std::shared_ptr<LoadedModule> load_module(Device& d, const std::shared_ptr<const GpuKernel>& kernel);

}  // namespace frit::rt::cuda

namespace frit::rt::gpu {

class Program {
 public:
  Program(cuda::Device& device, const Plan& plan);
  ~Program();
  Program(const Program&) = delete;
  void run(const void* const* inputs, void* const* outputs, RunCounters* counters, const uint8_t* number_bytes);

 private:
  // Where an argument comes from: base + offset, to be written to *slot.
  struct Argument {
    uint32_t base;
    int64_t offset;
    uint64_t* slot;
  };
  struct Kernel {
    std::unique_ptr<cuda::Product> product;  // instead of a kernel: the library's, of the four values
    std::shared_ptr<cuda::LoadedModule> module;
    cuda::Function function = nullptr;
    std::string name;
    unsigned grid = 0, threads = 0, shared_bytes = 0, cluster = 1;
    std::vector<uint64_t> values;
    std::vector<void*> arguments;  // of the values
    int64_t bytes_read = 0, bytes_written = 0;
  };
  // The launches as a graph, for one set of addresses.
  struct Recorded {
    std::vector<uint64_t> addresses;
    cuda::GraphExec graph = nullptr;
    uint64_t used = 0;  // when
  };
  struct Temporary;

  uint64_t place_numbers(const void* const* inputs, const uint8_t* number_bytes, Temporary& memory);
  void add_argument(const BufferRef& b, uint64_t* slot);
  void launch_all(cuda::Stream stream);
  bool replay();
  void record(Recorded& r);
  void destroy(Recorded& r) noexcept;

  const std::shared_ptr<cuda::Device> device_;
  const std::shared_ptr<const std::string> name_;
  const size_t inputs_, outputs_;
  const int64_t arena_bytes_;
  std::vector<Kernel> kernels_;
  std::vector<Argument> arguments_;
  int64_t bytes_read_ = 0, bytes_written_ = 0;

  // Under the device's submit_mutex.
  std::vector<uint64_t> bases_;  // inputs, outputs, the arena
  std::vector<Recorded> recorded_;
  uint64_t clock_ = 0;
  bool graphs_ = false;
};

}  // namespace frit::rt::gpu
