#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

using Ints = std::vector<std::int64_t>;

struct Cut {
  Ints starts, ends, axes, steps;
};

std::int64_t length(const Ints& list) { return static_cast<std::int64_t>(list.size()); }

/// With attributes at opsets before 10, which have no steps, and with inputs since. Empty axes or steps are left out.
OpTest slice(int opset, const ConstantPtr& data, const Cut& cut) {
  OpTest test("Slice", opset);
  test.input(data);
  if (opset < 10) {
    test.ints("starts", cut.starts).ints("ends", cut.ends);
    if (!cut.axes.empty()) test.ints("axes", cut.axes);
    return test;
  }
  test.input<std::int64_t>({length(cut.starts)}, cut.starts).input<std::int64_t>({length(cut.ends)}, cut.ends);
  if (!cut.axes.empty()) test.input<std::int64_t>({length(cut.axes)}, cut.axes);
  if (cut.axes.empty() && !cut.steps.empty()) test.no_input();
  if (!cut.steps.empty()) test.input<std::int64_t>({length(cut.steps)}, cut.steps);
  return test;
}

ConstantPtr counting(std::int64_t count) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i));
  return tensor_of<float>({count}, values);
}

TEST(Slice, CutsOneAxis) {
  struct Case {
    const char* name;
    std::int64_t start, end, step;
    std::vector<float> values;
  };
  constexpr std::int64_t kMost = INT64_MAX;
  constexpr std::int64_t kLeast = INT64_MIN;
  const Case cases[] = {
      {"middle", 1, 4, 1, {1, 2, 3}},
      {"all", 0, kMost, 1, {0, 1, 2, 3, 4, 5}},
      {"from the back", -2, kMost, 1, {4, 5}},
      {"to the back", 0, -4, 1, {0, 1}},
      {"past the end", 4, 100, 1, {4, 5}},
      {"before the front", -100, 2, 1, {0, 1}},
      {"empty", 3, 3, 1, {}},
      {"crossed", 4, 2, 1, {}},
      {"behind all", 6, 9, 1, {}},
      {"every second", 0, kMost, 2, {0, 2, 4}},
      {"step too far", 1, kMost, 100, {1}},
      {"largest step", 2, kMost, kMost, {2}},
      {"backwards", -1, kLeast, -1, {5, 4, 3, 2, 1, 0}},
      {"backwards from past the end", 100, 3, -1, {5, 4}},
      {"every second backwards", 4, kLeast, -2, {4, 2, 0}},
      {"backwards to the front", 2, -7, -1, {2, 1, 0}},
      {"backwards empty", 1, 3, -1, {}},
      {"backwards stops at end", 4, 1, -1, {4, 3, 2}},
      {"smallest step", 3, kLeast, kLeast, {3}},
      {"extremes", kLeast, kMost, 1, {0, 1, 2, 3, 4, 5}},
      {"extremes backwards", kMost, kLeast, -1, {5, 4, 3, 2, 1, 0}},
      {"backwards from before the front", kLeast, 3, -1, {}},
  };
  for (const Case& c : cases) {
    for (const int opset : {7, 10, 11, 13}) {
      if (opset < 10 && c.step != 1) continue;
      slice(opset, counting(6), {{c.start}, {c.end}, {0}, {c.step}})
          .named(c.name)
          .expect<float>({static_cast<std::int64_t>(c.values.size())}, c.values)
          .run();
    }
  }
}

TEST(Slice, CutsSeveralAxes) {
  const ConstantPtr data = tensor_of<float>({3, 4}, {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23});
  for (const int opset : {9, 10, 13}) {
    slice(opset, data, {{1, 1}, {3, 3}, {}, {}}).expect<float>({2, 2}, {11, 12, 21, 22}).run();
    slice(opset, data, {{1}, {3}, {}, {}}).expect<float>({2, 4}, {10, 11, 12, 13, 20, 21, 22, 23}).run();
    slice(opset, data, {{1, 2}, {3, 3}, {1, 0}, {}}).named("any order").expect<float>({1, 2}, {21, 22}).run();
    slice(opset, data, {{2}, {INT64_MAX}, {-1}, {}})
        .named("negative axis")
        .expect<float>({3, 2}, {2, 3, 12, 13, 22, 23})
        .run();
    slice(opset, data, {{0, 4}, {INT64_MAX, 4}, {0, 1}, {}}).named("empty").expect<float>({3, 0}, {}).run();
    slice(opset, data, {{}, {}, {}, {}}).named("no axis").expect(data).run();
  }
  slice(13, data, {{-1, -1}, {INT64_MIN, INT64_MIN}, {0, 1}, {-1, -1}})
      .expect<float>({3, 4}, {23, 22, 21, 20, 13, 12, 11, 10, 3, 2, 1, 0})
      .run();
  slice(13, data, {{0, 1}, {3, 4}, {}, {2, 2}}).named("steps without axes").expect<float>({2, 2}, {1, 3, 21, 23}).run();
}

TEST(Slice, TakesEveryTypeAndBothIndexTypes) {
  OpTest("Slice", 13)
      .input<std::uint8_t>({3}, {1, 2, 3})
      .input<std::int32_t>({1}, {1})
      .input<std::int32_t>({1}, {INT32_MAX})
      .expect<std::uint8_t>({2}, {2, 3})
      .run();
  OpTest("Slice", 13)
      .input<Float16>({3}, {1, 2, 3})
      .input<std::int64_t>({1}, {1})
      .input<std::int64_t>({1}, {3})
      .expect<Float16>({2}, {2, 3})
      .run();
  OpTest("Slice", 13)
      .input<double>({3}, {1, 2, 3})
      .input<std::int64_t>({1}, {2})
      .input<std::int64_t>({1}, {0})
      .input<std::int64_t>({1}, {0})
      .input<std::int64_t>({1}, {-1})
      .expect<double>({2}, {3, 2})
      .run();
  OpTest("Slice", 13)
      .input<bool>({0, 2}, {})
      .input<std::int64_t>({1}, {0})
      .input<std::int64_t>({1}, {1})
      .expect<bool>({0, 2}, {})
      .run();
}

TEST(Slice, TakesHugeTensorsThatAreEmpty) {
  const std::int64_t huge = std::int64_t{1} << 40;
  slice(13, tensor_of<float>({huge, huge, 0}, {}), {{1}, {huge}, {0}, {1}})
      .expect<float>({huge - 1, huge, 0}, {})
      .run();
}

/// The definition, as Python's slice.indices has it, element by element.
ConstantPtr sliced(const Constant& data, const Cut& cut) {
  std::vector<Ints> picked;
  for (const std::int64_t size : data.shape) {
    picked.emplace_back();
    for (std::int64_t i = 0; i < size; ++i) picked.back().push_back(i);
  }
  for (std::size_t i = 0; i < cut.axes.size(); ++i) {
    Ints& list = picked[static_cast<std::size_t>(cut.axes[i])];
    const std::int64_t size = length(list);
    const std::int64_t step = cut.steps[i];
    std::int64_t start = cut.starts[i] < 0 ? cut.starts[i] + size : cut.starts[i];
    std::int64_t end = cut.ends[i] < 0 ? cut.ends[i] + size : cut.ends[i];
    start = step > 0 ? std::min(std::max<std::int64_t>(start, 0), size)
                     : std::min(std::max<std::int64_t>(start, -1), size - 1);
    end =
        step > 0 ? std::min(std::max<std::int64_t>(end, 0), size) : std::min(std::max<std::int64_t>(end, -1), size - 1);
    list.clear();
    for (std::int64_t at = start; step > 0 ? at < end : at > end; at += step) list.push_back(at);
  }
  Shape shape;
  for (const Ints& list : picked) shape.push_back(length(list));
  std::byte* bytes = nullptr;
  ConstantPtr output = make_constant(data.type, shape, &bytes);
  const Ints strides = row_major_strides(data.shape);
  for (std::int64_t i = 0; i < output->count(); ++i) {
    std::int64_t rest = i;
    std::int64_t source = 0;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      source += picked[axis][static_cast<std::size_t>(rest % shape[axis])] * strides[axis];
      rest /= shape[axis];
    }
    const std::size_t size = size_of(data.type);
    std::memcpy(bytes + static_cast<std::size_t>(i) * size, data.data + static_cast<std::size_t>(source) * size, size);
  }
  return output;
}

TEST(Slice, DoesRandomCuts) {
  std::mt19937 random(11);
  const auto between = [&](std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(high - low + 1));
  };
  for (int round = 0; round < 300; ++round) {
    Shape shape(static_cast<std::size_t>(between(1, 5)));
    for (std::int64_t& size : shape) size = between(0, 20) == 0 ? 0 : between(1, 6);
    Cut cut;
    for (std::int64_t axis = 0; axis < length(shape); ++axis) {
      if (random() % 2 == 0) continue;
      cut.axes.push_back(axis);
      cut.starts.push_back(between(-8, 8));
      cut.ends.push_back(between(-8, 8));
      cut.steps.push_back(random() % 2 == 0 ? between(1, 3) : between(-3, -1));
    }
    if (cut.axes.empty()) continue;
    const ConstantPtr data = random_tensor(round % 2 == 0 ? DataType::kFloat32 : DataType::kInt16, shape, -100, 100,
                                           static_cast<unsigned>(round));
    slice(13, data, cut)
        .named(text("axes ", cut.axes, " starts ", cut.starts, " ends ", cut.ends, " steps ", cut.steps))
        .expect(sliced(*data, cut))
        .run();
  }
}

TEST(Slice, CutsLargeTensorsInParts) {
  const auto check = [](const Shape& shape, const Cut& cut) {
    const ConstantPtr data = random_tensor(DataType::kFloat32, shape, -1, 1, 3);
    slice(13, data, cut).expect(sliced(*data, cut)).run();
  };
  check({4, 100000}, {{1, 5}, {4, 99999}, {0, 1}, {1, 1}});
  check({4, 100000}, {{0}, {100000}, {1}, {3}});
  check({300000}, {{-1}, {-400000}, {0}, {-1}});
  check({1000, 300}, {{10}, {290}, {1}, {1}});
}

TEST(Slice, KeepsSymbolsThatAreNotCut) {
  const auto cut = [](const NamedDims& start, const NamedDims& end, const NamedDims& axis, const NamedDims& step) {
    return OpTest("Slice", 13)
        .symbolic_input(DataType::kFloat32, {"batch", "time", 8})
        .symbolic_input(DataType::kInt64, {1})
        .elements(start)
        .symbolic_input(DataType::kInt64, {1})
        .elements(end)
        .symbolic_input(DataType::kInt64, {1})
        .elements(axis)
        .symbolic_input(DataType::kInt64, {1})
        .elements(step);
  };
  cut({2}, {5}, {2}, {1}).expect_dims(DataType::kFloat32, {"batch", "time", 3}).infer_only();
  cut({0}, {INT64_MAX}, {1}, {1}).named("all").expect_dims(DataType::kFloat32, {"batch", "time", 8}).infer_only();
  cut({0}, {"time"}, {1}, {1})
      .named("to its own size")
      .expect_dims(DataType::kFloat32, {"batch", "time", 8})
      .infer_only();
  cut({0}, {"batch"}, {1}, {1})
      .named("to another size")
      .expect_dims(DataType::kFloat32, {"batch", "?", 8})
      .infer_only();
  cut({-1}, {INT64_MIN}, {1}, {-1})
      .named("reversed")
      .expect_dims(DataType::kFloat32, {"batch", "time", 8})
      .infer_only();
  cut({1}, {INT64_MAX}, {1}, {1}).named("part").expect_dims(DataType::kFloat32, {"batch", "?", 8}).infer_only();
  cut({0}, {"?"}, {2}, {1}).named("unknown end").expect_dims(DataType::kFloat32, {"batch", "time", "?"}).infer_only();
  cut({0}, {5}, {"?"}, {1}).named("unknown axis").expect_dims(DataType::kFloat32, {"?", "?", "?"}).infer_only();
  OpTest("Slice", 13)
      .symbolic_input(DataType::kFloat32, {"batch", 8})
      .symbolic_input(DataType::kInt64, {"n"})
      .symbolic_input(DataType::kInt64, {"n"})
      .named("unknown number of axes")
      .expect_dims(DataType::kFloat32, {"?", "?"})
      .infer_only();
}

TEST(Slice, IsAnIdentityIfItKeepsAll) {
  const auto cut = [](std::int64_t start, std::int64_t end, std::int64_t step, const NamedDims& result, bool identity) {
    OpTest("Slice", 13)
        .named(text(start, ":", end, ":", step))
        .symbolic_input(DataType::kFloat32, {"batch", 4})
        .constant_input<std::int64_t>({1}, {start})
        .constant_input<std::int64_t>({1}, {end})
        .constant_input<std::int64_t>({1}, {1})
        .constant_input<std::int64_t>({1}, {step})
        .expect_dims(DataType::kFloat32, result)
        .expect_identity(identity)
        .infer_only();
  };
  cut(0, INT64_MAX, 1, {"batch", 4}, true);
  cut(-100, 4, 1, {"batch", 4}, true);
  cut(-1, INT64_MIN, -1, {"batch", 4}, false);
  cut(0, 3, 1, {"batch", 3}, false);
  cut(0, 4, 2, {"batch", 2}, false);
}

TEST(Slice, CutsElements) {
  OpTest("Slice", 13)
      .symbolic_input(DataType::kInt64, {3})
      .elements({"batch", 7, "?"})
      .constant_input<std::int64_t>({1}, {-1})
      .constant_input<std::int64_t>({1}, {INT64_MIN})
      .constant_input<std::int64_t>({1}, {0})
      .constant_input<std::int64_t>({1}, {-2})
      .expect_dims(DataType::kInt64, {2})
      .expect_elements({"?", "batch"})
      .infer_only();
  OpTest("Slice", 9)
      .ints("starts", {0})
      .ints("ends", {1})
      .symbolic_input(DataType::kInt64, {3})
      .elements({"batch", 7, "?"})
      .expect_dims(DataType::kInt64, {1})
      .expect_elements({"batch"})
      .infer_only();
}

TEST(Slice, SaysWhatIsWrong) {
  struct Case {
    Cut cut;
    const char* words;
    int first_opset = 7;
  };
  const Case cases[] = {
      {{{0}, {1}, {2}, {1}}, "axis 2 is outside [-2,1] for rank 2"},
      {{{0}, {1}, {-3}, {1}}, "axis -3 is outside [-2,1] for rank 2"},
      {{{0}, {1}, {INT64_MIN}, {1}}, "axis -9223372036854775808 is outside"},
      {{{0, 0}, {1, 1}, {1, -1}, {1, 1}}, "axes [1,-1] name axis 1 twice"},
      {{{0}, {1, 2}, {0}, {1}}, "starts, ends, axes and steps have 1, 2, 1 and 1 elements, expected as many of each"},
      {{{0}, {1}, {0, 1}, {1}}, "starts, ends, axes and steps have 1, 1, 2 and 1 elements"},
      {{{0}, {1}, {0}, {0}}, "the step along axis 0 is 0", 10},
      {{{0}, {1}, {0}, {1, 1}}, "have 1, 1, 1 and 2 elements", 10},
  };
  for (const Case& c : cases) {
    for (const int opset : {9, 13}) {
      if (opset < c.first_opset) continue;
      slice(opset, tensor_of<float>({2, 3}, {1, 2, 3, 4, 5, 6}), c.cut)
          .expect_error(ErrorCode::kInvalidModel, c.words)
          .run();
    }
  }
  slice(9, counting(3), {Ints(1000000, 0), Ints(1000000, 1), {}, {}})
      .expect_error(ErrorCode::kInvalidModel, "starts has 1000000 elements, but the rank is 1")
      .run();
  const ConstantPtr data = counting(3);
  OpTest("Slice", 13)
      .input<float>({}, {1})
      .input<std::int64_t>({1}, {0})
      .input<std::int64_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input data is a scalar, expected rank 1 or more")
      .run();
  OpTest("Slice", 9)
      .input(data)
      .ints("ends", {1})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"starts\" is missing")
      .run();
  OpTest("Slice", 9)
      .input(data)
      .ints("starts", {1})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"ends\" is missing")
      .run();
  OpTest("Slice", 9)
      .input(data)
      .input<std::int64_t>({1}, {0})
      .ints("starts", {1})
      .ints("ends", {1})
      .expect_error(ErrorCode::kInvalidModel, "starts, ends and axes are inputs from opset 10")
      .run();
  OpTest("Slice", 13).input(data).expect_error(ErrorCode::kInvalidModel, "inputs starts and ends are missing").run();
  OpTest("Slice", 13)
      .input(data)
      .no_input()
      .input<std::int64_t>({1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input starts is missing")
      .run();
  OpTest("Slice", 13)
      .input(data)
      .input<float>({1}, {0})
      .input<std::int64_t>({1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input starts is float32, expected int32 or int64")
      .run();
  OpTest("Slice", 13)
      .input(data)
      .input<std::int64_t>({1, 1}, {0})
      .input<std::int64_t>({1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input starts has rank 2, expected 1")
      .run();
  OpTest("Slice", 13)
      .symbolic_input(DataType::kFloat32, {3})
      .symbolic_input(DataType::kInt64, {INT64_MAX})
      .symbolic_input(DataType::kInt64, {INT64_MAX})
      .expect_error(ErrorCode::kInvalidModel, "input starts has 9223372036854775807 elements, but the rank is 1")
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
