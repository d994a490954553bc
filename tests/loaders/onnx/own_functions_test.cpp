// Operators of com.microsoft written with ONNX's: what they compute, tests/conformance/cases/contrib.py shows. Here:
// what is refused, and how.
#include "loaders/onnx/own_functions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/loaders/toy_operators.hpp"

namespace linnet::test {
namespace {

using testing::HasSubstr;

constexpr DataType kF = DataType::kFloat32;
constexpr const char* kDomain = "com.microsoft";

struct Input {
  DataType type;
  std::vector<DimSpec> dims;  ///< none: the input is left out
};

ModelWriter one_node(const char* op, const std::vector<Input>& inputs, std::vector<Message> attributes = {},
                     std::size_t outputs = 1) {
  ModelWriter writer = model();
  writer.opset(17).opset(1, kDomain);
  Names names, results;
  for (const Input& input : inputs) {
    names.emplace_back(input.dims.empty() ? "" : "x" + std::to_string(names.size()));
    if (!input.dims.empty()) writer.input(names.back(), input.type, input.dims);
  }
  for (std::size_t i = 0; i < outputs; ++i) results.push_back("y" + std::to_string(i));
  for (const std::string& name : results) writer.output(name);
  return writer.node(op, names, results, std::move(attributes), "n", kDomain);
}

void expect_refused(const ModelWriter& writer, ErrorCode code, const char* words) {
  const std::string bytes = writer.bytes();
  const Error error = error_of([&] { Model::load(bytes.data(), bytes.size()); });
  EXPECT_EQ(error.code(), code) << error.what();
  EXPECT_THAT(error.what(), HasSubstr(words));
}

TEST(OwnFunctions, KeepTheNamesOfTheirNode) {
  const std::string bytes = one_node("BiasGelu", {{kF, {2, 3}}, {kF, {3}}}).bytes();
  const Model model = Model::load(bytes.data(), bytes.size());
  ASSERT_EQ(model.outputs().size(), 1U);
  EXPECT_EQ(model.outputs()[0].name, "y0");
}

TEST(OwnFunctions, InputsThatACallLeavesOutAreLeftOut) {
  const std::string bytes = model()
                                .opset(17)
                                .opset(1, "d")
                                .input("x", kF, {2, 3})
                                .function(FunctionWriter("d", "Activate", {"a", "bias"}, {"r"})
                                              .opset(17)
                                              .opset(1, kDomain)
                                              .node(NodeSpec{"FastGelu", {"a", "bias"}, {"r"}, {}, {}, kDomain, {}}))
                                .node("Activate", {"x"}, {"y"}, {}, "", "d")
                                .output("y")
                                .bytes();
  const Model model = Model::load(bytes.data(), bytes.size());
  EXPECT_EQ(model.run({Tensor(kF, {2, 3})})[0].shape(), (Shape{2, 3}));
}

TEST(OwnFunctions, BernoulliDrawsOnesWithProbabilityOfInput) {
  const auto drawn = [](std::vector<Message> attributes) {
    const std::string bytes = model()
                                  .opset(22)
                                  .input("x", kF, {20000})
                                  .node("Bernoulli", {"x"}, {"y"}, std::move(attributes))
                                  .output("y")
                                  .bytes();
    const Model model = Model::load(bytes.data(), bytes.size());
    Tensor x(kF, {20000});
    for (std::size_t i = 0; i < x.count(); ++i) x.data<float>()[i] = i == 0 ? 0 : i == 1 ? 1 : 0.25F;
    return model.run({x})[0];
  };
  const Tensor floats = drawn({});
  const Tensor integers = drawn({attribute("dtype", 7), attribute("seed", 3.0F)});
  const Tensor again = drawn({attribute("dtype", 7), attribute("seed", 3.0F)});
  double ones = 0;
  for (std::size_t i = 2; i < floats.count(); ++i) ones += static_cast<double>(floats.data<float>()[i]);
  EXPECT_NEAR(ones / 20000, 0.25, 0.02);
  EXPECT_EQ(floats.data<float>()[0], 0);
  EXPECT_EQ(floats.data<float>()[1], 1);
  for (std::size_t i = 0; i < again.count(); ++i) {
    ASSERT_EQ(integers.data<std::int64_t>()[i], again.data<std::int64_t>()[i]);
  }
}

TEST(OwnFunctions, RefuseWhatTheyDoNotMean) {
  const auto unsupported = [](const ModelWriter& writer, const char* words) {
    expect_refused(writer, ErrorCode::kUnsupported, words);
  };
  const Input q{kF, {2, 3, 8}}, none{kF, {}};
  const Message heads = attribute("num_heads", 2), key_heads = attribute("kv_num_heads", 1);
  unsupported(one_node("NoSuchOperator", {q}), "there is no such operator");
  unsupported(
      one_node("RotaryEmbedding", {q, {DataType::kInt64, {1}}, {kF, {4, 4}}, {kF, {4, 4}}}, {attribute("scale", 2.0F)}),
      "RotaryEmbedding node \"n\" (com.microsoft opset 1): scale is 2");
  unsupported(one_node("RotaryEmbedding", {q, {DataType::kInt64, {1}}, {kF, {4, 4}}, {kF, {4, 4}}},
                       {attribute("is_packed_batching", 1)}),
              "is_packed_batching is 1, supported is 0");
  unsupported(one_node("SkipSimplifiedLayerNormalization", {q, q, {kF, {8}}}, {}, 2), "output mean is not supported");
  unsupported(one_node("FusedGemm", {{kF, {2, 3}}, {kF, {3, 4}}}, {attribute("activation", "Sine")}),
              "activation is \"Sine\"");
  unsupported(one_node("MultiHeadAttention", {q, q}, {heads}), "this form of query, key and value is not supported");
  unsupported(one_node("MultiHeadAttention", {{kF, {2, 8}}, {kF, {2, 3, 2, 2, 4}}}, {heads}),
              "this form of query, key and value is not supported");
  unsupported(one_node("MultiHeadAttention", {q, q, q}, {heads}, 4), "output qk is not supported");
  const Input image{kF, {1, 2, 4, 4}}, bytes{DataType::kUint8, {4, 8}}, rows{DataType::kInt64, {2}}, scale{kF, {}};
  const Input zero{DataType::kUint8, {}};
  unsupported(one_node("FusedConv", {image, {kF, {2, 2, 1, 1}}},
                       {attribute("activation", "Clip"), attribute("activation_params", std::vector<float>{1})}),
              "activation is \"Clip\" with 1 parameters");
  unsupported(one_node("QLinearAdd", {bytes, scale, zero, bytes, scale, zero, scale}), "input 7 is left out");
  unsupported(one_node("QLinearSigmoid", {bytes, scale, zero, scale, none}), "input 4 is left out");
  unsupported(one_node("Rfft", {q}, {attribute("normalized", 1)}), "normalized is 1, supported is 0");
  unsupported(one_node("Irfft", {image}, {attribute("onesided", 0)}), "onesided is 0, supported is 1");
  unsupported(one_node("Rfft", {q}, {attribute("signal_ndim", 4)}), "signal_ndim is 4, supported is 3");
  unsupported(one_node("GatherBlockQuantized", {{kF, {4, 8}}, rows, {kF, {4, 1}}}), "input data is float32");
  unsupported(one_node("GatherBlockQuantized", {bytes, rows, {kF, {4, 1}}}, {attribute("bits", 2)}),
              "bits is 2, supported are 4, and 8 of uint8");
  unsupported(one_node("GatherBlockQuantized", {bytes, rows, {kF, {1, 8}}},
                       {attribute("gather_axis", 1), attribute("quantize_axis", 0)}),
              "quantize_axis is 0, supported is the last axis of bytes");
  const Input step{kF, {2, 1, 8}};
  unsupported(one_node("DecoderMaskedMultiHeadAttention",
                       {step, step, step, none, none, none, none, none, none, {DataType::kInt32, {2, 1, 4}}}, {heads}),
              "input cache_indirection is not supported");
  const Input past{kF, {2, 2, 5, 4}};
  unsupported(one_node("MultiHeadAttention", {q, q, q, none, {DataType::kInt32, {2}}, none, past, past}, {heads}),
              "a mask of lengths with a past");
  unsupported(one_node("MultiHeadAttention", {q, q, q, none, {DataType::kInt32, {7}}}, {heads}),
              "a mask of shape [7] for a batch of 2");
  ModelWriter vectors = model();
  vectors.opset(17).opset(1, "ai.onnx.ml").input("x", kF, {4, 3}).output("y");
  vectors.node("FeatureVectorizer", {"x"}, {"y"}, {attribute("inputdimensions", std::vector<std::int64_t>{2})}, "n",
               "ai.onnx.ml");
  unsupported(vectors, "input 0 has 3 features for inputdimensions of 2");
  const std::vector<Input> grouped = {q,    {kF, {2, 3, 4}},         {kF, {2, 3, 4}},        none,
                                      none, {DataType::kInt32, {2}}, {DataType::kInt32, {1}}};
  const std::vector<Input> experts = {{kF, {3, 4}}, {kF, {3, 2}}, {kF, {2, 6, 4}}, none, {kF, {2, 4, 6}}};
  unsupported(one_node("MoE", experts, {attribute("use_sparse_mixer", 1)}), "use_sparse_mixer is 1, supported is 0");
  unsupported(one_node("MoE", experts, {attribute("activation_type", "geglu")}), "activation_type is \"geglu\"");
  const Input codes{DataType::kUint8, {2, 6, 2}}, scales{kF, {2, 6}}, back{DataType::kUint8, {2, 4, 3}},
      back_scales{kF, {2, 4}};
  std::vector<Input> quantized = {{kF, {3, 4}}, {kF, {3, 2}}, codes, scales, none, back, back_scales};
  unsupported(one_node("QMoE", quantized, {attribute("quant_type", "fp4")}),
              "quant_type is \"fp4\", supported is \"int\"");
  unsupported(one_node("QMoE", quantized, {attribute("expert_weight_bits", 3)}),
              "weights of 3 bits, supported are 2, 4 and 8");
  unsupported(one_node("QMoE", quantized, {attribute("fc2_expert_weight_bits", 16)}), "weights of 16 bits");
  unsupported(one_node("QMoE", quantized, {attribute("weights_prepacked", 1)}),
              "weights_prepacked is 1, supported are -1 and 0");
  quantized.insert(quantized.end(), 8, none);
  quantized.push_back({kF, {2}});
  unsupported(one_node("QMoE", quantized, {}), "input fc1_global_scale is not supported");
  unsupported(one_node("GroupQueryAttention", grouped, {heads, key_heads, attribute("kv_cache_bit_width", 8)}),
              "kv_cache_bit_width is 8, supported is 0");
  unsupported(one_node("GroupQueryAttention", grouped, {heads, key_heads, attribute("k_quant_type", "PER_TENSOR")}),
              "k_quant_type is \"PER_TENSOR\"");
  const std::string plain =
      one_node("GroupQueryAttention", grouped, {heads, key_heads, attribute("smooth_softmax", -1)}).bytes();
  EXPECT_NO_THROW(Model::load(plain.data(), plain.size()));
  std::vector<Input> with_scale = grouped;
  with_scale.insert(with_scale.end(), {none, none, none, none, none, {kF, {1}}});
  unsupported(one_node("GroupQueryAttention", with_scale, {heads, key_heads}), "input k_scale is not supported");
  unsupported(one_node("GroupQueryAttention", grouped,
                       {heads, key_heads, attribute("sliding_window_cache", 1), attribute("local_window_size", 4)}),
              "sliding_window_cache without past_key");
}

TEST(OwnFunctions, RefuseWhatIsWrong) {
  const Input q{kF, {2, 3, 8}};
  expect_refused(one_node("MultiHeadAttention", {q, q, q}, {attribute("num_heads", 0)}), ErrorCode::kInvalidModel,
                 "num_heads is 0, expected 1 to 2147483647");
  expect_refused(one_node("MultiHeadAttention", {q, q, q}), ErrorCode::kInvalidModel, "num_heads");
  expect_refused(one_node("BiasGelu", {q, {kF, {8}}}, {attribute("alpha", 1.0F)}), ErrorCode::kInvalidModel,
                 "function \"BiasGelu\" (domain com.microsoft) has no attribute \"alpha\"");
  expect_refused(one_node("BiasGelu", {q, {kF, {7}}}), ErrorCode::kInvalidModel, "Add node");
  expect_refused(one_node("BiasGelu", {q, {kF, {8}}, q}), ErrorCode::kInvalidModel, "3 inputs, but function");
  const Input bytes{DataType::kUint8, {4, 8}}, rows{DataType::kInt64, {2}}, scales{kF, {4, 1}};
  expect_refused(one_node("CDist", {{kF, {2, 3}}, {kF, {4, 3}}}, {attribute("metric", "cityblock")}),
                 ErrorCode::kInvalidModel, "metric");
  expect_refused(one_node("GridSample", {{kF, {1, 2, 4, 4}}, {kF, {1, 3, 3, 2}}}, {attribute("mode", "sharp")}),
                 ErrorCode::kInvalidModel, "mode is \"unknown\"");
  expect_refused(one_node("NhwcMaxPool", {{DataType::kUint8, {4}}}, {attribute("kernel_shape", Shape{2})}),
                 ErrorCode::kInvalidModel, "input 0 has rank 1, expected 2 or more");
  expect_refused(one_node("QLinearConcat", {bytes, bytes, bytes, bytes}), ErrorCode::kInvalidModel,
                 "4 inputs, expected 2 for the result and 3 for each tensor");
  expect_refused(one_node("GatherBlockQuantized", {bytes, rows, scales}, {attribute("gather_axis", 2)}),
                 ErrorCode::kInvalidModel, "gather_axis is 2 for data of rank 2");
  expect_refused(one_node("GatherBlockQuantized", {bytes, rows, scales}, {attribute("gather_axis", -1)}),
                 ErrorCode::kInvalidModel, "gather_axis and quantize_axis are both 1");
  expect_refused(one_node("Gelu", {}), ErrorCode::kInvalidModel, "0 inputs, expected 1");
  expect_refused(one_node("Attention", {q, {kF, {8, 24}}},
                          {attribute("num_heads", 2), attribute("qkv_hidden_sizes", std::vector<std::int64_t>{8, 8})}),
                 ErrorCode::kInvalidModel, "qkv_hidden_sizes has 2 numbers, expected 3");
  // Numbers that no product may be made of.
  const std::int64_t size = std::int64_t{1} << 40;
  const Input wide{kF, {1, 1, size}}, past{kF, {1, 1, 4, size}}, lengths{DataType::kInt32, {1}};
  const std::int64_t many = std::int64_t{1} << 62;
  expect_refused(one_node("GroupQueryAttention", {q, q, q, {kF, {}}, {kF, {}}, lengths, lengths},
                          {attribute("num_heads", many), attribute("kv_num_heads", 1)}),
                 ErrorCode::kInvalidModel, "num_heads is 4611686018427387904, expected 1 to 2147483647");
  expect_refused(one_node("GroupQueryAttention", {wide, wide, wide, past, past, lengths, lengths},
                          {attribute("num_heads", 2), attribute("kv_num_heads", 1)}),
                 ErrorCode::kUnsupported, "the width of a head is not known");
  const Input key{kF, {2, 3, 4}}, none{DataType::kUndefined, {}}, norm{kF, {4}}, both{DataType::kInt32, {2}};
  const std::vector<Input> grouped = {q, key, key, none, none, both, lengths};
  const Message heads = attribute("num_heads", 2), key_heads = attribute("kv_num_heads", 1);
  expect_refused(one_node("GroupQueryAttention", grouped,
                          {heads, key_heads, attribute("causal", 0), attribute("local_window_size", 4)}),
                 ErrorCode::kInvalidModel, "causal is 0 with a local_window_size of 4");
  expect_refused(one_node("GroupQueryAttention", grouped, {heads, key_heads, attribute("sliding_window_cache", 1)}),
                 ErrorCode::kInvalidModel, "sliding_window_cache is set with a local_window_size of -1");
  expect_refused(one_node("GroupQueryAttention", grouped, {heads, key_heads, attribute("local_window_size", size)}),
                 ErrorCode::kInvalidModel, "local_window_size is 1099511627776, expected at most 2147483647");
  const Input tokens{kF, {3, 4}}, chances{kF, {3, 2}}, up{kF, {2, 6, 4}}, down{kF, {2, 4, 6}};
  const std::vector<Input> experts = {tokens, chances, up, none, down};
  expect_refused(one_node("MoE", experts, {attribute("k", 0)}), ErrorCode::kInvalidModel,
                 "k is 0, expected 1 to the number of experts");
  expect_refused(one_node("MoE", experts, {attribute("activation_type", "swiglu")}), ErrorCode::kInvalidModel,
                 "swiglu_fusion is 0 without fc3_experts_weights");
  expect_refused(one_node("MoE", experts, {attribute("activation_type", "swiglu"), attribute("swiglu_fusion", 3)}),
                 ErrorCode::kInvalidModel, "swiglu_fusion is 3, expected 0 to 2");
  std::vector<Input> one_norm = grouped;
  one_norm.insert(one_norm.end(), {none, none, none, none, none, none, none, norm});
  expect_refused(one_node("GroupQueryAttention", one_norm, {heads, key_heads}), ErrorCode::kInvalidModel,
                 "one of q_norm_weight and k_norm_weight is given, expected both or none");
  expect_refused(one_node("RotaryEmbedding", {wide, lengths, {kF, {4, size}}, {kF, {4, size}}}),
                 ErrorCode::kUnsupported, "the width of a head is not known");
  const auto other = [](const char* op, const char* domain, std::vector<Message> attributes, std::size_t inputs) {
    ModelWriter writer = model();
    writer.opset(17).opset(1, domain);
    Names names;
    for (std::size_t i = 0; i < inputs; ++i) {
      names.push_back("x" + std::to_string(i));
      writer.input(names.back(), kF, {2});
    }
    return writer.output("y").node(op, names, {"y"}, std::move(attributes), "n", domain);
  };
  const char* const training = "ai.onnx.preview.training";
  expect_refused(other("Adam", training, {}, 5), ErrorCode::kInvalidModel,
                 "5 inputs, expected R, T and as many tensors of each of 4 kinds");
  expect_refused(other("Momentum", training, {attribute("mode", "fast")}, 5), ErrorCode::kInvalidModel,
                 "mode is \"fast\", expected standard or nesterov");
  expect_refused(other("Momentum", training, {attribute("mode", "standard"), attribute("alpha", 0.5F)}, 5),
                 ErrorCode::kInvalidModel, "attribute \"beta\" is missing");
  expect_refused(other("LinearRegressor", "ai.onnx.ml", {}, 1), ErrorCode::kInvalidModel,
                 "attribute \"coefficients\" is missing");
  expect_refused(other("Normalizer", "ai.onnx.ml", {attribute("norm", "L3")}, 1), ErrorCode::kInvalidModel,
                 "norm is \"L3\", expected one of MAX,L1,L2");
  expect_refused(one_node("FusedMatMul", {q}), ErrorCode::kUnsupported, "the rank of input B is not known");
}

TEST(OwnFunctions, RefuseStatesAndTablesThatTheyDoNotMean) {
  const Input x{kF, {2, 3, 5}}, weight{kF, {3, 1, 4}};
  const auto convolution = [&](Message attribute, ErrorCode code, const char* words, std::size_t outputs = 2) {
    expect_refused(one_node("CausalConvWithState", {x, weight}, {std::move(attribute)}, outputs), code, words);
  };
  convolution(attribute("ndim", 2), ErrorCode::kUnsupported, "ndim is 2, supported is 1");
  convolution(attribute("state_window", 1), ErrorCode::kUnsupported, "state_window is 1, supported is 0");
  convolution(attribute("state_length", 5), ErrorCode::kUnsupported, "state_length is 5, supported is 0");
  convolution(attribute("input_channels", 2), ErrorCode::kUnsupported, "input_channels is 2, supported is 0");
  convolution(attribute("input_channel_offset", 1), ErrorCode::kUnsupported, "input_channel_offset is 1");
  convolution(attribute("state_channels_last", 1), ErrorCode::kUnsupported,
              "state_channels_last is 1, supported is -1");
  convolution(attribute("state_update_capacity", 1), ErrorCode::kUnsupported, "state_update_capacity is 1");
  convolution(attribute("ndim", 1), ErrorCode::kUnsupported, "output state_update is not supported", 3);
  convolution(attribute("dilation", 0), ErrorCode::kInvalidModel, "dilation is 0, expected 1 to 2147483647");
  convolution(attribute("activation", "relu"), ErrorCode::kInvalidModel,
              "activation is \"relu\", expected one of none,silu,swish");
  expect_refused(one_node("CausalConvWithState", {x, {kF, {3, 1, "k"}}}, {}, 2), ErrorCode::kUnsupported,
                 "the shape of weight is not known, [channels, 1, k]");
  expect_refused(one_node("CausalConvWithState", {x, weight, {kF, {}}, {kF, {2, 3, 4}}}, {}, 2),
                 ErrorCode::kInvalidModel, "shape [0,3,3]");

  const auto attention = [](const char* rule, std::int64_t heads, ErrorCode code, const char* words,
                            std::int64_t state_window = 0) {
    const Input q{kF, {2, 3, 8}};
    expect_refused(one_node("LinearAttention", {q, q, q},
                            {attribute("update_rule", rule), attribute("q_num_heads", 2),
                             attribute("kv_num_heads", heads), attribute("state_window", state_window)},
                            2),
                   code, words);
  };
  attention("linear", 2, ErrorCode::kUnsupported, "state_window is 1, supported is 0", 1);
  attention("fast", 2, ErrorCode::kInvalidModel,
            "update_rule is \"fast\", expected one of gated_delta,gated,delta,linear");
  attention("gated", 2, ErrorCode::kUnsupported, "input 4 is left out");
  attention("delta", 2, ErrorCode::kUnsupported, "input 5 is left out");
  attention("linear", 3, ErrorCode::kInvalidModel,
            "heads of query, key and value are 2, 2 and 3, expected multiples of each other");
  attention("linear", 0, ErrorCode::kInvalidModel, "kv_num_heads is 0, expected 1 to 2147483647");

  const auto table = [](std::int64_t block, std::int64_t type, ErrorCode code, const char* words) {
    expect_refused(
        one_node("MatMulBnb4", {{kF, {2, 8}}, {DataType::kUint8, {16}}, {kF, {2}}},
                 {attribute("K", 8), attribute("N", 4), attribute("block_size", block), attribute("quant_type", type)}),
        code, words);
  };
  table(16, 2, ErrorCode::kUnsupported, "quant_type is 2, supported are 0 (FP4) and 1 (NF4)");
  table(24, 1, ErrorCode::kInvalidModel, "block_size is 24, expected a power of 2 from 16 to 4096");
  table(32, 1, ErrorCode::kInvalidModel, "shape [1,1] needs 1");
}

TEST(OwnFunctions, RefuseTurnsAndSlicesThatTheyDoNotMean) {
  const Input heads{kF, {2, 2, 3, 8}}, packed{kF, {2, 3, 16}}, positions{DataType::kInt64, {3, 2, 3}},
      cache{kF, {7, 4}};
  const auto turn = [&](const Input& x, Message attribute, const Shape& section, ErrorCode code, const char* words) {
    expect_refused(one_node("MRotaryEmbedding", {x, positions, cache, cache},
                            {std::move(attribute), test::attribute("mrope_section", section)}),
                   code, words);
  };
  const ErrorCode kInvalid = ErrorCode::kInvalidModel, kUnsupported = ErrorCode::kUnsupported;
  turn(heads, attribute("scale", 2.0F), {1, 1, 2}, kUnsupported, "scale is 2");
  turn(heads, attribute("is_packed_batching", 1), {1, 1, 2}, kUnsupported, "is_packed_batching is 1, supported is 0");
  turn(heads, attribute("mrope_layout", 2), {1, 1, 2}, kInvalid, "mrope_layout is 2, expected 0 or 1");
  turn(heads, attribute("mrope_layout", 1), {1, 1, 1}, kInvalid,
       "mrope_section is [1,1,1], expected 3 numbers whose sum is 4");
  turn(heads, attribute("mrope_layout", 1), {4}, kInvalid, "mrope_section is [4]");
  turn(heads, attribute("mrope_layout", 1), {-1, 3, 2}, kInvalid, "mrope_section is [-1,3,2]");
  turn(packed, attribute("mrope_layout", 1), {1, 1, 2}, kInvalid, "attribute \"num_heads\" is missing");
  const Input wide{kF, {7, 1 << 30}};
  expect_refused(one_node("MRotaryEmbedding", {heads, positions, wide, wide},
                          {test::attribute("mrope_section", Shape{1 << 30, 0, 0})}),
                 kUnsupported, "cos_cache has 1073741824 columns, supported are up to 65536");

  const auto slice = [](std::vector<Message> attributes, const char* words) {
    expect_refused(one_node("UnfoldTensor", {{kF, {2, 7}}}, std::move(attributes)), ErrorCode::kInvalidModel, words);
  };
  slice({}, "attribute \"size\" is missing");
  slice({attribute("size", 8)}, "size is 8 for an axis of 7");
  slice({attribute("size", 2), attribute("step", 0)}, "step is 0, expected 1 to 2147483647");
  slice({attribute("size", 2), attribute("dim", 2)}, "dim is 2 for input of rank 2");

  expect_refused(
      one_node("CropAndResize", {{kF, {1, 2, 5, 6}}, {kF, {3, 4}}, {DataType::kInt32, {3}}, {DataType::kInt32, {2}}},
               {attribute("mode", "cubic")}),
      kInvalid, "mode is \"cubic\", expected one of bilinear,nearest");
  const Input x{kF, {2, 3, 8}};
  expect_refused(one_node("GatedRMSNorm", {x, {kF, {8}}, x}, {attribute("activation", "silu,swish")}), kInvalid,
                 "activation is \"silu,swish\", expected one of silu,swish,sigmoid");
  expect_refused(one_node("BranchwiseRMSNorm", {x}, {attribute("num_branches", -1)}), kUnsupported,
                 "num_branches is -1, supported is 0");
  expect_refused(one_node("GatedAdd", {x, x, {kF, {2, 3, 5}}, {kF, {5, 1}}}), kUnsupported,
                 "input gate_weight is not supported");
  expect_refused(one_node("NGramRepeatBlock", {{DataType::kInt64, {2, 6}}, {kF, {2, 5}}}, {attribute("ngram_size", 0)}),
                 kInvalid, "ngram_size is 0, expected 1 to 2147483647");
}

}  // namespace
}  // namespace linnet::test
