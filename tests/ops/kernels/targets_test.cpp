#include "ops/kernels/targets.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace linnet::kernels {
namespace {

#if defined(__x86_64__) || defined(__i386__)
constexpr const char* kLeast = "sse4";
#else
constexpr const char* kLeast = "scalar";
#endif

TEST(Targets, EverySupportedOneCanBeChosen) {
  ASSERT_FALSE(supported_targets().empty());
  for (const char* name : supported_targets()) {
    EXPECT_TRUE(set_isa(name));
    EXPECT_STREQ(best_target_name(), name);
  }
  EXPECT_TRUE(set_isa("auto"));
  EXPECT_STREQ(best_target_name(), supported_targets().front());
}

TEST(Targets, TheLeastIsAlwaysThere) {
  EXPECT_TRUE(cpu_is_supported());
  EXPECT_STREQ(supported_targets().back(), kLeast);
}

TEST(Targets, UnknownNamesChangeNothing) {
  ASSERT_TRUE(set_isa(kLeast));
  for (const std::string_view name : {"", "avx1024", "AVX2", "avx2 "}) {
    EXPECT_FALSE(set_isa(name)) << name;
    EXPECT_STREQ(best_target_name(), kLeast);
  }
  EXPECT_TRUE(set_isa("auto"));
}

// The variable is read once per process, so each case runs in a process of its own.
class EnvironmentVariableDeathTest : public ::testing::Test {
 protected:
  void SetUp() override { ::testing::FLAGS_gtest_death_test_style = "threadsafe"; }

  static void exit_with_target(const char* variable) {
    setenv("LINNET_ISA", variable, 1);
    std::fprintf(stderr, "runs on %s", best_target_name());
    std::_Exit(0);
  }
};

TEST_F(EnvironmentVariableDeathTest, LowersTheTarget) {
  EXPECT_EXIT(exit_with_target(kLeast), ::testing::ExitedWithCode(0), std::string("runs on ") + kLeast);
}

TEST_F(EnvironmentVariableDeathTest, UnknownNameLeavesTheBest) {
  const std::string best = supported_targets().front();
  EXPECT_EXIT(exit_with_target("pentium"), ::testing::ExitedWithCode(0), "runs on " + best);
}

}  // namespace
}  // namespace linnet::kernels
