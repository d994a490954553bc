// Precision::kBf16 on whole models: close to float32, the same whatever the threads, and refused nowhere.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

#include <linnet/inspect.hpp>
#include <linnet/tensor_file.hpp>

#include "ops/kernels/targets.hpp"
#include "ops/kernels/tiles.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/model_index.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

Options bf16_options(int threads, Backend backend = Backend::kAuto) {
  Options options = options_for(backend, threads);
  options.precision = Precision::kBf16;
  return options;
}

const std::string kModel = std::string(LINNET_TEST_DATA_DIR) + "/large/mlp_256_256_256_256_10";

void expect_close_and_independent_of_threads() {
  const Tensor x = read_npy(kModel + "_input_batch64.npy");
  const Tensor expected = read_npy(kModel + "_output_batch64.npy");
  Tensor first;
  for (const int threads : {1, 2, 3}) {
    const Tensor y = Model::load(kModel + ".onnx", bf16_options(threads)).run({x}).front();
    ASSERT_EQ(y.shape(), expected.shape());
    for (std::size_t i = 0; i < y.count(); ++i) {
      ASSERT_NEAR(y.data<float>()[i], expected.data<float>()[i], 0.02) << "element " << i << ", probabilities";
    }
    if (threads == 1) first = y;
    EXPECT_EQ(bit_difference(y.view(), first.view()), "") << threads << " threads";
  }
}

TEST(Bfloat16, IsCloseToFloat32AndIndependentOfThreads) { expect_close_and_independent_of_threads(); }

/// As on a CPU with AMX, whose bits the emulation gives.
class Bfloat16InTiles : public testing::Test {
 protected:
  void SetUp() override { kernels::set_tiles(kernels::Tiles::kEmulated); }
  void TearDown() override { kernels::set_tiles(kernels::Tiles::kInstructions); }
};

TEST_F(Bfloat16InTiles, IsCloseToFloat32AndIndependentOfThreads) { expect_close_and_independent_of_threads(); }

TEST_F(Bfloat16InTiles, ARowDoesNotDependOnItsBatch) {
  const Model model = Model::load(kModel + ".onnx", bf16_options(2));
  const Tensor x = read_npy(kModel + "_input_batch64.npy");
  const Tensor y = model.run({x}).front();
  Tensor last(DataType::kFloat32, {1, 256});
  constexpr std::size_t kLast = 63;
  std::memcpy(last.data<float>(), x.data<float>() + kLast * 256, 256 * sizeof(float));
  const Tensor alone = model.run({last}).front();
  Tensor among_others(DataType::kFloat32, {1, 10});
  std::memcpy(among_others.data<float>(), y.data<float>() + kLast * 10, 10 * sizeof(float));
  EXPECT_EQ(bit_difference(alone.view(), among_others.view()), "");
}

TEST_F(Bfloat16InTiles, WarmRunsAllocateNothing) {
  const Model model = Model::load(kModel + ".onnx", bf16_options(2));
  const Tensor x = read_npy(kModel + "_input_batch64.npy");
  EXPECT_EQ(summarize_program(model, {x.view()}).steps.front().implementation, "simd tiles bf16");
  Session session = model.session();
  session.bind_input(0, x.view());
  session.run();
  const std::uint64_t before = AllocationCounter::allocations();
  session.run();
  EXPECT_EQ(AllocationCounter::allocations(), before);
}

/// The same operands and float32 sums, in another order.
TEST(Bfloat16, OnednnGivesNearlyTheSame) {
  if (!kernels::has_bfloat16_instructions() || !onednn_available(nullptr)) {
    GTEST_SKIP() << "no AVX512_BF16 or no oneDNN here";
  }
  const Tensor x = read_npy(kModel + "_input_batch64.npy");
  const Tensor own = Model::load(kModel + ".onnx", bf16_options(1, Backend::kSimd)).run({x}).front();
  const Model model = Model::load(kModel + ".onnx", bf16_options(2, Backend::kOnednn));
  EXPECT_EQ(summarize_program(model, {x.view()}).steps.front().implementation, "onednn bf16");
  const Tensor y = model.run({x}).front();
  for (std::size_t i = 0; i < y.count(); ++i) {
    ASSERT_NEAR(y.data<float>()[i], own.data<float>()[i], 0.005) << "element " << i;
  }
}

TEST(Bfloat16, EveryNodeSaysWhatComputesIt) {
  const Model model = Model::load(kModel + ".onnx", bf16_options(1));
  const Tensor x = read_npy(kModel + "_input_batch1.npy");
  bool products = false;
  for (const StepSummary& step : summarize_program(model, {x.view()}).steps) {
    if (step.node.op.find("Gemm") != 0) continue;
    products = true;
    if (kernels::bfloat16_pairs_are_fast() || kernels::tiles() != kernels::Tiles::kNone) {
      EXPECT_NE(step.implementation.find("bf16"), std::string::npos) << step.implementation;
    } else {
      EXPECT_EQ(step.implementation.find("bf16"), std::string::npos) << step.implementation;
    }
  }
  EXPECT_TRUE(products);
}

TEST(Bfloat16, CpusWithoutItAreToldAndGetFloat32) {
  ASSERT_TRUE(kernels::set_isa(kernels::supported_targets().back()));
  std::string logged;
  Options options = bf16_options(1);
  options.log = [&](LogLevel level, std::string_view line) {
    if (level == LogLevel::kWarning) logged = line;
  };
  const Tensor x = read_npy(kModel + "_input_batch1.npy");
  const Tensor y = Model::load(kModel + ".onnx", options).run({x}).front();
  Options f32 = options_for(Backend::kAuto, 1);
  const Tensor expected = Model::load(kModel + ".onnx", f32).run({x}).front();
  kernels::set_isa("auto");
  EXPECT_NE(logged.find("no bfloat16 arithmetic"), std::string::npos) << logged;
  EXPECT_EQ(bit_difference(y.view(), expected.view()), "");
}

}  // namespace
}  // namespace linnet::test
