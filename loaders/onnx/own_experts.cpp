// com.microsoft's MoE: a mixture of experts. Each row of the input goes through the k experts that its router prefers,
// and their results are added, weighted by what Softmax makes of the router's scores:
//   expert(x) = activation(x fc1^T + b1) fc2^T + b2; with fc3, activation(...) (x fc3^T + b3) fc2^T + b2
//   swiglu:     G sigmoid(alpha G) (L + beta), G = min(g, limit), L = clamp(l, -limit, limit), where g and l are fc1's
//               and fc3's, or neighbours (swiglu_fusion 1) or halves (2) of what fc1 gives
// Gelu is the one with Tanh, as in ONNX Runtime. All experts see all rows: what a row did not choose is left out of its
// sum.
#include <cstdint>
#include <string>

#include "loaders/onnx/own_functions_impl.hpp"

namespace linnet::internal::onnx {
namespace {

enum Input : std::size_t { kBias1 = 3, kBias2 = 5, kThird = 6, kBias3 = 7 };

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
  return filled(call.has_input(bias) ? "t_%=Transpose<perm=[0,2,1]>(#_experts_weights);m_%=MatMul($,t_%);"
                                       "b_%=Unsqueeze(#_experts_bias,[1]);%=Add(m_%,b_%);"
                                     : "t_%=Transpose<perm=[0,2,1]>(#_experts_weights);%=MatMul($,t_%);",
                from, to, weights);
}

/// `g` and `l` of fc1's result `h`, or of fc1 and fc3.
std::string gates(const OwnCall& call) {
  const std::int64_t fusion = call.attributes.get_int("swiglu_fusion", 0);
  switch (fusion) {
    case 0:
      if (!call.has_input(kThird)) invalid_model("swiglu_fusion is 0 without fc3_experts_weights");
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
std::string activation(const OwnCall& call) {
  const std::string name = call.attributes.get_string("activation_type", "relu");
  if (name == "swiglu") {
    std::string out = gates(call);
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
  return out + (call.has_input(kThird) ? "a=Mul(a0,h3);" : "a=a0;");
}

}  // namespace

std::string mixture_of_experts(const OwnCall& call) {
  require(call, "use_sparse_mixer", 0);
  require(call, "swiglu_limit_after_activation", 0);
  const std::int64_t experts = call.attributes.get_int("k", 1);
  if (experts < 1 || experts > kMostSize) invalid_model("k is ", experts, ", expected 1 to the number of experts");
  std::string out = text(
      "x=Flatten<axis=-1>(input);shape=Shape(input);chances=Softmax<axis=-1>(router_probs);"
      "k=Constant<value_ints=[",
      experts, "]>();best,chosen=TopK<axis=-1>(chances,k);");
  out += is_set(call, "normalize_routing_weights") ? "sum=ReduceSum<keepdims=1>(best,[-1]);weights=Div(best,sum);"
                                                   : "weights=best;";
  // [experts, rows, 1]: the share of each expert in each row's sum.
  out +=
      "rows=Shape(chances);none0=ConstantOfShape(rows);none=CastLike(none0,input);"
      "every=ScatterElements<axis=1>(none,chosen,weights);turned=Transpose<perm=[1,0]>(every);"
      "share0=Unsqueeze(turned,[2]);share=CastLike(share0,input);zero=CastLike(0.0,input);used=Greater(share,zero);";
  out += projection(call, "x", "h", "fc1", kBias1);
  if (call.has_input(kThird)) out += projection(call, "x", "h3", "fc3", kBias3);
  out += activation(call) + projection(call, "a", "o", "fc2", kBias2);
  return out +
         "part=Mul(o,share);kept=Where(used,part,zero);mixed=ReduceSum<keepdims=0>(kept,[0]);"
         "output=Reshape(mixed,shape);";
}

}  // namespace linnet::internal::onnx
