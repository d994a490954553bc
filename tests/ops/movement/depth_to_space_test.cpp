#include <gtest/gtest.h>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

OpTest node_of(const char* op, int opset, std::int64_t size, const char* mode = nullptr) {
  OpTest test(op, opset);
  test.attribute("blocksize", size);
  if (mode != nullptr) test.attribute("mode", std::string(mode));
  return test;
}

/// A deep tensor [n,c,h,w] beside the wide one: by the formula for its channels.
template <typename T>
void check(const Shape& deep_shape, std::int64_t size, bool channels_first) {
  const ConstantPtr deep = random_tensor(data_type_of<T>(), deep_shape, 0, 100, 1);
  const std::int64_t channels = deep_shape[1] / size / size, height = deep_shape[2], width = deep_shape[3];
  const Shape wide_shape = {deep_shape[0], channels, height * size, width * size};
  std::byte* data = nullptr;
  const ConstantPtr wide = make_constant(data_type_of<T>(), wide_shape, &data);
  for (std::int64_t i = 0; i < wide->count(); ++i) {
    const std::int64_t x = i % (width * size), y = i / (width * size) % (height * size);
    const std::int64_t plane = i / (width * size * height * size);
    const std::int64_t channel = plane % channels, image = plane / channels;
    const std::int64_t row = y % size, column = x % size;
    const std::int64_t from =
        channels_first ? (channel * size + row) * size + column : (row * size + column) * channels + channel;
    const std::int64_t source = ((image * deep_shape[1] + from) * height + y / size) * width + x / size;
    reinterpret_cast<T*>(data)[i] = deep->as<T>()[source];
  }
  const char* mode = channels_first ? "CRD" : "DCR";
  const std::string name = text(data_type_of<T>(), " ", deep_shape, " by ", size, " ", mode);
  node_of("DepthToSpace", 13, size, mode).named(name).input(deep).expect(wide).run();
  node_of("SpaceToDepth", 28, size, mode).named(name).input(wide).expect(deep).run();
  if (channels_first) return;
  node_of("DepthToSpace", 7, size).named(name).input(deep).expect(wide).run();
  node_of("SpaceToDepth", 13, size).named(name).input(wide).expect(deep).run();
}

TEST(DepthToSpace, MovesEveryElement) {
  for (const bool channels_first : {false, true}) {
    check<float>({1, 8, 2, 3}, 2, channels_first);
    check<float>({2, 9, 3, 1}, 3, channels_first);
    check<float>({3, 2, 4, 5}, 1, channels_first);
    check<float>({2, 16, 37, 45}, 2, channels_first);
    check<float>({0, 4, 2, 2}, 2, channels_first);
    check<float>({1, 4, 0, 2}, 2, channels_first);
    check<double>({1, 8, 2, 3}, 2, channels_first);
    check<Float16>({1, 8, 2, 3}, 2, channels_first);
    check<std::int8_t>({1, 8, 2, 3}, 2, channels_first);
    check<bool>({1, 8, 2, 3}, 2, channels_first);
  }
}

TEST(DepthToSpace, KnowsShapes) {
  node_of("DepthToSpace", 13, 2)
      .symbolic_input(DataType::kInt8, {"n", 8, 3, "w"})
      .expect_dims(DataType::kInt8, {"n", 2, 6, "?"})
      .infer_only();
  node_of("SpaceToDepth", 13, 2)
      .symbolic_input(DataType::kInt8, {"n", 3, 8, "w"})
      .expect_dims(DataType::kInt8, {"n", 12, 4, "?"})
      .infer_only();
  node_of("DepthToSpace", 13, 1)
      .symbolic_input(DataType::kInt8, {"n", "c", "h", "w"})
      .expect_dims(DataType::kInt8, {"n", "c", "h", "w"})
      .expect_identity(true)
      .infer_only();
}

TEST(DepthToSpace, SaysWhatIsWrong) {
  const auto refused = [](OpTest node, const Shape& shape, const char* words) {
    node.random_input(DataType::kFloat32, shape, 0, 1).expect_error(ErrorCode::kInvalidModel, words).run();
  };
  refused(node_of("DepthToSpace", 13, 2), {1, 6, 2, 2}, "input is [1,6,2,2], of which 4 does not divide the channels");
  refused(node_of("SpaceToDepth", 13, 2), {1, 1, 3, 2}, "input is [1,1,3,2], of which 2 does not divide the height");
  refused(node_of("SpaceToDepth", 13, 2), {1, 1, 2, 3}, "input is [1,1,2,3], of which 2 does not divide the width");
  refused(node_of("DepthToSpace", 13, 2), {4, 2, 2}, "input is [4,2,2], expected rank 4");
  refused(node_of("DepthToSpace", 13, 0), {1, 4, 2, 2}, "blocksize is 0, expected 1 or more");
  refused(node_of("DepthToSpace", 13, INT64_MAX), {1, 4, 2, 2}, "is too large");
  refused(node_of("SpaceToDepth", 13, 3000000000), {1, 4, 0, 0}, "more elements than 64 bits can count");
  refused(node_of("DepthToSpace", 13, 2, "dcr"), {1, 4, 2, 2}, "mode is \"dcr\", expected \"DCR\" or \"CRD\"");
  OpTest("SpaceToDepth", 13)
      .random_input(DataType::kFloat32, {1, 4, 2, 2}, 0, 1)
      .expect_error(ErrorCode::kInvalidModel, "blocksize")
      .run();
}

}  // namespace
}  // namespace linnet::internal
