// Whole parts of a count.
#pragma once

#include <cstdint>

namespace frit {

// How many parts of b hold a things; a not negative, b positive.
constexpr int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace frit
