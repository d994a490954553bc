// Every exported model against PyTorch's own output, in every backend. Tolerances are those of models/checking.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <tuple>

#include <linnet/tensor_file.hpp>

#include "tests/support/model_index.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

using RunInBackend = std::tuple<ModelRun, Backend>;

std::string name_of_case(const testing::TestParamInfo<RunInBackend>& info) {
  return std::get<ModelRun>(info.param).name + "_" + name_of(std::get<Backend>(info.param));
}

/// oneDNN runs these only when its backend is asked for, and is further off there (tests/ops/onednn_tolerance.hpp): its
/// LogSoftmax, in float32 whatever follows, is up to 3.5e-6 off.
Tolerance tolerance_for(const ModelRun& run, Backend backend, DataType type) {
  const bool log_softmax = run.path.find("/models/log_softmax_") != std::string::npos;
  return backend == Backend::kOnednn && log_softmax ? Tolerance{2e-6, 5e-6} : model_tolerance(type);
}

/// oneDNN's Relu makes 0 of NaN (ops/onednn/onednn_activation.hpp). Every other element has to be right.
void expect_zero_for_nan(Tensor& expected) {
  float* const values = expected.data<float>();
  const auto is_nan = [](float value) { return std::isnan(value); };
  EXPECT_EQ(std::count_if(values, values + expected.count(), is_nan), 1);
  std::replace_if(values, values + expected.count(), is_nan, 0.0f);
}

class PyTorchModel : public testing::TestWithParam<RunInBackend> {};

TEST_P(PyTorchModel, GivesPyTorchsOutput) {
  const auto& [run, backend] = GetParam();
  const Model model = Model::load(run.path, options_for(backend));
  ASSERT_EQ(model.inputs().size(), 1U);
  EXPECT_EQ(model.input_index(run.input_name), 0U);
  const std::vector<Tensor> outputs = model.run({read_npy(run.input_file)});
  Tensor expected = read_npy(run.output_file);
  const bool onednn_relu = backend == Backend::kOnednn && run.path.find("/models/relu_on_input/") != std::string::npos;
  if (onednn_relu) expect_zero_for_nan(expected);
  const std::size_t output = model.output_index(run.output_name);
  EXPECT_EQ(difference(outputs.at(output).view(), expected.view(), tolerance_for(run, backend, expected.type())), "");
}

INSTANTIATE_TEST_SUITE_P(Committed, PyTorchModel,
                         testing::Combine(testing::ValuesIn(committed_runs()), testing::ValuesIn(all_backends())),
                         name_of_case);

/// The scalar reference gets the runs with small inputs: 6 GFLOP take it many seconds.
std::vector<RunInBackend> large_cases() {
  constexpr std::uintmax_t kLargestForReference = 64 * 1024;
  std::vector<RunInBackend> cases;
  for (const ModelRun& run : large_runs()) {
    for (const Backend backend : all_backends()) {
      if (backend != Backend::kReference || std::filesystem::file_size(run.input_file) <= kLargestForReference) {
        cases.emplace_back(run, backend);
      }
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Large, PyTorchModel, testing::ValuesIn(large_cases()), name_of_case);

TEST(ModelIndex, HoldsAllRuns) {
  EXPECT_EQ(committed_runs().size(), 711U);
  EXPECT_EQ(first_of_each_model(committed_runs()).size(), 453U);
  EXPECT_EQ(large_runs().size(), 10U);
}

}  // namespace
}  // namespace linnet::test
