// Memory for an array that ends where no memory follows, so that a touch beyond its end is a fault,
// and that has a pattern before its start, which is checked. Begins at any element.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstring>
#include <stdexcept>

namespace frit::test {

class Guarded {
 public:
  explicit Guarded(size_t bytes) : bytes_(bytes), mapped_((bytes + kBefore + kPage - 1) / kPage * kPage + kPage) {
    base_ = static_cast<std::byte*>(mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base_ == MAP_FAILED) throw std::runtime_error("no memory for a guarded array");
    if (mprotect(base_ + mapped_ - kPage, kPage, PROT_NONE) != 0) throw std::runtime_error("cannot protect a page");
    std::memset(data() - kBefore, kPattern, kBefore + bytes_);
  }
  Guarded(Guarded&& o) noexcept : base_(o.base_), bytes_(o.bytes_), mapped_(o.mapped_) { o.base_ = nullptr; }
  Guarded(const Guarded&) = delete;
  ~Guarded() {
    if (base_) munmap(base_, mapped_);
  }

  std::byte* data() const { return base_ + mapped_ - kPage - bytes_; }
  size_t bytes() const { return bytes_; }
  bool untouched_before() const {
    for (size_t i = 1; i <= kBefore; ++i)
      if (data()[-static_cast<ptrdiff_t>(i)] != std::byte{kPattern}) return false;
    return true;
  }

 private:
  static constexpr size_t kPage = 4096, kBefore = 256;
  static constexpr unsigned char kPattern = 0xa5;
  std::byte* base_;
  size_t bytes_, mapped_;
};

}  // namespace frit::test
