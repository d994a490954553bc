// Scan, from a model's bytes to its outputs. Expected values are what the same statements give in C++.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/api/control_flow.hpp"

namespace linnet::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Scan, SumsSlices) {
  // s += a[k] * b[:, last - k]; pieces stacked along axis 1, the first one last.
  const GraphWriter body = GraphWriter()
                               .input("s")
                               .input("a")
                               .input("b")
                               .node("Mul", {"a", "b"}, {"p"})
                               .node("Add", {"s", "p"}, {"s2"})
                               .node("Mul", {"s2", "scale"}, {"piece"})
                               .output("s2")
                               .output("piece");
  const std::string bytes = model()
                                .opset(16)
                                .input("s", DataType::kFloat32, {2})
                                .input("a", DataType::kFloat32, {"k", 2})
                                .input("b", DataType::kFloat32, {2, "k"})
                                .initializer<float>("scale", {}, {10})
                                .node("Scan", {"s", "a", "b"}, {"y", "pieces"},
                                      {body.as("body"), attribute("num_scan_inputs", 2),
                                       attribute("scan_input_axes", std::vector<std::int64_t>{0, -1}),
                                       attribute("scan_input_directions", std::vector<std::int64_t>{0, 1}),
                                       attribute("scan_output_axes", std::vector<std::int64_t>{1}),
                                       attribute("scan_output_directions", std::vector<std::int64_t>{1})})
                                .output("y")
                                .output("pieces")
                                .bytes();
  const auto outputs =
      run_model(bytes, {tensor_with<float>({2}, {1, 2}), tensor_with<float>({3, 2}, {1, 2, 3, 4, 5, 6}),
                        tensor_with<float>({2, 3}, {1, 2, 3, 4, 5, 6})});
  // k = 0: p = [1,2] * [3,6]; k = 1: [3,4] * [2,5]; k = 2: [5,6] * [1,4].
  EXPECT_THAT(values_of(outputs[0]), ElementsAre(1 + 3 + 6 + 5, 2 + 12 + 20 + 24));
  EXPECT_EQ(outputs[1].shape(), (Shape{2, 3}));
  EXPECT_THAT(values_of(outputs[1]), ElementsAre(150, 100, 40, 580, 340, 140));
  const auto nothing = run_model(
      bytes, {tensor_with<float>({2}, {1, 2}), tensor_with<float>({0, 2}, {}), tensor_with<float>({2, 0}, {})});
  EXPECT_THAT(values_of(nothing[0]), ElementsAre(1, 2));
  EXPECT_EQ(nothing[1].shape(), (Shape{2, 0}));
}

TEST(Scan, SaysWhatIsWrong) {
  const auto refused = [](const GraphWriter& body, const std::vector<Message>& attributes, const char* words,
                          ErrorCode code = ErrorCode::kInvalidModel, int opset = 16) {
    std::vector<Message> all = attributes;
    all.push_back(body.as("body"));
    const std::string bytes = model()
                                  .opset(opset)
                                  .input("s", DataType::kFloat32, {2})
                                  .input("a", DataType::kFloat32, {3, 2})
                                  .input("b", DataType::kFloat32, {2, 4})
                                  .node("Scan", {"s", "a", "b"}, {"y"}, all)
                                  .output("y")
                                  .bytes();
    EXPECT_THAT(error_of([&] { load(bytes); }, code), HasSubstr(words));
  };
  const GraphWriter good = GraphWriter().input("s").input("a").input("b").output("s");
  using Ints = std::vector<std::int64_t>;
  refused(good, {}, "num_scan_inputs");
  refused(good, {attribute("num_scan_inputs", 4)}, "num_scan_inputs is 4, expected 1 to 3");
  refused(good, {attribute("num_scan_inputs", 2)}, "input 2 has 2 slices, one before it 3: expected the same number");
  refused(good, {attribute("num_scan_inputs", 2), attribute("scan_input_axes", Ints{0, 2})}, "axis 2");
  refused(good, {attribute("num_scan_inputs", 2), attribute("scan_input_axes", Ints{0})},
          "scan_input_axes has 1 elements, expected 2");
  refused(good, {attribute("num_scan_inputs", 1), attribute("scan_input_directions", Ints{2})},
          "scan_input_directions holds 2, expected 0 (forward) or 1 (from the end)");
  refused(good, {attribute("num_scan_inputs", 1)}, "input sequence_lens is not supported", ErrorCode::kUnsupported, 8);
}

/// Opset 8: the first axis of everything is a batch.
ModelWriter batches(const std::vector<DimSpec>& state) {
  const GraphWriter body = GraphWriter()
                               .input("s")
                               .input("a")
                               .input("b")
                               .node("Mul", {"a", "b"}, {"p"})
                               .node("Add", {"s", "p"}, {"s2"})
                               .node("Mul", {"s2", "scale"}, {"piece"})
                               .output("s2")
                               .output("piece");
  return model()
      .opset(8)
      .input("s", DataType::kFloat32, state)
      .input("a", DataType::kFloat32, {"n", "k", 2})
      .input("b", DataType::kFloat32, {"n", "k", 2})
      .input("scale", DataType::kFloat32, {})
      .node(
          "Scan", {"", "s", "a", "b"}, {"y", "pieces"},
          {body.as("body"), attribute("num_scan_inputs", 2), attribute("directions", std::vector<std::int64_t>{0, 1})})
      .output("y")
      .output("pieces");
}

TEST(Scan, HasABatchAxisInOpset8) {
  const std::string bytes = batches({"n", 2}).bytes();
  const Tensor s = tensor_with<float>({2, 2}, {1, 2, 3, 4});
  const Tensor a = tensor_with<float>({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  const Tensor b = tensor_with<float>({2, 2, 2}, {8, 7, 6, 5, 4, 3, 2, 1});
  for (const int threads : {1, 2}) {
    const auto outputs = run_model(bytes, {s, a, b, tensor_with<float>({}, {10})}, threads);
    // Batch 0: [1,2] * [6,5], then [3,4] * [8,7]; batch 1: [5,6] * [2,1], then [7,8] * [4,3].
    EXPECT_EQ(outputs[0].shape(), (Shape{2, 2}));
    EXPECT_THAT(values_of(outputs[0]), ElementsAre(1 + 6 + 24, 2 + 10 + 28, 3 + 10 + 28, 4 + 6 + 24));
    EXPECT_EQ(outputs[1].shape(), (Shape{2, 2, 2}));
    EXPECT_THAT(values_of(outputs[1]), ElementsAre(70, 120, 310, 400, 130, 100, 410, 340));
  }
  const auto nothing = run_model(bytes, {tensor_with<float>({0, 2}, {}), tensor_with<float>({0, 3, 2}, {}),
                                         tensor_with<float>({0, 3, 2}, {}), tensor_with<float>({}, {10})});
  EXPECT_EQ(nothing[1].shape(), (Shape{0, 3, 2}));
  EXPECT_THAT(error_of(
                  [&] {
                    load(batches({3, 2}).bytes())
                        .run({tensor_with<float>({3, 2}, {1, 2, 3, 4, 5, 6}), a, b, tensor_with<float>({}, {10})});
                  },
                  ErrorCode::kInvalidModel),
              HasSubstr("input 1 has 2 slices, one before it 3"));
  EXPECT_THAT(error_of([&] { load(batches({}).bytes()); }, ErrorCode::kInvalidModel), HasSubstr("scalar"));
}

/// A slice need not begin with a byte.
TEST(Scan, RefusesSlicesOfPackedTypes) {
  const auto load_scan = [](DataType input, std::int64_t to) {
    const GraphWriter body = GraphWriter().input("a").node("Cast", {"a"}, {"b"}, {attribute("to", to)}).output("b");
    load(model()
             .opset(21)
             .input("x", input, {3, 5})
             .node("Scan", {"x"}, {"y"}, {body.as("body"), attribute("num_scan_inputs", 1)})
             .output("y")
             .bytes());
  };
  EXPECT_THAT(error_of([&] { load_scan(DataType::kInt4, 1); }, ErrorCode::kUnsupported),
              HasSubstr("a tensor of int4 is cut into slices, but several elements share a byte"));
  EXPECT_THAT(error_of([&] { load_scan(DataType::kFloat32, 22); }, ErrorCode::kUnsupported),
              HasSubstr("output 0 stacks int4, of which several elements share a byte"));
  load_scan(DataType::kFloat8e5m2, 17);
}

}  // namespace
}  // namespace linnet::test
