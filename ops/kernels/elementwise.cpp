#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/elementwise.cpp"

#include "ops/kernels/elementwise.hpp"

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

struct AddOperation {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::Add(a, b);
  }
};
struct SubOperation {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::Sub(a, b);
  }
};
struct MulOperation {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::Mul(a, b);
  }
};
struct DivOperation {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::Div(a, b);
  }
};
// AtLeast and AtMost keep NaN in their second operand only.
struct MinOperation {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::IfThenElse(hn::IsNaN(a), a, AtMost(a, b));
  }
};
struct MaxOperation {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::IfThenElse(hn::IsNaN(a), a, AtLeast(a, b));
  }
};

// Where an operand's vectors come from: an array, or one number.
template <class D>
struct ArraySource {
  const float* from;
  HWY_INLINE hn::Vec<D> operator()(D d, std::size_t i) const { return hn::LoadU(d, from + i); }
  HWY_INLINE hn::Vec<D> partial(D d, std::size_t i, std::size_t count) const { return LoadPartial(d, from + i, count); }
};
template <class D>
struct NumberSource {
  float number;
  HWY_INLINE hn::Vec<D> operator()(D d, std::size_t /*i*/) const { return hn::Set(d, number); }
  HWY_INLINE hn::Vec<D> partial(D d, std::size_t /*i*/, std::size_t /*count*/) const { return hn::Set(d, number); }
};

template <Stores kStores, class D, class Operation, class A, class B>
void Run(D d, Operation operation, A a, B b, float* y, std::size_t count) {
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = ElementsBeforeVector<kStores>(d, y, count);
  if (i > 0) StorePartial(d, operation(a.partial(d, 0, i), b.partial(d, 0, i)), y, i);
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    const auto first = operation(a(d, i), b(d, i));
    const auto second = operation(a(d, i + lanes), b(d, i + lanes));
    StoreVector<kStores>(d, first, y + i);
    StoreVector<kStores>(d, second, y + i + lanes);
  }
  if (i + lanes <= count) {
    StoreVector<kStores>(d, operation(a(d, i), b(d, i)), y + i);
    i += lanes;
  }
  if (i < count) StorePartial(d, operation(a.partial(d, i, count - i), b.partial(d, i, count - i)), y + i, count - i);
}

// Two numbers give one, which is not worth streaming.
template <Stores kStores = Stores::kCached, class Operation>
void RunWithSources(Operation operation, const float* a, bool a_is_scalar, const float* b, bool b_is_scalar, float* y,
                    std::size_t count) {
  using Tag = hn::ScalableTag<float>;
  using Number = NumberSource<Tag>;
  using Array = ArraySource<Tag>;
  const Tag d;
  if (a_is_scalar && b_is_scalar) return Run<Stores::kCached>(d, operation, Number{*a}, Number{*b}, y, count);
  if (a_is_scalar) return Run<kStores>(d, operation, Number{*a}, Array{b}, y, count);
  if (b_is_scalar) return Run<kStores>(d, operation, Array{a}, Number{*b}, y, count);
  Run<kStores>(d, operation, Array{a}, Array{b}, y, count);
}

template <class Operation>
void RunOrStream(Operation operation, const float* a, bool a_is_scalar, const float* b, bool b_is_scalar, float* y,
                 std::size_t count, Stores stores) {
  if constexpr (kTargetStreams) {
    if (stores == Stores::kStreamed) {
      return RunWithSources<Stores::kStreamed>(operation, a, a_is_scalar, b, b_is_scalar, y, count);
    }
  }
  (void)stores;
  RunWithSources(operation, a, a_is_scalar, b, b_is_scalar, y, count);
}

void Binary(BinaryKind kind, const float* a, bool a_is_scalar, const float* b, bool b_is_scalar, float* y,
            std::size_t count, Stores stores) {
  switch (kind) {
    case BinaryKind::kAdd:
      return RunOrStream(AddOperation(), a, a_is_scalar, b, b_is_scalar, y, count, stores);
    case BinaryKind::kSub:
      return RunOrStream(SubOperation(), a, a_is_scalar, b, b_is_scalar, y, count, stores);
    case BinaryKind::kMul:
      return RunOrStream(MulOperation(), a, a_is_scalar, b, b_is_scalar, y, count, stores);
    case BinaryKind::kDiv:
      return RunOrStream(DivOperation(), a, a_is_scalar, b, b_is_scalar, y, count, stores);
    case BinaryKind::kMin:
      return RunWithSources(MinOperation(), a, a_is_scalar, b, b_is_scalar, y, count);
    case BinaryKind::kMax:
      return RunWithSources(MaxOperation(), a, a_is_scalar, b, b_is_scalar, y, count);
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(Binary);

void binary(BinaryKind kind, const float* a, bool a_is_scalar, const float* b, bool b_is_scalar, float* y,
            std::size_t count, Stores stores) {
  if (count == 0) return;
  LINNET_DISPATCH(Binary)(kind, a, a_is_scalar, b, b_is_scalar, y, count, stores);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
