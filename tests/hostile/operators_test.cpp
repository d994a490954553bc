// Attributes and sizes that recurrent layers, equations, quantisation and arithmetic of integers must refuse, and odd
// values that they must live with (section R; more of it in windows_test.cpp and indices_test.cpp).
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/hostile/one_node.hpp"

namespace linnet::test {
namespace {

// --- Recurrent ---

TEST(HostileOperators, Recurrent) {
  const std::pair<const char*, std::int64_t> cells[] = {{"LSTM", 4}, {"GRU", 3}, {"RNN", 1}};
  for (const auto& [op, gates] : cells) {
    const std::int64_t rows = 3 * gates;
    const auto cell = [&, op = op](std::int64_t hidden) {
      return OneNode(op)
          .given(kF, {4, 2, 2})
          .constant<float>({1, rows, 2}, ones({1, rows, 2}))
          .constant<float>({1, rows, 3}, ones({1, rows, 3}))
          .with(attribute("hidden_size", hidden));
    };
    const auto lengths = [&](const std::vector<std::int32_t>& values) {
      return cell(3).left_out().given<std::int32_t>({static_cast<std::int64_t>(values.size())}, values);
    };
    expect_nodes_refused({
        {"hidden_size 2^30", cell(1 << 30), "expected [1," + std::to_string(gates << 30) + ",2]"},
        {"hidden_size 2^62", cell(kTwo62), "4611686018427387904"},
        {"hidden_size 0", cell(0), "hidden_size is 0, expected 1 or more"},
        {"hidden_size -1", cell(-1), "hidden_size is -1, expected 1 or more"},
        {"two directions", cell(3).with(attribute("direction", "bidirectional")),
         "input W is [1," + std::to_string(rows) + ",2], expected [2," + std::to_string(rows) + ",2]"},
        {"direction", cell(3).with(attribute("direction", "sideways")),
         "direction is \"sideways\", expected forward, reverse or bidirectional"},
        {"layout", cell(3).with(attribute("layout", 9)), "layout is 9, expected 0 or 1"},
        {"clip NaN", cell(3).with(attribute("clip", kNan)), "clip is nan, expected a number above 0"},
        {"clip -1", cell(3).with(attribute("clip", -1.0F)), "clip is -1, expected a number above 0"},
        {"7 activations", cell(3).with(attribute("activations", std::vector<std::string>(7, "Tanh"))),
         "activations has 7 names"},
        {"alphas of none", cell(3).with(attribute("activation_alpha", std::vector<float>(100, 1.0F))),
         "activation_alpha has 100 values, but 0 of the "},
        {"lengths of 1", lengths({4}), "input sequence_lens is [1], expected [2]: batch"},
        {"length 5", lengths({4, 5}), "sequence_lens[1] is 5, expected 0 to 4, the steps of X", kFault},
        {"length -1", lengths({4, -1}), "sequence_lens[1] is -1, expected 0 to 4", kFault},
        {"length -2^31", lengths({INT32_MIN, INT32_MAX}), "sequence_lens[0] is -2147483648", kFault},
    });
    EXPECT_EQ(lengths({0, 0}).run()[0].data<float>()[0], 0.0F);
  }
}

// --- Equations ---

TEST(HostileOperators, Equations) {
  const auto einsum = [](const std::string& equation, std::size_t operands = 1) {
    OneNode node("Einsum");
    for (std::size_t i = 0; i < operands; ++i) node.given(kF, {2, 4});
    return node.with(attribute("equation", equation.c_str()));
  };
  const auto symbol = [](const std::string& text) {
    return "the equation has \"" + text + "\", expected letters, \",\", \"...\" and one \"->\"";
  };
  const auto labels = [](const std::string& term, std::size_t count) {
    return "operand 0 has rank 2, but its term \"" + term + "\" has " + std::to_string(count) + " labels";
  };
  const auto operands = [](std::size_t terms, std::size_t inputs) {
    return "the equation has " + std::to_string(terms) + " operands, but there are " + std::to_string(inputs) +
           " inputs";
  };
  const char* const repeated = "the equation repeats label i in its output term";
  const char* const from_nowhere = "the equation has label k in its output term, but in no operand";
  const char* const two_ellipses = "the equation has a term with two ellipses";
  const std::vector<RefusedNode> cases = {
      {"nothing", einsum(""), "attribute \"equation\" is missing or empty"},
      {"->", einsum("->"), labels("", 0)},
      {"i", einsum("i"), labels("i", 1)},
      {"ijk", einsum("ijk"), labels("ijk", 3)},
      {"ii", einsum("ii"), "label i is 2 and 4 in operand 0"},
      {"ij->ijk", einsum("ij->ijk"), from_nowhere},
      {"ij->k", einsum("ij->k"), from_nowhere},
      {"ij->ii", einsum("ij->ii"), repeated},
      {"ij-", einsum("ij-"), symbol("-")},
      {"-", einsum("-"), symbol("-")},
      {"ij->>i", einsum("ij->>i"), symbol(">")},
      {">", einsum(">"), symbol(">")},
      {"i1", einsum("i1"), symbol("1")},
      {".ij", einsum(".ij"), symbol(".")},
      {"..ij", einsum("..ij"), symbol(".")},
      {"not ASCII", einsum("\xc3\xa9j"), symbol("\xc3")},
      {"i...j...", einsum("i...j..."), two_ellipses},
      {"ij,", einsum("ij,"), operands(2, 1)},
      {",", einsum(","), operands(2, 1)},
      {"too few", einsum("ij", 2), operands(1, 2)},
      {"sizes", einsum("ij,jk->ik", 2), "label j is 4 in one operand and 2 in another"},
      {"10^6 letters", einsum(std::string(1000000, 'a')), labels(std::string(70, 'a') + " and more", 1000000)},
      {"10^5 letters out", einsum("ij->" + std::string(100000, 'i')), repeated},
      {"10^5 operands", einsum(std::string(100000, ',')), operands(100001, 1)},
      {"10^5 dots", einsum(std::string(300000, '.')), two_ellipses},
  };
  expect_nodes_refused(cases);
  for (const RefusedNode& refused : cases) {
    try {
      refused.node.run();
    } catch (const Error& error) {
      EXPECT_LT(std::string(error.what()).size(), 1000U) << refused.name;
    }
  }
  OneNode outer("Einsum");
  for (int i = 0; i < 4; ++i) outer.given(kF, {1 << 13});
  expect_nodes_refused({{"2^52 elements", outer.with(attribute("equation", "a,b,c,d->abcd")),
                         "[8192,8192,8192,8192] needs 18014398509481984 bytes", kLimit}});
  // A sum of 2^60 products takes no memory: a deadline ends it.
  OneNode sum("Einsum");
  for (int i = 0; i < 3; ++i) sum.given(kF, {1 << 10, 1 << 10});
  const Model model = accept(sum.with(attribute("equation", "ab,cd,ef->")).bytes());
  RunOptions until;
  until.timeout = std::chrono::milliseconds(20);
  const Tensor x = Tensor::of<float>({1 << 10, 1 << 10});
  expect_refusal("2^60 products", ErrorCode::kDeadlineExceeded, {"deadline"}, [&] { model.run({x, x, x}, until); });
}

// --- Quantisation ---

TEST(HostileOperators, ProductsOfIntegers) {
  const DataType kU8 = DataType::kUint8;
  const DataType kI8 = DataType::kInt8;
  const auto product = [&](const Shape& a_zero, const Shape& b_zero) {
    return OneNode("MatMulInteger").given(kU8, {2, 3}).given(kI8, {3, 4}).given(kU8, a_zero).given(kI8, b_zero);
  };
  const auto linear = [&](const Shape& b_scale, const Shape& y_scale) {
    OneNode node("QLinearMatMul", 21);
    node.given(kU8, {2, 3}).given(kF, {}).given(kU8, {}).given(kI8, {3, 4}).given(kF, b_scale).given(kI8, {});
    return node.given(kF, y_scale).given(kU8, {});
  };
  const auto convolution = [&](std::int64_t dilation, std::int64_t pad, const Shape& w_zero) {
    OneNode node("ConvInteger");
    node.given(kU8, {1, 1, 3, 3}).given(kI8, {1, 1, 2, 2}).given(kU8, {}).given(kI8, w_zero);
    node.with(attribute("dilations", Ints{dilation, dilation}));
    return node.with(attribute("pads", Ints{pad, pad, 0, 0}));
  };
  const std::int64_t two30 = std::int64_t{1} << 30;
  expect_nodes_refused({
      {"3 zero points of 2 rows", product({3}, {}), "a_zero_point is [3]"},
      {"no zero point", product({0}, {}), "a_zero_point is [0]"},
      {"3 zero points of 4 columns", product({}, {3}), "b_zero_point is [3]"},
      {"zero points of rank 3", product({1, 2, 1}, {}), "a_zero_point is [1,2,1]"},
      {"3 scales of 4 columns", linear({3}, {}), "b_scale is [3]"},
      {"3 scales of 2 rows of y", linear({}, {3}), "y_scale is [3]"},
      {"2 zero points of a channel", convolution(1, 0, {2}), "w_zero_point is [2]"},
      {"dilation 2^30", convolution(two30, 0, {}), "1073741825"},
      {"pad 2^62", convolution(1, kTwo62, {}), "4611686018427387904"},
  });
  EXPECT_EQ(product({1}, {1, 4}).run()[0].count(), 8U);
  EXPECT_EQ(convolution(two30, two30, {}).run()[0].count(), 9U) << "padding far larger than X";
  for (const float scale : {0.0F, kNan, kInfinity, -kInfinity, -1.0F, 1e-45F}) {
    OneNode odd("QLinearMatMul", 21);
    odd.given<std::uint8_t>({1, 2}, {7, 9}).given<float>({}, {scale}).given<std::uint8_t>({}, {0});
    odd.given<std::int8_t>({2, 1}, {1, -1}).given<float>({}, {1}).given<std::int8_t>({}, {0});
    odd.given<float>({}, {scale}).given<std::uint8_t>({}, {3});
    EXPECT_EQ(odd.run()[0].count(), 1U) << scale;
  }
  const auto dynamic = [](const std::vector<float>& x) {
    return OneNode("DynamicQuantizeLinear").given<float>({2}, x).outputs(3).run();
  };
  EXPECT_EQ(dynamic({kInfinity, 1})[0].data<std::uint8_t>()[1], 0) << "1 is nothing beside an infinity";
  EXPECT_EQ(dynamic({-kInfinity, kInfinity})[2].data<std::uint8_t>()[0], 0);
  EXPECT_EQ(dynamic({kNan, 1})[0].data<std::uint8_t>()[1], 255);
}

TEST(HostileOperators, ScalesAndBlocks) {
  for (const bool quantize : {true, false}) {
    const auto node = [&](const Shape& scales, std::int64_t axis, std::int64_t block) {
      OneNode result(quantize ? "QuantizeLinear" : "DequantizeLinear", 21);
      result.given(quantize ? kF : DataType::kInt8, {2, 4}).constant<float>(scales, ones(scales));
      if (block != 0) result.with(attribute("block_size", block));
      return result.with(attribute("axis", axis));
    };
    expect_nodes_refused({
        {"axis 2", node({4}, 2, 0), "axis 2 is outside [-2,1] for rank 2"},
        {"axis -2^63", node({4}, kMin, 0), "axis -9223372036854775808 is outside [-2,1]"},
        {"3 scales", node({3}, 1, 0), "[3]"},
        {"no scales", node({0}, 1, 0), "[0]"},
        {"block -1", node({2, 2}, 1, -1), "block_size is -1"},
        {"no block", node({2, 2}, 1, 0), "[2,2]"},
        {"block 9", node({2, 2}, 1, 9), "[2,2]"},
        {"block 2^62", node({2, 2}, 1, kTwo62), "[2,2]"},
        {"rank", node({2, 2, 2}, 1, 2), "[2,2,2]"},
    });
    EXPECT_EQ(node({2, 1}, 1, kMax).run()[0].count(), 8U) << "one block, larger than the axis";
    for (const float scale : {0.0F, kNan, kInfinity, -kInfinity, -1.0F, 1e-45F}) {
      OneNode odd(quantize ? "QuantizeLinear" : "DequantizeLinear", 21);
      odd.given(quantize ? kF : DataType::kInt8, {5}).given<float>({}, {scale});
      EXPECT_EQ(odd.run()[0].count(), 5U) << scale;
    }
  }
  const OneNode odd =
      OneNode("QuantizeLinear", 21).given<float>({4}, {kNan, kInfinity, -kInfinity, 3e38F}).constant<float>({}, {1});
  const std::vector<Tensor> made = odd.run();
  EXPECT_EQ(made[0].data<std::uint8_t>()[1], 255);
  EXPECT_EQ(made[0].data<std::uint8_t>()[2], 0);
  EXPECT_EQ(made[0].data<std::uint8_t>()[3], 255);
}

// The scale once was written over what the next node reads.
TEST(HostileOperators, ScalesThatAreLeftOut) {
  for (const Names& outputs : {Names{"q"}, Names{"q", "scale"}, Names{"q", "", "zero"}}) {
    ModelWriter writer = model().input("x", kF, {3}).node("DynamicQuantizeLinear", {"x"}, outputs);
    writer.node("Neg", {"x"}, {"y"}).output("q").output("y");
    Tensor x(kF, {3});
    const std::vector<float> elements = {-1, 2, 4};
    std::copy(elements.begin(), elements.end(), x.data<float>());
    const std::vector<Tensor> made = accept(writer.bytes()).run({x});
    EXPECT_EQ(made[0].data<std::uint8_t>()[2], 255);
    for (std::size_t i = 0; i < elements.size(); ++i) {
      EXPECT_EQ(x.data<float>()[i], elements[i]) << outputs.size();
      EXPECT_EQ(made[1].data<float>()[i], -elements[i]) << outputs.size();
    }
  }
}

// --- Integers ---

TEST(HostileOperators, Integers) {
  for (const char* op : {"Div", "Mod"}) {
    expect_nodes_refused({
        {"by 0", OneNode(op).given<std::int32_t>({2}, {INT32_MIN, 7}).given<std::int32_t>({2}, {-1, 0}),
         "integer division by zero at element 1", kFault},
        {"constant 0", OneNode(op).given<std::int64_t>({2}, {kMin, 7}).constant<std::int64_t>({2}, {-1, 0}),
         "integer division by zero at element 1", kFault},
    });
    const std::vector<Tensor> y = OneNode(op).given<std::int64_t>({1}, {kMin}).given<std::int64_t>({1}, {-1}).run();
    EXPECT_EQ(y[0].data<std::int64_t>()[0], op == std::string("Div") ? kMin : 0);
  }
  const OneNode shift = OneNode("BitShift")
                            .given<std::uint8_t>({3}, {1, 2, 3})
                            .given<std::uint8_t>({3}, {8, 64, 255})
                            .with(attribute("direction", "LEFT"));
  EXPECT_EQ(shift.run()[0].data<std::uint8_t>()[2], 0) << "wider than the type";
  EXPECT_EQ(OneNode("Pow").given<std::int64_t>({2}, {2, 0}).given<std::int64_t>({2}, {kMax, -1}).run()[0].count(), 2U);
}

}  // namespace
}  // namespace linnet::test
