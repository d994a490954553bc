#include "loaders/onnx/own_functions.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "loaders/onnx/function_text.hpp"
#include "loaders/onnx/functions.hpp"
#include "loaders/onnx/own_functions_impl.hpp"
#include "loaders/onnx/wire_writer.hpp"

namespace linnet::internal::onnx {
namespace {

constexpr int kOpset = 25;  ///< of the operators that definitions name
constexpr const char* kMicrosoft = "com.microsoft";
constexpr const char* kMl = "ai.onnx.ml";
constexpr const char* kTraining = "ai.onnx.preview.training";

struct OwnFunction {
  const char* domain;
  const char* name;
  const char* inputs;   ///< names with spaces between them; null: i0, i1, ... and o0, o1, ... as many as the node has
  const char* outputs;  ///< the same
  const char* body;     ///< null where `write` makes it
  std::string (*write)(const OwnCall&);
};

constexpr OwnFunction kFunctions[] = {
    {"", "AffineGrid", "theta size", "grid", nullptr, affine_grid},
    {"", "BatchNormalization", "X scale B input_mean input_var", "Y running_mean running_var", nullptr,
     batch_normalization},
    {"", "Bernoulli", "input", "output", nullptr, bernoulli},
    {"", "CenterCropPad", "input_data shape", "output_data", nullptr, center_crop_pad},
    {"", "SimplifiedLayerNormalization", "X scale", "Y inv_std_var", nullptr, simplified_layer_normalization},
    {"", "Softsign", "input", "output",
     "a=Abs(input);one0=Constant<value_float=1.0>();one=CastLike(one0,input);d=Add(a,one);output=Div(input,d);",
     nullptr},
    {"", "ThresholdedRelu", "X", "Y",
     "t=Constant<value_float=@alpha:1.0>();c=CastLike(t,X);g=Greater(X,c);zero0=Constant<value_float=0.0>();"
     "zero=CastLike(zero0,X);Y=Where(g,X,zero);",
     nullptr},
    {kMicrosoft, "Attention", "input weights bias mask past attention_bias past_sequence_length", "output present",
     nullptr, attention},
    {kMicrosoft, "BiasGelu", "A B", "C", "s=Add(A,B);C=Gelu(s);", nullptr},
    {kMicrosoft, "EmbedLayerNormalization",
     "input_ids segment_ids word_embedding position_embedding segment_embedding gamma beta mask position_ids",
     "output mask_index embedding_sum", nullptr, embed_layer_normalization},
    {kMicrosoft, "FastGelu", "X bias", "Y", nullptr,
     [](const OwnCall& call) {
       return text(call.has_input(1) ? "s=Add(X,bias);" : "s=Identity(X);", "Y=Gelu<approximate=\"tanh\">(s);");
     }},
    {kMicrosoft, "FusedGemm", "A B C", "Y", nullptr, fused_gemm},
    {kMicrosoft, "FusedMatMul", "A B", "Y", nullptr, fused_matmul},
    {kMicrosoft, "Gelu", "X", "Y", "Y=Gelu(X);", nullptr},
    {kMicrosoft, "GroupQueryAttention",
     "query key value past_key past_value seqlens_k total_sequence_length cos_cache sin_cache position_ids "
     "attention_bias head_sink k_scale v_scale q_norm_weight k_norm_weight query_seqlens",
     "output present_key present_value output_qk", nullptr, group_query_attention},
    {kMicrosoft, "MultiHeadAttention",
     "query key value bias mask attention_bias past_key past_value past_sequence_length cache_indirection",
     "output present_key present_value qk", nullptr, multi_head_attention},
    {kMicrosoft, "QuickGelu", "X", "Y", "Y=Swish<alpha=@alpha:1.702>(X);", nullptr},
    {kMicrosoft, "RotaryEmbedding", "input position_ids cos_cache sin_cache", "output", nullptr, rotary_embedding},
    {kMicrosoft, "SimplifiedLayerNormalization", "X scale", "Y inv_std_var", nullptr, simplified_layer_normalization},
    {kMicrosoft, "SkipLayerNormalization", "input skip gamma beta bias", "output mean inv_std_var sum", nullptr,
     skip_layer_normalization},
    {kMicrosoft, "SkipSimplifiedLayerNormalization", "input skip gamma bias", "output mean inv_std_var sum", nullptr,
     skip_simplified_layer_normalization},
    {kMl, "ArrayFeatureExtractor", "X Y", "Z", nullptr, array_feature_extractor},
    {kMl, "Binarizer", "X", "Y",
     "t=Constant<value_float=@threshold:0.0>();c=CastLike(t,X);g=Greater(X,c);Y=CastLike(g,X);", nullptr},
    {kMl, "FeatureVectorizer", nullptr, nullptr, nullptr, feature_vectorizer},
    {kMl, "LinearRegressor", "X", "Y", nullptr, linear_regressor},
    {kMl, "Normalizer", "X", "Y", nullptr, normalizer},
    {kMl, "Scaler", "X", "Y", nullptr, scaler},
    {kTraining, "Adagrad", nullptr, nullptr, nullptr, adagrad},
    {kTraining, "Adam", nullptr, nullptr, nullptr, adam},
    {kTraining, "Momentum", nullptr, nullptr, nullptr, momentum},
};

const OwnFunction* find(std::string_view domain, std::string_view op_type) {
  const auto found = std::find_if(std::begin(kFunctions), std::end(kFunctions), [&](const OwnFunction& row) {
    return row.name == op_type && row.domain == canonical_domain(domain);
  });
  return found == std::end(kFunctions) ? nullptr : &*found;
}

void append_names(std::string& out, std::uint32_t field, std::string_view names) {
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(' '));
    append_field(out, field, {name});
    names.remove_prefix(std::min(names.size(), name.size() + 1));
  }
}

}  // namespace

std::size_t rank_of(const OwnCall& call, std::size_t input, const char* name) {
  if (!call.inputs[input].ranked) unsupported("the rank of input ", name, " is not known");
  return call.inputs[input].dims.size();
}

void refuse_input(const OwnCall& call, std::size_t input, const char* name) {
  if (call.has_input(input)) unsupported("input ", name, " is not supported");
}

void refuse_output(const OwnCall& call, std::size_t output, const char* name) {
  if (call.has_output(output)) unsupported("output ", name, " is not supported");
}

void require(const OwnCall& call, const char* name, std::int64_t wanted) {
  const std::int64_t value = call.attributes.get_int(name, wanted);
  if (value != wanted) unsupported(name, " is ", value, ", supported is ", wanted);
}

bool is_set(const OwnCall& call, const char* name) { return call.attributes.get_int(name, 0) != 0; }

std::string range_along(const char* of, std::size_t axis) {
  return text("none=Constant<value_ints=[0]>();zero=Squeeze(none,none);one=Constant<value_int=1>();s=Shape<start=",
              axis, ",end=", axis + 1, ">(", of, ");steps=Squeeze(s,none);range=Range(zero,steps,one);");
}

bool has_own_function(std::string_view domain, std::string_view op_type) { return find(domain, op_type) != nullptr; }

std::string own_function(const OwnCall& call) {
  const OwnFunction& row = *find(call.node.domain, call.node.op_type);
  const std::string nodes = nodes_of_text(row.body != nullptr ? row.body : row.write(call), call.attributes);
  std::string out, opset, own_opset;
  append_field(out, 1, {row.name});
  if (row.inputs != nullptr) {
    append_names(out, 4, row.inputs);
    append_names(out, 5, row.outputs);
  } else {
    for (std::size_t i = 0; i < call.node.inputs.size(); ++i) append_field(out, 4, {text("i", i)});
    for (std::size_t i = 0; i < call.node.outputs.size(); ++i) append_field(out, 5, {text("o", i)});
  }
  for (const Span bytes : call.node.attributes) {
    const std::string_view name = read<AttributeProto>(bytes).name;
    const auto value =
        std::find_if(call.values.begin(), call.values.end(), [&](const NamedAttribute& a) { return a.name == name; });
    const bool unread =
        value != call.values.end() &&
        call.attributes.use_of(static_cast<std::size_t>(value - call.values.begin())) == ParseContext::Use::kUnread;
    if (!unread) append_field(out, 6, {name});
  }
  out += nodes;
  append_number(opset, 2, kOpset);
  append_field(out, 9, {opset});
  append_field(own_opset, 1, {"linnet"});
  append_number(own_opset, 2, 1);
  append_field(out, 9, {own_opset});
  append_field(out, 10, {row.domain});
  return out;
}

}  // namespace linnet::internal::onnx
