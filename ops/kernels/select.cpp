#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/select.cpp"

#include "ops/kernels/select.hpp"

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

struct LessOperation {
  template <class V>
  HWY_INLINE auto operator()(V a, V b) const {
    return hn::Lt(a, b);
  }
};
struct LessOrEqualOperation {
  template <class V>
  HWY_INLINE auto operator()(V a, V b) const {
    return hn::Le(a, b);
  }
};
struct EqualOperation {
  template <class V>
  HWY_INLINE auto operator()(V a, V b) const {
    return hn::Eq(a, b);
  }
};

// From element i on, as far as whole vectors go; returns where they end.
template <class D, class Operation>
HWY_INLINE std::size_t CompareVectors(D d, Operation operation, const float* a, const float* b, std::size_t i,
                                      std::size_t count, std::uint8_t negated, std::uint8_t* c) {
  const hn::RebindToUnsigned<D> words;
  const hn::Rebind<std::uint8_t, D> bytes;
  const auto yes = hn::Set(words, 1U ^ negated);
  const auto no = hn::Set(words, negated);
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    const auto holds = hn::RebindMask(words, operation(hn::LoadU(d, a + i), hn::LoadU(d, b + i)));
    hn::StoreU(hn::TruncateTo(bytes, hn::IfThenElse(holds, yes, no)), bytes, c + i);
  }
  return i;
}

template <class Operation>
void CompareRun(Operation operation, const float* a, const float* b, std::size_t count, std::uint8_t negated,
                std::uint8_t* c) {
  const std::size_t i = CompareVectors(hn::ScalableTag<float>(), operation, a, b, 0, count, negated, c);
  CompareVectors(hn::CappedTag<float, 1>(), operation, a, b, i, count, negated, c);
}

void Compare(CompareKind kind, const float* a, const float* b, std::size_t count, std::uint8_t negated,
             std::uint8_t* c) {
  switch (kind) {
    case CompareKind::kLess:
      return CompareRun(LessOperation(), a, b, count, negated, c);
    case CompareKind::kLessOrEqual:
      return CompareRun(LessOrEqualOperation(), a, b, count, negated, c);
    case CompareKind::kEqual:
      return CompareRun(EqualOperation(), a, b, count, negated, c);
  }
}

template <class D>
HWY_INLINE std::size_t SelectVectors(D d, const std::uint8_t* condition, const std::uint32_t* a, const std::uint32_t* b,
                                     std::size_t i, std::size_t count, std::uint32_t* y) {
  const hn::Rebind<std::uint8_t, D> bytes;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    const auto no = hn::Eq(hn::PromoteTo(d, hn::LoadU(bytes, condition + i)), hn::Zero(d));
    hn::StoreU(hn::IfThenElse(no, hn::LoadU(d, b + i), hn::LoadU(d, a + i)), d, y + i);
  }
  return i;
}

void Select(const std::uint8_t* condition, const std::uint32_t* a, const std::uint32_t* b, std::size_t count,
            std::uint32_t* y) {
  const std::size_t i = SelectVectors(hn::ScalableTag<std::uint32_t>(), condition, a, b, 0, count, y);
  SelectVectors(hn::CappedTag<std::uint32_t, 1>(), condition, a, b, i, count, y);
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(Compare);
LINNET_EXPORT(Select);

void compare(CompareKind kind, const float* a, const float* b, std::size_t count, std::uint8_t negated,
             std::uint8_t* c) {
  LINNET_DISPATCH(Compare)(kind, a, b, count, negated, c);
}

void select(const std::uint8_t* condition, const std::uint32_t* a, const std::uint32_t* b, std::size_t count,
            std::uint32_t* y) {
  LINNET_DISPATCH(Select)(condition, a, b, count, y);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
