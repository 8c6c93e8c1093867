// Logging over spdlog. One logger of our own, outside spdlog's registry, so that a program that uses
// spdlog itself sees nothing of it. Writes to standard error or to the user's handler, never to
// standard output.
#include "support/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <memory>
#include <mutex>

#include "support/env.h"

namespace frit {
namespace {

constexpr std::string_view kNames[] = {"trace", "debug", "info", "warning", "error", "off"};

spdlog::level::level_enum to_spdlog(LogLevel l) {
  constexpr spdlog::level::level_enum table[] = {spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                                                 spdlog::level::warn,  spdlog::level::err,   spdlog::level::off};
  return table[static_cast<size_t>(l)];
}

LogLevel from_spdlog(spdlog::level::level_enum l) {
  switch (l) {
    case spdlog::level::trace: return LogLevel::trace;
    case spdlog::level::debug: return LogLevel::debug;
    case spdlog::level::info: return LogLevel::info;
    case spdlog::level::warn: return LogLevel::warning;
    default: return LogLevel::error;
  }
}

// Hands messages to the user's handler, or to standard error where there is none.
class Sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  Sink() { stderr_.set_pattern("[%H:%M:%S.%e] [frit] [%^%l%$] %v"); }
  void set_handler(LogHandler handler) {
    std::lock_guard lock(mutex_);
    handler_ = std::move(handler);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    if (handler_) handler_(from_spdlog(msg.level), std::string_view(msg.payload.data(), msg.payload.size()));
    else stderr_.log(msg);
  }
  void flush_() override { stderr_.flush(); }

  spdlog::sinks::stderr_color_sink_st stderr_;
  LogHandler handler_;
};

struct Logger {
  std::shared_ptr<Sink> sink = std::make_shared<Sink>();
  spdlog::logger logger{"frit", sink};
  Logger() {
    logger.set_level(spdlog::level::trace);  // logging::enabled has decided already
    logger.set_error_handler([](const std::string&) {});
  }
};

// Never destroyed: threads may log while the process ends.
Logger& logger() {
  static Logger* const it = new Logger;
  return *it;
}

}  // namespace

std::string_view name(LogLevel level) { return kNames[static_cast<size_t>(level)]; }

bool parse_log_level(std::string_view text, LogLevel& out) {
  for (size_t i = 0; i < std::size(kNames); ++i)
    if (kNames[i] == text) {
      out = static_cast<LogLevel>(i);
      return true;
    }
  return false;
}

void set_log_level(LogLevel level) { logging::detail::level.store(static_cast<uint8_t>(level)); }

LogLevel log_level() {
  uint8_t level = logging::detail::level.load();
  return static_cast<LogLevel>(level == logging::detail::unset ? logging::detail::first_level() : level);
}

void set_log_handler(LogHandler handler) { logger().sink->set_handler(std::move(handler)); }

namespace logging {
namespace detail {

std::atomic<uint8_t> level{unset};

uint8_t first_level() {
  uint8_t first = static_cast<uint8_t>(LogLevel::warning);
  try {
    first = static_cast<uint8_t>(env().log);
  } catch (...) {
    return first;  // a broken environment is reported by whoever computes first, and may be mended
  }
  uint8_t expected = unset;
  return level.compare_exchange_strong(expected, first) ? first : expected;
}

}  // namespace detail

void write(LogLevel level, std::string_view message) noexcept {
  try {
    logger().logger.log(to_spdlog(level), spdlog::string_view_t(message.data(), message.size()));
  } catch (...) {  // no memory for a message: the message is lost, the work goes on
  }
}

}  // namespace logging
}  // namespace frit
