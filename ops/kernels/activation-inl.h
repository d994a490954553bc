// The activations on vectors, for kernels that apply one to values at hand (a matrix product's epilogue). Per-target:
// see README.md. D is any float32 tag of two lanes or more (one on the scalar target); results do not depend on the
// tag.
#include "ops/kernels/highway_config.h"

#include <limits>

#include "hwy/highway.h"
#include "ops/kernels/activation.hpp"
#include "ops/kernels/double_exp-inl.h"
#include "ops/kernels/exp-inl.h"
#include "ops/kernels/gelu-inl.h"
#include "ops/kernels/vector_math-inl.h"

#if defined(LINNET_OPS_KERNELS_ACTIVATION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_ACTIVATION_INL_H_
#undef LINNET_OPS_KERNELS_ACTIVATION_INL_H_
#else
#define LINNET_OPS_KERNELS_ACTIVATION_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The sum turns -0 into +0.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Relu(D d, V x) {
  return hn::Add(AtLeast(hn::Zero(d), x), hn::Zero(d));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V LeakyRelu(D d, V x, V alpha) {
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Mul(alpha, x), x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V Clip(D /*d*/, V x, V lowest, V highest) {
  return AtMost(highest, AtLeast(lowest, x));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V HardSigmoid(D d, V x, V alpha, V beta) {
  return AtLeast(hn::Zero(d), AtMost(hn::Set(d, 1.0f), ExactMulAdd(d, alpha, x, beta)));
}

// One functor per kind: `V operator()(D d, V x) const`. Parameters are kept as floats: a loop hoists their broadcast.
struct NoActivation {
  template <class D, class V>
  HWY_INLINE V operator()(D /*d*/, V x) const {
    return x;
  }
};
struct ReluActivation {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return Relu(d, x);
  }
};
struct LeakyReluActivation {
  float alpha;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return LeakyRelu(d, x, hn::Set(d, alpha));
  }
};
struct SigmoidActivation {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return Sigmoid(d, x);
  }
};
struct TanhActivation {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return Tanh(d, x);
  }
};
struct EluActivation {
  float alpha;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return Elu(d, x, hn::Set(d, alpha));
  }
};
struct HardSigmoidActivation {
  float alpha;
  float beta;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return HardSigmoid(d, x, hn::Set(d, alpha), hn::Set(d, beta));
  }
};
struct ClipActivation {
  float lowest;
  float highest;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return Clip(d, x, hn::Set(d, lowest), hn::Set(d, highest));
  }
};
struct GeluActivation {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return Gelu(d, x);
  }
};
struct GeluTanhActivation {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return GeluTanh(d, x);
  }
};
struct ExpActivation {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return Exp(d, x);
  }
};

struct SelfGatedActivation {
  float alpha;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return SelfGated(d, x, alpha);
  }
};
struct SoftplusActivation {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return InDoubles(d, x, SoftplusOfDoubles());
  }
};
struct MishActivation {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return InDoubles(d, x, MishOfDoubles());
  }
};
struct SwishActivation {
  float alpha;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return InDoubles(d, x, SwishOfDoubles{alpha});
  }
};
// Selu and Celu.
struct ScaledEluActivation {
  ScaledEluOfDoubles function;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return InDoubles(d, x, function);
  }
};
struct HardSwishActivation {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return InDoubles(d, x, HardSwishOfDoubles());
  }
};

// What none, Relu and Clip come to, with one code for all.
struct Bounds {
  explicit Bounds(const Activation& activation)
      : lowest(activation.kind == ActivationKind::kClip   ? activation.alpha
               : activation.kind == ActivationKind::kRelu ? 0.0f
                                                          : -std::numeric_limits<float>::infinity()),
        highest(activation.kind == ActivationKind::kClip ? activation.beta : std::numeric_limits<float>::infinity()),
        zero(activation.kind == ActivationKind::kRelu ? 0.0f : -0.0f) {}

  template <class V>
  HWY_INLINE V operator()(V v) const {
    const hn::DFromV<V> d;
    return hn::Add(Clip(d, v, hn::Set(d, lowest), hn::Set(d, highest)), hn::Set(d, zero));
  }

  float lowest;
  float highest;
  float zero;  // -0 changes nothing, +0 makes +0 of -0, as Relu does
};

// Calls function(functor) with the functor of `activation` and returns its result: the choice is made once, outside any
// loop, and the loop is compiled for each kind.
template <class Function>
HWY_INLINE decltype(auto) WithActivation(const Activation& activation, Function&& function) {
  switch (activation.kind) {
    case ActivationKind::kNone:
      break;
    case ActivationKind::kRelu:
      return function(ReluActivation{});
    case ActivationKind::kLeakyRelu:
      return function(LeakyReluActivation{activation.alpha});
    case ActivationKind::kSigmoid:
      return function(SigmoidActivation{});
    case ActivationKind::kTanh:
      return function(TanhActivation{});
    case ActivationKind::kElu:
      return function(EluActivation{activation.alpha});
    case ActivationKind::kHardSigmoid:
      return function(HardSigmoidActivation{activation.alpha, activation.beta});
    case ActivationKind::kClip:
      return function(ClipActivation{activation.alpha, activation.beta});
    case ActivationKind::kGelu:
      return function(GeluActivation{});
    case ActivationKind::kGeluTanh:
      return function(GeluTanhActivation{});
    case ActivationKind::kExp:
      return function(ExpActivation{});
    case ActivationKind::kSelfGated:
      return function(SelfGatedActivation{activation.alpha});
    case ActivationKind::kSoftplus:
      return function(SoftplusActivation{});
    case ActivationKind::kMish:
      return function(MishActivation{});
    case ActivationKind::kSwish:
      return function(SwishActivation{activation.alpha});
    case ActivationKind::kSelu: {
      const double gamma = activation.beta;
      return function(ScaledEluActivation{{1.0, gamma * static_cast<double>(activation.alpha), gamma}});
    }
    case ActivationKind::kCelu: {
      const double alpha = activation.alpha;
      return function(ScaledEluActivation{{1.0 / alpha, alpha, 1.0}});
    }
    case ActivationKind::kHardSwish:
      return function(HardSwishActivation{});
  }
  return function(NoActivation{});
}

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_ACTIVATION_INL_H_
