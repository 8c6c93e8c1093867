// A cache of compiled code by key: bounded by count and bytes, least recently used go first, one compilation a key while
// others wait for it. The same for all kinds of code.
#pragma once

#include <condition_variable>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "codegen/kernel.h"

namespace frit::codegen {

template <class Code>
class CodeCache {
 public:
  // A key that somebody compiles, or has compiled. Whoever claims it first has to settle it, before he
  // waits for others, and whatever happens (find and Claims see to that).
  struct Entry {
    bool ready = false;
    std::shared_ptr<const Code> code;
    std::exception_ptr failure;
    std::list<std::string_view>::iterator place;  // in order_, once ready
    int64_t bytes = 0;                            // of the host, as whoever settled it says
  };
  struct Claim {
    std::string key;
    std::shared_ptr<Entry> entry;
    bool ours = false;  // to be settled by the caller
  };

  Claim claim(std::string key) {
    std::unique_lock lock(mutex_);
    if (auto it = entries_.find(key); it != entries_.end()) {
      ++stats_.hits;
      if (it->second->ready) order_.splice(order_.begin(), order_, it->second->place);
      return {std::move(key), it->second, false};
    }
    ++stats_.misses;
    auto e = std::make_shared<Entry>();
    entries_.emplace(key, e);
    return {std::move(key), e, true};
  }

  // failure: what waiters get instead of code; then the next claim of the key compiles again.
  // bytes: of the host that it keeps; 0 where they are few.
  void settle(const Claim& c, std::shared_ptr<const Code> code, std::exception_ptr failure = nullptr, int64_t bytes = 0) {
    std::unique_lock lock(mutex_);
    c.entry->ready = true;
    c.entry->bytes = bytes;
    c.entry->code = code;
    c.entry->failure = failure;
    auto it = entries_.find(c.key);
    if (failure) {
      if (it != entries_.end() && it->second == c.entry) entries_.erase(it);
    } else {
      stats_.compile_ms += code->compile_ms;
      stats_.bytes += bytes;
      order_.push_front(it->first);
      c.entry->place = order_.begin();
      trim();
    }
    ready_.notify_all();
  }

  std::shared_ptr<const Code> wait(const Claim& c) {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return c.entry->ready; });
    if (c.entry->failure) std::rethrow_exception(c.entry->failure);
    return c.entry->code;
  }

  // The claims of several keys, which others may wait for: what is ours and neither settled nor failed
  // when this ends, by an exception for instance, has failed.
  class Claims {
   public:
    Claims(CodeCache& cache, std::vector<std::string> keys) : cache_(cache) {
      claims_.reserve(keys.size());
      settled_.resize(keys.size(), false);
      try {
        for (std::string& key : keys) claims_.push_back(cache.claim(std::move(key)));
      } catch (...) {
        abandon(std::current_exception());
        throw;
      }
    }
    ~Claims() {
      abandon(std::make_exception_ptr(std::runtime_error("the compilation of a kernel was given up")));
    }
    Claims(const Claims&) = delete;

    std::vector<size_t> ours() const {
      std::vector<size_t> out;
      for (size_t i = 0; i < claims_.size(); ++i)
        if (claims_[i].ours) out.push_back(i);
      return out;
    }
    void settle(size_t i, std::shared_ptr<const Code> code, int64_t bytes = 0) {
      cache_.settle(claims_[i], std::move(code), nullptr, bytes);
      settled_[i] = true;
    }
    // Nothing where it is settled.
    void fail(size_t i, std::exception_ptr why) {
      if (settled_[i]) return;
      cache_.settle(claims_[i], nullptr, std::move(why));
      settled_[i] = true;
    }
    // The code of all keys, once everything of ours is settled.
    std::vector<std::shared_ptr<const Code>> wait() {
      std::vector<std::shared_ptr<const Code>> out;
      for (const Claim& c : claims_) out.push_back(cache_.wait(c));
      return out;
    }

   private:
    void abandon(const std::exception_ptr& why) {
      for (size_t i = 0; i < claims_.size(); ++i)
        if (claims_[i].ours) fail(i, why);
    }

    CodeCache& cache_;
    std::vector<Claim> claims_;
    std::vector<bool> settled_;
  };

  // The code of the key; made by build() where it is not there.
  template <class F>
  std::shared_ptr<const Code> find(std::string key, F&& build) {
    const Claim c = claim(std::move(key));
    if (c.ours) {
      try {
        settle(c, build());
      } catch (...) {
        settle(c, nullptr, std::current_exception());
      }
    }
    return wait(c);
  }

  KernelCacheStats stats() {
    std::lock_guard lock(mutex_);
    KernelCacheStats s = stats_;
    s.size = static_cast<int64_t>(order_.size());
    s.capacity = capacity_;
    return s;
  }
  void set_capacity(int64_t kernels, int64_t bytes = kMostBytes) {
    std::lock_guard lock(mutex_);
    capacity_ = kernels < 1 ? 1 : kernels;
    most_bytes_ = bytes;
    trim();
  }
  void clear() {
    std::lock_guard lock(mutex_);
    while (!order_.empty()) drop_last();
  }

 private:
  void trim() {
    // The latest stays, however large it is.
    while (order_.size() > 1 && (static_cast<int64_t>(order_.size()) > capacity_ || stats_.bytes > most_bytes_)) {
      drop_last();
      ++stats_.evictions;
    }
  }
  void drop_last() {
    const std::string key(order_.back());  // the view points into the entry
    order_.pop_back();
    auto it = entries_.find(key);
    stats_.bytes -= it->second->bytes;
    entries_.erase(it);
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::unordered_map<std::string, std::shared_ptr<Entry>> entries_;
  std::list<std::string_view> order_;  // ready entries, latest used first; views of the map's keys
  static constexpr int64_t kMostBytes = int64_t{64} << 20;
  int64_t capacity_ = 4096, most_bytes_ = kMostBytes;
  KernelCacheStats stats_;
};

}  // namespace frit::codegen
