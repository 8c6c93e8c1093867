// The order of sums (LAWS.md, 9 and 12), as code generators and schedules need it. The interpreter has its own.
#pragma once

#include <cstdint>

namespace frit::codegen {

inline constexpr int64_t kLanes = 128;  // element i of a block is added up in lane i mod 128
inline constexpr int64_t kBlock = 1024;

}  // namespace frit::codegen
