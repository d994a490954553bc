// ONNX's official node tests, as a ledger: must_pass.txt names the tests that pass in every backend, must_fail.txt the
// others, each with what happens and the reason.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/support/test_folder.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

namespace fs = std::filesystem;

std::vector<TableLine> read_ledger(const std::string& name) {
  return read_table(fs::path(LINNET_SOURCE_DIR) / "tests/conformance" / name);
}

fs::path folder_of(const std::string& test) { return fs::path(LINNET_TEST_DATA_DIR) / "node_tests" / test; }

/// Within ONNX's tolerance.
std::string run_node_test(const std::string& test, Backend backend) {
  return run_test_folder(folder_of(test), backend, {1e-3, 1e-7});
}

class MustPass : public testing::TestWithParam<TableLine> {};

TEST_P(MustPass, InEveryBackend) {
  const std::string& test = GetParam().front();
  if (GetParam().size() > 1) {
    const std::string& mark = GetParam()[1];
    ASSERT_TRUE(mark == "function" || mark == "regex" || mark == "image") << "the only marks there are";
    if (mark == "regex" && !LINNET_WITH_REGEX) GTEST_SKIP() << "runs through the module around RE2";
    if (mark == "image" && !LINNET_WITH_IMAGE_CODECS) GTEST_SKIP() << "runs through libraries of image formats";
    if (mark == "function" && !LINNET_WITH_ONNX_SCHEMAS)
      GTEST_SKIP() << "runs through a function body of ONNX's library";
  }
  for (const Backend backend : all_backends()) {
    EXPECT_EQ(run_node_test(test, backend), "") << test << " in backend " << name_of(backend);
  }
}

INSTANTIATE_TEST_SUITE_P(NodeTest, MustPass, testing::ValuesIn(read_ledger("must_pass.txt")), name_of_line);

class MustFail : public testing::TestWithParam<TableLine> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(MustFail);  // the list may be empty

TEST_P(MustFail, AsTheLedgerSays) {
  ASSERT_EQ(GetParam().size(), 3U) << "name, what happens, reason";
  const std::string& test = GetParam()[0];
  const bool drawn = GetParam()[1] == "drawn";
  if (drawn || GetParam()[1] == "differs") {
    try {
      const std::string found = run_node_test(test, Backend::kAuto);
      EXPECT_TRUE(drawn || !found.empty()) << test << " passes now: move it to must_pass.txt";
    } catch (const Error& error) {
      if (!LINNET_WITH_ONNX_SCHEMAS) GTEST_SKIP() << "runs through a function body of ONNX's library";
      FAIL() << test << ": " << error.what();
    }
    return;
  }
  for (const Backend backend : all_backends()) {
    try {
      const std::string found = run_node_test(test, backend);
      ASSERT_NE(found, "") << test << " passes now in backend " << name_of(backend) << ": move it to must_pass.txt";
      FAIL() << test << " runs in backend " << name_of(backend)
             << " with a wrong result instead of an error: " << found;
    } catch (const Error& error) {
      EXPECT_NE(std::strstr(error.what(), GetParam()[1].c_str()), nullptr)
          << test << " in backend " << name_of(backend) << ": " << error.what();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(NodeTest, MustFail, testing::ValuesIn(read_ledger("must_fail.txt")), name_of_line);

TEST(Ledger, NamesEveryTestOnce) {
  std::set<std::string> seen;
  for (const char* const ledger : {"must_pass.txt", "must_fail.txt"}) {
    const std::vector<TableLine> lines = read_ledger(ledger);
    EXPECT_TRUE(std::strcmp(ledger, "must_fail.txt") == 0 || !lines.empty()) << ledger;
    for (const TableLine& line : lines) {
      EXPECT_TRUE(seen.insert(line[0]).second) << line[0] << " stands twice";
      EXPECT_TRUE(fs::exists(folder_of(line[0]) / "model.onnx")) << line[0] << " is not among ONNX's node tests";
    }
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_of(""))) {
    if (!entry.is_directory()) continue;
    EXPECT_EQ(seen.count(entry.path().filename().string()), 1U) << entry.path().filename() << " stands in no ledger";
  }
}

/// Runs all of them, prints how many pass, and with LINNET_TEST_LEDGER=FILE writes a line per test: name, "pass" or
/// what went wrong.
TEST(Ledger, CountOfAllNodeTests) {
  const char* const report_path = std::getenv("LINNET_TEST_LEDGER");
  std::ofstream report;
  if (report_path != nullptr) report.open(report_path);
  std::set<std::string> expected;
  for (const TableLine& line : read_ledger("must_pass.txt")) expected.insert(line[0]);
  std::size_t total = 0;
  std::size_t passed = 0;
  std::size_t more = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_of(""))) {
    if (!entry.is_directory()) continue;
    const std::string test = entry.path().filename().string();
    std::string outcome;
    try {
      outcome = run_node_test(test, Backend::kAuto);
    } catch (const Error& error) {
      outcome = error.what();
    }
    ++total;
    if (outcome.empty()) {
      ++passed;
      if (expected.count(test) == 0) ++more;
    }
    std::replace(outcome.begin(), outcome.end(), '\n', ' ');
    report << test << '\t' << (outcome.empty() ? "pass" : outcome) << '\n';
  }
  std::printf("%zu of ONNX's %zu node tests pass, %zu of them not in must_pass.txt\n", passed, total, more);
  EXPECT_GT(total, 1800U);
  EXPECT_GE(passed, LINNET_WITH_ONNX_SCHEMAS ? expected.size() : 1U);
}

}  // namespace
}  // namespace linnet::test
