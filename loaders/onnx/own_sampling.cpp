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
  const auto count = static_cast<std::int64_t>(axes);
  std::string out = "none=Constant<value_int=0>();step1=Constant<value_int=1>();row=Constant<value_ints=[1,-1]>();";
  for (std::int64_t axis = 0; axis < count; ++axis) {  // %c and %d are the others
    out += numbered(
        "a%a=Constant<value_ints=[%a]>();l%a=Gather(places,a%a);s%a=Squeeze(l%a);r%a=Range(none,s%a,step1);"
        "o%a=Constant<value_ints=[%c{%b<3?|,%d}]>();u%a=Unsqueeze(r%a,o%a);e%a=Expand(u%a,places);f%a=Reshape(e%a,row)"
        ";",
        {axis, count, axis == 0 ? 1 : 0, axis == 2 ? 1 : 2});
  }
  return out + (axes == 2 ? "at=Concat<axis=0>(f0,f1);" : "at=Concat<axis=0>(f0,f1,f2);");
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
  const char* const sides = axes ? ",axes" : "";
  return text(axes ? "axes=Constant<value_ints=[" : "", list,
              axes ? "]>();all=Shape(input_data);old=Gather(all,axes);" : "old=Shape(input_data);",
              "new=Cast<to=7>(shape);wide=Max(old,new);two=Constant<value_int=2>();more=Sub(wide,old);"
              "front=Div(more,two);behind=Sub(more,front);pads=Concat<axis=0>(front,behind);p=Pad(input_data,pads,",
              sides, ");less=Sub(wide,new);start=Div(less,two);stop=Add(start,new);output_data=Slice(p,start,stop",
              sides, ");");
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

/// Corners of boxes are centres of pixels at the edge. Each place lies between two rows and two columns.
std::string crop_and_resize(const OwnCall& call) {
  const bool nearest = call.attributes.get_string("mode", "bilinear") == "nearest";
  std::string out = numbered(
      "!mode=bilinear,nearest;b=Cast<to=%a>(rois);lo,hi=Split<axis=1,num_outputs=2>(b);sizes=Shape<start=2>(X);"
      "l0=Sub(sizes,1);last=CastLike(l0,b);c=Cast<to=7>(crop_size);c1=Sub(c,1);many=Greater(c1,0);c2=Max(c1,1);"
      "gaps=CastLike(c2,b);span=Sub(hi,lo);reach=Mul(span,last);step=Div(reach,gaps);first=Mul(lo,last);"
      "sum=Add(lo,hi);half=CastLike(0.5,b);m0=Mul(sum,half);middle=Mul(m0,last);begin=Where(many,first,middle);"
      "none=CastLike(0.0,b);",
      {call.inputs[0].type == DataType::kFloat64 ? 11 : 1});
  for (const bool columns : {false, true}) {
    std::string axis = numbered(
        "b_=Gather<axis=1>(begin,[%a]);s_=Gather<axis=1>(step,[%a]);l_=Gather(last,[%a]);n_=Gather(c,%a);"
        "r_=Range(0,n_,1);f_=CastLike(r_,b);o_=Mul(s_,f_);p_=Add(b_,o_);u_=Unsqueeze(p_,[%b]);"
        "g_=GreaterOrEqual(u_,none);k_=LessOrEqual(u_,l_);in_=And(g_,k_);a_=Where(in_,u_,none);"
        "{%c<1?t_=Floor(a_);d_=Ceil(a_);e_=Cast<to=7>(d_);w0_=Sub(a_,t_);w_=Unsqueeze(w0_,[-1]);|"
        "h_=Add(a_,half);t_=Floor(h_);}i_=Cast<to=7>(t_);",
        {columns ? 1 : 0, columns ? 1 : 2, nearest ? 1 : 0});
    for (char& letter : axis) {
      if (letter == '_') letter = columns ? 'X' : 'Y';
    }
    out += axis;
  }
  out +=
      "x0=Cast<to=7>(batch_indices);x1=Reshape(x0,[-1,1,1]);height,width=Split<num_outputs=2>(sizes);"
      "x2=Mul(x1,height);pixels0=Transpose<perm=[0,2,3,1]>(X);depth=Shape<start=1,end=2>(X);"
      "form=Concat<axis=0>([-1],depth);pixels1=Reshape(pixels0,form);pixels=CastLike(pixels1,b);ti=Add(x2,iY);"
      "tr=Mul(ti,width);tl0=Add(tr,iX);tl=Gather(pixels,tl0);";
  out += nearest
             ? "v=tl;"
             : "te0=Add(tr,eX);te=Gather(pixels,te0);bi=Add(x2,eY);br=Mul(bi,width);bl0=Add(br,iX);"
               "bl=Gather(pixels,bl0);be0=Add(br,eX);be=Gather(pixels,be0);dt=Sub(te,tl);mt=Mul(dt,wX);top=Add(tl,mt);"
               "db=Sub(be,bl);mb=Mul(db,wX);bottom=Add(bl,mb);dv=Sub(bottom,top);mv=Mul(dv,wY);v=Add(top,mv);";
  return out +
         "in0=And(inY,inX);in=Unsqueeze(in0,[-1]);outside=CastLike(@extrapolation_value:0.0,b);y=Where(in,v,outside);"
         "y1=Transpose<perm=[0,3,1,2]>(y);Y=CastLike(y1,X);";
}

}  // namespace linnet::internal::onnx
