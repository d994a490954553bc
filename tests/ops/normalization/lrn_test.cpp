#include <gtest/gtest.h>

#include <cmath>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

struct Parameters {
  std::int64_t size;
  float alpha, beta, bias;
};

OpTest lrn(const Parameters& parameters) {
  return OpTest("LRN", 13)
      .attribute("size", parameters.size)
      .attribute("alpha", parameters.alpha)
      .attribute("beta", parameters.beta)
      .attribute("bias", parameters.bias);
}

template <typename T>
ConstantPtr expected(const Constant& x, const Parameters& parameters) {
  std::byte* data = nullptr;
  ConstantPtr result = make_constant(x.type, x.shape, &data);
  const std::int64_t channels = x.shape[1];
  const std::int64_t inner = row_major_strides(x.shape)[1];
  for (std::int64_t element = 0; element < x.count(); ++element) {
    const std::int64_t channel = element / inner % channels;
    double sum = 0;
    for (std::int64_t i = 0; i < channels; ++i) {
      const bool below = i < channel - (parameters.size - 1) / 2;
      const bool above = i > channel + parameters.size / 2;  // the ceiling of (size - 1) / 2
      if (!below && !above) sum += std::pow(static_cast<double>(x.as<T>()[element + (i - channel) * inner]), 2);
    }
    const double scaled = static_cast<double>(parameters.bias) +
                          static_cast<double>(parameters.alpha) / static_cast<double>(parameters.size) * sum;
    const double y = static_cast<double>(x.as<T>()[element]) / std::pow(scaled, static_cast<double>(parameters.beta));
    reinterpret_cast<T*>(data)[element] = static_cast<T>(y);
  }
  return result;
}

template <typename T>
void check(const Shape& shape, const Parameters& parameters) {
  const ConstantPtr x = random_tensor(data_type_of<T>(), shape, -5, 5, 1);
  lrn(parameters)
      .named(text(data_type_of<T>(), " ", shape, " size ", parameters.size))
      .input(x)
      .expect(expected<T>(*x, parameters))
      .tolerance(ulp(1))
      .run();
}

TEST(LRN, MatchesItsFormula) {
  for (const std::int64_t size : {1, 2, 3, 4, 5, 20}) {
    check<float>({2, 9, 3, 4}, {size, 0.5F, 0.75F, 1});
    check<float>({2, 9, 5}, {size, 0.5F, 0.3F, 2});
  }
  check<float>({1, 5, 20, 30}, {3, 0.5F, 0.75F, 1});
  check<float>({3, 5}, {INT64_MAX, 1e20F, 0.75F, 1});
  check<float>({0, 5, 2}, {3, 0.5F, 0.75F, 1});
  check<float>({2, 0, 2}, {3, 0.5F, 0.75F, 1});
  check<float>({2, 3, 0}, {3, 0.5F, 0.75F, 1});
  check<double>({2, 9, 3}, {3, 0.5F, 0.5F, 1});
  check<Float16>({2, 9, 3}, {3, 0.5F, 0.75F, 1});
  check<Bfloat16>({2, 9, 3}, {3, 0.5F, 0.75F, 1});
}

TEST(LRN, HasDefaults) {
  const ConstantPtr x = random_tensor(DataType::kFloat32, {1, 5, 3, 2}, -50, 50, 1);
  for (const int opset : {7, 13}) {
    OpTest("LRN", opset)
        .attribute("size", std::int64_t{3})
        .input(x)
        .expect(expected<float>(*x, {3, 1e-4F, 0.75F, 1}))
        .tolerance(ulp(1))
        .run();
  }
}

TEST(LRN, SaysWhatIsWrong) {
  OpTest("LRN", 13).input<float>({1, 1}, {1}).expect_error(ErrorCode::kInvalidModel, "size").run();
  lrn({0, 1, 1, 1})
      .input<float>({1, 1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "size is 0, expected 1 or more")
      .run();
  lrn({1, 1, 1, 1})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input X is [1], expected rank 2")
      .run();
  lrn({1, 1, 1, 1}).input<std::int32_t>({1, 1}, {1}).expect_error(ErrorCode::kInvalidModel, "input X is int32").run();
  lrn({3, 1, 1, 1})
      .symbolic_input(DataType::kFloat16, {"n", 3, "?"})
      .expect_dims(DataType::kFloat16, {"n", 3, "?"})
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
