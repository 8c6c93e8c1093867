// Logging: levels, the user's handler, nothing on standard output.
#include "support/log.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace frit {
namespace {

struct Heard {
  std::vector<std::pair<LogLevel, std::string>> messages;
  Heard() {
    set_log_handler([this](LogLevel l, std::string_view m) { messages.emplace_back(l, std::string(m)); });
  }
  ~Heard() {
    set_log_handler({});
    set_log_level(LogLevel::warning);
  }
};

TEST(Log, TheHandlerHearsTheLevelAndAbove) {
  Heard heard;
  set_log_level(LogLevel::info);
  EXPECT_EQ(log_level(), LogLevel::info);
  logging::debug("no");
  logging::info("took ", 3, " ms");
  logging::error("bad {} %s");  // no format strings: braces are text
  ASSERT_EQ(heard.messages.size(), 2u);
  EXPECT_EQ(heard.messages[0], std::pair(LogLevel::info, std::string("took 3 ms")));
  EXPECT_EQ(heard.messages[1], std::pair(LogLevel::error, std::string("bad {} %s")));
}

TEST(Log, OffIsSilent) {
  Heard heard;
  set_log_level(LogLevel::off);
  logging::error("no");
  EXPECT_TRUE(heard.messages.empty());
}

TEST(Log, AThrowingHandlerHarmsNobody) {
  set_log_level(LogLevel::info);
  set_log_handler([](LogLevel, std::string_view) { throw std::runtime_error("mine"); });
  logging::info("x");
  Heard heard;
  logging::info("y");
  EXPECT_EQ(heard.messages.size(), 1u);
}

TEST(Log, ManyThreads) {
  Heard heard;
  set_log_level(LogLevel::info);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([i] {
      for (int k = 0; k < 100; ++k) logging::info(i, ":", k);
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(heard.messages.size(), 400u);
}

TEST(Log, WithoutAHandlerItIsStandardErrorOnly) {
  set_log_level(LogLevel::warning);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  logging::warning("hot ", 1);
  logging::info("cold");
  std::string err = testing::internal::GetCapturedStderr();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_NE(err.find("hot 1"), std::string::npos);
  EXPECT_EQ(err.find("cold"), std::string::npos);
}

TEST(Log, NamesReadBack) {
  for (LogLevel l : {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::off}) {
    LogLevel back = LogLevel::off;
    EXPECT_TRUE(parse_log_level(name(l), back));
    EXPECT_EQ(back, l);
  }
  LogLevel back;
  EXPECT_FALSE(parse_log_level("Info", back));
}

}  // namespace
}  // namespace frit
