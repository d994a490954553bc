// com.microsoft's layers that keep a state between steps instead of a cache.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "loaders/onnx/own_functions_impl.hpp"

namespace linnet::internal::onnx {
namespace {

/// The last of 3 sizes of an input; unknown where the model does not tell it.
Dim width_of(const OwnCall& call, std::size_t input) {
  const Dims& dims = call.inputs[input].dims;
  return dims.size() == 3 && is_size(dims[2]) ? dims[2] : Dim::unknown();
}

/// `name`_ [batch, steps, heads, shared, width] of `of` [batch, steps, given * width], where a head that is given
/// counts for as many heads as follow each other.
std::string heads_of(const char* name, const char* of, std::int64_t given, std::int64_t heads, std::int64_t width) {
  const std::int64_t shared = std::max(given / heads, std::int64_t{1});
  if (given >= heads) return text(name, "_=Reshape(", of, ",[0,0,", heads, ",", shared, ",", width, "]);");
  return text(name, "1=Reshape(", of, ",[0,0,", given, ",1,", width, "]);", name, "2=Expand(", name, "1,[1,1,1,",
              heads / given, ",1]);", name, "_=Reshape(", name, "2,[0,0,", heads, ",1,", width, "]);");
}

}  // namespace

/// A convolution of each channel behind the past, as long as the kernel reaches back.
std::string causal_conv_with_state(const OwnCall& call) {
  for (const char* name :
       {"state_window", "state_update_capacity", "state_length", "input_channel_offset", "input_channels"}) {
    require(call, name, 0);
  }
  require(call, "state_channels_last", -1);
  require(call, "ndim", 1);
  refuse_output(call, 2, "state_update");
  const std::string activation = call.attributes.get_string("activation", "none");
  const bool plain = activation == "none";
  if (!plain && activation != "silu" && activation != "swish") {
    invalid_model("activation is \"", printable(activation), "\", expected none, silu or swish");
  }
  const std::int64_t dilation = call.attributes.get_int("dilation", 1);
  if (dilation < 1 || dilation > kMostSize) invalid_model("dilation is ", dilation, ", expected 1 to ", kMostSize);
  const Dims& weight = call.inputs[1].dims;
  if (weight.size() != 3 || !is_size(weight[0]) || !is_size(weight[2])) {
    unsupported("the shape of weight is not known, [channels, 1, k]");
  }
  const std::int64_t channels = weight[0].value(), before = (weight[2].value() - 1) * dilation;
  const bool last = is_set(call, "channels_last");
  std::string out = last ? text("x0=Reshape(input,[0,0,", channels, "]);x=Transpose<perm=[0,2,1]>(x0);") : "x=input;";
  if (!call.has_input(3)) {
    out += text("all=Pad(x,[0,0,", before, ",0,0,0]);");
  } else if (last) {
    out += text("p0=Reshape(past_state,[0,", before, ",", channels,
                "]);p=Transpose<perm=[0,2,1]>(p0);all=Concat<axis=2>(p,x);");
  } else {
    out += text("p=Reshape(past_state,[0,", channels, ",", before, "]);all=Concat<axis=2>(p,x);");
  }
  out += text("c=Conv<group=", channels, ",dilations=[", dilation, "]>(all,weight{2?,bias|});",
              plain ? "a=c;" : "a=Swish(c);", "new=Shape<start=2>(x);state=Slice(all,new,[", INT64_MAX, "],[2]);");
  if (!last) return out + "output=a;present_state=state;";
  return out + text(
                   "a0=Transpose<perm=[0,2,1]>(a);form=Shape(input);output=Reshape<allowzero=1>(a0,form);"
                   "state0=Transpose<perm=[0,2,1]>(state);batch=Shape<end=1>(input);tail=Shape<start=2>(input);"
                   "form0=Concat<axis=0>(batch,[",
                   before, "],tail);present_state=Reshape<allowzero=1>(state0,form0);");
}

/// A scan of steps whose state is [batch, heads, width of keys, width of values], in float32.
std::string linear_attention(const OwnCall& call) {
  require(call, "state_window", 0);
  call.attributes.ignore("chunk_size");
  const std::string rule = call.attributes.get_string("update_rule", "gated_delta");
  const bool gated = rule == "gated" || rule == "gated_delta", delta = rule == "delta" || rule == "gated_delta";
  if (!gated && !delta && rule != "linear") {
    invalid_model("update_rule is \"", printable(rule), "\", expected linear, gated, delta or gated_delta");
  }
  const std::int64_t of_query = count_of(call, "q_num_heads"), heads = count_of(call, "kv_num_heads");
  const Dim query = width_of(call, 0), key = width_of(call, 1), value = width_of(call, 2), decay = width_of(call, 4);
  if (!query.known() || query.value() < of_query) unsupported("the width of a head is not known");
  const std::int64_t width = query.value() / of_query;
  const std::int64_t of_key = key.known() ? key.value() / width : heads;
  const std::int64_t all = std::max(of_query, heads);
  if (of_key < 1 || all % std::min(of_query, heads) != 0 || heads % of_key != 0) {
    invalid_model("heads of query, key and value are ", of_query, ", ", of_key, " and ", heads,
                  ", expected multiples of each other");
  }
  const std::int64_t of_value = value.known() ? value.value() / heads : -1;
  std::string out =
      text("q0=Cast<to=1>(query);q=Mul(q0,", scale_literal(call, width), ");k=Cast<to=1>(key);v0=Cast<to=1>(value);") +
      heads_of("q", "q", of_query, heads, width) + heads_of("k", "k", of_key, heads, width) +
      text("v=Reshape(v0,[0,0,", heads, ",1,", of_value, "]);{3?s=Cast<to=1>(past_state);|batch=Shape<end=1>(query);",
           "wide=Shape<start=4>(v);form=Concat<axis=0>(batch,[", heads, ",", width,
           "],wide);s=ConstantOfShape(form);}");
  std::string scanned = "q_,k_,v", within = "s,qt,kt,vt", axes = "1,1,1";
  if (gated) {
    out += text("!4;g0=Cast<to=1>(decay);g1=Exp(g0);g=Reshape(g1,[0,0,", heads, ",",
                decay.known() ? decay.value() / heads : -1, ",1]);");
    scanned += ",g";
    within += ",gt";
    axes += ",1";
  }
  if (delta) {
    out += "!5;b0=Cast<to=1>(beta);b=Unsqueeze(b0,[3,4]);";
    scanned += ",b";
    within += ",bt";
    axes += ",1";
  }
  return out + text("last,o=Scan<num_scan_inputs=", axes.size() / 2 + 1, ",scan_input_axes=[", axes,
                    "],scan_output_axes=[1],body=^", within, ":n,ot:", gated ? "d=Mul(s,gt);" : "d=s;",
                    delta ? "r=MatMul(kt,d);e=Sub(vt,r);w=Mul(e,bt);" : "w=vt;",
                    "c=Transpose<perm=[0,1,3,2]>(kt);u=Mul(c,w);n=Add(d,u);ot=MatMul(qt,n);^>(s,", scanned,
                    ");y=Reshape(o,[0,0,", of_value < 0 ? -1 : all * of_value, "]);output=CastLike(y,query);",
                    "present_state=CastLike(last,{3?past_state|query});");
}

}  // namespace linnet::internal::onnx
