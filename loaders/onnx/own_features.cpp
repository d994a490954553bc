// ai.onnx.ml: features of other models than networks, and linear ones.
#include "loaders/onnx/own_functions_impl.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace linnet::internal::onnx {

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
