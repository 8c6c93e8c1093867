// Limits of control groups, read from made-up trees.
#include "runtime/machine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace frit::rt {
namespace {

class Machine : public testing::Test {
 protected:
  Machine() {
    std::string name = (std::filesystem::temp_directory_path() / "frit-machine-XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  ~Machine() override { std::filesystem::remove_all(root_); }
  void put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  std::string root_;
};

TEST_F(Machine, NothingThereIsNoLimit) {
  EXPECT_TRUE(std::isinf(cgroup_cores(root_, "0::/a/b\n")));
  EXPECT_EQ(cgroup_memory(root_, ""), INT64_MAX);
  EXPECT_TRUE(std::isinf(cgroup_cores(root_, "nonsense\n:\n::\n")));
}

TEST_F(Machine, TheTightestOfTheGroupsAbove) {
  put("/a/b/cpu.max", "max 100000\n");
  put("/a/cpu.max", "150000 100000\n");
  put("/cpu.max", "400000 100000\n");
  put("/a/b/memory.max", "5000000\n");
  put("/a/memory.max", "max\n");
  put("/memory.max", "9000000\n");
  EXPECT_EQ(cgroup_cores(root_, "0::/a/b\n"), 1.5);
  EXPECT_EQ(cgroup_cores(root_, "0::/\n"), 4.0);
  EXPECT_EQ(cgroup_memory(root_, "0::/a/b\n"), 5000000);
}

TEST_F(Machine, VersionOne) {
  put("/cpu,cpuacct/x/y", "");
  put("/cpu/x/cpu.cfs_quota_us", "-1\n");
  put("/cpu/x/cpu.cfs_period_us", "100000\n");
  put("/cpu/cpu.cfs_quota_us", "300000\n");
  put("/cpu/cpu.cfs_period_us", "100000\n");
  put("/memory/x/memory.limit_in_bytes", "1234\n");
  std::string self = "5:memory:/x\n4:cpu,cpuacct:/x\n1:name=systemd:/x\n";
  EXPECT_EQ(cgroup_cores(root_, self), 3.0);
  EXPECT_EQ(cgroup_memory(root_, self), 1234);
}

TEST_F(Machine, ThisMachineHasSomething) {
  EXPECT_GE(usable_cores(), 1);
  EXPECT_GT(usable_memory(), int64_t{64} << 20);
}

}  // namespace
}  // namespace frit::rt
