// Training: BatchNormalization that learns, ai.onnx.preview.training's optimisers, and random draws.
#include "loaders/onnx/own_functions_impl.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace linnet::internal::onnx {

/// BatchNormalization by the statistics of the batch, which move those that are kept.
std::string batch_normalization(const OwnCall& call) {
  if (!is_set(call, "training_mode")) refuse_without_kernel();
  const std::size_t rank = rank_of(call, 0, "X");
  if (rank < 2) unsupported("training with X of rank ", rank);
  std::string axes = "0";
  for (std::size_t i = 2; i < rank; ++i) axes += text(",", i);
  return text("axes=Constant<value_ints=[", axes, "]>();x=CastLike(X,input_mean);mean=ReduceMean<keepdims=0>(x,axes);",
              "wide=ReduceMean(x,axes);apart=Sub(x,wide);square=Mul(apart,apart);"
              "var=ReduceMean<keepdims=0>(square,axes);"
              "Y=BatchNormalization<epsilon=@epsilon:1.e-5>(X,scale,B,mean,var);kept=CastLike(@momentum:0.9,mean);"
              "one0=Constant<value_float=1.0>();one=CastLike(one0,mean);moved=Sub(one,kept);"
              "old_mean=Mul(input_mean,kept);new_mean=Mul(mean,moved);running_mean=Add(old_mean,new_mean);"
              "kept_var=CastLike(@momentum:0.9,input_var);moved_var=CastLike(moved,input_var);"
              "batch_var=CastLike(var,input_var);old_var=Mul(input_var,kept_var);new_var=Mul(batch_var,moved_var);"
              "running_var=Add(old_var,new_var);");
}

namespace {

/// Of the tensors that an optimiser changes together: inputs 0 and 1 are R and T, the others `kinds` lists of them.
std::size_t tensors_of(const OwnCall& call, std::size_t kinds) {
  const std::size_t inputs = call.node.inputs.size();
  if (inputs < 2 + kinds || (inputs - 2) % kinds != 0) {
    invalid_model(inputs, " inputs, expected R, T and as many tensors of each of ", kinds, " kinds");
  }
  return (inputs - 2) / kinds;
}

/// Lines for each tensor, with $0, $1, ... for its inputs of each kind, &0, &1, ... for its outputs of each kind, and
/// % for its number.
std::string for_tensors(std::size_t tensors, std::string_view lines) {
  std::string out;
  for (std::size_t tensor = 0; tensor < tensors; ++tensor) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i] == '$') {
        out += text("i", 2 + static_cast<std::size_t>(lines[++i] - '0') * tensors + tensor);
      } else if (lines[i] == '&') {
        out += text("o", static_cast<std::size_t>(lines[++i] - '0') * tensors + tensor);
      } else if (lines[i] == '%') {
        out += text("_", tensor);
      } else {
        out += lines[i];
      }
    }
  }
  return out;
}

/// Numbers that all tensors share.
std::string scalars(const char* epsilon) {
  return text("one0=Constant<value_float=1.0>();one=Cast<to=11>(one0);",
              "zero=Cast<to=11>(0.0);r=Cast<to=11>(i0);t=Cast<to=11>(i1);later=Greater(t,zero);"
              "e0=Constant<value_float=@epsilon:",
              epsilon, ">();");
}

/// The gradient g% with that of the regularisation.
constexpr const char* kGradient = "c%=CastLike(@norm_coefficient:0.0,$0);p%=Mul(c%,$0);g%=Add(p%,$1);";

}  // namespace

std::string adagrad(const OwnCall& call) {
  const std::size_t tensors = tensors_of(call, 3);
  return text(scalars("0.0"), "d=Cast<to=11>(@decay_factor:0.0);dt=Mul(t,d);dt1=Add(dt,one);rate=Div(r,dt1);",
              for_tensors(tensors, text(kGradient,
                                        "s%=Mul(g%,g%);&1=Add($2,s%);q%=Sqrt(&1);e%=CastLike(e0,$0);h%=Add(q%,e%);"
                                        "r%=CastLike(rate,$0);m%=Mul(r%,g%);w%=Div(m%,h%);&0=Sub($0,w%);")));
}

std::string adam(const OwnCall& call) {
  const std::size_t tensors = tensors_of(call, 4);
  return text(
      scalars("1.e-6"),
      "a0=Constant<value_float=@alpha:0.9>();a=Cast<to=11>(a0);b0=Constant<value_float=@beta:0.999>();"
      "b=Cast<to=11>(b0);n=Cast<to=11>(@norm_coefficient_post:0.0);a1=Sub(one,a);b1=Sub(one,b);n1=Sub(one,n);"
      "at=Pow(a,t);bt=Pow(b,t);at1=Sub(one,at);bt1=Sub(one,bt);root=Sqrt(bt1);up=Mul(r,root);fast=Div(up,at1);"
      "rate=Where(later,fast,r);",
      for_tensors(tensors, text(kGradient,
                                "a%=CastLike(a,$0);aa%=CastLike(a1,$0);b%=CastLike(b,$0);bb%=CastLike(b1,$0);"
                                "v%=Mul(a%,$2);vv%=Mul(aa%,g%);&1=Add(v%,vv%);s%=Mul(g%,g%);h%=Mul(b%,$3);"
                                "hh%=Mul(bb%,s%);&2=Add(h%,hh%);q%=Sqrt(&2);e%=CastLike(e0,$0);k%=Add(q%,e%);"
                                "d%=Div(&1,k%);r%=CastLike(rate,$0);w%=Mul(r%,d%);x%=Sub($0,w%);n%=CastLike(n1,$0);"
                                "&0=Mul(n%,x%);")));
}

std::string momentum(const OwnCall& call) {
  const std::size_t tensors = tensors_of(call, 3);
  const std::string mode = call.attributes.get_string("mode", "");
  if (mode != "standard" && mode != "nesterov") {
    invalid_model("mode is \"", printable(mode), "\", expected standard or nesterov");
  }
  for (const char* name : {"alpha", "beta", "norm_coefficient"}) {
    if (!call.attributes.has(name)) invalid_model("attribute \"", name, "\" is missing");
  }
  const char* const step = mode == "standard" ? "w%=Mul(r%,&1);" : "k%=Mul(a%,&1);j%=Add(g%,k%);w%=Mul(r%,j%);";
  return text(
      scalars("0.0"),
      "a0=Constant<value_float=@alpha:0.0>();b0=Constant<value_float=@beta:0.0>();beta=Where(later,b0,one0);",
      for_tensors(
          tensors,
          text(kGradient,
               "a%=CastLike(a0,$0);b%=CastLike(beta,$0);v%=Mul(a%,$2);vv%=Mul(b%,g%);&1=Add(v%,vv%);r%=CastLike(r,$0);",
               step, "&0=Sub($0,w%);")));
}

/// ONNX's definition draws 1 with the probability of 0.
std::string bernoulli(const OwnCall& call) {
  const bool typed = call.attributes.get_int("dtype", 0) != 0;
  return text("p=Cast<to=11>(input);u=RandomUniformLike<dtype=11", call.attributes.has("seed") ? ",seed=@seed:0.0" : "",
              ">(input);one=Less(u,p);output=", typed ? "Cast<to=@dtype:1>(one);" : "CastLike(one,input);");
}

}  // namespace linnet::internal::onnx
