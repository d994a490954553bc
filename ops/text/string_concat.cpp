// StringConcat: Z = X followed by Y, element by element, with NumPy's broadcasting. Texts are bytes: whatever is in
// them stays. Opsets 20 to newest.
#include "ops/text/texts.hpp"
#include "runtime/broadcast_loops.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

void infer(InferContext& context) { context.set_output(0, broadcast(context.input_dims(0), context.input_dims(1))); }

struct State {
  BroadcastLoops loops;
  Shape shape;  ///< of Z
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->loops = broadcast_loops(context.input_shape(0), context.input_shape(1));
  state->shape = context.output_shape(0);
  return {state};
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const std::vector<std::string>& x = held(args.inputs[0]).strings();
  const std::vector<std::string>& y = held(args.inputs[1]).strings();
  Held& output = held(args.outputs[0]);
  std::vector<std::string>& z = output.make_strings(state.shape);
  std::size_t bytes = 0;
  const BroadcastLoops::Axis& inner = state.loops.inner;
  for_broadcast_runs(state.loops, 0, state.loops.count,
                     [&](std::size_t first, std::size_t in_x, std::size_t in_y, std::size_t size) {
                       for (std::size_t i = 0; i < size; ++i) {
                         args.control.check();
                         const std::string& front = x[in_x + i * inner.a_stride];
                         const std::string& back = y[in_y + i * inner.b_stride];
                         bytes += front.size() + back.size();
                         output.check_budget(bytes);
                         z[first + i].assign(front).append(back);
                       }
                     });
}

constexpr InputDef kInputs[] = {{"X", kStringType}, {"Y", kStringType}};
constexpr OutputDef kOutputs[] = {{"Z", TypeOf{0}}};

}  // namespace

void register_string_concat(Registry& registry) {
  OpDef op = text_op("StringConcat", 20, kInputs, kOutputs, parse_nothing, infer, prepare, run);
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
