#include <gtest/gtest.h>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

OpTest reverse(std::int64_t batch_axis, std::int64_t time_axis) {
  return OpTest("ReverseSequence", 10).attribute("batch_axis", batch_axis).attribute("time_axis", time_axis);
}

const Literals<float> kSquare = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

TEST(ReverseSequence, AsInOnnxsExamples) {
  for (const OpTest& node : {reverse(1, 0), OpTest("ReverseSequence", 28)}) {
    OpTest(node)
        .input<float>({4, 4}, kSquare)
        .input<std::int64_t>({4}, {4, 3, 2, 1})
        .expect<float>({4, 4}, {12, 9, 6, 3, 8, 5, 2, 7, 4, 1, 10, 11, 0, 13, 14, 15})
        .run();
  }
  reverse(0, 1)
      .input<float>({4, 4}, kSquare)
      .input<std::int64_t>({4}, {1, 2, 3, 0})
      .expect<float>({4, 4}, {0, 1, 2, 3, 5, 4, 6, 7, 10, 9, 8, 11, 12, 13, 14, 15})
      .run();
}

/// Element by element, with the indices of the formula.
template <typename T>
void check(const Shape& shape, bool batch_first) {
  std::byte* data = nullptr;
  const ConstantPtr x = random_tensor(data_type_of<T>(), shape, 0, 100, 1);
  const ConstantPtr expected = make_constant(data_type_of<T>(), shape, &data);
  const std::int64_t batch = shape[batch_first ? 0 : 1], steps = shape[batch_first ? 1 : 0];
  const std::int64_t inner = element_count(Shape(shape.begin() + 2, shape.end()));
  Literals<std::int64_t> lengths;
  for (std::int64_t b = 0; b < batch; ++b) lengths.push_back(b * 7 % (steps + 1));
  const auto at = [&](std::int64_t b, std::int64_t t) { return (batch_first ? b * steps + t : t * batch + b) * inner; };
  for (std::int64_t b = 0; b < batch; ++b) {
    const std::int64_t length = lengths[static_cast<std::size_t>(b)];
    for (std::int64_t t = 0; t < steps; ++t) {
      for (std::int64_t i = 0; i < inner; ++i) {
        reinterpret_cast<T*>(data)[at(b, t) + i] = x->as<T>()[at(b, t < length ? length - 1 - t : t) + i];
      }
    }
  }
  reverse(batch_first ? 0 : 1, batch_first ? 1 : 0)
      .named(text(data_type_of<T>(), " ", shape, " batch first ", batch_first))
      .input(x)
      .template input<std::int64_t>({batch}, lengths)
      .expect(expected)
      .run();
}

TEST(ReverseSequence, TakesAnyShapeAndType) {
  for (const bool batch_first : {false, true}) {
    check<float>({9, 5, 3}, batch_first);
    check<float>({70, 40, 30}, batch_first);
    check<float>({3, 0}, batch_first);
    check<float>({2, 3, 0}, batch_first);
    check<double>({5, 4}, batch_first);
    check<Float16>({5, 4, 2, 2}, batch_first);
    check<Bfloat16>({5, 4}, batch_first);
    check<std::int8_t>({5, 4, 3}, batch_first);
    check<std::int64_t>({5, 4}, batch_first);
    check<bool>({5, 4}, batch_first);
  }
  reverse(1, 0)
      .symbolic_input(DataType::kInt8, {"t", "n", 3})
      .symbolic_input(DataType::kInt64, {"n"})
      .expect_dims(DataType::kInt8, {"t", "n", 3})
      .infer_only();
}

TEST(ReverseSequence, SaysWhatIsWrong) {
  const auto refused = [](OpTest node, const Shape& shape, const Literals<std::int64_t>& lengths, ErrorCode code,
                          const char* words) {
    node.random_input(DataType::kFloat32, shape, 0, 1)
        .input<std::int64_t>({static_cast<std::int64_t>(lengths.size())}, lengths)
        .expect_error(code, words)
        .run();
  };
  refused(reverse(1, 0), {2, 3}, {1, 3, 0}, ErrorCode::kRuntimeFault, "element 1 of sequence_lens is 3, outside [0,2]");
  refused(reverse(0, 1), {2, 3}, {1, -1}, ErrorCode::kRuntimeFault, "element 1 of sequence_lens is -1, outside [0,3]");
  refused(reverse(1, 0), {2, 3}, {1, 1}, ErrorCode::kInvalidModel,
          "input sequence_lens is [2], expected [3] for input [2,3]");
  refused(reverse(0, 1), {2}, {1, 1}, ErrorCode::kInvalidModel, "input has rank 1, expected 2 or more");
  refused(reverse(0, 0), {2, 2}, {1, 1}, ErrorCode::kInvalidModel,
          "batch_axis is 0 and time_axis is 0, expected 0 and 1 or 1 and 0");
  refused(reverse(2, 0), {2, 2}, {1, 1}, ErrorCode::kInvalidModel, "batch_axis is 2");
  reverse(1, 0)
      .input<float>({1, 1}, {1})
      .input<std::int32_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input sequence_lens is int32, expected int64")
      .run();
}

}  // namespace
}  // namespace linnet::internal
