#include "ops/elementwise/scalar_function.hpp"

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"

namespace linnet::internal {
namespace {

struct State {
  ScalarFunction function;
  std::size_t count;
  DataType type;
};

}  // namespace

void infer_scalar_function(InferContext& context) { infer_same_as_first(context, kFloatTypes); }

Prepared prepare_scalar_function(const PrepareContext& context, ScalarFunction function) {
  const auto count = static_cast<std::size_t>(element_count(context.input_shape(0)));
  return {new_shared<State>(State{function, count, context.input_type(0)}), 0, 0};
}

void run_scalar_function(const RunArguments& args) {
  constexpr std::size_t kChunk = 8192;
  constexpr double kCost = 15.0;  // ns per element
  const State& state = *static_cast<const State*>(args.state);
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
      double line[kLinedUp];
      load_line(state.type, args.inputs[0], first, count, line);
      for (std::size_t i = 0; i < count; ++i) line[i] = state.function(line[i]);
      store_line(state.type, line, first, count, args.outputs[0]);
    });
  });
}

}  // namespace linnet::internal
