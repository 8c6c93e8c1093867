// A bounded cache that drops what was used longest ago, and counts. Not thread-safe: the owner locks.
#pragma once

#include <cstdint>
#include <functional>
#include <iterator>
#include <list>
#include <unordered_map>
#include <utility>

namespace frit::rt {

struct CacheCounters {
  int64_t hits = 0, misses = 0, evictions = 0;
};

template <class Key, class Value, class Hash = std::hash<Key>>
class BoundedCache {
 public:
  // What goes is handed back, so that the owner can let it end outside of his lock.
  using Dropped = std::list<std::pair<Key, Value>>;

  explicit BoundedCache(int64_t capacity) : capacity_(capacity) {}

  // The value, which becomes the latest used; null if there is none. Valid until the next put,
  // set_capacity or clear.
  Value* find(const Key& key) {
    auto it = index_.find(key);
    if (it == index_.end()) {
      ++counters_.misses;
      return nullptr;
    }
    ++counters_.hits;
    order_.splice(order_.begin(), order_, it->second);
    return &it->second->second;
  }

  // Puts or replaces; what no longer fits is dropped. With a capacity of 0 nothing is kept.
  Dropped put(const Key& key, Value value) {
    if (auto it = index_.find(key); it != index_.end()) {
      Dropped old;
      old.emplace_back(key, std::exchange(it->second->second, std::move(value)));
      order_.splice(order_.begin(), order_, it->second);
      return old;
    }
    order_.emplace_front(key, std::move(value));
    index_.emplace(key, order_.begin());
    return shrink();
  }

  Dropped set_capacity(int64_t capacity) {
    capacity_ = capacity;
    return shrink();
  }
  Dropped clear() {
    index_.clear();
    return std::exchange(order_, {});
  }
  // From the latest used to the one that would go next.
  template <class Visit>
  void each(const Visit& visit) const {
    for (const auto& [key, value] : order_) visit(key, value);
  }

  int64_t size() const { return static_cast<int64_t>(order_.size()); }
  int64_t capacity() const { return capacity_; }
  const CacheCounters& counters() const { return counters_; }

 private:
  Dropped shrink() {
    Dropped out;
    while (size() > capacity_) {
      index_.erase(order_.back().first);
      out.splice(out.begin(), order_, std::prev(order_.end()));
      ++counters_.evictions;
    }
    return out;
  }

  int64_t capacity_;
  Dropped order_;  // the latest used first
  std::unordered_map<Key, typename Dropped::iterator, Hash> index_;
  CacheCounters counters_;
};

}  // namespace frit::rt
