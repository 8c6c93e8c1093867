// Every .ir file of this folder on every engine: interpreter, eager and fused machine code for each
// instruction set, on one thread and on two, byte for byte.
#include <gtest/gtest.h>

#include <algorithm>

#include "ir/ops.h"
#include "tests/engines/engines.h"
#include "tests/engines/inputs.h"
#include "tests/engines/written.h"

namespace frit::test {
namespace {

class Run : public testing::TestWithParam<std::string> {};

TEST_P(Run, AllEnginesAgree) {
  const Written p = load_written(GetParam());
  for (uint64_t seed : p.seeds) {
    const Agreement a = run_engines(p.func, make_inputs(p.func, seed), options_for(seed, true));
    ASSERT_TRUE(a.ok()) << "arguments of seed " << seed << ": " << a.problem;
    if (p.launches) { ASSERT_EQ(a.fused_launches, *p.launches); }
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, Run, testing::ValuesIn(written_names()), [](const auto& info) {
  std::string name = info.param;
  std::ranges::replace_if(name, [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
});

// The folder is read and holds the tensor level's whole op table.
TEST(Programs, HoldEveryOp) {
  std::vector<bool> seen(ir::all_ops().size());
  for (const std::string& name : written_names()) {
    const ir::Func f = load_written(name).func;
    for (ir::OpId id : f.body.ops) seen[static_cast<size_t>(f.op(id).op)] = true;
  }
  for (const ir::OpInfo& row : ir::all_ops()) {
    if (row.cls == ir::OpClass::fused || row.cls == ir::OpClass::kernel) continue;
    EXPECT_TRUE(seen[static_cast<size_t>(row.op)]) << "no program holds " << row.name;
  }
}

}  // namespace
}  // namespace frit::test
