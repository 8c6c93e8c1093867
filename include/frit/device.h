// Devices: where tensors lie and where calls run. The CPU, and the NVIDIA GPUs that the driver shows.
//
//   if (frit::has_gpu()) { frit::with_device d(frit::gpu()); y = fast(x.to(frit::gpu())); }
//
// A call runs where its tensors are; tensors on different devices in one call are an Error. Numbers
// belong to no device. What is made from nothing (zeros, arange, copies of your data) is made on the
// thread's device. Calls on a GPU return before they are done; what reads numbers waits.
#pragma once

#include <cstdint>
#include <string>

#include "frit/error.h"

namespace frit {

class Device {
 public:
  constexpr Device() = default;  // the CPU
  static constexpr Device of_gpu(int index) {  // whether there is one is seen where it is used
    Device d;
    d.index_ = static_cast<int16_t>(index < 0 || index > INT16_MAX ? INT16_MAX : index);
    return d;
  }
  bool is_cpu() const { return index_ < 0; }
  bool is_gpu() const { return index_ >= 0; }
  int index() const { return index_ < 0 ? 0 : index_; }  // among the GPUs
  std::string str() const { return is_cpu() ? "cpu" : "gpu:" + std::to_string(index_); }
  friend bool operator==(const Device&, const Device&) = default;

 private:
  int16_t index_ = -1;
};

inline Device cpu() { return {}; }
int gpu_count();                       // GPUs that can be used; 0 where the driver is missing
inline bool has_gpu() { return gpu_count() > 0; }
// The GPU of this number. Error, with the reason, if there is none.
Device gpu(int index = 0, Loc where = Loc::current());

// The device of what is made from nothing. The default of the process is FRIT_DEVICE, or the CPU.
void set_default_device(Device d);
class with_device {                    // for this thread, while it lives; scopes nest
 public:
  explicit with_device(Device d);
  ~with_device();
  with_device(const with_device&) = delete;
  with_device& operator=(const with_device&) = delete;

 private:
  Device before_;
  bool had_;
};
Device current_device();               // what holds now for this thread

}  // namespace frit
