// The first questions to ONNX's library when memory is short: an error that says so, never the end of the process, and
// nothing printed. Each attempt is a process of its own, for only the first question makes tables and the storage of a
// thread.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/loaders/temporary_folder.hpp"
#include "tests/loaders/toy_operators.hpp"

namespace linnet::test {
namespace {

constexpr const char* kCase = "LINNET_TEST_LITTLE_MEMORY";  ///< of the environment: what to load, and bytes to spare
constexpr int kLoaded = 0;
constexpr int kNoMemory = 40;
constexpr int kOtherError = 41;

std::string one_node(int opset, const char* op) {
  return model()
      .ir_version(opset < 7 ? 3 : 8)
      .opset(opset)
      .input("x", DataType::kFloat32, {4})
      .node(op, {"x"}, {"y"})
      .output("y", DataType::kFloat32, {4})
      .bytes();
}

std::string through_its_definition() { return one_node(22, "Softsign"); }
std::string of_an_old_operator_set() { return one_node(6, "Relu"); }

/// Leaves so many bytes of address space to this process.
void spare(std::size_t bytes) {
  std::ifstream statm("/proc/self/statm");
  std::size_t pages = 0;
  statm >> pages;
  const std::size_t most = pages * static_cast<std::size_t>(::sysconf(_SC_PAGE_SIZE)) + bytes;
  const ::rlimit limit{most, most};
  ::setrlimit(RLIMIT_AS, &limit);
}

int status_of_load(const std::string& bytes) {
  try {
    Model::load(bytes.data(), bytes.size());
    return kLoaded;
  } catch (const Error& error) {
    return error.code() == ErrorCode::kOutOfMemory ? kNoMemory : kOtherError;
  }
}

/// What an attempt does; only run by the others.
TEST(LittleMemory, DISABLED_Attempt) {
  const char* const given = std::getenv(kCase);
  if (given == nullptr) GTEST_SKIP() << "only run by other tests";
  std::istringstream words(given);
  std::string what;
  std::size_t bytes = 0;
  words >> what >> bytes;
  if (what == "definition" || what == "old") {
    const std::string file = what == "old" ? of_an_old_operator_set() : through_its_definition();
    spare(bytes);
    ::_exit(status_of_load(file));
  }
  // A thread that comes when the module has long been open has storage of its own to make.
  const std::string file = through_its_definition();
  status_of_load(file);
  int status = kOtherError;
  std::thread([&] {
    spare(bytes);
    status = status_of_load(file);
  }).join();
  ::_exit(status);
}

/// The attempt's exit status, or 128 and the signal that ended it; what it printed as an error goes into `file`.
int status_of_attempt(const std::string& what, std::size_t bytes, const std::string& file) {
  const std::string value = what + " " + std::to_string(bytes);
  const pid_t child = ::fork();
  if (child == 0) {
    const int errors = ::open(file.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    const int nothing = ::open("/dev/null", O_WRONLY);
    ::dup2(nothing, STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    ::setenv(kCase, value.c_str(), 1);
    ::unsetenv("GTEST_TOTAL_SHARDS");
    ::unsetenv("GTEST_SHARD_INDEX");
    ::unsetenv("GTEST_OUTPUT");
    ::execl("/proc/self/exe", "loaders_test", "--gtest_also_run_disabled_tests",
            "--gtest_filter=LittleMemory.DISABLED_Attempt", nullptr);
    ::_exit(99);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

class LittleMemoryOf : public testing::TestWithParam<const char*> {};

TEST_P(LittleMemoryOf, IsAnErrorThatSaysSo) {
  if (!LINNET_WITH_ONNX_SCHEMAS) GTEST_SKIP() << "built without ONNX's library";
  if (LINNET_SANITIZED) GTEST_SKIP() << "sanitizers take address space without end";
  constexpr std::size_t kStep = std::size_t{640} << 10;
  constexpr std::size_t kEnough = std::size_t{40} << 20;
  const TemporaryFolder folder;
  const std::string file = folder.path("errors.txt");
  for (std::size_t bytes = 0; bytes <= kEnough; bytes += kStep) {
    const int status = status_of_attempt(GetParam(), bytes, file);
    std::ifstream errors(file);
    const std::string printed((std::istreambuf_iterator<char>(errors)), std::istreambuf_iterator<char>());
    EXPECT_EQ(printed, "") << bytes << " bytes to spare";
    ASSERT_TRUE(status == kNoMemory || status == kLoaded) << "status " << status << ", " << bytes << " bytes to spare";
    if (bytes == 0 && std::string(GetParam()) != "thread") {
      EXPECT_EQ(status, kNoMemory);
    }
    if (bytes == kEnough) {
      EXPECT_EQ(status, kLoaded);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Loaders, LittleMemoryOf, testing::Values("definition", "old", "thread"),
                         [](const testing::TestParamInfo<const char*>& info) { return std::string(info.param); });

}  // namespace
}  // namespace linnet::test
