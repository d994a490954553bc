#include "loaders/onnx/own_functions.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "loaders/onnx/function_text.hpp"
#include "loaders/onnx/functions.hpp"
#include "loaders/onnx/wire_writer.hpp"

namespace linnet::internal::onnx {
namespace {

constexpr int kOpset = 25;  ///< of the operators that definitions name
constexpr std::int64_t kMostSize = INT32_MAX;
constexpr const char* kMicrosoft = "com.microsoft";

/// Errors: kUnsupported where the rank of an input is not known.
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

/// An attribute that must have this value.
void require(const OwnCall& call, const char* name, std::int64_t wanted) {
  const std::int64_t value = call.attributes.get_int(name, wanted);
  if (value != wanted) unsupported(name, " is ", value, ", supported is ", wanted);
}

bool is_set(const OwnCall& call, const char* name) { return call.attributes.get_int(name, 0) != 0; }

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

std::string skip_sum(bool has_bias) {
  return has_bias ? "skipped=Add(input,skip);sum=Add(skipped,bias);" : "sum=Add(input,skip);";
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

/// A number that products can be made of.
bool is_size(Dim dim) { return dim.known() && dim.value() > 0 && dim.value() <= kMostSize; }

/// Where only a beginning is given, positions follow each other.
std::string positions(const OwnCall& call, std::size_t input, std::size_t steps_axis) {
  if (rank_of(call, input, "position_ids") == 2) return "positions=Cast<to=7>(position_ids);";
  return text("b=Shape<start=0,end=1>(input);s=Shape<start=", steps_axis, ",end=", steps_axis + 1,
              ">(input);none=Constant<value_ints=[0]>();zero=Squeeze(none,none);one=Constant<value_int=1>();"
              "steps=Squeeze(s,none);range=Range(zero,steps,one);begin=Cast<to=7>(position_ids);"
              "row=Add(range,begin);shape=Concat<axis=0>(b,s);positions=Expand(row,shape);");
}

std::string rotary_embedding(const OwnCall& call) {
  require(call, "is_packed_batching", 0);
  if (const float scale = call.attributes.get_float("scale", 1); scale != 1) unsupported("scale is ", scale);
  const std::size_t rank = rank_of(call, 0, "input");
  std::int64_t heads = call.attributes.get_int("num_heads", 0);
  if (heads == 0 && rank == 3) {
    const Dims& cache = call.inputs[2].dims;
    const Dim width = call.inputs[0].dims[2];
    const bool known = width.known() && is_size(cache.size() == 2 ? cache[1] : Dim::unknown());
    if (!known) unsupported("num_heads is 0, and the width of a head is not known");
    heads = width.value() / (2 * cache[1].value());
  }
  return positions(call, 1, rank == 3 ? 1 : 2) +
         text("output=RotaryEmbedding<interleaved=@interleaved:0,rotary_embedding_dim=@rotary_embedding_dim:0",
              rank == 3 ? text(",num_heads=", heads) : std::string(), ">(input,cos_cache,sin_cache,positions);");
}

/// `bias` of scores, for keys that count and others: from a mask of lengths [batch], of keys [batch, keys], or of every
/// score [batch, queries, keys]; plus the attention bias. `of`: what has the keys as axis 1.
std::string score_bias(const OwnCall& call, std::size_t mask, std::size_t bias, const char* of) {
  std::string out;
  if (call.has_input(mask)) {
    const std::size_t rank = rank_of(call, mask, "mask");
    if (rank < 1 || rank > 3) unsupported("the mask has rank ", rank, ", supported are 1 to 3");
    if (rank == 1) {
      const Dim lengths = call.inputs[mask].dims[0];
      const Dim batch = call.inputs[0].ranked ? call.inputs[0].dims[0] : Dim::unknown();
      if (!lengths.same(batch)) unsupported("a mask of shape [", lengths, "] for a batch of ", batch);
      out += text("none=Constant<value_ints=[0]>();zero=Squeeze(none,none);one=Constant<value_int=1>();",
                  "keys1=Shape<start=1,end=2>(", of, ");keys=Squeeze(keys1,none);range=Range(zero,keys,one);",
                  "last=Constant<value_ints=[1,2,3]>();lengths=Cast<to=7>(mask);apart=Unsqueeze(lengths,last);"
                  "kept=Less(range,apart);");
    } else {
      out += text("heads_axis=Constant<value_ints=", rank == 2 ? "[1,2]" : "[1]",
                  ">();apart=Unsqueeze(mask,heads_axis);kept=Cast<to=9>(apart);");
    }
    out +=
        "free=Constant<value_float=0.0>();barred=Constant<value_float=@mask_filter_value:-10000.0>();"
        "chosen=Where(kept,free,barred);mask_bias=CastLike(chosen,query);";
  } else {
    call.attributes.ignore("mask_filter_value");
  }
  if (call.has_input(mask) && call.has_input(bias)) return out + "bias_sum=Add(mask_bias,attention_bias);";
  if (call.has_input(mask)) return out + "bias_sum=Identity(mask_bias);";
  return call.has_input(bias) ? "bias_sum=Identity(attention_bias);" : "";
}

std::int64_t heads_of(const OwnCall& call, const char* name) {
  const std::int64_t heads = call.attributes.require_int(name);
  if (heads < 1 || heads > kMostSize) invalid_model(name, " is ", heads, ", expected 1 to ", kMostSize);
  return heads;
}

std::string scale_of(const OwnCall& call) {
  const float scale = call.attributes.get_float("scale", 0);
  return scale == 0 ? std::string() : std::string(",scale=@scale:0.0");
}

/// The scale of scores, as an attribute; by default 1 / sqrt(width).
std::string scale_literal(const OwnCall& call, std::int64_t width) {
  if (call.attributes.get_float("scale", 0) != 0) return "@scale:0.0";
  std::array<char, 32> digits{};  // in any locale, and with a point
  const double scale = 1 / std::sqrt(static_cast<double>(width));
  const auto written =
      std::to_chars(digits.data(), digits.data() + digits.size(), scale, std::chars_format::scientific, 9);
  return std::string(digits.data(), written.ptr);
}

/// What stands around query, key and value.
struct AttentionForm {
  bool has_bias = false;     ///< bias_sum
  bool has_past = false;     ///< past_key and past_value
  bool heads_apart = false;  ///< k1 and v1 are [batch, heads, steps, width], else [batch, steps, heads * width] as q1
};

/// By ONNX's definition of Attention, for what the kernel does not take.
std::string attend_by_definition(const OwnCall& call, std::int64_t heads, const AttentionForm& form) {
  const std::string head = text("present_key,present_value=Attention<is_causal=@unidirectional:0", scale_of(call));
  const std::string tail = text(form.has_bias ? ",bias_sum" : ",", form.has_past ? ",past_key,past_value);" : ");");
  if (!form.heads_apart) {
    return text("output,", head, ",q_num_heads=", heads, ",kv_num_heads=", heads, ">(q1,k1,v1", tail);
  }
  return text("y0,", head, ">(q3,k1,v1", tail, "y1=Transpose<perm=[0,2,1,3]>(y0);output=Reshape(y1,join);");
}

/// output, present_key and present_value of q1, k1 and v1. Query i sees keys up to i behind the past where
/// `unidirectional` is set.
std::string attend(const OwnCall& call, std::int64_t heads, Dim width, const AttentionForm& form) {
  const bool by_kernel = call.inputs[0].type == DataType::kFloat32 && is_size(width);
  std::string out = text("split=Constant<value_ints=[0,0,", heads,
                         ",-1]>();join=Constant<value_ints=[0,0,-1]>();q2=Reshape(q1,split);"
                         "q3=Transpose<perm=[0,2,1,3]>(q2);");
  if (!by_kernel) return out + attend_by_definition(call, heads, form);
  out += form.heads_apart ? "k3=Identity(k1);v3=Identity(v1);"
                          : "k2=Reshape(k1,split);k3=Transpose<perm=[0,2,1,3]>(k2);v2=Reshape(v1,split);"
                            "v3=Transpose<perm=[0,2,1,3]>(v2);";
  out += form.has_past ? "present_key=Concat<axis=2>(past_key,k3);present_value=Concat<axis=2>(past_value,v3);"
                       : "present_key=Identity(k3);present_value=Identity(v3);";
  const char* barred = form.has_bias ? ",bias_sum" : "";
  if (is_set(call, "unidirectional")) {
    out +=
        "nil1=Constant<value_ints=[0]>();nil=Squeeze(nil1,nil1);unit=Constant<value_int=1>();"
        "rows1=Shape<start=2,end=3>(q3);rows=Squeeze(rows1,nil1);columns1=Shape<start=2,end=3>(present_key);"
        "columns=Squeeze(columns1,nil1);column=Range(nil,columns,unit);row=Range(nil,rows,unit);";
    out += form.has_past ? "behind=Shape<start=2,end=3>(past_key);place=Add(row,behind);" : "place=Identity(row);";
    out +=
        "wide=Constant<value_ints=[1]>();places=Unsqueeze(place,wide);seen=LessOrEqual(column,places);"
        "never=Constant<value_float=-inf>();";
    out += form.has_bias ? "causal=Where(seen,bias_sum,never);"
                         : "visible=Constant<value_float=0.0>();causal=Where(seen,visible,never);";
    barred = ",causal";
  }
  return out + text("y0=linnet:ScaledDotProductAttention<scale=", scale_literal(call, width.value()),
                    ">(q3,present_key,present_value", barred,
                    ");y1=Transpose<perm=[0,2,1,3]>(y0);output=Reshape(y1,join);");
}

/// Query, key and value of [batch, steps, heads * width] or [batch, heads, steps, width]; or query and key with the
/// others packed beside them, [batch, steps, heads, 2 or 3, width].
std::string multi_head_attention(const OwnCall& call) {
  refuse_input(call, 8, "past_sequence_length");
  refuse_input(call, 9, "cache_indirection");
  refuse_output(call, 3, "qk");
  const std::int64_t heads = heads_of(call, "num_heads");
  const std::size_t query_rank = rank_of(call, 0, "query");
  const bool has_key = call.has_input(1), has_value = call.has_input(2);
  std::string out = "axis=Constant<value_ints=[3]>();";
  const char* const merged = "merge=Constant<value_ints=[0,0,-1]>();";
  bool heads_apart = false;
  if (!has_key && query_rank == 5) {
    out += text(merged,
                "pq,pk,pv=Split<axis=3,num_outputs=3>(query);q0=Reshape(pq,merge);k0=Reshape(pk,merge);"
                "v0=Reshape(pv,merge);");
  } else if (has_key && !has_value && rank_of(call, 1, "key") == 5) {
    out += text(merged,
                "pk,pv=Split<axis=3,num_outputs=2>(key);q0=Identity(query);k0=Reshape(pk,merge);"
                "v0=Reshape(pv,merge);");
  } else if (has_key && has_value && query_rank == 3) {
    heads_apart = rank_of(call, 1, "key") == 4;
    out += "q0=Identity(query);k0=Identity(key);v0=Identity(value);";
  } else {
    unsupported("this form of query, key and value is not supported");
  }
  if (call.has_input(3)) {
    const Dim all = call.inputs[3].ranked && call.inputs[3].dims.size() == 1 ? call.inputs[3].dims[0] : Dim::unknown();
    Dim hidden = call.inputs[0].dims.back();
    if (query_rank == 5) hidden = all.known() ? Dim(all.value() / 3) : Dim::unknown();
    if (!all.known() || !hidden.known()) unsupported("the sizes of bias and query are not known");
    out += text("parts=Constant<value_ints=[", hidden, ",", hidden, ",", all.value() - 2 * hidden.value(),
                "]>();bq,bk,bv=Split<axis=0>(bias,parts);q1=Add(q0,bq);");
    out += heads_apart ? "k1=Identity(k0);v1=Identity(v0);" : "k1=Add(k0,bk);v1=Add(v0,bv);";
  } else {
    out += "q1=Identity(q0);k1=Identity(k0);v1=Identity(v0);";
  }
  out += score_bias(call, 4, 5, query_rank == 5 ? "query" : "key");
  if (heads_apart && call.has_input(4) && rank_of(call, 4, "mask") == 1) {
    unsupported("a mask of lengths for keys of four dimensions");
  }
  const Dim last = call.inputs[0].dims.back();
  const Dim width = query_rank == 5 ? last : is_size(last) ? Dim(last.value() / heads) : Dim::unknown();
  return out + attend(call, heads, width, {call.has_input(4) || call.has_input(5), call.has_input(6), heads_apart});
}

/// The projections of query, key and value in one product.
std::string attention(const OwnCall& call) {
  refuse_input(call, 6, "past_sequence_length");
  require(call, "do_rotary", 0);
  require(call, "past_present_share_buffer", 0);
  call.attributes.ignore("rotary_embedding_dim");
  const std::int64_t heads = heads_of(call, "num_heads");
  std::string out = "query=Identity(input);p=MatMul(input,weights);";
  out += call.has_input(2) ? "all=Add(p,bias);" : "all=Identity(p);";
  const auto sizes = call.attributes.get_ints("qkv_hidden_sizes");
  if (sizes && sizes->size() == 3) {
    out += text("parts=Constant<value_ints=[", (*sizes)[0], ",", (*sizes)[1], ",", (*sizes)[2],
                "]>();q1,k1,v1=Split<axis=-1>(all,parts);");
  } else {
    out += "q1,k1,v1=Split<axis=-1,num_outputs=3>(all);";
  }
  if (call.has_input(4)) {
    out +=
        "first=Constant<value_ints=[0]>();pk0,pv0=Split<axis=0,num_outputs=2>(past);past_key=Squeeze(pk0,first);"
        "past_value=Squeeze(pv0,first);";
  }
  if (call.has_input(4) && call.has_input(3) && rank_of(call, 3, "mask_index") == 1) {
    unsupported("a mask of lengths with a past");
  }
  out += score_bias(call, 3, 5, "input");
  const Dims& weights = call.inputs[1].dims;
  Dim hidden = sizes && sizes->size() == 3 ? Dim((*sizes)[0]) : Dim::unknown();
  if (!hidden.known() && weights.size() == 2 && weights[1].known()) hidden = weights[1].value() / 3;
  const Dim width = is_size(hidden) ? Dim(hidden.value() / heads) : Dim::unknown();
  out += attend(call, heads, width, {call.has_input(3) || call.has_input(5), call.has_input(4), false});
  if (call.has_output(1)) {
    out +=
        "front=Constant<value_ints=[0]>();key1=Unsqueeze(present_key,front);value1=Unsqueeze(present_value,front);"
        "present=Concat<axis=0>(key1,value1);";
  }
  return out;
}

/// The width of a head, where the model tells it.
std::int64_t width_of_head(const OwnCall& call, std::int64_t heads_of_query) {
  const Dims& query = call.inputs[0].dims;
  const Dims& past = call.inputs[3].dims;
  if (query.size() == 3 && is_size(query[2])) return query[2].value() / heads_of_query;
  if (past.size() == 4 && is_size(past[3])) return past[3].value();
  unsupported("the width of a head is not known");
}

void check_group_query_attention(const OwnCall& call) {
  static constexpr const char* kUnsupported[] = {"head_sink",     "k_scale",       "v_scale",
                                                 "q_norm_weight", "k_norm_weight", "query_seqlens"};
  for (std::size_t i = 0; i < std::size(kUnsupported); ++i) refuse_input(call, 11 + i, kUnsupported[i]);
  refuse_output(call, 3, "output_qk");
  require(call, "causal", 1);
  for (const char* name : {"smooth_softmax", "qk_output", "sliding_window_cache", "kv_cache_bit_width"}) {
    require(call, name, 0);
  }
  for (const char* name : {"k_quant_type", "v_quant_type"}) {
    if (const std::string type = call.attributes.get_string(name, "NONE"); type != "NONE") {
      unsupported(name, " is \"", printable(type), "\"");
    }
  }
  for (const char* name : {"q_norm_epsilon", "k_norm_epsilon", "qk_norm_epsilon"}) call.attributes.ignore(name);
}

/// With `place` [batch, steps], where each step stands among all: behind seqlens_k + 1 - steps others, none below 0.
std::string group_query_attention(const OwnCall& call) {
  check_group_query_attention(call);
  const std::int64_t heads = heads_of(call, "num_heads"), key_heads = heads_of(call, "kv_num_heads");
  const bool packed = !call.has_input(1);
  const std::int64_t width = width_of_head(call, packed ? heads + 2 * key_heads : heads);
  std::string out =
      "none=Constant<value_ints=[0]>();zero=Squeeze(none,none);one=Constant<value_int=1>();"
      "second=Constant<value_ints=[1]>();all=Constant<value_ints=[-1,1]>();b=Shape<start=0,end=1>(query);"
      "s=Shape<start=1,end=2>(query);steps=Squeeze(s,none);row=Range(zero,steps,one);last=Cast<to=7>(seqlens_k);"
      "count=Add(last,one);before0=Sub(count,s);before1=Max(before0,zero);before=Reshape(before1,all);"
      "place=Add(before,row);flat=Constant<value_ints=[-1]>();begins=Reshape(before,flat);";
  if (packed) {
    out += text("parts=Constant<value_ints=[", heads * width, ",", key_heads * width, ",", key_heads * width,
                "]>();q0,k0,v0=Split<axis=-1>(query,parts);");
  } else {
    out += "q0=Identity(query);k0=Identity(key);v0=Identity(value);";
  }
  if (is_set(call, "do_rotary")) {
    const Dims& cache = call.inputs[7].dims;
    const bool partial = cache.size() == 2 && is_size(cache[1]) && 2 * cache[1].value() != width;
    const std::string turn = text("=RotaryEmbedding<interleaved=@rotary_interleaved:0,rotary_embedding_dim=",
                                  partial ? 2 * cache[1].value() : 0, ",num_heads=");
    out += call.has_input(9) ? "turns=Cast<to=7>(position_ids);" : "turns=Identity(place);";
    out += text("q1", turn, heads, ">(q0,cos_cache,sin_cache,turns);k1", turn, key_heads,
                ">(k0,cos_cache,sin_cache,turns);");
  } else {
    call.attributes.ignore("rotary_interleaved");
    out += "q1=Identity(q0);k1=Identity(k0);";
  }
  out += text("split=Constant<value_ints=[0,0,", heads, ",", width, "]>();split_key=Constant<value_ints=[0,0,",
              key_heads, ",", width,
              "]>();join=Constant<value_ints=[0,0,-1]>();q2=Reshape(q1,split);k2=Reshape(k1,split_key);"
              "v2=Reshape(v0,split_key);q3=Transpose<perm=[0,2,1,3]>(q2);k3=Transpose<perm=[0,2,1,3]>(k2);"
              "v3=Transpose<perm=[0,2,1,3]>(v2);");
  if (call.has_input(3)) {
    // A past with room for all steps is the present's buffer; another one grows.
    out += text("heads=Constant<value_ints=[", key_heads, "]>();width=Constant<value_ints=[", width,
                "]>();total0=Cast<to=7>(total_sequence_length);total=Reshape(total0,flat);"
                "room=Shape<start=2,end=3>(past_key);more0=Sub(total,room);more=Max(more0,none);"
                "shape=Concat<axis=0>(b,heads,more,width);fill0=ConstantOfShape(shape);fill=CastLike(fill0,query);"
                "pk=Concat<axis=2>(past_key,fill);pv=Concat<axis=2>(past_value,fill);"
                "present_key=TensorScatter<axis=2>(pk,k3,begins);present_value=TensorScatter<axis=2>(pv,v3,begins);");
  } else {
    out += "present_key=Identity(k3);present_value=Identity(v3);";
  }
  out +=
      "t=Shape<start=2,end=3>(present_key);keys=Squeeze(t,none);key_row=Range(zero,keys,one);"
      "apart=Constant<value_ints=[1,3]>();places=Unsqueeze(place,apart);seen=LessOrEqual(key_row,places);";
  const std::int64_t window = call.attributes.get_int("local_window_size", -1);
  if (window > 0) {
    out += text("reach=Constant<value_int=", window - 1,
                ">();oldest=Sub(places,reach);near=GreaterOrEqual(key_row,oldest);kept=And(seen,near);");
  } else {
    out += "kept=Identity(seen);";
  }
  if (call.inputs[0].type == DataType::kFloat32 && call.attributes.get_float("softcap", 0) == 0) {
    // The kernel shares a head of keys among those of queries; ONNX's definition of Attention repeats it.
    out += "never=Constant<value_float=-inf>();free=Constant<value_float=0.0>();";
    out += call.has_input(10) ? "mask=Where(kept,attention_bias,never);" : "mask=Where(kept,free,never);";
    out += text("y0=linnet:ScaledDotProductAttention<scale=", scale_literal(call, width),
                ">(q3,present_key,present_value,mask);");
  } else {
    out += "never0=Constant<value_float=-inf>();never=CastLike(never0,query);";
    out += call.has_input(10) ? "mask=Where(kept,attention_bias,never);" : "mask=Identity(kept);";
    out += text("y0=Attention<softcap=@softcap:0.0", scale_of(call), ">(q3,present_key,present_value,mask);");
  }
  return out + "y1=Transpose<perm=[0,2,1,3]>(y0);output=Reshape(y1,join);";
}

std::string embed_layer_normalization(const OwnCall& call) {
  call.attributes.ignore("mask_index_type");
  std::string out = "words=Gather(word_embedding,input_ids);";
  if (call.has_input(8)) {
    out += "places=Gather(position_embedding,position_ids);";
  } else {
    out +=
        "none=Constant<value_ints=[0]>();zero=Squeeze(none,none);one=Constant<value_int=1>();"
        "s=Shape<start=1,end=2>(input_ids);steps=Squeeze(s,none);range=Range(zero,steps,one);"
        "places=Gather(position_embedding,range);";
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

// --- Training ---

/// BatchNormalization by the statistics of the batch, which move those that are kept.
std::string batch_normalization(const OwnCall& call) {
  require(call, "training_mode", 1);
  const std::size_t rank = rank_of(call, 0, "X");
  if (rank < 2) unsupported("training with X of rank ", rank);
  std::string axes = "0";
  for (std::size_t i = 2; i < rank; ++i) axes += text(",", i);
  return text(
      "axes=Constant<value_ints=[", axes, "]>();x=CastLike(X,input_mean);mean=ReduceMean<keepdims=0>(x,axes);",
      "wide=ReduceMean(x,axes);apart=Sub(x,wide);square=Mul(apart,apart);"
      "var=ReduceMean<keepdims=0>(square,axes);Y=BatchNormalization<epsilon=@epsilon:1.e-5>(X,scale,B,mean,var);"
      "kept0=Constant<value_float=@momentum:0.9>();kept=CastLike(kept0,mean);one0=Constant<value_float=1.0>();"
      "one=CastLike(one0,mean);moved=Sub(one,kept);old_mean=Mul(input_mean,kept);new_mean=Mul(mean,moved);"
      "running_mean=Add(old_mean,new_mean);kept_var=CastLike(kept0,input_var);moved_var=CastLike(moved,input_var);"
      "batch_var=CastLike(var,input_var);old_var=Mul(input_var,kept_var);new_var=Mul(batch_var,moved_var);"
      "running_var=Add(old_var,new_var);");
}

/// Of the tensors that an optimiser changes together: inputs 0 and 1 are R and T, the others `kinds` lists of them.
std::size_t tensors_of(const OwnCall& call, std::size_t kinds) {
  const std::size_t inputs = call.node.inputs.size();
  if (inputs < 2 + kinds || (inputs - 2) % kinds != 0) {
    invalid_model(inputs, " inputs, expected R, T and as many tensors of each of ", kinds, " kinds");
  }
  return (inputs - 2) / kinds;
}

/// Lines for one tensor, with $0, $1, ... for its inputs of each kind and % for its number.
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

constexpr const char* kScalars =
    "one0=Constant<value_float=1.0>();one=Cast<to=11>(one0);zero0=Constant<value_float=0.0>();zero=Cast<to=11>(zero0);"
    "r=Cast<to=11>(i0);t=Cast<to=11>(i1);later=Greater(t,zero);c0=Constant<value_float=@norm_coefficient:0.0>();"
    "e0=Constant<value_float=@epsilon:0.0>();";

/// The gradient g% with that of the regularisation.
constexpr const char* kGradient = "c%=CastLike(c0,$0);p%=Mul(c%,$0);g%=Add(p%,$1);";

std::string adagrad(const OwnCall& call) {
  const std::size_t tensors = tensors_of(call, 3);
  return text(kScalars,
              "d0=Constant<value_float=@decay_factor:0.0>();d=Cast<to=11>(d0);dt=Mul(t,d);dt1=Add(dt,one);"
              "rate=Div(r,dt1);",
              for_tensors(tensors, text(kGradient,
                                        "s%=Mul(g%,g%);&1=Add($2,s%);q%=Sqrt(&1);e%=CastLike(e0,$0);"
                                        "h%=Add(q%,e%);r%=CastLike(rate,$0);m%=Mul(r%,g%);w%=Div(m%,h%);"
                                        "&0=Sub($0,w%);")));
}

std::string adam(const OwnCall& call) {
  const std::size_t tensors = tensors_of(call, 4);
  std::string scalars = kScalars;
  const std::string epsilon = "@epsilon:0.0";
  scalars.replace(scalars.find(epsilon), epsilon.size(), "@epsilon:1.e-6");
  return text(scalars,
              "a0=Constant<value_float=@alpha:0.9>();a=Cast<to=11>(a0);b0=Constant<value_float=@beta:0.999>();"
              "b=Cast<to=11>(b0);n0=Constant<value_float=@norm_coefficient_post:0.0>();n=Cast<to=11>(n0);"
              "a1=Sub(one,a);b1=Sub(one,b);n1=Sub(one,n);at=Pow(a,t);bt=Pow(b,t);at1=Sub(one,at);"
              "bt1=Sub(one,bt);root=Sqrt(bt1);up=Mul(r,root);fast=Div(up,at1);rate=Where(later,fast,r);",
              for_tensors(tensors, text(kGradient,
                                        "a%=CastLike(a,$0);aa%=CastLike(a1,$0);b%=CastLike(b,$0);bb%=CastLike(b1,$0);"
                                        "v%=Mul(a%,$2);vv%=Mul(aa%,g%);&1=Add(v%,vv%);s%=Mul(g%,g%);h%=Mul(b%,$3);"
                                        "hh%=Mul(bb%,s%);&2=Add(h%,hh%);q%=Sqrt(&2);e%=CastLike(e0,$0);k%=Add(q%,e%);"
                                        "d%=Div(&1,k%);r%=CastLike(rate,$0);w%=Mul(r%,d%);x%=Sub($0,w%);"
                                        "n%=CastLike(n1,$0);&0=Mul(n%,x%);")));
}

std::string momentum(const OwnCall& call) {
  const std::size_t tensors = tensors_of(call, 3);
  const std::string mode = call.attributes.get_string("mode", "");
  if (mode != "standard" && mode != "nesterov") {
    invalid_model("mode is \"", printable(mode), "\", expected standard or nesterov");
  }
  const char* const step = mode == "standard" ? "w%=Mul(r%,&1);" : "k%=Mul(a%,&1);j%=Add(g%,k%);w%=Mul(r%,j%);";
  return text(kScalars,
              "a0=Constant<value_float=@alpha:0.0>();b0=Constant<value_float=@beta:0.0>();"
              "beta=Where(later,b0,one0);",
              for_tensors(tensors, text(kGradient,
                                        "a%=CastLike(a0,$0);b%=CastLike(beta,$0);v%=Mul(a%,$2);"
                                        "vv%=Mul(b%,g%);&1=Add(v%,vv%);r%=CastLike(r,$0);",
                                        step, "&0=Sub($0,w%);")));
}

/// ONNX's definition draws 1 with the probability of 0.
std::string bernoulli(const OwnCall& call) {
  const bool typed = call.attributes.get_int("dtype", 0) != 0;
  return text("p=Cast<to=11>(input);u=RandomUniformLike<dtype=11", call.attributes.has("seed") ? ",seed=@seed:0.0" : "",
              ">(input);one=Less(u,p);output=", typed ? "Cast<to=@dtype:1>(one);" : "CastLike(one,input);");
}

// --- Features ---

std::string array_feature_extractor(const OwnCall& call) {
  const char* const pick = "flat=Constant<value_ints=[-1]>();i=Reshape(Y,flat);";
  if (rank_of(call, 0, "X") != 1) return text(pick, "Z=Gather<axis=-1>(X,i);");
  return text(pick, "z=Gather(X,i);front=Constant<value_ints=[0]>();Z=Unsqueeze(z,front);");
}

std::string normalizer(const OwnCall& call) {
  const std::string norm = call.attributes.get_string("norm", "MAX");
  const char* const size = norm == "MAX"  ? "a=Abs(x);n=ReduceMax(a,last);"
                           : norm == "L1" ? "n=ReduceL1(x,last);"
                           : norm == "L2" ? "n=ReduceL2(x,last);"
                                          : nullptr;
  if (size == nullptr) invalid_model("norm is \"", printable(norm), "\", expected MAX, L1 or L2");
  return text("x=Cast<to=1>(X);last=Constant<value_ints=[-1]>();", size,
              "zero=Constant<value_float=0.0>();one=Constant<value_float=1.0>();none=Equal(n,zero);"
              "d=Where(none,one,n);Y=Div(x,d);");
}

std::string scaler(const OwnCall& call) {
  std::string out = "x=Cast<to=1>(X);";
  out += call.attributes.has("offset") ? "o=Constant<value_floats=@@offset>();d=Sub(x,o);" : "d=Identity(x);";
  return out + (call.attributes.has("scale") ? "s=Constant<value_floats=@@scale>();Y=Mul(d,s);" : "Y=Identity(d);");
}

std::string linear_regressor(const OwnCall& call) {
  if (const std::string transform = call.attributes.get_string("post_transform", "NONE"); transform != "NONE") {
    unsupported("post_transform is \"", printable(transform), "\"");
  }
  const std::int64_t targets = call.attributes.get_int("targets", 1);
  if (targets < 1 || targets > kMostSize) invalid_model("targets is ", targets, ", expected 1 to ", kMostSize);
  const bool shifts = call.attributes.has("intercepts");
  return text("x=Cast<to=1>(X);c=Constant<value_floats=@@coefficients>();shape=Constant<value_ints=[", targets,
              ",-1]>();w=Reshape(c,shape);", shifts ? "b=Constant<value_floats=@@intercepts>();" : "",
              "Y=Gemm<transB=1>(x,w", shifts ? ",b);" : ");");
}

std::string feature_vectorizer(const OwnCall& call) {
  call.attributes.ignore("inputdimensions");
  std::string out, names;
  for (std::size_t i = 0; i < call.node.inputs.size(); ++i) {
    out += text("f", i, "=Cast<to=1>(i", i, ");");
    names += text(names.empty() ? "f" : ",f", i);
  }
  return text(out, "o0=Concat<axis=1>(", names, ");");
}

struct OwnFunction {
  const char* domain;
  const char* name;
  const char* inputs;   ///< names with spaces between them; null: i0, i1, ... and o0, o1, ... as many as the node has
  const char* outputs;  ///< the same
  const char* body;     ///< null where `write` makes it
  std::string (*write)(const OwnCall&);
};

constexpr const char* kMl = "ai.onnx.ml";
constexpr const char* kTraining = "ai.onnx.preview.training";

constexpr OwnFunction kFunctions[] = {
    {"", "BatchNormalization", "X scale B input_mean input_var", "Y running_mean running_var", nullptr,
     batch_normalization},
    {"", "Bernoulli", "input", "output", nullptr, bernoulli},
    {"", "SimplifiedLayerNormalization", "X scale", "Y inv_std_var", nullptr, simplified_layer_normalization},
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
