// The tester itself: that it fails where it should.
#include "tests/ops/op_tester.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace linnet::internal {
namespace {

const float kNan = std::numeric_limits<float>::quiet_NaN();
const float kInf = std::numeric_limits<float>::infinity();

std::string compare(float actual, float expected, const Tolerance& tolerance) {
  return difference(DataType::kFloat32, 1, &actual, &expected, tolerance);
}

TEST(Difference, ExactMeansTheSameBits) {
  EXPECT_EQ(compare(1, 1, exact()), "");
  EXPECT_EQ(compare(kNan, -kNan, exact()), "");
  EXPECT_EQ(compare(0, -0.0F, exact()), "element 0 is 0, expected -0 (0 ulp)");
  EXPECT_NE(compare(1, std::nextafter(1.0F, 2.0F), exact()), "");
  EXPECT_NE(compare(kNan, 1, exact()), "");
  EXPECT_NE(compare(1, kNan, exact()), "");
}

TEST(Difference, CountsNumbersBetween) {
  EXPECT_EQ(compare(1, std::nextafter(1.0F, 2.0F), ulp(1)), "");
  EXPECT_EQ(compare(1, 1 - 0x1p-24F, ulp(1)), "");
  EXPECT_NE(compare(1, 1 - 0x1p-23F, ulp(1)), "");
  EXPECT_EQ(compare(0, -0.0F, ulp(0)), "");
  EXPECT_EQ(compare(1e-45F, -1e-45F, ulp(2)), "");
  EXPECT_NE(compare(1e-45F, -1e-45F, ulp(1)), "");
  EXPECT_NE(compare(kInf, -kInf, ulp(1000)), "");
  EXPECT_NE(compare(kNan, kInf, ulp(1e9)), "");
}

TEST(Difference, AddsRelativeAndAbsolute) {
  EXPECT_EQ(compare(101, 100, close(0.01, 0)), "");
  EXPECT_NE(compare(101.1F, 100, close(0.01, 0)), "");
  EXPECT_EQ(compare(0.001F, 0, close(0, 0.01)), "");
  EXPECT_NE(compare(kInf, 1e30F, close(1e30, 1e30)), "");
  EXPECT_NE(compare(kNan, 1, close(1e30, 1e30)), "");
}

TEST(Difference, ReportsTheFirstAndCountsTheRest) {
  const std::int32_t actual[] = {1, 2, 3, 4};
  const std::int32_t expected[] = {1, 0, 3, 0};
  EXPECT_EQ(difference(DataType::kInt32, 4, actual, expected, ulp(100)),
            "element 1 is 2, expected 0, and 1 more of 4 differ");
}

/// The messages of all failures that `body` causes; they do not fail this test.
template <typename Body>
std::string failures_of(const Body& body) {
  ::testing::TestPartResultArray results;
  {
    const ::testing::ScopedFakeTestPartResultReporter reporter(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
    body();
  }
  std::string messages;
  for (int i = 0; i < results.size(); ++i) messages += text(results.GetTestPartResult(i).message(), "\n");
  return messages;
}

#define EXPECT_FAILURE(statement, words) EXPECT_THAT(failures_of([&] { statement; }), ::testing::HasSubstr(words))

TEST(OpTester, PassesWhatIsRight) {
  EXPECT_EQ(failures_of([] { OpTest("Identity", 13).input<float>({1}, {1}).expect<float>({1}, {1}).run(); }), "");
}

TEST(OpTester, NoticesWrongValues) {
  const auto cast = [] { return OpTest("Cast", 13).attribute("to", 6).input<bool>({1}, {true}); };
  EXPECT_FAILURE(cast().expect<std::int32_t>({1}, {2}).run(), "element 0 is 1, expected 2");
  EXPECT_FAILURE(cast().expect<std::int32_t>({1}, {2}).run(), "reference, 1 thread");
}

TEST(OpTester, NoticesWrongShapesAndTypes) {
  EXPECT_FAILURE(OpTest("Identity", 13).input<float>({1}, {1}).expect<float>({1, 1}, {1}).run(), "shape of output 0");
  EXPECT_FAILURE(OpTest("Identity", 13).input<float>({1}, {1}).expect<double>({1}, {1}).run(), "type of output 0");
}

TEST(OpTester, NoticesErrorsThatDoNotCome) {
  const auto transpose = [] {
    return OpTest("Transpose", 13).input<float>({1}, {1}).expect_error(ErrorCode::kInvalidModel, "perm");
  };
  EXPECT_FAILURE(transpose().infer_only(), "no error, but expected: perm");
  EXPECT_FAILURE(transpose().run(), "no error, but expected: perm");
}

TEST(OpTester, NoticesOtherErrors) {
  const auto transpose = [] { return OpTest("Transpose", 13).ints("perm", {0}).input<float>({1, 1}, {1}); };
  EXPECT_EQ(failures_of([&] { transpose().expect_error(ErrorCode::kInvalidModel, "perm [0] has 1 axes").run(); }), "");
  EXPECT_FAILURE(transpose().expect_error(ErrorCode::kInvalidModel, "perm [1]").run(),
                 "the message should contain: perm [1]");
  EXPECT_FAILURE(transpose().expect_error(ErrorCode::kUnsupported, "perm [0]").run(),
                 "Transpose node (opset 13): perm [0] has 1 axes");
  EXPECT_FAILURE(transpose().run(), "unexpected error: Transpose node (opset 13): perm");
}

TEST(OpTester, NoticesWrongClaimsOfInfer) {
  const auto identity = [] { return OpTest("Identity", 13).symbolic_input(DataType::kInt64, {2}).elements({"a", 1}); };
  EXPECT_FAILURE(identity().expect_dims(DataType::kInt64, {"b"}).infer_only(), "dimensions of output 0");
  EXPECT_FAILURE(identity().expect_dims(DataType::kInt64, {2}).expect_elements({"b", 1}).infer_only(),
                 "elements of output 0");
  EXPECT_FAILURE(identity().expect_dims(DataType::kInt64, {2}).expect_no_elements().infer_only(),
                 "elements of output 0");
  EXPECT_FAILURE(identity().expect_unranked(DataType::kInt64).infer_only(), "whether the rank of output 0 is known");
}

TEST(OpTester, NoticesWrongIdentities) {
  const auto identity = [] { return OpTest("Identity", 13).input<float>({1}, {1}).expect<float>({1}, {1}); };
  EXPECT_FAILURE(identity().expect_identity(false).run(), "whether the node is an identity");
  EXPECT_EQ(failures_of([&] { identity().expect_identity(true).run(); }), "");
}

TEST(OpTester, NoticesOtherImplementations) {
  EXPECT_FAILURE(OpTest("Identity", 13)
                     .input<float>({1}, {1})
                     .expect<float>({1}, {1})
                     .expect_implementations({"simd", "reference"})
                     .run(),
                 "the implementations that accept");
}

}  // namespace
}  // namespace linnet::internal
