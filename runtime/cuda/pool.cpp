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

void DevicePool::Blocks::make_room() {
  if (free.capacity() <= made) free.reserve(std::max<size_t>(8, 2 * made));
}

DevicePool::Block DevicePool::take(int64_t bytes) {
  const int64_t wanted = capacity(bytes);
  if (Block b = take_cached(wanted); b.at) return b;
  Blocks& blocks = wanted > kMostSmall ? large_[wanted] : small_[size_class(wanted)];
  blocks.make_room();
  ++blocks.made;  // so that it stays where all that is cached goes
  const uint64_t at = wanted > kMostSmall ? from_source(wanted) : from_span(wanted);
  if (!at) --blocks.made;
  return {at, wanted};
}

uint64_t DevicePool::from_span(int64_t wanted) {
  if (const uint64_t at = carve(wanted)) return at;
  if (const uint64_t span = from_source(kSpan)) {
    try {
      spans_.insert(span);
      insert_range(span, kSpan);
    } catch (...) {
      spans_.erase(span);
      source_.give_memory(span);
      held_ -= kSpan;
      throw;
    }
  }
  // Giving everything back may have freed room in a span that is in use.
  return carve(wanted);
}

void DevicePool::give(Block b) noexcept {
  (b.capacity <= kMostSmall ? small_[size_class(b.capacity)] : large_.find(b.capacity)->second).free.push_back(b.at);
  cached_ += b.capacity;
}

DevicePool::Block DevicePool::take_cached(int64_t wanted) {
  auto from = [this](Blocks& blocks, int64_t capacity) -> Block {
    if (blocks.free.empty()) return {};
    const uint64_t at = blocks.free.back();
    blocks.free.pop_back();
    cached_ -= capacity;
    return {at, capacity};
  };
  if (wanted <= kMostSmall) return from(small_[size_class(wanted)], wanted);
  for (auto it = large_.lower_bound(wanted); it != large_.end() && it->first <= wanted + wanted / 8; ++it)
    if (Block b = from(it->second, it->first); b.at) return b;
  return {};
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
  // One by one: should memory of the host run out here, the rest stays cached.
  auto empty = [this](Blocks& blocks, int64_t size, auto&& give_back) {
    for (; !blocks.free.empty(); blocks.free.pop_back(), --blocks.made, cached_ -= size) give_back(blocks.free.back());
  };
  for (auto& [size, blocks] : large_)
    empty(blocks, size, [&](uint64_t at) {
      source_.give_memory(at);
      held_ -= size;
    });
  std::erase_if(large_, [](const auto& l) { return l.second.made == 0; });
  for (int c = 0; c < kSizeClasses; ++c)
    empty(small_[c], block_bytes(c), [&](uint64_t at) { give_range(at, block_bytes(c)); });
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
  if (size == wanted) {
    erase_range(at, size);
  } else {  // what is left keeps the range's nodes
    auto by_place = free_at_.extract(at);
    auto by_size = free_by_size_.extract(it);
    by_place.key() = at + static_cast<uint64_t>(wanted);
    by_place.mapped() = size - wanted;
    by_size.value() = {size - wanted, by_place.key()};
    free_at_.insert(std::move(by_place));
    free_by_size_.insert(std::move(by_size));
  }
  return at;
}

void DevicePool::give_range(uint64_t at, int64_t bytes) {
  // Joined with its neighbours within the span; nothing changes where there is no memory for the new range.
  int64_t before = 0, after = 0;
  const uint64_t end = at + static_cast<uint64_t>(bytes);
  auto next = free_at_.lower_bound(at);
  if (next != free_at_.end() && next->first == end && !spans_.contains(end)) after = next->second;
  if (next != free_at_.begin() && !spans_.contains(at)) {
    const auto& [start, size] = *std::prev(next);
    if (start + static_cast<uint64_t>(size) == at) before = size;
  }
  const uint64_t start = at - static_cast<uint64_t>(before);
  std::map<uint64_t, int64_t> by_place{{start, before + bytes + after}};
  std::set<std::pair<int64_t, uint64_t>> by_size{{before + bytes + after, start}};
  if (before) erase_range(start, before);
  if (after) erase_range(end, after);
  free_at_.merge(by_place);
  free_by_size_.merge(by_size);
}

void DevicePool::insert_range(uint64_t at, int64_t bytes) {
  free_at_.emplace(at, bytes);
  try {
    free_by_size_.emplace(bytes, at);
  } catch (...) {
    free_at_.erase(at);
    throw;
  }
}

void DevicePool::erase_range(uint64_t at, int64_t bytes) {
  free_at_.erase(at);
  free_by_size_.erase({bytes, at});
}

}  // namespace frit::rt::cuda
