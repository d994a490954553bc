#include <gtest/gtest.h>

#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

template <typename T>
void check(const Shape& shape) {
  const ConstantPtr x = random_tensor(data_type_of<T>(), shape, -1, 1, 9);
  Shape y(shape.size(), 1);
  y[0] = shape[0];
  y[1] = shape[1];
  const std::int64_t planes = shape[0] * shape[1];
  const std::int64_t size = planes == 0 ? 0 : x->count() / planes;
  std::vector<T> means, maxima;
  for (std::int64_t plane = 0; plane < planes; ++plane) {
    long double sum = 0;
    double most = -kInfinity;
    for (std::int64_t i = 0; i < size; ++i) {
      const auto element = static_cast<double>(x->as<T>()[plane * size + i]);
      sum += static_cast<long double>(element);
      most = std::max(most, element);
    }
    means.push_back(static_cast<T>(static_cast<double>(sum / size)));
    maxima.push_back(static_cast<T>(most));
  }
  const auto tensor = [&](const std::vector<T>& values) {
    std::byte* data = nullptr;
    ConstantPtr result = make_constant(data_type_of<T>(), y, &data);
    std::copy(values.begin(), values.end(), reinterpret_cast<T*>(data));
    return result;
  };
  const std::string name = text(data_type_of<T>(), " ", shape);
  OpTest("GlobalAveragePool", 1).named(name).input(x).expect(tensor(means)).tolerance(ulp(1)).run();
  OpTest("GlobalMaxPool", 22).named(name).input(x).expect(tensor(maxima)).run();
}

TEST(GlobalPooling, MakesOneNumberOfEveryPlane) {
  for (const Shape& shape : {Shape{2, 3, 7}, Shape{2, 3, 7, 7}, Shape{1, 2, 3, 4, 5}, Shape{3, 5},
                             Shape{1, 1, 400, 300}, Shape{0, 3, 4, 4}, Shape{1, 2, 1, 1}}) {
    check<float>(shape);
  }
  check<double>({2, 3, 4, 5});
  check<Float16>({2, 3, 4, 5});
  check<Bfloat16>({2, 3, 4, 5});
}

TEST(GlobalPooling, KeepsNanAndInfinities) {
  OpTest("GlobalMaxPool", 1)
      .input<float>({1, 3, 3}, {1, kNan, 3, -kInfinity, -kInfinity, -kInfinity, kInfinity, 0, 1})
      .expect<float>({1, 3, 1}, {kNan, -kInfinity, kInfinity})
      .run();
  OpTest("GlobalAveragePool", 1)
      .input<float>({1, 3, 2}, {1, kNan, 3e38F, 3e38F, kInfinity, 1})
      .expect<float>({1, 3, 1}, {kNan, 3e38F, kInfinity})
      .run();
}

TEST(GlobalPooling, OfNoElements) {
  OpTest("GlobalAveragePool", 1).input<float>({1, 2, 0}, {}).expect<float>({1, 2, 1}, {kNan, kNan}).run();
  OpTest("GlobalMaxPool", 1).input<float>({1, 1, 3, 0}, {}).expect<float>({1, 1, 1, 1}, {-kInfinity}).run();
}

TEST(GlobalPooling, KnowsShapesAndSaysWhatIsWrong) {
  OpTest("GlobalAveragePool", 1)
      .symbolic_input(DataType::kFloat16, {"batch", "?", "height", 9})
      .expect_dims(DataType::kFloat16, {"batch", "?", 1, 1})
      .infer_only();
  OpTest("GlobalMaxPool", 1)
      .input<float>({2}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "input X has rank 1, expected batch, channels and spatial axes")
      .run();
  OpTest("GlobalAveragePool", 1)
      .input<std::int32_t>({1, 1, 2}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "input X is int32, expected")
      .run();
}

}  // namespace
}  // namespace linnet::internal
