// Indices, counts, axes and positions that lie outside what they count, from constants and from the run (section R).
#include <cstdint>
#include <string>

#include "tests/hostile/one_node.hpp"

namespace linnet::test {
namespace {

TEST(HostileOperators, Indices) {
  for (const std::int64_t index : {std::int64_t{2}, std::int64_t{-3}, kMax, kMin}) {
    const auto node = [&](const char* op, const Shape& indices, const Shape& updates, std::int64_t opset = 17) {
      OneNode result = OneNode(op, opset).given(kF, {2, 4});
      result.given<std::int64_t>(indices, indices.empty() ? Ints{index} : Ints{index, 0});
      return updates.empty() ? result : result.given(kF, updates);
    };
    const std::string words = "index " + std::to_string(index) + " at position 0 is outside [-2,1]";
    expect_nodes_refused({
        {"", node("Gather", {}, {}), words, kFault},
        {"", node("GatherElements", {1, 2}, {}), words, kFault},
        {"", node("GatherND", {1, 2}, {}), words, kFault},
        {"", node("ScatterElements", {1, 2}, {1, 2}), words, kFault},
        {"", node("Scatter", {1, 2}, {1, 2}, 9), words, kFault},
        {"", node("ScatterND", {1, 2}, {1}), words, kFault},
    });
    // To OneHot an index out of range is no fault: nothing is on.
    OneNode one_hot = OneNode("OneHot").given<std::int64_t>({1}, {index});
    one_hot.constant<std::int64_t>({}, {1}).constant<float>({2}, {5, 6});
    EXPECT_EQ(one_hot.run()[0].data<float>()[0], 5.0F);
  }
  expect_nodes_refused({
      {"int32", OneNode("Gather").given(kF, {2, 4}).given<std::int32_t>({1}, {INT32_MIN}), "index -2147483648", kFault},
      {"9 rows", OneNode("GatherElements").given(kF, {2, 4}).given(DataType::kInt64, {9, 9}), "[9,9]"},
      {"tuples of 3", OneNode("GatherND").given(kF, {2, 4}).given(DataType::kInt64, {1, 3}), "[1,3]"},
      {"tuples of 0", OneNode("GatherND").given(kF, {2, 4}).given(DataType::kInt64, {1, 0}), "[1,0]"},
      {"batch_dims 5",
       OneNode("GatherND").given(kF, {2, 4}).given(DataType::kInt64, {1, 1}).with(attribute("batch_dims", 5)),
       "batch_dims is 5"},
      {"batch_dims -1",
       OneNode("GatherND").given(kF, {2, 4}).given(DataType::kInt64, {1, 1}).with(attribute("batch_dims", -1)),
       "batch_dims is -1"},
      {"updates of another shape",
       OneNode("ScatterElements").given(kF, {2, 4}).given(DataType::kInt64, {1, 2}).given(kF, {2, 1}), "[2,1]"},
      {"updates of another size", OneNode("ScatterND").given(kF, {2, 4}).given(DataType::kInt64, {1, 2}).given(kF, {9}),
       "[9]"},
      {"lengths of 9", OneNode("ReverseSequence").given(kF, {2, 4}).given<std::int64_t>({4}, {1, 9, 1, 1}),
       "element 1 of sequence_lens is 9, outside [0,2]", kFault},
      {"lengths of -1", OneNode("ReverseSequence").given(kF, {2, 4}).given<std::int64_t>({4}, {-1, 1, 1, 1}),
       "element 0 of sequence_lens is -1, outside [0,2]", kFault},
  });
}

TEST(HostileOperators, CountsAndAxes) {
  for (const bool constant : {true, false}) {
    const auto list = [&](OneNode node, const Shape& shape, const Ints& values) {
      return constant ? node.constant<std::int64_t>(shape, values) : node.given<std::int64_t>(shape, values);
    };
    const auto top = [&](std::int64_t k) { return list(OneNode("TopK").given(kF, {2, 4}), {1}, {k}).outputs(2); };
    const auto sum = [&](std::int64_t axis) { return list(OneNode("CumSum").given(kF, {2, 4}), {}, {axis}); };
    const ErrorCode of_axis = constant ? ErrorCode::kInvalidModel : kFault;
    expect_nodes_refused({
        {"K 5", top(5), "K is 5, but axis 1 has only 4 elements"},
        {"K 2^63-1", top(kMax), "K is 9223372036854775807, but axis 1 has only 4 elements"},
        {"K -1", top(-1), "K is -1, expected 0 or more"},
        {"K -2^63", top(kMin), "K is -9223372036854775808, expected 0 or more"},
        {"axis 2", sum(2), "axis 2 is outside [-2,1] for rank 2", of_axis},
        {"axis 2^63-1", sum(kMax), "axis 9223372036854775807 is outside [-2,1]", of_axis},
        {"axis -2^63", sum(kMin), "axis -9223372036854775808 is outside [-2,1]", of_axis},
        {"sum of axis 5", list(OneNode("ReduceSum").given(kF, {2, 4}), {1}, {5}),
         "axis 5 is outside [-2,1] for rank 2"},
        {"sum of one axis twice", list(OneNode("ReduceSum").given(kF, {2, 4}), {2}, {0, -2}),
         "axes [0,-2] name axis 0 twice"},
        {"70 axes more", list(OneNode("Unsqueeze").given(kF, {2, 4}), {70}, Ints(70, 0)), "output expanded has rank 72",
         kLimit},
        {"squeezed", list(OneNode("Squeeze").given(kF, {2, 4}), {1}, {0}),
         "axis 0 of shape [2,4] has size 2, expected 1"},
        {"split -1", list(OneNode("Split").given(kF, {2, 4}), {2}, {-1, 3}).outputs(2),
         "split is [-1,3], with a negative size"},
        {"split 2^63-1", list(OneNode("Split").given(kF, {2, 4}), {2}, {kMax, kMax}).outputs(2), "9223372036854775807"},
        {"step 0", list(list(list(list(OneNode("Slice").given(kF, {2, 4}), {1}, {0}), {1}, {2}), {1}, {0}), {1}, {0}),
         "the step along axis 0 is 0"},
        {"two -1", list(OneNode("Reshape").given(kF, {2, 4}), {2}, {-1, -1}), "shape [-1,-1] has more than one -1"},
    });
  }
  for (const std::int64_t k : {kMax, kMin}) {
    EXPECT_EQ(OneNode("EyeLike").given(kF, {2, 4}).with(attribute("k", k)).run()[0].data<float>()[0], 0.0F);
    EXPECT_EQ(OneNode("Trilu").given(kF, {2, 4}).given<std::int64_t>({}, {k}).run()[0].count(), 8U);
    EXPECT_LE(OneNode("Shape").given(kF, {2, 4}).with(attribute("start", k)).run()[0].count(), 2U);
  }
}

TEST(HostileOperators, RotaryPositions) {
  const auto rotary = [](std::int64_t position, const Shape& x = {1, 2, 1, 4}) {
    return OneNode("RotaryEmbedding", 23)
        .given(kF, x)
        .constant<float>({5, 2}, ones({5, 2}))
        .constant<float>({5, 2}, ones({5, 2}))
        .given<std::int64_t>({1, 1}, {position});
  };
  expect_nodes_refused({
      {"5", rotary(5), "index 5 at position 0 is outside [-5,4]", kFault},
      {"-6", rotary(-6), "index -6 at position 0 is outside [-5,4]", kFault},
      {"2^63-1", rotary(kMax), "index 9223372036854775807 at position 0 is outside [-5,4]", kFault},
      {"-2^63", rotary(kMin), "index -9223372036854775808 at position 0 is outside [-5,4]", kFault},
      {"odd width", rotary(0, {1, 2, 1, 5}), "heads are 5 wide, expected an even width"},
      {"dimension 2^62", rotary(0).with(attribute("rotary_embedding_dim", kTwo62)),
       "rotary_embedding_dim is 4611686018427387904, expected an even number up to the width of a head, 4"},
      {"dimension -2", rotary(0).with(attribute("rotary_embedding_dim", -2)),
       "rotary_embedding_dim is -2, expected an even number up to the width of a head, 4"},
      {"no heads", rotary(0, {1, 1, 8}), "num_heads is 0, expected the heads of X, which is [1,1,8]"},
      {"heads -1", rotary(0, {1, 1, 8}).with(attribute("num_heads", -1)),
       "num_heads is -1, expected the heads of X, which is [1,1,8]"},
  });
}

}  // namespace
}  // namespace linnet::test
