#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

OpTest mel(std::int64_t bins, std::int64_t length, std::int64_t rate, float low, float high) {
  return OpTest("MelWeightMatrix", 17)
      .input<std::int64_t>({}, {bins})
      .input<std::int64_t>({}, {length})
      .input<std::int64_t>({}, {rate})
      .input<float>({}, {low})
      .input<float>({}, {high});
}

TEST(MelWeightMatrix, IsAsInOnnxsExample) {
  mel(8, 16, 8192, 0, 4096)
      .expect<float>({9, 8}, {1, 1, 0, 0, 0, 0, 0, 0,  //
                              0, 0, 1, 1, 0, 0, 0, 0,  //
                              0, 0, 0, 0, 1, 0, 0, 0,  //
                              0, 0, 0, 0, 0, 1, 0, 0,  //
                              0, 0, 0, 0, 0, 0, 1, 0,  //
                              0, 0, 0, 0, 0, 0, 0, 1,  //
                              0, 0, 0, 0, 0, 0, 0, 0,  //
                              0, 0, 0, 0, 0, 0, 0, 0,  //
                              0, 0, 0, 0, 0, 0, 0, 0})
      .run();
}

/// Triangles over the edges.
TEST(MelWeightMatrix, HasTriangles) {
  const std::int64_t bins = 20, length = 512, rate = 16000;
  const double low = 20, high = 7600;
  const auto of_hertz = [](double f) { return 2595 * std::log10(1 + f / 700); };
  std::vector<double> edges;
  for (std::int64_t i = 0; i < bins + 2; ++i) {
    const double step = (of_hertz(high) - of_hertz(low)) / static_cast<double>(bins + 2);
    const double hertz = 700 * (std::pow(10.0, (of_hertz(low) + step * static_cast<double>(i)) / 2595) - 1);
    edges.push_back(std::floor(static_cast<double>(length + 1) * hertz / static_cast<double>(rate)));
  }
  std::vector<double> values;
  const std::int64_t last_row = length / 2;
  for (double row = 0; row <= static_cast<double>(last_row); ++row) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(bins); ++i) {
      const double rise = (row - edges[i]) / (edges[i + 1] - edges[i]);
      const double fall = (edges[i + 2] - row) / (edges[i + 2] - edges[i + 1]);
      const double inside = row < edges[i + 1] ? rise : row == edges[i + 1] ? 1 : fall;
      values.push_back(std::max(0.0, inside));
    }
  }
  for (const DataType type : {DataType::kFloat32, DataType::kFloat64}) {
    mel(bins, length, rate, static_cast<float>(low), static_cast<float>(high))
        .attribute("output_datatype", static_cast<std::int64_t>(type))
        .expect([&] {
          std::byte* data = nullptr;
          ConstantPtr result = make_constant(type, {length / 2 + 1, bins}, &data);
          for (std::size_t i = 0; i < values.size(); ++i) {
            if (type == DataType::kFloat32) reinterpret_cast<float*>(data)[i] = static_cast<float>(values[i]);
            if (type == DataType::kFloat64) reinterpret_cast<double*>(data)[i] = values[i];
          }
          return result;
        }())
        .run();
  }
}

TEST(MelWeightMatrix, TakesTypes) {
  mel(1, 2, 4, 0, 2)
      .attribute("output_datatype", static_cast<std::int64_t>(DataType::kInt32))
      .expect<std::int32_t>({2, 1}, {1, 0})
      .run();
  mel(0, 4, 8, 0, 4).expect<float>({3, 0}, {}).run();
  OpTest("MelWeightMatrix", 17)
      .symbolic_input(DataType::kInt32, {})
      .symbolic_input(DataType::kInt32, {})
      .elements({16})
      .symbolic_input(DataType::kInt32, {})
      .symbolic_input(DataType::kFloat64, {})
      .symbolic_input(DataType::kFloat16, {})
      .expect_dims(DataType::kFloat32, {9, "?"})
      .infer_only();
}

TEST(MelWeightMatrix, SaysWhatIsWrong) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto refused = [](OpTest node, ErrorCode code, const char* words) { node.expect_error(code, words).run(); };
  refused(mel(8, 16, 0, 0, 4), ErrorCode::kRuntimeFault, "sample_rate is 0, expected 1 or more");
  refused(mel(8, 0, 8, 0, 4), ErrorCode::kInvalidModel, "input dft_length is 0");
  refused(mel(-1, 16, 8, 0, 4), ErrorCode::kInvalidModel, "input num_mel_bins is -1");
  refused(mel(8, 16, 8, 0, 400), ErrorCode::kRuntimeFault, "between 0 and 400 Hz falls into bin ");
  refused(mel(8, 16, 8, -3, 4), ErrorCode::kRuntimeFault, "edge 0 between -3 and 4 Hz falls into bin -7");
  refused(mel(8, 16, 8, nan, 4), ErrorCode::kRuntimeFault, "falls into bin nan");
}

}  // namespace
}  // namespace linnet::internal
