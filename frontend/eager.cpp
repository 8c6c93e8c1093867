// Eager ops. The key of a plan is the request with its operands' types, shapes and strides, as words;
// numbers are inputs, so a new number compiles nothing, and kernels are shared by structure below, so
// a new shape compiles nothing either. A thread looks into a small table of its own first.
#include "frontend/eager.h"

#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>

#include "frontend/device.h"
#include "frontend/executable.h"
#include "frontend/place.h"
#include "frontend/trace.h"
#include "ir/infer.h"
#include "ir/verify.h"
#include "runtime/cache.h"
#include "support/env.h"
#include "support/mix.h"

namespace frit {

using detail::TensorImpl;

[[noreturn]] void rethrow_for_user(Error e, const Request& r);  // trace.cpp

namespace {

using Words = std::vector<uint64_t>;

struct WordsHash {
  size_t operator()(const Words& w) const { return static_cast<size_t>(of(w.data(), w.size())); }
  static uint64_t of(const uint64_t* w, size_t n) {
    uint64_t h = 0x9e3779b97f4a7c15u + n;
    for (size_t i = 0; i < n; ++i) h = mix(h, w[i]);
    return h;
  }
};

struct EagerPlan {
  Words key;
  std::vector<Builder::NumberParam> numbers;  // parameters after the tensors
  Executable exe;
};

struct Cache {
  using Plans = rt::BoundedCache<Words, std::shared_ptr<const EagerPlan>, WordsHash>;
  std::mutex mutex;  // not held while a plan ends, which may wait for a GPU
  Plans plans{4096};
  int64_t capacity = 4096;
};
Cache& cache() {
  static auto* c = new Cache;
  return *c;
}
std::atomic<uint64_t> epoch{1};           // changes when the cache is cleared
std::atomic<int64_t> quick_hits{0};

constexpr size_t kQuick = 256;
struct Quick {
  uint64_t epoch = 0;
  std::shared_ptr<const EagerPlan> plans[kQuick];
};
thread_local Quick quick;

// A key on the stack while it is short.
class KeyWords {
 public:
  void put(uint64_t w) {
    if (size_ < kShort) short_[size_] = w;
    else {
      if (size_ == kShort) long_.assign(short_, short_ + kShort);
      long_.push_back(w);
    }
    ++size_;
  }
  const uint64_t* data() const { return size_ <= kShort ? short_ : long_.data(); }
  size_t size() const { return size_; }

 private:
  static constexpr size_t kShort = 64;
  size_t size_ = 0;
  uint64_t short_[kShort];
  Words long_;
};

std::shared_ptr<const EagerPlan> build(const Request& r, const KeyWords& key, Device device) {
  auto plan = std::make_shared<EagerPlan>();
  plan->key.assign(key.data(), key.data() + key.size());
  ir::Func f;
  f.name = ir_name(ir::info(r.op).name);
  std::vector<ir::ValueId> ids;
  int k = 0;
  for (const Arg& a : r.args) {
    if (!a.tensor()) {
      ids.push_back(ir::kNone);
      continue;
    }
    const TensorImpl& t = *detail::impl(*a.tensor());
    ids.push_back(f.add_param(t.type(), "arg" + std::to_string(k++)));
    f.value(ids.back()).strides = t.strides;
  }
  try {
    Builder b(f, r, f.add_place(user_place(r.where)), ids, &plan->numbers);
    ir::OpNode ret;
    ret.op = ir::Op::ret;
    ret.operands = {r.build(b)};
    ir::append(f, std::move(ret));
    for (ir::Place& p : f.places) p = {};  // the plan serves every place
    for (ir::OpNode& op : f.ops) op.loc = ir::kNone;
    f.compact();
    plan->exe = make_executable(std::move(f), For::eager, device);
  } catch (const Error& e) {
    rethrow_for_user(e, r);
  }
  return plan;
}

std::shared_ptr<const EagerPlan> find_or_build(const Request& r, const KeyWords& key, Device device) {
  const uint64_t now = epoch.load(std::memory_order_acquire);
  if (quick.epoch != now) {
    for (auto& p : quick.plans) p.reset();
    quick.epoch = now;
  }
  const uint64_t hash = WordsHash::of(key.data(), key.size());
  std::shared_ptr<const EagerPlan>& slot = quick.plans[(hash >> 40) % kQuick];
  if (slot && slot->key.size() == key.size() && std::memcmp(slot->key.data(), key.data(), key.size() * 8) == 0) {
    quick_hits.fetch_add(1, std::memory_order_relaxed);
    return slot;
  }
  Cache& c = cache();
  Words words(key.data(), key.data() + key.size());
  std::shared_ptr<const EagerPlan> plan;
  {
    std::lock_guard lock(c.mutex);
    if (auto* found = c.plans.find(words)) plan = *found;
  }
  if (!plan) {
    plan = build(r, key, device);
    Cache::Plans::Dropped dropped;
    std::lock_guard lock(c.mutex);
    dropped = c.plans.put(words, plan);
  }
  return slot = std::move(plan);
}

}  // namespace

Tensor perform_eagerly(const Request& r) {
  const char* op = r.function();
  constexpr size_t kFew = 8;
  TensorImpl* few_tensors[kFew];
  const void* few_data[kFew];
  uint64_t few_numbers[kFew];
  std::vector<TensorImpl*> many_tensors;
  std::vector<const void*> many_data;
  std::vector<uint64_t> many_numbers;
  TensorImpl** tensors = few_tensors;
  const void** data = few_data;
  uint64_t* numbers = few_numbers;
  if (r.args.size() > kFew) {
    many_tensors.resize(r.args.size());
    many_data.resize(r.args.size());
    many_numbers.resize(r.args.size());
    tensors = many_tensors.data();
    data = many_data.data();
    numbers = many_numbers.data();
  }

  size_t n = 0;
  for (const Arg& a : r.args)
    if (a.tensor()) tensors[n++] = &detail::require_value(*a.tensor(), op, r.where);
  const Device device = device_of_call(n, [&](size_t i) { return tensors[i]; }, op, r.where);
  KeyWords key;
  const Target target = current_target(device);
  key.put(reinterpret_cast<uintptr_t>(r.build));
  key.put(static_cast<uint64_t>(r.op) | static_cast<uint64_t>(r.dtype) << 8 | static_cast<uint64_t>(target.isa) << 16 |
          static_cast<uint64_t>(target.threads) << 24 | static_cast<uint64_t>(r.args.size()) << 40 |
          static_cast<uint64_t>(device.is_gpu() ? device.index() + 1 : 0) << 56);
  key.put(r.ints.size() | static_cast<uint64_t>(target.dot) << 56);
  for (int64_t v : r.ints) key.put(static_cast<uint64_t>(v));
  n = 0;
  for (const Arg& a : r.args) {
    if (!a.tensor()) {
      key.put(uint64_t{1} << 32 | static_cast<uint64_t>(a.number().dtype));
      continue;
    }
    const TensorImpl& t = *tensors[n];
    key.put(static_cast<uint64_t>(t.dtype) | static_cast<uint64_t>(t.shape.rank()) << 8 | static_cast<uint64_t>(t.strides.size()) << 20);
    for (int64_t e : t.shape.extents()) key.put(static_cast<uint64_t>(e));
    for (int64_t s : t.strides) key.put(static_cast<uint64_t>(s));
    data[n] = t.data;
    ++n;
  }

  const std::shared_ptr<const EagerPlan> plan = find_or_build(r, key, device);
  for (const Builder::NumberParam& p : plan->numbers) {
    const Arg& a = r.args[static_cast<size_t>(p.operand)];
    numbers[n] = weak_number(a.number(), p.dtype, op, r.where).bits;
    tensors[n] = nullptr;
    data[n] = &numbers[n];
    ++n;
  }
  Tensor result;
  run_executable(plan->exe, {data, tensors, nullptr, n}, &result, false, op, user_place(r.where));
  if (env().check.nan && has_nan(*detail::impl(result))) {
    bool before = false;
    for (size_t i = 0; i < n; ++i) before |= tensors[i] && has_nan(*tensors[i]);
    if (!before)
      throw Error(op, "makes a NaN from operands without one", user_place(r.where), {}, "FRIT_CHECK=nan found it");
  }
  return result;
}

Tensor perform(const Request& r) {
  if (Trace* t = current_trace()) return t->record(r);
  return perform_eagerly(r);
}

CacheStats eager_cache_stats() {
  Cache& c = cache();
  std::lock_guard lock(c.mutex);
  const auto counters = c.plans.counters();
  return {counters.hits + quick_hits.load(std::memory_order_relaxed), counters.misses, counters.evictions, c.plans.size(), c.capacity, 0};
}

void set_eager_cache_capacity(int64_t plans) {
  if (plans < 0) throw Error("set_eager_cache_capacity", "a capacity of " + std::to_string(plans) + " is negative");
  Cache& c = cache();
  Cache::Plans::Dropped dropped;
  std::lock_guard lock(c.mutex);
  c.capacity = plans;
  dropped = c.plans.set_capacity(plans);
  epoch.fetch_add(1, std::memory_order_release);
}

void clear_eager_cache() {
  Cache& c = cache();
  Cache::Plans::Dropped dropped;
  std::lock_guard lock(c.mutex);
  dropped = c.plans.clear();
  epoch.fetch_add(1, std::memory_order_release);
}

}  // namespace frit
