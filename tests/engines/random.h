// Random numbers that are the same on every machine and library: splitmix64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace frit::test {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u) {}

  uint64_t bits() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // [lo, hi], both included.
  int64_t between(int64_t lo, int64_t hi) {
    return lo + static_cast<int64_t>(bits() % static_cast<uint64_t>(hi - lo + 1));
  }
  size_t below(size_t n) { return static_cast<size_t>(bits() % n); }
  bool one_in(int n) { return bits() % static_cast<uint64_t>(n) == 0; }
  bool percent(int p) { return bits() % 100 < static_cast<uint64_t>(p); }
  double unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  template <class C>
  auto& pick(C& c) { return c[below(std::size(c))]; }

 private:
  uint64_t state_;
};

}  // namespace frit::test
