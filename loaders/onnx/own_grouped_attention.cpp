// com.microsoft's GroupQueryAttention: heads of queries that share heads of keys, with a cache that grows, has room, or
// holds a window of what was last.
//
// Of each sequence: T = seqlens_k + 1 steps count, P of them were before. With sliding_window_cache the cache has C
// rows, of which the first L(P) are the last steps: L(n) = n up to C, and then n - G ceil((n - C) / G) for
// G = C - local_window_size + 1.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>

#include "loaders/onnx/function_text.hpp"
#include "loaders/onnx/own_functions_impl.hpp"

namespace linnet::internal::onnx {
namespace {

enum Input : std::size_t { kKey = 1, kPastKey = 3, kBias = 10, kSinks = 11, kQueryNorm = 14, kKeyNorm = 15 };

/// The width of a head, where the model tells it.
std::int64_t width_of_head(const OwnCall& call, std::int64_t heads_of_query) {
  const Dims& query = call.inputs[0].dims;
  const Dims& past = call.inputs[kPastKey].dims;
  if (query.size() == 3 && is_size(query[2])) return query[2].value() / heads_of_query;
  if (past.size() == 4 && is_size(past[3])) return past[3].value();
  unsupported("the width of a head is not known");
}

void check(const OwnCall& call) {
  refuse_input(call, 12, "k_scale");
  refuse_input(call, 13, "v_scale");
  refuse_output(call, 3, "output_qk");
  for (const char* name : {"qk_output", "kv_cache_bit_width"}) require(call, name, 0);
  for (const char* name : {"k_quant_type", "v_quant_type"}) {
    if (const std::string type = call.attributes.get_string(name, "NONE"); type != "NONE") {
      unsupported(name, " is \"", printable(type), "\"");
    }
  }
  if (call.has_input(kQueryNorm) != call.has_input(kKeyNorm)) {
    invalid_model("one of q_norm_weight and k_norm_weight is given, expected both or none");
  }
}

// The text in parts. Of the numbers in it %a and %b count the heads of queries and keys, %c is the width of a head, %d
// and %e are the widths of all heads, %f that of what is turned, %g the window. %h is more than any place. %i tells
// whether the past alone is seen; %k, whether there is a sink; %l, whether the cache holds a window.

/// `place` [batch, steps], where each step stands among all: behind P others. Without query_seqlens all steps of the
/// query count, and P is never below 0.
constexpr const char* kPlaces =
    "all=Constant<value_ints=[-1,1]>();b=Shape<start=0,end=1>(query);last=Cast<to=7>(seqlens_k);count=Add(last,1);"
    "{16?valid=Cast<to=7>(query_seqlens);before0=Sub(count,valid);|before0=Sub(count,s);}"
    "before1=Max(before0,0);before=Reshape(before1,all);place=Add(before,range);"
    "flat=Constant<value_ints=[-1]>();begins=Reshape(before,flat);";

/// q0, k0 and v0, [batch, steps, all heads].
constexpr const char* kParts =
    "split=Constant<value_ints=[0,0,%a,%c]>();split_key=Constant<value_ints=[0,0,%b,%c]>();"
    "join=Constant<value_ints=[0,0,-1]>();{1?q0=query;k0=key;v0=value;|"
    "parts=Constant<value_ints=[%d,%e,%e]>();q0,k0,v0=Split<axis=-1>(query,parts);}";

/// q3, k3 and v3 [batch, heads, steps, width] of q1, k1 and v0, turned.
constexpr const char* kTurned =
    "{do_rotary<1?q2=q1;k2=k1;|{9?turns=Cast<to=7>(position_ids);|turns=place;}"
    "q2=RotaryEmbedding<interleaved=@rotary_interleaved:0,rotary_embedding_dim=%f,num_heads=%a>(q1,cos_cache,sin_cache,"
    "turns);k2=RotaryEmbedding<interleaved=@rotary_interleaved:0,rotary_embedding_dim=%f,num_heads=%b>(k1,cos_cache,"
    "sin_cache,turns);}q4=Reshape(q2,split);k4=Reshape(k2,split_key);v4=Reshape(v0,split_key);"
    "q3=Transpose<perm=[0,2,1,3]>(q4);k3=Transpose<perm=[0,2,1,3]>(k4);v3=Transpose<perm=[0,2,1,3]>(v4);";

/// present_key and present_value, which are `keys` and `values` of the scores, with `key_row`, where each stands.
/// A past with room for all steps is the present's buffer; another one grows.
constexpr const char* kWholeCache =
    "{3?heads=Constant<value_ints=[%b]>();width=Constant<value_ints=[%c]>();total0=Cast<to=7>(total_sequence_length);"
    "total=Reshape(total0,flat);room=Shape<start=2,end=3>(past_key);more0=Sub(total,room);more=Max(more0,[0]);"
    "shape=Concat<axis=0>(b,heads,more,width);fill0=ConstantOfShape(shape);fill=CastLike(fill0,query);"
    "pk=Concat<axis=2>(past_key,fill);pv=Concat<axis=2>(past_value,fill);present_key=TensorScatter<axis=2>(pk,k3,"
    "begins)"
    ";present_value=TensorScatter<axis=2>(pv,v3,begins);|present_key=k3;present_value=v3;}"
    "keys=present_key;values=present_value;t=Shape<start=2,end=3>(keys);until=Squeeze(t,[0]);key_row=Range(0,until,1);";

/// The same of a cache that holds a window. What comes in is seen beside what the past has, before anything is
/// dropped. Row i of the present is step T - L(T) + i. Rows that the past should have and has not end the run. In L the
/// quotient of integers that are not negative is rounded down: (n - C + G - 1) / G. Columns of a bias are steps.
constexpr const char* kWindowCache =
    "room=Shape<start=2,end=3>(past_key);rows=Max(room,[%g]);gone0=Sub(rows,[%g]);gone=Add(gone0,1);"
    "count2=Reshape(count,all);b0=Sub(before,rows);b1=Max(b0,0);b2=Add(b1,gone);b3=Sub(b2,1);b4=Div(b3,gone);"
    "b5=Mul(b4,gone);kept_before=Sub(before,b5);a0=Sub(count2,rows);a1=Max(a0,0);a2=Add(a1,gone);a3=Sub(a2,1);"
    "a4=Div(a3,gone);a5=Mul(a4,gone);kept_after=Sub(count2,a5);"
    "keys=Concat<axis=2>(past_key,k3);values=Concat<axis=2>(past_value,v3);until=Squeeze(room,[0]);"
    "row=Range(0,until,1);first=Sub(before,kept_before);old0=Add(row,first);there=Less(row,kept_before);"
    "old=Where(there,old0,%h);stand=Concat<axis=1>(old,place);key_row=Unsqueeze(stand,[1,2]);"
    "rows0=Squeeze(rows,[0]);slot=Range(0,rows0,1);from=Sub(count2,kept_after);step=Add(from,slot);"
    "past=Less(step,before);in_past0=Sub(step,first);in_past1=Less(in_past0,room);in_past=Where(in_past1,in_past0,%h);"
    "in_new0=Sub(step,before);in_new=Add(in_new0,room);source0=Where(past,in_past,in_new);"
    "filled=Less(slot,kept_after);source1=Where(filled,source0,0);source=Unsqueeze(source1,[2]);"
    "kt=Transpose<perm=[0,2,1,3]>(keys);kg=GatherND<batch_dims=1>(kt,source);present_key=Transpose<perm=[0,2,1,3]>(kg);"
    "vt=Transpose<perm=[0,2,1,3]>(values);vg=GatherND<batch_dims=1>(vt,source);"
    "present_value=Transpose<perm=[0,2,1,3]>(vg);"
    "{10?columns0=Shape<start=3,end=4>(attention_bias);columns1=Sub(columns0,1);columns=Min(stand,columns1);"
    "column=Unsqueeze(columns,[2]);spread=Concat<axis=0>(b,[1,1,1]);bias0=Expand(attention_bias,spread);"
    "bias1=Transpose<perm=[0,3,1,2]>(bias0);bias2=GatherND<batch_dims=1>(bias1,column);"
    "bias=Transpose<perm=[0,2,3,1]>(bias2);|}";

/// `kept`: which keys each step sees.
constexpr const char* kSeen =
    "{%i<1?ends=Reshape(count,[-1,1,1,1]);kept=Less(key_row,ends);|apart=Constant<value_ints=[1,3]>();"
    "places=Unsqueeze(place,apart);seen=LessOrEqual(key_row,places);{%g<1?kept=seen;|"
    "reach=Constant<value_int=%j>();oldest=Sub(places,reach);near=GreaterOrEqual(key_row,oldest);kept=And(seen,near);}"
    "}";

/// `mask0`, what is added to scores. A cache with room for more has columns that the bias has not; none of them is
/// kept.
constexpr const char* kMask =
    "never=CastLike(-inf,query);free=CastLike(0.0,query);"
    "{10?{%l<1?cache_rows=Shape<start=2,end=3>(keys);columns=Shape<start=3,end=4>(attention_bias);"
    "lack=Sub(cache_rows,columns);lacking=Max(lack,[0]);pads=Concat<axis=0>([0,0,0,0,0,0,0],lacking);"
    "bias=Pad(attention_bias,pads);|}mask0=Where(kept,bias,never);|mask0=Where(kept,free,never);}";

/// `mask` with a column for a key that has no value: its score is that of head_sink, or 0.
constexpr const char* kSink =
    "{%k<1?mask=mask0;seen_keys=keys;seen_values=values;|heads_q=Constant<value_ints=[%a]>();"
    "sunk0=Shape<start=3,end=4>(mask0);sunk1=Concat<axis=0>(b,heads_q,s,sunk0);mask1=Expand(mask0,sunk1);"
    "sunk2=Concat<axis=0>(b,heads_q,s,[1]);{11?sink0=CastLike(head_sink,query);sink1=Reshape(sink0,[1,-1,1,1]);|"
    "sink1=CastLike(0.0,query);}sink=Expand(sink1,sunk2);mask=Concat<axis=3>(mask1,sink);"
    "nothing0=Constant<value_ints=[%b,1,%c]>();nothing1=Concat<axis=0>(b,nothing0);nothing2=ConstantOfShape(nothing1);"
    "nothing=CastLike(nothing2,query);seen_keys=Concat<axis=2>(keys,nothing);seen_values=Concat<axis=2>(values,nothing)"
    ";}";

/// An epsilon of heads that are normalised each.
std::string epsilon_of(const OwnCall& call, const char* name) {
  const float shared = call.attributes.get_float("qk_norm_epsilon", 1e-6f);
  return literal(static_cast<double>(call.attributes.get_float(name, shared)));
}

/// Scale and cap of the kernel's scores, which are divided by the cap before Tanh; empty where a float does not hold
/// that.
std::string capped_scale(const OwnCall& call, std::int64_t width) {
  const double cap = static_cast<double>(call.attributes.get_float("softcap", 0));
  if (cap == 0) return "scale=" + scale_literal(call, width);
  const double given = static_cast<double>(call.attributes.get_float("scale", 0));
  const double scale = (given != 0 ? given : 1 / std::sqrt(static_cast<double>(width))) / cap;
  const bool is_held = std::isfinite(cap) && std::isnormal(static_cast<float>(scale));
  return is_held ? text("cap=@softcap:0.0,scale=", literal(scale)) : std::string();
}

}  // namespace

std::string group_query_attention(const OwnCall& call) {
  check(call);
  const std::int64_t of_query = count_of(call, "num_heads"), of_key = count_of(call, "kv_num_heads");
  const std::int64_t width = width_of_head(call, call.has_input(kKey) ? of_query : of_query + 2 * of_key);
  const std::int64_t window = call.attributes.get_int("local_window_size", -1);
  if (window > kMostSize) invalid_model("local_window_size is ", window, ", expected at most ", kMostSize);
  const bool windowed = is_set(call, "sliding_window_cache");
  if (windowed && window < 1) invalid_model("sliding_window_cache is set with a local_window_size of ", window);
  if (windowed && !call.has_input(kPastKey)) unsupported("sliding_window_cache without past_key");
  const bool causal = call.attributes.get_int("causal", 1) != 0;
  if (!causal && window > 0) invalid_model("causal is 0 with a local_window_size of ", window);
  if (!is_set(call, "do_rotary")) call.attributes.ignore("rotary_interleaved");
  const Dims& cache = call.inputs[7].dims;
  const bool partial = cache.size() == 2 && is_size(cache[1]) && 2 * cache[1].value() != width;
  // By default -1, which asks for nothing as 0 does.
  const bool sunk = call.has_input(kSinks) || call.attributes.get_int("smooth_softmax", -1) > 0;
  // The kernel shares a head of keys among those of queries; ONNX's definition of Attention repeats it.
  const std::string scale = capped_scale(call, width);
  const bool by_kernel = call.inputs[0].type == DataType::kFloat32 && !scale.empty();
  const std::string pattern = text(
      kPlaces, kParts,
      "{14?q5=Reshape(q0,split);q6=RMSNormalization<axis=-1,epsilon=", epsilon_of(call, "q_norm_epsilon"),
      ">(q5,q_norm_weight);q1=Reshape(q6,join);k5=Reshape(k0,split_key);k6=RMSNormalization<axis=-1,epsilon=",
      epsilon_of(call, "k_norm_epsilon"), ">(k5,k_norm_weight);k1=Reshape(k6,join);|q1=q0;k1=k0;}", kTurned,
      windowed ? kWindowCache : kWholeCache, kSeen, by_kernel || call.has_input(kBias) || sunk ? kMask : "mask0=kept;",
      kSink, by_kernel ? "y0=linnet:ScaledDotProductAttention<" : "y0=Attention<softcap=@softcap:0.0",
      by_kernel ? scale : scale_of(call),
      ">(q3,seen_keys,seen_values,mask);y1=Transpose<perm=[0,2,1,3]>(y0);output=Reshape(y1,join);");
  return range_along("query", 1) +
         numbered(pattern, {of_query, of_key, width, of_query * width, of_key * width,
                            partial ? 2 * cache[1].value() : 0, std::max(window, std::int64_t{0}), INT32_MAX,
                            causal ? 1 : 0, window - 1, sunk ? 1 : 0, windowed ? 1 : 0});
}

}  // namespace linnet::internal::onnx
