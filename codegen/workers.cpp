// See workers.h.
#include "codegen/workers.h"

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>

#include "frit/error.h"

namespace frit::codegen {
namespace {

// Never destroyed: its idle threads end with the process. The child of a fork makes its own, as the threads
// of the parent are not in it.
class Workers {
 public:
  static Workers& get() {
    if (Workers* w = current.load(std::memory_order_acquire)) return *w;
    static const int forks_safely = pthread_atfork(nullptr, nullptr, [] { current.store(nullptr); });
    (void)forks_safely;
    auto* fresh = new Workers;
    Workers* expected = nullptr;
    if (current.compare_exchange_strong(expected, fresh)) return *fresh;
    delete fresh;
    return *expected;
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

  static std::atomic<Workers*> current;

  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::deque<Task*> tasks_;
  int threads_ = 0, idle_ = 0;
};
std::atomic<Workers*> Workers::current{nullptr};

}  // namespace

void run_on_worker(const std::function<void()>& job) { Workers::get().run(job); }

}  // namespace frit::codegen
