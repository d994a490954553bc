#include "runtime/dim_arithmetic.hpp"

namespace linnet::internal {
namespace {

// Indices of symbols: below kSymbols those of the graph that take part, the fewer of which there are the fewer sums
// look like one of them; from kLeastSum on sums (hardly a graph has so many symbols); from kLeastSlice on what at_most
// makes.
constexpr std::uint32_t kSymbols = 256;
constexpr std::uint32_t kLeastSum = 1U << 16U;
constexpr std::uint32_t kLeastSlice = 1U << 31U;

/// The mark of a number or symbol stands for it in sums, which are sums of marks modulo 2^31; a sum's own index is its
/// mark. Those of symbols look random, but can be told: multiplying and shifting can be undone.
constexpr std::uint32_t kModulus = kLeastSlice - 1;  // as a mask
constexpr std::uint32_t kMarkOfOne = 0x1E3779B1U;
constexpr std::uint32_t kFactor = 0x045D9F3BU;
constexpr std::uint32_t kInverse = 0x119DE1F3U;
constexpr std::uint32_t kFirst = 0x2545F491U;
static_assert((kFactor * kInverse & kModulus) == 1);

constexpr std::uint32_t shifted(std::uint32_t bits) { return bits ^ (bits >> 16U); }  // twice is not at all
constexpr std::uint32_t mark_of_symbol(std::uint32_t index) {
  return shifted(shifted((index + kFirst) * kFactor & kModulus) * kFactor & kModulus);
}
constexpr std::uint32_t symbol_of_mark(std::uint32_t mark) {
  return (shifted(shifted(mark) * kInverse & kModulus) * kInverse - kFirst) & kModulus;
}
static_assert(symbol_of_mark(mark_of_symbol(7)) == 7);

/// A mark times a power of two loses as many bits of it: no more than 8.
constexpr std::int64_t kPowersOfTwo = 512;
constexpr std::int64_t kMostTimes = kModulus;

std::optional<std::uint32_t> mark_of(Dim dim) {
  if (dim.known()) {
    const auto low = static_cast<std::uint32_t>(dim.value());
    if (static_cast<std::int32_t>(low) != dim.value()) return std::nullopt;
    return low * kMarkOfOne & kModulus;
  }
  if (!dim.is_symbol()) return std::nullopt;
  const std::uint32_t index = dim.symbol_index();
  if (index < kSymbols) return mark_of_symbol(index);
  if (index >= kLeastSum && index < kLeastSlice) return index;
  return std::nullopt;
}

/// A symbol of the graph with this mark.
std::optional<Dim> symbol_with(std::uint32_t mark) {
  const std::uint32_t index = symbol_of_mark(mark);
  return index < kSymbols ? std::optional<Dim>(Dim::symbol(index)) : std::nullopt;
}

/// The sum with this mark; unknown where it may be negative, or looks like a symbol that is none.
Dim sum_with(std::uint32_t mark, bool is_size) {
  if (const std::optional<Dim> symbol = symbol_with(mark)) return *symbol;
  return is_size && mark >= kLeastSum ? Dim::symbol(mark) : Dim::unknown();
}

bool is_size(Dim dim) { return !dim.known() || dim.value() >= 0; }

/// Of what at_most makes, the bits that tell of `size`; the others tell of the number.
constexpr unsigned kNumberBits = 11;
std::uint32_t bits_of_size(std::uint32_t mark) {
  return kLeastSlice | (shifted(mark * kFactor & kModulus) >> kNumberBits << kNumberBits);
}

}  // namespace

Dim sum(Dim a, Dim b) {
  const std::optional<std::uint32_t> left = mark_of(a);
  const std::optional<std::uint32_t> right = mark_of(b);
  if (!left || !right) return Dim::unknown();
  return sum_with((*left + *right) & kModulus, is_size(a) && is_size(b));
}

Dim difference(Dim a, Dim b) {
  const std::optional<std::uint32_t> left = mark_of(a);
  const std::optional<std::uint32_t> right = mark_of(b);
  if (!left || !right) return Dim::unknown();
  return *left == *right ? Dim(0) : symbol_with((*left - *right) & kModulus).value_or(Dim::unknown());
}

Dim multiple(Dim size, std::int64_t times) {
  const std::optional<std::uint32_t> mark = mark_of(size);
  if (!mark || !size.is_symbol() || times > kMostTimes || times % kPowersOfTwo == 0) return Dim::unknown();
  return sum_with(*mark * static_cast<std::uint32_t>(times) & kModulus, true);
}

Dim at_most(Dim size, std::int64_t most) {
  const std::optional<std::uint32_t> mark = mark_of(size);
  if (!mark || !size.is_symbol()) return Dim::unknown();
  const auto number = static_cast<std::uint32_t>(most) ^ static_cast<std::uint32_t>(most >> 32U);
  return Dim::symbol(bits_of_size(*mark) | (shifted(number * kFactor) >> (32 - kNumberBits)));
}

bool is_at_most(Dim dim, Dim size) {
  if (!dim.is_symbol() || dim.symbol_index() < kLeastSlice || !size.is_symbol()) return false;
  const std::optional<std::uint32_t> mark = mark_of(size);
  return mark && dim.symbol_index() >> kNumberBits << kNumberBits == bits_of_size(*mark);
}

}  // namespace linnet::internal
