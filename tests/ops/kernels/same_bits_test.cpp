// Between which instruction sets results are the same to the last bit; docs/accuracy.md says so. Products have a test
// of their own.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "ops/kernels/activation.hpp"
#include "ops/kernels/elementwise.hpp"
#include "ops/kernels/normalization.hpp"
#include "ops/kernels/pooling.hpp"
#include "ops/kernels/reduction.hpp"
#include "ops/kernels/shift_scale.hpp"
#include "ops/kernels/softmax.hpp"
#include "ops/kernels/unary.hpp"
#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::random_floats;
using test::sampled_floats;

enum class Same {
  kEverywhere,
  kByFma,         ///< on all that have FMA, and on all that have not
  kByFmaOrPieces  ///< the same, but that AVX-512 has a form of its own
};

struct Function {
  std::string name;
  Same same;
  std::function<std::vector<double>()> results;
};

std::vector<double> widened(const std::vector<float>& values) { return {values.begin(), values.end()}; }

Function of_activation(const char* name, Same same, const Activation& activation) {
  return {name, same, [activation] {
            const std::vector<float> x = sampled_floats(10007);
            std::vector<float> y(x.size());
            apply_activation(activation, x.data(), y.data(), x.size());
            return widened(y);
          }};
}

Function of_unary(const char* name, UnaryKind kind) {
  return {name, Same::kEverywhere, [kind] {
            const std::vector<float> x = sampled_floats(10007);
            std::vector<float> y(x.size());
            unary(kind, x.data(), y.data(), x.size());
            return widened(y);
          }};
}

Function of_reduction(const char* name, ReduceKind kind) {
  return {name, Same::kEverywhere, [kind] {
            std::vector<double> results;
            for (std::size_t count = 0; count < 200; count += count < 40 ? 1 : 13) {
              const std::vector<float> x = random_floats(7 * count, 1.0f, 0.3f, static_cast<unsigned>(count));
              results.push_back(reduce_row(kind, x.data(), x.size()));
              std::vector<double> columns(count);
              reduce_columns(kind, x.data(), columns.data(), 7, count, count);
              results.insert(results.end(), columns.begin(), columns.end());
            }
            return results;
          }};
}

using Rows = void (*)(const float*, float*, std::size_t, std::size_t);

Function of_softmax(const char* name, Rows rows, Rows columns) {
  return {name, Same::kByFma, [rows, columns] {
            std::vector<double> results;
            for (std::size_t count = 1; count < 1200; count += count < 70 ? 1 : 111) {
              const std::vector<float> x = random_floats(3 * count, 0.0f, 5.0f, static_cast<unsigned>(count));
              std::vector<float> y(x.size());
              rows(x.data(), y.data(), 3, count);
              results.insert(results.end(), y.begin(), y.end());
              columns(x.data(), y.data(), 3, count);
              results.insert(results.end(), y.begin(), y.end());
            }
            return results;
          }};
}

std::vector<double> exponential_sums() {
  std::vector<double> results;
  for (std::size_t count = 1; count < 100; ++count) {
    const std::vector<float> x = random_floats(count, 0.0f, 20.0f, static_cast<unsigned>(count));
    const double maximum = *std::max_element(x.begin(), x.end());
    const std::vector<double> maxima(count, maximum);
    std::vector<ExponentialSum> sums(count);
    sum_exponentials_of_columns(x.data(), maxima.data(), sums.data(), 1, count, count);
    sums.push_back(sum_exponentials(x.data(), maximum, count));
    for (const ExponentialSum& sum : sums) results.insert(results.end(), {sum.equal, sum.others});
  }
  return results;
}

std::vector<double> pooled() {
  std::vector<double> results;
  for (std::size_t count = 1; count < 60; ++count) {
    for (const std::size_t stride : {1U, 2U, 3U}) {
      WindowRows rows{};
      rows.width = (count - 1) * stride + 3;
      const std::vector<float> x = random_floats(3 * rows.width, 1.0f, 0.3f, static_cast<unsigned>(count));
      std::vector<float> y(count);
      std::vector<double> lines(rows.width + kPoolSlack), inverses(count + kPoolSlack, 1.0 / 3);
      rows.x = x.data();
      rows.depth = 1;
      rows.height = 3;
      rows.row_stride = rows.width;
      rows.vertical = {3, 1, 1};
      rows.horizontal = {3, stride, 1};
      rows.count = count;
      rows.y = y.data();
      mean_of_windows(rows, 0, 1, 0.7, inverses.data(), inverses.data(), {lines.data(), 1, lines.size()});
      results.insert(results.end(), y.begin(), y.end());
    }
  }
  return results;
}

struct Normalized {
  std::vector<double> results;
  std::vector<double> statistics;
};

Normalized normalized() {
  Normalized all;
  for (std::size_t columns = 1; columns < 100; ++columns) {
    const std::vector<float> x = random_floats(2 * columns, 1e4f, 1.0f, static_cast<unsigned>(columns));
    const std::vector<float> scale = random_floats(columns, 1.0f, 0.3f, 1),
                             bias = random_floats(columns, 0.0f, 1.0f, 2);
    std::vector<float> y(x.size()), statistics(4);
    layer_norm(x.data(), scale.data(), bias.data(), 1e-5f, y.data(), statistics.data(), statistics.data() + 2, 2,
               columns);
    all.results.insert(all.results.end(), y.begin(), y.end());
    all.statistics.insert(all.statistics.end(), statistics.begin(), statistics.end());
    normalize_by(x.data(), 0.7f, 0.3f, 1e4 + 1e-3, 1.7f, y.data(), x.size());
    all.results.insert(all.results.end(), y.begin(), y.end());
    shift_scale(x.data(), 9999.0f, 0.7f, 0.3f, y.data(), x.size());
    all.results.insert(all.results.end(), y.begin(), y.end());
  }
  return all;
}

std::vector<double> pairs() {
  std::vector<double> results;
  const std::vector<float> a = sampled_floats(10007);
  std::vector<float> b(a.rbegin(), a.rend()), y(a.size());
  std::rotate(b.begin(), b.begin() + 12345, b.end());
  for (const BinaryKind kind :
       {BinaryKind::kAdd, BinaryKind::kSub, BinaryKind::kMul, BinaryKind::kDiv, BinaryKind::kMax, BinaryKind::kMin}) {
    binary(kind, a.data(), false, b.data(), false, y.data(), y.size());
    results.insert(results.end(), y.begin(), y.end());
  }
  return results;
}

std::vector<Function> functions() {
  using Kind = ActivationKind;
  return {
      of_activation("Relu", Same::kEverywhere, {Kind::kRelu}),
      of_activation("LeakyRelu", Same::kEverywhere, {Kind::kLeakyRelu, 0.01f}),
      of_activation("Clip", Same::kEverywhere, {Kind::kClip, -1.0f, 6.0f}),
      of_activation("Softplus", Same::kByFma, {Kind::kSoftplus}),
      of_activation("Mish", Same::kByFma, {Kind::kMish}),
      of_activation("Swish", Same::kByFma, {Kind::kSwish, 1.702f}),
      of_activation("Selu", Same::kByFma, {Kind::kSelu, 1.6732632f, 1.050701f}),
      of_activation("Celu", Same::kByFma, {Kind::kCelu, 0.3f}),
      of_activation("HardSwish", Same::kEverywhere, {Kind::kHardSwish}),
      of_activation("Exp", Same::kByFma, {Kind::kExp}),
      of_activation("Elu", Same::kByFma, {Kind::kElu, 0.7f}),
      of_activation("HardSigmoid", Same::kByFma, {Kind::kHardSigmoid, 0.2f, 0.5f}),
      of_activation("Sigmoid", Same::kByFmaOrPieces, {Kind::kSigmoid}),
      of_activation("Tanh", Same::kByFmaOrPieces, {Kind::kTanh}),
      of_activation("SelfGated", Same::kByFmaOrPieces, {Kind::kSelfGated, 1.702f}),
      of_activation("Gelu", Same::kByFmaOrPieces, {Kind::kGelu}),
      of_activation("Gelu by tanh", Same::kByFmaOrPieces, {Kind::kGeluTanh}),
      of_unary("Neg", UnaryKind::kNeg),
      of_unary("Abs", UnaryKind::kAbs),
      of_unary("Reciprocal", UnaryKind::kReciprocal),
      of_unary("Sqrt", UnaryKind::kSqrt),
      of_unary("Cube", UnaryKind::kCube),
      of_unary("Log", UnaryKind::kLog),
      of_unary("Sin", UnaryKind::kSin),
      of_unary("Cos", UnaryKind::kCos),
      of_unary("Floor", UnaryKind::kFloor),
      of_unary("Ceil", UnaryKind::kCeil),
      of_unary("Round", UnaryKind::kRound),
      of_unary("Sign", UnaryKind::kSign),
      of_unary("Tan", UnaryKind::kTan),
      of_unary("Asin", UnaryKind::kAsin),
      of_unary("Acos", UnaryKind::kAcos),
      of_unary("Atan", UnaryKind::kAtan),
      of_unary("Sinh", UnaryKind::kSinh),
      of_unary("Cosh", UnaryKind::kCosh),
      of_unary("Asinh", UnaryKind::kAsinh),
      of_unary("Acosh", UnaryKind::kAcosh),
      of_unary("Atanh", UnaryKind::kAtanh),
      of_unary("Erf", UnaryKind::kErf),
      of_reduction("sum", ReduceKind::kSum),
      of_reduction("sum of magnitudes", ReduceKind::kSumOfMagnitudes),
      of_reduction("sum of squares", ReduceKind::kSumOfSquares),
      of_reduction("product", ReduceKind::kProduct),
      of_reduction("maximum", ReduceKind::kMaximum),
      of_reduction("minimum", ReduceKind::kMinimum),
      {"sums of exponentials", Same::kEverywhere, exponential_sums},
      {"means of windows", Same::kEverywhere, pooled},
      {"pairs", Same::kEverywhere, pairs},
      {"mean and deviation", Same::kEverywhere, [] { return normalized().statistics; }},
      {"normalisation", Same::kByFma, [] { return normalized().results; }},
      of_softmax("Softmax", softmax, softmax_strided),
      of_softmax("LogSoftmax", log_softmax, log_softmax_strided),
  };
}

/// Instruction sets of the same class give the same bits.
std::string class_of(Same same, const std::string& isa) {
  if (same == Same::kEverywhere) return "";
  if (isa == "avx512" && same == Same::kByFmaOrPieces) return isa;
  return isa == "sse4" || isa == "scalar" /* not of x86 */ ? "without FMA" : "with FMA";
}

bool same_bits(double a, double b) {
  return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b);
}

TEST(SameBits, OnTheInstructionSetsThatAreSaidToGiveThem) {
  for (const Function& function : functions()) {
    SCOPED_TRACE(function.name);
    std::vector<std::pair<std::string, std::vector<double>>> first;  // by class
    for (const char* isa : supported_targets()) {
      ASSERT_TRUE(set_isa(isa));
      const std::string name = class_of(function.same, isa);
      const std::vector<double> results = function.results();
      const auto known =
          std::find_if(first.begin(), first.end(), [&](const auto& entry) { return entry.first == name; });
      if (known == first.end()) {
        first.emplace_back(name, results);
        continue;
      }
      ASSERT_EQ(results.size(), known->second.size());
      std::size_t differences = 0;
      for (std::size_t i = 0; i < results.size(); ++i) differences += !same_bits(results[i], known->second[i]);
      EXPECT_EQ(differences, 0U) << isa << ": of " << results.size();
    }
  }
  ASSERT_TRUE(set_isa("auto"));
}

}  // namespace
}  // namespace linnet::kernels
