// com.microsoft's products and normalisations, which optimisers of models put in the place of several operators.
#include "loaders/onnx/own_functions_impl.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace linnet::internal::onnx {
namespace {

std::string transposed(const OwnCall& call, std::size_t input, const char* name, bool swaps, bool moves_first) {
  const std::size_t rank = rank_of(call, input, name);
  if (rank < 2 || (!swaps && !moves_first)) return text(name, "t=Identity(", name, ");");
  std::vector<std::size_t> order(rank);
  for (std::size_t i = 0; i < rank; ++i) order[i] = i;
  if (moves_first) std::rotate(order.begin(), order.begin() + 1, order.end() - 1);
  if (swaps) std::swap(order[rank - 1], order[rank - 2]);
  std::string perm;
  for (const std::size_t axis : order) perm += text(perm.empty() ? "" : ",", axis);
  return text(name, "t=Transpose<perm=[", perm, "]>(", name, ");");
}

std::string skip_sum(bool has_bias) {
  return has_bias ? "skipped=Add(input,skip);sum=Add(skipped,bias);" : "sum=Add(input,skip);";
}

}  // namespace

/// transBatchX: the first axis is the last but one.
std::string fused_matmul(const OwnCall& call) {
  return transposed(call, 0, "A", is_set(call, "transA"), is_set(call, "transBatchA")) +
         transposed(call, 1, "B", is_set(call, "transB"), is_set(call, "transBatchB")) +
         "m=MatMul(At,Bt);alpha=Constant<value_float=@alpha:1.0>();f=CastLike(alpha,m);Y=Mul(m,f);";
}

std::string fused_gemm(const OwnCall& call) {
  const std::string activation = call.attributes.get_string("activation", "");
  static constexpr const char* kPlain[] = {"Relu", "Sigmoid", "Tanh", "Softplus", "Softsign"};
  std::string head = "g=Gemm<alpha=@alpha:1.0,beta=@beta:1.0,transA=@transA:0,transB=@transB:0>(A,B,C);";
  for (const char* name : {"activation_alpha", "activation_beta", "activation_gamma"}) call.attributes.ignore(name);
  if (activation == "LeakyRelu") return head + "Y=LeakyRelu<alpha=@activation_alpha:0.01>(g);";
  if (activation == "Elu") return head + "Y=Elu<alpha=@activation_alpha:1.0>(g);";
  if (activation == "HardSigmoid") {
    return head + "Y=HardSigmoid<alpha=@activation_alpha:0.2,beta=@activation_beta:0.5>(g);";
  }
  const bool plain = std::find(std::begin(kPlain), std::end(kPlain), activation) != std::end(kPlain);
  if (!plain && !activation.empty()) unsupported("activation is \"", printable(activation), "\"");
  return head + text("Y=", activation.empty() ? "Identity" : activation, "(g);");
}

std::string skip_layer_normalization(const OwnCall& call) {
  return skip_sum(call.has_input(4)) +
         "output,mean,inv_std_var=LayerNormalization<axis=-1,epsilon=@epsilon:1.e-12>(sum,gamma,beta);";
}

std::string skip_simplified_layer_normalization(const OwnCall& call) {
  refuse_output(call, 1, "mean");
  refuse_output(call, 2, "inv_std_var");
  return skip_sum(call.has_input(3)) + "output=RMSNormalization<axis=-1,epsilon=@epsilon:1.e-12>(sum,gamma);";
}

std::string simplified_layer_normalization(const OwnCall& call) {
  refuse_output(call, 1, "inv_std_var");
  return "Y=RMSNormalization<axis=@axis:-1,epsilon=@epsilon:1.e-5,stash_type=@stash_type:1>(X,scale);";
}

std::string embed_layer_normalization(const OwnCall& call) {
  call.attributes.ignore("mask_index_type");
  std::string out = "words=Gather(word_embedding,input_ids);";
  if (call.has_input(8)) {
    out += "places=Gather(position_embedding,position_ids);";
  } else {
    out += range_along("input_ids", 1) + "places=Gather(position_embedding,range);";
  }
  out += "placed=Add(words,places);";
  if (call.has_input(1)) {
    out += "segments=Gather(segment_embedding,segment_ids);embedding_sum=Add(placed,segments);";
  } else {
    out += "embedding_sum=Identity(placed);";
  }
  out += "output=LayerNormalization<axis=-1,epsilon=@epsilon:1.e-12>(embedding_sum,gamma,beta);";
  if (call.has_output(1)) {
    if (call.has_input(7)) {
      out += "second=Constant<value_ints=[1]>();mask_index=ReduceSum<keepdims=0>(mask,second);";
    } else {
      out += "b=Shape<start=0,end=1>(input_ids);zeros=ConstantOfShape(b);mask_index=Cast<to=6>(zeros);";
    }
  }
  return out;
}

}  // namespace linnet::internal::onnx
