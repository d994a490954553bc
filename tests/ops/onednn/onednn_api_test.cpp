#include "ops/onednn/onednn_api.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <thread>

#include "ops/onednn/onednn_backend.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

#if LINNET_WITH_ONEDNN

TEST(OnednnModule, IsThere) {
  std::string reason;
  const OnednnApi* api = onednn_api(&reason);
  ASSERT_NE(api, nullptr) << reason;
  EXPECT_EQ(api->version, kOnednnApiVersion);
  EXPECT_GE(std::atoi(api->library_version), 3);
  EXPECT_EQ(onednn_refusal(), "");
}

struct MatmulCase {
  const char* name;
  std::int64_t m, n, k;
  bool transposed_a = false;
  bool transposed_b = false;
  bool packed_b = true;
  float alpha = 1;
  OnednnBias bias = OnednnBias::kNone;
  OnednnActivation activation = {};
  std::int64_t dst_padding = 0;
};

std::vector<float> random_floats(std::int64_t count, unsigned seed) {
  const ConstantPtr tensor = random_tensor(DataType::kFloat32, {count}, -1, 1, seed);
  return {tensor->as<float>(), tensor->as<float>() + count};
}

std::int64_t bias_count(const MatmulCase& c) {
  switch (c.bias) {
    case OnednnBias::kNone:
      return 0;
    case OnednnBias::kScalar:
      return 1;
    case OnednnBias::kRow:
      return c.n;
    case OnednnBias::kMatrix:
      return c.m * c.n;
  }
  return 0;
}

OnednnMatmulProblem problem_of(const MatmulCase& c) {
  OnednnMatmulProblem problem;
  problem.m = c.m;
  problem.n = c.n;
  problem.k = c.k;
  problem.a_row_stride = c.transposed_a ? 1 : c.k;
  problem.a_column_stride = c.transposed_a ? c.m : 1;
  problem.packed_b = c.packed_b;
  problem.b_row_stride = c.transposed_b ? 1 : c.n;
  problem.b_column_stride = c.transposed_b ? c.k : 1;
  problem.dst_row_stride = c.n + c.dst_padding;
  problem.alpha = c.alpha;
  problem.bias = c.bias;
  problem.bias_row_stride = c.n;
  problem.activation = c.activation;
  return problem;
}

/// A matmul with operands of its own.
class Matmul {
 public:
  explicit Matmul(const MatmulCase& c)
      : case_(c),
        problem_(problem_of(c)),
        primitive_(make_onednn_matmul(problem_, 2)),
        a_(random_floats(c.m * c.k, 1)),
        b_(random_floats(c.k * c.n, 2)),
        bias_(random_floats(bias_count(c), 3)) {
    if (!c.packed_b) return;
    const OnednnApi* api = onednn_api(nullptr);
    packed_ = allocate_aligned(api->packed_bytes(primitive_.get()));
    check_onednn(
        api->pack(primitive_.get(), b_.data(), problem_.b_row_stride, problem_.b_column_stride, packed_.get()));
  }

  std::vector<float> run() const {
    const OnednnApi* api = onednn_api(nullptr);
    std::vector<float> dst(static_cast<std::size_t>(case_.m * problem_.dst_row_stride), 77.0F);
    const std::shared_ptr<std::byte> workspace = allocate_aligned(api->workspace_bytes(primitive_.get()));
    OnednnBuffers buffers;
    buffers.src = a_.data();
    buffers.weights = case_.packed_b ? static_cast<const void*>(packed_.get()) : b_.data();
    buffers.bias = bias_.data();
    buffers.dst = dst.data();
    buffers.workspace = workspace.get();
    check_onednn(api->execute(primitive_.get(), &buffers));
    return dst;
  }

  double expected(std::int64_t row, std::int64_t column) const {
    double sum = 0;
    for (std::int64_t i = 0; i < case_.k; ++i) {
      sum += static_cast<double>(a_[index(row * problem_.a_row_stride + i * problem_.a_column_stride)]) *
             static_cast<double>(b_[index(i * problem_.b_row_stride + column * problem_.b_column_stride)]);
    }
    sum *= static_cast<double>(case_.alpha);
    if (case_.bias == OnednnBias::kScalar) sum += static_cast<double>(bias_[0]);
    if (case_.bias == OnednnBias::kRow) sum += static_cast<double>(bias_[index(column)]);
    if (case_.bias == OnednnBias::kMatrix) sum += static_cast<double>(bias_[index(row * case_.n + column)]);
    switch (case_.activation.kind) {
      case OnednnEltwise::kRelu:
        return sum < 0 ? static_cast<double>(case_.activation.alpha) * sum : sum;
      case OnednnEltwise::kTanh:
        return std::tanh(sum);
      default:
        return sum;
    }
  }

  const OnednnPrimitivePtr& primitive() const { return primitive_; }

 private:
  static std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }
  MatmulCase case_;
  OnednnMatmulProblem problem_;
  OnednnPrimitivePtr primitive_;
  std::vector<float> a_, b_, bias_;
  std::shared_ptr<std::byte> packed_;
};

void check_matmul(const MatmulCase& c) {
  const Matmul matmul(c);
  const std::vector<float> dst = matmul.run();
  const std::int64_t stride = c.n + c.dst_padding;
  // |A||B| is k at most, and each of k products and sums rounds by 2^-24 of it.
  const double bound = static_cast<double>(c.k) * static_cast<double>(c.k + 4) * 0x1p-24 + 1e-6;
  for (std::int64_t row = 0; row < c.m; ++row) {
    for (std::int64_t column = 0; column < c.n; ++column) {
      const double actual = static_cast<double>(dst[static_cast<std::size_t>(row * stride + column)]);
      ASSERT_NEAR(actual, matmul.expected(row, column), bound) << c.name << " at " << row << "," << column;
    }
    for (std::int64_t column = c.n; column < stride; ++column) {
      ASSERT_EQ(dst[static_cast<std::size_t>(row * stride + column)], 77.0F)
          << c.name << ": written beside row " << row;
    }
  }
}

TEST(OnednnMatmul, ComputesEveryForm) {
  const OnednnActivation leaky = {OnednnEltwise::kRelu, 0.1F, 0};
  const OnednnActivation tanh = {OnednnEltwise::kTanh, 0, 0};
  const MatmulCase cases[] = {
      {"plain", 4, 64, 100},
      {"one row", 1, 32, 64, false, false, true, 1, OnednnBias::kRow},
      {"odd sizes", 5, 17, 33, false, false, true, 1, OnednnBias::kRow, leaky},
      {"one of all", 1, 1, 1, false, false, true, 1, OnednnBias::kScalar},
      {"A transposed", 5, 17, 33, true, false, true, 1, OnednnBias::kNone, leaky},
      {"B transposed", 5, 17, 33, false, true, true, 1, OnednnBias::kNone},
      {"B not packed", 5, 17, 33, false, false, false, 1, OnednnBias::kRow, tanh},
      {"B transposed, not packed", 5, 17, 33, false, true, false, 1, OnednnBias::kRow},
      {"alpha", 5, 17, 33, false, false, true, 0.5F},
      {"alpha and row", 5, 17, 33, false, false, true, -0.5F, OnednnBias::kRow, tanh},
      {"scalar", 5, 17, 33, false, false, true, 1, OnednnBias::kScalar, leaky},
      {"matrix", 5, 17, 33, false, false, true, 1, OnednnBias::kMatrix, leaky},
      {"alpha and matrix", 5, 17, 33, false, false, true, 2.0F, OnednnBias::kMatrix},
      {"rows apart", 3, 17, 33, false, false, true, 1, OnednnBias::kRow, leaky, 3},
  };
  for (const MatmulCase& c : cases) check_matmul(c);
}

TEST(OnednnMatmul, PackedLayoutsDoNotDependOnTheRows) {
  const OnednnApi* api = onednn_api(nullptr);
  const Matmul one({"", 1, 40, 70});
  for (const std::int64_t m : {2, 16, 500}) {
    const Matmul more({"", m, 40, 70});
    EXPECT_STREQ(api->packed_layout(one.primitive().get()), api->packed_layout(more.primitive().get())) << m;
    EXPECT_EQ(api->packed_bytes(one.primitive().get()), api->packed_bytes(more.primitive().get())) << m;
  }
}

TEST(OnednnMatmul, OneRowOfAWiderMatrixRunsAsIfItWereAlone) {
  const OnednnApi* api = onednn_api(nullptr);
  MatmulCase wide = {"wide", 1, 40, 70, false, false, true, 1, OnednnBias::kMatrix};
  wide.dst_padding = 24;
  check_matmul(wide);
  EXPECT_STREQ(
      api->implementation(Matmul(wide).primitive().get()),
      api->implementation(Matmul({"alone", 1, 40, 70, false, false, true, 1, OnednnBias::kMatrix}).primitive().get()));
}

TEST(OnednnMatmul, OnePrimitiveServesManyThreads) {
  const Matmul matmul({"", 8, 48, 64, false, false, true, 1, OnednnBias::kRow});
  const std::vector<float> expected = matmul.run();
  std::vector<std::thread> threads;
  threads.reserve(6);
  std::atomic<int> wrong{0};
  for (int i = 0; i < 6; ++i) {  // more than the two contexts made in advance
    threads.emplace_back([&] {
      for (int run = 0; run < 200; ++run) wrong += matmul.run() == expected ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

std::ptrdiff_t thread_count() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

TEST(OnednnModule, StartsNoThreads) {
  const std::ptrdiff_t before = thread_count();
  const ConstantPtr x = random_tensor(DataType::kFloat32, {512, 1024}, -1, 1, 1);
  std::vector<float> y(512 * 1024);
  OnednnBuffers buffers;
  buffers.src = x->data;
  buffers.dst = y.data();
  const OnednnActivation relu = {OnednnEltwise::kRelu, 0, 0};
  check_onednn(onednn_api(nullptr)->execute(make_onednn_eltwise({relu, 512 * 1024}, 1).get(), &buffers));
  check_onednn(onednn_api(nullptr)->execute(make_onednn_softmax({512, 1024, 1, false}, 1).get(), &buffers));
  EXPECT_EQ(Matmul({"", 512, 64, 512}).run().size(), 512U * 64);
  EXPECT_EQ(thread_count(), before);
}

TEST(OnednnSoftmaxPrimitive, TellsItsImplementation) {
  const OnednnPrimitivePtr primitive = make_onednn_softmax({2, 8, 1, false}, 1);
  EXPECT_STRNE(onednn_api(nullptr)->implementation(primitive.get()), "");
}

TEST(OnednnStatus, BecomesAnError) {
  EXPECT_NO_THROW(check_onednn(OnednnStatus::kOk));
  const auto code_of = [](OnednnStatus status) {
    try {
      check_onednn(status);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode{};
  };
  EXPECT_EQ(code_of(OnednnStatus::kOutOfMemory), ErrorCode::kOutOfMemory);
  EXPECT_EQ(code_of(OnednnStatus::kUnsupported), ErrorCode::kUnsupported);
  EXPECT_EQ(code_of(OnednnStatus::kFailed), ErrorCode::kInternal);
}

TEST(OnednnEltwisePrimitive, RefusesNoActivation) {
  EXPECT_THROW(make_onednn_eltwise({{OnednnEltwise::kNone, 0, 0}, 4}, 1), Error);
}

#else

TEST(OnednnModule, IsNotThere) {
  EXPECT_EQ(onednn_api(nullptr), nullptr);
  EXPECT_EQ(onednn_refusal(), "built without oneDNN");
}

#endif

}  // namespace
}  // namespace linnet::internal
