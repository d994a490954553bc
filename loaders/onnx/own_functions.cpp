#include "loaders/onnx/own_functions.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "loaders/onnx/function_text.hpp"
#include "loaders/onnx/functions.hpp"
#include "loaders/onnx/own_functions_impl.hpp"
#include "loaders/onnx/wire_writer.hpp"

namespace linnet::internal::onnx {
namespace {

constexpr int kOpset = 25;  ///< of the operators that definitions name

enum Domain : std::uint8_t { kOnnx, kMicrosoft, kMl, kTraining };
constexpr const char* kDomains[] = {"", "com.microsoft", "ai.onnx.ml", "ai.onnx.preview.training"};

struct OwnFunction {
  Domain domain;
  const char* text;  ///< name|inputs|outputs|body; a * stands for i0, i1, ... or o0, o1, ... as many as the node has
  std::string (*write)(const OwnCall&);  ///< makes the body; null where the text has it
};

/// By domain and name.
constexpr OwnFunction kFunctions[] = {
    {kOnnx, "AffineGrid|theta size|grid|", affine_grid},
    {kOnnx, "BatchNormalization|X scale B input_mean input_var|Y running_mean running_var|", batch_normalization},
    {kOnnx, "Bernoulli|input|output|", bernoulli},
    {kOnnx, "CenterCropPad|input_data shape|output_data|", center_crop_pad},
    {kOnnx, "Scan|*|*|", scan_of_batches},
    {kOnnx, "SimplifiedLayerNormalization|X scale|Y inv_std_var|", simplified_layer_normalization},
    {kOnnx,
     "Softsign|input|output|a=Abs(input);one0=Constant<value_float=1.0>();one=CastLike(one0,input);d=Add(a,one);"
     "output=Div(input,d);",
     nullptr},
    {kOnnx,
     "ThresholdedRelu|X|Y|t=Constant<value_float=@alpha:1.0>();c=CastLike(t,X);g=Greater(X,c);"
     "zero0=Constant<value_float=0.0>();zero=CastLike(zero0,X);Y=Where(g,X,zero);",
     nullptr},
    {kMicrosoft, "Attention|input weights bias mask past attention_bias past_sequence_length|output present|",
     attention},
    {kMicrosoft, "BiasGelu|A B|C|s=Add(A,B);C=Gelu(s);", nullptr},
    {kMicrosoft,
     "BiasSoftmax|data bias|output|{is_inner_broadcast<1?|}s=Add(data,bias);f=Flatten<axis=@axis:1>(s);m=Softmax(f);"
     "h=Shape(s);output=Reshape(m,h);",
     nullptr},
    {kMicrosoft,
     "BranchwiseRMSNorm|X scale|Y|x0=Cast<to=1>(X);{num_branches<1?!num_branches=0;x=x0;|n=Shape<end=-1>(X);"
     "c=Reshape(@num_branches:0,[1]);f=Concat<axis=0>(n,c,[-1]);x=Reshape(x0,f);}h=Shape<start=-1>(x);"
     "o=Expand(1.0,h);y0=RMSNormalization<axis=-1,epsilon=@epsilon:1.e-5>(x,o);{1?g0=Cast<to=1>(scale);"
     "k=Concat<axis=0>([-1],h);g=Reshape(g0,k);y1=Mul(y0,g);|y1=y0;}all=Shape(X);y=Reshape(y1,all);Y=CastLike(y,X);",
     nullptr},
    {kMicrosoft, "CausalConvWithState|input weight bias past_state|output present_state state_update|",
     causal_conv_with_state},
    {kMicrosoft,
     "CDist|A B|C|a=Unsqueeze(A,[1]);b=Unsqueeze(B,[0]);d=Sub(a,b);s=ReduceSumSquare<keepdims=0>(d,[2]);"
     "!metric=sqeuclidean,euclidean;{metric=euclidean?C=Sqrt(s);|C=s;}",
     nullptr},
    {kMicrosoft,
     "ConvTransposeWithDynamicPads|X W Pads B|Y|"
     "c=ConvTranspose<&auto_pad,&dilations,&group,&kernel_shape,&output_padding,&strides>(X,W,B);{2?cut=Neg(Pads);"
     "b,e=Split<num_outputs=2>(cut);p=Concat<axis=0>([0,0],b,[0,0],e);Y=Pad(c,p);|Y=c;}",
     nullptr},
    {kMicrosoft, "CropAndResize|X rois batch_indices crop_size|Y|", crop_and_resize},
    {kMicrosoft,
     "DecoderMaskedMultiHeadAttention|query key value mask attention_bias buffer_key buffer_value "
     "past_sequence_length beam_width cache_indirection bias|output full_key full_value qk|",
     decoder_masked_multi_head_attention},
    {kMicrosoft, "DequantizeLinear|x s z|y|y=DequantizeLinear<axis=@axis:1>(x,s,z);", nullptr},
    {kMicrosoft,
     "DynamicQuantizeLSTM|X W R B sequence_lens initial_h initial_c P W_scale W_zero_point R_scale R_zero_point|Y Y_h "
     "Y_c|w0=Cast<to=1>(W);w1=Cast<to=1>(W_zero_point);w2=Reshape(w1,[0,1,-1]);w3=Sub(w0,w2);"
     "w4=Reshape(W_scale,[0,1,-1]);w5=Mul(w3,w4);w=Transpose<perm=[0,2,1]>(w5);r0=Cast<to=1>(R);"
     "r1=Cast<to=1>(R_zero_point);r2=Reshape(r1,[0,1,-1]);r3=Sub(r0,r2);r4=Reshape(R_scale,[0,1,-1]);r5=Mul(r3,r4);"
     "r=Transpose<perm=[0,2,1]>(r5);"
     "Y,Y_h,Y_c=LSTM<&activation_alpha,&activation_beta,&activations,&clip,&direction,&hidden_size,&input_forget>(X,w,"
     "r,B,sequence_lens,initial_h,initial_c,P);",
     nullptr},
    {kMicrosoft,
     "EmbedLayerNormalization|input_ids segment_ids word position segment gamma beta mask position_ids|output "
     "mask_index all|{mask_index_type<1?|}w=Gather(word,input_ids);{8?p=Gather(position,position_ids);|"
     "zero=Squeeze([0],[0]);s=Shape<start=1,end=2>(input_ids);steps=Squeeze(s,[0]);range=Range(zero,steps,1);"
     "p=Gather(position,range);}wp=Add(w,p);{1?t=Gather(segment,segment_ids);all=Add(wp,t);|all=wp;}"
     "output=LayerNormalization<axis=-1,epsilon=@epsilon:1.e-12>(all,gamma,beta);"
     "{7?mask_index=ReduceSum<keepdims=0>(mask,[1]);|b=Shape<start=0,end=1>(input_ids);n=ConstantOfShape(b);"
     "mask_index=Cast<to=6>(n);}",
     nullptr},
    {kMicrosoft, "ExpandDims|X axis|Y|a=Cast<to=7>(axis);axes=Reshape(a,[-1]);Y=Unsqueeze(X,axes);", nullptr},
    {kMicrosoft, "FastGelu|X bias|Y|{1?s=Add(X,bias);|s=X;}Y=Gelu<approximate=\"tanh\">(s);", nullptr},
    {kMicrosoft, "FusedConv|X W B Z|Y|", fused_conv},
    {kMicrosoft, "FusedGemm|A B C|Y|", fused_gemm},
    {kMicrosoft, "FusedMatMul|A B|Y|", fused_matmul},
    {kMicrosoft, "GatherBlockQuantized|data indices scales zero_points|output|", gather_block_quantized},
    {kMicrosoft, "GatedAdd|X Y gate gate_weight|output|", gated_add},
    {kMicrosoft, "GatedRMSNorm|X scale gate|Y|", gated_rms_norm},
    {kMicrosoft, "GatherND|data indices|output|i=Cast<to=7>(indices);output=GatherND(data,i);", nullptr},
    {kMicrosoft, "Gelu|X|Y|Y=Gelu(X);", nullptr},
    {kMicrosoft,
     "GridSample|X Grid|Y|Y=GridSample<mode=\"{mode=?linear|{mode=bilinear?linear|{mode=bicubic?cubic|"
     "{mode=nearest?nearest|unknown}}}}\",align_corners=@align_corners:0,&padding_mode>(X,Grid);",
     nullptr},
    {kMicrosoft,
     "GroupQueryAttention|query key value past_key past_value seqlens_k total_sequence_length cos_cache sin_cache "
     "position_ids attention_bias head_sink k_scale v_scale q_norm_weight k_norm_weight query_seqlens|output "
     "present_key present_value output_qk|",
     group_query_attention},
    {kMicrosoft,
     "Irfft|X|Y|!normalized=0;!onesided=1;{signal_ndim<4?|!signal_ndim=3;}{signal_ndim<3?f=X;|"
     "f=DFT<inverse=1>(X,,-4);}{signal_ndim<2?h=f;|h=DFT<inverse=1>(f,,-3);}m=Slice(h,[-2],[0],[-2],[-1]);"
     "s=CastLike([1,-1],m);c=Mul(m,s);all=Concat<axis=-2>(h,c);y=DFT<inverse=1>(all);real=Squeeze([0],[0]);"
     "Y=Gather<axis=-1>(y,real);",
     nullptr},
    {kMicrosoft, "LinearAttention|query key value past_state decay beta|output present_state|", linear_attention},
    {kMicrosoft,
     "LinearAttentionGate|a dt_bias decay_scale b|decay beta|x=Cast<to=1>(a);y=Add(x,dt_bias);z=Softplus(y);"
     "w=Mul(z,decay_scale);decay=CastLike(w,a);{3?beta=Sigmoid(b);|}",
     nullptr},
    {kMicrosoft, "MRotaryEmbedding|input position_ids cos_cache sin_cache|output|", multimodal_rotary_embedding},
    {kMicrosoft, "MatMulBnb4|A B absmax|Y|", matmul_bnb4},
    {kMicrosoft, "MatMulInteger16|A B|Y|a=Cast<to=6>(A);b=Cast<to=6>(B);Y=MatMul(a,b);", nullptr},
    {kMicrosoft,
     "MoE|input router_probs fc1_experts_weights fc1_experts_bias fc2_experts_weights fc2_experts_bias "
     "fc3_experts_weights fc3_experts_bias|output|",
     mixture_of_experts},
    {kMicrosoft,
     "MultiHeadAttention|query key value bias mask attention_bias past_key past_value past_sequence_length "
     "cache_indirection|output present_key present_value qk|",
     multi_head_attention},
    {kMicrosoft, "NGramRepeatBlock|input_ids scores|scores_out|", ngram_repeat_block},
    {kMicrosoft,
     "NhwcMaxPool|x|y|n=Transpose<perm=[$<]>(x);"
     "q=MaxPool<&auto_pad,&ceil_mode,&dilations,&kernel_shape,&pads,&strides>(n);y=Transpose<perm=[$>]>(q);",
     nullptr},
    {kMicrosoft,
     "Pad|data pads value|output|p=Reshape(pads,[-1]);{2?v=Squeeze(value);|}output=Pad<&mode>(data,p{2?,v|});",
     nullptr},
    {kMicrosoft,
     "QAttention|input weights bias input_scale weight_scale mask input_zero weight_zero past|output present|",
     quantized_attention},
    {kMicrosoft,
     "QEmbedLayerNormalization|input_ids segment_ids word position segment g0 b0 mask ws ps ss gs bs wz pz sz gz bz|"
     "output mask_index|g=DequantizeLinear(g0,gs,gz);b1=DequantizeLinear(b0,bs,bz);zero=Squeeze([0],[0]);"
     "s=Shape<start=1,end=2>(input_ids);steps=Squeeze(s,[0]);range=Range(zero,steps,1);w0=Gather(word,input_ids);"
     "w=DequantizeLinear(w0,ws,wz);p0=Gather(position,range);p=DequantizeLinear(p0,ps,pz);wp=Add(w,p);"
     "{1?t0=Gather(segment,segment_ids);t=DequantizeLinear(t0,ss,sz);all=Add(wp,t);|all=wp;}"
     "output=LayerNormalization<axis=-1,epsilon=@epsilon:1.e-12>(all,g,b1);"
     "{7?mask_index=ReduceSum<keepdims=0>(mask,[1]);|b=Shape<start=0,end=1>(input_ids);n=ConstantOfShape(b);"
     "mask_index=Cast<to=6>(n);}",
     nullptr},
    {kMicrosoft,
     "QGemm|A as az B bs bz C ys yz|Y|{transA<1?k=A;|k=Transpose(A);}a=DequantizeLinear(k,as,az);"
     "b=DequantizeLinear<axis={transB<1?1|0}>(B,bs,bz);{6?s=Mul(as,bs);c=DequantizeLinear<axis=-1>(C,s);|}"
     "g=Gemm<alpha=@alpha:1.0,beta=@alpha:1.0,transB=@transB:0>(a,b{6?,c|});{7?!8;Y=QuantizeLinear(g,ys,yz);|Y=g;}",
     nullptr},
    {kMicrosoft,
     "QLinearAdd|A as az B bs bz ys yz|Y|!7;a=DequantizeLinear(A,as,az);b=DequantizeLinear(B,bs,bz);y=Add(a,b);"
     "Y=QuantizeLinear(y,ys,yz);",
     nullptr},
    {kMicrosoft,
     "QLinearAveragePool|X xs xz ys yz|Y|!4;{channels_last<1?n=X;|n=Transpose<perm=[$<]>(X);}"
     "x=DequantizeLinear(n,xs,xz);"
     "y=AveragePool<&auto_pad,&ceil_mode,&count_include_pad,&kernel_shape,&pads,&strides>(x);"
     "q=QuantizeLinear(y,ys,yz);{channels_last<1?Y=q;|Y=Transpose<perm=[$>]>(q);}",
     nullptr},
    {kMicrosoft, "QLinearConcat|*|*|", quantized_concat},
    {kMicrosoft,
     "QLinearConv|X xs xz w ws wz ys yz B|Y|{channels_last<1?n=X;|n=Transpose<perm=[$<]>(X);}"
     "q=QLinearConv<&auto_pad,&dilations,&group,&kernel_shape,&pads,&strides>(n,xs,xz,w,ws,wz,ys,yz,B);"
     "{channels_last<1?Y=q;|Y=Transpose<perm=[$>]>(q);}",
     nullptr},
    {kMicrosoft,
     "QLinearGlobalAveragePool|X xs xz ys yz|Y|!4;{channels_last<1?n=X;|n=Transpose<perm=[$<]>(X);}"
     "x=DequantizeLinear(n,xs,xz);y=GlobalAveragePool(x);q=QuantizeLinear(y,ys,yz);{channels_last<1?Y=q;|"
     "Y=Transpose<perm=[$>]>(q);}",
     nullptr},
    {kMicrosoft,
     "QLinearLeakyRelu|X xs xz ys yz|Y|!4;x=DequantizeLinear(X,xs,xz);y=LeakyRelu<alpha=@alpha:0.01>(x);"
     "Y=QuantizeLinear(y,ys,yz);",
     nullptr},
    {kMicrosoft,
     "QLinearMul|A as az B bs bz ys yz|Y|!7;a=DequantizeLinear(A,as,az);b=DequantizeLinear(B,bs,bz);y=Mul(a,b);"
     "Y=QuantizeLinear(y,ys,yz);",
     nullptr},
    {kMicrosoft,
     "QLinearSigmoid|X xs xz ys yz|Y|!4;x=DequantizeLinear(X,xs,xz);y=Sigmoid(x);Y=QuantizeLinear(y,ys,yz);", nullptr},
    {kMicrosoft,
     "QLinearSoftmax|X xs xz ys yz|Y|!4;x=DequantizeLinear(X,xs,xz);{opset<13?f=Flatten<axis=@axis:-1>(x);"
     "m=Softmax(f);h=Shape(x);y=Reshape(m,h);|y=Softmax<axis=@axis:-1>(x);}Y=QuantizeLinear(y,ys,yz);",
     nullptr},
    {kMicrosoft,
     "QLinearWhere|C X xs xz W ws wz ys yz|Y|!8;x=DequantizeLinear(X,xs,xz);w=DequantizeLinear(W,ws,wz);"
     "y=Where(C,x,w);Y=QuantizeLinear(y,ys,yz);",
     nullptr},
    {kMicrosoft,
     "QMoE|input router_probs fc1_experts_weights fc1_scales fc1_experts_bias fc2_experts_weights fc2_scales "
     "fc2_experts_bias fc3_experts_weights fc3_scales fc3_experts_bias fc1_zero_points fc2_zero_points fc3_zero_points "
     "router_weights fc1_global_scale fc2_global_scale fc1_act_scale fc2_act_scale fc1_act_block_scale "
     "fc2_act_block_scale|output|",
     quantized_mixture_of_experts},
    {kMicrosoft, "QuantizeLinear|x s z|y|y=QuantizeLinear<axis=@axis:1>(x,s,z);", nullptr},
    {kMicrosoft, "QuickGelu|X|Y|Y=Swish<alpha=@alpha:1.702>(X);", nullptr},
    {kMicrosoft,
     "Range|start limit delta|Y|s=Squeeze(start);l=Squeeze(limit);{2?d=Squeeze(delta);|d=CastLike(1,start);}"
     "Y=Range(s,l,d);",
     nullptr},
    {kMicrosoft,
     "Rfft|X|Y|!normalized=0;{signal_ndim<4?|!signal_ndim=3;}x=Unsqueeze(X,[-1]);f=DFT<onesided=@onesided:1>(x);"
     "{signal_ndim<2?g=f;|g=DFT<onesided=0>(f,,-3);}{signal_ndim<3?Y=g;|Y=DFT<onesided=0>(g,,-4);}",
     nullptr},
    {kMicrosoft, "RotaryEmbedding|input position_ids cos_cache sin_cache|output|", rotary_embedding},
    {kMicrosoft,
     "ScaledSiLU|X scale|Y|x=Cast<to=1>(X);a=CastLike(@alpha:1.0,x);{1?s0=Cast<to=1>(scale);s=Reshape(s0,[]);|s=a;}"
     "z=Mul(x,s);Z=CastLike(z,X);S=Sigmoid(Z);Y=Mul(Z,S);",
     nullptr},
    {kMicrosoft, "SimplifiedLayerNormalization|X scale|Y inv_std_var|", simplified_layer_normalization},
    {kMicrosoft,
     "SkipLayerNormalization|input skip gamma beta bias|output mean inv_std_var sum|{4?k=Add(input,skip);"
     "sum=Add(k,bias);|sum=Add(input,skip);}"
     "output,mean,inv_std_var=LayerNormalization<axis=-1,epsilon=@epsilon:1.e-12>(sum,gamma,beta);",
     nullptr},
    {kMicrosoft, "SkipSimplifiedLayerNormalization|input skip gamma bias|output mean inv_std_var sum|",
     skip_simplified_layer_normalization},
    {kMicrosoft, "TransposeMatMul|A B|Y|", fused_matmul},
    {kMicrosoft, "Trilu|X k|Y|Y=Trilu<upper=@upper:1>(X,k);", nullptr},
    {kMicrosoft, "UnfoldTensor|input|output|", unfold_tensor},
    {kMicrosoft, "Unique|x|y idx counts|y,,idx,counts=Unique<sorted=0>(x);", nullptr},
    {kMl, "ArrayFeatureExtractor|X Y|Z|", array_feature_extractor},
    {kMl, "Binarizer|X|Y|c=CastLike(@threshold:0.0,X);g=Greater(X,c);Y=CastLike(g,X);", nullptr},
    {kMl, "CastMap|X|Y|", cast_map},
    {kMl, "FeatureVectorizer|*|*|", feature_vectorizer},
    {kMl, "Imputer|X|Y|", imputer},
    {kMl, "LinearClassifier|X|Y Z|", linear_classifier},
    {kMl, "LinearRegressor|X|Y|", linear_regressor},
    {kMl,
     "Normalizer|X|Y|!norm=MAX,L1,L2;x=Cast<to=1>(X);{norm=L1?n=ReduceL1(x,[-1]);|{norm=L2?n=ReduceL2(x,[-1]);|"
     "a=Abs(x);n=ReduceMax(a,[-1]);}}none=Equal(n,0.0);d=Where(none,1.0,n);Y=Div(x,d);",
     nullptr},
    {kMl, "Scaler|X|Y|", scaler},
    {kTraining, "Adagrad|*|*|", adagrad},
    {kTraining, "Adam|*|*|", adam},
    {kTraining, "Momentum|*|*|", momentum},
};

/// Takes what stands before the next "|", and that too.
std::string_view take(std::string_view& text) {
  const std::string_view taken = text.substr(0, text.find('|'));
  text.remove_prefix(taken.size() + 1);
  return taken;
}

const OwnFunction* find(std::string_view domain, std::string_view op_type) {
  const auto found = std::find_if(std::begin(kFunctions), std::end(kFunctions), [&](const OwnFunction& row) {
    std::string_view text = row.text;
    return take(text) == op_type && kDomains[row.domain] == canonical_domain(domain);
  });
  return found == std::end(kFunctions) ? nullptr : &*found;
}

void append_names(std::string& out, std::uint32_t field, std::string_view names, const char* letter,
                  std::size_t count) {
  if (names == "*") {
    for (std::size_t i = 0; i < count; ++i) append_field(out, field, {text(letter, i)});
    return;
  }
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(' '));
    append_field(out, field, {name});
    names.remove_prefix(std::min(names.size(), name.size() + 1));
  }
}

}  // namespace

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

void require(const OwnCall& call, const char* name, std::int64_t wanted) {
  const std::int64_t value = call.attributes.get_int(name, wanted);
  if (value != wanted) unsupported(name, " is ", value, ", supported is ", wanted);
}

std::int64_t count_of(const OwnCall& call, const char* name) {
  const std::int64_t count = call.attributes.require_int(name);
  if (count < 1 || count > kMostSize) invalid_model(name, " is ", count, ", expected 1 to ", kMostSize);
  return count;
}

bool is_set(const OwnCall& call, const char* name) { return call.attributes.get_int(name, 0) != 0; }

std::string range_along(const char* of, std::size_t axis) {
  return text("zero=Squeeze([0],[0]);s=Shape<start=", axis, ",end=", axis + 1, ">(", of,
              ");steps=Squeeze(s,[0]);range=Range(zero,steps,1);");
}

std::string literal(double number) {
  std::array<char, 32> digits{};  // with a point
  const auto written =
      std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::scientific, 9);
  return std::string(digits.data(), written.ptr);
}

bool has_own_function(std::string_view domain, std::string_view op_type) { return find(domain, op_type) != nullptr; }

std::string own_function(const OwnCall& call) {
  const OwnFunction& row = *find(call.node.domain, call.node.op_type);
  std::string_view body = row.text;
  std::string out;
  append_field(out, 1, {take(body)});
  append_names(out, 4, take(body), "i", call.node.inputs.size());
  append_names(out, 5, take(body), "o", call.node.outputs.size());
  const std::string nodes = row.write == nullptr ? nodes_of_text(body, call) : nodes_of_text(row.write(call), call);
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
  for (const char* const domain : {"", kOwnDomain, kDomains[kMicrosoft]}) {
    std::string opset;
    append_field(opset, 1, {domain});
    append_number(opset, 2, *domain == '\0' ? kOpset : 1);
    append_field(out, 9, {opset});
  }
  append_field(out, 10, {kDomains[row.domain]});
  return out;
}

}  // namespace linnet::internal::onnx
