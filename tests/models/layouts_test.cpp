// Networks whose images get their channels last (the pass choose_layouts) give what they give with channels first, and
// have Transposes where images come from or go to something else, and nowhere else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "tests/support/onnx_writer.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

using Ints = std::vector<std::int64_t>;

std::vector<float> random_numbers(std::int64_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> distribution(-1.0F, 1.0F);
  std::vector<float> numbers(static_cast<std::size_t>(count));
  for (float& number : numbers) number = distribution(random);
  return numbers;
}

/// A network in the making: every method returns the name of its result.
class Network {
 public:
  Network() { writer_.opset(21); }

  std::string input(const Shape& shape, const std::vector<DimSpec>& dims) {
    Tensor tensor = Tensor::of<float>(shape);
    const std::vector<float> numbers = random_numbers(static_cast<std::int64_t>(tensor.count()), 7);
    std::copy(numbers.begin(), numbers.end(), tensor.data<float>());
    inputs.push_back(std::move(tensor));
    writer_.input("x", DataType::kFloat32, dims);
    return "x";
  }
  std::string input(const Shape& shape) { return input(shape, {shape.begin(), shape.end()}); }

  std::string conv(const std::string& x, std::int64_t from, std::int64_t to, Ints kernel, std::int64_t group = 1) {
    Shape shape = {to, from / group};
    shape.insert(shape.end(), kernel.begin(), kernel.end());
    Ints pads;
    for (const std::int64_t size : kernel) pads.push_back(size / 2);
    pads.insert(pads.end(), pads.begin(), pads.end());
    return node("Conv", {x, constant(shape, 0.2F), constant({to}, 0.5F)},
                {attribute("pads", pads), attribute("group", group)});
  }

  std::string constant(const Shape& shape, float scale) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    std::vector<float> numbers = random_numbers(count, ++seed_);
    for (float& number : numbers) number *= scale;
    std::string name = "c" + std::to_string(seed_);
    writer_.initializer(name, shape, numbers);
    return name;
  }

  std::string integers(const Ints& values) {
    std::string name = "i" + std::to_string(++seed_);
    writer_.initializer(name, Shape{static_cast<std::int64_t>(values.size())}, values);
    return name;
  }

  std::string node(const std::string& op, const std::vector<std::string>& operands,
                   std::vector<Message> attributes = {}) {
    std::string name = "v" + std::to_string(++seed_);
    writer_.node(op, {operands.begin(), operands.end()}, {name}, std::move(attributes));
    return name;
  }

  void output(const std::string& value) { writer_.output(value, DataType::kFloat32); }

  std::string bytes() const { return writer_.bytes(); }

  std::vector<Tensor> inputs;

 private:
  ModelWriter writer_ = model();
  std::uint32_t seed_ = 100;
};

struct Case {
  const char* name;
  void (*write)(Network& network);
  std::ptrdiff_t transposes;  ///< that are left with the pass
};

const Ints kToLast = {0, 2, 3, 1};
const Ints kToFirst = {0, 3, 1, 2};
const Ints k3x3 = {3, 3};
const Ints k1x1 = {1, 1};

std::string stem(Network& n, std::int64_t channels) { return n.conv(n.input({2, 3, 20, 22}), 3, channels, k3x3); }

const Case kCases[] = {
    {"a chain",
     [](Network& n) {
       std::string x = n.node("Relu", {stem(n, 32)});
       for (int i = 0; i < 3; ++i) x = n.node("Relu", {n.conv(x, 32, 32, k3x3)});
       n.output(x);
     },
     2},
    {"residuals",
     [](Network& n) {
       std::string x = n.node("Relu", {stem(n, 64)});
       for (int i = 0; i < 2; ++i) {
         const std::string y = n.conv(n.node("Relu", {n.conv(x, 64, 64, k3x3)}), 64, 64, k3x3);
         x = n.node("Relu", {n.node("Add", {y, x})});
       }
       n.output(x);
     },
     2},
    {"what leaves in the middle",
     [](Network& n) {
       const std::string x = n.conv(stem(n, 48), 48, 48, k3x3);
       n.output(x);
       n.output(n.conv(n.node("Sigmoid", {x}), 48, 48, k3x3));
     },
     3},
    {"constants that broadcast",
     [](Network& n) {
       std::string x = n.conv(stem(n, 40), 40, 40, k3x3);
       x = n.node("Div", {x, n.constant({40, 1, 1}, 1)});
       x = n.node("Max", {x, n.constant({1, 40, 20, 22}, 1)});
       x = n.node("PRelu", {x, n.constant({40, 1, 1}, 1)});
       x = n.node("Mul", {n.constant({1}, 1), x});
       n.output(n.conv(x, 40, 40, k3x3));
     },
     2},
    {"joined and pooled",
     [](Network& n) {
       const std::string x = stem(n, 32);
       const std::string a = n.conv(x, 32, 16, k1x1), b = n.conv(x, 32, 24, k3x3);
       const std::string pooled = n.node("MaxPool", {n.node("Concat", {a, b, x}, {attribute("axis", 1)})},
                                         {attribute("kernel_shape", k3x3), attribute("strides", Ints{2, 2})});
       n.output(n.conv(pooled, 72, 64, k3x3));
     },
     2},
    {"squeezed and excited",
     [](Network& n) {
       const std::string x = n.conv(stem(n, 64), 64, 64, k3x3);
       const std::string mean = n.node("GlobalAveragePool", {x});
       const std::string inner = n.node("Relu", {n.conv(mean, 64, 16, k1x1)});
       const std::string scale = n.node("Sigmoid", {n.conv(inner, 16, 64, k1x1)});
       n.output(n.conv(n.node("Mul", {x, scale}), 64, 64, k3x3));
     },
     2},
    {"depthwise",
     [](Network& n) {
       std::string x = n.conv(stem(n, 32), 32, 96, k1x1);
       x = n.node("Clip", {n.conv(x, 96, 96, k3x3, 96), n.constant({}, 0), n.constant({}, 6)});
       n.output(n.conv(n.conv(x, 96, 32, k1x1), 32, 64, k3x3));
     },
     2},
    {"Transposes of the model go",
     [](Network& n) {
       const std::string x = n.conv(stem(n, 64), 64, 64, k3x3);
       const std::string y =
           n.node("MatMul", {n.node("Transpose", {x}, {attribute("perm", kToLast)}), n.constant({64, 64}, 0.2F)});
       n.output(n.conv(n.node("Transpose", {y}, {attribute("perm", kToFirst)}), 64, 64, k3x3));
     },
     2},
    {"an operator of one layout",
     [](Network& n) {
       const std::string x = n.conv(n.conv(stem(n, 64), 64, 64, k3x3), 64, 64, k3x3);
       const std::string y = n.node("DepthToSpace", {x}, {attribute("blocksize", 2)});
       n.output(n.conv(n.conv(n.conv(y, 16, 64, k3x3), 64, 64, k3x3), 64, 64, k3x3));
     },
     4},
    {"rows",
     [](Network& n) {
       std::string x = n.conv(n.input({2, 16, 200}), 16, 64, {5});
       for (int i = 0; i < 2; ++i) x = n.node("LeakyRelu", {n.conv(x, 64, 64, {5})});
       n.output(x);
     },
     2},
    {"volumes",
     [](Network& n) {
       std::string x = n.conv(n.input({1, 16, 6, 7, 9}), 16, 32, {3, 3, 3});
       for (int i = 0; i < 2; ++i) x = n.node("Relu", {n.conv(x, 32, 32, {3, 3, 3})});
       n.output(x);
     },
     2},
    {"open sizes",
     [](Network& n) {
       std::string x = n.conv(n.input({2, 3, 20, 22}, {"batch", 3, "height", "width"}), 3, 64, k3x3);
       for (int i = 0; i < 3; ++i) x = n.node("Relu", {n.conv(x, 64, 64, k3x3)});
       n.output(n.node("Softmax", {n.conv(x, 64, 16, k1x1)}, {attribute("axis", 1)}));
     },
     2},
    {"no images",
     [](Network& n) {
       std::string x = n.conv(n.input({0, 3, 20, 22}, {"batch", 3, 20, 22}), 3, 64, k3x3);
       n.output(n.conv(n.conv(x, 64, 64, k3x3), 64, 64, k3x3));
     },
     2},
    {"a type that Transpose has not",
     [](Network& n) {
       std::string x = n.node("Sign", {n.conv(n.conv(stem(n, 64), 64, 64, k3x3), 64, 64, k3x3)});
       constexpr int kInt4 = 22, kFloat32 = 1;
       x = n.node("Cast", {n.node("Cast", {x}, {attribute("to", kInt4)})}, {attribute("to", kFloat32)});
       n.output(n.conv(n.conv(n.conv(x, 64, 64, k3x3), 64, 64, k3x3), 64, 64, k3x3));
     },
     4},
    {"one convolution alone",
     [](Network& n) {
       n.output(n.conv(n.input({1, 24, 20, 20}), 24, 24, k3x3));
     },
     0},
};

Model load(const std::string& bytes, Backend backend, bool chosen, int threads) {
  Options options;
  options.backend = backend;
  options.threads = threads;
  if (!chosen) options.disabled_passes = {"choose_layouts"};
  return Model::load(bytes.data(), bytes.size(), options);
}

std::ptrdiff_t transposes(const Model& model) {
  const ModelSummary summary = summarize(model);
  return std::count_if(summary.nodes.begin(), summary.nodes.end(),
                       [](const NodeSummary& node) { return node.op == "Transpose"; });
}

TEST(Layouts, NetworksGiveTheSame) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    Network network;
    c.write(network);
    const std::string bytes = network.bytes();
    const std::vector<Tensor> expected = load(bytes, Backend::kReference, false, 1).run(network.inputs);
    for (const Backend backend : {Backend::kAuto, Backend::kSimd}) {
      for (const int threads : {1, 3}) {
        const Model model = load(bytes, backend, true, threads);
        EXPECT_EQ(transposes(model), c.transposes);
        const std::vector<Tensor> outputs = model.run(network.inputs);
        ASSERT_EQ(outputs.size(), expected.size());
        for (std::size_t i = 0; i < outputs.size(); ++i) {
          EXPECT_EQ(difference(outputs[i].view(), expected[i].view(), {0, 0, 2e-6}), "") << "output " << i;
        }
      }
    }
  }
}

TEST(Layouts, OtherBackendsKeepThoseOfTheModel) {
  Network network;
  kCases[0].write(network);
  for (const Backend backend : {Backend::kReference, Backend::kOnednn}) {
    EXPECT_EQ(transposes(load(network.bytes(), backend, true, 1)), 0);
  }
}

}  // namespace
}  // namespace linnet::test
