#include <gtest/gtest.h>

#include <limits>

#include "tests/ops/mini_graph.hpp"
#include "tests/ops/product/product_expectation.hpp"

namespace linnet::internal {
namespace {

/// numpy.matmul in double: the batch index of each operand is found anew for every matrix of the output.
ConstantPtr matmul_in_double(const Constant& a, const Constant& b, const Shape& shape) {
  Shape left = a.shape;
  Shape right = b.shape;
  Shape output = shape;
  if (left.size() == 1) left.insert(left.begin(), 1), output.insert(output.end() - (right.size() > 1 ? 1 : 0), 1);
  if (right.size() == 1) right.push_back(1), output.push_back(1);
  const std::vector<double> left_values = doubles_of(a);
  const std::vector<double> right_values = doubles_of(b);
  const std::int64_t rows = left[left.size() - 2];
  const std::int64_t depth = left.back();
  const std::int64_t columns = right.back();
  const auto matrix = [&](const Shape& operand, std::int64_t batch, std::int64_t elements) {
    std::int64_t index = 0;
    std::int64_t step = 1;
    for (std::size_t back = 3; back <= output.size(); ++back) {
      const std::int64_t position = batch % output[output.size() - back];
      batch /= output[output.size() - back];
      if (back > operand.size() || operand[operand.size() - back] == 1) continue;
      index += position * step;
      step *= operand[operand.size() - back];
    }
    return index * elements;
  };
  std::vector<double> values;
  const std::int64_t count = element_count(output);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t batch = i / (rows * columns);
    const std::int64_t from = matrix(left, batch, rows * depth) + i / columns % rows * depth;
    const std::int64_t with = matrix(right, batch, depth * columns) + i % columns;
    double sum = 0;
    for (std::int64_t k = 0; k < depth; ++k) {
      sum +=
          left_values[static_cast<std::size_t>(from + k)] * right_values[static_cast<std::size_t>(with + k * columns)];
    }
    values.push_back(sum);
  }
  return tensor_of_doubles(a.type, shape, values);
}

struct Shapes {
  const char* name;
  Shape a, b, y;
};

void expect_product(const Shapes& shapes, DataType type, int opset = 13) {
  const ConstantPtr a = small_integers(type, shapes.a, 1);
  const ConstantPtr b = small_integers(type, shapes.b, 2);
  OpTest("MatMul", opset)
      .named(shapes.name)
      .input(a)
      .input(b)
      .expect(matmul_in_double(*a, *b, shapes.y))
      .tolerance(ulp(0))
      .run();
}

TEST(MatMul, MultipliesAsNumpyDoes) {
  const Shapes table[] = {
      {"matrices", {5, 33}, {33, 70}, {5, 70}},
      {"one element", {1, 1}, {1, 1}, {1, 1}},
      {"vector and matrix", {33}, {33, 70}, {70}},
      {"matrix and vector", {5, 33}, {33}, {5}},
      {"vectors", {33}, {33}, {}},
      {"vector and batch", {4}, {3, 4, 5}, {3, 5}},
      {"batch and vector", {3, 5, 4}, {4}, {3, 5}},
      {"one B for a batch", {2, 3, 4, 9}, {9, 17}, {2, 3, 4, 17}},
      {"one B of rank 3 for a batch", {3, 4, 9}, {1, 9, 17}, {3, 4, 17}},
      {"one A for a batch", {4, 9}, {2, 3, 9, 17}, {2, 3, 4, 17}},
      {"batches", {2, 3, 4, 9}, {2, 3, 9, 17}, {2, 3, 4, 17}},
      {"A repeats outside", {3, 4, 9}, {2, 3, 9, 17}, {2, 3, 4, 17}},
      {"A repeats inside", {2, 1, 4, 9}, {2, 3, 9, 17}, {2, 3, 4, 17}},
      {"B repeats outside", {2, 3, 4, 9}, {3, 9, 17}, {2, 3, 4, 17}},
      {"B repeats inside", {2, 3, 4, 9}, {2, 1, 9, 17}, {2, 3, 4, 17}},
      {"both repeat", {2, 1, 4, 9}, {1, 3, 9, 17}, {2, 3, 4, 17}},
      {"three batch dimensions", {2, 1, 3, 2, 5}, {4, 1, 5, 3}, {2, 4, 3, 2, 3}},
      {"many small matrices", {40, 3, 4}, {40, 4, 5}, {40, 3, 5}},
      {"one column", {6, 5, 30}, {6, 30, 1}, {6, 5, 1}},
      {"one row", {6, 1, 30}, {6, 30, 70}, {6, 1, 70}},
  };
  for (const Shapes& shapes : table) {
    for (const DataType type :
         {DataType::kFloat32, DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16, DataType::kInt32})
      expect_product(shapes, type);
  }
}

TEST(MatMul, SlicesLargeProductsBetweenThreads) {
  expect_product({"large", {300, 400}, {400, 700}, {300, 700}}, DataType::kFloat32);
  expect_product({"large in a batch", {2, 800, 500}, {2, 500, 130}, {2, 800, 130}}, DataType::kFloat32);
  for (const DataType type : {DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16}) {
    expect_product({"large", {100, 1300}, {1300, 200}, {100, 200}}, type);
    expect_product({"large in a batch", {2, 200, 100}, {2, 100, 130}, {2, 200, 130}}, type);
  }
}

TEST(MatMul, TakesEveryType) {
  const DataType types[] = {DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16,
                            DataType::kInt64,   DataType::kUint32,  DataType::kUint64};
  for (const DataType type : types) expect_product({"batches", {2, 3, 4}, {2, 4, 5}, {2, 3, 5}}, type);
  for (const int opset : {7, 9, 13, 25}) expect_product({"opsets", {3, 4}, {4, 5}, {3, 5}}, DataType::kFloat32, opset);
}

TEST(MatMul, GivesZerosForAnEmptySum) {
  OpTest("MatMul", 13)
      .input<float>({2, 0}, {})
      .input<float>({0, 3}, {})
      .expect<float>({2, 3}, {0, 0, 0, 0, 0, 0})
      .run();
  OpTest("MatMul", 13).input<float>({0}, {}).input<float>({0}, {}).expect<float>({}, {0}).run();
  OpTest("MatMul", 13).input<float>({2, 1, 0}, {}).input<float>({2, 0, 1}, {}).expect<float>({2, 1, 1}, {0, 0}).run();
}

TEST(MatMul, GivesNothingForAnEmptyOutput) {
  OpTest("MatMul", 13).input<float>({0, 2, 2}, {}).input<float>({2, 1}, {1, 2}).expect<float>({0, 2, 1}, {}).run();
  OpTest("MatMul", 13)
      .input<float>({1, 2, 2}, {1, 2, 3, 4})
      .input<float>({0, 2, 1}, {})
      .expect<float>({0, 2, 1}, {})
      .run();
  OpTest("MatMul", 13).input<float>({2, 2}, {1, 2, 3, 4}).input<float>({2, 0}, {}).expect<float>({2, 0}, {}).run();
}

TEST(MatMul, NamesWhatIsWrong) {
  struct Case {
    const char* words;
    NamedDims a, b;
  };
  const Case cases[] = {
      {"input A is [2,3] but B is [4,5]: inner dimensions differ", {2, 3}, {4, 5}},
      {"input A is [3] but B is [4]: inner dimensions differ", {3}, {4}},
      {"input A is [2,3] but B is [4]: inner dimensions differ", {2, 3}, {4}},
      {"input A is a scalar, expected rank 1 or more", {}, {4}},
      {"input B is a scalar, expected rank 1 or more", {4}, {}},
      {"input A is [2,1,3] but B is [4,3,1]: batch dimensions 2 and 4 do not broadcast", {2, 1, 3}, {4, 3, 1}},
  };
  for (const Case& c : cases) {
    OpTest("MatMul", 13)
        .symbolic_input(DataType::kFloat32, c.a)
        .symbolic_input(DataType::kFloat32, c.b)
        .expect_error(ErrorCode::kInvalidModel, c.words)
        .infer_only();
  }
  OpTest("MatMul", 13)
      .symbolic_input(DataType::kFloat32, {1, 1})
      .symbolic_input(DataType::kFloat64, {1, 1})
      .expect_error(ErrorCode::kInvalidModel, "input B is float64, but A is float32")
      .infer_only();
  OpTest("MatMul", 13)
      .symbolic_input(DataType::kBool, {1, 1})
      .symbolic_input(DataType::kBool, {1, 1})
      .expect_error(ErrorCode::kInvalidModel, "input A is bool, expected one of")
      .infer_only();
  OpTest("MatMul", 13)
      .symbolic_input(DataType::kFloat32, {1, 1})
      .symbolic_input(DataType::kFloat32, {1, 1})
      .symbolic_input(DataType::kFloat32, {1})
      .expect_error(ErrorCode::kInvalidModel, "3 inputs, expected 2")
      .infer_only();
}

TEST(MatMul, KeepsSymbols) {
  struct Case {
    NamedDims a, b, y;
  };
  const Case cases[] = {
      {{"batch", 100}, {100, 64}, {"batch", 64}},
      {{"batch", "time", 100}, {100, 64}, {"batch", "time", 64}},
      {{"batch", 8, "time", 64}, {"batch", 8, 64, "time"}, {"batch", 8, "time", "time"}},
      {{"batch", 1, "time", 64}, {8, 64, "time"}, {"batch", 8, "time", "time"}},
      {{"depth"}, {"depth", "width"}, {"width"}},
      {{"?", 4, 5}, {"batch", 5, 4}, {"?", 4, 4}},
  };
  for (const Case& c : cases) {
    OpTest("MatMul", 13)
        .symbolic_input(DataType::kFloat32, c.a)
        .symbolic_input(DataType::kFloat32, c.b)
        .expect_dims(DataType::kFloat32, c.y)
        .infer_only();
  }
}

/// With one B for all, a batch is one product of many rows; a row's bits must not depend on that.
TEST(MatMul, GivesTheSameBitsInEveryBatch) {
  const ConstantPtr a = random_tensor(DataType::kFloat32, {3, 7, 90}, -1, 1, 1);
  const ConstantPtr b = random_tensor(DataType::kFloat32, {90, 50}, -1, 1, 2);
  const auto product = [&](const ConstantPtr& left) {
    MiniGraph graph;
    return graph.evaluate(graph.node("MatMul", 13, {}, {graph.constant(left), graph.constant(b)}), Backend::kSimd);
  };
  const ConstantPtr all = product(a);
  for (std::int64_t i = 0; i < 3; ++i) {
    const ConstantPtr one = product(copy_constant(DataType::kFloat32, {7, 90}, a->as<float>() + i * 7 * 90));
    EXPECT_EQ(difference(DataType::kFloat32, 7 * 50, one->data, all->as<float>() + i * 7 * 50, exact()), "")
        << "matrix " << i;
  }
}

}  // namespace
}  // namespace linnet::internal
