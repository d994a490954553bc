// ai.onnx.ml: features of other models than networks, and linear ones.
#include "loaders/onnx/own_functions_impl.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace linnet::internal::onnx {

std::string array_feature_extractor(const OwnCall& call) {
  const char* const pick = "i=Reshape(Y,[-1]);";
  if (rank_of(call, 0, "X") != 1) return text(pick, "Z=Gather<axis=-1>(X,i);");
  return text(pick, "z=Gather(X,i);Z=Unsqueeze(z,[0]);");
}

// Deviation: ONNX Runtime writes a float32 as text with six digits behind the point.
std::string cast_map(const OwnCall& call) {
  const std::string form = call.attributes.get_string("map_form", "DENSE");
  const std::string to = call.attributes.get_string("cast_to", "TO_FLOAT");
  const std::int64_t size = call.attributes.get_int("max_map", 1);
  const int type = to == "TO_FLOAT" ? 1 : to == "TO_INT64" ? 7 : to == "TO_STRING" ? 8 : 0;
  if (type == 0) invalid_model("cast_to is \"", printable(to), "\", expected TO_FLOAT, TO_INT64 or TO_STRING");
  const bool sparse = form == "SPARSE";
  if (!sparse && form != "DENSE") invalid_model("map_form is \"", printable(form), "\", expected DENSE or SPARSE");
  if (sparse && (size < 1 || size > kMostSize)) invalid_model("max_map is ", size, ", expected 1 to ", kMostSize);
  return text("v=linnet:MapValues<size=", sparse ? size : 0, ",pad=\"", type == 8 ? "0.f" : "0",
              "\">(X);Y=Cast<to=", type, ">(v);");
}

std::string normalizer(const OwnCall& call) {
  const std::string norm = call.attributes.get_string("norm", "MAX");
  const char* const size = norm == "MAX"  ? "a=Abs(x);n=ReduceMax(a,[-1]);"
                           : norm == "L1" ? "n=ReduceL1(x,[-1]);"
                           : norm == "L2" ? "n=ReduceL2(x,[-1]);"
                                          : nullptr;
  if (size == nullptr) invalid_model("norm is \"", printable(norm), "\", expected MAX, L1 or L2");
  return text("x=Cast<to=1>(X);", size, "none=Equal(n,0.0);d=Where(none,1.0,n);Y=Div(x,d);");
}

std::string scaler(const OwnCall& call) {
  std::string out = "x=Cast<to=1>(X);";
  out += call.attributes.has("offset") ? "o=Constant<value_floats=@@offset>();d=Sub(x,o);" : "d=x;";
  return out + (call.attributes.has("scale") ? "s=Constant<value_floats=@@scale>();Y=Mul(d,s);" : "Y=d;");
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
  const std::vector<std::int64_t> widths = call.attributes.get_ints("inputdimensions").value_or(Shape{});
  std::string out, names;
  for (std::size_t i = 0; i < call.node.inputs.size(); ++i) {
    const Dims& dims = call.inputs[i].dims;
    if (i < widths.size() && dims.size() == 2 && dims[1].differs(widths[i])) {
      unsupported("input ", i, " has ", dims[1], " features for inputdimensions of ", widths[i]);
    }
    out += text("f", i, "=Cast<to=1>(i", i, ");");
    names += text(names.empty() ? "f" : ",f", i);
  }
  return text(out, "o0=Concat<axis=1>(", names, ");");
}

}  // namespace linnet::internal::onnx
