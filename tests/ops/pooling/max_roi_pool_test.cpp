#include <gtest/gtest.h>

#include <limits>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

OpTest pool(std::int64_t rows, std::int64_t columns, float scale = 1) {
  return OpTest("MaxRoiPool", 22).ints("pooled_shape", {rows, columns}).attribute("spatial_scale", scale);
}

const Literals<float> kPlane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

TEST(MaxRoiPool, TakesTheLargestOfEachBin) {
  // Both corners are included, so 4 rows in 2 bins are 2 and 2; 3 in 2 share the middle one.
  pool(2, 2)
      .input<float>({1, 1, 4, 4}, kPlane)
      .input<float>({1, 5}, {0, 0, 0, 3, 3})
      .expect<float>({1, 1, 2, 2}, {5, 7, 13, 15})
      .run();
  pool(2, 2)
      .input<float>({1, 1, 4, 4}, kPlane)
      .input<float>({1, 5}, {0, 1, 0, 3, 2})
      .expect<float>({1, 1, 2, 2}, {6, 7, 10, 11})
      .run();
  // Corners are scaled and rounded half away from 0.
  pool(1, 1, 0.5F)
      .input<float>({1, 1, 4, 4}, kPlane)
      .input<float>({1, 5}, {0, 1, 1, 3, 2})
      .expect<float>({1, 1, 1, 1}, {6})
      .run();
  // What stands outside has no elements; what ends before it begins counts as one element.
  pool(1, 2)
      .input<float>({1, 1, 4, 4}, kPlane)
      .input<float>({3, 5}, {0, 9, 9, 12, 12, 0, 2, 2, 0, 0, 0, -1e30F, 0, 1e30F, 0})
      .expect<float>({3, 1, 1, 2}, {0, 0, 10, 10, 0, 3})
      .run();
  // A region larger than any number.
  pool(1, 1)
      .input<double>({1, 1, 1, 3}, {1, 3, 2})
      .input<double>({1, 5}, {0, -1.7e308, 0, 1.7e308, 0})
      .expect<double>({1, 1, 1, 1}, {3})
      .run();
}

TEST(MaxRoiPool, TakesImagesChannelsAndTypes) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  pool(1, 1)
      .input<float>({2, 2, 1, 2}, {1, 2, 3, 4, -5, -6, nan, 8})
      .input<float>({2, 5}, {1, 0, 0, 1, 0, 0, 0, 0, 1, 0})
      .expect<float>({2, 2, 1, 1}, {-5, nan, 2, 4})
      .run();
  pool(1, 1)
      .input<double>({1, 1, 1, 1}, {-3})
      .input<double>({1, 5}, {0, 0, 0, 0, 0})
      .expect<double>({1, 1, 1, 1}, {-3})
      .run();
  pool(1, 1)
      .input<Float16>({1, 1, 1, 1}, {-3})
      .input<Float16>({1, 5}, {0, 0, 0, 0, 0})
      .expect<Float16>({1, 1, 1, 1}, {-3})
      .run();
  pool(2, 1)
      .input<float>({1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8})
      .input<float>({0, 5}, {})
      .expect<float>({0, 2, 2, 1}, {})
      .run();
  pool(3, 2)
      .symbolic_input(DataType::kFloat32, {"n", "c", "h", "w"})
      .symbolic_input(DataType::kFloat32, {"r", 5})
      .expect_dims(DataType::kFloat32, {"r", "c", 3, 2})
      .infer_only();
}

TEST(MaxRoiPool, SaysWhatIsWrong) {
  const auto refused = [](OpTest node, const Shape& x, const Shape& shape, const Literals<float>& rois, ErrorCode code,
                          const char* words) {
    node.random_input(DataType::kFloat32, x, 0, 1).input<float>(shape, rois).expect_error(code, words).run();
  };
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  refused(pool(1, 1), {2, 1, 2, 2}, {1, 5}, {2, 0, 0, 1, 1}, ErrorCode::kRuntimeFault,
          "region 0 is of image 2, outside [0,1]");
  refused(pool(1, 1), {2, 1, 2, 2}, {1, 5}, {-1, 0, 0, 1, 1}, ErrorCode::kRuntimeFault, "region 0 is of image -1");
  refused(pool(1, 1), {2, 1, 2, 2}, {1, 5}, {nan, 0, 0, 1, 1}, ErrorCode::kRuntimeFault, "region 0 is of image nan");
  refused(pool(1, 1), {2, 1, 2, 2}, {1, 5}, {0, 0, nan, 1, 1}, ErrorCode::kRuntimeFault,
          "region 0 has the corner nan, expected a number");
  refused(pool(1, 1), {2, 1, 2, 2}, {1, 5}, {0, 0, 0, infinity, 1}, ErrorCode::kRuntimeFault, "corner inf");
  refused(pool(1, 1), {2, 2, 2}, {1, 5}, {0, 0, 0, 1, 1}, ErrorCode::kInvalidModel, "input X is [2,2,2]");
  refused(pool(1, 1), {2, 1, 2, 2}, {1, 4}, {0, 0, 0, 1}, ErrorCode::kInvalidModel, "input rois is [1,4]");
  refused(pool(0, 1), {2, 1, 2, 2}, {1, 5}, {0, 0, 0, 1, 1}, ErrorCode::kInvalidModel, "pooled_shape [0,1] has 0");
  refused(OpTest("MaxRoiPool", 1).ints("pooled_shape", {1}), {2, 1, 2, 2}, {1, 5}, {0, 0, 0, 1, 1},
          ErrorCode::kInvalidModel, "pooled_shape has 1 elements, expected 2");
}

}  // namespace
}  // namespace linnet::internal
