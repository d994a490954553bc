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

template <CompareKind kKind, class V>
HWY_INLINE auto Holds(V a, V b) {
  if constexpr (kKind == CompareKind::kLess) {
    return hn::Lt(a, b);
  } else if constexpr (kKind == CompareKind::kLessOrEqual) {
    return hn::Le(a, b);
  } else {
    return hn::Eq(a, b);
  }
}

// From element i on, as far as whole vectors go; returns where they end.
template <CompareKind kKind, class D>
HWY_INLINE std::size_t CompareVectors(D d, const float* a, const float* b, std::size_t i, std::size_t count,
                                      std::uint8_t* c) {
  const hn::RebindToUnsigned<D> words;
  const hn::Rebind<std::uint8_t, D> bytes;
  const auto yes = hn::Set(words, 1U);
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    const auto holds = hn::RebindMask(words, Holds<kKind>(hn::LoadU(d, a + i), hn::LoadU(d, b + i)));
    hn::StoreU(hn::TruncateTo(bytes, hn::IfThenElseZero(holds, yes)), bytes, c + i);
  }
  return i;
}

template <CompareKind kKind>
void CompareRun(const float* a, const float* b, std::size_t count, std::uint8_t* c) {
  const std::size_t i = CompareVectors<kKind>(hn::ScalableTag<float>(), a, b, 0, count, c);
  CompareVectors<kKind>(hn::CappedTag<float, 1>(), a, b, i, count, c);
}

void Compare(CompareKind kind, const float* a, const float* b, std::size_t count, std::uint8_t* c) {
  switch (kind) {
    case CompareKind::kLess:
      return CompareRun<CompareKind::kLess>(a, b, count, c);
    case CompareKind::kLessOrEqual:
      return CompareRun<CompareKind::kLessOrEqual>(a, b, count, c);
    case CompareKind::kEqual:
      return CompareRun<CompareKind::kEqual>(a, b, count, c);
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

void compare(CompareKind kind, const float* a, const float* b, std::size_t count, std::uint8_t* c) {
  LINNET_DISPATCH(Compare)(kind, a, b, count, c);
}

void select(const std::uint8_t* condition, const std::uint32_t* a, const std::uint32_t* b, std::size_t count,
            std::uint32_t* y) {
  LINNET_DISPATCH(Select)(condition, a, b, count, y);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
