#include "ops/movement/repeated_elements.hpp"

#include <cstring>

#include "ops/shared/chunks.hpp"
#include "ops/shared/sized_elements.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 32768;
constexpr double kCost = 0.5;  // ns per element

}  // namespace

Prepared prepare_repeated(DataType type, const Shape& output, const Shape& input) {
  auto state = new_shared<RepeatedElements>();
  state->count = static_cast<std::size_t>(element_count(output));
  state->element_bytes = size_of(type);
  state->input = broadcast_loops(output, input);
  return {std::move(state), 0, 0};
}

void run_repeated(const RunArguments& args) {
  const auto& state = *static_cast<const RepeatedElements*>(args.state);
  visit_size(state.element_bytes, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto* input = static_cast<const T*>(args.inputs[0]);
    auto* output = static_cast<T*>(args.outputs[0]);
    for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t first, std::size_t size) {
      const T* elements = line_up(state.input, input, first, size, output + first);
      if (elements != output + first) std::memcpy(output + first, elements, size * sizeof(T));
    });
  });
}

}  // namespace linnet::internal
