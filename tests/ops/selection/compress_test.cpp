#include <gtest/gtest.h>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

using Bools = std::vector<bool>;

OpTest compress(std::optional<std::int64_t> axis) {
  OpTest test("Compress", 11);
  if (axis) test.attribute("axis", *axis);
  return test;
}

TEST(Compress, ChoosesSlices) {
  const std::vector<float> x = {1, 2, 3, 4, 5, 6};
  compress(0).input<float>({3, 2}, x).input<bool>({3}, {true, false, true}).expect<float>({2, 2}, {1, 2, 5, 6}).run();
  compress(1).input<float>({3, 2}, x).input<bool>({2}, {false, true}).expect<float>({3, 1}, {2, 4, 6}).run();
  compress(-1).input<float>({3, 2}, x).input<bool>({2}, {true, true}).expect<float>({3, 2}, x).run();
  compress(-2).input<float>({3, 2}, x).input<bool>({3}, {false, false, false}).expect<float>({0, 2}, {}).run();
}

TEST(Compress, ChoosesElementsWithoutAxis) {
  compress({})
      .input<std::int64_t>({3, 2}, {1, 2, 3, 4, 5, 6})
      .input<bool>({6}, {false, true, false, false, true, true})
      .expect<std::int64_t>({3}, {2, 5, 6})
      .run();
}

TEST(Compress, TakesAShorterConditionForFalseBeyond) {
  compress(0).input<float>({4}, {1, 2, 3, 4}).input<bool>({2}, {false, true}).expect<float>({1}, {2}).run();
  compress(0).input<float>({4}, {1, 2, 3, 4}).input<bool>({0}, {}).expect<float>({0}, {}).run();
}

TEST(Compress, TakesALongerConditionThatIsFalseBeyond) {
  compress(0).input<float>({2}, {1, 2}).input<bool>({4}, {true, true, false, false}).expect<float>({2}, {1, 2}).run();
  compress(0)
      .input<float>({2}, {1, 2})
      .input<bool>({4}, {true, true, false, true})
      .expect_error(ErrorCode::kRuntimeFault, "condition is true at 3, but there are only 2 to choose from")
      .run();
}

TEST(Compress, KeepsEmptyInputs) {
  compress(0).input<float>({2, 0}, {}).input<bool>({2}, {true, false}).expect<float>({1, 0}, {}).run();
  compress(1).input<float>({2, 0}, {}).input<bool>({1}, {false}).expect<float>({2, 0}, {}).run();
}

TEST(Compress, MovesEveryType) {
  const Bools condition = {true, false, true};
  compress(0).input<bool>({3}, {true, true, false}).input<bool>({3}, condition).expect<bool>({2}, {true, false}).run();
  compress(0).input<Float16>({3}, {1, 2, 3}).input<bool>({3}, condition).expect<Float16>({2}, {1, 3}).run();
  compress(0).input<double>({3}, {1, 2, 3}).input<bool>({3}, condition).expect<double>({2}, {1, 3}).run();
  compress(0).input<std::int8_t>({3}, {1, 2, 3}).input<bool>({3}, condition).expect<std::int8_t>({2}, {1, 3}).run();
}

TEST(Compress, SharesLargeOnes) {
  const ConstantPtr x = random_tensor(DataType::kFloat32, {300, 500}, -1, 1, 3);
  const ConstantPtr condition = random_tensor(DataType::kBool, {300}, 0, 1, 4);
  std::vector<float> expected;
  for (std::size_t row = 0; row < 300; ++row) {
    const float* begin = x->as<float>() + row * 500;
    if (condition->as<bool>()[row]) expected.insert(expected.end(), begin, begin + 500);
  }
  const auto rows = static_cast<std::int64_t>(expected.size() / 500);
  compress(0).input(x).input(condition).expect<float>({rows, 500}, expected).run();
}

TEST(Compress, SaysWhatIsWrong) {
  const auto refused = [](OpTest test, const char* words) { test.expect_error(ErrorCode::kInvalidModel, words).run(); };
  refused(compress(2).input<float>({3, 2}, {1, 2, 3, 4, 5, 6}).input<bool>({3}, {true, true, true}), "axis 2");
  refused(compress(0).input<float>({3}, {1, 2, 3}).input<std::int64_t>({3}, {1, 1, 1}),
          "input condition is int64, expected bool");
  refused(compress(0).input<float>({1}, {1}).input<bool>({1, 1}, {true}),
          "input condition has the shape [1,1], expected one dimension");
  refused(compress({}).input<float>({}, {1}).input<bool>({1}, {true}),
          "the input is a scalar, expected rank 1 or more");
}

TEST(Compress, InfersTheOtherAxes) {
  compress(1)
      .symbolic_input(DataType::kFloat32, {"n", 3, 4})
      .symbolic_input(DataType::kBool, {"m"})
      .expect_dims(DataType::kFloat32, {"n", "?", 4})
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
