#include "tests/ops/normalization/softmax_tester.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/onednn_tolerance.hpp"

namespace linnet::internal {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// One row in long double, by the definition.
void expected_row(const std::vector<long double>& x, bool logarithm, std::vector<long double>& y) {
  long double maximum = -std::numeric_limits<long double>::infinity();
  for (const long double value : x) maximum = std::isnan(value) ? value : std::max(maximum, value);
  long double others = 0;  // the sum without one of the terms that are 1
  bool skipped = false;
  for (const long double value : x) {
    if (!skipped && value == maximum && std::isfinite(value)) {
      skipped = true;
    } else {
      others += std::exp(value - maximum);
    }
  }
  if (!skipped) others = std::numeric_limits<long double>::quiet_NaN();
  y.clear();
  for (const long double value : x) {
    y.push_back(logarithm ? value - maximum - std::log1p(others) : std::exp(value - maximum) / (1 + others));
  }
}

/// Over [outer, axis, inner].
ConstantPtr expected_of(const Constant& x, std::int64_t axis, std::int64_t inner, bool logarithm) {
  std::byte* data = nullptr;
  ConstantPtr y = make_constant(x.type, x.shape, &data);
  visit_float_type(x.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<long double> row, result;
    for (std::int64_t i = 0; i < (axis == 0 ? 0 : x.count() / axis); ++i) {
      const std::int64_t begin = i / inner * axis * inner + i % inner;
      row.clear();
      for (std::int64_t j = 0; j < axis; ++j)
        row.push_back(static_cast<long double>(static_cast<double>(x.as<T>()[begin + j * inner])));
      expected_row(row, logarithm, result);
      for (std::int64_t j = 0; j < axis; ++j) {
        reinterpret_cast<T*>(data)[begin + j * inner] =
            static_cast<T>(static_cast<double>(result[static_cast<std::size_t>(j)]));
      }
    }
  });
  return y;
}

Tolerance onednn_tolerance_of(bool logarithm) {
  return logarithm ? onednn_log_softmax_tolerance() : onednn_tolerance();
}

struct Extents {
  std::int64_t axis, inner;
};

Extents extents_of(const Shape& shape, std::int64_t axis, bool flattened) {
  const auto begin = shape.begin() + axis + (axis < 0 ? static_cast<std::ptrdiff_t>(shape.size()) : 0);
  if (flattened) return {element_count(Shape(begin, shape.end())), 1};
  return {*begin, element_count(Shape(begin + 1, shape.end()))};
}

Tolerance tolerance_of_type(DataType type) {
  if (type == DataType::kFloat32) return ulp(4);
  return type == DataType::kFloat64 ? close(1e-13, 1e-15) : ulp(1);
}

OpTest node(const char* op, int opset, std::int64_t axis, bool default_axis) {
  OpTest test(op, opset);
  if (!default_axis) test.attribute("axis", axis);
  return test;
}

void check_axis(const char* op, bool logarithm, int opset, const Shape& shape, std::int64_t axis, bool default_axis) {
  const ConstantPtr x = random_tensor(DataType::kFloat32, shape, -10, 10, 3);
  const Extents extents = extents_of(shape, axis, opset < 13);
  node(op, opset, axis, default_axis)
      .named(text("opset ", opset, ", shape ", shape, ", axis ", axis))
      .input(x)
      .expect(expected_of(*x, extents.axis, extents.inner, logarithm))
      .tolerance(ulp(4))
      .tolerance_of("onednn", onednn_tolerance_of(logarithm))
      .run();
}

void check_types(const char* op, bool logarithm) {
  for (const DataType type : {DataType::kFloat32, DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16}) {
    const ConstantPtr x = random_tensor(type, {4, 33, 3}, -20, 20, 5);
    for (const std::int64_t axis : {1, 2}) {
      const Extents extents = extents_of(x->shape, axis, false);
      OpTest(op, 13)
          .attribute("axis", axis)
          .input(x)
          .expect(expected_of(*x, extents.axis, extents.inner, logarithm))
          .tolerance(tolerance_of_type(type))
          .tolerance_of("onednn", onednn_tolerance_of(logarithm))
          .run();
    }
  }
}

void check_special_rows(const char* op, bool logarithm) {
  const std::vector<std::vector<float>> rows = {
      {0, 0, 0, 0},
      {-kInfinity, 1, 2, -kInfinity},
      {-kInfinity, -kInfinity, -kInfinity, -kInfinity},
      {1, kInfinity, 2, 3},
      {kNan, 1, 2, 3},
      {1, 2, 3, kNan},
      {3e38F, -3e38F, 0, 1},
      {1000, 999, 998, -1000},
      {100, 0, 1, 2},
      {0, -20, -40, -80},
      {1e-45F, 0, -1e-45F, 1e-38F},
      {16777216, 16777214, 16777212, 0},
  };
  for (const std::vector<float>& row : rows) {
    const ConstantPtr last = tensor_of<float>({1, 4}, row);
    OpTest(op, 13)
        .input(last)
        .expect(expected_of(*last, 4, 1, logarithm))
        .tolerance(ulp(4))
        .implementation("simd")
        .run();
    const ConstantPtr first = tensor_of<float>({4, 1}, row);
    OpTest(op, 13)
        .attribute("axis", std::int64_t{0})
        .input(first)
        .expect(expected_of(*first, 4, 1, logarithm))
        .tolerance(ulp(4))
        .implementation("simd")
        .run();
  }
}

void check_errors(const char* op) {
  OpTest(op, 13)
      .attribute("axis", std::int64_t{2})
      .input<float>({1, 1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "axis 2 is outside [-2,1] for rank 2")
      .run();
  OpTest(op, 11)
      .attribute("axis", std::int64_t{-3})
      .input<float>({1, 1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "axis -3")
      .run();
  OpTest(op, 11)
      .input<float>({2}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "axis 1 is outside [-1,0] for rank 1")
      .run();
  OpTest(op, 13).input<float>({}, {1}).expect_error(ErrorCode::kInvalidModel, "axis -1").run();
  OpTest(op, 13)
      .input<std::int64_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input is int64, expected one of float32")
      .run();
  OpTest(op, 13)
      .attribute("axes", std::int64_t{1})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"axes\"")
      .run();
}

}  // namespace

void check_softmax(const char* op, bool logarithm) {
  const Shape shapes[] = {{1},          {5},       {2, 3},        {3, 100}, {2, 3, 4, 5}, {9, 1, 17}, {300, 129},
                          {3, 40, 333}, {700, 50}, {2, 2000, 20}, {0, 4},   {4, 0},       {2, 0, 3}};
  for (const Shape& shape : shapes) {
    const auto rank = static_cast<std::int64_t>(shape.size());
    for (std::int64_t axis = -rank; axis < rank; ++axis) {
      for (const int opset : {7, 13}) check_axis(op, logarithm, opset, shape, axis, false);
    }
    check_axis(op, logarithm, 13, shape, -1, true);
    if (rank > 1) check_axis(op, logarithm, 11, shape, 1, true);
  }
  check_types(op, logarithm);
  check_special_rows(op, logarithm);
  check_errors(op);
  OpTest(op, 13)
      .symbolic_input(DataType::kFloat32, {"batch", "?", 3})
      .expect_dims(DataType::kFloat32, {"batch", "?", 3})
      .infer_only();
}

void check_half_tasks(const char* op, bool logarithm) {
  struct Case {
    Shape shape;
    std::int64_t axis;
    bool widened;
  };
  const Case cases[] = {{{40, 700}, 1, true},    {{3, 700, 50}, 1, true}, {{1, 262144}, 1, true},
                        {{1, 262145}, 1, false}, {{16384, 16}, 0, true},  {{16385, 16}, 0, false}};
  for (const Case& c : cases) {
    const ConstantPtr x = random_tensor(DataType::kFloat16, c.shape, -10, 10, 7);
    const Extents extents = extents_of(c.shape, c.axis, false);
    OpTest test(op, 13);
    test.attribute("axis", c.axis).input(x).expect(expected_of(*x, extents.axis, extents.inner, logarithm));
    test.tolerance(tolerance_of_type(DataType::kFloat16));
    test.expect_implementations(c.widened ? std::vector<std::string>{"simd half", "reference"}
                                          : std::vector<std::string>{"reference"});
    test.run();
  }
}

void check_long_rows(const char* op) {
  constexpr std::size_t kLength = (std::size_t{1} << 18) + 12345;
  std::vector<float> x(2 * kLength);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 7919 % 1009) * 0.02F - 10.0F;
  x[200000] = 25.0F;
  OpTest(op, 13)
      .input<float>({2, static_cast<std::int64_t>(kLength)}, x)
      .expect_reference()
      .tolerance(ulp(4))
      .tolerance_of("onednn", close(1e-4, 1e-4))  // it sums a row in float
      .run();
  x.assign(kLength, 1.0F);
  x[77] = kNan;
  OpTest(op, 13)
      .input<float>({1, static_cast<std::int64_t>(kLength)}, x)
      .expect_reference()
      .implementation("simd")  // oneDNN loses it
      .run();
}

}  // namespace linnet::internal
