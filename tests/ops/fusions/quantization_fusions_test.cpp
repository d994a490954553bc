// Products of dequantised numbers: every spelling becomes a product of integers that is as near to what the nodes mean
// as they are, and what only looks like one stays as it is.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "runtime/text.hpp"
#include "tests/ops/fusions/fusion_writer.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

constexpr std::int64_t kDepth = 40, kColumns = 9;
using Written = std::string (*)(Writer&);

std::string floats(Writer& w, const Shape& shape, const std::vector<float>& values) {
  return w.add_constant(tensor<float>(shape, values));
}
std::string byte(Writer& w, std::uint8_t value) { return w.add_constant(tensor<std::uint8_t>({}, {value})); }

std::vector<std::int8_t> some_weights(std::int64_t count) {
  std::vector<std::int8_t> weights;
  std::uint32_t state = 3;
  for (std::int64_t i = 0; i < count; ++i) {
    state = state * 1664525U + 1013904223U;
    weights.push_back(static_cast<std::int8_t>(state >> 24));
  }
  return weights;
}

/// Of each column, its own.
std::vector<float> some_scales() {
  std::vector<float> scales;
  for (std::int64_t i = 0; i < kColumns; ++i) scales.push_back(0.01F * static_cast<float>(i + 1));
  return scales;
}

std::string quantized(Writer& w, const std::string& x, float scale = 0.05F, std::uint8_t zero = 120) {
  return w("QuantizeLinear", {x, w.constant(scale, {}), byte(w, zero)});
}
std::string dequantized(Writer& w, const std::string& x, float scale = 0.05F, std::uint8_t zero = 120) {
  return w("DequantizeLinear", {x, w.constant(scale, {}), byte(w, zero)});
}
std::string rounded(Writer& w, const std::string& x) { return dequantized(w, quantized(w, x)); }

/// [kDepth, kColumns], or the other way round.
std::string weights(Writer& w, bool transposed = false, std::int64_t axis = 1) {
  const Shape shape = transposed ? Shape{kColumns, kDepth} : Shape{kDepth, kColumns};
  const std::string q = w.add_constant(tensor<std::int8_t>(shape, some_weights(kDepth * kColumns)));
  const std::string zero = w.add_constant(tensor<std::int8_t>({kColumns}, std::vector<std::int8_t>(kColumns, 3)));
  return w("DequantizeLinear", {q, floats(w, {kColumns}, some_scales()), zero}, {attribute("axis", axis)});
}
std::string kernel(Writer& w, std::int64_t channels = 12) {
  const std::string q = w.add_constant(tensor<std::int8_t>({channels, 2, 3, 3}, some_weights(channels * 18)));
  return w("DequantizeLinear", {q, w.constant(0.01, {})});
}
std::string bias(Writer& w) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < kColumns; ++i) values.push_back(static_cast<float>(i) - 4.3F);
  return floats(w, {kColumns}, values);
}
std::string image(Writer& w) { return w("Reshape", {"x", w.add_constant(tensor<std::int64_t>({4}, {1, 2, 6, 20}))}); }

struct Spelling {
  const char* name;
  const char* op;  ///< what it becomes, between what quantises before and dequantises behind
  Written write;
};

const Spelling kSpellings[] = {
    {"MatMul to integers", "QuantizeLinear QLinearMatMul",
     [](Writer& w) {
       return quantized(w, w("MatMul", {rounded(w, "x"), weights(w)}), 0.7F, 90);
     }},
    {"with a bias and Relu", "QuantizeLinear QLinearMatMul",
     [](Writer& w) {
       const std::string y = w.add(w("MatMul", {rounded(w, "x"), weights(w)}), bias(w));
       return quantized(w, w("Relu", {y}), 0.7F, 90);
     }},
    {"Gemm and Clip", "QuantizeLinear QLinearMatMul",
     [](Writer& w) {
       const std::string y = w("Gemm", {rounded(w, "x"), weights(w, true, 0), bias(w)}, {attribute("transB", 1)});
       return quantized(w, w("Clip", {y, w.constant(0, {}), w.constant(100, {})}), 0.7F, 0);
     }},
    {"transposed weights, as PyTorch has them", "QuantizeLinear QLinearMatMul",
     [](Writer& w) {
       return quantized(w, w("MatMul", {rounded(w, "x"), w("Transpose", {weights(w, true, 0)})}), 0.7F, 90);
     }},
    {"without a zero point of y", "QuantizeLinear QLinearMatMul",
     [](Writer& w) {
       return w("QuantizeLinear", {w("MatMul", {rounded(w, "x"), weights(w)}), w.constant(0.7, {})});
     }},
    {"MatMul to floats", "QuantizeLinear MatMulIntegerToFloat",
     [](Writer& w) {
       return w("MatMul", {rounded(w, "x"), weights(w)});
     }},
    {"a sum of floats", "QuantizeLinear MatMulIntegerToFloat",
     [](Writer& w) {
       return w.add(w("MatMul", {rounded(w, "x"), weights(w)}), bias(w));
     }},
    {"Conv to integers", "QLinearConv",
     [](Writer& w) {
       const std::string x = dequantized(w, quantized(w, image(w)));
       return quantized(w, w("Relu", {w("Conv", {x, kernel(w)})}), 0.2F, 100);
     }},
    {"Conv to floats", "ConvIntegerToFloat",
     [](Writer& w) {
       return w("Conv", {dequantized(w, quantized(w, image(w))), kernel(w)});
     }},
    {"a scaled ConvInteger", "ConvIntegerToFloat",
     [](Writer& w) {
       const std::string x = quantized(w, image(w));
       const std::string weight = w.add_constant(tensor<std::int8_t>({12, 2, 3, 3}, some_weights(12 * 18)));
       const std::string sums = w("Cast", {w("ConvInteger", {x, weight, byte(w, 120)})}, {attribute("to", 1)});
       return w.mul(sums, floats(w, {1, 1, 1, 1}, {0.0005F}));
     }},
    {"an operand that others read, too", "MatMulIntegerToFloat",
     [](Writer& w) {
       const std::string x = rounded(w, "x");
       return w.mul(w("MatMul", {x, weights(w)}), w("ReduceSum", {x}, {attribute("keepdims", 1)}));
     }},
};

std::vector<float> samples() {
  std::vector<float> x;
  std::uint32_t state = 1;
  for (std::int64_t i = 0; i < 6 * kDepth; ++i) {
    state = state * 1664525U + 1013904223U;
    x.push_back((static_cast<float>(state >> 8) * 0x1p-24F - 0.5F) * 14);
  }
  return x;
}

std::string bytes_of(const Spelling& spelling, const Form& form) {
  Writer writer(form, {6, kDepth});
  return writer.bytes(spelling.write(writer));
}

double element(const Tensor& tensor, std::size_t i) {
  return tensor.type() == DataType::kFloat32 ? static_cast<double>(tensor.data<float>()[i])
                                             : static_cast<double>(tensor.data<std::uint8_t>()[i]);
}

TEST(QuantizationFusions, EverySpellingBecomesAProductOfIntegers) {
  for (const Spelling& spelling : kSpellings) {
    for (const bool nodes : {false, true}) {
      for (const bool swapped : {false, true}) {
        SCOPED_TRACE(testing::Message() << spelling.name << (nodes ? ", nodes" : "") << (swapped ? ", swapped" : ""));
        Form form;
        form.nodes = nodes;
        form.swapped = swapped;
        const std::string found = operators(load(bytes_of(spelling, form), true));
        EXPECT_NE(found.find(spelling.op), std::string::npos) << found;
      }
    }
  }
}

/// Passes switched off: what the nodes compute in float32. Where they round to integers, both may be one off where the
/// value is near to a half; more often than by one in a hundred would be an error.
TEST(QuantizationFusions, ResultsAreThoseOfTheNodes) {
  Tensor x = Tensor::of<float>({6, kDepth});
  const std::vector<float> values = samples();
  std::copy(values.begin(), values.end(), x.data<float>());
  for (const Spelling& spelling : kSpellings) {
    for (const Backend backend : all_backends()) {
      SCOPED_TRACE(testing::Message() << spelling.name << ", " << name_of(backend));
      const Tensor fused = load(bytes_of(spelling, {}), true, backend).run({x})[0];
      const Tensor written = load(bytes_of(spelling, {}), false, backend).run({x})[0];
      ASSERT_EQ(fused.shape(), written.shape());
      ASSERT_EQ(fused.type(), written.type());
      std::size_t different = 0;
      for (std::size_t i = 0; i < fused.count(); ++i) {
        const double a = element(fused, i);
        const double b = element(written, i);
        if (fused.type() == DataType::kFloat32) {
          EXPECT_NEAR(a, b, 1e-5 * (std::abs(b) + 10)) << i;
        } else {
          EXPECT_NEAR(a, b, 1) << i;
          if (a != b) ++different;
        }
      }
      EXPECT_LE(different, fused.count() / 100);
    }
  }
}

/// The steps of dynamic quantisation are those of the nodes, to the bit.
TEST(QuantizationFusions, DynamicProductsHaveTheirBits) {
  for (const bool per_column : {false, true}) {
    for (const bool has_bias : {false, true}) {
      for (const bool zeros : {false, true}) {
        Writer w({}, {6, kDepth});
        w.model().node("DynamicQuantizeLinear", {"x"}, {"q", "scale", "zero"});
        const std::string weight =
            w.add_constant(tensor<std::int8_t>({kDepth, kColumns}, some_weights(kDepth * kColumns)));
        Names inputs = {"q", weight, "zero"};
        if (zeros) inputs.push_back(w.add_constant(tensor<std::int8_t>({}, {1})));
        const std::string sums = w("Cast", {w("MatMulInteger", inputs)}, {attribute("to", 1)});
        const std::string factor =
            per_column ? floats(w, {kColumns}, some_scales()) : w.mul("scale", w.constant(0.02, {}));
        const std::string y = w.mul(sums, factor);
        const std::string bytes = w.bytes(has_bias ? w.add(y, bias(w)) : y);
        const Model model = load(bytes, true);
        EXPECT_NE(operators(model).find("DynamicQuantizeLinear"), std::string::npos);
        EXPECT_NE(operators(model).find("MatMulIntegerToFloat"), std::string::npos) << operators(model);
        Tensor x = Tensor::of<float>({6, kDepth});
        const std::vector<float> values = samples();
        std::copy(values.begin(), values.end(), x.data<float>());
        const Tensor fused = model.run({x})[0];
        const Tensor written = load(bytes, false).run({x})[0];
        for (std::size_t i = 0; i < fused.count(); ++i) EXPECT_EQ(element(fused, i), element(written, i)) << i;
      }
    }
  }
}

const Spelling kNearMisses[] = {
    {"a scale for each row of a", "",
     [](Writer& w) {
       const std::string q =
           w("QuantizeLinear", {"x", floats(w, {6}, std::vector<float>(6, 0.05F))}, {attribute("axis", 0)});
       const std::string x =
           w("DequantizeLinear", {q, floats(w, {6}, std::vector<float>(6, 0.05F))}, {attribute("axis", 0)});
       return w("MatMul", {x, weights(w)});
     }},
    {"16-bit integers", "",
     [](Writer& w) {
       const std::string zero = w.add_constant(tensor<std::int16_t>({}, {5}));
       const std::string q = w("QuantizeLinear", {"x", w.constant(0.05, {}), zero});
       return w("MatMul", {w("DequantizeLinear", {q, w.constant(0.05, {}), zero}), weights(w)});
     }},
    {"only weights", "",
     [](Writer& w) {
       return w("MatMul", {"x", weights(w)});
     }},
    {"few channels", "",
     [](Writer& w) {
       return w("Conv", {dequantized(w, quantized(w, image(w))), kernel(w, 4)});
     }},
    {"more products than fit int32", "",
     [](Writer& w) {
       constexpr std::int64_t kDeep = 33026;
       const std::string x =
           w("Expand", {w("ReduceSum", {"x"}), w.add_constant(tensor<std::int64_t>({2}, {1, kDeep}))});
       const std::string q = w.add_constant(tensor<std::int8_t>({kDeep, 1}, some_weights(kDeep)));
       return w("MatMul", {rounded(w, x), w("DequantizeLinear", {q, w.constant(0.5, {})})});
     }},
    {"alpha", "",
     [](Writer& w) {
       return w("Gemm", {rounded(w, "x"), weights(w)}, {attribute("alpha", 2.0F)});
     }},
    {"a scale along the other axis", "",
     [](Writer& w) {
       const std::string q = w.add_constant(tensor<std::int8_t>({kDepth, kColumns}, some_weights(kDepth * kColumns)));
       const std::string scale = floats(w, {kDepth}, std::vector<float>(kDepth, 0.5F));
       return w("MatMul", {rounded(w, "x"), w("DequantizeLinear", {q, scale}, {attribute("axis", 0)})});
     }},
};

TEST(QuantizationFusions, NearMissesStay) {
  for (const Spelling& miss : kNearMisses) {
    SCOPED_TRACE(miss.name);
    Form form;
    form.opset = 21;
    const std::string found = operators(load(bytes_of(miss, form), true));
    EXPECT_EQ(found.find("Integer"), std::string::npos) << found;
    EXPECT_EQ(found.find("QLinear"), std::string::npos) << found;
  }
}

/// A bias that is not one for each column stays a sum, and an activation that is no cut stays a node.
TEST(QuantizationFusions, WhatDoesNotFitStaysBehind) {
  Writer w({}, {6, kDepth});
  const std::string sum =
      w.add(w("MatMul", {rounded(w, "x"), weights(w)}), floats(w, {6, 1}, std::vector<float>(6, 2.0F)));
  EXPECT_EQ(operators(load(w.bytes(quantized(w, sum)), true)),
            "QuantizeLinear MatMulIntegerToFloat Add QuantizeLinear");
  Writer v({}, {6, kDepth});
  const std::string tanh = v("Tanh", {v("MatMul", {rounded(v, "x"), weights(v)})});
  EXPECT_EQ(operators(load(v.bytes(quantized(v, tanh)), true)),
            "QuantizeLinear MatMulIntegerToFloat Tanh QuantizeLinear");
}

}  // namespace
}  // namespace linnet::test
