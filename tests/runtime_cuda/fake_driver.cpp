// The fake driver: one function for each row of driver.def, over plain records of what exists.
#include "fake_driver.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>

#include "runtime/cuda/device.h"

namespace frit::test {

using namespace rt::cuda;

namespace {

constexpr int kInvalidContext = 201;
constexpr int64_t kPage = 4096;

// What a handle points to. Never reused, so that a use after the end is seen.
struct Object {
  bool alive = true;
};
struct FakeContext : Object {
  int device = 0;
};
struct FakeModule : Object {
  std::string image;
  int running = 0;  // launches of it that have not run
};
struct FakeFunction : Object {
  FakeModule* module = nullptr;
  std::string entry;
  int arguments = 0;
  int first_words = 1;
  int64_t most_shared = 48 << 10;
};
struct FakeStream;
struct Work {
  std::function<int()> run;
  FakeModule* module = nullptr;
};
struct FakeGraph : Object {
  std::vector<Work> work;
};
struct FakeStream : Object {
  int device = 0;
  std::deque<Work> queue;
  uint64_t enqueued = 0, done = 0;
  FakeGraph* capture = nullptr;
};
struct FakeEvent : Object {
  FakeStream* stream = nullptr;
  uint64_t at = 0;
};

}  // namespace

struct FakeDriver::State {
  FakeDriver* owner = nullptr;
  Options options;
  Driver table;
  std::recursive_mutex mutex;

  int64_t count = 0, fail_at = 0, kernel_count = 0, fail_kernel_at = 0;
  int fail_error = 0, fail_kernel_error = 0;
  std::vector<int> poison;  // of each device
  bool has_failed = false;
  std::string fail_name;
  std::map<std::string, int64_t> counts;
  std::vector<std::string> wrongs;
  std::map<std::string, std::pair<int, std::function<std::string(const FakeLaunch&)>>> kernels;

  std::vector<std::unique_ptr<FakeContext>> contexts, past_contexts;
  std::vector<int> retained;
  std::vector<std::unique_ptr<FakeModule>> modules;
  std::vector<std::unique_ptr<FakeFunction>> functions;
  std::vector<std::unique_ptr<FakeStream>> streams;
  std::vector<std::unique_ptr<FakeEvent>> events;
  std::vector<std::unique_ptr<FakeGraph>> graphs, execs;

  struct Block {
    int64_t bytes;
    int device;
  };
  char* area = nullptr;  // of all devices, one after the other
  int64_t area_bytes = 0;
  std::map<uint64_t, Block> blocks;
  std::map<void*, int64_t> pinned;
  int running = 0;  // work that runs now: the area can be touched

  void wrong(const std::string& text) { wrongs.push_back(text); }

  // The start of every call: an error it must return, or 0.
  int begin(const char* name) {
    ++count;
    ++counts[name];
    if (owner->before_call) owner->before_call(name);
    if (fail_at > 0 && (fail_name.empty() || fail_name == name) && --fail_at == 0) {
      has_failed = true;
      if (is_sticky(fail_error) && current()) poisoned() = fail_error;
      return fail_error;
    }
    return current() ? poisoned() : kOk;
  }

  FakeContext* current();
  int& poisoned() {  // of the device that is current; of the first where none is
    FakeContext* c = current();
    return poison[static_cast<size_t>(c ? c->device : 0)];
  }
  void protect(bool open) { mprotect(area, static_cast<size_t>(area_bytes), open ? PROT_READ | PROT_WRITE : PROT_NONE); }
  // Runs the work of a stream up to a position.
  int drain(FakeStream& s, uint64_t up_to) {
    int& poison = this->poison[static_cast<size_t>(s.device)];
    while (s.done < up_to && !s.queue.empty()) {
      Work w = std::move(s.queue.front());
      s.queue.pop_front();
      ++s.done;
      if (w.module) --w.module->running;
      if (poison) continue;
      if (running++ == 0) protect(true);
      const int r = w.run();
      if (--running == 0) protect(false);
      if (r != kOk) poison = r;
    }
    return poison;
  }
  int add(FakeStream* s, Work w) {
    if (s->capture) {
      s->capture->work.push_back(std::move(w));
      return kOk;
    }
    if (w.module) ++w.module->running;
    s->queue.push_back(std::move(w));
    ++s->enqueued;
    return kOk;
  }
  bool any_pending(int device = -1) const {
    return std::any_of(streams.begin(), streams.end(), [&](const auto& s) { return !s->queue.empty() && (device < 0 || s->device == device); });
  }
  bool inside(uint64_t at, size_t bytes) const {
    auto it = blocks.upper_bound(at);
    if (it == blocks.begin()) return false;
    --it;
    return at + bytes <= it->first + static_cast<uint64_t>(it->second.bytes);
  }
  template <class T, class Handle>
  T* live(Handle handle, const char* call, const char* what) {
    auto* object = reinterpret_cast<T*>(handle);
    if (object && object->alive) return object;
    wrong(std::string(call) + ": the " + what + (object ? " was destroyed before" : " is null"));
    return nullptr;
  }
};

namespace {

FakeDriver::State* fake = nullptr;  // the one that lives
thread_local std::vector<FakeContext*> context_stack;
thread_local FakeDriver::State* context_owner = nullptr;

}  // namespace

FakeContext* FakeDriver::State::current() {
  if (context_owner != this) return nullptr;
  return context_stack.empty() ? nullptr : context_stack.back();
}

namespace {

#define ENTER(symbol)                            \
  FakeDriver::State& f = *fake;                  \
  std::lock_guard lock(f.mutex);                 \
  if (int r = f.begin(#symbol); r != kOk) return r
#define NEED_CONTEXT(symbol)                                \
  do {                                                      \
    FakeContext* context = f.current();                     \
    if (!context || !context->alive) {                      \
      f.wrong(#symbol ": no context, or one that is gone"); \
      return kInvalidContext;                               \
    }                                                       \
  } while (false)

// Named by the members of the table.
struct Calls {
  static int init(unsigned) {
    ENTER(cuInit);
    return kOk;
  }
  static int driver_version(int* version) {
    ENTER(cuDriverGetVersion);
    *version = f.options.version;
    return kOk;
  }
  static int error_name(int error, const char** text) {
    *text = error == kOutOfMemory ? "CUDA_ERROR_OUT_OF_MEMORY" : error == kIllegalAddress ? "CUDA_ERROR_ILLEGAL_ADDRESS" : "CUDA_ERROR_FAKE";
    return kOk;
  }
  static int error_string(int, const char** text) {
    *text = "as the fake driver was told";
    return kOk;
  }
  static int device_count(int* n) {
    ENTER(cuDeviceGetCount);
    *n = f.options.devices;
    return kOk;
  }
  static int device_get(int* device, int ordinal) {
    ENTER(cuDeviceGet);
    *device = 100 + ordinal;
    return kOk;
  }
  static int device_name(char* name, int size, int) {
    ENTER(cuDeviceGetName);
    std::strncpy(name, "Fake", static_cast<size_t>(size));
    return kOk;
  }
  static int device_memory(size_t* bytes, int) {
    ENTER(cuDeviceTotalMem_v2);
    *bytes = static_cast<size_t>(f.options.memory);
    return kOk;
  }
  static int device_attribute(int* value, int attribute, int) {
    ENTER(cuDeviceGetAttribute);
    switch (attribute) {
      case kMultiprocessors: *value = 4; break;
      case kMemoryClockKhz: *value = 1000000; break;
      case kMemoryBusBits: *value = 512; break;
      case kL2Bytes: *value = 1 << 20; break;
      case kThreadsPerMultiprocessor: *value = 2048; break;
      case kComputeMajor: *value = f.options.sm / 10; break;
      case kComputeMinor: *value = f.options.sm % 10; break;
      case kSharedPerMultiprocessor: *value = 228 << 10; break;
      case kRegistersPerMultiprocessor: *value = 65536; break;
      case kSharedPerBlockOptin: *value = 227 << 10; break;
      case kClusterLaunch: *value = f.options.sm >= 90; break;
      default: return kInvalidValue;
    }
    return kOk;
  }

  static int primary_retain(Context* context, int device) {
    ENTER(cuDevicePrimaryCtxRetain);
    const int n = device - 100;
    if (n < 0 || n >= f.options.devices) return kInvalidValue;
    const auto at = static_cast<size_t>(n);
    if (!f.contexts[at] || !f.contexts[at]->alive) {
      f.past_contexts.push_back(std::move(f.contexts[at]));
      f.contexts[at] = std::make_unique<FakeContext>();
      f.contexts[at]->device = n;
    }
    ++f.retained[at];
    *context = reinterpret_cast<Context>(f.contexts[at].get());
    return kOk;
  }
  static int primary_release(int device) {
    FakeDriver::State& f = *fake;
    std::lock_guard lock(f.mutex);
    const int r = f.begin("cuDevicePrimaryCtxRelease_v2");
    const auto at = static_cast<size_t>(device - 100);
    if (f.retained.at(at) == 0) f.wrong("cuDevicePrimaryCtxRelease: not retained");
    else if (--f.retained[at] == 0) f.contexts[at]->alive = false;
    return r;
  }
  static int context_current(Context* context) {
    ENTER(cuCtxGetCurrent);
    *context = reinterpret_cast<Context>(f.current());
    return kOk;
  }
  static int context_push(Context context) {
    ENTER(cuCtxPushCurrent_v2);
    auto* c = f.live<FakeContext>(context, "cuCtxPushCurrent", "context");
    if (!c) return kInvalidContext;
    if (context_owner != &f) context_stack.clear(), context_owner = &f;
    context_stack.push_back(c);
    return kOk;
  }
  static int context_pop(Context* context) {
    FakeDriver::State& f = *fake;
    std::lock_guard lock(f.mutex);
    const int r = f.begin("cuCtxPopCurrent_v2");
    if (!f.current()) {
      f.wrong("cuCtxPopCurrent: there is none");
      return kInvalidContext;
    }
    *context = reinterpret_cast<Context>(context_stack.back());
    context_stack.pop_back();
    return r;
  }

  static int module_load(Module* module, const void* image, unsigned options, int* which, void** values) {
    ENTER(cuModuleLoadDataEx);
    NEED_CONTEXT(cuModuleLoadDataEx);
    const auto* text = static_cast<const char*>(image);
    if (std::strncmp(text, "broken", 6) == 0) {
      for (unsigned i = 0; i < options; ++i)
        if (which[i] == kJitErrorLog) std::strcpy(static_cast<char*>(values[i]), "the image is broken");
      return kInvalidImage;
    }
    f.modules.push_back(std::make_unique<FakeModule>());
    f.modules.back()->image = text;
    *module = reinterpret_cast<Module>(f.modules.back().get());
    return kOk;
  }
  static int module_unload(Module module) {
    FakeDriver::State& f = *fake;
    std::lock_guard lock(f.mutex);
    const int r = f.begin("cuModuleUnload");
    NEED_CONTEXT(cuModuleUnload);
    auto* m = f.live<FakeModule>(module, "cuModuleUnload", "module");
    if (!m) return kInvalidHandle;
    if (m->running) f.wrong("cuModuleUnload: a kernel of the module has not run");
    m->alive = false;
    return r;
  }
  static int module_function(Function* function, Module module, const char* name) {
    ENTER(cuModuleGetFunction);
    auto* m = f.live<FakeModule>(module, "cuModuleGetFunction", "module");
    if (!m) return kInvalidHandle;
    const int n = f.owner->argument_count(m->image, name);
    if (n < 0) return kNotFound;
    for (const auto& k : f.functions)  // as the driver, the same one again
      if (k->module == m && k->entry == name) {
        *function = reinterpret_cast<Function>(k.get());
        return kOk;
      }
    f.functions.push_back(std::make_unique<FakeFunction>());
    *f.functions.back() = {{}, m, name, n, f.owner->first_words(m->image, name), 48 << 10};
    *function = reinterpret_cast<Function>(f.functions.back().get());
    return kOk;
  }
  static int function_set(Function function, int attribute, int value) {
    ENTER(cuFuncSetAttribute);
    auto* k = f.live<FakeFunction>(function, "cuFuncSetAttribute", "function");
    if (!k || !k->module->alive) return kInvalidHandle;
    if (attribute == kFunctionDynamicShared) {
      if (value > 227 << 10) return kInvalidValue;
      k->most_shared = value;
    } else if (attribute != kFunctionLargeClusters) {
      return kInvalidValue;
    }
    return kOk;
  }

  static int add_launch(FakeDriver::State& f, const char* call, Function function, unsigned grid, unsigned threads, unsigned shared, unsigned cluster,
                        Stream stream, void** arguments) {
    auto* s = f.live<FakeStream>(stream, call, "stream");
    auto* k = f.live<FakeFunction>(function, call, "function");
    if (!s || !k) return kInvalidHandle;
    if (!k->module->alive) {
      f.wrong(std::string(call) + ": the module of kernel " + k->entry + " was unloaded");
      return kInvalidHandle;
    }
    if (grid == 0 || threads == 0 || threads > 1024 || shared > k->most_shared || cluster == 0 || grid % cluster != 0) {
      f.wrong(std::string(call) + ": kernel " + k->entry + " cannot be launched so");
      return kInvalidValue;
    }
    auto launch = std::make_shared<FakeLaunch>();
    launch->image = &k->module->image;
    launch->entry = k->entry;
    launch->grid = grid;
    launch->threads = threads;
    launch->shared_bytes = shared;
    launch->cluster = cluster;
    std::vector<size_t> places;
    for (int i = 0; i < k->arguments; ++i) {
      places.push_back(launch->values.size());
      launch->values.resize(places.back() + static_cast<size_t>(i == 0 ? k->first_words : 1));
      std::memcpy(&launch->values[places.back()], arguments[i], (launch->values.size() - places.back()) * sizeof(uint64_t));
    }
    for (size_t at : places) launch->arguments.push_back(&launch->values[at]);
    auto run = [&f, launch] {
      ++f.kernel_count;
      if (f.fail_kernel_at > 0 && --f.fail_kernel_at == 0) return f.fail_kernel_error;
      const std::string error = f.owner->run_kernel(*launch);
      if (error.empty()) return int{kOk};
      f.wrong("kernel " + launch->entry + ": " + error);
      return int{kIllegalAddress};
    };
    return f.add(s, {run, k->module});
  }
  static int launch(Function function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, Stream stream,
                    void** arguments, void**) {
    ENTER(cuLaunchKernel);
    NEED_CONTEXT(cuLaunchKernel);
    if (gy != 1 || gz != 1 || by != 1 || bz != 1) return kInvalidValue;
    return add_launch(f, "cuLaunchKernel", function, gx, bx, shared, 1, stream, arguments);
  }
  static int launch_ex(const LaunchConfig* c, Function function, void** arguments, void**) {
    ENTER(cuLaunchKernelEx);
    NEED_CONTEXT(cuLaunchKernelEx);
    unsigned cluster = 1;
    for (unsigned i = 0; i < c->attribute_count; ++i)
      if (c->attributes[i].id == kAttributeCluster) cluster = c->attributes[i].value.cluster[0];
    return add_launch(f, "cuLaunchKernelEx", function, c->grid[0], c->block[0], c->shared_bytes, cluster, c->stream, arguments);
  }

  static int memory_alloc(Address* address, size_t bytes) {
    ENTER(cuMemAlloc_v2);
    NEED_CONTEXT(cuMemAlloc_v2);
    const int device = f.current()->device;
    const int64_t need = (static_cast<int64_t>(bytes) + kPage - 1) / kPage * kPage;
    // The first gap of the device's part of the area that is large enough.
    const auto base = reinterpret_cast<uint64_t>(f.area) + static_cast<uint64_t>(device * f.options.memory);
    uint64_t at = base;
    for (const auto& [start, block] : f.blocks) {
      if (block.device != device) continue;
      if (start >= at + static_cast<uint64_t>(need)) break;
      at = start + static_cast<uint64_t>((block.bytes + kPage - 1) / kPage * kPage);
    }
    if (bytes == 0) return kInvalidValue;
    if (at + static_cast<uint64_t>(need) > base + static_cast<uint64_t>(f.options.memory)) return kOutOfMemory;
    f.blocks[at] = {static_cast<int64_t>(bytes), device};
    f.protect(true);
    std::memset(reinterpret_cast<void*>(at), 0xAB, std::min<size_t>(bytes, 64 << 10));  // so that nobody takes it for zeros
    if (f.running == 0) f.protect(false);
    *address = at;
    return kOk;
  }
  static int memory_free(Address address) {
    FakeDriver::State& f = *fake;
    std::lock_guard lock(f.mutex);
    const int r = f.begin("cuMemFree_v2");
    auto it = f.blocks.find(address);
    if (it == f.blocks.end()) {
      f.wrong("cuMemFree: no such memory, or freed before");
      return kInvalidValue;
    }
    if (f.any_pending(it->second.device) && !f.poisoned()) f.wrong("cuMemFree: work is pending");
    f.blocks.erase(it);
    return r;
  }
  static int memory_info(size_t* free, size_t* total) {
    ENTER(cuMemGetInfo_v2);
    NEED_CONTEXT(cuMemGetInfo_v2);
    int64_t used = 0;
    for (const auto& [at, block] : f.blocks)
      if (block.device == f.current()->device) used += block.bytes;
    *total = static_cast<size_t>(f.options.memory);
    *free = static_cast<size_t>(f.options.memory - used);
    return kOk;
  }
  static int host_alloc(void** memory, size_t bytes, unsigned) {
    ENTER(cuMemHostAlloc);
    NEED_CONTEXT(cuMemHostAlloc);
    int64_t sum = static_cast<int64_t>(bytes);
    for (const auto& [at, n] : f.pinned) sum += n;
    if (sum > f.options.pinned) return kOutOfMemory;
    *memory = std::aligned_alloc(kPage, (bytes + kPage - 1) / kPage * kPage);
    f.pinned[*memory] = static_cast<int64_t>(bytes);
    return kOk;
  }
  static int host_free(void* memory) {
    FakeDriver::State& f = *fake;
    std::lock_guard lock(f.mutex);
    const int r = f.begin("cuMemFreeHost");
    if (!f.pinned.erase(memory)) {
      f.wrong("cuMemFreeHost: no such memory, or freed before");
      return kInvalidValue;
    }
    if (f.current() && f.any_pending(f.current()->device) && !f.poisoned()) f.wrong("cuMemFreeHost: work is pending");
    std::free(memory);
    return r;
  }

  // Checked when enqueued and when run.
  static int add_copy(FakeDriver::State& f, const char* call, void* to, bool to_device, const void* from, bool from_device, size_t bytes, Stream stream) {
    auto* s = f.live<FakeStream>(stream, call, "stream");
    if (!s) return kInvalidHandle;
    auto fits = [&f, to, to_device, from, from_device, bytes] {
      return (!to_device || f.inside(reinterpret_cast<uint64_t>(to), bytes)) && (!from_device || f.inside(reinterpret_cast<uint64_t>(from), bytes));
    };
    if (!fits()) {
      f.wrong(std::string(call) + ": beyond what is allocated");
      return kInvalidValue;
    }
    return f.add(s, {[=, &f] {
                       if (!fits()) {
                         f.wrong(std::string(call) + ": the memory was freed before the copy ran");
                         return int{kIllegalAddress};
                       }
                       std::memmove(to, from, bytes);
                       return int{kOk};
                     },
                     nullptr});
  }
  static int copy_in(Address to, const void* from, size_t bytes, Stream stream) {
    ENTER(cuMemcpyHtoDAsync_v2);
    NEED_CONTEXT(cuMemcpyHtoDAsync_v2);
    return add_copy(f, "cuMemcpyHtoDAsync", reinterpret_cast<void*>(to), true, from, false, bytes, stream);
  }
  static int copy_out(void* to, Address from, size_t bytes, Stream stream) {
    ENTER(cuMemcpyDtoHAsync_v2);
    NEED_CONTEXT(cuMemcpyDtoHAsync_v2);
    return add_copy(f, "cuMemcpyDtoHAsync", to, false, reinterpret_cast<const void*>(from), true, bytes, stream);
  }
  static int copy_within(Address to, Address from, size_t bytes, Stream stream) {
    ENTER(cuMemcpyDtoDAsync_v2);
    NEED_CONTEXT(cuMemcpyDtoDAsync_v2);
    return add_copy(f, "cuMemcpyDtoDAsync", reinterpret_cast<void*>(to), true, reinterpret_cast<const void*>(from), true, bytes, stream);
  }
  static int copy_peer(Address to, Context to_context, Address from, Context from_context, size_t bytes, Stream stream) {
    ENTER(cuMemcpyPeerAsync);
    auto* a = f.live<FakeContext>(to_context, "cuMemcpyPeerAsync", "context");
    auto* b = f.live<FakeContext>(from_context, "cuMemcpyPeerAsync", "context");
    if (!a || !b) return kInvalidContext;
    auto of = [&](Address at) { return static_cast<int>((at - reinterpret_cast<uint64_t>(f.area)) / static_cast<uint64_t>(f.options.memory)); };
    if (of(to) != a->device || of(from) != b->device) f.wrong("cuMemcpyPeerAsync: memory of another device");
    return add_copy(f, "cuMemcpyPeerAsync", reinterpret_cast<void*>(to), true, reinterpret_cast<const void*>(from), true, bytes, stream);
  }
  static int fill(Address to, unsigned char value, size_t bytes, Stream stream) {
    ENTER(cuMemsetD8Async);
    NEED_CONTEXT(cuMemsetD8Async);
    auto* s = f.live<FakeStream>(stream, "cuMemsetD8Async", "stream");
    if (!s) return kInvalidHandle;
    if (!f.inside(to, bytes)) {
      f.wrong("cuMemsetD8Async: beyond what is allocated");
      return kInvalidValue;
    }
    return f.add(s, {[=] {
                       std::memset(reinterpret_cast<void*>(to), value, bytes);
                       return int{kOk};
                     },
                     nullptr});
  }

  static int stream_create(Stream* stream, unsigned flags) {
    ENTER(cuStreamCreate);
    NEED_CONTEXT(cuStreamCreate);
    if (flags != kStreamNonBlocking) return kInvalidValue;
    f.streams.push_back(std::make_unique<FakeStream>());
    f.streams.back()->device = f.current()->device;
    *stream = reinterpret_cast<Stream>(f.streams.back().get());
    return kOk;
  }
  static int stream_destroy(Stream stream) {
    FakeDriver::State& f = *fake;
    std::lock_guard lock(f.mutex);
    const int r = f.begin("cuStreamDestroy_v2");
    auto* s = f.live<FakeStream>(stream, "cuStreamDestroy", "stream");
    if (!s) return kInvalidHandle;
    f.drain(*s, s->enqueued);
    s->alive = false;
    return r;
  }
  static int stream_wait(Stream stream) {
    ENTER(cuStreamSynchronize);
    auto* s = f.live<FakeStream>(stream, "cuStreamSynchronize", "stream");
    if (!s) return kInvalidHandle;
    if (s->capture) {
      f.wrong("cuStreamSynchronize: the stream is being captured");
      return 900;
    }
    return f.drain(*s, s->enqueued);
  }
  static int stream_wait_event(Stream stream, Event event, unsigned) {
    ENTER(cuStreamWaitEvent);
    auto* s = f.live<FakeStream>(stream, "cuStreamWaitEvent", "stream");
    auto* e = f.live<FakeEvent>(event, "cuStreamWaitEvent", "event");
    if (!s || !e) return kInvalidHandle;
    FakeStream* other = e->stream;
    const uint64_t at = e->at;
    return f.add(s, {[&f, other, at] { return other ? f.drain(*other, at) : int{kOk}; }, nullptr});
  }
  static int event_create(Event* event, unsigned) {
    ENTER(cuEventCreate);
    NEED_CONTEXT(cuEventCreate);
    f.events.push_back(std::make_unique<FakeEvent>());
    *event = reinterpret_cast<Event>(f.events.back().get());
    return kOk;
  }
  static int event_destroy(Event event) {
    FakeDriver::State& f = *fake;
    std::lock_guard lock(f.mutex);
    const int r = f.begin("cuEventDestroy_v2");
    auto* e = f.live<FakeEvent>(event, "cuEventDestroy", "event");
    if (!e) return kInvalidHandle;
    e->alive = false;
    return r;
  }
  static int event_record(Event event, Stream stream) {
    ENTER(cuEventRecord);
    auto* s = f.live<FakeStream>(stream, "cuEventRecord", "stream");
    auto* e = f.live<FakeEvent>(event, "cuEventRecord", "event");
    if (!s || !e) return kInvalidHandle;
    e->stream = s;
    e->at = s->enqueued;
    return kOk;
  }
  static int event_wait(Event event) {
    ENTER(cuEventSynchronize);
    auto* e = f.live<FakeEvent>(event, "cuEventSynchronize", "event");
    if (!e) return kInvalidHandle;
    return e->stream ? f.drain(*e->stream, e->at) : kOk;
  }

  static int capture_begin(Stream stream, int mode) {
    ENTER(cuStreamBeginCapture_v2);
    auto* s = f.live<FakeStream>(stream, "cuStreamBeginCapture", "stream");
    if (!s || mode != kCaptureRelaxed) return kInvalidValue;
    if (s->capture) {
      f.wrong("cuStreamBeginCapture: already being captured");
      return kInvalidValue;
    }
    f.graphs.push_back(std::make_unique<FakeGraph>());
    s->capture = f.graphs.back().get();
    return kOk;
  }
  static int capture_end(Stream stream, Graph* graph) {
    FakeDriver::State& f = *fake;
    std::lock_guard lock(f.mutex);
    const int r = f.begin("cuStreamEndCapture");
    auto* s = f.live<FakeStream>(stream, "cuStreamEndCapture", "stream");
    if (!s || !s->capture) {
      f.wrong("cuStreamEndCapture: not being captured");
      return kInvalidValue;
    }
    FakeGraph* g = s->capture;
    s->capture = nullptr;
    *graph = nullptr;
    if (r != kOk) g->alive = false;  // an invalid capture has no graph
    else *graph = reinterpret_cast<Graph>(g);
    return r;
  }
  static int graph_instantiate(GraphExec* exec, Graph graph, unsigned long long) {
    ENTER(cuGraphInstantiateWithFlags);
    auto* g = f.live<FakeGraph>(graph, "cuGraphInstantiate", "graph");
    if (!g) return kInvalidHandle;
    f.execs.push_back(std::make_unique<FakeGraph>());
    f.execs.back()->work = g->work;
    *exec = reinterpret_cast<GraphExec>(f.execs.back().get());
    return kOk;
  }
  static int graph_launch(GraphExec exec, Stream stream) {
    ENTER(cuGraphLaunch);
    auto* g = f.live<FakeGraph>(exec, "cuGraphLaunch", "graph");
    auto* s = f.live<FakeStream>(stream, "cuGraphLaunch", "stream");
    if (!g || !s) return kInvalidHandle;
    for (const Work& w : g->work) {
      if (w.module && !w.module->alive) {
        f.wrong("cuGraphLaunch: a module of the graph was unloaded");
        return kInvalidHandle;
      }
      f.add(s, w);
    }
    return kOk;
  }
  static int graph_exec_destroy(GraphExec exec) {
    FakeDriver::State& f = *fake;
    std::lock_guard lock(f.mutex);
    const int r = f.begin("cuGraphExecDestroy");
    NEED_CONTEXT(cuGraphExecDestroy);
    auto* g = f.live<FakeGraph>(exec, "cuGraphExecDestroy", "graph");
    if (!g) return kInvalidHandle;
    g->alive = false;
    return r;
  }
  static int graph_destroy(Graph graph) {
    FakeDriver::State& f = *fake;
    std::lock_guard lock(f.mutex);
    const int r = f.begin("cuGraphDestroy");
    auto* g = f.live<FakeGraph>(graph, "cuGraphDestroy", "graph");
    if (!g) return kInvalidHandle;
    g->alive = false;
    return r;
  }
};

template <class T>
int alive_in(const std::vector<std::unique_ptr<T>>& all) {
  return static_cast<int>(std::count_if(all.begin(), all.end(), [](const auto& o) { return o && o->alive; }));
}

}  // namespace

FakeDriver::FakeDriver(Options options) : state_(std::make_unique<State>()) {
  State& f = *state_;
  if (fake) throw std::logic_error("there is a fake driver already");
  f.owner = this;
  f.options = options;
#define FRIT_CU(member, symbol, parameters) f.table.member = &Calls::member;
#include "runtime/cuda/driver.def"
#undef FRIT_CU
  if (!options.has_launch_ex) f.table.launch_ex = nullptr;
  f.contexts.resize(static_cast<size_t>(options.devices));
  f.retained.resize(static_cast<size_t>(options.devices));
  f.poison.resize(std::max<size_t>(static_cast<size_t>(options.devices), 1));
  f.area_bytes = std::max<int64_t>(options.memory * options.devices, kPage);
  void* area = mmap(nullptr, static_cast<size_t>(f.area_bytes), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED) throw std::bad_alloc();
  f.area = static_cast<char*>(area);
  argument_count = [&f](const std::string&, const std::string& entry) {
    auto it = f.kernels.find(entry);
    return it == f.kernels.end() ? -1 : it->second.first;
  };
  run_kernel = [&f](const FakeLaunch& l) { return f.kernels.at(l.entry).second(l); };
  fake = &f;
  use_driver(&f.table);
}

FakeDriver::~FakeDriver() {
  use_driver(nullptr);
  fake = nullptr;
  State& f = *state_;
  for (const auto& [memory, bytes] : f.pinned) std::free(memory);
  munmap(f.area, static_cast<size_t>(f.area_bytes));
}

void FakeDriver::kernel(const std::string& entry, int arguments, std::function<std::string(const FakeLaunch&)> run) {
  std::lock_guard lock(state_->mutex);
  state_->kernels[entry] = {arguments, std::move(run)};
}

void FakeDriver::fail_call(int64_t nth, int error, const std::string& name) {
  std::lock_guard lock(state_->mutex);
  state_->fail_at = nth;
  state_->fail_error = error;
  state_->fail_name = name;
  state_->has_failed = false;
}
bool FakeDriver::failed() const { return state_->has_failed; }
void FakeDriver::fail_kernel(int64_t nth, int error) {
  std::lock_guard lock(state_->mutex);
  state_->fail_kernel_at = nth;
  state_->fail_kernel_error = error;
}

int64_t FakeDriver::calls() const {
  std::lock_guard lock(state_->mutex);
  return state_->count;
}
int64_t FakeDriver::calls(const std::string& name) const {
  std::lock_guard lock(state_->mutex);
  auto it = state_->counts.find(name);
  return it == state_->counts.end() ? 0 : it->second;
}
int64_t FakeDriver::kernels_run() const {
  std::lock_guard lock(state_->mutex);
  return state_->kernel_count;
}
bool FakeDriver::pending() const {
  std::lock_guard lock(state_->mutex);
  return state_->any_pending();
}

int FakeDriver::enqueue(const char* name, Stream stream, std::function<std::string()> run) {
  State& f = *fake;
  std::lock_guard lock(f.mutex);
  if (int r = f.begin(name); r != kOk) return r;
  FakeContext* context = f.current();
  auto* s = f.live<FakeStream>(stream, name, "stream");
  if (!context || !context->alive || !s || s->device != context->device) {
    f.wrong(std::string(name) + ": no context, or the stream of another one");
    return kInvalidContext;
  }
  return f.add(s, {[&f, name, run = std::move(run)] {
                     const std::string error = run();
                     if (error.empty()) return int{kOk};
                     f.wrong(std::string(name) + ": " + error);
                     return int{kIllegalAddress};
                   },
                   nullptr});
}
bool FakeDriver::living() { return fake != nullptr; }
bool FakeDriver::has(uint64_t at, int64_t bytes) {
  std::lock_guard lock(fake->mutex);
  return fake->inside(at, static_cast<size_t>(bytes));
}

FakeDriver::Alive FakeDriver::alive() const {
  State& f = *state_;
  std::lock_guard lock(f.mutex);
  Alive a;
  a.contexts = alive_in(f.contexts);
  a.modules = alive_in(f.modules);
  a.streams = alive_in(f.streams);
  a.events = alive_in(f.events);
  a.graphs = alive_in(f.graphs);
  a.graph_execs = alive_in(f.execs);
  a.blocks = static_cast<int>(f.blocks.size());
  a.pinned = static_cast<int>(f.pinned.size());
  for (const auto& [at, block] : f.blocks) a.bytes += block.bytes;
  return a;
}

std::string FakeDriver::Alive::text() const {
  std::string out;
  auto add = [&](int n, const char* what) {
    if (n) out += (out.empty() ? "" : ", ") + std::to_string(n) + " " + what;
  };
  add(contexts, "contexts"), add(modules, "modules"), add(streams, "streams"), add(events, "events");
  add(graphs, "graphs"), add(graph_execs, "executable graphs"), add(blocks, "blocks of memory"), add(pinned, "pinned blocks");
  return out;
}

std::vector<std::string> FakeDriver::wrongs() const {
  std::lock_guard lock(state_->mutex);
  return state_->wrongs;
}

bool FakeDriver::allocated(uint64_t at, int64_t bytes) const {
  std::lock_guard lock(state_->mutex);
  return state_->inside(at, static_cast<size_t>(bytes));
}

}  // namespace frit::test
