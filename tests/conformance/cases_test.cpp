// Small models that runtimes easily get wrong, with values from NumPy and PyTorch: what write_cases.py writes, in every
// backend. Its index.tsv has a line per case: name, relative and absolute tolerance, "function" or nothing, what goes
// wrong easily.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/support/test_folder.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

namespace fs = std::filesystem;

fs::path path_of(const std::string& name) { return fs::path(LINNET_TEST_DATA_DIR) / "cases" / name; }

class Case : public testing::TestWithParam<TableLine> {};

TEST_P(Case, IsRightInEveryBackend) {
  ASSERT_EQ(GetParam().size(), 5U) << "name, two tolerances, function, what goes wrong";
  const std::string& name = GetParam()[0];
  const Tolerance tolerance{std::strtod(GetParam()[1].c_str(), nullptr), std::strtod(GetParam()[2].c_str(), nullptr)};
  const bool function = GetParam()[3] == "function";
  if (function && !LINNET_WITH_ONNX_SCHEMAS) GTEST_SKIP() << "runs through a function body of ONNX's library";
  for (const Backend backend : all_backends()) {
    EXPECT_EQ(run_test_folder(path_of(name), backend, tolerance), "")
        << name << " in backend " << name_of(backend) << ": " << GetParam()[4];
  }
}

INSTANTIATE_TEST_SUITE_P(Small, Case, testing::ValuesIn(read_table(path_of("index.tsv"))), name_of_line);

TEST(CaseIndex, HoldsAllCases) { EXPECT_EQ(read_table(path_of("index.tsv")).size(), 115U); }

}  // namespace
}  // namespace linnet::test
