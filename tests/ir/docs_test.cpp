// The programs in docs/ir.md are programs.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "ir/verify.h"

namespace frit::ir {
namespace {

TEST(Docs, ProgramsReadBack) {
  std::ifstream in(std::string(FRIT_SOURCE_DIR) + "/docs/ir.md");
  ASSERT_TRUE(in);
  std::stringstream all;
  all << in.rdbuf();
  const std::string text = all.str(), open = "```frit\n", close = "```\n";
  int programs = 0;
  for (size_t at = 0; (at = text.find(open, at)) != std::string::npos; ++programs) {
    at += open.size();
    const std::string program = text.substr(at, text.find(close, at) - at);
    EXPECT_EQ(print(parse_verified(program, "docs/ir.md")), program);
  }
  EXPECT_EQ(programs, 2);
}

}  // namespace
}  // namespace frit::ir
