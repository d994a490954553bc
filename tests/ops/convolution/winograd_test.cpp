// Convolutions in Winograd's form beside direct sums and sums in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "ops/kernels/targets.hpp"
#include "tests/ops/convolution/convolution_expectation.hpp"
#include "tests/ops/mini_graph.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

ValueId convolution(MiniGraph& graph, const ConstantPtr& x, const ConstantPtr& w, std::int64_t bottom = 1) {
  return graph.node("Conv", 11, {{"pads", std::vector<std::int64_t>{1, 1, bottom, 1}}},
                    {graph.constant(x), graph.constant(w)});
}

/// W with a row of zeros: the same sums, but no 3 x 3 kernel.
ConstantPtr with_row_of_zeros(const Constant& w) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < w.count(); i += 9) {
    values.insert(values.end(), w.as<float>() + i, w.as<float>() + i + 9);
    values.insert(values.end(), 3, 0.0F);
  }
  return tensor_of<float>({w.shape[0], w.shape[1], 4, 3}, values);
}

struct Errors {
  double rms = 0, largest = 0;
};

Errors errors_of(const Constant& actual, const Constant& expected) {
  Errors errors;
  for (std::int64_t i = 0; i < expected.count(); ++i) {
    const double error = static_cast<double>(actual.as<float>()[i]) - expected.as<double>()[i];
    errors.rms += error * error;
    errors.largest = std::max(errors.largest, std::abs(error));
  }
  errors.rms = std::sqrt(errors.rms / static_cast<double>(expected.count()));
  return errors;
}

ConstantPtr in_double(const Constant& tensor) {
  return tensor_of<double>(tensor.shape, std::vector<double>(tensor.as<float>(), tensor.as<float>() + tensor.count()));
}

/// On every instruction set. Without FMA the errors of products count, too, and the mean may be a little larger.
void expect_no_less_exact(std::int64_t channels, const ConstantPtr& x, const ConstantPtr& w) {
  MiniGraph graph;
  const ConstantPtr exact = graph.evaluate(convolution(graph, in_double(*x), in_double(*w)), Backend::kReference);
  for (const char* isa : kernels::supported_targets()) {
    ASSERT_TRUE(kernels::set_isa(isa));
    SCOPED_TRACE(text(channels, " channels, ", isa));
    const bool has_fma = std::strcmp(isa, "sse4") != 0 && std::strcmp(isa, "scalar") != 0;
    const Errors of_direct =
        errors_of(*graph.evaluate(convolution(graph, x, with_row_of_zeros(*w), 2), Backend::kSimd), *exact);
    const Errors of_winograd = errors_of(*graph.evaluate(convolution(graph, x, w), Backend::kSimd), *exact);
    EXPECT_NE(of_winograd.rms, of_direct.rms) << "both are summed alike";
    EXPECT_LE(of_winograd.rms, of_direct.rms * (has_fma ? 1 : 1.02));
    EXPECT_LE(of_winograd.largest, of_direct.largest);
  }
  ASSERT_TRUE(kernels::set_isa("auto"));
}

TEST(Winograd, IsNoLessExactThanDirectSums) {
  for (const std::int64_t channels : {32, 64, 128, 256, 512}) {
    for (const double low : {-1.0, 0.0}) {
      const ConstantPtr x = random_tensor(DataType::kFloat32, {1, channels, 24, 24}, low, 1, 1);
      const ConstantPtr w = random_tensor(DataType::kFloat32, {32, channels, 3, 3}, -1, 1, 2);
      expect_no_less_exact(channels, x, w);
    }
  }
}

struct Compared {
  ConstantPtr actual, expected;
};

/// What the convolution `y` gives with channels first, and with channels last. `expected`: with channels first.
std::vector<Compared> in_both_layouts(MiniGraph& graph, ValueId y, const ConstantPtr& expected) {
  const ValueId last = with_channels_last(graph, y);
  return {{graph.evaluate(y, Backend::kSimd), expected},
          {graph.evaluate(last, Backend::kSimd), to_channels_last(*expected)}};
}

/// Whether both are finite, or the same infinity, or NaN.
bool is_alike(float a, float b) { return std::isfinite(a) ? std::isfinite(b) : std::isnan(a) ? std::isnan(b) : a == b; }

TEST(Winograd, SumsDirectlyWhatIsNotFinite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  struct Fault {
    const char* name;
    float first, second;  ///< neighbours
  };
  const Fault faults[] = {{"infinity", kInfinity, 0.5F},
                          {"negative infinity", -kInfinity, 0.5F},
                          {"both", kInfinity, -kInfinity},
                          {"NaN", std::numeric_limits<float>::quiet_NaN(), 1.0F},
                          {"overflow on the way", 3e38F, -3e38F}};
  const ConstantPtr w = random_tensor(DataType::kFloat32, {70, 33, 3, 3}, -0.1, 0.1, 2);
  const ConstantPtr clean = random_tensor(DataType::kFloat32, {2, 33, 17, 19}, -1, 1, 1);
  for (const Fault& fault : faults) {
    SCOPED_TRACE(fault.name);
    std::vector<float> values(clean->as<float>(), clean->as<float>() + clean->count());
    constexpr std::size_t kPlace = (5 * 17 + 8) * 19 + 6;
    values[kPlace] = fault.first;
    values[kPlace + 2] = fault.second;
    MiniGraph graph;
    const ValueId y = convolution(graph, tensor_of<float>(clean->shape, values), w);
    for (const auto& [actual, expected] : in_both_layouts(graph, y, graph.evaluate(y, Backend::kReference))) {
      ASSERT_EQ(actual->shape, expected->shape);
      for (std::int64_t i = 0; i < actual->count(); ++i) {
        const float a = actual->as<float>()[i], e = expected->as<float>()[i];
        ASSERT_TRUE(is_alike(a, e)) << a << " instead of " << e << ", element " << i;
        const float bound = std::isfinite(e) ? 1e-5F + 1e-5F * std::abs(e) : 0.0F;
        ASSERT_FALSE(std::abs(a - e) > bound) << a << " instead of " << e << ", element " << i;
      }
    }
  }
}

TEST(Winograd, AddsAndActivatesWhatItSumsDirectly) {
  std::vector<float> values(32 * 15 * 15, 0.25F);
  values[7 * 15 + 7] = std::numeric_limits<float>::infinity();
  const ConstantPtr w = random_tensor(DataType::kFloat32, {32, 32, 3, 3}, -1, 1, 2);
  const ConstantPtr addend = random_tensor(DataType::kFloat32, {1, 32, 15, 15}, -9, 9, 3);
  for (const char* op : {"Relu", "HardSigmoid"}) {
    MiniGraph graph;
    const ValueId y = convolution(graph, tensor_of<float>({1, 32, 15, 15}, values), w);
    const ValueId sum = graph.node("Add", 14, {}, {y, graph.constant(addend)});
    const ValueId fused_sum = graph.node(*graph.fuse(&OpFacts::absorb_activation, y, sum));
    const ValueId fused =
        graph.node(*graph.fuse(&OpFacts::absorb_activation, fused_sum, graph.node(op, 6, {}, {fused_sum})));
    const ConstantPtr apart = graph.evaluate(graph.node(op, 6, {}, {sum}), Backend::kReference);
    for (const auto& [actual, expected] : in_both_layouts(graph, fused, apart)) {
      ASSERT_EQ(actual->shape, expected->shape);
      for (std::int64_t i = 0; i < actual->count(); ++i) {
        const float a = actual->as<float>()[i], e = expected->as<float>()[i];
        ASSERT_TRUE(is_alike(a, e)) << op << ": " << a << " instead of " << e << ", element " << i;
        ASSERT_FALSE(std::abs(a - e) > 1e-4F) << op << ": " << a << " instead of " << e << ", element " << i;
      }
    }
  }
}

ConstantPtr cast(const ConstantPtr& tensor, DataType to) {
  MiniGraph graph;
  const std::vector<NamedAttribute> attributes = {{"to", static_cast<std::int64_t>(to)}};
  return graph.evaluate(graph.node("Cast", 13, attributes, {graph.constant(tensor)}), Backend::kSimd);
}

TEST(Winograd, OfHalvesIsThatOfFloatsRounded) {
  for (const DataType type : {DataType::kFloat16, DataType::kBfloat16}) {
    for (const float fault : {0.5F, std::numeric_limits<float>::infinity()}) {
      std::vector<float> values(33 * 17 * 19, 0.25F);
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 101) / 64.0F - 0.75F;
      values[7 * 17 * 19 + 150] = fault;
      const ConstantPtr x = cast(tensor_of<float>({1, 33, 17, 19}, values), type);
      const ConstantPtr w = cast(random_tensor(DataType::kFloat32, {40, 33, 3, 3}, -1, 1, 2), type);
      MiniGraph graph;
      const ConstantPtr actual = graph.evaluate(convolution(graph, x, w), Backend::kSimd);
      const ConstantPtr of_floats =
          graph.evaluate(convolution(graph, cast(x, DataType::kFloat32), cast(w, DataType::kFloat32)), Backend::kSimd);
      const ConstantPtr expected = cast(of_floats, type);
      ASSERT_EQ(actual->bytes, expected->bytes);
      EXPECT_EQ(std::memcmp(actual->data, expected->data, actual->bytes), 0) << text(type, " with ", fault);
    }
  }
}

struct Dilated {
  std::int64_t height, width, groups;
  std::int64_t down, along;  ///< dilations
  std::vector<std::int64_t> pads;
  float fault;  ///< an element of X
};

ConstantPtr with_element(const Constant& tensor, std::size_t place, float element) {
  std::vector<float> values(tensor.as<float>(), tensor.as<float>() + tensor.count());
  values[place] = element;
  return tensor_of<float>(tensor.shape, values);
}

TEST(Winograd, TakesThePhasesOfDilations) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Dilated cases[] = {{24, 24, 1, 2, 2, {2, 2, 2, 2}, 0.5F}, {25, 31, 1, 3, 2, {3, 2, 3, 2}, 0.5F},
                           {19, 26, 1, 1, 5, {0, 0, 0, 0}, 0.5F}, {23, 17, 2, 4, 1, {1, 0, 9, 3}, 0.5F},
                           {22, 22, 1, 7, 7, {7, 7, 7, 7}, 0.5F}, {30, 22, 2, 2, 3, {5, 1, 0, 8}, 0.5F},
                           {24, 24, 1, 2, 2, {0, 7, 9, 0}, 0.5F}, {24, 24, 2, 3, 2, {3, 2, 3, 2}, kInfinity},
                           {2, 23, 1, 3, 2, {7, 2, 7, 2}, 0.5F}};
  for (const Dilated& given : cases) {
    SCOPED_TRACE(text(given.height, " x ", given.width, ", dilations ", given.down, " and ", given.along));
    const std::int64_t channels = 33 * given.groups;
    const ConstantPtr clean = random_tensor(DataType::kFloat32, {2, channels, given.height, given.width}, -1, 1, 1);
    const ConstantPtr x = with_element(*clean, static_cast<std::size_t>(clean->count() / 3), given.fault);
    const ConstantPtr w = random_tensor(DataType::kFloat32, {40 * given.groups, 33, 3, 3}, -1, 1, 2);
    MiniGraph graph;
    const ValueId y = graph.node("Conv", 11,
                                 {{"pads", given.pads},
                                  {"group", given.groups},
                                  {"dilations", std::vector<std::int64_t>{given.down, given.along}}},
                                 {graph.constant(x), graph.constant(w)});
    const ConstantPtr expected_y = graph.evaluate(y, Backend::kReference);
    std::vector<Compared> results = in_both_layouts(graph, y, expected_y);
    const ValueId addend = graph.constant(random_tensor(DataType::kFloat32, expected_y->shape, -9, 9, 3));
    const ValueId sum = graph.node("Add", 14, {}, {y, addend});
    const ValueId fused_sum = graph.node(*graph.fuse(&OpFacts::absorb_activation, y, sum));
    const ValueId fused =
        graph.node(*graph.fuse(&OpFacts::absorb_activation, fused_sum, graph.node("Relu", 6, {}, {fused_sum})));
    const ConstantPtr expected_relu = graph.evaluate(graph.node("Relu", 6, {}, {sum}), Backend::kReference);
    for (const Compared& compared : in_both_layouts(graph, fused, expected_relu)) results.push_back(compared);
    for (const auto& [actual, expected] : results) {
      ASSERT_EQ(actual->shape, expected->shape);
      for (std::int64_t i = 0; i < actual->count(); ++i) {
        const float a = actual->as<float>()[i], e = expected->as<float>()[i];
        ASSERT_TRUE(is_alike(a, e)) << a << " instead of " << e << ", element " << i;
        ASSERT_FALSE(std::abs(a - e) > 5e-5F) << a << " instead of " << e << ", element " << i;
      }
    }
    const ConstantPtr direct = to_channels_last(*results[0].actual);
    EXPECT_NE(std::memcmp(direct->data, results[1].actual->data, direct->bytes), 0) << "both are summed alike";
  }
}

TEST(Winograd, DoesNotDependOnOtherImages) {
  const ConstantPtr w = random_tensor(DataType::kFloat32, {40, 32, 3, 3}, -1, 1, 2);
  const ConstantPtr both = random_tensor(DataType::kFloat32, {2, 32, 15, 14}, -1, 1, 1);
  const std::int64_t half = both->count() / 2;
  const ConstantPtr second =
      tensor_of<float>({1, 32, 15, 14}, std::vector<float>(both->as<float>() + half, both->as<float>() + 2 * half));
  MiniGraph graph;
  const ConstantPtr of_both = graph.evaluate(convolution(graph, both, w), Backend::kSimd);
  const ConstantPtr alone = graph.evaluate(convolution(graph, second, w), Backend::kSimd);
  for (std::int64_t i = 0; i < alone->count(); ++i) {
    ASSERT_EQ(alone->as<float>()[i], of_both->as<float>()[alone->count() + i]) << "element " << i;
  }
}

}  // namespace
}  // namespace linnet::internal
