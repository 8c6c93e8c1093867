// Memory of the host that runs out: while one lives, this thread can allocate `left` more times.
#pragma once

#include <cstdint>

namespace frit::test {

class NoMemory {
 public:
  explicit NoMemory(int64_t left = 0);
  ~NoMemory();
  NoMemory(const NoMemory&) = delete;
  static bool refused();  // whether an allocation of the latest one was refused
};

}  // namespace frit::test
