// What must not change a model's result: passes, threads, neighbours in the batch, and where the bytes come from.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include <linnet/tensor_file.hpp>

#include "tests/support/model_index.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

std::string name_of_run(const testing::TestParamInfo<ModelRun>& info) { return info.param.name; }

/// What two ways of computing the same network may differ by, and what says so; outputs are those of `model.run`.
std::string differences(const std::vector<Tensor>& actual, const std::vector<Tensor>& expected) {
  if (actual.size() != expected.size()) return "another number of outputs";
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string found = difference(actual[i].view(), expected[i].view(), model_tolerance(expected[i].type()));
    if (!found.empty()) return "output " + std::to_string(i) + ": " + found;
  }
  return {};
}

std::string bit_differences(const std::vector<Tensor>& actual, const std::vector<Tensor>& expected) {
  if (actual.size() != expected.size()) return "another number of outputs";
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string found = bit_difference(actual[i].view(), expected[i].view());
    if (!found.empty()) return "output " + std::to_string(i) + ": " + found;
  }
  return {};
}

std::vector<Tensor> run_with(const ModelRun& run, const Options& options) {
  return Model::load(run.path, options).run({read_npy(run.input_file)});
}

class ModelProperty : public testing::TestWithParam<ModelRun> {};

TEST_P(ModelProperty, EveryPassKeepsTheResult) {
  Options options;
  options.backend = Backend::kSimd;
  options.disabled_passes = {"all"};
  const std::vector<Tensor> as_it_stands = run_with(GetParam(), options);
  options.disabled_passes.clear();
  EXPECT_EQ(differences(run_with(GetParam(), options), as_it_stands), "") << "with all passes";
  for (const std::string& pass : pass_names()) {
    options.disabled_passes = {pass};
    EXPECT_EQ(differences(run_with(GetParam(), options), as_it_stands), "") << "without " << pass;
  }
}

TEST_P(ModelProperty, ChainsKeepEveryBit) {
  for (const int threads : {1, 2, 3}) {
    Options options;
    options.backend = Backend::kSimd;
    options.threads = threads;
    const std::vector<Tensor> chained = run_with(GetParam(), options);
    options.disabled_passes = {"chain_rows"};
    EXPECT_EQ(bit_differences(chained, run_with(GetParam(), options)), "") << threads << " threads";
  }
}

TEST_P(ModelProperty, ThreadsKeepEveryBit) {
  for (const Backend backend : {Backend::kSimd, Backend::kAuto}) {
    const std::vector<Tensor> with_one = run_with(GetParam(), options_for(backend, 1));
    for (const int threads : {2, 3, 4}) {
      EXPECT_EQ(bit_differences(run_with(GetParam(), options_for(backend, threads)), with_one), "")
          << name_of(backend) << " with " << threads << " threads";
    }
  }
}

TEST_P(ModelProperty, MemoryAndFileGiveTheSame) {
  const ModelRun& run = GetParam();
  const std::string bytes = read_file(run.path);
  const auto from_memory = [&] { return Model::load(bytes.data(), bytes.size(), options_for(Backend::kSimd)); };
  if (!has_external_data(run)) {
    EXPECT_EQ(
        bit_differences(from_memory().run({read_npy(run.input_file)}), run_with(run, options_for(Backend::kSimd))), "");
    return;
  }
  // Weights of 256 bytes and less stay in the file, so some models with a .data file beside them do without.
  if (bytes.find(".onnx.data") == std::string::npos) GTEST_SKIP() << "refers to no other file";
  try {
    from_memory();
    FAIL() << "loaded without the folder that holds its weights";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported) << error.what();
    const char* const message =
        ".onnx.data\", but the model was loaded from memory and has no folder; Options::external_data_folder names one";
    EXPECT_NE(std::strstr(error.what(), message), nullptr) << error.what();
  }
  const std::vector<Tensor> expected = run_with(run, options_for(Backend::kSimd));
  Options with_folder = options_for(Backend::kSimd);
  with_folder.external_data_folder = std::filesystem::path(run.path).parent_path().string();
  Model loaded = Model::load(bytes.data(), bytes.size(), with_folder);
  EXPECT_EQ(bit_differences(loaded.run({read_npy(run.input_file)}), expected), "");
  Options with_bytes = options_for(Backend::kSimd);
  const std::string data = read_file(run.path + ".data");
  with_bytes.external_data = {
      {std::filesystem::path(run.path).filename().string() + ".data", data.data(), data.size()}};
  loaded = Model::load(bytes.data(), bytes.size(), with_bytes);
  EXPECT_EQ(bit_differences(loaded.run({read_npy(run.input_file)}), expected), "");
}

INSTANTIATE_TEST_SUITE_P(Committed, ModelProperty, testing::ValuesIn(first_of_each_model(committed_runs())),
                         name_of_run);

class LargeModel : public testing::TestWithParam<ModelRun> {};

TEST_P(LargeModel, ThreadsKeepEveryBit) {
  const Tensor input = read_npy(GetParam().input_file);
  for (const Backend backend : {Backend::kSimd, Backend::kAuto}) {
    const std::vector<Tensor> with_one = Model::load(GetParam().path, options_for(backend, 1)).run({input});
    for (const int threads : {2, 3, 4}) {
      const std::vector<Tensor> outputs = Model::load(GetParam().path, options_for(backend, threads)).run({input});
      EXPECT_EQ(bit_differences(outputs, with_one), "") << name_of(backend) << " with " << threads << " threads";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Large, LargeModel, testing::ValuesIn(large_runs()), name_of_run);

/// Rows [first, first + count) of a tensor.
Tensor rows_of(const Tensor& tensor, std::int64_t first, std::int64_t count) {
  Shape shape = tensor.shape();
  const std::size_t row_bytes = tensor.bytes() / static_cast<std::size_t>(shape[0]);
  shape[0] = count;
  Tensor rows(tensor.type(), shape);
  std::memcpy(rows.data(), static_cast<const char*>(tensor.data()) + static_cast<std::size_t>(first) * row_bytes,
              rows.bytes());
  return rows;
}

/// Networks whose rows do not depend on each other, with a dynamic batch.
std::vector<ModelRun> batch_runs() {
  std::vector<ModelRun> runs;
  for (const ModelRun& run : committed_runs()) {
    const bool sampler = run.path.find("/activation_sampler/") != std::string::npos;
    if (sampler && run.path.find("_dynamic.onnx") != std::string::npos) runs.push_back(run);
  }
  for (const ModelRun& run : large_runs()) {
    if (run.input_file.find("_batch1.npy") == std::string::npos) runs.push_back(run);
  }
  return runs;
}

class BatchOfModel : public testing::TestWithParam<ModelRun> {};

TEST_P(BatchOfModel, RowDoesNotDependOnItsNeighbours) {
  const Tensor input = read_npy(GetParam().input_file);
  const std::int64_t batch = input.shape()[0];
  for (const int threads : {1, 2}) {
    const Model model = Model::load(GetParam().path, options_for(Backend::kSimd, threads));
    const Tensor whole = model.run({input}).front();
    for (const std::int64_t count : {1, 2, 3, 5, 13, 31}) {
      for (const std::int64_t first : {std::int64_t{0}, batch / 2, batch - count}) {
        if (first < 0 || first + count > batch) continue;
        const Tensor part = model.run({rows_of(input, first, count)}).front();
        EXPECT_EQ(bit_difference(part.view(), rows_of(whole, first, count).view()), "")
            << "rows " << first << " to " << first + count << " alone, " << threads << " threads";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Dynamic, BatchOfModel, testing::ValuesIn(batch_runs()), name_of_run);

}  // namespace
}  // namespace linnet::test
