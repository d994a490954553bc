#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

struct Case {
  const char* name;
  const char* mode;
  Shape x;
  std::vector<std::int64_t> pads;
  Shape y;
  Literals<float> values;
};

/// Of elements 1, 2, 3, ...; the constant is 9.
const Case kCases[] = {
    {"columns", "constant", {2, 2}, {0, 1, 0, 2}, {2, 5}, {9, 1, 2, 9, 9, 9, 3, 4, 9, 9}},
    {"rows", "constant", {2, 2}, {1, 0, 0, 0}, {3, 2}, {9, 9, 1, 2, 3, 4}},
    {"nothing", "constant", {3}, {0, 0}, {3}, {1, 2, 3}},
    {"scalar", "constant", {}, {}, {}, {1}},
    {"empty", "constant", {0, 2}, {1, 0, 0, 1}, {1, 3}, {9, 9, 9}},
    {"fewer", "constant", {4}, {-1, -2}, {1}, {2}},
    {"fewer and more", "constant", {4}, {-2, 1}, {3}, {3, 4, 9}},
    {"none left", "constant", {2}, {-2, 1}, {1}, {9}},
    {"edge", "edge", {2, 2}, {0, 2, 1, 1}, {3, 5}, {1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 3, 3, 3, 4, 4}},
    {"edge of what is left", "edge", {4}, {2, -1}, {5}, {1, 1, 1, 2, 3}},
    {"reflect", "reflect", {4}, {2, 3}, {9}, {3, 2, 1, 2, 3, 4, 3, 2, 1}},
    {"reflect to and fro", "reflect", {3}, {5, 0}, {8}, {2, 1, 2, 3, 2, 1, 2, 3}},
    {"reflect one", "reflect", {1}, {2, 1}, {4}, {1, 1, 1, 1}},
    {"reflect rows", "reflect", {2, 2}, {1, 0, 0, 1}, {3, 3}, {3, 4, 3, 1, 2, 1, 3, 4, 3}},
    {"wrap", "wrap", {3}, {2, 4}, {9}, {2, 3, 1, 2, 3, 1, 2, 3, 1}},
    {"wrap rows", "wrap", {2, 2}, {1, 1, 0, 0}, {3, 3}, {4, 3, 4, 2, 1, 2, 4, 3, 4}},
};

Literals<float> counted(const Shape& shape) {
  Literals<float> values;
  for (std::int64_t i = 0; i < element_count(shape); ++i) values.push_back(static_cast<float>(i + 1));
  return values;
}

TEST(Pad, AddsAndTakesAway) {
  for (const Case& c : kCases) {
    const auto length = static_cast<std::int64_t>(c.pads.size());
    for (const int opset : {2, 11, 13, 18, 19, 25}) {
      if (std::string(c.mode) == "wrap" && opset < 19) continue;
      OpTest test("Pad", opset);
      test.named(c.name).attribute("mode", std::string(c.mode)).input<float>(c.x, counted(c.x));
      if (opset < 11) {
        test.ints("pads", c.pads).attribute("value", 9.0F);
      } else {
        test.input<std::int64_t>({length}, c.pads).input<float>({}, {9});
      }
      test.expect<float>(c.y, c.values).run();
    }
  }
}

/// Where element `index` of an axis comes from, as the operator's text says it; -1 for the constant.
std::int64_t source_of(const std::string& mode, std::int64_t size, std::int64_t before, std::int64_t after,
                       std::int64_t index) {
  const std::int64_t first = std::max<std::int64_t>(-before, 0);
  const std::int64_t last = size - 1 - std::max<std::int64_t>(-after, 0);
  std::int64_t place = index + first - std::max<std::int64_t>(before, 0);
  if (place >= first && place <= last) return place;
  if (mode == "constant") return -1;
  if (mode == "edge") return std::clamp(place, first, last);
  const std::int64_t kept = last - first + 1;
  if (mode == "wrap") {
    while (place < first) place += kept;
    while (place > last) place -= kept;
    return place;
  }
  while (place < first || place > last) {
    if (first == last) return first;
    place = place < first ? 2 * first - place : 2 * last - place;
  }
  return place;
}

/// Axes that become one with their neighbours, and such that must not.
TEST(Pad, AgreesWithEveryElementByItself) {
  const Shape shape = {2, 3, 4, 5};
  const std::vector<std::vector<std::int64_t>> pads_of_cases = {
      {0, 0, 0, 0, 0, 0, 0, 0},   {0, 0, 1, 2, 0, 0, 2, 1},    {0, 0, 1, 0, 0, 0, 2, 0},    {1, 0, 0, 0, 2, 0, 0, 0},
      {0, 2, 0, 0, 0, 1, 0, 0},   {0, 0, 0, -1, 0, 0, 0, 0},   {0, 0, -1, 0, 0, 0, 0, 0},   {0, 1, 0, -2, 0, 1, 0, -1},
      {0, 1, -1, 0, 0, 2, -1, 0}, {1, -1, 2, -3, 3, 2, -1, 7}, {0, -2, 0, 20, 0, 3, 0, 33}, {0, 0, 9, 0, 0, 0, 9, 0},
  };
  for (const char* mode : {"constant", "edge", "reflect", "wrap"}) {
    for (const std::vector<std::int64_t>& pads : pads_of_cases) {
      Shape result(4);
      for (std::size_t axis = 0; axis < 4; ++axis) result[axis] = shape[axis] + pads[axis] + pads[axis + 4];
      Literals<float> expected;
      for (std::int64_t i = 0; i < element_count(result); ++i) {
        std::int64_t left = i, element = 0, stride = 1;
        for (std::size_t axis = 4; axis-- > 0;) {
          const std::int64_t source = source_of(mode, shape[axis], pads[axis], pads[axis + 4], left % result[axis]);
          element = source < 0 || element < 0 ? -1 : element + source * stride;
          stride *= shape[axis];
          left /= result[axis];
        }
        expected.push_back(element < 0 ? 9.0F : static_cast<float>(element + 1));
      }
      OpTest("Pad", 19)
          .named(text(mode, " to ", result))
          .attribute("mode", std::string(mode))
          .input<float>(shape, counted(shape))
          .input<std::int64_t>({8}, pads)
          .input<float>({}, {9})
          .expect<float>(result, expected)
          .run();
    }
  }
}

TEST(Pad, NamesAxes) {
  OpTest("Pad", 18)
      .input<float>({2, 2}, {1, 2, 3, 4})
      .input<std::int64_t>({2}, {1, 0})
      .no_input()
      .input<std::int64_t>({1}, {-1})
      .expect<float>({2, 3}, {0, 1, 2, 0, 3, 4})
      .run();
  OpTest("Pad", 18)
      .input<float>({1, 2}, {1, 2})
      .input<std::int64_t>({4}, {1, 0, 0, 1})
      .input<float>({1}, {7})
      .input<std::int32_t>({2}, {1, 0})
      .expect<float>({2, 3}, {7, 1, 2, 7, 7, 7})
      .run();
}

TEST(Pad, TakesEveryType) {
  for (int number = 1; number <= static_cast<int>(DataType::kBfloat16); ++number) {
    const auto type = static_cast<DataType>(number);
    if (!kTensorTypes.has(type)) continue;
    const std::size_t size = size_of(type);
    const ConstantPtr x = random_tensor(type, {2}, 0, 100, 1);
    const ConstantPtr value = random_tensor(type, {}, 0, 100, 2);
    std::byte* data = nullptr;
    const ConstantPtr expected = make_constant(type, {3}, &data);
    std::copy_n(value->data, size, data);
    std::copy_n(x->data, 2 * size, data + size);
    OpTest("Pad", 13).named(text(type)).input(x).input<std::int64_t>({2}, {1, 0}).input(value).expect(expected).run();
    std::fill_n(data, size, std::byte{0});
    OpTest("Pad", 13).named(text(type)).input(x).input<std::int64_t>({2}, {1, 0}).expect(expected).run();
  }
  OpTest("Pad", 2)
      .ints("pads", {0, 1})
      .attribute("value", 0.5F)
      .input<Float16>({1}, {2})
      .expect<Float16>({2}, {2, 0.5F})
      .run();
}

TEST(Pad, MakesLargeTensors) {
  constexpr std::int64_t kSize = 50000;
  Literals<float> expected;
  for (std::int64_t i = 0; i < kSize + 30000; ++i)
    expected.push_back(static_cast<float>(i < 20000 ? 0 : std::min(i - 19999, kSize)));
  for (std::int64_t i = 0; i < 20000; ++i) expected[static_cast<std::size_t>(i)] = 1;
  OpTest("Pad", 13)
      .attribute("mode", std::string("edge"))
      .input<float>({kSize}, counted({kSize}))
      .input<std::int64_t>({2}, {20000, 10000})
      .expect<float>({kSize + 30000}, expected)
      .run();
}

TEST(Pad, KnowsSymbols) {
  const auto node = [](const NamedDims& pads) {
    return OpTest("Pad", 13)
        .symbolic_input(DataType::kFloat32, {"n", 3})
        .symbolic_input(DataType::kInt64, {4})
        .elements(pads);
  };
  node({0, 1, 0, 1}).expect_dims(DataType::kFloat32, {"n", 5}).expect_identity(false).infer_only();
  node({0, 0, 0, 0}).expect_dims(DataType::kFloat32, {"n", 3}).expect_identity(true).infer_only();
  node({1, "?", 0, 1}).expect_dims(DataType::kFloat32, {"?", "?"}).infer_only();
}

TEST(Pad, NamesWhatIsWrong) {
  const auto node = [](const std::vector<std::int64_t>& pads) {
    return OpTest("Pad", 13)
        .input<float>({2}, {1, 2})
        .input<std::int64_t>({static_cast<std::int64_t>(pads.size())}, pads);
  };
  node({1}).expect_error(ErrorCode::kInvalidModel, "pads has 1 elements, expected 2 for 1 axes").run();
  node({-2, -1}).expect_error(ErrorCode::kInvalidModel, "take away more than the dimension 2").run();
  node({std::numeric_limits<std::int64_t>::min(), 0})
      .expect_error(ErrorCode::kInvalidModel, "take away more than the dimension 2")
      .run();
  node({std::numeric_limits<std::int64_t>::max(), 0})
      .expect_error(ErrorCode::kInvalidModel, "larger than 64 bits can count")
      .run();
  node({-2, 1})
      .attribute("mode", std::string("edge"))
      .expect_error(ErrorCode::kInvalidModel, "repeat elements of a dimension that has none left")
      .run();
  node({1, 1})
      .attribute("mode", std::string("wrap"))
      .expect_error(ErrorCode::kInvalidModel, "mode is \"wrap\", which opset 13 does not have")
      .run();
  node({1, 1})
      .input<double>({}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input constant_value is float64, but data is float32")
      .run();
  node({1, 1})
      .input<float>({2}, {1, 1})
      .expect_error(ErrorCode::kInvalidModel, "input constant_value has 2 elements, expected 1")
      .run();
  OpTest("Pad", 13).input<float>({2}, {1, 2}).expect_error(ErrorCode::kInvalidModel, "input pads is missing").run();
  OpTest("Pad", 13)
      .input<float>({2}, {1, 2})
      .no_input()
      .input<float>({}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input pads is missing")
      .run();
  OpTest("Pad", 18)
      .input<float>({2}, {1, 2})
      .input<std::int64_t>({2}, {1, 1})
      .no_input()
      .input<std::int64_t>({1, 1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input axes has rank 2, expected 1")
      .run();
  OpTest("Pad", 2)
      .input<float>({2}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"pads\" is missing")
      .run();
  OpTest("Pad", 2)
      .ints("pads", {1, 1})
      .input<std::int32_t>({2}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "input data is int32, expected one of float32")
      .run();
}

}  // namespace
}  // namespace linnet::internal
