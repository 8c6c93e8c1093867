// Runs plans. All memory is had before the first launch, so that a plan either runs or has written
// nothing; a plan without temporaries and scratch allocates nothing.
#include <algorithm>
#include <stdexcept>

#include "frit/error.h"
#include "runtime/memory.h"
#include "runtime/plan.h"
#include "runtime/threads.h"

namespace frit::rt {
namespace {

// What one core does in a nanosecond, roughly: between memory and the L2 cache, and of vector arithmetic.
constexpr int64_t kBytesPerNs = 60;
constexpr int64_t kFlopsPerNs = 30;
// How much work makes another thread pay: little if it is awake, more if the system has to wake it.
constexpr int64_t kNsPerAwakeThread = 1500;
constexpr int64_t kNsPerAsleepThread = 8000;
constexpr int64_t kLeastNsPerChunk = 500;

int64_t estimated_ns(const Launch& l) {
  return std::max((l.bytes_read + l.bytes_written) / kBytesPerNs, l.flops / kFlopsPerNs);
}

int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

// A worker's scratch begins on a page of its own.
int64_t scratch_stride(int64_t bytes) { return bytes <= 4096 ? round_up(bytes, 128) : round_up(bytes, 4096); }

// Scratch of all workers of a call, kept by the calling thread for the next one.
class Scratch {
 public:
  explicit Scratch(int64_t bytes) {
    if (bytes == 0) return;
    std::shared_ptr<Storage>& mine = kept();
    own_ = std::move(mine);  // a call from inside a kernel would get its own
    if (!own_ || own_->bytes() < bytes) {
      own_.reset();
      own_ = allocate(bytes);
    }
  }
  ~Scratch() {
    if (own_ && own_->bytes() <= kMostKept) kept() = std::move(own_);
  }
  Scratch(const Scratch&) = delete;
  char* data() const { return own_ ? static_cast<char*>(own_->data()) : nullptr; }

 private:
  static constexpr int64_t kMostKept = 8 << 20;
  static std::shared_ptr<Storage>& kept() {
    static thread_local std::shared_ptr<Storage> storage;
    return storage;
  }
  std::shared_ptr<Storage> own_;
};

// The pointers of a launch; the usual few need no allocation.
class Pointers {
 public:
  explicit Pointers(size_t most) {
    if (most > kFew) {
      many_.resize(most);
      at_ = many_.data();
    }
  }
  void** data() { return at_; }

 private:
  static constexpr size_t kFew = 48;
  void* few_[kFew];
  std::vector<void*> many_;
  void** at_ = few_;
};

struct Call {
  const KernelCode* code;
  const Launch* launch;
  void* const* buffers;
  const int64_t* params;
  char* scratch;
  int64_t stride;
};

// The items [lo, hi) of a launch, a segment at a time.
void run_items(const Call& c, int64_t lo, int64_t hi, void* scratch) {
  const Launch& l = *c.launch;
  if (l.starts.empty()) return c.code->work(c.buffers, c.params, lo, hi, scratch);
  const size_t buffers = l.segment_buffers(), params = l.segment_params();
  auto s = static_cast<size_t>(std::upper_bound(l.starts.begin(), l.starts.end(), lo) - l.starts.begin()) - 1;
  for (; lo < hi; ++s) {
    const int64_t first = l.starts[s], end = std::min(hi, s + 1 < l.starts.size() ? l.starts[s + 1] : l.work);
    if (lo < end) c.code->work(c.buffers + s * buffers, c.params + s * params, lo - first, end - first, scratch);
    lo = std::max(lo, end);
  }
}

void run_range(void* context, int64_t lo, int64_t hi, int worker) noexcept {
  const Call& c = *static_cast<const Call*>(context);
  FloatControl plain;
  run_items(c, lo, hi, c.scratch ? c.scratch + c.stride * worker : nullptr);
}

void run_finish(void* context, int worker) noexcept {
  const Call& c = *static_cast<const Call*>(context);
  FloatControl plain;
  c.code->finish(c.buffers, c.params, 0, 0, c.scratch ? c.scratch + c.stride * worker : nullptr);
}

// At most this many; how many depends on who is awake. Scratch is laid out for `most_threads`.
int most_threads(const Launch& l, int threads, int64_t ns) {
  if (threads <= 1 || l.work <= l.grain) return 1;
  return static_cast<int>(std::clamp<int64_t>(ns / kNsPerAwakeThread, 1, threads));
}

int threads_for(const Launch& l, int threads, int64_t ns) {
  int n = most_threads(l, threads, ns);
  if (n == 1 || ns >= kNsPerAsleepThread * n || workers_awake()) return n;
  // Work that pays only with threads awake: a stream of it wakes them after a while.
  static thread_local int64_t passed_over = 0;
  passed_over += ns;
  if (passed_over < 2 * kNsPerAsleepThread) return static_cast<int>(std::max<int64_t>(ns / kNsPerAsleepThread, 1));
  passed_over = 0;
  return n;
}

}  // namespace

void execute(const Plan& plan, const void* const* inputs, void* const* outputs, int threads, RunCounters* counters) {
  FloatControl plain;
  size_t most_buffers = 0;
  int64_t scratch_bytes = 0;
  for (const Launch& l : plan.launches) {
    most_buffers = std::max(most_buffers, l.buffers.size());
    if (l.scratch_bytes > 0) {
      int64_t stride = scratch_stride(l.scratch_bytes);
      scratch_bytes = std::max(scratch_bytes, stride * most_threads(l, threads, estimated_ns(l)));
    }
  }
  std::shared_ptr<Storage> arena;
  if (plan.arena_bytes > 0) arena = allocate(plan.arena_bytes);
  char* temps = arena ? static_cast<char*>(arena->data()) : nullptr;
  Scratch scratch(scratch_bytes);
  Pointers pointers(most_buffers);
  void** buffers = pointers.data();

  for (const Launch& l : plan.launches) {
    for (size_t i = 0; i < l.buffers.size(); ++i) {
      const BufferRef& b = l.buffers[i];
      char* base = temps;
      // Kernels write only to what is an output or a temp; donation makes an input an output.
      if (b.kind == BufferRef::input) base = static_cast<char*>(const_cast<void*>(inputs[b.number]));
      else if (b.kind == BufferRef::output) base = static_cast<char*>(outputs[b.number]);
      buffers[i] = base + b.offset;
    }
    const KernelCode& code = *l.code;
    Call call{&code, &l, buffers, l.params.data(), l.scratch_bytes > 0 ? scratch.data() : nullptr,
              scratch_stride(l.scratch_bytes)};
    int64_t ns = estimated_ns(l);
    int n = threads_for(l, threads, ns);
    if (n == 1) {
      if (l.work > 0) run_items(call, 0, l.work, call.scratch);
      if (code.finish) code.finish(buffers, call.params, 0, 0, call.scratch);
    } else {
      // Pieces that take long enough to be worth handing out, in whole grains.
      int64_t grain = std::max<int64_t>(l.grain, 1);
      int64_t pieces = std::max<int64_t>(ns / kLeastNsPerChunk, n);
      grain = std::max<int64_t>(l.work / pieces / grain, 1) * grain;
      parallel_for(l.work, grain, n, run_range, code.finish ? run_finish : nullptr, &call);
    }
    if (counters) {
      ++counters->launches;
      counters->bytes_read += l.bytes_read;
      counters->bytes_written += l.bytes_written;
    }
  }
}

void check(const Plan& plan) {
  auto fail = [&](size_t launch, const std::string& what) {
    throw std::logic_error("plan " + plan.name + ", launch " + std::to_string(launch) + ": " + what);
  };
  for (size_t i = 0; i < plan.launches.size(); ++i) {
    const Launch& l = plan.launches[i];
    if (plan.gpu && l.gemm) {
      const Gemm& g = *l.gemm;
      if (l.gpu || l.buffers.size() != (g.epilogue.bias ? 5 : 4) || !l.starts.empty()) fail(i, "a product is of four buffers, or five with a bias, and has no kernel");
      if (g.epilogue.any() && g.type == GemmType::f64) fail(i, "an epilogue of f64");
      if (g.m < 1 || g.n < 1 || g.k < 1 || g.batch < 1 || g.batch > INT32_MAX || g.workspace < 0) fail(i, "a product of nothing");
    } else if (plan.gpu) {
      if (!l.gpu || !l.gpu->image || l.gpu->image->empty()) fail(i, "no image for a GPU");
      if (l.gpu->threads < 1 || l.gpu->items_per_block < 1 || l.gpu->cluster < 1 || l.gpu->shared_bytes < 0) fail(i, "no threads, items or blocks");
      const int64_t blocks = (l.work - 1) / l.gpu->items_per_block + 1;
      if (l.work > 0 && blocks > INT32_MAX / l.gpu->cluster)  // the user's sizes, and no mistake of the plan
        throw Error(plan.name, "kernel " + l.gpu->name + " needs " + std::to_string(blocks) + (l.gpu->cluster > 1 ? " clusters" : " blocks") + "; a grid has at most " +
                                   std::to_string(INT32_MAX / l.gpu->cluster), {}, {}, "work on the arrays in parts");
      if (l.gpu->segments != static_cast<int64_t>(l.starts.size())) fail(i, "a kernel for another number of segments");
    } else if (!l.code || (l.work > 0 && !l.code->work)) {
      fail(i, "no code");
    }
    if (l.work < 0 || l.grain < 1 || l.scratch_bytes < 0) fail(i, "negative work, grain or scratch");
    if (!l.starts.empty()) {
      if (l.starts[0] != 0 || !std::is_sorted(l.starts.begin(), l.starts.end()) || l.starts.back() > l.work) fail(i, "segments that do not follow each other");
      if (l.buffers.size() % l.starts.size() != 0 || l.params.size() % l.starts.size() != 0) fail(i, "segments with different numbers of arguments");
      if (plan.gpu ? l.gpu->finish : l.code->finish != nullptr) fail(i, "segments of a kernel with a finish");
    }
    for (const BufferRef& b : l.buffers) {
      if (b.offset < 0) fail(i, "a buffer before its start");
      if (b.kind == BufferRef::input && (b.number < 0 || b.number >= plan.inputs)) fail(i, "no such input");
      if (b.kind == BufferRef::output) {
        if (b.number < 0 || b.number >= static_cast<int64_t>(plan.outputs.size())) fail(i, "no such output");
        const Output& o = plan.outputs[static_cast<size_t>(b.number)];
        if (o.alias_input >= 0 || o.alias_output >= 0) fail(i, "an output that is only an alias");
        if (b.offset > o.bytes) fail(i, "an offset past the end of an output");
      }
      if (b.kind == BufferRef::temp && b.offset > plan.arena_bytes) fail(i, "a temporary past the arena");
    }
  }
}

}  // namespace frit::rt
