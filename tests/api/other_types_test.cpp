// Kernels of float64, float16 and bfloat16 beside the reference, on numbers that are hard to get right.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "tests/api/sample_models.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

/// Rows of 37 numbers: some as they come, far from 0 beside their distances, very large and very small, and with one or
/// several that are not finite.
std::vector<double> hard_rows() {
  constexpr std::size_t kColumns = 37;
  std::mt19937 generator(4);
  std::normal_distribution<double> normal;
  std::vector<double> x;
  const auto add = [&](double mean, double deviation) {
    for (std::size_t i = 0; i < kColumns; ++i) x.push_back(mean + deviation * normal(generator));
  };
  const auto row_from_end = [&](std::size_t i) -> double& { return x[x.size() - kColumns + i]; };
  add(0, 1);
  add(3e4, 1);
  add(0, 1e-3);
  add(0, 1e4);
  for (const double first : {kInf, -kInf, kNotANumber, 0.0}) {
    for (const double last : {kInf, -kInf, kNotANumber, -0.0}) {
      add(0, 2);
      row_from_end(3) = first;
      row_from_end(36) = last;
    }
  }
  for (const double all : {-kInf, kInf, 0.0}) {
    x.insert(x.end(), kColumns, all);
    x.insert(x.end(), kColumns, all);
    row_from_end(20) = kNotANumber;
  }
  x.insert(x.end(), kColumns, -700.0);
  row_from_end(11) = 0;  // terms far below the largest
  return x;
}

Tensor cast_to(DataType type, const std::vector<double>& values, const Shape& shape) {
  Tensor x = Tensor::of<double>(shape);
  std::copy(values.begin(), values.end(), x.data<double>());
  const std::string bytes = model()
                                .opset(20)
                                .input("x", DataType::kFloat64, std::vector<DimSpec>(shape.begin(), shape.end()))
                                .node("Cast", {"x"}, {"y"}, {attribute("to", static_cast<std::int64_t>(type))})
                                .output("y", type, std::vector<DimSpec>(shape.begin(), shape.end()))
                                .bytes();
  return load(bytes, options_for(Backend::kReference, 1)).run({x})[0];
}

/// The tolerance of a type: doubles within some ULP, of what takes part in the result.
Tolerance tolerance_of(DataType type) {
  Tolerance tolerance;
  if (type == DataType::kFloat64) {
    tolerance.relative = 2e-15;
    tolerance.absolute = 1e-300;
  } else {
    tolerance.relative = type == DataType::kFloat16 ? 0x1p-10 : 0x1p-7;
    tolerance.absolute = 0x1p-24;
  }
  return tolerance;
}

TEST(OtherTypes, KernelsGiveWhatTheReferenceGives) {
  const std::vector<double> values = hard_rows();
  const std::int64_t columns = 37;
  const std::int64_t rows = static_cast<std::int64_t>(values.size()) / columns;
  for (const DataType type : {DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16}) {
    for (const bool by_columns : {false, true}) {
      // Turned, each row is a column of [37, rows].
      const Shape shape = by_columns ? Shape{columns, rows} : Shape{rows, columns};
      std::vector<double> placed = values;
      for (std::int64_t i = 0; by_columns && i < rows * columns; ++i)
        placed[static_cast<std::size_t>(i % columns * rows + i / columns)] = values[static_cast<std::size_t>(i)];
      const Tensor x = cast_to(type, placed, shape);
      const std::int64_t axis = by_columns ? 0 : 1;
      const std::vector<DimSpec> dims(shape.begin(), shape.end());
      const auto check = [&](const char* op, const ModelWriter& writer) {
        SCOPED_TRACE(testing::Message() << op << " of " << static_cast<int>(type) << " along " << axis);
        const std::string bytes = writer.bytes();
        const Tensor expected = load(bytes, options_for(Backend::kReference, 1)).run({x})[0];
        for (const int threads : {1, 2}) {
          const Tensor actual = load(bytes, options_for(Backend::kSimd, threads)).run({x})[0];
          Tolerance tolerance = tolerance_of(type);
          // A sum with the bias may cancel digits that the product before it was rounded to.
          if (std::string(op) == "LayerNormalization") tolerance.absolute = std::max(tolerance.absolute, 0x1p-52);
          EXPECT_EQ(difference(actual.view(), expected.view(), tolerance), "");
        }
      };
      const ModelWriter input = model().opset(23).input("x", type, dims);
      for (const char* op : {"ReduceLogSumExp", "ReduceProd", "ReduceSum", "ReduceMax", "ReduceL2"}) {
        ModelWriter writer = input;
        check(op, writer.initializer<std::int64_t>("axes", {1}, {axis})
                      .node(op, {"x", "axes"}, {"y"}, {attribute("keepdims", 0)})
                      .output("y", type, {rows}));
      }
      for (const char* op : {"Softmax", "LogSoftmax"}) {
        ModelWriter writer = input;
        check(op, writer.node(op, {"x"}, {"y"}, {attribute("axis", axis)}).output("y", type, dims));
      }
      for (const char* op : {"Neg", "Abs", "Floor", "Sign", "Reciprocal", "Exp", "Tanh", "Sigmoid", "Softplus", "Elu",
                             "Selu", "Celu", "HardSwish", "Mish"}) {
        ModelWriter writer = input;
        check(op, writer.node(op, {"x"}, {"y"}).output("y", type, dims));
      }
      if (!by_columns) {
        const auto cast = attribute("to", static_cast<std::int64_t>(type));
        const std::vector<float> ones(static_cast<std::size_t>(columns), 1.0F), thirds(ones.size(), 1.0F / 3);
        for (const char* op : {"LayerNormalization", "RMSNormalization"}) {
          ModelWriter writer = input;
          writer.initializer<float>("ones", {columns}, ones).node("Cast", {"ones"}, {"scale"}, {cast});
          writer.initializer<float>("thirds", {columns}, thirds).node("Cast", {"thirds"}, {"bias"}, {cast});
          const bool biased = std::string(op) == "LayerNormalization";
          check(op, writer.node(op, biased ? Names{"x", "scale", "bias"} : Names{"x", "scale"}, {"y"})
                        .output("y", type, dims));
        }
      }
      for (const float exponent : {2.0F, 3.0F, 0.5F, -1.0F}) {
        ModelWriter writer = input;
        check("Pow",
              writer.initializer<float>("e", {}, {exponent}).node("Pow", {"x", "e"}, {"y"}).output("y", type, dims));
      }
    }
  }
}

/// Y takes X's place, which is Scale and B as well.
TEST(OtherTypes, LayersMayScaleThemselves) {
  std::vector<double> values(64);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<double>(i)) * 3;
  for (const DataType type : {DataType::kFloat64, DataType::kFloat32, DataType::kFloat16}) {
    const Tensor x = cast_to(type, values, {64});
    for (const Names& inputs : {Names{"h", "h", "h"}, Names{"h", "h"}, Names{"h", "s", "h"}}) {
      const std::string bytes = model()
                                    .opset(17)
                                    .input("x", type, {64})
                                    .node("Neg", {"x"}, {"h"})
                                    .node("Abs", {"x"}, {"s"})
                                    .node("LayerNormalization", inputs, {"n"}, {attribute("axis", 0)})
                                    .node("Neg", {"n"}, {"y"})
                                    .output("y", type, {64})
                                    .bytes();
      const Tensor expected = load(bytes, options_for(Backend::kReference, 1)).run({x})[0];
      const Tensor actual = load(bytes, options_for(Backend::kSimd, 1)).run({x})[0];
      Tolerance tolerance = tolerance_of(type);
      if (type == DataType::kFloat32) tolerance.relative = 1e-5;
      tolerance.absolute = type == DataType::kFloat64 ? 1e-14 : type == DataType::kFloat32 ? 1e-5 : 1e-2;
      EXPECT_EQ(difference(actual.view(), expected.view(), tolerance), "") << static_cast<int>(type);
    }
  }
}

}  // namespace
}  // namespace linnet::test
