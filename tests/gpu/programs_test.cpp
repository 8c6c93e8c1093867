// Programs through the GPU's runtime, against the interpreter: every program of tests/run and random
// ones, their arrays surrounded by bytes that nobody may change, at aligned and unaligned addresses.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "codegen/cuda.h"
#include "frontend/device.h"
#include "ir/interpret.h"
#include "lowering/compile.h"
#include "runtime/gpu.h"
#include "tests/cuda_emulation/emulated.h"
#include "tests/cuda_programs/emulated_engine.h"
#include "tests/engines/engines.h"
#include "tests/engines/execution.h"
#include "tests/engines/inputs.h"
#include "tests/engines/written.h"
#include "tests/gpu/device.h"
#include "tests/random/generate.h"

namespace frit::test {

extern int64_t gpu_random_programs;

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

// Runs a plan's launches on the GPU. unaligned: arrays begin one element past an aligned address.
auto on_gpu(const ir::Func& f, bool unaligned) {
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

lower::CompileOptions options_on_gpu(uint64_t seed, bool fuse) {
  CudaOptions o = cuda_options_for(seed, fuse);
  if (gpu_is_emulated()) return o.compile;
  // A real card is what it is; the small numbers of the schedules stay.
  lower::TargetSpec real = lower::gpu_target(gpu_spec(gpu(0))), &t = o.compile.target;
  t.gpu = real.gpu;
  t.kept_row = std::min(t.kept_row, real.kept_row);
  return o.compile;
}

// One run of a program: its inputs, the choice of schedule numbers, fused or op by op.
struct Variant {
  uint64_t seed = 0, number = 0;
  bool fuse = true;
};

std::string problem_on_gpu(const ir::Func& f, const Variant& v) {
  const Arrays args = make_inputs(f, v.seed), want = ir::interpret(f, args);
  const auto program = lower::compile(f, options_on_gpu(v.number, v.fuse));
  for (bool unaligned : {false, true}) {
    Execution how;
    how.in_place = !unaligned;
    how.run = on_gpu(f, unaligned);
    rt::RunCounters counters;
    if (std::string p = execute(f, program->plan, args, want, how, counters); !p.empty()) return p;
  }
  return "";
}

// Compiles the kernels of many programs before they run, and find them in the cache: several in one text, and
// several texts at a time, which is far quicker than one by one. A program that cannot be lowered or compiled says
// so itself when its turn comes.
class Ahead {
 public:
  void add(const ir::Func& f, const Variant& v) {
    lower::CompileOptions options = options_on_gpu(v.number, v.fuse);
    options.emit = false;
    try {
      programs_.push_back({*options.target.gpu, lower::compile(f, options)});
    } catch (const std::exception&) {
    }
  }

  void compile() {
    struct Batch {
      codegen::GpuSpec card;
      std::vector<const ir::Func*> kernels;
      std::vector<bool> wide;
    };
    // Each thread takes a part of the kernels for a card; equal ones are compiled by whoever comes first.
    const size_t threads = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, 8);
    std::map<std::string, std::vector<Batch>> by_card;
    size_t at = 0;
    for (const auto& [card, program] : programs_) {
      auto& batches = by_card[card.name];
      if (batches.empty()) batches.assign(threads, {card, {}, {}});
      for (size_t k = 0; k < program->kernels.size(); ++k) {
        Batch& b = batches[at++ % threads];
        b.kernels.push_back(&program->kernels[k]);
        b.wide.push_back(program->reports[k].wide);
      }
    }
    std::mutex mutex;
    std::vector<std::string> images;
    auto work = [&](size_t t) {
      for (auto& [name, batches] : by_card) try {
          for (const auto& k : codegen::compile_cuda_kernels(batches[t].kernels, batches[t].card, batches[t].wide)) {
            std::lock_guard lock(mutex);
            images.push_back(k->image);
          }
        } catch (const std::exception&) {
        }
    };
    std::vector<std::thread> others;
    for (size_t t = 1; t < threads; ++t) others.emplace_back(work, t);
    work(0);
    for (std::thread& t : others) t.join();
    if (gpu_is_emulated()) compile_images(images, static_cast<int>(threads));
    programs_.clear();
  }

 private:
  std::vector<std::pair<codegen::GpuSpec, std::shared_ptr<const lower::Program>>> programs_;
};

std::vector<Variant> variants_of(const Written& w) {
  std::vector<Variant> out;
  const uint64_t count = gpu_is_emulated() ? 1 : 8;  // the emulation has them in tests/cuda_programs
  for (uint64_t v = 0; v < count; ++v) {
    out.push_back({w.seeds[v % w.seeds.size()], 2 + v * 4, true});
    if (!gpu_is_emulated() && v == 0) out.push_back({w.seeds[0], 2, false});
  }
  return out;
}

std::string test_name(std::string program) {
  std::ranges::replace_if(program, [](unsigned char c) { return !std::isalnum(c); }, '_');
  return program;
}

class GpuRun : public testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() {
    const testing::TestSuite& suite = *testing::UnitTest::GetInstance()->current_test_suite();
    std::set<std::string> chosen;
    for (int i = 0; i < suite.total_test_count(); ++i) {
      const testing::TestInfo& test = *suite.GetTestInfo(i);
      if (test.should_run()) chosen.insert(std::string(test.name()).substr(std::string(test.name()).find('/') + 1));
    }
    Ahead ahead;
    for (const std::string& name : written_names()) {
      if (!chosen.contains(test_name(name))) continue;
      const Written w = load_written(name);
      for (const Variant& v : variants_of(w)) ahead.add(w.func, v);
    }
    ahead.compile();
  }
};

TEST_P(GpuRun, GivesTheInterpretersBytes) {
  const Written w = load_written(GetParam());
  for (const Variant& v : variants_of(w)) ASSERT_EQ(problem_on_gpu(w.func, v), "") << "variant " << v.number << (v.fuse ? "" : ", op by op");
}

INSTANTIATE_TEST_SUITE_P(Programs, GpuRun, testing::ValuesIn(written_names()), [](const auto& info) { return test_name(info.param); });

TEST(GpuRandom, GivesTheInterpretersBytes) {
  constexpr int64_t kGroup = 128;  // programs whose kernels are compiled together
  const int64_t n = gpu_random_programs >= 0 ? gpu_random_programs : gpu_is_emulated() ? 20 : 1000;
  for (int64_t first = 0; first < n; first += kGroup) {
    std::vector<Sample> samples;
    std::vector<Variant> variants;
    Ahead ahead;
    for (int64_t i = first; i < std::min(first + kGroup, n); ++i) {
      const uint64_t seed = 500000 + static_cast<uint64_t>(i);
      samples.push_back(generate(seed));
      variants.push_back({samples.back().seed, seed, i % 4 != 0});
      ahead.add(samples.back().func, variants.back());
    }
    ahead.compile();
    for (size_t k = 0; k < samples.size(); ++k) ASSERT_EQ(problem_on_gpu(samples[k].func, variants[k]), "") << "seed " << variants[k].number;
  }
}

}  // namespace
}  // namespace frit::test
