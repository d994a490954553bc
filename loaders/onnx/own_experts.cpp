// com.microsoft's MoE and QMoE: mixtures of experts. Each row of the input goes through the k experts that its router
// prefers, and their results are added, weighted by what Softmax makes of the router's scores:
//   expert(x) = activation(x fc1^T + b1) fc2^T + b2; with fc3, activation(...) (x fc3^T + b3) fc2^T + b2
//   swiglu:     G sigmoid(alpha G) (L + beta), G = min(g, limit), L = clamp(l, -limit, limit), where g and l are fc1's
//               and fc3's, or neighbours (swiglu_fusion 1) or halves (2) of what fc1 gives
// Gelu is the one with Tanh, as in ONNX Runtime. Rows are multiplied with the matrices of their experts
// (GatheredMatMul), in float32 whatever the type of the input. QMoE has weights of 2, 4 or 8 bits, the first of a byte
// in its lowest bits (GatheredMatMulNBits):
//   weight = (code - zero point) scale, for each row of a matrix or each block of block_size along it
// accuracy_level is what it is for MatMulNBits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "loaders/onnx/own_functions_impl.hpp"

namespace linnet::internal::onnx {
namespace {

/// Which inputs the three layers have.
struct Layers {
  std::size_t biases[3];
  std::size_t third;  ///< weights of fc3
  bool quantized;
  std::size_t zero_points;  ///< of the first
};
constexpr Layers kPlain = {{3, 5, 7}, 6, false, 0};
constexpr Layers kQuantized = {{4, 7, 10}, 8, true, 11};
constexpr std::size_t kRouterWeights = 14;
/// The inputs behind it, for weights that are floats of 8 or 4 bits.
constexpr const char* kScalesOfFloats[] = {"fc1_global_scale", "fc2_global_scale",    "fc1_act_scale",
                                           "fc2_act_scale",    "fc1_act_block_scale", "fc2_act_block_scale"};

/// The pattern with the layer's name in place of #.
std::string of_layer(std::string_view pattern, const char* layer) {
  std::string out;
  for (const char c : pattern) {
    if (c == '#') {
      out += layer;
    } else {
      out += c;
    }
  }
  return out;
}

std::int64_t bits_of(const OwnCall& call, const char* layer) {
  const std::int64_t all = call.attributes.get_int("expert_weight_bits", 4);
  const std::int64_t bits = call.attributes.get_int(text(layer, "_expert_weight_bits"), all);
  if (bits != 2 && bits != 4 && bits != 8) unsupported("weights of ", bits, " bits, supported are 2, 4 and 8");
  return bits;
}

/// s_# and, where there are any, z_#, both [experts, outputs, blocks], of the layer. Zero points of blocks are packed
/// by rows, as the operator takes them; those of rows are packed along the rows.
std::string scales_and_zeros(const OwnCall& call, const char* layer, std::size_t zero_points) {
  const bool has_zeros = call.has_input(zero_points);
  if (call.attributes.get_int("block_size", 0) > 0)
    return of_layer(has_zeros ? "s_#=#_scales;z_#=#_zero_points;" : "s_#=#_scales;", layer);
  std::string out = "s_#=Unsqueeze(#_scales,[-1]);";
  const std::int64_t bits = bits_of(call, layer);
  if (has_zeros && bits == 8) {
    out += "z_#=Unsqueeze(#_zero_points,[-1]);";
  } else if (has_zeros) {
    // The last byte may have more than there are.
    out += text("bytes_#=Unsqueeze(#_zero_points,[-1]);shifts_#=CastLike(", bits == 4 ? "[0,4]" : "[0,2,4,6]",
                ",bytes_#);moved_#=BitShift<direction=\"RIGHT\">(bytes_#,shifts_#);mask_#=CastLike(", (1 << bits) - 1,
                ",bytes_#);low_#=BitwiseAnd(moved_#,mask_#);all_#=Reshape(low_#,[0,-1]);n_#=Shape<start=-1>(#_scales);"
                "there_#=Slice(all_#,[0],n_#,[-1]);z0_#=CastLike(there_#,#_scales);z_#=Unsqueeze(z0_#,[-1]);");
  }
  return of_layer(out, layer);
}

/// `to` [rows, k, outputs] from `from` [rows, inputs] or [rows, k, inputs]: `repeats` is k or 1.
std::string projection(const OwnCall& call, const Layers& layers, std::size_t layer, std::int64_t repeats,
                       const char* from, const char* to) {
  const std::string name = text("fc", layer + 1);
  const bool has_bias = call.has_input(layers.biases[layer]);
  std::string out = has_bias ? of_layer("b_#=Cast<to=1>(#_experts_bias);", name.c_str()) : "";
  const std::string bias = has_bias ? text("b_", name) : "";
  if (!layers.quantized) {
    return out + text(to, "=linnet:GatheredMatMul<repeats=", repeats, ">(", from, ",chosen,", name, "_experts_weights,",
                      bias, ");");
  }
  const std::int64_t bits = bits_of(call, name.c_str());
  const std::int64_t level = call.attributes.get_int("accuracy_level", 0);
  const std::int64_t block = call.attributes.get_int("block_size", 0);
  return out + scales_and_zeros(call, name.c_str(), layers.zero_points + layer) +
         text(to, "=linnet:GatheredMatMulNBits<bits=", bits, ",block_size=", std::max<std::int64_t>(0, block),
              ",accuracy_level=", level, ",repeats=", repeats, ">(", from, ",chosen,", name, "_experts_weights,s_",
              name, ",", call.has_input(layers.zero_points + layer) ? text("z_", name) : "", ",", bias, ");");
}

/// `g` and `l` of fc1's result `h`, or of fc1 and fc3.
std::string gates(const OwnCall& call, std::size_t third) {
  const std::int64_t fusion = call.attributes.get_int("swiglu_fusion", 0);
  switch (fusion) {
    case 0:
      if (!call.has_input(third)) invalid_model("swiglu_fusion is 0 without fc3_experts_weights");
      return "g=h;l=h3;";
    case 1:
      return "pairs=Reshape(h,[0,0,-1,2]);g0,l0=Split<axis=-1,num_outputs=2>(pairs);g=Squeeze(g0,[3]);l=Squeeze(l0,[3])"
             ";";
    case 2:
      return "g,l=Split<axis=-1,num_outputs=2>(h);";
    default:
      invalid_model("swiglu_fusion is ", fusion, ", expected 0 to 2");
  }
}

/// `a` of `h`, and of `h3` where there is fc3.
std::string activation(const OwnCall& call, std::size_t third) {
  const std::string name = call.attributes.get_string("activation_type", "relu");
  if (name == "swiglu") {
    std::string out = gates(call, third);
    if (call.attributes.has("swiglu_limit")) {
      out +=
          "limit=Constant<value_float=@swiglu_limit:0.0>();top=Min(g,limit);below=Neg(limit);"
          "linear=Clip(l,below,limit);";
    } else {
      out += "top=g;linear=l;";
    }
    return out +
           "alpha=Constant<value_float=@activation_alpha:1.0>();beta=Constant<value_float=@activation_beta:0.0>();"
           "steep=Mul(alpha,top);gate=Sigmoid(steep);open=Mul(top,gate);more=Add(linear,beta);a=Mul(open,more);";
  }
  for (const char* attribute : {"activation_alpha", "activation_beta", "swiglu_limit", "swiglu_fusion"})
    call.attributes.ignore(attribute);
  std::string out;
  if (name == "relu") {
    out = "a0=Relu(h);";
  } else if (name == "gelu") {
    out = "a0=Gelu<approximate=\"tanh\">(h);";
  } else if (name == "silu") {
    out = "open=Sigmoid(h);a0=Mul(h,open);";
  } else if (name == "identity") {
    out = "a0=h;";
  } else {
    unsupported("activation_type is \"", printable(name), "\"");
  }
  return out + (call.has_input(third) ? "a=Mul(a0,h3);" : "a=a0;");
}

/// What follows the choice of experts: `chosen` are those of every row, `best` their shares.
std::string mixed(const OwnCall& call, const Layers& layers, bool normalized) {
  std::string out = normalized ? "sum=ReduceSum<keepdims=1>(best,[-1]);weights=Div(best,sum);" : "weights=best;";
  const std::int64_t experts = call.attributes.get_int("k", 1);
  out += "flat=Flatten<axis=-1>(input);x=Cast<to=1>(flat);" + projection(call, layers, 0, experts, "x", "h");
  if (call.has_input(layers.third)) out += projection(call, layers, 2, experts, "x", "h3");
  out += activation(call, layers.third) + projection(call, layers, 1, 1, "a", "o");
  return out +
         "share=Unsqueeze(weights,[2]);parts=Mul(o,share);mixed=ReduceSum<keepdims=0>(parts,[1]);shape=Shape(input);"
         "whole=Reshape(mixed,shape);output=CastLike(whole,input);";
}

/// `k`, how many experts a row has.
std::string count_of_experts(const OwnCall& call) {
  if (const TensorType& router = call.inputs[1]; router.ranked && router.dims.size() != 2)
    invalid_model("router_probs has ", router.dims.size(), " dimensions, expected 2");
  require(call, "use_sparse_mixer", 0);
  require(call, "swiglu_limit_after_activation", 0);
  const std::int64_t experts = call.attributes.get_int("k", 1);
  if (experts < 1 || experts > kMostSize) invalid_model("k is ", experts, ", expected 1 to the number of experts");
  return text("k=Constant<value_ints=[", experts, "]>();");
}

}  // namespace

std::string mixture_of_experts(const OwnCall& call) {
  return count_of_experts(call) +
         "logits=Cast<to=1>(router_probs);chances=Softmax<axis=-1>(logits);best,chosen=TopK<axis=-1>(chances,k);" +
         mixed(call, kPlain, is_set(call, "normalize_routing_weights"));
}

std::string quantized_mixture_of_experts(const OwnCall& call) {
  const std::string type = call.attributes.get_string("quant_type", "int");
  if (type != "int") unsupported("quant_type is \"", printable(type), "\", supported is \"int\"");
  if (call.attributes.get_int("weights_prepacked", -1) > 0)
    unsupported("weights_prepacked is 1, supported are -1 and 0");
  for (std::size_t i = 0; i < std::size(kScalesOfFloats); ++i)
    refuse_input(call, kRouterWeights + 1 + i, kScalesOfFloats[i]);
  const bool weighted = call.has_input(kRouterWeights);
  const std::string out = count_of_experts(call) +
                          "logits=Cast<to=1>(router_probs);scores,chosen=TopK<axis=-1>(logits,k);" +
                          (weighted ? "shares=Cast<to=1>(router_weights);best=GatherElements<axis=1>(shares,chosen);"
                                    : "best=Softmax<axis=-1>(scores);");
  return out + mixed(call, kQuantized, is_set(call, "normalize_routing_weights") && weighted);
}

}  // namespace linnet::internal::onnx
