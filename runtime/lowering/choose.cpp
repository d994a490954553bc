#include "runtime/infer.hpp"
#include "runtime/lowering/lowering.hpp"
#include "runtime/select.hpp"

namespace linnet::internal {
namespace {

/// Within the program that is made: constants of a body are packed as its own are, and the two are stopped together.
class Bodies : public BodyCompiler {
 public:
  explicit Bodies(Lowering& lowering) : lowering_(lowering) {}

  std::shared_ptr<const Program> compile_body(const Graph& body, const std::vector<ProgramInput>& inputs) override {
    const CompileSettings& settings = lowering_.settings;
    std::shared_ptr<const Program> program = compile(body, inputs,
                                                     {settings.options, settings.threads, lowering_.weights,
                                                      settings.control, settings.memory_budget, settings.body_models});
    lowering_.bodies_kept_bytes += program->kept_bytes;
    if (lowering_.bodies_kept_bytes > settings.memory_budget) {
      fail(ErrorCode::kLimitExceeded, "the programs of bodies take more than the memory budget of ",
           settings.memory_budget, " bytes");
    }
    return program;
  }

  ModelImpl& model_of(const std::shared_ptr<const Graph>& body) override {
    return lowering_.settings.body_models.model_of(body);
  }

 private:
  Lowering& lowering_;
};

}  // namespace

void choose(Lowering& lowering) {
  Bodies bodies(lowering);
  for (PreparedNode& entry : lowering.nodes) {
    const Node& node = lowering.graph.nodes[entry.node];
    const NodeView view_of_node = lowering.view(entry.node);
    lowering.settings.control.check();
    try {
      entry.implementation = &select_implementation(view_of_node, nullptr);
      if (entry.implementation->prepare != nullptr) {
        entry.prepared = entry.implementation->prepare(PrepareContext(
            view_of_node, lowering.settings.threads, lowering.weights, lowering.settings.control, &bodies));
      }
    } catch (const Error& error) {
      if (is_stop(error)) throw;
      throw with_node_and_inputs(node, lowering.values(), lowering.graph.symbols, error);
    }
    entry.inputs = node.inputs;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (has_bit(entry.prepared.unread_inputs, i)) entry.inputs[i] = kNoValue;
    }
  }
}

}  // namespace linnet::internal
