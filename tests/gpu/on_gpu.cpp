// See on_gpu.h.
#include "tests/gpu/on_gpu.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <vector>

#include "runtime/gpu.h"

namespace frit::test {
namespace {

// An array on the GPU with a zone of known bytes on either side.
class DeviceArray {
 public:
  DeviceArray(int64_t bytes, int64_t shift) : bytes_(bytes), begin_(kZone + shift), all_(static_cast<size_t>(bytes + 2 * kZone + shift), kFill) {
    storage_ = rt::gpu::allocate(0, static_cast<int64_t>(all_.size()));
  }
  void fill(const void* from) {
    if (bytes_ > 0) std::memcpy(all_.data() + begin_, from, static_cast<size_t>(bytes_));
    upload();
  }
  void upload() { rt::gpu::copy_in(*storage_, 0, all_.data(), static_cast<int64_t>(all_.size())); }
  void* data() const { return static_cast<std::byte*>(storage_->data()) + begin_; }
  // The elements to `out`; false if a zone has changed.
  bool download(void* out) {
    rt::gpu::copy_out(all_.data(), *storage_, 0, static_cast<int64_t>(all_.size()));
    if (out && bytes_ > 0) std::memcpy(out, all_.data() + begin_, static_cast<size_t>(bytes_));
    auto clean = [&](int64_t from, int64_t to) {
      return std::all_of(all_.begin() + from, all_.begin() + to, [](unsigned char c) { return c == kFill; });
    };
    return clean(0, begin_) && clean(begin_ + bytes_, static_cast<int64_t>(all_.size()));
  }

 private:
  static constexpr int64_t kZone = 512;
  static constexpr unsigned char kFill = 0xc7;
  int64_t bytes_, begin_;
  std::vector<unsigned char> all_;
  std::shared_ptr<rt::Storage> storage_;
};

}  // namespace

RunPlan on_gpu(const ir::Func& f, bool unaligned) {
  return [&f, unaligned](const rt::Plan& plan, const void* const* inputs, void* const* outputs, rt::RunCounters& counters) {
    std::map<const void*, std::unique_ptr<DeviceArray>> there;  // by the host's address: results in place share an argument's
    std::vector<const void*> in;
    for (size_t i = 0; i < f.body.args.size(); ++i) {
      const ir::ValueId v = f.body.args[i];
      auto& a = there[inputs[i]];
      if (!a) {
        a = std::make_unique<DeviceArray>(ir::span_of(f, v) * size_of(f.type(v).dtype), unaligned ? size_of(f.type(v).dtype) : 0);
        a->fill(inputs[i]);
      }
      in.push_back(a->data());
    }
    std::vector<void*> out;
    for (size_t i = 0; i < plan.outputs.size(); ++i) {
      const rt::Output& o = plan.outputs[i];
      if (o.alias_input >= 0 || o.alias_output >= 0) {
        out.push_back(nullptr);
        continue;
      }
      auto& a = there[outputs[i]];
      if (!a) {
        a = std::make_unique<DeviceArray>(o.bytes, unaligned ? size_of(f.type(f.terminator().operands[i]).dtype) : 0);
        a->upload();
      }
      out.push_back(a->data());
    }
    const auto program = rt::gpu::load(0, plan);
    rt::gpu::execute(*program, in.data(), out.data(), &counters);
    for (size_t i = 0; i < out.size(); ++i)
      if (out[i] && !there[outputs[i]]->download(outputs[i])) throw std::runtime_error("memory around result " + std::to_string(i) + " has been written");
    for (size_t i = 0; i < in.size(); ++i)
      if (!there[inputs[i]]->download(nullptr)) throw std::runtime_error("memory around argument " + std::to_string(i) + " has been written");
  };
}

}  // namespace frit::test
