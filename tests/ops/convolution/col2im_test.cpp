#include <gtest/gtest.h>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"
#include "tests/ops/places.hpp"

namespace linnet::internal {
namespace {

using Ints = std::vector<std::int64_t>;

struct Blocks {
  Ints image, block;
  Ints strides, dilations, pads;  // of all axes
};

/// Every element of the input goes to where its block and its tap say.
template <typename T>
void check(const Blocks& b, std::int64_t batches, std::int64_t channels, const Tolerance& tolerance) {
  const std::size_t axes = b.image.size();
  Ints places;
  for (std::size_t i = 0; i < axes; ++i) {
    const std::int64_t span = 1 + (b.block[i] - 1) * b.dilations[i];
    places.push_back(1 + (b.image[i] + b.pads[i] + b.pads[axes + i] - span) / b.strides[i]);
  }
  const std::int64_t taps = element_count(b.block);
  const ConstantPtr x = random_tensor(data_type_of<T>(), {batches, channels * taps, element_count(places)}, 0, 9, 5);
  Shape shape = {batches, channels};
  shape.insert(shape.end(), b.image.begin(), b.image.end());
  std::vector<double> sums(static_cast<std::size_t>(element_count(shape)), 0.0);
  for (std::int64_t plane = 0; plane < batches * channels; ++plane) {
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      for (std::int64_t place = 0; place < element_count(places); ++place) {
        const Ints t = coordinates(b.block, tap), l = coordinates(places, place);
        std::int64_t to = plane;
        bool inside = true;
        for (std::size_t i = 0; i < axes; ++i) {
          const std::int64_t at = l[i] * b.strides[i] - b.pads[i] + t[i] * b.dilations[i];
          inside = inside && at >= 0 && at < b.image[i];
          to = to * b.image[i] + at;
        }
        const T value = x->as<T>()[(plane * taps + tap) * element_count(places) + place];
        if (inside) sums[static_cast<std::size_t>(to)] += static_cast<double>(value);
      }
    }
  }
  std::byte* data = nullptr;
  const ConstantPtr expected = make_constant(data_type_of<T>(), shape, &data);
  for (std::size_t i = 0; i < sums.size(); ++i) reinterpret_cast<T*>(data)[i] = static_cast<T>(sums[i]);
  const auto size = static_cast<std::int64_t>(axes);
  OpTest("Col2Im", 18)
      .named(text(data_type_of<T>(), " ", shape, " of blocks ", b.block))
      .ints("strides", b.strides)
      .ints("dilations", b.dilations)
      .ints("pads", b.pads)
      .input(x)
      .template input<std::int64_t>({size}, b.image)
      .template input<std::int64_t>({size}, b.block)
      .expect(expected)
      .tolerance(tolerance)
      .run();
}

TEST(Col2Im, SumsBlocks) {
  const Blocks plain = {{5, 6}, {2, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}};
  const Blocks spread = {{7, 6}, {2, 3}, {2, 1}, {3, 2}, {1, 0, 2, 3}};
  check<float>(plain, 2, 3, ulp(1));
  check<float>(spread, 1, 2, ulp(1));
  check<float>({{9}, {3}, {2}, {2}, {3, 1}}, 2, 2, ulp(1));
  check<float>({{4, 3, 5}, {2, 1, 3}, {1, 2, 2}, {2, 1, 1}, {0, 1, 2, 1, 0, 0}}, 1, 2, ulp(1));
  check<float>({{1, 5}, {1, 5}, {1, 5}, {1, 1}, {0, 0, 0, 0}}, 1, 1, ulp(1));
  check<float>({{40, 50}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, 2, 20, ulp(1));
  check<double>(spread, 1, 2, ulp(1));
  check<Float16>(spread, 1, 2, ulp(1));
  check<Bfloat16>(plain, 1, 2, ulp(1));
  check<std::int32_t>(spread, 1, 2, exact());
  check<std::uint8_t>(plain, 1, 1, exact());
  check<float>(plain, 0, 2, exact());
}

TEST(Col2Im, HasDefaults) {
  OpTest("Col2Im", 18)
      .input<float>({1, 2, 2}, {1, 2, 3, 4})
      .input<std::int64_t>({1}, {3})
      .input<std::int64_t>({1}, {2})
      .expect<float>({1, 1, 3}, {1, 5, 4})
      .run();
  OpTest("Col2Im", 18)
      .symbolic_input(DataType::kFloat32, {"n", 12, 20})
      .symbolic_input(DataType::kInt64, {2})
      .elements({5, 6})
      .symbolic_input(DataType::kInt64, {2})
      .elements({2, 2})
      .expect_dims(DataType::kFloat32, {"n", 3, 5, 6})
      .infer_only();
  OpTest("Col2Im", 18)
      .symbolic_input(DataType::kFloat32, {"n", 12, "l"})
      .symbolic_input(DataType::kInt64, {2})
      .symbolic_input(DataType::kInt64, {2})
      .expect_dims(DataType::kFloat32, {"n", "?", "?", "?"})
      .infer_only();
}

TEST(Col2Im, SaysWhatIsWrong) {
  const auto refused = [](const Shape& x, const Ints& image, const Ints& block, const char* words) {
    OpTest("Col2Im", 18)
        .random_input(DataType::kFloat32, x, 0, 1)
        .input<std::int64_t>({static_cast<std::int64_t>(image.size())}, image)
        .input<std::int64_t>({static_cast<std::int64_t>(block.size())}, block)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused({1, 4}, {2}, {2}, "input is [1,4], expected [N,C*taps,places]");
  refused({1, 4, 1}, {2, 2}, {2}, "image_shape has 2 elements and block_shape 1, expected as many");
  refused({1, 4, 1}, {}, {}, "image_shape has no elements");
  refused({1, 4, 2}, {2, 2}, {2, 2}, "input has 2 places of blocks, but image_shape and block_shape make 1");
  refused({1, 5, 1}, {2, 2}, {2, 2}, "input has 5 rows, expected a multiple of the 4 elements of a block");
  refused({1, 4, 1}, {0, 2}, {2, 2}, "image_shape[0] is 0, expected 1 or more");
  refused({1, 4, 1}, {2, -2}, {2, 2}, "image_shape[1] is -2, expected 1 or more");
  refused({1, 4, 1}, {2, 2}, {2, 0}, "the kernel has 0 elements along spatial axis 1");
  refused({1, 4, 1}, {2, 2}, {2, 3}, "has no place for a window of 3");
  refused({1, 4, 1}, {std::int64_t{1} << 40, std::int64_t{1} << 40}, {2, 2}, "");
}

}  // namespace
}  // namespace linnet::internal
