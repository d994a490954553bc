// Elementwise operators on arrays that no cache holds, whose results are written past the caches: the bits are those of
// the same rows in arrays that are not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "runtime/cache_size.hpp"
#include "tests/api/sample_models.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

constexpr std::int64_t kSomeRows = 100;

struct LargeCase {
  const char* name;
  std::int64_t columns;
  void (*build)(ModelWriter& model);
};

void relu(ModelWriter& model) { model.node("Relu", {"x"}, {"y"}); }
void sigmoid(ModelWriter& model) { model.node("Sigmoid", {"x"}, {"y"}); }
void neg(ModelWriter& model) { model.node("Neg", {"x"}, {"y"}); }
void add_to_itself(ModelWriter& model) { model.node("Add", {"x", "x"}, {"y"}); }
void multiply_columns(ModelWriter& model) {
  model.initializer<float>("scale", {7}, sample_values(7)).node("Mul", {"x", "scale"}, {"y"});
}
void subtract_from_number(ModelWriter& model) {
  model.initializer<float>("one", {}, {1.0F}).node("Sub", {"one", "x"}, {"y"});
}
void normalize(ModelWriter& model) {
  model.initializer<float>("scale", {60}, sample_values(60, 2))
      .initializer<float>("shift", {60}, sample_values(60, 3))
      .initializer<float>("mean", {60}, sample_values(60, 4))
      .initializer<float>("variance", {60}, std::vector<float>(60, 0.5F))
      .node("BatchNormalization", {"x", "scale", "shift", "mean", "variance"}, {"y"});
}

class LargeArrays : public testing::TestWithParam<LargeCase> {};

TEST_P(LargeArrays, HaveTheBitsOfSmallOnes) {
  const std::size_t cache_bytes = internal::last_level_cache_bytes();
  if (cache_bytes > std::size_t{256} << 20) GTEST_SKIP() << "a cache of " << cache_bytes << " bytes";
  const std::int64_t columns = GetParam().columns;
  const auto row_bytes = static_cast<std::size_t>(columns) * sizeof(float);
  // x and y together exceed the cache, and the last chunk of them is a short one.
  const std::int64_t rows = static_cast<std::int64_t>(cache_bytes / row_bytes / 2) + kSomeRows + 1;
  ModelWriter writer = model().opset(15).input("x", DataType::kFloat32, {"rows", columns});
  GetParam().build(writer);
  const std::string bytes = writer.output("y", DataType::kFloat32, {"rows", columns}).bytes();
  const Tensor x = sample_tensor({rows, columns});
  for (const int threads : {1, 2}) {
    const Model model = load(bytes, options_for(Backend::kSimd, threads));
    const Tensor y = model.run({x}).front();
    Session session = model.session();
    std::int64_t different = 0;
    for (std::int64_t row = 0; row < rows; row += kSomeRows) {
      const std::int64_t some = std::min(kSomeRows, rows - row);
      const std::int64_t shape[] = {some, columns};
      session.bind_input(0, {DataType::kFloat32, shape, 2, x.data<float>() + row * columns});
      session.run();
      const std::size_t bytes_of_some = static_cast<std::size_t>(some) * row_bytes;
      different += std::memcmp(session.output(0).data, y.data<float>() + row * columns, bytes_of_some) != 0 ? 1 : 0;
    }
    EXPECT_EQ(different, 0) << "blocks of rows, with " << threads << " threads";
  }
}

INSTANTIATE_TEST_SUITE_P(Api, LargeArrays,
                         testing::Values(LargeCase{"Relu", 61, relu}, LargeCase{"Sigmoid", 61, sigmoid},
                                         LargeCase{"Neg", 61, neg}, LargeCase{"Add", 61, add_to_itself},
                                         LargeCase{"MulColumns", 7, multiply_columns},
                                         LargeCase{"SubFromNumber", 61, subtract_from_number},
                                         LargeCase{"BatchNormalization", 60, normalize}),
                         [](const testing::TestParamInfo<LargeCase>& info) { return info.param.name; });

}  // namespace
}  // namespace linnet::test
