#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "tests/ops/op_tester.hpp"
#include "tests/ops/places.hpp"

namespace linnet::internal {
namespace {

using Ints = std::vector<std::int64_t>;

struct Case {
  Shape x, w;
  Ints strides, dilations, pads;
  std::int64_t group = 1, offset_group = 1;
  bool with_b = true, with_mask = true;
  double reach = 3;  // of offsets
};

/// Of a plane, weighed between elements along one axis after the other; what is outside is 0.
double sample(const std::function<double(std::int64_t)>& plane, const Ints& sizes, const std::vector<double>& place,
              std::size_t axis = 0, std::int64_t element = 0) {
  if (axis == sizes.size()) return plane(element);
  const double low = std::floor(place[axis]);
  double sum = 0;
  for (const double at : {low, low + 1}) {
    if (at < 0 || at >= static_cast<double>(sizes[axis])) continue;
    const double weight = 1 - std::abs(place[axis] - at);
    sum += weight * sample(plane, sizes, place, axis + 1, element * sizes[axis] + static_cast<std::int64_t>(at));
  }
  return sum;
}

template <typename T>
void check(const Case& c, const Tolerance& tolerance) {
  const std::size_t axes = c.x.size() - 2;
  const Ints sizes(c.x.begin() + 2, c.x.end()), kernel(c.w.begin() + 2, c.w.end());
  Ints places;
  for (std::size_t i = 0; i < axes; ++i) {
    const std::int64_t span = 1 + (kernel[i] - 1) * c.dilations[i];
    places.push_back(1 + (sizes[i] + c.pads[i] + c.pads[axes + i] - span) / c.strides[i]);
  }
  const std::int64_t taps = element_count(kernel), count = element_count(places), plane = element_count(sizes);
  const DataType type = data_type_of<T>();
  const auto with = [&](std::int64_t channels) {
    Shape shape = {c.x[0], channels};
    shape.insert(shape.end(), places.begin(), places.end());
    return shape;
  };
  const ConstantPtr x = random_tensor(type, c.x, -1, 1, 1), w = random_tensor(type, c.w, -1, 1, 2);
  const ConstantPtr offset =
      random_tensor(type, with(c.offset_group * taps * static_cast<std::int64_t>(axes)), -c.reach, c.reach, 3);
  const ConstantPtr b = random_tensor(type, {c.w[0]}, -1, 1, 4);
  const ConstantPtr mask = random_tensor(type, with(c.offset_group * taps), 0, 1, 5);
  std::byte* data = nullptr;
  const ConstantPtr expected = make_constant(type, with(c.w[0]), &data);
  const auto at = [](const ConstantPtr& tensor, std::int64_t i) { return static_cast<double>(tensor->as<T>()[i]); };
  T* y = reinterpret_cast<T*>(data);
  const std::int64_t channels = c.w[1], outputs = c.w[0] / c.group;
  for (std::int64_t n = 0; n < c.x[0]; ++n) {
    for (std::int64_t o = 0; o < c.w[0]; ++o) {
      for (std::int64_t p = 0; p < count; ++p) {
        double sum = c.with_b ? at(b, o) : 0;
        for (std::int64_t i = 0; i < channels; ++i) {
          const std::int64_t channel = o / outputs * channels + i;
          const std::int64_t g = n * c.offset_group + channel / (c.x[1] / c.offset_group);
          for (std::int64_t t = 0; t < taps; ++t) {
            std::vector<double> place;
            for (std::size_t axis = 0; axis < axes; ++axis) {
              const auto a = static_cast<std::int64_t>(axis), all = static_cast<std::int64_t>(axes);
              const std::int64_t unmoved = coordinates(places, p)[axis] * c.strides[axis] - c.pads[axis] +
                                           coordinates(kernel, t)[axis] * c.dilations[axis];
              place.push_back(static_cast<double>(unmoved) + at(offset, ((g * taps + t) * all + a) * count + p));
            }
            const auto element = [&](std::int64_t e) { return at(x, (n * c.x[1] + channel) * plane + e); };
            const double factor = c.with_mask ? at(mask, (g * taps + t) * count + p) : 1;
            sum += at(w, (o * channels + i) * taps + t) * factor * sample(element, sizes, place);
          }
        }
        *y++ = static_cast<T>(sum);
      }
    }
  }
  OpTest test("DeformConv", 19);
  test.named(text(type, " ", c.x, " W ", c.w, " group ", c.group, " offset_group ", c.offset_group))
      .ints("strides", c.strides)
      .ints("dilations", c.dilations)
      .ints("pads", c.pads)
      .attribute("group", c.group)
      .attribute("offset_group", c.offset_group)
      .input(x)
      .input(w)
      .input(offset);
  if (c.with_b || c.with_mask) c.with_b ? test.input(b) : test.no_input();
  if (c.with_mask) test.input(mask);
  test.expect(expected).tolerance(tolerance).run();
}

TEST(DeformConv, IsAsTapByTap) {
  const Case plain = {{1, 2, 5, 6}, {3, 2, 2, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}};
  const Case spread = {{2, 4, 7, 6}, {6, 2, 2, 2}, {2, 1}, {2, 3}, {1, 0, 2, 3}, 2, 4};
  check<float>(plain, close(1e-5, 1e-6));
  check<float>(spread, close(1e-5, 1e-6));
  Case bare = plain;
  bare.with_b = bare.with_mask = false;
  check<float>(bare, close(1e-5, 1e-6));
  Case only_mask = plain;
  only_mask.with_b = false;
  only_mask.reach = 0;
  check<float>(only_mask, close(1e-5, 1e-6));
  check<float>({{1, 4, 3, 3}, {2, 2, 3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, 2, 1}, close(1e-5, 1e-6));
  check<float>({{1, 2, 9}, {2, 2, 3}, {2}, {2}, {1, 2}}, close(1e-5, 1e-6));
  check<float>({{1, 2, 3, 4, 3}, {1, 2, 2, 1, 2}, {1, 1, 1}, {1, 1, 1}, {0, 0, 1, 0, 0, 0}}, close(1e-5, 1e-6));
  check<float>({{1, 3, 14, 15}, {5, 3, 3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, close(1e-5, 1e-6));
  check<double>(spread, close(1e-12, 1e-13));
  check<Float16>(spread, close(1e-3, 1e-3));
  check<Bfloat16>(plain, close(1e-2, 1e-2));
  check<float>({{0, 2, 5, 6}, {3, 2, 2, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}}, exact());
}

TEST(DeformConv, CountsNoNumbersAsOutside) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  for (const float offset : {nan, infinity, -infinity, 3e38F, -1.0F, 1.0F}) {
    OpTest("DeformConv", 22)
        .input<float>({1, 1, 1}, {5})
        .input<float>({1, 1, 1}, {2})
        .input<float>({1, 1, 1}, {offset})
        .expect<float>({1, 1, 1}, {0})
        .run();
  }
}

TEST(DeformConv, Infers) {
  OpTest("DeformConv", 19)
      .ints("pads", {1, 1, 1, 1})
      .symbolic_input(DataType::kFloat32, {"n", 4, "h", 8})
      .symbolic_input(DataType::kFloat32, {6, 4, 3, 3})
      .symbolic_input(DataType::kFloat32, {"n", 18, "h", "?"})
      .expect_dims(DataType::kFloat32, {"n", 6, "h", 8})
      .infer_only();
}

TEST(DeformConv, SaysWhatIsWrong) {
  const auto refused = [](OpTest node, const Shape& x, const Shape& w, const Shape& offset, const char* words) {
    node.random_input(DataType::kFloat32, x, 0, 1)
        .random_input(DataType::kFloat32, w, 0, 1)
        .random_input(DataType::kFloat32, offset, 0, 1)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  const OpTest node("DeformConv", 19);
  refused(node, {1, 4, 3, 3}, {1, 4, 2, 2}, {1, 4, 2, 2}, "input offset is [1,4,2,2], expected [1,8,2,2]");
  refused(node, {1, 4, 3, 3}, {1, 2, 2, 2}, {1, 8, 2, 2}, "X has 4 channels, but W wants 2 for each of 1 groups");
  refused(node, {1, 4, 3, 3}, {1, 4, 2}, {1, 8, 2, 2}, "input W is [1,4,2], expected rank 4 as X");
  refused(node, {1, 4}, {1, 4}, {1, 4}, "1 to 3 spatial axes");
  refused(node, {1, 4, 3, 3}, {1, 4, 4, 2}, {1, 8, 2, 2}, "has no place for a window of 4");
  refused(OpTest(node).attribute("group", std::int64_t{0}), {1, 4, 3, 3}, {1, 4, 2, 2}, {1, 8, 2, 2}, "group is 0");
  refused(OpTest(node).attribute("group", std::int64_t{2}), {1, 4, 3, 3}, {1, 2, 2, 2}, {1, 8, 2, 2},
          "W has 1 output channels, expected a multiple of group, 2");
  refused(OpTest(node).attribute("offset_group", std::int64_t{3}), {1, 4, 3, 3}, {1, 4, 2, 2}, {1, 24, 2, 2},
          "X has 4 channels, expected a multiple of offset_group, 3");
  refused(OpTest(node).ints("kernel_shape", {3, 2}), {1, 4, 3, 3}, {1, 4, 2, 2}, {1, 8, 2, 2},
          "kernel_shape[0] is 3, but W is [1,4,2,2]");
}

}  // namespace
}  // namespace linnet::internal
