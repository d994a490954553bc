// Measures the error of the activation and unary kernels over all 2^32 float32 inputs, and of softmax and log-softmax
// on random rows, and prints a Markdown table.
//
//   accuracy [--function NAME] [--isa NAME]... [--stride N] [--threads N]
//
// --isa may be given several times; without it, all that the CPU has. --stride N takes every N-th bit pattern only.
// Exit status 1 if a function exceeds its documented bound.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "ops/kernels/activation.hpp"
#include "ops/kernels/softmax.hpp"
#include "ops/kernels/targets.hpp"
#include "ops/kernels/unary.hpp"

namespace {

using linnet::kernels::Activation;
using linnet::kernels::ActivationKind;
using linnet::kernels::UnaryKind;

// An activation, or a function that is none.
struct Function {
  const char* name;
  std::variant<Activation, UnaryKind> kernel;
  double bound;                    // ULP from the true value
  std::string_view in_steps = "";  // the instruction set where it has the errors of several functions instead

  void apply(const float* x, float* y, std::size_t count) const {
    if (const auto* activation = std::get_if<Activation>(&kernel)) {
      linnet::kernels::apply_activation(*activation, x, y, count);
    } else {
      linnet::kernels::unary(std::get<UnaryKind>(kernel), x, y, count);
    }
  }
  double reference(double x) const {
    if (const auto* activation = std::get_if<Activation>(&kernel)) {
      return linnet::kernels::activation_reference(*activation, x);
    }
    return linnet::kernels::unary_reference(std::get<UnaryKind>(kernel), x);
  }
};

constexpr double kRoundedOnce = 0.5 + 1e-6;  // the reference is rounded, too

constexpr double kInDoubles = 0.51;  // through double, in vectors

const Function kFunctions[] = {
    {"Exp", Activation{ActivationKind::kExp}, 1},
    {"Sigmoid", Activation{ActivationKind::kSigmoid}, 1},
    {"Tanh", Activation{ActivationKind::kTanh}, 1},
    {"Elu(1)", Activation{ActivationKind::kElu, 1.0f}, 1.2},
    {"Elu(1.6732632)", Activation{ActivationKind::kElu, 1.6732632f}, 1.2},
    {"HardSigmoid(0.2,0.5)", Activation{ActivationKind::kHardSigmoid, 0.2f, 0.5f}, kRoundedOnce},
    {"HardSigmoid(1/6,0.5)", Activation{ActivationKind::kHardSigmoid, 1.0f / 6, 0.5f}, kRoundedOnce},
    {"Gelu", Activation{ActivationKind::kGelu}, 2.1},
    {"GeluTanh", Activation{ActivationKind::kGeluTanh}, 2.1},
    {"SelfGated", Activation{ActivationKind::kSelfGated, 1.0f}, 2.1, "avx512"},
    {"Softplus", Activation{ActivationKind::kSoftplus}, kInDoubles},
    {"Mish", Activation{ActivationKind::kMish}, kInDoubles},
    {"Swish", Activation{ActivationKind::kSwish, 1.0f}, kInDoubles},
    {"Swish(1.702)", Activation{ActivationKind::kSwish, 1.702f}, kInDoubles},
    {"Selu", Activation{ActivationKind::kSelu, 1.6732632f, 1.050701f}, kInDoubles},
    {"Celu(1)", Activation{ActivationKind::kCelu, 1.0f}, kInDoubles},
    {"Celu(0.3)", Activation{ActivationKind::kCelu, 0.3f}, kInDoubles},
    {"HardSwish", Activation{ActivationKind::kHardSwish}, kInDoubles},
    {"Relu", Activation{ActivationKind::kRelu}, kRoundedOnce},
    {"LeakyRelu(0.01)", Activation{ActivationKind::kLeakyRelu, 0.01f}, kRoundedOnce},
    {"Clip(0,6)", Activation{ActivationKind::kClip, 0.0f, 6.0f}, kRoundedOnce},
    {"Log", UnaryKind::kLog, 1},
    {"Sin", UnaryKind::kSin, 1},
    {"Cos", UnaryKind::kCos, 1},
    {"Tan", UnaryKind::kTan, 1},
    {"Asin", UnaryKind::kAsin, 1},
    {"Acos", UnaryKind::kAcos, 1},
    {"Atan", UnaryKind::kAtan, 1},
    {"Sinh", UnaryKind::kSinh, 1},
    {"Cosh", UnaryKind::kCosh, 1},
    {"Asinh", UnaryKind::kAsinh, 1},
    {"Acosh", UnaryKind::kAcosh, 1},
    {"Atanh", UnaryKind::kAtanh, 1},
    {"Erf", UnaryKind::kErf, 1},
    {"Sqrt", UnaryKind::kSqrt, kRoundedOnce},
    {"Reciprocal", UnaryKind::kReciprocal, kRoundedOnce},
};

struct RowFunction {
  const char* name;
  void (*kernel)(const float* x, float* y, std::size_t rows, std::size_t columns);
  // From x - m and the sum of e^(x - m) over all elements but one that is m.
  long double (*reference)(long double difference, long double others);
  double bound;
};

const RowFunction kRowFunctions[] = {
    {"Softmax", linnet::kernels::softmax,
     [](long double difference, long double others) { return std::exp(difference) / (1 + others); }, 4},
    {"LogSoftmax", linnet::kernels::log_softmax,
     [](long double difference, long double others) { return difference - std::log1p(others); }, 4},
};

constexpr std::size_t kBlock = std::size_t{1} << 17;
constexpr std::int64_t kWrong = std::numeric_limits<std::int64_t>::max();  // NaN on one side only

struct Statistics {
  std::int64_t worst_distance = 0;  // from the correctly rounded value, in floats
  double worst_error = 0;           // from the true value, in ULP
  float worst_input = 0;
  std::uint64_t correctly_rounded = 0;
  std::uint64_t total = 0;

  void merge(const Statistics& other) {
    if (other.worst_distance > worst_distance ||
        (other.worst_distance == worst_distance && other.worst_error > worst_error)) {
      worst_input = other.worst_input;
    }
    worst_distance = std::max(worst_distance, other.worst_distance);
    worst_error = std::max(worst_error, other.worst_error);
    correctly_rounded += other.correctly_rounded;
    total += other.total;
  }
};

std::uint32_t bits_of(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

float float_of(std::uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// Neighbouring floats have neighbouring numbers; both zeros have 0.
std::int64_t ordinal(float x) {
  const std::uint32_t bits = bits_of(x);
  const std::int64_t magnitude = bits & 0x7fffffffu;
  return bits >> 31 ? -magnitude : magnitude;
}

// The distance of float32 neighbours at `x`.
double ulp_at(double x) {
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const std::int64_t exponent = static_cast<std::int64_t>((bits >> 52) & 0x7ff) - 1023;
  const std::uint64_t ulp_bits = static_cast<std::uint64_t>(std::max<std::int64_t>(exponent, -126) - 23 + 1023) << 52;
  double ulp;
  std::memcpy(&ulp, &ulp_bits, sizeof ulp);
  return ulp;
}

void compare_one(float x, float y, double expected, Statistics& statistics) {
  const float rounded = static_cast<float>(expected);
  std::int64_t distance = 0;
  double error = 0;
  if (std::isnan(rounded) || std::isnan(y)) {
    distance = std::isnan(rounded) && std::isnan(y) ? 0 : kWrong;
  } else {
    distance = std::abs(ordinal(y) - ordinal(rounded));
    // Infinity in place of a finite number counts as the power of two behind the largest float.
    const double value = std::isinf(y) ? std::copysign(0x1p128, y) : y;
    if (!std::isinf(rounded) || y != rounded) error = std::abs(value - expected) / ulp_at(expected);
  }
  statistics.correctly_rounded += distance == 0;
  if (distance > statistics.worst_distance ||
      (distance == statistics.worst_distance && error > statistics.worst_error)) {
    statistics.worst_input = x;
  }
  statistics.worst_distance = std::max(statistics.worst_distance, distance);
  statistics.worst_error = std::max(statistics.worst_error, error);
}

void compare(const float* x, const float* y, const double* expected, std::size_t count, Statistics& statistics) {
  constexpr std::size_t kGroup = 32;
  statistics.total += count;
  std::size_t i = 0;
  for (; i + kGroup <= count; i += kGroup) {
    // A group that is correctly rounded throughout adds nothing to an error that is 0.5 already, or if nothing was
    // rounded.
    std::uint32_t difference = 0;
    bool exact = true;
    for (std::size_t k = i; k < i + kGroup; ++k) {
      const float rounded = static_cast<float>(expected[k]);
      difference |= bits_of(rounded) ^ bits_of(y[k]);
      exact &= static_cast<double>(rounded) == expected[k];
    }
    if (difference == 0 && (exact || statistics.worst_error >= 0.5)) {
      statistics.correctly_rounded += kGroup;
    } else {
      for (std::size_t k = i; k < i + kGroup; ++k) compare_one(x[k], y[k], expected[k], statistics);
    }
  }
  for (; i < count; ++i) compare_one(x[i], y[i], expected[i], statistics);
}

// Calls work(begin, end, thread) on equal parts of [0, count).
template <class Work>
void in_parallel(std::size_t count, unsigned threads, Work work) {
  std::vector<std::thread> team;
  for (unsigned t = 1; t < threads; ++t) team.emplace_back(work, count * t / threads, count * (t + 1) / threads, t);
  work(0, count / threads, 0u);
  for (std::thread& member : team) member.join();
}

std::vector<Statistics> measure(const Function& function, const std::vector<const char*>& isas, std::uint64_t stride,
                                unsigned threads) {
  const std::uint64_t inputs = ((std::uint64_t{1} << 32) + stride - 1) / stride;
  std::vector<Statistics> result(isas.size());
  std::vector<float> x(kBlock), y(kBlock);
  std::vector<double> expected(kBlock);
  for (std::uint64_t first = 0; first < inputs; first += kBlock) {
    const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, inputs - first));
    in_parallel(count, threads, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t i = begin; i < end; ++i) {
        x[i] = float_of(static_cast<std::uint32_t>((first + i) * stride));
        expected[i] = function.reference(x[i]);
      }
    });
    for (std::size_t isa = 0; isa < isas.size(); ++isa) {
      linnet::kernels::set_isa(isas[isa]);
      std::vector<Statistics> parts(threads);
      in_parallel(count, threads, [&](std::size_t begin, std::size_t end, unsigned thread) {
        function.apply(&x[begin], &y[begin], end - begin);
        compare(&x[begin], &y[begin], &expected[begin], end - begin, parts[thread]);
      });
      for (const Statistics& part : parts) result[isa].merge(part);
    }
  }
  return result;
}

// 256 rows of 1000 normally distributed numbers, standard deviation 5.
std::vector<Statistics> measure_rows(const RowFunction& function, const std::vector<const char*>& isas) {
  constexpr std::size_t kRows = 256, kColumns = 1000;
  std::mt19937 generator(1);
  std::normal_distribution<float> distribution(0.0f, 5.0f);
  std::vector<float> x(kRows * kColumns), y(x.size());
  for (float& value : x) value = distribution(generator);
  std::vector<double> expected;
  for (auto row = x.begin(); row != x.end(); row += kColumns) {
    const auto maximum = std::max_element(row, row + kColumns);
    long double others = 0;
    for (auto value = row; value != row + kColumns; ++value) {
      if (value != maximum) others += std::exp(static_cast<long double>(*value) - *maximum);
    }
    for (auto value = row; value != row + kColumns; ++value) {
      const long double difference = static_cast<long double>(*value) - *maximum;
      expected.push_back(static_cast<double>(function.reference(difference, others)));
    }
  }
  std::vector<Statistics> result(isas.size());
  for (std::size_t isa = 0; isa < isas.size(); ++isa) {
    linnet::kernels::set_isa(isas[isa]);
    function.kernel(x.data(), y.data(), kRows, kColumns);
    compare(x.data(), y.data(), expected.data(), x.size(), result[isa]);
  }
  return result;
}

void print_row(const char* function, const char* isa, const Statistics& s) {
  std::printf("| %s | %s | ", function, isa);
  if (s.worst_distance == kWrong) {
    std::printf("NaN | - ");
  } else {
    std::printf("%lld | %.3f ", static_cast<long long>(s.worst_distance), s.worst_error);
  }
  const double percent = 100.0 * static_cast<double>(s.correctly_rounded) / static_cast<double>(s.total);
  std::printf("| %a (%.9g) | %.3f |\n", static_cast<double>(s.worst_input), static_cast<double>(s.worst_input),
              percent);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::string only_function;
  std::vector<std::string> only_isas;
  std::uint64_t stride = 1;
  unsigned threads = 2;
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i];
    if (i + 1 == argc) return std::fprintf(stderr, "%s needs a value\n", argv[i]), 2;
    if (option == "--function")
      only_function = argv[i + 1];
    else if (option == "--isa")
      only_isas.emplace_back(argv[i + 1]);
    else if (option == "--stride")
      stride = std::max(1ull, std::strtoull(argv[i + 1], nullptr, 10));
    else if (option == "--threads")
      threads = std::max(1u, static_cast<unsigned>(std::atoi(argv[i + 1])));
    else
      return std::fprintf(stderr, "unknown option %s\n", argv[i]), 2;
  }
  std::vector<const char*> chosen_isas;
  for (const char* isa : linnet::kernels::supported_targets()) {
    const bool chosen = std::find(only_isas.begin(), only_isas.end(), isa) != only_isas.end();
    if (only_isas.empty() || chosen) chosen_isas.push_back(isa);
  }
  std::printf(
      "| function | isa | ULP from the rounded | ULP from the true value | worst input | %% correctly rounded |\n");
  std::printf("|---|---|---|---|---|---|\n");
  bool good = !chosen_isas.empty();
  using Isas = std::vector<const char*>;
  const auto report = [&](const char* function, double bound, const Isas& isas, const std::vector<Statistics>& rows) {
    for (std::size_t isa = 0; isa < isas.size(); ++isa) {
      print_row(function, isas[isa], rows[isa]);
      good = good && rows[isa].worst_distance != kWrong && rows[isa].worst_error <= bound;
    }
  };
  const auto wanted = [&](const char* function) { return only_function.empty() || only_function == function; };
  for (const Function& function : kFunctions) {
    if (!wanted(function.name)) continue;
    Isas isas = chosen_isas;
    isas.erase(std::remove(isas.begin(), isas.end(), function.in_steps), isas.end());
    report(function.name, function.bound, isas, measure(function, isas, stride, threads));
  }
  for (const RowFunction& function : kRowFunctions) {
    if (!wanted(function.name)) continue;
    report(function.name, function.bound, chosen_isas, measure_rows(function, chosen_isas));
  }
  return good ? 0 : 1;
}
