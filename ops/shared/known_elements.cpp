#include "ops/shared/known_elements.hpp"

#include <limits>

#include "runtime/data_type.hpp"

namespace linnet::internal {

bool has_known_elements(DataType type) { return (kIntegerTypes | TypeSet{DataType::kBool}).has(type); }

bool holds(DataType type, std::int64_t number) {
  return visit_type(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T> && sizeof(T) < 8) {
      return number >= std::numeric_limits<T>::min() && number <= std::numeric_limits<T>::max();
    } else {
      return !std::is_same_v<T, std::uint64_t> || number >= 0;
    }
  });
}

void infer_known_elements(InferContext& context, const std::function<Dim(const Dims& operands)>& computed) {
  if (!context.has_output(0)) return;
  const Dim count = element_count(context.output(0).dims);
  if (!count.known() || count.value() > static_cast<std::int64_t>(InferContext::kMaxElements)) return;
  const auto size = static_cast<std::size_t>(count.value());
  std::vector<Dims> lists;
  for (std::size_t input = 0; input < context.input_count(); ++input) {
    std::optional<Dims> elements = context.input_elements(input);
    if (!elements || (elements->size() != size && elements->size() != 1)) return;
    lists.push_back(std::move(*elements));
  }
  Dims results;
  Dims operands(lists.size());
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t input = 0; input < lists.size(); ++input) {
      operands[input] = lists[input][lists[input].size() == 1 ? 0 : i];
    }
    results.push_back(computed(operands));
  }
  context.set_output_elements(0, std::move(results));
}

}  // namespace linnet::internal
