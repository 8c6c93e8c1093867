// Byte counts as people read them: "96 B", "1.5 KiB", "256 MiB".
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace frit {

inline std::string bytes_text(int64_t bytes) {
  static constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  while ((value >= 1024 || value <= -1024) && unit < 6) value /= 1024, ++unit;
  char text[32];
  bool whole = value == static_cast<double>(static_cast<int64_t>(value));
  std::snprintf(text, sizeof text, whole ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}

}  // namespace frit
