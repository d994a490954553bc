// Activations written as several nodes: every spelling becomes one node that computes what the formula says, and what
// only looks like one stays as it is.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "ops/kernels/targets.hpp"
#include "ops/ops.hpp"
#include "runtime/passes/pass.hpp"
#include "runtime/pattern.hpp"
#include "tests/ops/fusions/fusion_writer.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

constexpr double kSqrt2 = 1.41421356237309504880;
constexpr double kSqrt2OverPi = 0.79788456080286535588;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

using Spelled = std::string (*)(Writer&);

struct Spelling {
  const char* name;
  const char* op;  ///< what it becomes
  Spelled write;
  double (*formula)(double);
  double amplified = 0;  ///< rounding what goes into e^z errs by so many ULP for each 1 of |x|
};

double gelu(double x) { return x / 2 * std::erfc(-x / kSqrt2); }
double gelu_tanh(double x) { return x / (1 + std::exp(-2 * kSqrt2OverPi * (x + 0.044715 * x * x * x))); }
double silu(double x) { return x / (1 + std::exp(-x)); }
double quick_gelu(double x) { return x / (1 + std::exp(-1.75 * x)); }
double mish(double x) { return x * std::tanh(x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x))); }
double hard_swish(double x) { return x * std::fmin(std::fmax(x + 3, 0), 6) / 6; }

std::string erf_and_1(Writer& w) { return w.add(w("Erf", {w.div("x", w.number(kSqrt2))}), w.number(1)); }
std::string tanh_and_1(Writer& w, const std::string& inner) { return w.add(w("Tanh", {inner}), w.number(1)); }
std::string cube(Writer& w) { return w("Pow", {"x", w.number(3)}); }
std::string clipped(Writer& w) { return w("Clip", {w.add("x", w.number(3)), w.constant(0, {}), w.constant(6, {})}); }

const Spelling kSpellings[] = {
    {"gelu, PyTorch to opset 19", "Gelu", [](Writer& w) { return w.mul(w.mul("x", erf_and_1(w)), w.number(0.5)); },
     gelu},
    {"gelu, x / 2 first", "Gelu", [](Writer& w) { return w.mul(w.mul("x", w.number(0.5)), erf_and_1(w)); }, gelu},
    {"gelu, half of the sum first", "Gelu", [](Writer& w) { return w.mul("x", w.mul(erf_and_1(w), w.number(0.5))); },
     gelu},
    {"gelu, divided by 2", "Gelu", [](Writer& w) { return w.div(w.mul("x", erf_and_1(w)), w.number(2)); }, gelu},
    {"gelu, divided by 2 first", "Gelu", [](Writer& w) { return w.mul(w.div("x", w.number(2)), erf_and_1(w)); }, gelu},
    {"gelu, half of the sum by division", "Gelu",
     [](Writer& w) { return w.mul("x", w.div(erf_and_1(w), w.number(2))); }, gelu},
    {"gelu, times 1 / sqrt(2)", "Gelu",
     [](Writer& w) {
       return w.mul(w.mul("x", w.add(w("Erf", {w.mul("x", w.number(1 / kSqrt2))}), w.number(1))), w.number(0.5));
     },
     gelu},
    {"tanh-gelu, Hugging Face's gelu_new", "Gelu",
     [](Writer& w) {
       const std::string inner = w.mul(w.add("x", w.mul(cube(w), w.number(0.044715))), w.number(kSqrt2OverPi));
       return w.mul(w.mul("x", w.number(0.5)), tanh_and_1(w, inner));
     },
     gelu_tanh},
    {"tanh-gelu, PyTorch by TorchScript", "Gelu",
     [](Writer& w) {
       const std::string x3 = w.mul("x", w.mul("x", "x"));
       const std::string inner = w.mul(w.number(kSqrt2OverPi), w.add("x", w.mul(w.number(0.044715), x3)));
       return w.mul(w.number(0.5), w.mul("x", tanh_and_1(w, inner)));
     },
     gelu_tanh},
    {"tanh-gelu, PyTorch by dynamo", "Gelu",
     [](Writer& w) {
       const std::string three = w.add_constant(tensor<std::int64_t>({}, {3}));
       const std::string factor = w("Sqrt", {w.div(w.number(2), w.number(3.14159265358979323846))});
       const std::string inner = w.mul(factor, w.add("x", w.mul(w.number(0.044715), w("Pow", {"x", three}))));
       return w.mul(w.number(0.5), w.mul("x", tanh_and_1(w, inner)));
     },
     gelu_tanh},
    {"tanh-gelu, Hugging Face's gelu_fast", "Gelu",
     [](Writer& w) {
       const std::string square_term = w.mul(w.mul("x", w.number(0.044715)), "x");
       const std::string inner = w.mul(w.mul("x", w.number(kSqrt2OverPi)), w.add(square_term, w.number(1)));
       return w.mul(w.mul("x", w.number(0.5)), tanh_and_1(w, inner));
     },
     gelu_tanh},
    {"tanh-gelu, a factored square", "Gelu",
     [](Writer& w) {
       const std::string square = w("Pow", {"x", w.number(2)});
       const std::string sum = w.add(w.number(1), w.mul(square, w.number(0.044715)));
       return w.mul("x", w.mul(tanh_and_1(w, w.mul(w.number(kSqrt2OverPi), w.mul("x", sum))), w.number(0.5)));
     },
     gelu_tanh},
    {"tanh-gelu, 0.044715 x x x", "Gelu",
     [](Writer& w) {
       const std::string term = w.mul(w.mul(w.mul(w.number(0.044715), "x"), "x"), "x");
       return w.mul(w.mul(w.number(0.5), "x"), tanh_and_1(w, w.mul(w.number(kSqrt2OverPi), w.add("x", term))));
     },
     gelu_tanh},
    {"silu", "Swish", [](Writer& w) { return w.mul("x", w("Sigmoid", {"x"})); }, silu},
    {"quick gelu", "Swish", [](Writer& w) { return w.mul("x", w("Sigmoid", {w.mul("x", w.number(1.75))})); },
     quick_gelu, 1.75 / 2},
    {"mish", "Mish", [](Writer& w) { return w.mul("x", w("Tanh", {w("Softplus", {"x"})})); }, mish},
    {"mish, with log and exp", "Mish",
     [](Writer& w) { return w.mul("x", w("Tanh", {w("Log", {w.add(w("Exp", {"x"}), w.number(1))})})); }, mish},
    {"hard swish, x clip / 6", "HardSwish", [](Writer& w) { return w.div(w.mul("x", clipped(w)), w.number(6)); },
     hard_swish},
    {"hard swish, clip / 6", "HardSwish", [](Writer& w) { return w.mul("x", w.div(clipped(w), w.number(6))); },
     hard_swish},
    {"hard swish, times a sixth", "HardSwish",
     [](Writer& w) { return w.mul("x", w.mul(clipped(w), w.number(1.0 / 6))); }, hard_swish},
    {"hard swish, x / 6 first", "HardSwish", [](Writer& w) { return w.mul(w.mul("x", w.number(1.0 / 6)), clipped(w)); },
     hard_swish},
};

/// Random numbers, and those where steps overflow, cancel or lose digits.
std::vector<double> samples() {
  std::vector<double> x = {0.0, -0.0, 1e-30, -1e-30, 3, -3, 6, -6, 40, -40, 1e4, -1e4, 1e30, -1e30};
  x.insert(x.end(), {kInfinity, -kInfinity, std::nan("")});
  std::uint32_t state = 1;
  while (x.size() < 600) {
    state = state * 1664525u + 1013904223u;
    x.push_back((static_cast<double>(state >> 8) * 0x1p-24 - 0.5) * 16);
  }
  return x;
}

template <typename T>
Tensor tensor_of(const std::vector<double>& values) {
  Tensor result = Tensor::of<T>({1, 1, static_cast<std::int64_t>(values.size())});
  for (std::size_t i = 0; i < values.size(); ++i) result.data<T>()[i] = static_cast<T>(values[i]);
  return result;
}

/// The fused model beside the formula, and beside the nodes as they are written: those round at every step, by what x
/// has for a unit in the last place. oneDNN's activations are within about 2^-20, of finite numbers.
template <typename T>
void check_results(const std::string& bytes, double (*formula)(double), double amplified = 0) {
  const Tensor x = tensor_of<T>(samples());
  for (const Backend backend : all_backends()) {
    const bool loose = backend == Backend::kOnednn;
    const double unit = loose ? 0x1p-20 : static_cast<double>(std::numeric_limits<T>::epsilon());
    const Tensor fused = load(bytes, true, backend).run({x})[0];
    const Tensor written = load(bytes, false, backend).run({x})[0];
    ASSERT_EQ(fused.shape(), x.shape());
    ASSERT_EQ(written.shape(), x.shape());
    for (std::size_t i = 0; i < x.count(); ++i) {
      const auto from = static_cast<double>(x.data<T>()[i]);
      const auto actual = static_cast<double>(fused.data<T>()[i]);
      const auto steps = static_cast<double>(written.data<T>()[i]);
      if (loose && !std::isfinite(from)) continue;
      SCOPED_TRACE(testing::Message() << name_of(backend) << " of " << from << ": " << actual << ", written " << steps);
      ASSERT_EQ(std::isnan(actual), std::isnan(steps));
      if (std::isnan(actual)) continue;
      ASSERT_TRUE(actual == steps || std::abs(actual - steps) <= 8 * unit * std::abs(from));
      if (std::abs(from) > 80) continue;
      // Doubles have no promise, and the formula here errs as much: both are within some ULP of x.
      const double expected = formula(from);
      const double scale = loose || sizeof(T) == 8 ? from : expected;
      const double ulps = 4 + amplified * std::abs(from);
      ASSERT_LE(std::abs(actual - expected), ulps * unit * std::abs(scale) + std::numeric_limits<float>::min());
    }
  }
}

TEST(ActivationFusions, EverySpellingBecomesOneNode) {
  for (const Spelling& spelling : kSpellings) {
    for (const DataType type : {DataType::kFloat32, DataType::kFloat64}) {
      for (const Shape& constants : {Shape{}, Shape{1}, Shape{1, 1, 1}}) {
        for (const bool nodes : {false, true}) {
          for (const bool swapped : {false, true}) {
            SCOPED_TRACE(testing::Message()
                         << spelling.name << ", " << internal::text(type, " with constants ", constants)
                         << (nodes ? " as nodes" : "") << (swapped ? ", swapped" : ""));
            Writer writer({type, constants, nodes, swapped}, {"batch", "rows", "columns"});
            const std::string bytes = writer.bytes(spelling.write(writer));
            ASSERT_EQ(operators(load(bytes, true)), spelling.op);
          }
        }
      }
    }
  }
}

TEST(ActivationFusions, ResultsAreThoseOfTheFormula) {
  for (const Spelling& spelling : kSpellings) {
    for (const DataType type : {DataType::kFloat32, DataType::kFloat64}) {
      SCOPED_TRACE(testing::Message() << spelling.name << ", " << internal::text(type));
      Writer writer({type}, {"batch", "rows", "columns"});
      const std::string bytes = writer.bytes(spelling.write(writer));
      type == DataType::kFloat32 ? check_results<float>(bytes, spelling.formula, spelling.amplified)
                                 : check_results<double>(bytes, spelling.formula, spelling.amplified);
    }
  }
}

// With AVX-512 to the bit; elsewhere both are within 2 ULP of x sigmoid(z), z the rounded product, but for nodes that
// round a sigmoid to a denormal number.
TEST(ActivationFusions, SwishIsWhatItsNodesAre) {
  for (const double alpha : {1.0, 1.702, -0.5, 0.0}) {
    Writer writer({}, {1, 1, "columns"});
    const std::string z = alpha == 1.0 ? "x" : writer.mul("x", writer.number(alpha));
    const std::string bytes = writer.bytes(writer.mul("x", writer("Sigmoid", {z})));
    ASSERT_EQ(operators(load(bytes, true)), "Swish");
    std::vector<double> numbers = samples();
    numbers.erase(std::remove_if(numbers.begin(), numbers.end(), [](double x) { return std::isnan(x); }),
                  numbers.end());
    const Tensor x = tensor_of<float>(numbers);  // which NaN comes of one is not promised
    const Tensor fused = load(bytes, true).run({x})[0], written = load(bytes, false).run({x})[0];
    if (std::string_view(kernels::best_target_name()) == "avx512") {
      EXPECT_EQ(bit_difference(fused.view(), written.view()), "") << alpha;
      continue;
    }
    ASSERT_EQ(fused.count(), numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const float actual = fused.data<float>()[i], steps = written.data<float>()[i];
      if (std::isnan(steps)) {
        EXPECT_TRUE(std::isnan(actual)) << numbers[i];
        continue;
      }
      EXPECT_EQ(std::signbit(actual), std::signbit(steps)) << numbers[i];
      const float allowed = 4 * std::numeric_limits<float>::epsilon() * std::abs(steps);
      const bool near =
          actual == steps || std::abs(actual - steps) <= allowed + 90 * std::numeric_limits<float>::denorm_min();
      EXPECT_TRUE(near) << numbers[i] << ": " << actual << ", written " << steps;
    }
  }
}

TEST(ActivationFusions, HardSwishOfOtherOpsets) {
  const auto by_hard_sigmoid = [](Writer& w, float alpha, float beta) {
    return w.mul("x", w("HardSigmoid", {"x"}, {attribute("alpha", alpha), attribute("beta", beta)}));
  };
  {
    Writer writer({}, {"a", "b", "c"});
    const std::string bytes = writer.bytes(by_hard_sigmoid(writer, 1.0f / 6, 0.5f));
    EXPECT_EQ(operators(load(bytes, true)), "HardSwish");
    Form old;
    old.opset = 10;
    Writer old_writer(old, {"a", "b", "c"});
    const std::string clip = old_writer("Clip", {old_writer.add("x", old_writer.number(3))},
                                        {attribute("min", 0.0f), attribute("max", 6.0f)});
    const std::string old_bytes = old_writer.bytes(old_writer.div(old_writer.mul("x", clip), old_writer.number(6)));
    EXPECT_EQ(operators(load(old_bytes, true)), "HardSwish");
    check_results<float>(old_bytes, hard_swish);
  }
  const auto becomes = [&](const Form& form, float alpha, float beta) {
    Writer writer(form, {"a", "b", "c"});
    return operators(load(writer.bytes(by_hard_sigmoid(writer, alpha, beta)), true));
  };
  EXPECT_EQ(becomes({}, 0.2f, 0.5f), "HardSigmoid Mul");
  EXPECT_EQ(becomes({}, 1.0f / 6, 0.4f), "HardSigmoid Mul");
  Form doubles;
  doubles.type = DataType::kFloat64;
  EXPECT_EQ(becomes(doubles, 1.0f / 6, 0.5f), "HardSigmoid Mul") << "the attribute is a float";
}

struct NearMiss {
  const char* name;
  Spelled write;
};

std::string gelu_with(Writer& w, double divisor, double one, double half) {
  const std::string sum = w.add(w("Erf", {w.div("x", w.number(divisor))}), w.number(one));
  return w.mul(w.mul("x", w.number(half)), sum);
}

std::string gelu_tanh_with(Writer& w, double factor, double cubic, double exponent) {
  const std::string power = w("Pow", {"x", w.number(exponent)});
  const std::string inner = w.mul(w.number(factor), w.add("x", w.mul(w.number(cubic), power)));
  return w.mul(w.mul("x", w.number(0.5)), tanh_and_1(w, inner));
}

std::string hard_swish_with(Writer& w, double step, double lowest, double highest, double divisor) {
  const std::string clip = w("Clip", {w.add("x", w.number(step)), w.constant(lowest, {}), w.constant(highest, {})});
  return w.div(w.mul("x", clip), w.number(divisor));
}

const NearMiss kNearMisses[] = {
    {"gelu, another divisor", [](Writer& w) { return gelu_with(w, 1.5, 1, 0.5); }},
    {"gelu, three digits of the divisor", [](Writer& w) { return gelu_with(w, 1.414, 1, 0.5); }},
    {"gelu, seven digits of the divisor", [](Writer& w) { return gelu_with(w, 1.414213, 1, 0.5); }},
    {"gelu, another sum", [](Writer& w) { return gelu_with(w, kSqrt2, 1.0000001, 0.5); }},
    {"gelu, another half", [](Writer& w) { return gelu_with(w, kSqrt2, 1, 0.50000006); }},
    {"gelu, the divisor's inverse", [](Writer& w) { return gelu_with(w, 1 / kSqrt2, 1, 0.5); }},
    {"gelu, divided the other way round",
     [](Writer& w) {
       const std::string sum = w.add(w("Erf", {w.div(w.number(kSqrt2), "x")}), w.number(1));
       return w.mul(w.mul("x", w.number(0.5)), sum);
     }},
    {"gelu, no half", [](Writer& w) { return w.mul("x", erf_and_1(w)); }},
    {"gelu, erf by itself", [](Writer& w) { return w.mul(erf_and_1(w), w.number(0.5)); }},
    {"gelu, another factor",
     [](Writer& w) {
       w.model().input("z", DataType::kFloat32, {"batch", "rows", "columns"});
       return w.mul(w.mul("z", w.number(0.5)), erf_and_1(w));
     }},
    {"gelu, the sum is read elsewhere",
     [](Writer& w) {
       const std::string sum = erf_and_1(w);
       return w.add(sum, w.mul(w.mul("x", w.number(0.5)), sum));
     }},
    {"gelu, erf is an output",
     [](Writer& w) {
       const std::string erf = w("Erf", {w.div("x", w.number(kSqrt2))});
       w.model().output(erf);
       return w.mul(w.mul("x", w.number(0.5)), w.add(erf, w.number(1)));
     }},
    {"gelu, constants with more dimensions",
     [](Writer& w) {
       return w.mul(w.mul("x", w.constant(0.5, {1, 1, 1, 1})), erf_and_1(w));
     }},
    {"gelu, a row of constants", [](Writer& w) { return w.mul(w.mul("x", w.constant(0.5, {2})), erf_and_1(w)); }},
    {"tanh-gelu, another factor", [](Writer& w) { return gelu_tanh_with(w, 0.7978, 0.044715, 3); }},
    {"tanh-gelu, another cubic", [](Writer& w) { return gelu_tanh_with(w, kSqrt2OverPi, 0.0447, 3); }},
    {"tanh-gelu, another power", [](Writer& w) { return gelu_tanh_with(w, kSqrt2OverPi, 0.044715, 2); }},
    {"swish, another factor",
     [](Writer& w) {
       w.model().input("z", DataType::kFloat32, {"batch", "rows", "columns"});
       return w.mul("z", w("Sigmoid", {"x"}));
     }},
    {"swish, a factor for each column",
     [](Writer& w) { return w.mul("x", w("Sigmoid", {w.mul("x", w.constant(1.5, {2}))})); }},
    {"swish, a factor with more dimensions",
     [](Writer& w) {
       return w.mul("x", w("Sigmoid", {w.mul("x", w.constant(1.5, {1, 1, 1, 1}))}));
     }},
    {"swish, a factor that is no number",
     [](Writer& w) { return w.mul("x", w("Sigmoid", {w.mul("x", w.number(std::nan("")))})); }},
    {"mish, another sum",
     [](Writer& w) { return w.mul("x", w("Tanh", {w("Log", {w.add(w("Exp", {"x"}), w.number(2))})})); }},
    {"mish, no tanh", [](Writer& w) { return w.mul("x", w("Softplus", {"x"})); }},
    {"softplus, which overflows", [](Writer& w) { return w("Log", {w.add(w("Exp", {"x"}), w.number(1))}); }},
    {"hard swish, another step", [](Writer& w) { return hard_swish_with(w, 2.5, 0, 6, 6); }},
    {"hard swish, another lower bound", [](Writer& w) { return hard_swish_with(w, 3, -1, 6, 6); }},
    {"hard swish, another upper bound", [](Writer& w) { return hard_swish_with(w, 3, 0, 5, 6); }},
    {"hard swish, another divisor", [](Writer& w) { return hard_swish_with(w, 3, 0, 6, 5); }},
    {"hard swish, the bounds the other way round", [](Writer& w) { return hard_swish_with(w, 3, 6, 0, 6); }},
    {"hard swish, no bounds",
     [](Writer& w) { return w.div(w.mul("x", w("Clip", {w.add("x", w.number(3))})), w.number(6)); }},
    {"hard swish, one bound",
     [](Writer& w) {
       return w.div(w.mul("x", w("Clip", {w.add("x", w.number(3)), "", w.constant(6, {})})), w.number(6));
     }},
};

TEST(ActivationFusions, NearMissesStayAsTheyAre) {
  for (const NearMiss& miss : kNearMisses) {
    for (const bool swapped : {false, true}) {
      SCOPED_TRACE(testing::Message() << miss.name << (swapped ? ", swapped" : ""));
      Form form;
      form.swapped = swapped;
      Writer writer(form, {"batch", "rows", 2});
      const Model model = load(writer.bytes(miss.write(writer)), true);
      EXPECT_FALSE(anything_fused(model)) << operators(model);
    }
  }
}

TEST(ActivationFusions, SixteenBitTypesKeepTheirRoundings) {
  for (const Spelling& spelling : kSpellings) {
    SCOPED_TRACE(spelling.name);
    Form form;
    form.type = DataType::kFloat16;
    Writer writer(form, {"batch", "rows", "columns"});
    EXPECT_FALSE(anything_fused(load(writer.bytes(spelling.write(writer)), true)));
  }
}

TEST(ActivationFusions, ADoubleFactorThatNoFloatHoldsStays) {
  const auto becomes = [](double alpha) {
    Form form;
    form.type = DataType::kFloat64;
    Writer writer(form, {2});
    return operators(
        load(writer.bytes(writer.mul("x", writer("Sigmoid", {writer.mul("x", writer.number(alpha))}))), true));
  };
  EXPECT_EQ(becomes(1.5), "Swish");
  EXPECT_EQ(becomes(1.702), "Mul Sigmoid Mul");
}

TEST(ActivationFusions, AScalarKeepsItsShape) {
  const auto becomes = [](const Shape& constants) {
    Form form;
    form.constants = constants;
    Writer writer(form, {});
    return operators(load(writer.bytes(kSpellings[0].write(writer)), true));
  };
  EXPECT_EQ(becomes({}), "Gelu");
  EXPECT_EQ(becomes({1}), "Div Erf Add Mul Mul") << "the result has rank 1";
}

/// A whole layer, MatMul, Add and the activation as it is written, is one step.
TEST(ActivationFusions, AProductTakesTheActivationIn) {
  for (const Spelling& spelling : kSpellings) {
    SCOPED_TRACE(spelling.name);
    Writer writer({}, {2, 5, 3}, "rows");
    writer.model().initializer<float>("w", {3, 4}, {1, -2, 3, 0.5f, 0.25f, -1, 2, 1, -0.5f, 1.5f, 0.75f, -3});
    writer.model().initializer<float>("b", {4}, {0.5f, -1.0f, 2.0f, 0.0f});
    writer.model().node("MatMul", {"rows", "w"}, {"product"}).node("Add", {"product", "b"}, {"x"});
    const std::string bytes = writer.bytes(spelling.write(writer));
    const Model model = load(bytes, true);
    ASSERT_EQ(operators(model), "MatMul");
    Tensor x = Tensor::of<float>({2, 5, 3});
    for (std::size_t i = 0; i < x.count(); ++i) x.data<float>()[i] = 0.2f * static_cast<float>(i) - 3.0f;
    EXPECT_EQ(summarize_program(model, {x.view()}).steps.size(), 1U);
    EXPECT_EQ(difference(model.run({x})[0].view(), load(bytes, false).run({x})[0].view(), {1e-5, 1e-5}), "");
  }
}

TEST(ActivationFusions, NamesWhatItIsMadeOf) {
  Writer writer({}, {"batch", "rows", "columns"});
  const Model model = load(writer.bytes(kSpellings[0].write(writer)), true);
  const NodeSummary node = summarize(model).nodes.at(0);
  EXPECT_EQ(operator_text(node), "Div+Erf+Add+Mul+Mul");
  ASSERT_EQ(node.fused.size(), 5U);
  EXPECT_EQ(node.name, node.fused.front().name);
  EXPECT_EQ(node.fused.front().op, "Div");
}

TEST(Fusions, BelongToAPass) {
  const std::vector<std::string> names = internal::all_pass_names();
  EXPECT_FALSE(internal::all_operators().fusions().empty());
  for (const auto& fusion : internal::all_operators().fusions()) {
    const std::string pass = fusion->pass;
    EXPECT_NE(std::find(names.begin(), names.end(), pass.substr(0, pass.find(':'))), names.end()) << pass;
  }
}

}  // namespace
}  // namespace linnet::test
