// What is read at places that are computed: of ONNX's own domain, what it defines too, but not for every model that is
// valid; of com.microsoft, what ONNX has not.
#include "loaders/onnx/own_functions_impl.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "loaders/onnx/function_text.hpp"

namespace linnet::internal::onnx {
namespace {

/// 2 or 3, as theta [N, axes, axes + 1] or the length of `size` tells; 0 where neither does.
std::size_t spatial_axes(const OwnCall& call) {
  const TensorType& theta = call.inputs[0];
  const TensorType& size = call.inputs[1];
  for (std::int64_t axes = 2; axes <= 3; ++axes) {
    const bool by_theta = theta.ranked && theta.dims.size() == 3 && theta.dims[1].is(axes);
    const bool by_size = size.ranked && size.dims.size() == 1 && size.dims[0].is(axes + 2);
    if (by_theta || by_size) return static_cast<std::size_t>(axes);
  }
  return 0;
}

/// Text that makes `at`, [axes, P], the indices of all P places in order, of `places`, the sizes.
std::string indices_of_places(std::size_t axes) {
  // As many as the data says. The other form lets shapes be known.
  if (axes == 0) return "any=ConstantOfShape(places);here=Add(any,one1);at=NonZero(here);";
  std::string out, names;
  for (std::size_t axis = 0; axis < axes; ++axis) {
    std::string others;
    for (std::size_t other = 0; other < axes; ++other) {
      if (other != axis) others += text(others.empty() ? "" : ",", other);
    }
    std::string one_axis =
        text("a%=Constant<value_ints=[", axis, "]>();l%=Gather(places,a%);s%=Squeeze(l%);r%=Range(none,s%,",
             "step1);o%=Constant<value_ints=[", others, "]>();u%=Unsqueeze(r%,o%);",
             "e%=Expand(u%,places);f%=Reshape(e%,row);");
    for (char& letter : one_axis) {
      if (letter == '%') letter = static_cast<char>('0' + axis);
    }
    out += one_axis;
    names += text(names.empty() ? "f" : ",f", axis);
  }
  return text("none=Constant<value_int=0>();step1=Constant<value_int=1>();row=Constant<value_ints=[1,-1]>();", out,
              "at=Concat<axis=0>(", names, ");");
}

}  // namespace

/// ONNX's definition of it squeezes the batch away where that is 1. The grid is theta times a column [x, y, (z,) 1] for
/// each place of the output. The only place of an axis of size 1 is -1 where corners are aligned.
std::string affine_grid(const OwnCall& call) {
  const char* const steps = is_set(call, "align_corners")
                                ? "m=Sub(f,one);n=Max(m,one);step=Div(two,n);half=Sub(step,step);"
                                : "step=Div(two,f);half=Div(step,two);";
  return text(
      "one1=Constant<value_float=1.0>();one=CastLike(one1,theta);two=Add(one,one);lead=Constant<value_ints=[0]>();"
      "unit=Constant<value_ints=[1]>();space=Constant<value_ints=[2]>();last=Constant<value_ints=[5]>();"
      "batch=Slice(size,lead,unit);places=Slice(size,space,last);f=CastLike(places,theta);",
      steps, "start=Sub(half,one);", indices_of_places(spatial_axes(call)),
      "c=CastLike(at,theta);steps=Unsqueeze(step,unit);starts=Unsqueeze(start,unit);p=Mul(c,steps);q=Add(starts,p);"
      "end=Constant<value_ints=[-1]>();front=Constant<value_ints=[-9]>();turned=Slice(q,end,front,lead,end);"
      "width=Shape<start=1>(at);wide=Concat<axis=0>(unit,width);ones=Expand(one,wide);base=Concat<axis=0>(turned,ones);"
      "moved=MatMul(theta,base);back=Transpose<perm=[0,2,1]>(moved);axes=Shape<end=1>(at);"
      "shape=Concat<axis=0>(batch,places,axes);grid=Reshape(back,shape);");
}

/// ONNX's definition of it is not valid where `shape` is int32.
std::string center_crop_pad(const OwnCall& call) {
  const std::optional<Shape> axes = call.attributes.get_ints("axes");
  std::string list;
  for (const std::int64_t axis : axes.value_or(Shape{})) list += text(list.empty() ? "" : ",", axis);
  const std::string old =
      axes ? text("axes=Constant<value_ints=[", list, "]>();all=Shape(input_data);old=Gather(all,axes);")
           : std::string("old=Shape(input_data);");
  return text(old,
              "new=Cast<to=7>(shape);wide=Max(old,new);two=Constant<value_int=2>();more=Sub(wide,old);"
              "front=Div(more,two);behind=Sub(more,front);pads=Concat<axis=0>(front,behind);p=Pad(input_data,pads,",
              axes ? ",axes" : "", ");less=Sub(wide,new);start=Div(less,two);stop=Add(start,new);output_data=Slice(p,",
              "start,stop", axes ? ",axes" : "", ");");
}

/// All slices of `size` along an axis, `step` apart, which becomes the last one.
std::string unfold_tensor(const OwnCall& call) {
  const auto rank = static_cast<std::int64_t>(rank_of(call, 0, "input"));
  const std::int64_t size = count_of(call, "size"), step = call.attributes.get_int("step", 1);
  const std::int64_t dim = call.attributes.get_int("dim", -1), axis = dim < 0 ? dim + rank : dim;
  if (axis < 0 || axis >= rank) invalid_model("dim is ", dim, " for input of rank ", rank);
  if (step < 1 || step > kMostSize) invalid_model("step is ", step, ", expected 1 to ", kMostSize);
  const Dim length = call.inputs[0].dims[static_cast<std::size_t>(axis)];
  if (length.known() && length.value() < size) invalid_model("size is ", size, " for an axis of ", length);
  std::string order;
  for (std::int64_t i = 0; i <= rank; ++i) {
    if (i != axis + 1) order += text(i, ",");
  }
  return numbered(
             "n=Shape<start=%a,end=%b>(input);m=Squeeze(n,[0]);e=Sub(m,%c);s=Range(0,e,%d);u=Unsqueeze(s,[1]);"
             "w=Range(0,%e,1);i=Add(u,w);g=Gather<axis=%a>(input,i);output=Transpose<perm=[",
             {axis, axis + 1, size - 1, step, size}) +
         text(order, axis + 1, "]>(g);");
}

}  // namespace linnet::internal::onnx
