#include "tests/engines/execution.h"

#include <cstring>
#include <memory>
#include <set>

#include "runtime/memory.h"
#include "tests/engines/engines.h"
#include "tests/engines/guarded.h"

namespace frit::test {
namespace {

// An array's memory: from the allocator, or guarded.
class Buffer {
 public:
  Buffer(size_t bytes, const Execution& how) {
    if (how.guarded) guarded_ = std::make_unique<Guarded>(bytes);
    else storage_ = rt::allocate(static_cast<int64_t>(bytes) + kAfter);
    if (storage_) std::memset(storage_->data(), 0x5a, bytes + kAfter);
    std::memset(data(), how.fill, bytes);
    bytes_ = bytes;
  }
  void* data() const { return guarded_ ? guarded_->data() : storage_->data(); }
  bool intact() const {
    if (guarded_) return guarded_->untouched_before();
    const auto* p = static_cast<const std::byte*>(storage_->data()) + bytes_;
    for (size_t i = 0; i < kAfter; ++i)
      if (p[i] != std::byte{0x5a}) return false;
    return true;
  }

 private:
  static constexpr size_t kAfter = 256;
  std::unique_ptr<Guarded> guarded_;
  std::shared_ptr<rt::Storage> storage_;
  size_t bytes_;
};

}  // namespace

std::string compare(const Arrays& have, const Arrays& want) {
  if (have.size() != want.size())
    return std::to_string(have.size()) + " results, not " + std::to_string(want.size());
  for (size_t k = 0; k < want.size(); ++k)
    if (std::string d = difference(have[k], want[k]); !d.empty()) return "result " + std::to_string(k) + ": " + d;
  return "";
}

namespace {

// The memory of an argument: dense, or laid out with the strides of its parameter and a pattern in the gaps.
std::vector<std::byte> laid_out(const ir::Value& param, const ir::Array& a) {
  if (param.strides.empty() || a.data.empty()) return a.data;
  const auto size = static_cast<size_t>(size_of(a.dtype));
  size_t elements = 1;
  for (int k = 0; k < a.shape.rank(); ++k)
    elements += static_cast<size_t>((a.shape[k] - 1) * param.strides[static_cast<size_t>(k)]);
  std::vector<std::byte> out(elements * size, std::byte{1});
  for (int64_t p = 0; p < a.shape.count(); ++p) {
    int64_t rest = p, at = 0;
    for (int k = a.shape.rank(); k-- > 0; rest /= a.shape[k]) at += rest % a.shape[k] * param.strides[static_cast<size_t>(k)];
    std::memcpy(&out[static_cast<size_t>(at) * size], &a.data[static_cast<size_t>(p) * size], size);
  }
  return out;
}

}  // namespace

std::string execute(const ir::Func& f, rt::Plan plan, const Arrays& args, const Arrays& want, const Execution& how,
                    rt::RunCounters& counters) {
  if (plan.inputs != static_cast<int32_t>(args.size())) return "the plan has " + std::to_string(plan.inputs) + " inputs";
  if (plan.outputs.size() != want.size()) return "the plan has " + std::to_string(plan.outputs.size()) + " outputs";
  std::vector<Buffer> in, out;
  std::vector<const void*> inputs;
  std::vector<std::vector<std::byte>> bytes;
  for (size_t i = 0; i < args.size(); ++i) {
    bytes.push_back(laid_out(f.value(f.body.args[i]), args[i]));
    in.emplace_back(bytes[i].size(), how);
    if (!bytes[i].empty()) std::memcpy(in.back().data(), bytes[i].data(), bytes[i].size());
    inputs.push_back(in.back().data());
  }
  std::vector<void*> outputs;
  std::set<int32_t> given;
  for (size_t k = 0; k < want.size(); ++k) {
    const rt::Output& o = plan.outputs[k];
    const bool aliased = o.alias_input >= 0 || o.alias_output >= 0;
    if (!aliased && o.bytes != static_cast<int64_t>(want[k].data.size()))
      return "output " + std::to_string(k) + " has " + std::to_string(o.bytes) + " bytes in the plan";
    out.emplace_back(want[k].data.size(), how);
    outputs.push_back(aliased ? nullptr : out.back().data());
    if (!how.in_place || o.donor_input < 0) continue;
    const auto donor = static_cast<size_t>(o.donor_input);
    if (!given.insert(o.donor_input).second) return "two outputs have one donor";
    if (bytes[donor].size() < want[k].data.size()) return "a donor is too small";
    if (!f.value(f.body.args[donor]).strides.empty()) return "a donor has strides of its own";
    outputs.back() = in[donor].data();
  }
  counters = {};
  if (how.threads > 1)
    for (rt::Launch& l : plan.launches) {  // threads pay and every item may go to another
      l.grain = 1;
      l.flops = int64_t{1} << 40;
    }
  if (how.run) how.run(plan, inputs.data(), outputs.data(), counters);
  else rt::execute(plan, inputs.data(), outputs.data(), how.threads, &counters);
  for (size_t i = 0; i < in.size(); ++i) {
    if (!in[i].intact()) return "memory beside input " + std::to_string(i) + " has been written";
    if (!given.contains(static_cast<int32_t>(i)) && !bytes[i].empty() &&
        std::memcmp(in[i].data(), bytes[i].data(), bytes[i].size()) != 0)
      return "input " + std::to_string(i) + " has been written";
  }
  Arrays have;
  for (size_t k = 0; k < want.size(); ++k) {
    if (!out[k].intact()) return "memory beside output " + std::to_string(k) + " has been written";
    const rt::Output& o = plan.outputs[k];
    if (o.alias_output >= static_cast<int32_t>(k)) return "an output is another's alias that is not earlier";
    ir::Array a{want[k].dtype, want[k].shape, std::vector<std::byte>(want[k].data.size())};
    if (given.contains(o.alias_input)) return "a result is an input that has been given away";
    if (o.alias_input >= 0) a = args[static_cast<size_t>(o.alias_input)], a.shape = want[k].shape;
    else if (o.alias_output >= 0) a = have[static_cast<size_t>(o.alias_output)], a.shape = want[k].shape;
    else if (!a.data.empty()) std::memcpy(a.data.data(), outputs[k], a.data.size());
    have.push_back(std::move(a));
  }
  return compare(have, want);
}

}  // namespace frit::test
