// Blocks of a GPU's memory, kept for reuse when they are given back. Since one stream orders all use, a
// block may be taken again at once. Knows no driver; not thread-safe: the device locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "runtime/size_class.h"

namespace frit::rt::cuda {

class DevicePool {
 public:
  static constexpr int64_t kAlignment = 256;
  static constexpr int64_t kMostSmall = 1 << 20;  // larger blocks are the driver's own
  static constexpr int64_t kSpan = 4 << 20;       // smaller ones are cut from spans of this size
  static constexpr int64_t kLargeStep = 2 << 20;  // the driver's own granularity

  struct Block {
    uint64_t at = 0;       // 0: none
    int64_t capacity = 0;
  };
  // Where memory comes from: the driver.
  class Source {
   public:
    virtual uint64_t take_memory(int64_t bytes) = 0;       // 0: it has no more. May throw
    virtual void give_memory(uint64_t at) noexcept = 0;    // of nothing that is still in use
    virtual void wait_for_use() = 0;                       // until nothing given back is in use. May throw

   protected:
    ~Source() = default;
  };

  explicit DevicePool(Source& source) : source_(source) {}

  // The size that a request is rounded up to, at least.
  static int64_t capacity(int64_t bytes);
  // A block for that many bytes, which may be 0; none where the source has no more or the limit would
  // be passed, even after everything cached was given back.
  Block take(int64_t bytes);
  void give(Block b) noexcept;  // room for it in the lists was made when it was taken
  void trim();  // waits, and gives back all that is cached

  void set_limit(int64_t bytes) { limit_ = bytes; }  // of held bytes; 0: none
  int64_t limit() const { return limit_; }
  int64_t held_bytes() const { return held_; }
  int64_t cached_bytes() const { return cached_; }   // in blocks given back
  int64_t from_source() const { return from_source_; }

 private:
  Block take_cached(int64_t capacity);
  uint64_t from_source(int64_t bytes);
  uint64_t try_source(int64_t bytes);
  uint64_t from_span(int64_t capacity);
  uint64_t carve(int64_t capacity);
  void give_range(uint64_t at, int64_t bytes);
  void insert_range(uint64_t at, int64_t bytes);
  void erase_range(uint64_t at, int64_t bytes);

  Source& source_;
  int64_t limit_ = 0, held_ = 0, cached_ = 0, from_source_ = 0;
  // Blocks of one capacity.
  struct Blocks {
    std::vector<uint64_t> free;  // given back, the latest last
    size_t made = 0;             // those, and what is in use
    void make_room();            // in free, for one more
  };
  Blocks small_[kSizeClasses];
  std::map<int64_t, Blocks> large_;                       // by capacity
  std::set<uint64_t> spans_;
  std::map<uint64_t, int64_t> free_at_;                   // what of the spans is in no block
  std::set<std::pair<int64_t, uint64_t>> free_by_size_;
};

}  // namespace frit::rt::cuda
