// com.microsoft's MoE and QMoE: mixtures of experts. Each row of the input goes through the k experts that its router
// prefers, and their results are added, weighted by what Softmax makes of the router's scores:
//   expert(x) = activation(x fc1^T + b1) fc2^T + b2; with fc3, activation(...) (x fc3^T + b3) fc2^T + b2
//   swiglu:     G sigmoid(alpha G) (L + beta), G = min(g, limit), L = clamp(l, -limit, limit), where g and l are fc1's
//               and fc3's, or neighbours (swiglu_fusion 1) or halves (2) of what fc1 gives
// Gelu is the one with Tanh, as in ONNX Runtime. All experts see all rows: what a row did not choose is left out of its
// sum. QMoE has weights of 2, 4 or 8 bits, the first of a byte in its lowest bits:
//   weight = (code - zero point) scale, for each row of a matrix or each block of block_size along it
// They become numbers before the products, at load where they are constants.
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>

#include "loaders/onnx/own_functions_impl.hpp"

namespace linnet::internal::onnx {
namespace {

/// Which inputs the three layers have.
struct Layers {
  std::size_t biases[3];
  std::size_t third;  ///< weights of fc3
};
constexpr Layers kPlain = {{3, 5, 7}, 6};
constexpr Layers kQuantized = {{4, 7, 10}, 8};

enum QuantizedInput : std::size_t { kZeroPoints = 11, kRouterWeights = 14 };
/// The inputs behind it, for weights that are floats of 8 or 4 bits.
constexpr const char* kScalesOfFloats[] = {"fc1_global_scale", "fc2_global_scale",    "fc1_act_scale",
                                           "fc2_act_scale",    "fc1_act_block_scale", "fc2_act_block_scale"};

/// The pattern with names in place of $ (from), % (to) and # (weights).
std::string filled(const char* pattern, const char* from, const char* to, const char* weights) {
  std::string out;
  for (; *pattern != '\0'; ++pattern) {
    if (*pattern == '$') {
      out += from;
    } else if (*pattern == '%') {
      out += to;
    } else if (*pattern == '#') {
      out += weights;
    } else {
      out += *pattern;
    }
  }
  return out;
}

/// `to` [experts, rows, outputs] from `from` [rows, inputs] or [experts, rows, inputs].
std::string projection(const OwnCall& call, const char* from, const char* to, const char* weights, std::size_t bias) {
  return filled(call.has_input(bias) ? "t_%=Transpose<perm=[0,2,1]>(#_weights);m_%=MatMul($,t_%);"
                                       "b_%=Unsqueeze(#_experts_bias,[1]);%=Add(m_%,b_%);"
                                     : "t_%=Transpose<perm=[0,2,1]>(#_weights);%=MatMul($,t_%);",
                from, to, weights);
}

/// `g` and `l` of fc1's result `h`, or of fc1 and fc3.
std::string gates(const OwnCall& call, std::size_t third) {
  const std::int64_t fusion = call.attributes.get_int("swiglu_fusion", 0);
  switch (fusion) {
    case 0:
      if (!call.has_input(third)) invalid_model("swiglu_fusion is 0 without fc3_experts_weights");
      return "g=h;l=h3;";
    case 1:
      return "pairs=Reshape(h,[0,0,-1,2]);g0,l0=Split<axis=-1,num_outputs=2>(pairs);g=Squeeze(g0,[3]);"
             "l=Squeeze(l0,[3]);";
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
          "limit=CastLike(@swiglu_limit:0.0,input);below=Neg(limit);top=Min(g,limit);least=Max(l,below);"
          "linear=Min(least,limit);";
    } else {
      out += "top=g;linear=l;";
    }
    return out +
           "alpha=CastLike(@activation_alpha:1.0,input);beta=CastLike(@activation_beta:0.0,input);"
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

/// What follows the choice of experts: `chances` has a column for each of them, `chosen` those of every row, `best`
/// their shares.
std::string mixed(const OwnCall& call, const Layers& layers, bool normalized) {
  // [experts, rows, 1]: the share of each expert in each row's sum, and whether it has one.
  std::string out = normalized ? "sum=ReduceSum<keepdims=1>(best,[-1]);weights=Div(best,sum);" : "weights=best;";
  out +=
      "x=Flatten<axis=-1>(input);shape=Shape(input);rows=Shape(chances);none0=ConstantOfShape(rows);"
      "none=CastLike(none0,input);every=ScatterElements<axis=1>(none,chosen,weights);"
      "turned=Transpose<perm=[1,0]>(every);share=Unsqueeze(turned,[2]);zero=CastLike(0.0,input);"
      "one=CastLike(1.0,input);choice=Shape(chosen);ones=Expand(one,choice);"
      "marked=ScatterElements<axis=1>(none,chosen,ones);marks=Transpose<perm=[1,0]>(marked);"
      "mark=Unsqueeze(marks,[2]);used=Greater(mark,zero);";
  out += projection(call, "x", "h", "fc1", layers.biases[0]);
  if (call.has_input(layers.third)) out += projection(call, "x", "h3", "fc3", layers.biases[2]);
  out += activation(call, layers.third) + projection(call, "a", "o", "fc2", layers.biases[1]);
  return out +
         "part=Mul(o,share);kept=Where(used,part,zero);mixed=ReduceSum<keepdims=0>(kept,[0]);"
         "output=Reshape(mixed,shape);";
}

/// `k`, how many experts a row has.
std::string count_of_experts(const OwnCall& call) {
  require(call, "use_sparse_mixer", 0);
  require(call, "swiglu_limit_after_activation", 0);
  const std::int64_t experts = call.attributes.get_int("k", 1);
  if (experts < 1 || experts > kMostSize) invalid_model("k is ", experts, ", expected 1 to the number of experts");
  return text("k=Constant<value_ints=[", experts, "]>();");
}

/// #_% of #_$, codes of so many bits: the last axis 8 / bits times as long.
std::string unpacked(const char* layer, const char* from, const char* to, std::int64_t bits, const char* shape) {
  if (bits == 8) return filled("#_%=#_$;", from, to, layer);
  const std::string pattern =
      text("apart_%_#=Unsqueeze(#_$,[-1]);shifts_%_#=CastLike(", bits == 4 ? "[0,4]" : "[0,2,4,6]",
           ",#_$);moved_%_#=BitShift<direction=\"RIGHT\">(apart_%_#,shifts_%_#);mask_%_#=CastLike(", (1 << bits) - 1,
           ",#_$);low_%_#=BitwiseAnd(moved_%_#,mask_%_#);#_%=Reshape(low_%_#,", shape, ");");
  return filled(pattern.c_str(), from, to, layer);
}

/// #_weights of codes, scales and zero points.
std::string dequantized(const OwnCall& call, const char* layer, std::size_t zero_points) {
  const std::int64_t all = call.attributes.get_int("expert_weight_bits", 4);
  const std::int64_t bits = call.attributes.get_int(text(layer, "_expert_weight_bits"), all);
  if (bits != 2 && bits != 4 && bits != 8) unsupported("weights of ", bits, " bits, supported are 2, 4 and 8");
  const std::int64_t block = call.attributes.get_int("block_size", 0);
  std::string out = block > 0 ? text("#_cut=Reshape(#_codes,[0,0,-1,", block, "]);") : "#_cut=#_codes;";
  out += "#_c=CastLike(#_cut,#_scales);#_s=Unsqueeze(#_scales,[-1]);";
  // The last byte of zero points may have more than there are.
  out += call.has_input(zero_points)
             ? "#_n=Shape<start=-1>(#_scales);#_there=Slice(#_all,[0],#_n,[-1]);#_apart=Unsqueeze(#_there,[-1]);"
               "#_z=CastLike(#_apart,#_scales);"
             : text("#_z=CastLike(", 1 << (bits - 1), ",#_scales);");
  out += "#_d=Sub(#_c,#_z);#_m=Mul(#_d,#_s);";
  out += block > 0 ? "#_flat=Reshape(#_m,[0,0,-1]);" : "#_flat=#_m;";
  out += "#_weights=CastLike(#_flat,input);";
  std::string codes = unpacked(layer, "experts_weights", "codes", bits, "[0,0,-1]");
  if (call.has_input(zero_points)) {
    codes += unpacked(layer, "zero_points", "all", bits, block > 0 ? "[0,0,-1]" : "[0,-1]");
  }
  return codes + filled(out.c_str(), "", "", layer);
}

}  // namespace

std::string mixture_of_experts(const OwnCall& call) {
  std::string out = count_of_experts(call) +
                    "chances=Softmax<axis=-1>(router_probs);best,chosen=TopK<axis=-1>(chances,k);"
                    "fc1_weights=fc1_experts_weights;fc2_weights=fc2_experts_weights;";
  if (call.has_input(kPlain.third)) out += "fc3_weights=fc3_experts_weights;";
  return out + mixed(call, kPlain, is_set(call, "normalize_routing_weights"));
}

std::string quantized_mixture_of_experts(const OwnCall& call) {
  const std::string type = call.attributes.get_string("quant_type", "int");
  if (type != "int") unsupported("quant_type is \"", printable(type), "\", supported is \"int\"");
  if (call.attributes.get_int("weights_prepacked", -1) > 0)
    unsupported("weights_prepacked is 1, supported are -1 and 0");
  call.attributes.ignore("accuracy_level");
  for (std::size_t i = 0; i < std::size(kScalesOfFloats); ++i)
    refuse_input(call, kRouterWeights + 1 + i, kScalesOfFloats[i]);
  std::string out = count_of_experts(call) + "chances=router_probs;scores,chosen=TopK<axis=-1>(chances,k);";
  const bool weighted = call.has_input(kRouterWeights);
  out += weighted ? "best=GatherElements<axis=1>(router_weights,chosen);" : "best=Softmax<axis=-1>(scores);";
  const bool normalized = is_set(call, "normalize_routing_weights") && weighted;
  out += dequantized(call, "fc1", kZeroPoints) + dequantized(call, "fc2", kZeroPoints + 1);
  if (call.has_input(kQuantized.third)) out += dequantized(call, "fc3", kZeroPoints + 2);
  return out + mixed(call, kQuantized, normalized);
}

}  // namespace linnet::internal::onnx
