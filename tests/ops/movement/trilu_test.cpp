#include <gtest/gtest.h>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

/// Element by element, in 128 bits.
ConstantPtr triangle(const ConstantPtr& x, bool upper, std::int64_t k) {
  std::byte* data = nullptr;
  ConstantPtr result = make_constant(x->type, x->shape, &data);
  const std::size_t bytes = size_of(x->type);
  const std::int64_t rows = x->shape[x->shape.size() - 2];
  const std::int64_t columns = x->shape.back();
  for (std::int64_t element = 0; element < x->count(); ++element) {
    const __int128 diagonal = static_cast<__int128>(element / columns % rows) + k;
    const bool kept = upper ? element % columns >= diagonal : element % columns <= diagonal;
    for (std::size_t i = 0; i < bytes; ++i) {
      const std::size_t at = static_cast<std::size_t>(element) * bytes + i;
      data[at] = kept ? x->data[at] : std::byte{0};
    }
  }
  return result;
}

TEST(Trilu, KeepsATriangle) {
  for (const Shape& shape : {Shape{4, 4}, Shape{3, 5}, Shape{5, 3}, Shape{2, 3, 4}, Shape{1, 1}, Shape{0, 3},
                             Shape{3, 0}, Shape{2, 300, 301}}) {
    const ConstantPtr x = random_tensor(DataType::kFloat32, shape, 1, 2, 1);
    for (const bool upper : {true, false}) {
      const std::int64_t flag = upper ? 1 : 0;
      OpTest("Trilu", 14).named(text(shape)).attribute("upper", flag).input(x).expect(triangle(x, upper, 0)).run();
      for (const std::int64_t k : {std::int64_t{-1}, std::int64_t{2}, std::int64_t{100}, INT64_MIN, INT64_MAX}) {
        OpTest("Trilu", 14)
            .named(text(shape, " k ", k))
            .attribute("upper", flag)
            .input(x)
            .input<std::int64_t>({}, {k})
            .expect(triangle(x, upper, k))
            .run();
      }
    }
  }
}

TEST(Trilu, TakesEveryType) {
  for (int number = 1; number <= static_cast<int>(DataType::kBfloat16); ++number) {
    const auto type = static_cast<DataType>(number);
    if (!kTensorTypes.has(type)) continue;
    const ConstantPtr x = random_tensor(type, {3, 4}, 1, 100, 1);
    OpTest("Trilu", 14).named(text(type)).input(x).input<std::int64_t>({1}, {1}).expect(triangle(x, true, 1)).run();
  }
}

TEST(Trilu, SaysWhatIsWrong) {
  OpTest("Trilu", 14)
      .input<float>({3}, {1, 2, 3})
      .expect_error(ErrorCode::kInvalidModel, "input has rank 1, expected 2 or more")
      .run();
  OpTest("Trilu", 14)
      .input<float>({1, 1}, {1})
      .input<std::int64_t>({2}, {0, 1})
      .expect_error(ErrorCode::kInvalidModel, "input k has 2 elements, expected 1")
      .run();
  OpTest("Trilu", 14)
      .input<float>({1, 1}, {1})
      .input<std::int32_t>({}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input k is int32, expected int64")
      .run();
}

}  // namespace
}  // namespace linnet::internal
