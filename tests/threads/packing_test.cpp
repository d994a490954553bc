// Weights of a mapped file, which several threads pack at once: the results are those of one thread and of bytes in
// memory. Run under ThreadSanitizer too.
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "runtime/float_mode.hpp"
#include "tests/api/sample_models.hpp"
#include "tests/loaders/temporary_folder.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

constexpr std::int64_t kDepth = 1100;
constexpr std::int64_t kColumns = 2100;

/// 9 MB of weights, as MatMul has them and as Linear has them. `padding` shifts them within the file: only where
/// floats lie on boundaries of their own are they used where the file is mapped.
std::string network(bool transposed, std::size_t padding) {
  const std::vector<float> weights = sample_values(static_cast<std::size_t>(kDepth * kColumns));
  ModelWriter writer = model().producer(std::string(padding, 'p')).input("x", DataType::kFloat32, {"batch", kDepth});
  if (transposed) {
    writer.initializer<float>("w", {kColumns, kDepth}, weights)
        .node("Gemm", {"x", "w"}, {"y"}, {attribute("transB", 1)});
  } else {
    writer.initializer<float>("w", {kDepth, kColumns}, weights).node("MatMul", {"x", "w"}, {"y"});
  }
  return writer.output("y", DataType::kFloat32, {"batch", kColumns}).bytes();
}

class Packing : public testing::TestWithParam<std::tuple<bool, Precision>> {};

TEST_P(Packing, ByThreads) {
  const auto [transposed, precision] = GetParam();
  const TemporaryFolder folder;
  const Tensor x = sample_tensor({3, kDepth}, 7);
  for (std::size_t padding = 0; padding < 4; ++padding) {
    const std::string bytes = network(transposed, padding);
    const std::string path = folder.write("model.onnx", bytes);
    Options options = options_for(Backend::kSimd, 1);
    options.precision = precision;
    const Tensor expected = load(bytes, options).run({x}).front();
    for (const int threads : {1, 2, 5}) {
      options.threads = threads;
      EXPECT_EQ(bit_difference(Model::load(path, options).run({x}).front().view(), expected.view()), "")
          << threads << " threads, " << padding << " bytes of padding";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, Packing,
                         testing::Combine(testing::Bool(), testing::Values(Precision::kF32, Precision::kBf16)),
                         [](const testing::TestParamInfo<std::tuple<bool, Precision>>& info) {
                           return std::string(std::get<0>(info.param) ? "linear" : "matmul") +
                                  (std::get<1>(info.param) == Precision::kF32 ? "_f32" : "_bf16");
                         });

/// In the mode of the option, whatever mode the thread is in that happens to load.
TEST(PackingMode, TreatsDenormalsAsARunDoes) {
  constexpr std::int64_t kSize = 600;  // squared, enough for threads to share
  const std::string bytes = model()
                                .input("x", DataType::kFloat32, {1, kSize})
                                .initializer<float>("w", {kSize, kSize}, std::vector<float>(kSize * kSize, 0x1p-140F))
                                .node("MatMul", {"x", "w"}, {"y"})
                                .output("y", DataType::kFloat32, {1, kSize})
                                .bytes();
  Tensor x = Tensor::of<float>({1, kSize});
  x.data<float>()[5] = 0x1p100F;
  for (const bool flush : {false, true}) {
    for (const int threads : {1, 2}) {
      Options options = options_for(Backend::kSimd, threads);
      options.flush_denormals = flush;
      const internal::FloatMode mode_of_the_caller(!flush);
      const Tensor y = load(bytes, options).run({x}).front();
      for (std::size_t i = 0; i < y.count(); ++i) ASSERT_EQ(y.data<float>()[i], flush ? 0.0F : 0x1p-40F) << i;
    }
  }
}

}  // namespace
}  // namespace linnet::test
