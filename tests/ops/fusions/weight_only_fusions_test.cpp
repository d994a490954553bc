// Products with weights that alone are quantised: they stay as small as they are, and what the fusion does not know is
// computed as it is written.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "runtime/data_type.hpp"
#include "runtime/shape.hpp"
#include "tests/ops/fusions/fusion_writer.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

constexpr std::int64_t kDepth = 512, kColumns = 514, kBlock = 32, kRows = 3;

using Written = std::string (*)(Writer&);
struct Spelling {
  const char* name;
  Written write;
};

std::string random_bytes(std::size_t count) {
  std::string bytes;
  std::uint32_t state = 3;
  for (std::size_t i = 0; i < count; ++i) {
    state = state * 1664525U + 1013904223U;
    bytes += static_cast<char>(state >> 24);
  }
  return bytes;
}

std::string codes(Writer& w, DataType type, const Shape& shape) {
  return w.add_constant(raw_tensor(type, shape, random_bytes(internal::byte_count(type, shape))));
}

std::string scales(Writer& w, const Shape& shape) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < internal::element_count(shape); ++i)
    values.push_back(0.01F * static_cast<float>(i % 7 + 1));
  return w.add_constant(tensor<float>(shape, values));
}

std::string bias(Writer& w) { return scales(w, {kColumns}); }

/// [kDepth, kColumns], or the other way round; scales of columns, or of blocks along the depth.
std::string weights(Writer& w, DataType type, bool transposed, bool in_blocks, bool zeros) {
  const auto shape_of = [&](std::int64_t depth) {
    return transposed ? Shape{kColumns, depth} : Shape{depth, kColumns};
  };
  const Shape of_scales = in_blocks ? shape_of(kDepth / kBlock) : Shape{kColumns};
  Names inputs = {codes(w, type, shape_of(kDepth)), scales(w, of_scales)};
  if (zeros) inputs.push_back(codes(w, type, of_scales));
  std::vector<Message> attributes = {attribute("axis", std::int64_t{transposed == in_blocks})};
  if (in_blocks) attributes.push_back(attribute("block_size", kBlock));
  return w("DequantizeLinear", inputs, std::move(attributes));
}

std::string plain(Writer& w, DataType type, bool transposed, bool in_blocks, bool zeros) {
  const std::string b = weights(w, type, transposed, in_blocks, zeros);
  return w("MatMul", {"x", transposed ? w("Transpose", {b}) : b});
}

const Spelling kSpellings[] = {
    {"bytes with a scale of each column", [](Writer& w) { return plain(w, DataType::kInt8, false, false, false); }},
    {"unsigned bytes", [](Writer& w) { return plain(w, DataType::kUint8, false, false, false); }},
    {"unsigned bytes and zero points", [](Writer& w) { return plain(w, DataType::kUint8, false, false, true); }},
    {"bytes in blocks", [](Writer& w) { return plain(w, DataType::kInt8, false, true, true); }},
    {"4 bits in blocks", [](Writer& w) { return plain(w, DataType::kInt4, false, true, false); }},
    {"4 bits and zero points", [](Writer& w) { return plain(w, DataType::kInt4, false, true, true); }},
    {"unsigned 4 bits", [](Writer& w) { return plain(w, DataType::kUint4, false, true, false); }},
    {"unsigned 4 bits and zero points", [](Writer& w) { return plain(w, DataType::kUint4, false, true, true); }},
    {"transposed 4 bits in blocks", [](Writer& w) { return plain(w, DataType::kInt4, true, true, true); }},
    {"transposed bytes", [](Writer& w) { return plain(w, DataType::kInt8, true, false, true); }},
    {"2 bits", [](Writer& w) { return plain(w, DataType::kInt2, false, true, true); }},
    {"one scale",
     [](Writer& w) {
       const std::string b = codes(w, DataType::kInt8, {kDepth, kColumns});
       return w("MatMul", {"x", w("DequantizeLinear", {b, w.constant(0.01, {})})});
     }},
    {"scales that are cast",
     [](Writer& w) {
       const std::string b = codes(w, DataType::kInt8, {kDepth, kColumns});
       const std::vector<internal::Float16> values(static_cast<std::size_t>(kColumns), internal::Float16(0.25F));
       const std::string scale =
           w("Cast", {w.add_constant(tensor<internal::Float16>({kColumns}, values))}, {attribute("to", 1)});
       return w("MatMul", {"x", w("DequantizeLinear", {b, scale}, {attribute("axis", 1)})});
     }},
    {"a bias", [](Writer& w) { return w.add(plain(w, DataType::kUint4, false, true, true), bias(w)); }},
    {"Gemm",
     [](Writer& w) {
       return w("Gemm", {"x", weights(w, DataType::kInt8, true, false, false), bias(w)}, {attribute("transB", 1)});
     }},
    {"weights that others read, too",
     [](Writer& w) {
       const std::string b = weights(w, DataType::kInt8, false, false, false);
       return w.mul(w("MatMul", {"x", b}), w("ReduceMean", {b}, {attribute("keepdims", 0)}));
     }},
    {"what is dequantised has been quantised in other blocks",
     [](Writer& w) {
       const std::string zero = w.add_constant(tensor<std::uint8_t>({}, {120}));
       const std::string x = w("QuantizeLinear", {"x", w.constant(0.05, {}), zero});
       return w("MatMul", {w("DequantizeLinear", {x, w.constant(0.05, {}), zero}),
                           weights(w, DataType::kInt4, false, true, false)});
     }},
};

std::string bytes_of(const Spelling& spelling, bool swapped = false) {
  Form form;
  form.opset = 25;
  form.swapped = swapped;
  Writer writer(form, {"rows", kDepth});
  return writer.bytes(spelling.write(writer));
}

TEST(WeightOnlyFusions, EverySpellingKeepsItsWeightsSmall) {
  for (const Spelling& spelling : kSpellings) {
    for (const bool swapped : {false, true}) {
      SCOPED_TRACE(testing::Message() << spelling.name << (swapped ? ", swapped" : ""));
      const std::string found = operators(load(bytes_of(spelling, swapped), true));
      EXPECT_NE(found.find("DequantizedMatMul"), std::string::npos) << found;
    }
  }
}

TEST(WeightOnlyFusions, ResultsAreThoseOfTheNodes) {
  for (const std::int64_t rows : {std::int64_t{1}, kRows}) {
    const Tensor x = numbers({rows, kDepth}, 5);
    for (const Spelling& spelling : kSpellings) {
      const Tensor written = load(bytes_of(spelling), false, Backend::kReference).run({x})[0];
      float largest = 0;
      for (std::size_t i = 0; i < written.count(); ++i) largest = std::max(largest, std::abs(written.data<float>()[i]));
      for (const Backend backend : all_backends()) {
        SCOPED_TRACE(testing::Message() << spelling.name << ", " << name_of(backend) << ", " << rows << " rows");
        const Tensor fused = load(bytes_of(spelling), true, backend).run({x})[0];
        ASSERT_EQ(fused.shape(), written.shape());
        for (std::size_t i = 0; i < fused.count(); ++i)
          EXPECT_NEAR(fused.data<float>()[i], written.data<float>()[i], 1e-5F * largest) << i;
      }
    }
  }
}

const Spelling kNearMisses[] = {
    {"few weights",
     [](Writer& w) {
       const std::string b = codes(w, DataType::kInt8, {kDepth, 16});
       return w("MatMul", {"x", w("DequantizeLinear", {b, w.constant(0.01, {})})});
     }},
    {"scales along the depth",
     [](Writer& w) {
       const std::string b = codes(w, DataType::kInt8, {kDepth, kColumns});
       return w("MatMul", {"x", w("DequantizeLinear", {b, scales(w, {kDepth})}, {attribute("axis", 0)})});
     }},
    {"blocks along the columns",
     [](Writer& w) {
       const std::string b = codes(w, DataType::kInt4, {kDepth, kColumns});
       return w("MatMul", {"x", w("DequantizeLinear", {b, scales(w, {kDepth, kColumns / 2})},
                                  {attribute("axis", 1), attribute("block_size", 2)})});
     }},
    {"weights of three dimensions",
     [](Writer& w) {
       const std::string b = codes(w, DataType::kInt8, {2, kDepth, kColumns});
       return w("MatMul", {"x", w("DequantizeLinear", {b, w.constant(0.01, {})})});
     }},
    {"16 bits",
     [](Writer& w) {
       const std::string b = codes(w, DataType::kInt16, {kDepth, kColumns});
       return w("MatMul", {"x", w("DequantizeLinear", {b, w.constant(0.01, {})})});
     }},
    {"float16",
     [](Writer& w) {
       const std::string b = codes(w, DataType::kInt8, {kDepth, kColumns});
       const std::string scale = w.add_constant(tensor<internal::Float16>({}, {internal::Float16(0.01F)}));
       const std::string x = w("Cast", {"x"}, {attribute("to", 10)});
       return w("MatMul", {x, w("DequantizeLinear", {b, scale})});
     }},
    {"blocks that are no multiples of 16",
     [](Writer& w) {
       const std::string b = codes(w, DataType::kInt8, {kDepth, kColumns});
       return w("MatMul", {"x", w("DequantizeLinear", {b, scales(w, {64, kColumns})},
                                  {attribute("axis", 0), attribute("block_size", 8)})});
     }},
    {"scales that a run makes",
     [](Writer& w) {
       const std::string b = codes(w, DataType::kInt8, {kDepth, kColumns});
       const std::string scale = w("ReduceSum", {"x"}, {attribute("keepdims", 0)});
       return w("MatMul", {"x", w("DequantizeLinear", {b, scale})});
     }},
    {"alpha",
     [](Writer& w) {
       return w("Gemm", {"x", weights(w, DataType::kInt8, false, false, false)}, {attribute("alpha", 2.0F)});
     }},
    {"a Gemm whose bias is no row",
     [](Writer& w) {
       const std::string b = weights(w, DataType::kInt8, false, false, false);
       return w("Gemm", {"x", b, w.constant(1, {1})});
     }},
    {"codes that a run makes",
     [](Writer& w) {
       const std::string x =
           w("Cast",
             {w("Expand", {w("ReduceSum", {"x"}), w.add_constant(tensor<std::int64_t>({2}, {kDepth, kColumns}))})},
             {attribute("to", 3)});
       return w("MatMul", {"x", w("DequantizeLinear", {x, w.constant(0.01, {})})});
     }},
};

TEST(WeightOnlyFusions, NearMissesStay) {
  const Tensor x = numbers({kRows, kDepth}, 5);
  for (const Spelling& miss : kNearMisses) {
    SCOPED_TRACE(miss.name);
    const Model model = load(bytes_of(miss), true);
    EXPECT_EQ(operators(model).find("DequantizedMatMul"), std::string::npos) << operators(model);
    EXPECT_GT(model.run({x})[0].count(), 0U);
  }
}

/// Rows of a table become float32 as they are looked up, also where a product has the same table.
TEST(WeightOnlyFusions, TablesStaySmall) {
  struct Table {
    DataType type;
    std::int64_t axis, block;
    Shape scales;
    bool zeros = true;
  };
  for (const Table& table :
       {Table{DataType::kInt8, 0, 0, {kColumns}}, Table{DataType::kUint8, 1, 0, {kDepth}},
        Table{DataType::kInt4, 1, kBlock, {kColumns, kDepth / kBlock}},
        Table{DataType::kUint4, 0, 2, {kColumns / 2, kDepth}}, Table{DataType::kUint8, 1, 0, {}, false},
        Table{DataType::kInt2, 0, 0, {kColumns}, false}}) {
    for (const bool tied : {false, true}) {
      Form form;
      form.opset = 25;
      Writer w(form, {"rows", kDepth});
      Names inputs = {codes(w, table.type, {kColumns, kDepth}), scales(w, table.scales)};
      if (table.zeros) inputs.push_back(codes(w, table.type, table.scales));
      const std::string embeddings =
          w("DequantizeLinear", inputs, {attribute("axis", table.axis), attribute("block_size", table.block)});
      const std::string ids = w("Cast", {w("ReduceSum", {"x"}, {attribute("keepdims", 0)})}, {attribute("to", 7)});
      const std::string words = w("Gather", {embeddings, w("Clip", {ids, w.add_constant(tensor<std::int64_t>({}, {-9})),
                                                                    w.add_constant(tensor<std::int64_t>({}, {9}))})});
      const std::string y = w.add(words, "x");
      const std::string bytes = w.bytes(tied ? w("MatMul", {y, w("Transpose", {embeddings})}) : y);
      const Model model = load(bytes, true);
      const std::string found = operators(model);
      EXPECT_NE(found.find("GatherDequantized"), std::string::npos) << found;
      // Scales of the depth, or of blocks of columns, are none that a product has.
      const bool multiplied = tied && ((table.axis == 1) == (table.block > 0) || table.scales.empty());
      EXPECT_EQ(found.find("DequantizedMatMul") != std::string::npos, multiplied) << found;
      const Tensor x = numbers({kRows, kDepth}, 5);
      const Tensor written = load(bytes, false, Backend::kReference).run({x})[0];
      const Tensor fused = model.run({x})[0];
      float largest = 0;
      for (std::size_t i = 0; i < written.count(); ++i) largest = std::max(largest, std::abs(written.data<float>()[i]));
      for (std::size_t i = 0; i < fused.count(); ++i)
        EXPECT_NEAR(fused.data<float>()[i], written.data<float>()[i], tied ? 1e-5F * largest : 0.0F) << i;
    }
  }
}

TEST(WeightOnlyFusions, OtherTablesStay) {
  Form form;
  form.opset = 25;
  for (const bool small : {false, true}) {
    Writer w(form, {"rows", kDepth});
    const std::string ids = w("Cast", {w("ReduceMean", {"x"}, {attribute("keepdims", 0)})}, {attribute("to", 7)});
    const std::string table = codes(w, DataType::kInt8, {small ? 3 : kColumns, kDepth});
    const std::string bytes = w.bytes(
        w("Gather", {w("DequantizeLinear", {table, w.constant(0.5, {})}), ids}, {attribute("axis", small ? 0 : 1)}));
    const Model model = load(bytes, true);
    EXPECT_EQ(operators(model).find("GatherDequantized"), std::string::npos) << operators(model);
    EXPECT_GT(model.run({numbers({kRows, kDepth}, 5)})[0].count(), 0U);
  }
}

/// What is packed of a constant depends on all of the node: others that share it are packed on their own.
TEST(WeightOnlyFusions, ProductsShareScalesAndCodes) {
  Form form;
  form.opset = 25;
  Writer w(form, {kRows, kDepth});
  const std::string one = w.constant(0.01, {});
  const std::string column = scales(w, {kDepth});
  const std::string zero = codes(w, DataType::kInt8, {});
  const std::string square = codes(w, DataType::kInt8, {kDepth, kDepth});
  const std::string blocks = scales(w, {16, kDepth});
  const std::string turned = w("Reshape", {blocks, w.add_constant(tensor<std::int64_t>({2}, {kDepth, 16}))});
  const auto dequantized = [&](const Names& inputs, std::int64_t axis, std::int64_t block) {
    return w("DequantizeLinear", inputs, {attribute("axis", axis), attribute("block_size", block)});
  };
  const std::string wide = w("Concat", {"x", "x"}, {attribute("axis", 1)});
  const std::string deep = codes(w, DataType::kInt8, {2 * kDepth, kDepth});
  const Names products = {
      w("MatMul", {"x", w("DequantizeLinear", {square, one, zero})}),
      w("MatMul", {wide, w("DequantizeLinear", {deep, one, zero})}),
      w("MatMul", {"x", w("DequantizeLinear", {square, column}, {attribute("axis", 1)})}),
      w("MatMul", {wide, w("DequantizeLinear", {deep, column}, {attribute("axis", 1)})}),
      w("MatMul", {"x", dequantized({square, blocks}, 0, 32)}),
      w("MatMul", {wide, dequantized({deep, blocks}, 0, 64)}),
      w("MatMul", {"x", w("Transpose", {dequantized({square, turned}, 1, 32)})}),
      w("MatMul", {"x", w("Transpose", {w("DequantizeLinear", {square, one})})}),
  };
  const std::string bytes = w.bytes(w("Concat", products, {attribute("axis", 1)}));
  const Model model = load(bytes, true);
  const std::string found = operators(model);
  std::size_t fused = 0;
  for (std::size_t at = 0; (at = found.find("DequantizedMatMul", at)) != std::string::npos; ++at) ++fused;
  EXPECT_EQ(fused, 8U) << found;
  const Tensor x = numbers({kRows, kDepth}, 5);
  const Tensor written = load(bytes, false, Backend::kReference).run({x})[0];
  const Tensor y = model.run({x})[0];
  for (std::size_t i = 0; i < y.count(); ++i) EXPECT_NEAR(y.data<float>()[i], written.data<float>()[i], 1e-2F) << i;
}

/// A model may have any block_size for one scale along the depth.
TEST(WeightOnlyFusions, BlocksOfAnySize) {
  for (const std::int64_t block : {std::int64_t{1} << 62, std::int64_t{1024}, std::int64_t{528}, INT64_MAX}) {
    Form form;
    form.opset = 25;
    Writer w(form, {kRows, kDepth});
    const std::string b =
        w("DequantizeLinear", {codes(w, DataType::kInt8, {kDepth, kColumns}), scales(w, {1, kColumns})},
          {attribute("axis", 0), attribute("block_size", block)});
    const std::string bytes = w.bytes(w("MatMul", {"x", b}));
    const Tensor x = numbers({kRows, kDepth}, 5);
    const Tensor written = load(bytes, false, Backend::kReference).run({x})[0];
    const Tensor y = load(bytes, true).run({x})[0];
    for (std::size_t i = 0; i < y.count(); ++i) EXPECT_NEAR(y.data<float>()[i], written.data<float>()[i], 1e-2F) << i;
  }
}

/// Where a bias does not fit, the product is fused without it.
TEST(WeightOnlyFusions, OtherSumsStayBehind) {
  Form form;
  form.opset = 25;
  Writer w(form, {kRows, kDepth});
  const std::string y = w.add(plain(w, DataType::kInt4, false, true, true), w.constant(2, {kRows, 1}));
  EXPECT_EQ(operators(load(w.bytes(y), true)), "DequantizedMatMul Add");
}

}  // namespace
}  // namespace linnet::test
