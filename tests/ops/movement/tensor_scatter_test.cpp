#include <gtest/gtest.h>

#include <algorithm>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

OpTest scatter(std::int64_t axis, const char* mode) {
  return OpTest("TensorScatter", 24).attribute("axis", axis).attribute("mode", mode);
}

/// Element by element, with the indices of the formula.
void check(DataType type, const Shape& shape, std::size_t axis, std::int64_t steps, const char* mode,
           const std::vector<std::int64_t>& indices) {
  Shape update_shape = shape;
  update_shape[axis] = steps;
  const ConstantPtr past = random_tensor(type, shape, 0, 100, 1);
  const ConstantPtr update = random_tensor(type, update_shape, 0, 100, 2);
  std::byte* data = nullptr;
  const ConstantPtr expected = make_constant(type, shape, &data);
  const std::size_t bytes = size_of(type);
  const auto from = [](const ConstantPtr& tensor) { return reinterpret_cast<const std::byte*>(tensor->data); };
  std::copy_n(from(past), static_cast<std::size_t>(past->count()) * bytes, data);
  std::int64_t outer = 1, inner = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= shape[i];
  for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  for (std::int64_t i = 0; i < outer; ++i) {
    const auto batch = static_cast<std::size_t>(i / (outer / shape[0]));
    for (std::int64_t step = 0; step < steps; ++step) {
      const std::int64_t to = ((indices.empty() ? 0 : indices[batch]) + step) % shape[axis];
      std::copy_n(from(update) + static_cast<std::size_t>((i * steps + step) * inner) * bytes,
                  static_cast<std::size_t>(inner) * bytes,
                  data + static_cast<std::size_t>((i * shape[axis] + to) * inner) * bytes);
    }
  }
  OpTest test = scatter(static_cast<std::int64_t>(axis), mode);
  test.named(text(type, " ", shape, " axis ", axis, " ", mode)).input(past).input(update);
  if (!indices.empty()) test.input<std::int64_t>({static_cast<std::int64_t>(indices.size())}, indices);
  test.expect(expected).run();
}

TEST(TensorScatter, WritesSteps) {
  check(DataType::kFloat32, {2, 3, 5, 4}, 2, 2, "linear", {1, 3});
  check(DataType::kFloat32, {2, 3, 5, 4}, 2, 5, "linear", {});
  check(DataType::kFloat32, {2, 3, 5, 4}, 2, 5, "circular", {3, 12});
  check(DataType::kFloat32, {2, 5, 4}, 1, 2, "circular", {4, 0});
  check(DataType::kFloat16, {3, 4}, 1, 1, "linear", {3, 0, 1});
  check(DataType::kInt8, {1, 2, 3, 2}, 3, 1, "linear", {1});
  check(DataType::kFloat64, {2, 4, 300}, 1, 3, "circular", {3, 2});
  check(DataType::kBool, {2, 4, 3}, 1, 0, "linear", {4, 0});
  check(DataType::kFloat32, {2, 4, 0}, 1, 3, "linear", {1, 0});
}

TEST(TensorScatter, HasDefaults) {
  OpTest("TensorScatter", 24)
      .input<float>({1, 3, 1}, {1, 2, 3})
      .input<float>({1, 1, 1}, {9})
      .expect<float>({1, 3, 1}, {9, 2, 3})
      .run();
  scatter(-2, "linear")
      .symbolic_input(DataType::kInt8, {"b", "h", 32, "?"})
      .symbolic_input(DataType::kInt8, {"b", "h", "s", 64})
      .symbolic_input(DataType::kInt64, {"b"})
      .expect_dims(DataType::kInt8, {"b", "h", 32, 64})
      .infer_only();
}

TEST(TensorScatter, SaysWhatIsWrong) {
  const auto refused = [](OpTest node, const Shape& update, const Literals<std::int64_t>& indices, ErrorCode code,
                          const char* words) {
    node.random_input(DataType::kFloat32, {2, 4, 3}, 0, 1)
        .random_input(DataType::kFloat32, update, 0, 1)
        .input<std::int64_t>({static_cast<std::int64_t>(indices.size())}, indices)
        .expect_error(code, words)
        .run();
  };
  refused(scatter(1, "linear"), {2, 2, 3}, {0, 3}, ErrorCode::kRuntimeFault,
          "element 1 of write_indices is 3, expected 0 to 2 for 2 steps in a cache of 4");
  refused(scatter(1, "linear"), {2, 2, 3}, {-1, 0}, ErrorCode::kRuntimeFault, "element 0 of write_indices is -1");
  refused(scatter(1, "circular"), {2, 2, 3}, {0, -5}, ErrorCode::kRuntimeFault, "element 1 of write_indices is -5");
  refused(scatter(1, "linear"), {2, 5, 3}, {0, 0}, ErrorCode::kInvalidModel,
          "input update is [2,5,3], expected the shape of past_cache, [2,4,3], or less along axis 1");
  refused(scatter(1, "linear"), {2, 2, 4}, {0, 0}, ErrorCode::kInvalidModel, "input update is [2,2,4]");
  refused(scatter(1, "linear"), {2, 2, 3}, {0}, ErrorCode::kInvalidModel,
          "input write_indices is [1], expected [2], one for each batch");
  refused(scatter(0, "linear"), {2, 4, 3}, {0, 0}, ErrorCode::kInvalidModel, "axis is 0, which counts the batches");
  refused(scatter(3, "linear"), {2, 4, 3}, {0, 0}, ErrorCode::kInvalidModel, "axis 3");
  refused(scatter(1, "ring"), {2, 4, 3}, {0, 0}, ErrorCode::kInvalidModel,
          "mode is \"ring\", expected one of linear, circular");
  scatter(1, "linear")
      .input<float>({1, 1}, {1})
      .input<double>({1, 1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input update is float64, but past_cache is float32")
      .run();
}

}  // namespace
}  // namespace linnet::internal
