#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/unary.cpp"

#include "ops/kernels/unary.hpp"

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/apply-inl.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/double_exp-inl.h"
#include "ops/kernels/log-inl.h"
#include "ops/kernels/sin_cos-inl.h"
#include "ops/kernels/trigonometry.hpp"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

using Tag = hn::ScalableTag<float>;
using V = hn::Vec<Tag>;

struct NegFunction {
  HWY_INLINE V operator()(Tag /*d*/, V x) const { return hn::Neg(x); }
};
struct AbsFunction {
  HWY_INLINE V operator()(Tag /*d*/, V x) const { return hn::Abs(x); }
};
struct ReciprocalFunction {
  HWY_INLINE V operator()(Tag d, V x) const { return hn::Div(hn::Set(d, 1.0f), x); }
};
struct SqrtFunction {
  HWY_INLINE V operator()(Tag /*d*/, V x) const { return hn::Sqrt(x); }
};
struct LogFunction {
  HWY_INLINE V operator()(Tag d, V x) const { return Log(d, x); }
};
struct SinFunction {
  HWY_INLINE V operator()(Tag d, V x) const { return SinOfQuarters(d, x, 0); }
};
struct CosFunction {
  HWY_INLINE V operator()(Tag d, V x) const { return SinOfQuarters(d, x, 1); }
};
// Rounding gives -0 where the sign of x is lost on the way.
struct FloorFunction {
  HWY_INLINE V operator()(Tag /*d*/, V x) const { return hn::CopySign(hn::Floor(x), x); }
};
struct CeilFunction {
  HWY_INLINE V operator()(Tag /*d*/, V x) const { return hn::CopySign(hn::Ceil(x), x); }
};
struct RoundFunction {
  HWY_INLINE V operator()(Tag /*d*/, V x) const { return hn::CopySign(hn::Round(x), x); }
};
struct SignFunction {
  HWY_INLINE V operator()(Tag d, V x) const {
    const V zero = hn::Zero(d);
    const V one = hn::Set(d, 1.0f);
    const V below = hn::IfThenElse(hn::Lt(x, zero), hn::Neg(one), hn::Add(hn::Sub(x, x), zero));
    return hn::IfThenElse(hn::Gt(x, zero), one, below);
  }
};

struct CubeOfDoubles {
  template <class DD, class VD = hn::Vec<DD>>
  HWY_INLINE VD operator()(DD /*dd*/, VD x) const {
    return hn::Mul(hn::Mul(x, x), x);
  }
};
struct CubeFunction {
  HWY_INLINE V operator()(Tag d, V x) const { return InDoubles(d, x, CubeOfDoubles()); }
};

template <class Function>
void Apply(Function function, const float* x, float* y, std::size_t count, Stores stores) {
  if constexpr (kTargetStreams) {
    if (stores == Stores::kStreamed) return ApplyToRun<Stores::kStreamed>(function, x, y, count);
  }
  (void)stores;
  ApplyToRun(function, x, y, count);
}

void Unary(UnaryKind kind, const float* x, float* y, std::size_t count, Stores stores) {
  switch (kind) {
    case UnaryKind::kNeg:
      return Apply(NegFunction(), x, y, count, stores);
    case UnaryKind::kAbs:
      return Apply(AbsFunction(), x, y, count, stores);
    case UnaryKind::kReciprocal:
      return Apply(ReciprocalFunction(), x, y, count, stores);
    case UnaryKind::kSqrt:
      return Apply(SqrtFunction(), x, y, count, stores);
    case UnaryKind::kLog:
      return ApplyToRun(LogFunction(), x, y, count);
    case UnaryKind::kSin:
      return ApplyToRun(SinFunction(), x, y, count);
    case UnaryKind::kCos:
      return ApplyToRun(CosFunction(), x, y, count);
    case UnaryKind::kFloor:
      return Apply(FloorFunction(), x, y, count, stores);
    case UnaryKind::kCeil:
      return Apply(CeilFunction(), x, y, count, stores);
    case UnaryKind::kRound:
      return Apply(RoundFunction(), x, y, count, stores);
    case UnaryKind::kCube:
      return ApplyToRun(CubeFunction(), x, y, count);
    default:
      return Apply(SignFunction(), x, y, count, stores);
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(Unary);

void unary(UnaryKind kind, const float* x, float* y, std::size_t count, Stores stores) {
  if (kind >= UnaryKind::kTan) return trigonometry(kind, x, y, count);
  LINNET_DISPATCH(Unary)(kind, x, y, count, stores);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
