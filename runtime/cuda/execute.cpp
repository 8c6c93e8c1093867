// Loads modules, enqueues launches. A warm call writes addresses into arguments that were laid out when
// the program was loaded, and allocates no host memory. Programs of several launches that are called
// again with the same addresses are recorded as a CUDA graph and replayed.
#include "runtime/cuda/execute.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <functional>

#include "frit/error.h"
#include "support/env.h"
#include "support/log.h"

namespace frit::rt::cuda {
namespace {
constexpr int64_t kSharedWithoutAsking = 48 << 10;
constexpr int kPortableCluster = 8;
}  // namespace

LoadedModule::LoadedModule(std::shared_ptr<Device> d, std::shared_ptr<const GpuKernel> k) : device(std::move(d)), kernel(std::move(k)) {
  char log[4096] = "";
  int options[] = {kJitErrorLog, kJitErrorLogBytes};
  void* values[] = {log, reinterpret_cast<void*>(sizeof log - 1)};
  // The driver reads PTX up to a null character, which c_str() has. Only PTX is compiled and has a log.
  const int r = device->retry_after_trim([&] { return device->cu.module_load(&handle, kernel->image->c_str(), kernel->is_ptx ? 2 : 0, options, values); });
  std::string what = "kernel " + kernel->name;
  if (r != kOk && log[0]) what += " (" + std::string(log) + ")";
  device->check(r, "cuModuleLoadDataEx", what);
}

Function LoadedModule::function(const GpuKernel& k) {
  const Driver& cu = device->cu;
  const std::string what = "kernel " + k.name;
  Function function = nullptr;
  // Drivers may load a kernel no sooner than here.
  device->check(device->retry_after_trim([&] { return cu.module_function(&function, handle, k.name.c_str()); }), "cuModuleGetFunction", what);
  if (k.shared_bytes > 0 && k.shared_bytes + k.static_shared_bytes > kSharedWithoutAsking) {
    std::lock_guard lock(mutex_);
    int64_t& allowed = shared_bytes_[k.name];
    if (k.shared_bytes > allowed) {
      device->check(cu.function_set(function, kFunctionDynamicShared, static_cast<int>(k.shared_bytes)), "cuFuncSetAttribute", what);
      allowed = k.shared_bytes;
    }
  }
  if (k.cluster > kPortableCluster) device->check(cu.function_set(function, kFunctionLargeClusters, 1), "cuFuncSetAttribute", what);
  return function;
}

std::shared_ptr<LoadedModule> load_module(Device& d, const std::shared_ptr<const GpuKernel>& kernel) {
  const size_t hash = std::hash<std::string>{}(*kernel->image);
  std::lock_guard lock(d.modules_mutex);
  std::erase_if(d.modules, [](const auto& m) { return m.second.expired(); });
  for (const auto& [h, weak] : d.modules) {
    if (h != hash) continue;
    if (auto m = weak.lock(); m && (m->kernel->image == kernel->image || *m->kernel->image == *kernel->image)) return m;
  }
  auto m = std::make_shared<LoadedModule>(d.shared_from_this(), kernel);
  d.modules.emplace_back(hash, m);
  return m;
}

}  // namespace frit::rt::cuda

namespace frit::rt::gpu {

using cuda::kOk;

namespace {
constexpr size_t kLeastLaunchesForGraph = 3;
constexpr size_t kMostGraphs = 4;
constexpr int64_t kNumberSlot = 16;
}  // namespace

// Blocks of device memory of one call, given back at its end: what comes later on the stream may have them.
struct Program::Temporary {
  cuda::Device& device;
  cuda::DevicePool::Block block;
  uint64_t take(int64_t bytes) {
    block = device.take(bytes);
    return block.at;
  }
  ~Temporary() { device.give(block, 0); }
};

Program::Program(cuda::Device& device, const Plan& plan)
    : device_(device.shared_from_this()),
      name_(std::make_shared<const std::string>(plan.name)),
      inputs_(static_cast<size_t>(plan.inputs)),
      outputs_(plan.outputs.size()),
      arena_bytes_(plan.arena_bytes) {
  check(plan);
  device.enter();
  cuda::ContextScope scope(device);
  bases_.resize(inputs_ + outputs_ + 1);
  kernels_.reserve(plan.launches.size());
  for (const Launch& l : plan.launches) {
    bytes_read_ += l.bytes_read;
    bytes_written_ += l.bytes_written;
    Kernel& k = kernels_.emplace_back();
    k.bytes_read = l.bytes_read;
    k.bytes_written = l.bytes_written;
    if (l.gemm) {
      k.product = std::make_unique<cuda::Product>(device, *l.gemm, *name_);
      k.values.assign(l.buffers.size(), 0);
      for (size_t i = 0; i < l.buffers.size(); ++i) add_argument(l.buffers[i], &k.values[i]);
      continue;
    }
    const GpuKernel& g = *l.gpu;
    k.name = g.name;
    // Without work only what the last block does remains, which one block (or cluster) does.
    int64_t blocks = (l.work + g.items_per_block - 1) / g.items_per_block;
    if (blocks == 0 && g.finish) blocks = 1;
    k.grid = static_cast<unsigned>(blocks * g.cluster);
    k.threads = static_cast<unsigned>(g.threads);
    k.shared_bytes = static_cast<unsigned>(g.shared_bytes);
    k.cluster = static_cast<unsigned>(g.cluster);
    if (g.cluster > device.properties.max_cluster)
      throw Error(*name_, "kernel " + g.name + " uses clusters of " + std::to_string(g.cluster) + " blocks; " + device.title() + " has at most " +
                              std::to_string(device.properties.max_cluster));
    k.module = cuda::load_module(device, l.gpu);
    k.function = k.module->function(g);

    k.values.assign(l.starts.size() + l.buffers.size() + l.params.size() + 1 + (g.finish ? 1 : 0), 0);
    size_t at = 0, buffer = 0, param = 0;
    for (int64_t first : l.starts) k.values[at++] = static_cast<uint64_t>(first);
    for (size_t s = 1; s <= l.segments(); ++s) {
      for (; buffer < s * l.segment_buffers(); ++buffer) add_argument(l.buffers[buffer], &k.values[at++]);
      for (; param < s * l.segment_params(); ++param) k.values[at++] = static_cast<uint64_t>(l.params[param]);
    }
    // The table of segments is one argument, by value; otherwise each value is one.
    const size_t table = l.starts.empty() ? 0 : at;
    if (table) k.arguments.push_back(k.values.data());
    k.values[at++] = static_cast<uint64_t>(l.work);
    if (g.finish) k.values[at] = device.counter();
    for (size_t v = table; v < k.values.size(); ++v) k.arguments.push_back(&k.values[v]);
  }
  graphs_ = kernels_.size() >= kLeastLaunchesForGraph;
}

void Program::add_argument(const BufferRef& b, uint64_t* slot) {
  size_t base = inputs_ + outputs_;
  if (b.kind == BufferRef::input) base = static_cast<size_t>(b.number);
  else if (b.kind == BufferRef::output) base = inputs_ + static_cast<size_t>(b.number);
  arguments_.push_back({static_cast<uint32_t>(base), b.offset, slot});
}

Program::~Program() {
  if (!device_->usable() || recorded_.empty()) return;
  try {
    cuda::ContextScope scope(*device_);
    for (Recorded& r : recorded_) destroy(r);
  } catch (const std::exception&) {  // they go with the context
  }
}

void Program::destroy(Recorded& r) noexcept {
  // One that still runs is freed by the driver when it has ended.
  if (r.graph) device_->cu.graph_exec_destroy(r.graph);
  r.graph = nullptr;
}

void Program::launch_all(cuda::Stream stream) {
  const cuda::Driver& cu = device_->cu;
  for (Kernel& k : kernels_) {
    if (k.product) {
      k.product->run(k.values.data(), stream, *name_);
      continue;
    }
    if (k.grid == 0) continue;
    int r = kOk;
    if (k.cluster > 1) {
      cuda::LaunchAttribute attribute{};
      attribute.id = cuda::kAttributeCluster;
      attribute.value.cluster[0] = k.cluster;
      attribute.value.cluster[1] = attribute.value.cluster[2] = 1;
      const cuda::LaunchConfig config{{k.grid, 1, 1}, {k.threads, 1, 1}, k.shared_bytes, stream, &attribute, 1};
      r = device_->retry_after_trim([&] { return cu.launch_ex(&config, k.function, k.arguments.data(), nullptr); });
    } else {
      r = device_->retry_after_trim([&] { return cu.launch(k.function, k.grid, 1, 1, k.threads, 1, 1, k.shared_bytes, stream, k.arguments.data(), nullptr); });
    }
    if (r != kOk) [[unlikely]] device_->check(r, k.cluster > 1 ? "cuLaunchKernelEx" : "cuLaunchKernel", *name_ + ", kernel " + k.name);
  }
}

// Numbers in host memory, side by side in one block of the device; their bases are set.
uint64_t Program::place_numbers(const void* const* inputs, const uint8_t* number_bytes, Temporary& memory) {
  int64_t count = 0;
  for (size_t i = 0; i < inputs_; ++i) count += number_bytes[i] > 0;
  if (count == 0) return 0;
  const int64_t bytes = count * kNumberSlot;
  const uint64_t at = memory.take(bytes);
  std::vector<char> own;  // where none can be pinned, or there are very many
  char* host = bytes <= device_->numbers.half() ? device_->numbers.take(bytes) : nullptr;
  const bool pinned = host != nullptr;
  if (!pinned) {
    own.resize(static_cast<size_t>(bytes));
    host = own.data();
  }
  int64_t offset = 0;
  for (size_t i = 0; i < inputs_; ++i) {
    if (number_bytes[i] == 0) continue;
    std::memcpy(host + offset, inputs[i], number_bytes[i]);
    bases_[i] = at + static_cast<uint64_t>(offset);
    offset += kNumberSlot;
  }
  device_->check(device_->cu.copy_in(at, host, static_cast<size_t>(bytes), device_->stream()), "cuMemcpyHtoDAsync", *name_);
  if (!pinned) device_->check(device_->cu.stream_wait(device_->stream()), "cuStreamSynchronize", *name_);
  return at;
}

void Program::run(const void* const* inputs, void* const* outputs, RunCounters* counters, const uint8_t* number_bytes) {
  cuda::Device& d = *device_;
  d.enter();
  {
    std::lock_guard lock(d.submit_mutex);
    cuda::ContextScope scope(d);
    Temporary arena{d, {}}, numbers{d, {}};
    for (size_t i = 0; i < inputs_; ++i) bases_[i] = reinterpret_cast<uint64_t>(inputs[i]);
    for (size_t i = 0; i < outputs_; ++i) bases_[inputs_ + i] = reinterpret_cast<uint64_t>(outputs[i]);
    bases_[inputs_ + outputs_] = arena_bytes_ > 0 ? arena.take(arena_bytes_) : 0;
    if (number_bytes) place_numbers(inputs, number_bytes, numbers);
    for (const Argument& a : arguments_) *a.slot = bases_[a.base] + static_cast<uint64_t>(a.offset);
    d.note_program(name_);
    if (!graphs_ || !replay()) launch_all(d.stream());
    d.note_enqueued();
  }
  if (counters) {
    counters->launches += static_cast<int64_t>(kernels_.size());
    counters->bytes_read += bytes_read_;
    counters->bytes_written += bytes_written_;
  }
  if (env().check.launches) [[unlikely]] d.wait();
}

// Enqueues the graph recorded for these addresses, which is recorded at the second call with them.
// False: it is to be launched kernel by kernel.
bool Program::replay() {
  auto found = std::find_if(recorded_.begin(), recorded_.end(), [&](const Recorded& r) { return r.addresses == bases_; });
  if (found == recorded_.end()) {
    if (recorded_.size() < kMostGraphs) found = recorded_.insert(recorded_.end(), Recorded{});
    else found = std::min_element(recorded_.begin(), recorded_.end(), [](const Recorded& a, const Recorded& b) { return a.used < b.used; });
    destroy(*found);
    found->addresses = bases_;
    found->used = ++clock_;
    return false;
  }
  found->used = ++clock_;
  if (!found->graph) record(*found);
  if (!found->graph) return false;
  const int r = device_->retry_after_trim([&] { return device_->cu.graph_launch(found->graph, device_->stream()); });
  device_->check(r, "cuGraphLaunch", *name_);
  return true;
}

// Records on a stream of its own, which nothing runs on: others may use and wait for the device's
// meanwhile. Where it fails, graphs are given up for this program.
void Program::record(Recorded& r) {
  const cuda::Driver& cu = device_->cu;
  const cuda::Stream stream = device_->capture_stream();
  graphs_ = false;
  int result = cu.capture_begin(stream, cuda::kCaptureRelaxed);
  std::exception_ptr other;  // which is no matter of graphs; the capture has to end all the same
  if (result == kOk) {
    try {
      launch_all(stream);
    } catch (const Error&) {
      result = cuda::kCaptureInvalidated;
    } catch (...) {
      result = cuda::kCaptureInvalidated;
      other = std::current_exception();
    }
    cuda::Graph graph = nullptr;
    const int ended = cu.capture_end(stream, &graph);
    if (result == kOk) result = ended;
    if (result == kOk) result = device_->retry_after_trim([&] { return cu.graph_instantiate(&r.graph, graph, 0); });
    if (result != kOk) r.graph = nullptr;
    if (graph) cu.graph_destroy(graph);
  }
  if (other) std::rethrow_exception(other);
  if (result == kOk) graphs_ = true;
  else logging::info(*name_, ": no graph: ", cuda::error_text(cu, result));
}

}  // namespace frit::rt::gpu
