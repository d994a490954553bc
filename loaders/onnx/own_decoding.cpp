// com.microsoft's layers of decoders: those that keep a state between steps instead of a cache, and what stands around.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "loaders/onnx/function_text.hpp"
#include "loaders/onnx/own_functions_impl.hpp"

namespace linnet::internal::onnx {
namespace {

/// The last of 3 sizes of an input; 0 where the model does not tell it.
std::int64_t width_of(const OwnCall& call, std::size_t input) {
  const Dims& dims = call.inputs[input].dims;
  return dims.size() == 3 && is_size(dims[2]) ? dims[2].value() : 0;
}

}  // namespace

/// A convolution of each channel behind the past, as long as the kernel reaches back.
std::string causal_conv_with_state(const OwnCall& call) {
  refuse_output(call, 2, "state_update");
  const std::int64_t dilation = call.attributes.get_int("dilation", 1);
  if (dilation < 1 || dilation > kMostSize) invalid_model("dilation is ", dilation, ", expected 1 to ", kMostSize);
  const Dims& weight = call.inputs[1].dims;
  if (weight.size() != 3 || !is_size(weight[0]) || !is_size(weight[2])) {
    unsupported("the shape of weight is not known, [channels, 1, k]");
  }
  return numbered(
      "!ndim=1;!state_window=0;!state_update_capacity=0;!state_length=0;!input_channel_offset=0;!input_channels=0;"
      "!state_channels_last=-1;!activation=none,silu,swish;"
      "{channels_last<1?x=input;|x0=Reshape(input,[0,0,%a]);x=Transpose<perm=[0,2,1]>(x0);}"
      "{3?{channels_last<1?p=Reshape(past_state,[0,%a,%b]);|p0=Reshape(past_state,[0,%b,%a]);"
      "p=Transpose<perm=[0,2,1]>(p0);}all=Concat<axis=2>(p,x);|all=Pad(x,[0,0,%b,0,0,0]);}"
      "c=Conv<group=%a,dilations=[%c]>(all,weight{2?,bias|});"
      "{activation=silu?a=Swish(c);|{activation=swish?a=Swish(c);|a=c;}}"
      "new=Shape<start=2>(x);state=Slice(all,new,[%d],[2]);{channels_last<1?output=a;present_state=state;|"
      "a0=Transpose<perm=[0,2,1]>(a);form=Shape(input);output=Reshape<allowzero=1>(a0,form);"
      "state0=Transpose<perm=[0,2,1]>(state);batch=Shape<end=1>(input);tail=Shape<start=2>(input);"
      "form0=Concat<axis=0>(batch,[%b],tail);present_state=Reshape<allowzero=1>(state0,form0);}",
      {weight[0].value(), (weight[2].value() - 1) * dilation, dilation, INT64_MAX});
}

/// A scan of steps whose state is [batch, heads of values, width of keys, width of values], in float32. A head of
/// queries or keys counts for as many heads of values as follow each other, or as many heads of queries share a state.
std::string linear_attention(const OwnCall& call) {
  call.attributes.ignore("chunk_size");
  const std::string rule = call.attributes.get_string("update_rule", "gated_delta");
  const int gated = rule.find("gated") == 0 ? 1 : 0, delta = rule.find("delta") != std::string::npos ? 1 : 0;
  const std::int64_t of_query = count_of(call, "q_num_heads"), heads = count_of(call, "kv_num_heads");
  const std::int64_t width = width_of(call, 0) / of_query, key = width_of(call, 1), value = width_of(call, 2);
  if (width == 0) unsupported("the width of a head is not known");
  const std::int64_t of_key = key == 0 ? heads : key / width;
  const std::int64_t all = std::max(of_query, heads), least = std::min(of_query, heads);
  if (of_key < 1 || all % least != 0 || heads % of_key != 0) {
    invalid_model("heads of query, key and value are ", of_query, ", ", of_key, " and ", heads,
                  ", expected multiples of each other");
  }
  const std::int64_t decay = width_of(call, 4) / heads;
  return text("!state_window=0;!update_rule=gated_delta,gated,delta,linear;q0=Cast<to=1>(query);q1=Mul(q0,",
              scale_literal(call, width), ");") +
         numbered(
             "q2=Reshape(q1,[0,0,%a,%b,%c]);q3=Expand(q2,[1,1,1,%d,1]);q=Reshape(q3,[0,0,%e,%b,%c]);"
             "k0=Cast<to=1>(key);k1=Reshape(k0,[0,0,%f,1,%c]);k2=Expand(k1,[1,1,1,%g,1]);k=Reshape(k2,[0,0,%e,1,%c]);"
             "v0=Cast<to=1>(value);v=Reshape(v0,[0,0,%e,1,%h]);{3?s=Cast<to=1>(past_state);|batch=Shape<end=1>(query);"
             "wide=Shape<start=4>(v);form=Concat<axis=0>(batch,[%e,%c],wide);s=ConstantOfShape(form);}"
             "{%k<1?|!4;g0=Cast<to=1>(decay);g1=Exp(g0);g=Reshape(g1,[0,0,%e,%i,1]);}"
             "{%l<1?|!5;b0=Cast<to=1>(beta);b=Unsqueeze(b0,[3,4]);}"
             "last,o=Scan<num_scan_inputs=%m,scan_input_axes=[1,1,1{%k<1?|,1}{%l<1?|,1}],scan_output_axes=[1],"
             "body=^s,qt,kt,vt{%k<1?|,gt}{%l<1?|,bt}:n,ot:{%k<1?d=s;|d=Mul(s,gt);}"
             "{%l<1?w=vt;|r=MatMul(kt,d);e=Sub(vt,r);w=Mul(e,bt);}c=Transpose<perm=[0,1,3,2]>(kt);u=Mul(c,w);n=Add(d,u)"
             ";"
             "ot=MatMul(qt,n);^>(s,q,k,v{%k<1?|,g}{%l<1?|,b});y=Reshape(o,[0,0,%j]);output=CastLike(y,query);"
             "present_state=CastLike(last,{3?past_state|query});",
             {least, std::max(of_query / heads, std::int64_t{1}), width, std::max(heads / of_query, std::int64_t{1}),
              heads, of_key, heads / of_key, value == 0 ? -1 : value / heads, decay == 0 ? -1 : decay,
              value == 0 ? -1 : value / heads * all, gated, delta, 3 + gated + delta});
}

/// Each column of the cache is read where the token stands in one of three orders: in time, by height or by width.
std::string multimodal_rotary_embedding(const OwnCall& call) {
  if (const float scale = call.attributes.get_float("scale", 1); scale != 1) unsupported("scale is ", scale);
  const bool packed = rank_of(call, 0, "input") == 3;
  const std::int64_t heads = packed ? count_of(call, "num_heads") : 0;
  if (!packed) call.attributes.ignore("num_heads");
  const Shape parts = call.attributes.get_ints("mrope_section").value_or(Shape{});
  const Dims& cache = call.inputs[2].dims;
  if (cache.size() != 2 || !is_size(cache[1])) unsupported("the width of cos_cache is not known");
  const std::int64_t columns = cache[1].value();
  // The text has a number for each; a model may say any size of an input.
  constexpr std::int64_t kMostColumns = std::int64_t{1} << 16;
  if (columns > kMostColumns) unsupported("cos_cache has ", columns, " columns, supported are up to ", kMostColumns);
  const auto part = [&](std::size_t order) {
    return parts.size() == 3 && parts[order] >= 0 && parts[order] <= columns ? parts[order] : INT32_MIN;
  };
  const std::int64_t first = part(0), second = part(1), layout = call.attributes.get_int("mrope_layout", 0);
  if (first + second + part(2) != columns) {
    invalid_model("mrope_section is ", parts, ", expected 3 numbers whose sum is ", columns);
  }
  if (layout < 0 || layout > 1) invalid_model("mrope_layout is ", layout, ", expected 0 or 1");
  std::string orders;
  for (std::int64_t column = 0; column < columns; ++column) {
    const std::int64_t turn = column % 3;
    std::int64_t order = (column >= first) + (column >= first + second);
    if (layout == 1) order = column / 3 < part(static_cast<std::size_t>(turn)) ? turn : 0;
    orders += text(order, column + 1 == columns ? "" : ",");
  }
  return text("!is_packed_batching=0;of=Constant<value_ints=[", orders,
              "]>();high=Equal(of,1);wide=Equal(of,2);c0=Gather(cos_cache,position_ids);"
              "c1,c2,c3=Split<num_outputs=3>(c0);c4=Where(high,c2,c1);c5=Where(wide,c3,c4);c=Squeeze(c5,[0]);"
              "s0=Gather(sin_cache,position_ids);s1,s2,s3=Split<num_outputs=3>(s0);s4=Where(high,s2,s1);"
              "s5=Where(wide,s3,s4);s=Squeeze(s5,[0]);output=RotaryEmbedding<interleaved=@interleaved:0,"
              "rotary_embedding_dim=@rotary_embedding_dim:0,num_heads=",
              heads, ">(input,c,s);");
}

/// A token is barred where the last n - 1 tokens stand before it; before the first one stands what no token is.
std::string ngram_repeat_block(const OwnCall& call) {
  return range_along("input_ids", 1) +
         numbered(
             "p=Pad(input_ids,[0,%a,0,0],%b);w=Range(0,%a,1);u=Unsqueeze(range,[1]);i=Add(u,w);"
             "g=Gather<axis=1>(p,i);l=Slice(p,s,[%c],[1]);t=Unsqueeze(l,[1]);e=Equal(g,t);d=Not(e);c=Cast<to=7>(d);"
             "m=ReduceSum<keepdims=0>(c,[2]);b=Equal(m,0);at=Where(b,input_ids,0);low=CastLike(-inf,scores);high=Neg("
             "low);v=Where(b,low,high);"
             "scores_out=ScatterElements<axis=1,reduction=\"min\">(scores,at,v);",
             {count_of(call, "ngram_size") - 1, INT64_MIN, INT64_MAX});
}

/// The last axis of X is a row of groups as long as scale.
std::string gated_rms_norm(const OwnCall& call) {
  std::string kept;
  for (std::size_t axis = 1; axis < rank_of(call, 0, "X"); ++axis) kept += "0,";
  return text("!activation=silu,swish,sigmoid;c=Shape(scale);f=Concat<axis=0>([", kept,
              "-1],c);x0=Cast<to=1>(X);x=Reshape(x0,f);s=Cast<to=1>(scale);"
              "n=RMSNormalization<axis=-1,epsilon=@epsilon:1.e-5>(x,s);all=Shape(X);m=Reshape(n,all);"
              "z=Cast<to=1>(gate);o=Sigmoid(z);{activation=sigmoid?a=o;|a=Mul(z,o);}y=Mul(m,a);Y=CastLike(y,X);");
}

std::string gated_add(const OwnCall& call) {
  refuse_input(call, 3, "gate_weight");
  return "p=Mul(Y,gate);output=Add(X,p);";
}

}  // namespace linnet::internal::onnx
