// What Frit says while it works, and who hears it.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace frit {

enum class LogLevel : uint8_t { trace, debug, info, warning, error, off };
std::string_view name(LogLevel level);                   // "warning"
bool parse_log_level(std::string_view text, LogLevel&);  // false if there is no such level

// Messages at `level` and above are passed on; FRIT_LOG sets the first value, otherwise it is warning.
void set_log_level(LogLevel level);
LogLevel log_level();

// Every message goes to the handler instead of standard error; an empty one restores standard error.
// Calls come from any thread, one at a time. The handler must not log; what it throws is dropped.
using LogHandler = std::function<void(LogLevel, std::string_view message)>;
void set_log_handler(LogHandler handler);

}  // namespace frit
