// Small blocks by size class, large ones by best fit with at most an eighth to spare.
#include "runtime/cuda/pool.h"

#include <algorithm>

namespace frit::rt::cuda {
namespace {
constexpr int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }
}  // namespace

int64_t DevicePool::capacity(int64_t bytes) {
  if (bytes <= 4 * kAlignment) return round_up(std::max<int64_t>(bytes, 1), kAlignment);
  // The classes from there on are multiples of the alignment, as are those of the sizes above.
  if (bytes <= kMostSmall) return block_bytes(size_class(bytes));
  return round_up(bytes, kLargeStep);
}

DevicePool::Block DevicePool::take(int64_t bytes) {
  const int64_t wanted = capacity(bytes);
  if (Block b = take_cached(wanted); b.at) return b;
  if (wanted > kMostSmall) return {from_source(wanted), wanted};
  uint64_t at = carve(wanted);
  if (!at) {
    const uint64_t span = from_source(kSpan);
    // Giving everything back may have freed room in a span that is in use.
    if (span) spans_.insert(span), insert_range(span, kSpan);
    at = carve(wanted);
  }
  return {at, wanted};
}

void DevicePool::give(Block b) {
  if (b.capacity <= kMostSmall) small_[size_class(b.capacity)].push_back(b.at);
  else large_[b.capacity].push_back(b.at);
  cached_ += b.capacity;
}

DevicePool::Block DevicePool::take_cached(int64_t wanted) {
  if (wanted <= kMostSmall) {
    std::vector<uint64_t>& list = small_[size_class(wanted)];
    if (list.empty()) return {};
    const uint64_t at = list.back();
    list.pop_back();
    cached_ -= wanted;
    return {at, wanted};
  }
  auto it = large_.lower_bound(wanted);
  if (it == large_.end() || it->first > wanted + wanted / 8) return {};
  const Block b{it->second.back(), it->first};
  it->second.pop_back();
  if (it->second.empty()) large_.erase(it);
  cached_ -= b.capacity;
  return b;
}

uint64_t DevicePool::try_source(int64_t bytes) {
  if (limit_ > 0 && held_ + bytes > limit_) return 0;
  const uint64_t at = source_.take_memory(bytes);
  if (at) held_ += bytes, ++from_source_;
  return at;
}

uint64_t DevicePool::from_source(int64_t bytes) {
  if (const uint64_t at = try_source(bytes)) return at;
  if (cached_ == 0) return 0;
  trim();
  return try_source(bytes);
}

void DevicePool::trim() {
  if (cached_ == 0 && free_at_.empty()) return;
  source_.wait_for_use();
  for (auto& [size, list] : large_)
    for (uint64_t at : list) {
      source_.give_memory(at);
      held_ -= size;
    }
  large_.clear();
  for (int c = 0; c < kSizeClasses; ++c) {
    for (uint64_t at : small_[c]) give_range(at, block_bytes(c));
    small_[c].clear();
  }
  cached_ = 0;
  for (auto it = spans_.begin(); it != spans_.end();) {
    auto range = free_at_.find(*it);
    if (range != free_at_.end() && range->second == kSpan) {
      source_.give_memory(*it);
      held_ -= kSpan;
      erase_range(*it, kSpan);
      it = spans_.erase(it);
    } else {
      ++it;
    }
  }
}

uint64_t DevicePool::carve(int64_t wanted) {
  auto it = free_by_size_.lower_bound({wanted, 0});
  if (it == free_by_size_.end()) return 0;
  const auto [size, at] = *it;
  erase_range(at, size);
  if (size > wanted) insert_range(at + static_cast<uint64_t>(wanted), size - wanted);
  return at;
}

void DevicePool::give_range(uint64_t at, int64_t bytes) {
  // Joined with its neighbours within the span.
  const uint64_t end = at + static_cast<uint64_t>(bytes);
  auto after = free_at_.lower_bound(at);
  if (after != free_at_.begin() && !spans_.contains(at)) {
    auto before = std::prev(after);
    if (before->first + static_cast<uint64_t>(before->second) == at) {
      at = before->first;
      bytes += before->second;
      erase_range(at, before->second);
    }
  }
  after = free_at_.find(end);
  if (after != free_at_.end() && !spans_.contains(end)) {
    const int64_t size = after->second;
    erase_range(end, size);
    bytes += size;
  }
  insert_range(at, bytes);
}

void DevicePool::insert_range(uint64_t at, int64_t bytes) {
  free_at_.emplace(at, bytes);
  free_by_size_.emplace(bytes, at);
}

void DevicePool::erase_range(uint64_t at, int64_t bytes) {
  free_at_.erase(at);
  free_by_size_.erase({bytes, at});
}

}  // namespace frit::rt::cuda
