#include "runtime/control_groups.hpp"

#include <cstdint>

#include <gtest/gtest.h>

#include "runtime/model_impl.hpp"
#include "tests/loaders/temporary_folder.hpp"

namespace linnet::internal {
namespace {

using test::TemporaryFolder;

/// A made-up /proc/self/cgroup and /sys/fs/cgroup.
struct MadeUp {
  TemporaryFolder folder;
  ControlGroups groups;

  explicit MadeUp(const char* membership) : groups{folder.write("proc", membership), folder.path("sys")} {}
  MadeUp& with(const std::string& file, const char* content) {
    folder.write("sys/" + file, content);
    return *this;
  }
};

TEST(MemoryLimit, IsNoneWithoutGroups) {
  EXPECT_EQ(memory_limit({"/nonexistent/cgroup", "/nonexistent"}), SIZE_MAX);
  MadeUp empty("");
  EXPECT_EQ(memory_limit(empty.groups), SIZE_MAX);
  MadeUp damaged("no colons\n:\n0:\n0::\nx:y:z\n");
  EXPECT_EQ(memory_limit(damaged.groups), SIZE_MAX);
}

TEST(MemoryLimit, OfVersion2IsTheLeastOfTheGroupAndItsParents) {
  MadeUp made("0::/user.slice/app.service\n");
  EXPECT_EQ(memory_limit(made.groups), SIZE_MAX);
  made.with("user.slice/app.service/memory.max", "max\n");
  EXPECT_EQ(memory_limit(made.groups), SIZE_MAX);
  made.with("user.slice/memory.max", "3000000000\n");
  EXPECT_EQ(memory_limit(made.groups), 3000000000U);
  made.with("user.slice/app.service/memory.max", "2000000000\n");
  EXPECT_EQ(memory_limit(made.groups), 2000000000U);
  made.with("memory.max", "1000000000\n");  // a container sees its own group as the root
  EXPECT_EQ(memory_limit(made.groups), 1000000000U);
  made.with("user.slice/other.service/memory.max", "1\n");
  EXPECT_EQ(memory_limit(made.groups), 1000000000U) << "somebody else's";
}

TEST(MemoryLimit, OfVersion1IsTheLeastOfTheGroupAndItsParents) {
  MadeUp made("12:cpu,cpuacct:/other\n4:memory:/docker/abc\n1:name=systemd:/docker/abc\n0::/docker/abc\n");
  made.with("memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(memory_limit(made.groups), 9223372036854771712U) << "more than any machine has";
  made.with("memory/docker/memory.limit_in_bytes", "500000000\n");
  EXPECT_EQ(memory_limit(made.groups), 500000000U);
  made.with("memory/docker/abc/memory.limit_in_bytes", "400000000\n");
  EXPECT_EQ(memory_limit(made.groups), 400000000U);
  made.with("unified/docker/memory.max", "300000000\n");
  EXPECT_EQ(memory_limit(made.groups), 300000000U) << "both versions side by side";
}

TEST(MemoryLimit, OfAContainerThatDoesNotSeeItsPath) {
  MadeUp made("4:memory:/docker/abc\n0::/../../outside\n");
  made.with("memory/memory.limit_in_bytes", "700000000\n").with("memory.max", "600000000\n");
  EXPECT_EQ(memory_limit(made.groups), 600000000U);
}

TEST(CpuLimit, IsTheLeastOfTheGroupAndItsParents) {
  MadeUp two("0::/a/b\n");
  EXPECT_EQ(cpu_limit(two.groups), 0);
  two.with("a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(cpu_limit(two.groups), 0);
  two.with("a/cpu.max", "150000 100000\n");
  EXPECT_EQ(cpu_limit(two.groups), 2);
  two.with("a/b/cpu.max", "50000 100000\n");
  EXPECT_EQ(cpu_limit(two.groups), 1);
  MadeUp one("3:cpu,cpuacct:/a\n");
  one.with("cpu/a/cpu.cfs_quota_us", "-1\n").with("cpu/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpu_limit(one.groups), 0);
  one.with("cpu/cpu.cfs_quota_us", "300000\n").with("cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpu_limit(one.groups), 3);
}

TEST(DefaultMemoryBudget, IsWithinTheMachineAndTheGroups) {
  EXPECT_LE(ModelImpl({}, {}, {}).memory_budget(), memory_limit());
}

}  // namespace
}  // namespace linnet::internal
