// Narrow forms of the networks in models/zoo against PyTorch in float64, in every backend. Those of our own are made by
// the build, those of the transformers package are committed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/test_folder.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

namespace fs = std::filesystem;

/// A line of an index: folder, share of an output's largest value that it may be off, note.
struct ZooModel {
  fs::path folder;
  double tolerance = 0.0;
};

void PrintTo(const ZooModel& model, std::ostream* out) { *out << model.folder.filename().string(); }

std::vector<ZooModel> models_in(const fs::path& root) {
  std::vector<ZooModel> models;
  for (const TableLine& line : read_table(root / "index.tsv")) {
    models.push_back({root / line.at(0), std::strtod(line.at(1).c_str(), nullptr)});
  }
  return models;
}

std::vector<ZooModel> made_models() { return models_in(fs::path(LINNET_TEST_DATA_DIR) / "zoo"); }
std::vector<ZooModel> committed_models() { return models_in(fs::path(LINNET_SOURCE_DIR) / "models/zoo/committed"); }

class Zoo : public testing::TestWithParam<std::tuple<ZooModel, Backend>> {};

std::string name_of_case(const testing::TestParamInfo<Zoo::ParamType>& info) {
  return std::get<ZooModel>(info.param).folder.filename().string() + "_" + name_of(std::get<Backend>(info.param));
}

TEST_P(Zoo, GivesPyTorchsOutput) {
  const auto& [model, backend] = GetParam();
  EXPECT_EQ(run_test_folder(model.folder, backend, {0.0, 0.0, model.tolerance}), "");
}

INSTANTIATE_TEST_SUITE_P(Made, Zoo,
                         testing::Combine(testing::ValuesIn(made_models()), testing::ValuesIn(all_backends())),
                         name_of_case);
INSTANTIATE_TEST_SUITE_P(Committed, Zoo,
                         testing::Combine(testing::ValuesIn(committed_models()), testing::ValuesIn(all_backends())),
                         name_of_case);

/// Every folder of a network is in the index, and there are some: an empty table would pass without a test.
TEST(ZooIndex, HoldsAllFolders) {
  for (const std::vector<ZooModel>& models : {made_models(), committed_models()}) {
    ASSERT_GE(models.size(), 4U);
    std::set<fs::path> listed;
    for (const ZooModel& model : models) {
      EXPECT_GT(model.tolerance, 0.0) << model.folder;
      listed.insert(model.folder);
    }
    std::set<fs::path> found;
    for (const fs::directory_entry& entry : fs::directory_iterator(models.front().folder.parent_path())) {
      if (entry.is_directory()) found.insert(entry.path());
    }
    EXPECT_EQ(listed, found);
  }
}

}  // namespace
}  // namespace linnet::test
