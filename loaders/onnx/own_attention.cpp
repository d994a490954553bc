// com.microsoft's attention, and the turning of its queries and keys.
#include "loaders/onnx/function_text.hpp"
#include "loaders/onnx/own_functions_impl.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

namespace linnet::internal::onnx {
namespace {

/// Where only a beginning is given, positions follow each other.
std::string positions(const OwnCall& call, std::size_t input, std::size_t steps_axis) {
  if (rank_of(call, input, "position_ids") == 2) return "positions=Cast<to=7>(position_ids);";
  return range_along("input", steps_axis) +
         "b=Shape<start=0,end=1>(input);begin=Cast<to=7>(position_ids);row=Add(range,begin);shape=Concat<axis=0>(b,s);"
         "positions=Expand(row,shape);";
}

}  // namespace

std::string scale_of(const OwnCall& call) {
  const float scale = call.attributes.get_float("scale", 0);
  return scale == 0 ? std::string() : std::string(",scale=@scale:0.0");
}

std::string scale_literal(const OwnCall& call, std::int64_t width) {
  if (call.attributes.get_float("scale", 0) != 0) return "@scale:0.0";
  return literal(1 / std::sqrt(static_cast<double>(width)));
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

namespace {

/// `bias` of scores, for keys that count and others: from a mask of lengths [batch], of ends and then beginnings
/// [2 batch], or of lengths and two running sums that do not matter here [3 batch + 2], of keys [batch, keys], or of
/// every score [batch, queries, keys]; plus the attention bias. `of`: what has the keys as this axis.
std::string score_bias(const OwnCall& call, std::size_t mask, std::size_t bias, const char* of, std::size_t axis) {
  std::size_t rank = 0;
  std::int64_t batch = 0;
  bool begins = false, sums = false;
  if (!call.has_input(mask)) {
    call.attributes.ignore("mask_filter_value");
  } else {
    rank = rank_of(call, mask, "mask");
    if (rank < 1 || rank > 3) unsupported("the mask has rank ", rank, ", supported are 1 to 3");
  }
  if (rank == 1) {
    const Dim lengths = call.inputs[mask].dims[0];
    const Dims& query = call.inputs[0].dims;
    const Dim rows = query.empty() ? Dim::unknown() : query[0];
    const bool known = lengths.known() && rows.known();
    if (known) batch = rows.value();
    begins = known && lengths.value() == 2 * batch;
    sums = known && lengths.value() == 3 * batch + 2;
    if (!begins && !sums && !lengths.same(rows)) unsupported("a mask of shape [", lengths, "] for a batch of ", rows);
  }
  return (rank == 1 ? range_along(of, axis) : std::string()) +
         numbered(
             "{%a?{%c<2?{%d<1?lengths=Cast<to=7>(mask);|first=Slice(mask,[0],[%e]);lengths=Cast<to=7>(first);}"
             "{%f<1?apart=Unsqueeze(lengths,[1,2,3]);kept=Less(range,apart);|"
             "ends,begins=Split<axis=0,num_outputs=2>(lengths);apart=Unsqueeze(ends,[1,2,3]);"
             "before=Less(range,apart);first=Unsqueeze(begins,[1,2,3]);behind=GreaterOrEqual(range,first);"
             "kept=And(before,behind);}|apart=Unsqueeze(mask,{%c<3?[1,2]|[1]});kept=Cast<to=9>(apart);}"
             "chosen=Where(kept,0.0,@mask_filter_value:-10000.0);mask_bias=CastLike(chosen,query);"
             "{%b?bias_sum=Add(mask_bias,attention_bias);|bias_sum=mask_bias;}|{%b?bias_sum=attention_bias;|}}",
             {static_cast<std::int64_t>(mask), static_cast<std::int64_t>(bias), static_cast<std::int64_t>(rank),
              sums ? 1 : 0, batch, begins ? 1 : 0});
}

/// What stands around query, key and value.
struct AttentionForm {
  bool has_bias = false;  ///< bias_sum
  bool has_past = false;  ///< past_key and past_value
  DataType type = DataType::kUndefined;
  bool heads_apart = false;  ///< k1 and v1 are [batch, heads, steps, width], else [batch, steps, heads * width] as q1
};

/// output, present_key and present_value of q1, k1 and v1. Query i sees keys up to i behind the past where
/// `unidirectional` is set. What the kernel does not take goes by ONNX's definition of Attention.
std::string attend(const OwnCall& call, std::int64_t heads, Dim width, const AttentionForm& form) {
  const bool by_kernel = form.type == DataType::kFloat32 && is_size(width);
  const std::string scale = by_kernel ? ",scale=" + scale_literal(call, width.value()) : scale_of(call);
  const char* const kernel =
      "{%b<1?k2=Reshape(k1,split);k3=Transpose<perm=[0,2,1,3]>(k2);v2=Reshape(v1,split);"
      "v3=Transpose<perm=[0,2,1,3]>(v2);|k3=k1;v3=v1;}{%d<1?present_key=k3;present_value=v3;|"
      "present_key=Concat<axis=2>(past_key,k3);present_value=Concat<axis=2>(past_value,v3);}{unidirectional<1?|"
      "nil=Squeeze([0],[0]);rows1=Shape<start=2,end=3>(q3);rows=Squeeze(rows1,[0]);"
      "columns1=Shape<start=2,end=3>(present_key);columns=Squeeze(columns1,[0]);column=Range(nil,columns,1);"
      "row=Range(nil,rows,1);{%d<1?place=row;|behind=Shape<start=2,end=3>(past_key);place=Add(row,behind);}"
      "places=Unsqueeze(place,[1]);seen=LessOrEqual(column,places);never=Constant<value_float=-inf>();"
      "causal=Where(seen,{%c<1?0.0|bias_sum},never);}"
      "y0=linnet:ScaledDotProductAttention<";
  return numbered(
      text("split=Constant<value_ints=[0,0,%a,-1]>();join=Constant<value_ints=[0,0,-1]>();"
           "q2=Reshape(q1,split);q3=Transpose<perm=[0,2,1,3]>(q2);",
           by_kernel ? kernel : "{%b<1?output|y0},present_key,present_value=Attention<is_causal=@unidirectional:0",
           by_kernel ? scale.substr(1) : scale,
           by_kernel ? ">(q3,present_key,present_value{unidirectional<1?{%c<1?|,bias_sum}|,causal});"
                     : "{%b<1?,q_num_heads=%a,kv_num_heads=%a>(q1|>(q3},k1,v1,{%c<1?|bias_sum}"
                       "{%d<1?|,past_key,past_value});",
           by_kernel || form.heads_apart ? "y1=Transpose<perm=[0,2,1,3]>(y0);output=Reshape(y1,join);" : ""),
      {heads, form.heads_apart ? 1 : 0, form.has_bias ? 1 : 0, form.has_past ? 1 : 0});
}

/// Where a call of attention by heads has what it may leave out.
struct HeadInputs {
  std::size_t bias, mask, attention_bias, past;
};

/// Query, key and value of [batch, steps, heads * width] or [batch, heads, steps, width]; or query and key with the
/// others packed beside them, [batch, steps, heads, 2 or 3, width].
std::string attend_heads(const OwnCall& call, const HeadInputs& at) {
  refuse_output(call, 3, "qk");
  const std::int64_t heads = count_of(call, "num_heads");
  const std::size_t query_rank = rank_of(call, 0, "query");
  const bool has_key = call.has_input(1), has_value = call.has_input(2);
  std::string out;
  bool heads_apart = false;
  if (!has_key && query_rank == 5) {
    out +=
        "pq,pk,pv=Split<axis=3,num_outputs=3>(query);q0=Reshape(pq,[0,0,-1]);k0=Reshape(pk,[0,0,-1]);"
        "v0=Reshape(pv,[0,0,-1]);";
  } else if (has_key && !has_value && query_rank == 3 && rank_of(call, 1, "key") == 5) {
    out += "pk,pv=Split<axis=3,num_outputs=2>(key);q0=query;k0=Reshape(pk,[0,0,-1]);v0=Reshape(pv,[0,0,-1]);";
  } else if (has_key && has_value && query_rank == 3) {
    heads_apart = rank_of(call, 1, "key") == 4;
    out += "q0=query;k0=key;v0=value;";
  } else {
    unsupported("this form of query, key and value is not supported");
  }
  std::int64_t first = 0, last = 0;  // sizes of the parts of a bias
  if (call.has_input(at.bias)) {
    const Dim all = call.inputs[at.bias].ranked && call.inputs[at.bias].dims.size() == 1 ? call.inputs[at.bias].dims[0]
                                                                                         : Dim::unknown();
    Dim hidden = call.inputs[0].dims.back();
    if (query_rank == 5) hidden = all.known() ? Dim(all.value() / 3) : Dim::unknown();
    if (!is_size(all) || !is_size(hidden)) unsupported("the sizes of bias and query are not known");
    first = hidden.value();
    last = all.value() - 2 * first;
  }
  out += numbered(
      "{%a<1?q1=q0;k1=k0;v1=v0;|parts=Constant<value_ints=[%a,%a,%b]>();"
      "bq,bk,bv=Split<axis=0>(bias,parts);q1=Add(q0,bq);{%c<1?k1=Add(k0,bk);v1=Add(v0,bv);|k1=k0;v1=v0;}}",
      {first, last, heads_apart ? 1 : 0});
  out += score_bias(call, at.mask, at.attention_bias, query_rank == 5 ? "query" : "key", heads_apart ? 2 : 1);
  if (call.has_input(at.past) && call.has_input(at.mask) && rank_of(call, at.mask, "mask") == 1) {
    unsupported("a mask of lengths with a past");
  }
  const Dim wide = call.inputs[0].dims.back();
  const Dim width = query_rank == 5 ? wide : is_size(wide) ? Dim(wide.value() / heads) : Dim::unknown();
  return out + attend(call, heads, width,
                      {call.has_input(at.mask) || call.has_input(at.attention_bias), call.has_input(at.past),
                       call.inputs[0].type, heads_apart});
}

}  // namespace

std::string multi_head_attention(const OwnCall& call) {
  refuse_input(call, 8, "past_sequence_length");
  refuse_input(call, 9, "cache_indirection");
  return attend_heads(call, {3, 4, 5, 6});
}

/// The past may be a buffer with room for more, of which the steps before past_sequence_length count.
std::string decoder_masked_multi_head_attention(const OwnCall& call) {
  refuse_input(call, 9, "cache_indirection");
  return "!output_qk=0;{5?{past_present_share_buffer<1?past_key=buffer_key;past_value=buffer_value;|"
         "n0=Cast<to=7>(past_sequence_length);n=Reshape(n0,[-1]);past_key=Slice(buffer_key,[0],n,[2]);"
         "past_value=Slice(buffer_value,[0],n,[2]);}|}" +
         attend_heads(call, {10, 3, 4, 5}) +
         "{5?{past_present_share_buffer<1?full_key=present_key;full_value=present_value;|"
         "count=Shape<start=2,end=3>(present_key);room=Shape<start=2,end=3>(buffer_key);"
         "key_rest=Slice(buffer_key,count,room,[2]);full_key=Concat<axis=2>(present_key,key_rest);"
         "value_rest=Slice(buffer_value,count,room,[2]);full_value=Concat<axis=2>(present_value,value_rest);}|"
         "full_key=present_key;full_value=present_value;}";
}

namespace {

/// Where a call has what it may leave out.
struct ProjectedInputs {
  std::size_t mask, past, attention_bias;
  DataType type;  ///< of the projections
};

/// Of the projections of query, key and value, which are one: `all`.
std::string attend_projected(const OwnCall& call, const ProjectedInputs& at) {
  require(call, "do_rotary", 0);
  require(call, "past_present_share_buffer", 0);
  call.attributes.ignore("rotary_embedding_dim");
  const std::int64_t heads = count_of(call, "num_heads");
  const std::vector<std::int64_t> sizes = call.attributes.get_ints("qkv_hidden_sizes").value_or(Shape{});
  if (!sizes.empty() && sizes.size() != 3) {
    invalid_model("qkv_hidden_sizes has ", sizes.size(), " numbers, expected 3");
  }
  const auto size = [&](std::size_t part) { return sizes.empty() ? 0 : sizes[part]; };
  std::string out = numbered(
      "query=all;{%a<1?q1,k1,v1=Split<axis=-1,num_outputs=3>(all);|parts=Constant<value_ints=[%b,%c,%d]>();"
      "q1,k1,v1=Split<axis=-1>(all,parts);}{%e?pk0,pv0=Split<axis=0,num_outputs=2>(past);past_key=Squeeze(pk0,[0]);"
      "past_value=Squeeze(pv0,[0]);|}",
      {sizes.empty() ? 0 : 1, size(0), size(1), size(2), static_cast<std::int64_t>(at.past)});
  if (call.has_input(at.past) && call.has_input(at.mask) && rank_of(call, at.mask, "mask_index") == 1) {
    unsupported("a mask of lengths with a past");
  }
  out += score_bias(call, at.mask, at.attention_bias, "input", 1);
  const Dims& weights = call.inputs[1].dims;
  Dim hidden = sizes.empty() ? Dim::unknown() : Dim(sizes[0]);
  if (!hidden.known() && weights.size() == 2 && weights[1].known()) hidden = weights[1].value() / 3;
  const Dim width = is_size(hidden) ? Dim(hidden.value() / heads) : Dim::unknown();
  return out +
         attend(
             call, heads, width,
             {call.has_input(at.mask) || call.has_input(at.attention_bias), call.has_input(at.past), at.type, false}) +
         (call.has_output(1) ? "key1=Unsqueeze(present_key,[0]);value1=Unsqueeze(present_value,[0]);present=Concat<"
                               "axis=0>(key1,value1);"
                             : "");
}

}  // namespace

std::string attention(const OwnCall& call) {
  refuse_input(call, 6, "past_sequence_length");
  return text("p=MatMul(input,weights);", call.has_input(2) ? "all=Add(p,bias);" : "all=p;",
              attend_projected(call, {3, 4, 5, call.inputs[0].type}));
}

std::string quantized_attention(const OwnCall& call) {
  return "all=com.microsoft:MatMulIntegerToFloat(input,weights,input_scale,weight_scale,input_zero,weight_zero,bias);" +
         attend_projected(call, {5, 8, kMostOwnInputs, call.inputs[3].type});
}

}  // namespace linnet::internal::onnx
