#include "ops/shared/wanted_elements.hpp"

#include <algorithm>
#include <numeric>

#include "runtime/data_type.hpp"

namespace linnet::internal {

std::size_t length_of(const NodeView& node, std::size_t input) {
  const Dim count = element_count(node.input_dims(input));
  return count.known() ? static_cast<std::size_t>(count.value()) : 0;
}

WantedElements wanted_indices(Dim size, std::string what) {
  WantedElements wanted;
  wanted.meaning = ElementMeaning::kIndices;
  wanted.low = 0;
  wanted.high = size.known() ? std::max<std::int64_t>(size.value() - 1, 0) : 0;
  wanted.what = std::move(what);
  return wanted;
}

WantedElements wanted_sizes(std::int64_t low, std::string what) {
  WantedElements wanted;
  wanted.meaning = ElementMeaning::kSizes;
  wanted.low = low;
  wanted.what = std::move(what);
  return wanted;
}

WantedElements wanted_truth(std::string what) {
  WantedElements wanted;
  wanted.meaning = ElementMeaning::kTruth;
  wanted.low = 0;
  wanted.high = 1;
  wanted.what = std::move(what);
  return wanted;
}

WantedElements wanted_list(std::vector<std::int64_t> elements, std::string what) {
  WantedElements wanted;
  wanted.meaning = ElementMeaning::kSizes;
  wanted.elements = std::move(elements);
  wanted.what = std::move(what);
  return wanted;
}

std::optional<WantedElements> wanted_divisor(const NodeView& node, std::size_t input) {
  if (input != 1 || kFloatTypes.has(node.input_type(1))) return std::nullopt;
  WantedElements wanted;
  wanted.low = 1;
  wanted.what = "a divisor";
  return wanted;
}

WantedElements wanted_axes(const NodeView& node, std::size_t input) {
  std::vector<std::int64_t> axes(length_of(node, input));
  std::iota(axes.begin(), axes.end(), 0);
  return wanted_list(std::move(axes), "axes");
}

}  // namespace linnet::internal
