// The cache of compiled kernels: bounded, least recently used go first, one compilation a key while
// others wait for it; and the threads that compile.
#include "codegen/kernel.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <list>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "codegen/key.h"
#include "codegen/llvm/engine.h"
#include "frit/error.h"

namespace frit::codegen {
namespace {

// Threads with 8 MiB stacks that run LLVM, started when all others are busy, kept for later. The
// object is never destroyed: its idle threads end with the process.
class Workers {
 public:
  static Workers& get() {
    static auto* w = new Workers;
    return *w;
  }

  // Runs job on a worker and waits for it; passes its exception on.
  void run(const std::function<void()>& job) {
    Task task{&job, nullptr, false};
    std::unique_lock lock(mutex_);
    tasks_.push_back(&task);
    if (static_cast<int>(tasks_.size()) > idle_) start(lock);
    work_.notify_one();
    done_.wait(lock, [&] { return task.done; });
    if (task.failure) std::rethrow_exception(task.failure);
  }

 private:
  struct Task {
    const std::function<void()>* job;
    std::exception_ptr failure;
    bool done;
  };

  void start(std::unique_lock<std::mutex>&) {
    constexpr size_t kStack = size_t{8} << 20;
    constexpr int kMost = 8;
    if (threads_ >= kMost) return;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, kStack);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_t id;
    const int rc = pthread_create(&id, &attr, [](void* self) -> void* { return static_cast<Workers*>(self)->loop(), nullptr; }, this);
    pthread_attr_destroy(&attr);
    if (rc == 0) {
      ++threads_;
    } else if (threads_ == 0) {
      tasks_.pop_back();
      throw Error("", "no thread can be started to compile a kernel", {}, {}, "raise the limit on threads or memory");
    }
  }

  void loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      work_.wait(lock, [&] { return !tasks_.empty(); });
      --idle_;
      Task* task = tasks_.front();
      tasks_.pop_front();
      lock.unlock();
      try {
        (*task->job)();
      } catch (...) {
        task->failure = std::current_exception();
      }
      lock.lock();
      task->done = true;
      done_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::deque<Task*> tasks_;
  int threads_ = 0, idle_ = 0;
};

class Cache {
 public:
  static Cache& get() {
    static auto* c = new Cache;
    return *c;
  }

  std::shared_ptr<const rt::KernelCode> find(const ir::Func& kernel, Isa isa) {
    std::string key = kernel_key(kernel, isa);
    std::unique_lock lock(mutex_);
    if (auto it = entries_.find(key); it != entries_.end()) {
      std::shared_ptr<Entry> e = it->second;
      ++stats_.hits;
      if (e->ready) order_.splice(order_.begin(), order_, e->place);
      ready_.wait(lock, [&] { return e->ready; });
      if (e->failure) std::rethrow_exception(e->failure);
      return e->code;
    }
    ++stats_.misses;
    auto e = std::make_shared<Entry>();
    auto [it, fresh] = entries_.emplace(std::move(key), e);
    const std::string_view name_of_entry = it->first;
    lock.unlock();
    std::shared_ptr<rt::KernelCode> code;
    std::exception_ptr failure;
    try {
      Workers::get().run([&] { code = build_kernel(kernel, isa); });
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    e->ready = true;
    e->code = code;
    e->failure = failure;
    if (failure) {
      entries_.erase(std::string(name_of_entry));
    } else {
      stats_.compile_ms += code->compile_ms;
      order_.push_front(name_of_entry);
      e->place = order_.begin();
      trim();
    }
    ready_.notify_all();
    if (failure) std::rethrow_exception(failure);
    return code;
  }

  KernelCacheStats stats() {
    std::lock_guard lock(mutex_);
    KernelCacheStats s = stats_;
    s.size = static_cast<int64_t>(order_.size());
    s.capacity = capacity_;
    return s;
  }
  void set_capacity(int64_t kernels) {
    std::lock_guard lock(mutex_);
    capacity_ = kernels < 1 ? 1 : kernels;
    trim();
  }
  void clear() {
    std::lock_guard lock(mutex_);
    while (!order_.empty()) drop_last();
  }

 private:
  struct Entry {
    bool ready = false;
    std::shared_ptr<const rt::KernelCode> code;
    std::exception_ptr failure;
    std::list<std::string_view>::iterator place;  // in order_, once ready
  };

  void trim() {
    while (static_cast<int64_t>(order_.size()) > capacity_) {
      drop_last();
      ++stats_.evictions;
    }
  }
  void drop_last() {
    const std::string key(order_.back());  // the view points into the entry
    order_.pop_back();
    entries_.erase(key);
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::unordered_map<std::string, std::shared_ptr<Entry>> entries_;
  std::list<std::string_view> order_;  // ready entries, latest used first; views of the map's keys
  int64_t capacity_ = 4096;
  KernelCacheStats stats_;
};

}  // namespace

std::shared_ptr<const rt::KernelCode> compile_kernel(const ir::Func& kernel, Isa isa) {
  return Cache::get().find(kernel, isa);
}

std::string llvm_ir(const ir::Func& kernel, Isa isa) {
  std::string text;
  Workers::get().run([&] { text = print_kernel(kernel, isa, Listing::llvm); });
  return text;
}

std::string assembly(const ir::Func& kernel, Isa isa) {
  std::string text;
  Workers::get().run([&] { text = print_kernel(kernel, isa, Listing::assembly); });
  return text;
}

KernelCacheStats kernel_cache_stats() { return Cache::get().stats(); }
void set_kernel_cache_capacity(int64_t kernels) { Cache::get().set_capacity(kernels); }
void clear_kernel_cache() { Cache::get().clear(); }

}  // namespace frit::codegen
