// com.microsoft's GroupQueryAttention: heads of queries that share heads of keys, with a cache that grows, has room, or
// holds a window of what was last.
//
// Of each sequence: T = seqlens_k + 1 steps count, P of them were before. With sliding_window_cache the cache has C
// rows, of which the first L(P) are the last steps: L(n) = n up to C, and then n - G ceil((n - C) / G) for
// G = C - local_window_size + 1.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>

#include "loaders/onnx/own_functions_impl.hpp"

namespace linnet::internal::onnx {
namespace {

enum Input : std::size_t {
  kKey = 1,
  kPastKey = 3,
  kPositions = 9,
  kBias = 10,
  kSink = 11,
  kQueryNorm = 14,
  kKeyNorm = 15,
  kQueryLengths = 16
};

/// What a call says of its heads.
struct Heads {
  std::int64_t of_query;
  std::int64_t of_key;
  std::int64_t width;
};

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

/// `range`, and `place` [batch, steps], where each step stands among all: behind P others. Without query_seqlens all
/// steps of the query count, and P is never below 0.
std::string places(const OwnCall& call) {
  std::string out = range_along("query", 1) +
                    "all=Constant<value_ints=[-1,1]>();b=Shape<start=0,end=1>(query);last=Cast<to=7>(seqlens_k);"
                    "count=Add(last,1);";
  out += call.has_input(kQueryLengths) ? "valid=Cast<to=7>(query_seqlens);before0=Sub(count,valid);"
                                       : "before0=Sub(count,s);";
  return out +
         "before1=Max(before0,0);before=Reshape(before1,all);place=Add(before,range);"
         "flat=Constant<value_ints=[-1]>();begins=Reshape(before,flat);";
}

/// `to` from `from`, a projection whose heads are normalised each.
std::string normalized(const OwnCall& call, const char* from, const char* to, const char* split, const char* weight,
                       const char* epsilon) {
  const float shared = call.attributes.get_float("qk_norm_epsilon", 1e-6f);
  return text("n_", to, "=Reshape(", from, ",", split, ");m_", to, "=RMSNormalization<axis=-1,epsilon=",
              literal(static_cast<double>(call.attributes.get_float(epsilon, shared))), ">(n_", to, ",", weight, ");",
              to, "=Reshape(m_", to, ",join);");
}

/// q3, k3 and v3 [batch, heads, steps, width] of the projections, normalised and turned.
std::string projections(const OwnCall& call, const Heads& heads) {
  std::string out = text("split=Constant<value_ints=[0,0,", heads.of_query, ",", heads.width,
                         "]>();split_key=Constant<value_ints=[0,0,", heads.of_key, ",", heads.width,
                         "]>();join=Constant<value_ints=[0,0,-1]>();");
  if (call.has_input(kKey)) {
    out += "q0=query;k0=key;v0=value;";
  } else {
    const std::int64_t keys = heads.of_key * heads.width;
    out += text("parts=Constant<value_ints=[", heads.of_query * heads.width, ",", keys, ",", keys,
                "]>();q0,k0,v0=Split<axis=-1>(query,parts);");
  }
  if (call.has_input(kQueryNorm)) {
    out += normalized(call, "q0", "q1", "split", "q_norm_weight", "q_norm_epsilon") +
           normalized(call, "k0", "k1", "split_key", "k_norm_weight", "k_norm_epsilon");
  } else {
    for (const char* name : {"q_norm_epsilon", "k_norm_epsilon", "qk_norm_epsilon"}) call.attributes.ignore(name);
    out += "q1=q0;k1=k0;";
  }
  if (is_set(call, "do_rotary")) {
    const Dims& cache = call.inputs[7].dims;
    const bool partial = cache.size() == 2 && is_size(cache[1]) && 2 * cache[1].value() != heads.width;
    const std::string turn = text("=RotaryEmbedding<interleaved=@rotary_interleaved:0,rotary_embedding_dim=",
                                  partial ? 2 * cache[1].value() : 0, ",num_heads=");
    out += call.has_input(kPositions) ? "turns=Cast<to=7>(position_ids);" : "turns=place;";
    out += text("q2", turn, heads.of_query, ">(q1,cos_cache,sin_cache,turns);k2", turn, heads.of_key,
                ">(k1,cos_cache,sin_cache,turns);");
  } else {
    call.attributes.ignore("rotary_interleaved");
    out += "q2=q1;k2=k1;";
  }
  return out +
         "q4=Reshape(q2,split);k4=Reshape(k2,split_key);v4=Reshape(v0,split_key);q3=Transpose<perm=[0,2,1,3]>(q4);"
         "k3=Transpose<perm=[0,2,1,3]>(k4);v3=Transpose<perm=[0,2,1,3]>(v4);";
}

/// present_key and present_value, which are `keys` and `values` of the scores, with `key_row`, where each stands.
/// A past with room for all steps is the present's buffer; another one grows.
std::string whole_cache(const OwnCall& call, const Heads& heads) {
  std::string out;
  if (call.has_input(kPastKey)) {
    out = text(
        "heads=Constant<value_ints=[", heads.of_key, "]>();width=Constant<value_ints=[", heads.width,
        "]>();total0=Cast<to=7>(total_sequence_length);total=Reshape(total0,flat);room=Shape<start=2,end=3>(past_key);"
        "more0=Sub(total,room);more=Max(more0,[0]);shape=Concat<axis=0>(b,heads,more,width);"
        "fill0=ConstantOfShape(shape);fill=CastLike(fill0,query);pk=Concat<axis=2>(past_key,fill);"
        "pv=Concat<axis=2>(past_value,fill);present_key=TensorScatter<axis=2>(pk,k3,begins);"
        "present_value=TensorScatter<axis=2>(pv,v3,begins);");
  } else {
    out = "present_key=k3;present_value=v3;";
  }
  return out +
         "keys=present_key;values=present_value;t=Shape<start=2,end=3>(keys);until=Squeeze(t,[0]);"
         "key_row=Range(0,until,1);";
}

/// `to` = L(`from`), both [batch, 1].
std::string resident(const char* from, const char* to) {
  // Of integers that are not negative the quotient is rounded down: (n - C + G - 1) / G.
  return text(to, "a=Sub(", from, ",rows);", to, "b=Max(", to, "a,0);", to, "c=Add(", to, "b,gone);", to, "d=Sub(", to,
              "c,1);", to, "e=Div(", to, "d,gone);", to, "f=Mul(", to, "e,gone);", to, "=Sub(", from, ",", to, "f);");
}

/// The same of a cache that holds a window. What comes in is seen beside what the past has, before anything is
/// dropped. Row i of the present is step T - L(T) + i. Rows that the past should have and has not end the run.
std::string window_cache(const OwnCall& call, std::int64_t window, bool has_bias) {
  if (!call.has_input(kPastKey)) unsupported("sliding_window_cache without past_key");
  std::string out =
      text("room=Shape<start=2,end=3>(past_key);rows=Max(room,[", window, "]);gone0=Sub(rows,[", window,
           "]);gone=Add(gone0,1);count2=Reshape(count,all);", resident("before", "kept_before"),
           resident("count2", "kept_after"),
           "keys=Concat<axis=2>(past_key,k3);values=Concat<axis=2>(past_value,v3);until=Squeeze(room,[0]);"
           "row=Range(0,until,1);first=Sub(before,kept_before);old0=Add(row,first);there=Less(row,kept_before);"
           "old=Where(there,old0,",
           INT32_MAX, ");stand=Concat<axis=1>(old,place);key_row=Unsqueeze(stand,[1,2]);");
  out +=
      "rows0=Squeeze(rows,[0]);slot=Range(0,rows0,1);from=Sub(count2,kept_after);step=Add(from,slot);"
      "past=Less(step,before);in_past0=Sub(step,first);in_past1=Less(in_past0,room);in_past=Where(in_past1,in_past0,";
  out += text(INT32_MAX,
              ");in_new0=Sub(step,before);in_new=Add(in_new0,room);source0=Where(past,in_past,in_new);"
              "filled=Less(slot,kept_after);source1=Where(filled,source0,0);source=Unsqueeze(source1,[2]);");
  for (const char* kind : {"key", "value"}) {
    out += text(kind, "_t=Transpose<perm=[0,2,1,3]>(", kind, "s);", kind, "_g=GatherND<batch_dims=1>(", kind,
                "_t,source);present_", kind, "=Transpose<perm=[0,2,1,3]>(", kind, "_g);");
  }
  if (has_bias) {  // its columns are steps
    out +=
        "columns0=Shape<start=3,end=4>(attention_bias);columns1=Sub(columns0,1);columns=Min(stand,columns1);"
        "column=Unsqueeze(columns,[2]);spread=Concat<axis=0>(b,[1,1,1]);bias0=Expand(attention_bias,spread);"
        "bias1=Transpose<perm=[0,3,1,2]>(bias0);bias2=GatherND<batch_dims=1>(bias1,column);"
        "bias=Transpose<perm=[0,2,3,1]>(bias2);";
  }
  return out;
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

/// `kept`: which keys each step sees.
std::string seen_keys(const OwnCall& call, std::int64_t window) {
  if (call.attributes.get_int("causal", 1) == 0) {
    if (window > 0) invalid_model("causal is 0 with a local_window_size of ", window);
    return "ends=Reshape(count,[-1,1,1,1]);kept=Less(key_row,ends);";
  }
  std::string out =
      "apart=Constant<value_ints=[1,3]>();places=Unsqueeze(place,apart);seen=LessOrEqual(key_row,places);";
  if (window <= 0) return out + "kept=seen;";
  return out + text("reach=Constant<value_int=", window - 1,
                    ">();oldest=Sub(places,reach);near=GreaterOrEqual(key_row,oldest);kept=And(seen,near);");
}

/// `mask` with a column for a key that has no value: its score is that of head_sink, or 0.
std::string with_sink(const OwnCall& call, const Heads& heads) {
  std::string out = text("heads_q=Constant<value_ints=[", heads.of_query,
                         "]>();sunk0=Shape<start=3,end=4>(mask0);"
                         "sunk1=Concat<axis=0>(b,heads_q,s,sunk0);mask1=Expand(mask0,sunk1);"
                         "sunk2=Concat<axis=0>(b,heads_q,s,[1]);");
  out += call.has_input(kSink) ? "sink0=CastLike(head_sink,query);sink1=Reshape(sink0,[1,-1,1,1]);"
                               : "sink1=CastLike(0.0,query);";
  return out + text("sink=Expand(sink1,sunk2);mask=Concat<axis=3>(mask1,sink);nothing0=Constant<value_ints=[",
                    heads.of_key, ",1,", heads.width,
                    "]>();nothing1=Concat<axis=0>(b,nothing0);nothing2=ConstantOfShape(nothing1);"
                    "nothing=CastLike(nothing2,query);seen_keys=Concat<axis=2>(keys,nothing);"
                    "seen_values=Concat<axis=2>(values,nothing);");
}

}  // namespace

std::string group_query_attention(const OwnCall& call) {
  check(call);
  const std::int64_t of_query = count_of(call, "num_heads"), of_key = count_of(call, "kv_num_heads");
  const Heads heads = {of_query, of_key, width_of_head(call, call.has_input(kKey) ? of_query : of_query + 2 * of_key)};
  const std::int64_t window = call.attributes.get_int("local_window_size", -1);
  if (window > kMostSize) invalid_model("local_window_size is ", window, ", expected at most ", kMostSize);
  const bool has_bias = call.has_input(kBias);
  const bool windowed = is_set(call, "sliding_window_cache");
  if (windowed && window < 1) invalid_model("sliding_window_cache is set with a local_window_size of ", window);
  std::string out = places(call) + projections(call, heads) +
                    (windowed ? window_cache(call, window, has_bias) : whole_cache(call, heads)) +
                    seen_keys(call, window);
  // By default -1, which asks for nothing as 0 does.
  const bool sunk = call.has_input(kSink) || call.attributes.get_int("smooth_softmax", -1) > 0;
  // The kernel shares a head of keys among those of queries; ONNX's definition of Attention repeats it.
  const std::string scale = capped_scale(call, heads.width);
  const bool by_kernel = call.inputs[0].type == DataType::kFloat32 && !scale.empty();
  if (!by_kernel && !has_bias && !sunk) {
    out += "mask0=kept;";
  } else {
    out += "never=CastLike(-inf,query);free=CastLike(0.0,query);";
    // A cache with room for more has columns that the bias has not; none of them is kept.
    if (has_bias && !windowed) {
      out +=
          "cache_rows=Shape<start=2,end=3>(keys);columns=Shape<start=3,end=4>(attention_bias);"
          "lack=Sub(cache_rows,columns);lacking=Max(lack,[0]);pads=Concat<axis=0>([0,0,0,0,0,0,0],lacking);bias=Pad("
          "attention_bias,pads);";
    }
    out += has_bias ? "mask0=Where(kept,bias,never);" : "mask0=Where(kept,free,never);";
  }
  out += sunk ? with_sink(call, heads) : "mask=mask0;seen_keys=keys;seen_values=values;";
  out += by_kernel ? "y0=linnet:ScaledDotProductAttention<" + scale + ">"
                   : text("y0=Attention<softcap=@softcap:0.0", scale_of(call), ">");
  return out + "(q3,seen_keys,seen_values,mask);y1=Transpose<perm=[0,2,1,3]>(y0);output=Reshape(y1,join);";
}

}  // namespace linnet::internal::onnx
