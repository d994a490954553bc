// ai.onnx.ml: features of other models than networks, and linear ones.
#include "loaders/onnx/own_functions_impl.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "loaders/onnx/function_text.hpp"

namespace linnet::internal::onnx {

std::string array_feature_extractor(const OwnCall& call) {
  const char* const pick = "i=Reshape(Y,[-1]);";
  if (rank_of(call, 0, "X") != 1) return text(pick, "Z=Gather<axis=-1>(X,i);");
  return text(pick, "z=Gather(X,i);Z=Unsqueeze(z,[0]);");
}

// Deviation: ONNX Runtime writes a float32 as text with six digits behind the point.
std::string cast_map(const OwnCall& call) {
  const bool sparse = call.attributes.get_string("map_form", "") == "SPARSE";
  const std::int64_t size = call.attributes.get_int("max_map", 1);
  if (sparse && (size < 1 || size > kMostSize)) invalid_model("max_map is ", size, ", expected 1 to ", kMostSize);
  return numbered(
      "!map_form=DENSE,SPARSE;!cast_to=TO_FLOAT,TO_INT64,TO_STRING;"
      "v=linnet:MapValues<size=%a,pad=\"{cast_to=TO_STRING?0.f|0}\">(X);"
      "Y=Cast<to={cast_to=TO_STRING?8|{cast_to=TO_INT64?7|1}}>(v);",
      {sparse ? size : 0});
}

std::string scaler(const OwnCall& call) {
  std::string out = "x=Cast<to=1>(X);";
  out += call.attributes.has("offset") ? "o=Constant<value_floats=@@offset>();d=Sub(x,o);" : "d=x;";
  return out + (call.attributes.has("scale") ? "s=Constant<value_floats=@@scale>();Y=Mul(d,s);" : "Y=d;");
}

std::string imputer(const OwnCall& call) {
  const bool floats = call.attributes.has("imputed_value_floats");
  if (floats == call.attributes.has("imputed_value_int64s"))
    invalid_model("expected either imputed_value_floats or imputed_value_int64s, ",
                  floats ? "both are given" : "neither is given");
  call.attributes.ignore(floats ? "replaced_value_int64" : "replaced_value_float");
  const bool nan = floats && std::isnan(call.attributes.get_float("replaced_value_float", 0.0F));
  return text(
      floats ? "v=Constant<value_floats=&imputed_value_floats>();" : "v=Constant<value_ints=&imputed_value_int64s>();",
      nan      ? "m=IsNaN(X);"
      : floats ? "c=CastLike(@replaced_value_float:0.0,X);m=Equal(X,c);"
               : "c=CastLike(@replaced_value_int64:0,X);m=Equal(X,c);",
      "w=CastLike(v,X);Y=Where(m,w,X);");
}

/// Text that makes `s`, the products of the rows of X with `count` rows of coefficients, plus intercepts.
static std::string linear_scores(const OwnCall& call, std::int64_t count) {
  if (!call.attributes.has("coefficients")) invalid_model("attribute \"coefficients\" is missing");
  const bool one_row = call.inputs[0].ranked && call.inputs[0].dims.size() == 1;
  const bool shifts = call.attributes.has("intercepts");
  return text("f=Cast<to=1>(X);", one_row ? "x=Reshape(f,[1,-1]);" : "x=f;",
              "c=Constant<value_floats=@@coefficients>();w=Reshape(c,[", count, ",-1]);",
              shifts ? "b=Constant<value_floats=@@intercepts>();s=Gemm<transB=1>(x,w,b);" : "s=Gemm<transB=1>(x,w);");
}

std::string linear_regressor(const OwnCall& call) {
  const std::int64_t targets = call.attributes.get_int("targets", 1);
  if (targets < 1 || targets > kMostSize) invalid_model("targets is ", targets, ", expected 1 to ", kMostSize);
  const bool plain = call.attributes.get_string("post_transform", "NONE") == "NONE";
  return linear_scores(call, targets) + (plain ? "Y=s;" : "places,Y=linnet:Decide<&post_transform>(s);");
}

std::string linear_classifier(const OwnCall& call) {
  const auto intercepts = call.attributes.get_floats("intercepts");
  const auto strings = call.attributes.get_strings("classlabels_strings");
  const auto integers = call.attributes.get_ints("classlabels_ints");
  const std::size_t classes = strings ? strings->size() : integers ? integers->size() : 0;
  const std::size_t count = intercepts ? intercepts->size() : classes;
  if (count == 0) invalid_model("there are no labels and no intercepts");
  call.attributes.ignore("multi_class");
  return linear_scores(call, static_cast<std::int64_t>(count)) +
         "Y,Z=linnet:Decide<&classlabels_ints,&classlabels_strings,&post_transform>(s);";
}

std::string feature_vectorizer(const OwnCall& call) {
  const std::vector<std::int64_t> widths = call.attributes.get_ints("inputdimensions").value_or(Shape{});
  std::string out, names;
  for (std::size_t i = 0; i < call.node.inputs.size(); ++i) {
    const Dims& dims = call.inputs[i].dims;
    const bool is_row = dims.size() == 1;  // [features] counts as [1, features]
    if (i < widths.size() && !dims.empty() && dims.back().differs(widths[i])) {
      unsupported("input ", i, " has ", dims.back(), " features for inputdimensions of ", widths[i]);
    }
    out += is_row ? text("r", i, "=Unsqueeze(i", i, ",[0]);f", i, "=Cast<to=1>(r", i, ");")
                  : text("f", i, "=Cast<to=1>(i", i, ");");
    names += text(names.empty() ? "f" : ",f", i);
  }
  return text(out, "o0=Concat<axis=1>(", names, ");");
}

}  // namespace linnet::internal::onnx
