// A bounded cache that drops what was used longest ago, and counts. Not thread-safe: the owner locks.
#pragma once

#include <cstdint>
#include <functional>
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
  void put(const Key& key, Value value) {
    if (auto it = index_.find(key); it != index_.end()) {
      it->second->second = std::move(value);
      order_.splice(order_.begin(), order_, it->second);
      return;
    }
    order_.emplace_front(key, std::move(value));
    index_.emplace(key, order_.begin());
    shrink();
  }

  void set_capacity(int64_t capacity) {
    capacity_ = capacity;
    shrink();
  }
  void clear() {
    index_.clear();
    order_.clear();
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
  void shrink() {
    while (size() > capacity_) {
      index_.erase(order_.back().first);
      order_.pop_back();
      ++counters_.evictions;
    }
  }

  int64_t capacity_;
  std::list<std::pair<Key, Value>> order_;  // the latest used first
  std::unordered_map<Key, typename std::list<std::pair<Key, Value>>::iterator, Hash> index_;
  CacheCounters counters_;
};

}  // namespace frit::rt
