// com.microsoft's products and normalisations, which optimisers of models put in the place of several operators.
#include "loaders/onnx/own_functions_impl.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace linnet::internal::onnx {
namespace {

std::string transposed(const OwnCall& call, std::size_t input, const char* name, bool swaps, bool moves_first) {
  const std::size_t rank = rank_of(call, input, name);
  if (rank < 2 || (!swaps && !moves_first)) return text(name, "t=Identity(", name, ");");
  std::string perm;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::size_t from = swaps && i + 2 >= rank ? 2 * rank - 3 - i : i;
    const std::size_t axis = !moves_first || from == rank - 1 ? from : from == rank - 2 ? 0 : from + 1;
    perm += text(i == 0 ? "" : ",", axis);
  }
  return text(name, "t=Transpose<perm=[", perm, "]>(", name, ");");
}

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLeftOut = std::numeric_limits<float>::quiet_NaN();

/// Y of y. `parameters` may end early, or be left out. Errors: kUnsupported.
std::string activated(const OwnCall& call, const std::vector<float>& parameters) {
  static constexpr const char* kPlain[] = {"Relu", "Sigmoid", "Tanh", "Softplus", "Softsign"};
  const std::string activation = call.attributes.get_string("activation", "");
  const auto parameter = [&](std::size_t index, float otherwise) {
    const bool given = index < parameters.size() && !std::isnan(parameters[index]);
    return literal(static_cast<double>(given ? parameters[index] : otherwise));
  };
  if (activation.empty()) return "Y=y;";
  for (const char* const name : kPlain) {
    if (activation == name) return text("Y=", name, "(y);");
  }
  if (activation == "LeakyRelu" || activation == "Elu") {
    return text("Y=", activation, "<alpha=", parameter(0, activation == "Elu" ? 1.0F : 0.01F), ">(y);");
  }
  if (activation == "HardSigmoid") {
    return text("Y=HardSigmoid<alpha=", parameter(0, 0.2F), ",beta=", parameter(1, 0.5F), ">(y);");
  }
  if (activation == "Clip" && parameters.size() == 2) {
    return text("low0=Constant<value_float=", parameter(0, -kInfinity),
                ">();high0=Constant<value_float=", parameter(1, kInfinity),
                ">();low=CastLike(low0,y);high=CastLike(high0,y);Y=Clip(y,low,high);");
  }
  unsupported("activation is \"", printable(activation), "\" with ", parameters.size(), " parameters");
}

}  // namespace

/// transBatchX: the first axis is the last but one.
std::string fused_matmul(const OwnCall& call) {
  return transposed(call, 0, "A", is_set(call, "transA"), is_set(call, "transBatchA")) +
         transposed(call, 1, "B", is_set(call, "transB"), is_set(call, "transBatchB")) +
         "m=MatMul(At,Bt);alpha=Constant<value_float=@alpha:1.0>();f=CastLike(alpha,m);Y=Mul(m,f);";
}

std::string fused_gemm(const OwnCall& call) {
  call.attributes.ignore("activation_gamma");
  return "y=Gemm<alpha=@alpha:1.0,beta=@beta:1.0,transA=@transA:0,transB=@transB:0>(A,B,C);" +
         activated(call, {call.attributes.get_float("activation_alpha", kLeftOut),
                          call.attributes.get_float("activation_beta", kLeftOut)});
}

std::string fused_conv(const OwnCall& call) {
  return "c=Conv<&auto_pad,&dilations,&group,&kernel_shape,&pads,&strides>(X,W,B);{3?y=Add(c,Z);|y=c;}" +
         activated(call, call.attributes.get_floats("activation_params").value_or(std::vector<float>()));
}

std::string skip_simplified_layer_normalization(const OwnCall& call) {
  refuse_output(call, 1, "mean");
  refuse_output(call, 2, "inv_std_var");
  return "{3?k=Add(input,skip);sum=Add(k,bias);|sum=Add(input,skip);}"
         "output=RMSNormalization<axis=-1,epsilon=@epsilon:1.e-12>(sum,gamma);";
}

std::string simplified_layer_normalization(const OwnCall& call) {
  refuse_output(call, 1, "inv_std_var");
  return "Y=RMSNormalization<axis=@axis:-1,epsilon=@epsilon:1.e-5,stash_type=@stash_type:1>(X,scale);";
}

}  // namespace linnet::internal::onnx
