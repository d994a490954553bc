// StringEqual (of Linnet's own domain): Equal of tensors of strings, byte by byte, with NumPy's broadcasting.
#include "ops/shared/chunks.hpp"
#include "ops/text/texts.hpp"
#include "runtime/broadcast_loops.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 4096;  // elements
constexpr double kCost = 10.0;        // ns per element

void infer(InferContext& context) { context.set_output(0, broadcast(context.input_dims(0), context.input_dims(1))); }

Prepared prepare(const PrepareContext& context) {
  return {new_shared<BroadcastLoops>(broadcast_loops(context.input_shape(0), context.input_shape(1)))};
}

void run(const RunArguments& args) {
  const BroadcastLoops& loops = *static_cast<const BroadcastLoops*>(args.state);
  const std::vector<std::string>& a = held(args.inputs[0]).strings();
  const std::vector<std::string>& b = held(args.inputs[1]).strings();
  auto* y = static_cast<std::uint8_t*>(args.outputs[0]);
  for_chunks(args.control, loops.count, kChunk, kCost, [&](std::size_t chunk, std::size_t count) {
    for_broadcast_runs(
        loops, chunk, count, [&](std::size_t first, std::size_t in_a, std::size_t in_b, std::size_t size) {
          for (std::size_t i = 0; i < size; ++i)
            y[first + i] = a[in_a + i * loops.inner.a_stride] == b[in_b + i * loops.inner.b_stride] ? 1 : 0;
        });
  });
}

constexpr InputDef kInputs[] = {{"A", kStringType}, {"B", kStringType}};
constexpr OutputDef kOutputs[] = {{"C", kBoolType}};

}  // namespace

void register_string_equal(Registry& registry) {
  OpDef op = text_op("StringEqual", 1, kInputs, kOutputs, parse_nothing, infer, prepare, run);
  op.domain = kOwnDomain;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
