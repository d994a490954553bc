// ONNX's official node tests, as a ledger: must_pass.txt names the tests that pass in every backend, must_fail.txt
// those of supported operators that are refused, each with a part of the message and the reason. Tests in neither list
// concern operators that Linnet does not have, but for 16-bit Attention through its definition: some of its results are
// 2 ULP from ONNX's.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include <linnet/tensor_file.hpp>

#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

namespace fs = std::filesystem;

/// A line of a ledger: cells between tabs. Empty lines and lines that start with # are left out.
using LedgerLine = std::vector<std::string>;

std::vector<LedgerLine> read_ledger(const std::string& name) {
  std::ifstream file(LINNET_SOURCE_DIR "/tests/conformance/" + name);
  std::vector<LedgerLine> lines;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    LedgerLine cells(1);
    for (const char character : line) {
      if (character == '\t') {
        cells.emplace_back();
      } else {
        cells.back() += character;
      }
    }
    lines.push_back(cells);
  }
  return lines;
}

fs::path folder_of(const std::string& test) { return fs::path(LINNET_TEST_DATA_DIR) / "node_tests" / test; }

/// input_0.pb, input_1.pb, ... of one data set; `side` is "input" or "output".
std::vector<Tensor> read_side(const fs::path& data_set, const std::string& side) {
  std::vector<Tensor> tensors;
  for (;;) {
    const fs::path file = data_set / (side + "_" + std::to_string(tensors.size()) + ".pb");
    if (!fs::exists(file)) return tensors;
    tensors.push_back(read_tensor_proto(file.string()));
  }
}

/// Empty when every data set gives the expected outputs within ONNX's tolerance, else what is different. Errors: those
/// of load and run.
std::string run_node_test(const std::string& test, Backend backend) {
  const Tolerance tolerance{1e-3, 1e-7};
  const Model model = Model::load((folder_of(test) / "model.onnx").string(), options_for(backend));
  std::size_t data_sets = 0;
  for (;; ++data_sets) {
    const fs::path data_set = folder_of(test) / ("test_data_set_" + std::to_string(data_sets));
    if (!fs::exists(data_set)) break;
    const std::vector<Tensor> outputs = model.run(read_side(data_set, "input"));
    const std::vector<Tensor> expected = read_side(data_set, "output");
    if (outputs.size() != expected.size()) return "another number of outputs";
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const std::string found = difference(outputs[i].view(), expected[i].view(), tolerance);
      if (!found.empty()) return data_set.filename().string() + ", output " + std::to_string(i) + " " + found;
    }
  }
  return data_sets > 0 ? "" : "the test has no data";
}

std::string name_of_line(const testing::TestParamInfo<LedgerLine>& info) {
  std::string name = info.param.front();
  const auto is_other = [](char character) { return std::isalnum(static_cast<unsigned char>(character)) == 0; };
  std::replace_if(name.begin(), name.end(), is_other, '_');
  return name;
}

class MustPass : public testing::TestWithParam<LedgerLine> {};

TEST_P(MustPass, InEveryBackend) {
  const std::string& test = GetParam().front();
  if (GetParam().size() > 1) {
    ASSERT_EQ(GetParam()[1], "function") << "the only mark there is";
    if (!LINNET_WITH_ONNX_SCHEMAS) GTEST_SKIP() << "runs through a function body of ONNX's library";
  }
  for (const Backend backend : all_backends()) {
    EXPECT_EQ(run_node_test(test, backend), "") << test << " in backend " << name_of(backend);
  }
}

INSTANTIATE_TEST_SUITE_P(NodeTest, MustPass, testing::ValuesIn(read_ledger("must_pass.txt")), name_of_line);

class MustFail : public testing::TestWithParam<LedgerLine> {};

TEST_P(MustFail, WithTheMessageOfTheLedger) {
  ASSERT_EQ(GetParam().size(), 3U) << "name, part of the message, reason";
  const std::string& test = GetParam()[0];
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

TEST(Ledger, NamesEveryTestOnceAndOnlyTestsThatExist) {
  std::set<std::string> seen;
  for (const char* const ledger : {"must_pass.txt", "must_fail.txt"}) {
    const std::vector<LedgerLine> lines = read_ledger(ledger);
    EXPECT_FALSE(lines.empty()) << ledger;
    for (const LedgerLine& line : lines) {
      EXPECT_TRUE(seen.insert(line[0]).second) << line[0] << " stands twice";
      EXPECT_TRUE(fs::exists(folder_of(line[0]) / "model.onnx")) << line[0] << " is not among ONNX's node tests";
    }
  }
}

/// Runs all of them, prints how many pass, and with LINNET_TEST_LEDGER=FILE writes a line per test: name, "pass" or
/// what went wrong.
TEST(Ledger, CountOfAllNodeTests) {
  const char* const report_path = std::getenv("LINNET_TEST_LEDGER");
  std::ofstream report;
  if (report_path != nullptr) report.open(report_path);
  std::set<std::string> expected;
  for (const LedgerLine& line : read_ledger("must_pass.txt")) expected.insert(line[0]);
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
