// Normalisations written as several nodes: every spelling becomes one node that computes what the formula says, and
// what only looks like one stays as it is.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/text.hpp"
#include "tests/ops/fusions/fusion_writer.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

constexpr int kRows = 6, kColumns = 5;
constexpr float kScales[kColumns] = {1.5F, -2, 0.25F, 3, 1};
constexpr float kBiases[kColumns] = {0.5F, 1, -4, 0, 2};

using Written = std::string (*)(Writer&);

std::string row(Writer& w, const Shape& shape, const float* values) {
  std::size_t count = 1;
  for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
  return w.add_constant(tensor<float>(shape, std::vector<float>(values, values + count)));
}

std::string mean(Writer& w, const std::string& of, const std::vector<std::int64_t>& axes = {-1}, int keep_dims = 1) {
  return w("ReduceMean", {of}, {attribute("axes", axes), attribute("keepdims", keep_dims)});
}
std::string centred(Writer& w) { return w("Sub", {"x", mean(w, "x")}); }
std::string square(Writer& w, const std::string& of) { return w("Pow", {of, w.number(2)}); }
std::string sum(Writer& w, const std::string& of) { return w.add(mean(w, square(w, of)), w.number(1e-5)); }
std::string root(Writer& w, const std::string& of) { return w("Sqrt", {sum(w, of)}); }
std::string normalized(Writer& w, const std::string& x) { return w.div(x, root(w, x)); }
std::string scaled(Writer& w, const std::string& x) { return w.mul(x, row(w, {kColumns}, kScales)); }
std::string biased(Writer& w, const std::string& x) { return w.add(x, row(w, {kColumns}, kBiases)); }

struct Spelling {
  const char* name;
  const char* op;  ///< what it becomes
  bool bias;
  Written write;
};

const Spelling kSpellings[] = {
    {"layer, PyTorch to opset 16", "LayerNormalization", true,
     [](Writer& w) { return biased(w, scaled(w, normalized(w, centred(w)))); }},
    {"layer, a product for the square", "LayerNormalization", true,
     [](Writer& w) {
       const std::string d = centred(w);
       return biased(w, scaled(w, w.div(d, w("Sqrt", {w.add(mean(w, w.mul(d, d)), w.number(1e-5))}))));
     }},
    {"layer, without bias", "LayerNormalization", false,
     [](Writer& w) { return scaled(w, normalized(w, centred(w))); }},
    {"layer, powers", "LayerNormalization", true,
     [](Writer& w) {
       const std::string d = centred(w);
       return biased(w, scaled(w, w.mul(d, w("Pow", {sum(w, d), w.number(-0.5)}))));
     }},
    {"RMS, PyTorch", "RMSNormalization", false,
     [](Writer& w) { return scaled(w, w.mul("x", w("Reciprocal", {root(w, "x")}))); }},
    {"RMS, an integer exponent, and Casts that change nothing", "RMSNormalization", false,
     [](Writer& w) {
       const std::string x = w("Cast", {"x"}, {attribute("to", 1)});
       const std::string two = w.add_constant(tensor<std::int64_t>({}, {2}));
       const std::string added = w.add(mean(w, w("Pow", {x, two})), w.number(1e-5));
       const std::string y = w.mul(x, w("Reciprocal", {w("Sqrt", {added})}));
       return scaled(w, w("Cast", {y}, {attribute("to", 1)}));
     }},
    {"RMS, TorchScript", "RMSNormalization", false,
     [](Writer& w) { return scaled(w, w.mul("x", w.div(w.number(1), root(w, "x")))); }},
    {"RMS, divided", "RMSNormalization", false, [](Writer& w) { return scaled(w, normalized(w, "x")); }},
    {"RMS, Pow for the root", "RMSNormalization", false,
     [](Writer& w) {
       return scaled(w, w.div("x", w("Pow", {sum(w, "x"), w.number(0.5)})));
     }},
};

/// The formula in long double.
std::vector<long double> formula(const Tensor& x, const Spelling& spelling) {
  std::vector<long double> y;
  for (std::size_t first = 0; first < x.count(); first += kColumns) {
    const float* from = x.data<float>() + first;
    long double mean = 0, squares = 0;
    if (spelling.op[0] == 'L') {
      for (int i = 0; i < kColumns; ++i) mean += from[i] / static_cast<long double>(kColumns);
    }
    for (int i = 0; i < kColumns; ++i) squares += (from[i] - mean) * (from[i] - mean);
    const long double epsilon = 1e-5F;
    for (int i = 0; i < kColumns; ++i) {
      const long double value = (from[i] - mean) / std::sqrt(squares / kColumns + epsilon) * kScales[i];
      y.push_back(value + (spelling.bias ? kBiases[i] : 0.0F));
    }
  }
  return y;
}

Tensor samples() {
  Tensor x = Tensor::of<float>({2, kRows / 2, kColumns});
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < x.count(); ++i) {
    state = state * 1664525U + 1013904223U;
    x.data<float>()[i] = (static_cast<float>(state >> 8) * 0x1p-24F - 0.5F) * 16;
  }
  for (int i = 0; i < kColumns; ++i) x.data<float>()[i] = 0;  // only epsilon is below the root
  for (int i = 0; i < kColumns; ++i) x.data<float>()[kColumns + i] += 1000;
  return x;
}

TEST(NormalizationFusions, EverySpellingBecomesOneNode) {
  for (const Spelling& spelling : kSpellings) {
    for (const bool nodes : {false, true}) {
      for (const bool swapped : {false, true}) {
        SCOPED_TRACE(testing::Message() << spelling.name << (nodes ? ", nodes" : "") << (swapped ? ", swapped" : ""));
        Form form;
        form.nodes = nodes;
        form.swapped = swapped;
        Writer writer(form, {"batch", "rows", kColumns});
        const Model model = load(writer.bytes(spelling.write(writer)), true);
        ASSERT_EQ(operators(model), spelling.op);
        EXPECT_EQ(summarize(model).nodes[0].fused.back().op, spelling.bias ? "Add" : "Mul");
      }
    }
  }
}

TEST(NormalizationFusions, ResultsAreThoseOfTheFormula) {
  const Tensor x = samples();
  for (const Spelling& spelling : kSpellings) {
    Writer writer({}, {"batch", "rows", kColumns});
    const std::string bytes = writer.bytes(spelling.write(writer));
    const std::vector<long double> expected = formula(x, spelling);
    for (const Backend backend : all_backends()) {
      SCOPED_TRACE(testing::Message() << spelling.name << ", " << name_of(backend));
      const Tensor fused = load(bytes, true, backend).run({x})[0];
      const Tensor written = load(bytes, false, backend).run({x})[0];
      ASSERT_EQ(fused.shape(), x.shape());
      double fused_error = 0, written_error = 0;
      for (std::size_t i = 0; i < x.count(); ++i) {
        const auto exact = static_cast<double>(expected[i]);
        fused_error = std::max(fused_error, std::abs(static_cast<double>(fused.data<float>()[i]) - exact));
        written_error = std::max(written_error, std::abs(static_cast<double>(written.data<float>()[i]) - exact));
      }
      EXPECT_LE(fused_error, 8 * std::numeric_limits<float>::epsilon());
      EXPECT_LE(fused_error, written_error + 4 * std::numeric_limits<float>::epsilon());
    }
  }
}

/// From opset 18 on the axes are an input, which each ReduceMean may have of its own.
TEST(NormalizationFusions, AxesAsInputsAndSeveralOfThem) {
  Form form;
  form.opset = 18;
  Writer w(form, {"batch", 2, kColumns});
  const auto mean_of = [&](const std::string& of, const std::vector<std::int64_t>& axes) {
    return w("ReduceMean", {of, w.add_constant(tensor<std::int64_t>({2}, axes))});
  };
  const std::string d = w("Sub", {"x", mean_of("x", {1, 2})});
  const std::string variance = w.add(mean_of(square(w, d), {-1, -2}), w.number(1e-5));
  const std::vector<float> ones(2 * kColumns, 1.0F);
  const std::string scale = w.add_constant(tensor<float>({1, 2, kColumns}, ones));
  const std::string bytes = w.bytes(w.mul(w.div(d, w("Sqrt", {variance})), scale));
  const Model model = load(bytes, true);
  EXPECT_EQ(operators(model), "LayerNormalization");
  Tensor x = Tensor::of<float>({3, 2, kColumns});
  std::copy_n(samples().data<float>(), x.count(), x.data<float>());
  EXPECT_EQ(difference(model.run({x})[0].view(), load(bytes, false).run({x})[0].view(), {0, 1e-5}), "");
}

struct NearMiss {
  const char* name;
  const char* op;  ///< all that may come of it; "" for nothing
  Written write;
};

std::string rms_with(Writer& w, double exponent, const std::vector<std::int64_t>& axes, int keep_dims) {
  const std::string power = w("Pow", {"x", w.number(exponent)});
  return scaled(w, w.div("x", w("Sqrt", {w.add(mean(w, power, axes, keep_dims), w.number(1e-5))})));
}

const NearMiss kNearMisses[] = {
    {"RMS, another power", "", [](Writer& w) { return rms_with(w, 4, {-1}, 1); }},
    {"RMS, another axis", "", [](Writer& w) { return rms_with(w, 2, {0}, 1); }},
    {"RMS, axes that are not the last", "",
     [](Writer& w) {
       return rms_with(w, 2, {0, 2}, 1);
     }},
    {"RMS, a dimension less", "", [](Writer& w) { return rms_with(w, 2, {-1}, 0); }},
    {"RMS, another value divided", "",
     [](Writer& w) {
       w.model().input("z", DataType::kFloat32, {"batch", kColumns, kColumns});
       return scaled(w, w.div("z", root(w, "x")));
     }},
    {"RMS, divided the other way round", "", [](Writer& w) { return scaled(w, w.div(root(w, "x"), "x")); }},
    {"RMS, nothing under the root", "",
     [](Writer& w) { return scaled(w, w.div("x", w("Sqrt", {mean(w, square(w, "x"))}))); }},
    {"RMS, a row of epsilons", "",
     [](Writer& w) {
       const std::string added = w.add(mean(w, square(w, "x")), row(w, {kColumns}, kScales));
       return scaled(w, w.div("x", w("Sqrt", {added})));
     }},
    {"RMS, an epsilon that is an input", "",
     [](Writer& w) {
       w.model().input("z", DataType::kFloat32, {1});
       return scaled(w, w.div("x", w("Sqrt", {w.add(mean(w, square(w, "x")), "z")})));
     }},
    {"RMS, an epsilon of more dimensions", "",
     [](Writer& w) {
       const std::string added = w.add(mean(w, square(w, "x")), w.constant(1e-5, {1, 1, 1, 1}));
       return scaled(w, w.div("x", w("Sqrt", {added})));
     }},
    {"RMS, an exponent of more dimensions", "",
     [](Writer& w) {
       const std::string power = w("Pow", {"x", w.constant(2, {1, 1, 1, 1})});
       return w.mul(w.div("x", w("Sqrt", {w.add(mean(w, power), w.number(1e-5))})), w.constant(1.5, {1}));
     }},
    {"RMS, a root's exponent of more dimensions", "",
     [](Writer& w) {
       return scaled(w, w.div("x", w("Pow", {sum(w, "x"), w.constant(0.5, {1, 1, 1, 1})})));
     }},
    {"RMS, an inverse root's exponent of more dimensions", "",
     [](Writer& w) {
       return scaled(w, w.mul("x", w("Pow", {sum(w, "x"), w.constant(-0.5, {1, 1, 1, 1})})));
     }},
    {"RMS, a one of more dimensions", "",
     [](Writer& w) {
       return scaled(w, w.mul("x", w.div(w.constant(1, {1, 1, 1, 1}), root(w, "x"))));
     }},
    {"RMS, one scale", "", [](Writer& w) { return w.mul(normalized(w, "x"), w.constant(1.5, {1})); }},
    {"RMS, a scale for each row", "",
     [](Writer& w) {
       return w.mul(normalized(w, "x"), row(w, {kColumns, 1}, kScales));
     }},
    {"RMS, a scale of more dimensions", "",
     [](Writer& w) {
       return w.mul(normalized(w, "x"), row(w, {1, 1, 1, kColumns}, kScales));
     }},
    {"RMS, no scale", "", [](Writer& w) { return normalized(w, "x"); }},
    {"RMS, the root is an output", "",
     [](Writer& w) {
       const std::string divisor = root(w, "x");
       w.model().output(divisor);
       return scaled(w, w.div("x", divisor));
     }},
    {"RMS, the mean is read elsewhere", "",
     [](Writer& w) {
       const std::string squares = mean(w, square(w, "x"));
       const std::string y = w.div("x", w("Sqrt", {w.add(squares, w.number(1e-5))}));
       return w.add(scaled(w, y), squares);
     }},
    {"layer, the mean of another axis", "RMSNormalization",
     [](Writer& w) {
       return scaled(w, normalized(w, w("Sub", {"x", mean(w, "x", {1})})));
     }},
    {"layer, what is centred is read elsewhere", "RMSNormalization",
     [](Writer& w) {
       const std::string d = centred(w);
       return w.add(scaled(w, normalized(w, d)), d);
     }},
    {"layer, the mean less x", "RMSNormalization",
     [](Writer& w) {
       return scaled(w, normalized(w, w("Sub", {mean(w, "x"), "x"})));
     }},
    {"layer, a bias for each row", "LayerNormalization",
     [](Writer& w) {
       return w.add(scaled(w, normalized(w, centred(w))), row(w, {kColumns, 1}, kBiases));
     }},
    {"layer, one bias", "LayerNormalization",
     [](Writer& w) { return w.add(scaled(w, normalized(w, centred(w))), w.constant(1.5, {1})); }},
    {"layer, a residual", "LayerNormalization",
     [](Writer& w) { return w.add(scaled(w, normalized(w, centred(w))), "x"); }},
};

TEST(NormalizationFusions, NearMissesStayAsTheyAre) {
  for (const NearMiss& miss : kNearMisses) {
    for (const bool swapped : {false, true}) {
      SCOPED_TRACE(testing::Message() << miss.name << (swapped ? ", swapped" : ""));
      Form form;
      form.swapped = swapped;
      Writer writer(form, {"batch", kColumns, kColumns});
      std::string fused;
      for (const NodeSummary& node : summarize(load(writer.bytes(miss.write(writer)), true)).nodes) {
        if (!node.fused.empty()) fused += node.op + (node.fused.back().op == "Mul" ? "" : " and more");
      }
      EXPECT_EQ(fused, miss.op);
    }
  }
}

TEST(NormalizationFusions, OtherTypesKeepTheirRoundings) {
  for (const DataType type : {DataType::kFloat16, DataType::kFloat64}) {
    Form form;
    form.type = type;
    Writer w(form, {"batch", "rows", kColumns});
    const std::string y = w.mul(w.div("x", root(w, "x")), w.constant(1.5, {kColumns}));
    EXPECT_FALSE(anything_fused(load(w.bytes(y), true))) << internal::text(type);
  }
}

TEST(NormalizationFusions, UnknownColumnsStay) {
  Writer w({}, {"batch", "rows", "columns"});
  EXPECT_FALSE(anything_fused(load(w.bytes(scaled(w, normalized(w, "x"))), true)));
}

}  // namespace
}  // namespace linnet::test
