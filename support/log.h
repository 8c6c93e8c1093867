// Logging from inside: logging::debug("compiled ", name, " in ", ms, " ms"). Costs one load where the
// level is off; the pieces are put together only where it is on.
#pragma once

#include <atomic>
#include <sstream>
#include <string>

#include "frit/log.h"

namespace frit::logging {

namespace detail {
// The level in force, or `unset` before the first use.
inline constexpr uint8_t unset = 255;
extern std::atomic<uint8_t> level;
uint8_t first_level();  // from FRIT_LOG; never throws
}  // namespace detail

inline bool enabled(LogLevel at) {
  uint8_t level = detail::level.load(std::memory_order_relaxed);
  if (level == detail::unset) level = detail::first_level();
  return static_cast<uint8_t>(at) >= level && at != LogLevel::off;
}

// Never throws.
void write(LogLevel level, std::string_view message) noexcept;

template <class... Parts>
void put(LogLevel level, const Parts&... parts) {
  if (!enabled(level)) return;
  std::ostringstream out;
  (out << ... << parts);
  write(level, out.str());
}

template <class... Parts>
void trace(const Parts&... parts) { put(LogLevel::trace, parts...); }
template <class... Parts>
void debug(const Parts&... parts) { put(LogLevel::debug, parts...); }
template <class... Parts>
void info(const Parts&... parts) { put(LogLevel::info, parts...); }
template <class... Parts>
void warning(const Parts&... parts) { put(LogLevel::warning, parts...); }
template <class... Parts>
void error(const Parts&... parts) { put(LogLevel::error, parts...); }

}  // namespace frit::logging
