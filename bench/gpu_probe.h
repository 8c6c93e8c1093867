// The yardstick of the bench on a GPU: how fast it moves a case's bytes when nothing else is done.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/probes.h"
#include "runtime/gpu.h"

namespace frit::bench {

// As Probe, of kernels of our own in CUDA C++ (16-byte loads and stores), and the fastest way found to
// run them: how many vectors a thread has in flight, ordinary or streaming stores, a grid that covers the
// arrays or one that fills the card once. The way is chosen when the first probe of a mix and size is
// made, by racing them all. Arrays take turns where they are small, so that the second-level cache does
// not hold them.
class GpuProbe {
 public:
  GpuProbe(const Mix& mix, int64_t bytes, int device, int copies);

  void run(int times);       // enqueues; the caller waits
  std::string name() const;  // "1 read 1 write, streaming stores, 4 vectors a thread, grid of the card's size"

 private:
  struct Way {
    int vectors = 1;       // a thread's, at a time
    bool streaming = false;
    bool card = false;     // as many blocks as the card holds, going over the arrays together
  };
  void load(const Way& way);

  Mix mix_;
  int64_t bytes_;
  int device_;
  Way way_;
  std::shared_ptr<rt::gpu::Program> program_;
  std::vector<std::shared_ptr<rt::Storage>> arrays_;
  struct Turn {
    std::vector<const void*> inputs;
    std::vector<void*> outputs;
  };
  std::vector<Turn> turns_;
  size_t at_ = 0;
};

// CUDA C++ with the kernels of all ways of a mix.
std::string gpu_probe_source(const Mix& mix);

}  // namespace frit::bench
