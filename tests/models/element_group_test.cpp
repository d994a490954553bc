// Models of elementwise nodes: run as groups of steps they give every bit that they give node by node.
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/onnx_writer.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

/// Inputs x and z [n, m, 40], row [40], column [n, m, 1], outer [m, 40], one [] and half [n, m, 40] of float16.
struct Case {
  const char* name;
  void (*add_nodes)(ModelWriter&);
  std::size_t steps;  ///< of the simd backend with groups
  Names outputs = {"y"};
};

void number(ModelWriter& model, const char* name, float value) { model.initializer<float>(name, {}, {value}); }

Message to(DataType type) { return attribute("to", static_cast<int>(type)); }

const Case kCases[] = {
    {"broadcasts",
     [](ModelWriter& model) {
       model.node("Add", {"row", "x"}, {"a"})
           .node("Mul", {"a", "column"}, {"b"})
           .node("Sub", {"outer", "b"}, {"c"})
           .node("Div", {"c", "one"}, {"d"})
           .node("Neg", {"d"}, {"e"})
           .node("Add", {"e", "e"}, {"y"});
     },
     1},
    {"result_larger_than_both",
     [](ModelWriter& model) {
       model.node("Sub", {"column", "outer"}, {"a"}).node("Exp", {"a"}, {"b"}).node("Mul", {"b", "row"}, {"y"});
     },
     1},
    {"gates",
     [](ModelWriter& model) {
       number(model, "six", 6.0F);
       number(model, "three", 3.0F);
       model.node("Add", {"z", "three"}, {"a"})
           .node("Clip", {"a", "one", "six"}, {"b"})
           .node("Mul", {"b", "x"}, {"c"})
           .node("Tanh", {"c"}, {"d"})
           .node("Log", {"d"}, {"e"})
           .node("Elu", {"e"}, {"f"})
           .node("Sqrt", {"f"}, {"g"})
           .node("Sub", {"g", "z"}, {"y"});
     },
     1},
    {"masks",
     [](ModelWriter& model) {
       number(model, "tenth", 0.1F);
       model.node("Greater", {"x", "column"}, {"a"})
           .node("LessOrEqual", {"x", "row"}, {"b"})
           .node("And", {"a", "b"}, {"c"})
           .node("IsNaN", {"x"}, {"d"})
           .node("Not", {"d"}, {"e"})
           .node("Xor", {"c", "e"}, {"f"})
           .node("Mul", {"x", "tenth"}, {"g"})
           .node("Where", {"f", "g", "outer"}, {"h"})
           .node("Equal", {"h", "x"}, {"i"})
           .node("Where", {"i", "one", "h"}, {"y"});
     },
     1},
    {"types",
     [](ModelWriter& model) {
       model.initializer<std::int64_t>("five", {1}, {5});
       model.node("Cast", {"x"}, {"a"}, {to(DataType::kInt64)})
           .node("Add", {"a", "five"}, {"b"})
           .node("Cast", {"b"}, {"c"}, {to(DataType::kBool)})
           .node("Where", {"c", "x", "z"}, {"d"})
           .node("Cast", {"d"}, {"e"}, {to(DataType::kFloat16)})
           .node("Mul", {"e", "half"}, {"f"})
           .node("Relu", {"f"}, {"g"})
           .node("Cast", {"g"}, {"h"}, {to(DataType::kFloat64)})
           .node("Abs", {"h"}, {"y"});
     },
     1},
    {"inputs_that_only_lend_a_type",
     [](ModelWriter& model) {
       model.initializer<float>("nothing", {0}, {});
       model.node("Exp", {"x"}, {"a"})
           .node("CastLike", {"a", "half"}, {"b"})
           .node("CastLike", {"b", "nothing"}, {"c"})
           .node("CastLike", {"c", "one"}, {"d"})
           .node("Add", {"d", "row"}, {"y"});
     },
     1},
    {"many_inputs",
     [](ModelWriter& model) {
       number(model, "two", 2.0F);
       number(model, "odd", 3.5F);
       model.node("Max", {"x", "row", "z"}, {"a"})
           .node("Min", {"column", "a"}, {"b"})
           .node("Sum", {"b", "one", "x", "outer"}, {"c"})
           .node("Mean", {"c", "z"}, {"d"})
           .node("Pow", {"d", "two"}, {"e"})
           .node("Pow", {"e", "odd"}, {"f"})
           .node("Erf", {"f"}, {"g"})
           .node("PRelu", {"g", "row"}, {"y"});
     },
     1},
    {"through_views",
     [](ModelWriter& model) {
       model.initializer<std::int64_t>("flat", {1}, {-1});
       model.initializer<std::int64_t>("rows", {2}, {-1, 40});
       model.node("Mul", {"x", "row"}, {"a"})
           .node("Reshape", {"a", "flat"}, {"b"})
           .node("Exp", {"b"}, {"c"})
           .node("Reshape", {"c", "rows"}, {"d"})
           .node("Add", {"d", "row"}, {"y"});
     },
     1},
    {"in_place_of_a_product",
     [](ModelWriter& model) {
       model.initializer<float>("w", {40, 40}, std::vector<float>(1600, 0.25F));
       model.node("MatMul", {"x", "w"}, {"p"})
           .node("Softmax", {"z"}, {"q"})
           .node("Sub", {"p", "row"}, {"a"})
           .node("Sigmoid", {"a"}, {"b"})
           .node("Div", {"b", "q"}, {"c"})
           .node("Add", {"c", "p"}, {"d"})
           .node("Softmax", {"d"}, {"y"});
     },
     4},
    {"read_elsewhere",
     [](ModelWriter& model) {
       model.node("Mul", {"x", "z"}, {"a"})
           .node("Add", {"a", "row"}, {"b"})
           .node("ReduceMean", {"b"}, {"m"}, {attribute("axes", std::vector<std::int64_t>{-1})})
           .node("Sub", {"b", "m"}, {"c"})
           .node("Mul", {"c", "c"}, {"d"})
           .node("Sub", {"d", "column"}, {"y"});
     },
     4,
     {"y", "c"}},
    {"small_tensors",
     [](ModelWriter& model) {
       model.initializer<float>("nothing", {0}, {});
       model.node("Mul", {"one", "one"}, {"a"})
           .node("Exp", {"a"}, {"b"})
           .node("CastLike", {"b", "nothing"}, {"c"})
           .node("Mul", {"c", "a"}, {"y"});
     },
     1},
};

Tensor numbers(const Shape& shape, std::uint32_t seed) {
  Tensor tensor = Tensor::of<float>(shape);
  std::uint32_t state = seed;
  for (std::size_t i = 0; i < tensor.count(); ++i) {
    state = state * 1664525U + 1013904223U;
    tensor.data<float>()[i] = static_cast<float>(static_cast<std::int32_t>(state)) / 1e9F;
    if (state % 101 == 0) tensor.data<float>()[i] = std::numeric_limits<float>::quiet_NaN();
    if (state % 103 == 0) tensor.data<float>()[i] = -0.0F;
    if (state % 107 == 0) tensor.data<float>()[i] = std::numeric_limits<float>::infinity();
  }
  return tensor;
}

std::vector<Tensor> inputs_of(std::int64_t n, std::int64_t m) {
  std::vector<Tensor> inputs;
  inputs.push_back(numbers({n, m, 40}, 1));
  inputs.push_back(numbers({n, m, 40}, 2));
  inputs.push_back(numbers({40}, 3));
  inputs.push_back(numbers({n, m, 1}, 4));
  inputs.push_back(numbers({m, 40}, 5));
  inputs.push_back(numbers({}, 6));
  inputs.emplace_back(DataType::kFloat16, Shape{n, m, 40});
  for (std::size_t i = 0; i < inputs.back().count(); ++i)
    static_cast<std::uint16_t*>(inputs.back().data())[i] = static_cast<std::uint16_t>(i * 12345);
  return inputs;
}

std::vector<ConstTensorView> views_of(const std::vector<Tensor>& tensors) {
  std::vector<ConstTensorView> views;
  for (const Tensor& tensor : tensors) views.push_back(tensor.view());
  return views;
}

std::string bytes_of_case(const Case& c) {
  ModelWriter model;
  model.input("x", DataType::kFloat32, {"n", "m", 40})
      .input("z", DataType::kFloat32, {"n", "m", 40})
      .input("row", DataType::kFloat32, {40})
      .input("column", DataType::kFloat32, {"n", "m", 1})
      .input("outer", DataType::kFloat32, {"m", 40})
      .input("one", DataType::kFloat32, {})
      .input("half", DataType::kFloat16, {"n", "m", 40});
  c.add_nodes(model);
  for (const std::string& output : c.outputs) model.output(output);
  return model.bytes();
}

class ElementGroups : public testing::TestWithParam<Case> {};

TEST_P(ElementGroups, KeepEveryBit) {
  const std::string bytes = bytes_of_case(GetParam());
  for (const Backend backend : all_backends()) {
    Options single = options_for(backend, 1);
    single.disabled_passes.emplace_back("group_elements");
    const Model expected_model = Model::load(bytes.data(), bytes.size(), single);
    for (const int threads : {1, 2, 3}) {
      const Model model = Model::load(bytes.data(), bytes.size(), options_for(backend, threads));
      for (const Shape& size : {Shape{0, 3}, {1, 1}, {2, 3}, {3, 500}, {40, 70}}) {
        const std::vector<Tensor> inputs = inputs_of(size[0], size[1]);
        const std::vector<Tensor> expected = expected_model.run(inputs);
        const std::vector<Tensor> outputs = model.run(inputs);
        ASSERT_EQ(outputs.size(), expected.size());
        for (std::size_t i = 0; i < outputs.size(); ++i) {
          EXPECT_EQ(bit_difference(outputs[i].view(), expected[i].view()), "")
              << name_of(backend) << ", " << threads << " threads, " << size[0] << " x " << size[1];
        }
      }
    }
  }
}

TEST_P(ElementGroups, RunAsOneStep) {
  if (passes_are_off()) GTEST_SKIP() << "group_elements is off";
  const std::string bytes = bytes_of_case(GetParam());
  const Model model = Model::load(bytes.data(), bytes.size(), options_for(Backend::kSimd, 1));
  const std::vector<Tensor> inputs = inputs_of(2, 3);
  EXPECT_EQ(summarize_program(model, views_of(inputs)).steps.size(), GetParam().steps);
}

INSTANTIATE_TEST_SUITE_P(Models, ElementGroups, testing::ValuesIn(kCases),
                         [](const testing::TestParamInfo<Case>& info) { return std::string(info.param.name); });

TEST(ElementGroups, NameTheirNodesAndTheInputsOfTheWhole) {
  if (passes_are_off()) GTEST_SKIP() << "group_elements is off";
  const std::string bytes = model()
                                .input("x", DataType::kFloat32, {2, 3})
                                .input("r", DataType::kFloat32, {3})
                                .node("Add", {"x", "r"}, {"a"}, {}, "sum")
                                .node("Sub", {"r", "a"}, {"b"}, {}, "difference")
                                .node("Mul", {"b", "a"}, {"y"}, {}, "product")
                                .output("y")
                                .bytes();
  const Model model = Model::load(bytes.data(), bytes.size(), options_for(Backend::kSimd, 1));
  const Tensor x = numbers({2, 3}, 1), r = numbers({3}, 2);
  const ProgramSummary program = summarize_program(model, {x.view(), r.view()});
  ASSERT_EQ(program.steps.size(), 1U);
  const StepSummary& step = program.steps[0];
  EXPECT_EQ(operator_text(step), "Add+Sub+Mul");
  EXPECT_EQ(step.node.name, "sum+difference+product");
  EXPECT_EQ(step.node.inputs, (Names{"x", "r", "r"}));
  EXPECT_EQ(step.input_shapes, (std::vector<Shape>{{2, 3}, {3}, {3}}));
  EXPECT_EQ(step.node.outputs, Names{"y"});
  EXPECT_EQ(step.chain.size(), 3U);
}

}  // namespace
}  // namespace linnet::test
