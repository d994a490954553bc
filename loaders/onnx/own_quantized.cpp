// com.microsoft's operators on quantised tensors that are no plain text: the nodes that they stand for.
#include <cstddef>
#include <cstdint>
#include <string>

#include "loaders/onnx/function_text.hpp"
#include "loaders/onnx/own_functions_impl.hpp"

namespace linnet::internal::onnx {

std::string quantized_concat(const OwnCall& call) {
  const std::size_t inputs = call.node.inputs.size();
  if (inputs < 5 || inputs % 3 != 2) invalid_model(inputs, " inputs, expected 2 for the result and 3 for each tensor");
  std::string out, parts;
  for (std::size_t i = 2; i < inputs; i += 3) {
    out += text("d", i, "=DequantizeLinear(i", i, ",i", i + 1, ",i", i + 2, ");");
    parts += text(i == 2 ? "d" : ",d", i);
  }
  return text(out, "c=Concat<axis=@axis:0>(", parts, ");o0=QuantizeLinear(c,i0,i1);");
}

/// Bytes hold two numbers of 4 bits along the last axis, which is quantised, or one of 8.
std::string gather_block_quantized(const OwnCall& call) {
  const auto rank = static_cast<std::int64_t>(rank_of(call, 0, "data"));
  const auto axis = [&](const char* name, std::int64_t otherwise) {
    const std::int64_t value = call.attributes.get_int(name, otherwise);
    if (value < -rank || value >= rank) invalid_model(name, " is ", value, " for data of rank ", rank);
    return value < 0 ? value + rank : value;
  };
  const std::int64_t along = axis("gather_axis", 0), blocks = axis("quantize_axis", 1);
  const std::int64_t bits = call.attributes.get_int("bits", 4);
  const DataType type = call.inputs[0].type;
  const bool bytes = type == DataType::kUint8, packed = bytes && bits == 4;
  if (!bytes && type != DataType::kInt4 && type != DataType::kUint4) {
    unsupported("input data is ", type, ", supported are uint8, int4 and uint4");
  }
  if (bits != 4 && (bits != 8 || !bytes)) unsupported("bits is ", bits, ", supported are 4, and 8 of uint8");
  if (along == blocks) invalid_model("gather_axis and quantize_axis are both ", along);
  if (packed && blocks != rank - 1) unsupported("quantize_axis is ", blocks, ", supported is the last axis of bytes");
  // What shares bytes is not gathered as it is.
  const int wide = type == DataType::kInt4 ? 3 : 2;
  const char* const unpacked =
      "four=CastLike(4,d);fifteen=CastLike(15,d);last=Constant<value_ints=[-1]>();{3?u0=Concat<axis=-1>(d,p);|u0=d;}"
      "low=BitwiseAnd(u0,fifteen);high=BitShift<direction=\"RIGHT\">(u0,four);u1=Unsqueeze(low,last);"
      "u2=Unsqueeze(high,last);u3=Concat<axis=-1>(u1,u2);lead=Shape<start=0,end=-1>(u0);"
      "form=Concat<axis=0>(lead,last);u=Reshape(u3,form);half=Shape<start=-1>(d);n=Add(half,half);"
      "x=Slice(u,[0],n,last);{3?m=Shape<start=-1>(s);e=Add(n,m);z=Slice(u,n,e,last);|z=p;}";
  const std::string picks = text("=Gather<axis=", along, ">(");
  return text("d0=Cast<to=", wide, ">(data);d", picks, "d0,indices);s", picks, "scales,indices);{3?p0=Cast<to=", wide,
              ">(zero_points);p", picks, "p0,indices);|mid0=Constant<value_int=",
              !bytes   ? 0
              : packed ? 8
                       : 128,
              ">();mid=CastLike(mid0,d);places=Shape(s);p=Expand(mid,places);}", packed ? unpacked : "x=d;z=p;",
              "output=DequantizeLinear<axis=",
              // Counted from the end, an axis behind the gathered one stays where it is.
              blocks < along ? blocks : blocks - rank, ",block_size=@block_size:128>(x,s,z);");
}

/// The codes of B stand in a table, of NF4 as in QLoRA's appendix E or of 4-bit floats, 3 bits and a sign, as
/// bitsandbytes has them. Deviation: where transB is 0, ONNX Runtime's kernel for CPUs reads rows of another length
/// than its documentation says.
std::string matmul_bnb4(const OwnCall& call) {
  const std::int64_t rows = count_of(call, "N"), columns = count_of(call, "K");
  const std::int64_t block = count_of(call, "block_size"), type = call.attributes.require_int("quant_type");
  if (block < 16 || block > 4096 || (block & (block - 1)) != 0) {
    invalid_model("block_size is ", block, ", expected a power of 2 from 16 to 4096");
  }
  if (type < 0 || type > 1) unsupported("quant_type is ", type, ", supported are 0 (FP4) and 1 (NF4)");
  call.attributes.ignore("training_mode");
  const std::int64_t count = rows * columns, codes = count + count % 2, blocks = (count - 1) / block + 1;
  const char* const table =
      type == 1 ? "-1.0,-0.6961928009986877,-0.5250730514526367,-0.39491748809814453,-0.28444138169288635,"
                  "-0.18477343022823334,-0.09105003625154495,0.0,0.07958029955625534,0.16093020141124725,"
                  "0.24611230194568634,0.33791524171829224,0.44070982933044434,0.5626170039176941,0.7229568362236023,"
                  "1.0"
                : "0.0,0.005208333333,0.66666667,1.0,0.33333333,0.5,0.16666667,0.25,-0.0,-0.005208333333,-0.66666667,"
                  "-1.0,-0.33333333,-0.5,-0.16666667,-0.25";
  return text("table=CastLike([", table, "],absmax);") +
         numbered(
             "apart=Unsqueeze(B,[1]);shifts=CastLike([4,0],B);moved=BitShift<direction=\"RIGHT\">(apart,shifts);"
             "mask=CastLike(15,B);low=BitwiseAnd(moved,mask);codes=Cast<to=6>(low);v0=Gather(table,codes);"
             "v1=Reshape(v0,[%a]);v2=Pad(v1,[0,%b]);v3=Reshape(v2,[%c,%d]);s=Reshape(absmax,[%c,1]);v4=Mul(v3,s);"
             "v5=Reshape(v4,[-1]);v6=Slice(v5,[0],[%e]);v=Reshape(v6,[%f,%g]);"
             "{%h<1?w=v;|w=Transpose(v);}Y=MatMul(A,w);",
             {codes, blocks * block - codes, blocks, block, count, rows, columns,
              call.attributes.get_int("transB", 1) == 0 ? 0 : 1});
}

}  // namespace linnet::internal::onnx
