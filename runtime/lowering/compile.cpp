#include "runtime/lowering/lowering.hpp"
#include "runtime/new_shared.hpp"

namespace linnet::internal {
namespace {

/// Constants that the graph does not hold too, what was packed of them, and about as much for the rest as it takes in
/// memory.
std::size_t kept_bytes(const Lowering& lowering) {
  constexpr std::size_t kStepBytes = 1024;  // of a node, with its state
  std::size_t bytes = lowering.nodes.size() * kStepBytes + lowering.program->values.size() * sizeof(Value) +
                      lowering.program->operands.size() * sizeof(Place) +
                      lowering.program->blocks.size() * sizeof(NamedBlock);
  for (ValueId value = 0; value < lowering.program->values.size(); ++value) {
    const Value& made = lowering.program->values[value];
    bytes += made.type.dims.capacity() * sizeof(Dim);
    if (made.elements != nullptr) bytes += made.elements->size() * sizeof(Dim);
    if (made.constant != nullptr && made.constant != lowering.graph.values[value].constant)
      bytes += made.constant->bytes;
  }
  return bytes + lowering.weights.own_bytes() + lowering.bodies_kept_bytes;
}

}  // namespace

Lowering::Lowering(const Graph& of_graph, const CompileSettings& with_settings)
    : graph(of_graph), settings(with_settings), program(new_shared<Program>()), weights(with_settings.weights) {
  program->values = graph.values;
}

std::shared_ptr<const Program> compile(const Graph& graph, const std::vector<ProgramInput>& inputs,
                                       const CompileSettings& settings) {
  Lowering lowering(graph, settings);
  specialize(lowering, inputs);
  choose(lowering);
  join(lowering);
  lay_out(lowering);
  lowering.program->kept_bytes = kept_bytes(lowering);
  return lowering.program;
}

}  // namespace linnet::internal
