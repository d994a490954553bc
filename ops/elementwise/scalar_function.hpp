// What unary operators without a vectorised kernel share: Y = f(X), element by element, computed in double and rounded
// once. Y has X's type and shape.
#pragma once

#include <memory>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"

namespace linnet::internal {

struct ScalarFunctionState {
  std::size_t count = 0;
  DataType type = DataType::kUndefined;
};

inline Prepared prepare_scalar_function(const PrepareContext& context) {
  const Shape shape = context.input_shape(0);
  Prepared prepared;
  prepared.state = std::make_shared<const ScalarFunctionState>(
      ScalarFunctionState{static_cast<std::size_t>(element_count(shape)), context.input_type(0)});
  return prepared;
}

template <double (*kFunction)(double)>
void run_scalar_function(const RunArguments& arguments) {
  constexpr std::size_t kChunk = 8192;
  constexpr double kCost = 15.0;  // ns per element
  const auto& state = *static_cast<const ScalarFunctionState*>(arguments.state);
  for_chunks(arguments.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
      double line[kLinedUp];
      load_line(state.type, arguments.inputs[0], first, count, line);
      for (std::size_t i = 0; i < count; ++i) line[i] = kFunction(line[i]);
      store_line(state.type, line, first, count, arguments.outputs[0]);
    });
  });
}

inline void infer_scalar_function(InferContext& context) { infer_same_as_first(context, kFloatTypes); }

/// The whole operator but its name and first opset.
template <double (*kFunction)(double)>
OpDef scalar_function_op() {
  OpDef op;
  op.parse = parse_nothing;
  op.infer = infer_scalar_function;
  op.implementations = {
      {"reference", Backend::kReference, nullptr, prepare_scalar_function, run_scalar_function<kFunction>}};
  op.facts.in_place_inputs = {0};
  return op;
}

}  // namespace linnet::internal
