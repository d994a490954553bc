// If: outputs = those of the graph `then_branch` where the condition (bool, one element) is true, else those of
// `else_branch`. Neither has inputs of its own: both read values of the graphs around them. Opsets 1 to newest. A
// branch that is wrong for the shapes at hand is an error only of a run that takes it. Where the branches give an
// output different shapes, the node is compiled for the condition; where data decides shapes within a branch, branches
// run as models of their own. Deviation: outputs are tensors.
#include <algorithm>

#include "ops/control/bodies.hpp"
#include "ops/control/staged_body.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/truth.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "runtime/stop.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kBranches = 2;

AttributesPtr parse(ParseContext& context) {
  context.ignore("then_branch");
  context.ignore("else_branch");
  return parse_nothing(context);
}

void branch_inputs(const NodeView&, bool, std::vector<Value>& inputs) { inputs.clear(); }

/// Whether a branch may be taken, as far as is known.
bool may_take(const NodeView& node, std::size_t branch) {
  const auto condition = node.input_integers(0);
  return !condition || (condition->front() != 0) == (branch == 0);
}

/// What the branch makes of its captures; nothing when it is wrong for them, which goes to `error`.
std::optional<std::vector<Value>> infer_branch(const NodeView& node, std::size_t branch, std::optional<Error>& error) {
  std::vector<Value> inputs;
  append_captures(node, branch, inputs);
  try {
    return infer_body(*node.node().bodies[branch].graph, inputs, node.options());
  } catch (const Error& wrong) {
    if (is_stop(wrong)) throw;
    error = wrong;
    return std::nullopt;
  }
}

void infer(InferContext& context) {
  require_one_element(context, 0);
  const std::vector<Body>& bodies = context.node().bodies;
  for (std::size_t branch = 0; branch < kBranches; ++branch) {
    const std::size_t count = bodies[branch].graph->outputs.size();
    if (count >= context.output_count()) continue;
    invalid_model(branch == 0 ? "then" : "else", "_branch has ", count, " outputs, expected ", context.output_count());
  }
  std::vector<std::vector<Value>> made;
  std::optional<Error> error;
  for (std::size_t branch = 0; branch < kBranches; ++branch) {
    if (!may_take(context, branch)) continue;
    if (auto outputs = infer_branch(context, branch, error)) made.push_back(std::move(*outputs));
  }
  if (made.empty()) throw Error(*error);
  for (std::size_t i = 0; i < context.output_count(); ++i) {
    TensorType type = made.front()[i].type;
    const TensorType& other = made.back()[i].type;
    if (type.type != other.type) {
      invalid_model("output ", i, " is ", type.type, " in then_branch but ", other.type,
                    " in else_branch, expected one element type");
    }
    if (made.size() > 1) type = common_type(type, other);
    set_output_as_known(context, i, type);
    const std::shared_ptr<const Dims>& elements = made.front()[i].elements;
    if (made.size() == 1 && elements != nullptr && type.known() && element_count(type.dims).known())
      context.set_output_elements(i, *elements);
  }
}

DataType output_type(const NodeView& node, std::size_t output) {
  const Body& branch = node.node().bodies.front();
  return output < branch.graph->outputs.size() ? output_of(branch, output).type : DataType::kUndefined;
}

/// Shapes depend on the condition unless both branches certainly give the same ones.
std::uint64_t more_value_inputs(const Node& node) {
  if (node.staged_bodies) return 0;
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (!certainly_same(output_of(node.bodies[0], i), output_of(node.bodies[1], i))) return 1U << 0;
  }
  return 0;
}

struct Branch {
  std::shared_ptr<const Graph> graph;
  std::shared_ptr<const Program> program;  ///< null for one that cannot be taken, or is wrong
  std::string error;                       ///< why it is wrong
  std::size_t first_capture = 0;
  std::vector<std::size_t> outputs;  ///< workspace offsets, for those that the node leaves out
};

struct StagedState {
  StagedBody branches[kBranches];
};

void run_staged(const RunArguments& args) {
  const auto& state = *static_cast<const StagedState*>(args.state);
  const bool condition = is_true_at(args.inputs[0]);
  const StagedBody& branch = state.branches[condition ? 0 : 1];
  BodySession session(branch);
  session.bind_captures(args.inputs);
  session.run(args.control);
  for (std::size_t i = 0; i < branch.node_outputs(); ++i) {
    if (args.outputs[i] != nullptr) session.copy_output(i, held(args.outputs[i]));
  }
}

Prepared prepare_staged(const PrepareContext& context) {
  auto state = new_shared<StagedState>();
  for (std::size_t number = 0; number < kBranches; ++number) state->branches[number] = StagedBody(context, number);
  return {std::move(state)};
}

struct State {
  Branch branches[kBranches];
  std::size_t output_count = 0;  ///< of the node
  std::size_t pointers = 0;      ///< workspace offset of the addresses of outputs
  std::size_t frame = 0;         ///< likewise
};

Branch prepare_branch(const PrepareContext& context, std::size_t number, WorkspaceLayout& layout) {
  Branch branch;
  const Body& body = context.node().bodies[number];
  branch.graph = body.graph;
  branch.first_capture = body.first_capture;
  std::vector<Value> inputs;
  append_captures(context, number, inputs);
  try {
    branch.program = context.bodies().compile_body(*body.graph, program_inputs(inputs));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidModel && error.code() != ErrorCode::kUnsupported) throw;
    branch.error = error.what();
    return branch;
  }
  for (std::size_t i = 0; i < branch.program->outputs.size(); ++i) {
    const bool wanted = context.has_output(i);
    branch.outputs.push_back(wanted ? 0 : layout.add(branch.program->outputs[i].bytes));
  }
  return branch;
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->output_count = context.output_count();
  WorkspaceLayout layout;
  std::size_t outputs = 0;
  std::size_t frame_bytes = 0;
  for (std::size_t number = 0; number < kBranches; ++number) {
    if (!may_take(context, number)) continue;
    Branch& branch = state->branches[number];
    branch = prepare_branch(context, number, layout);
    outputs = std::max(outputs, branch.outputs.size());
    if (branch.program != nullptr) frame_bytes = std::max(frame_bytes, Frame::bytes(*branch.program));
  }
  state->pointers = layout.add(outputs * sizeof(void*));
  state->frame = layout.add(frame_bytes);
  return {std::move(state), layout.bytes()};
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const bool condition = is_true_at(args.inputs[0]);
  const Branch& branch = state.branches[condition ? 0 : 1];
  if (branch.program == nullptr) {
    fail(ErrorCode::kRuntimeFault, condition ? "then" : "else",
         "_branch is taken, which cannot run with these shapes: ", branch.error);
  }
  auto* workspace = static_cast<std::byte*>(args.workspace);
  void** outputs = reinterpret_cast<void**>(workspace + state.pointers);
  for (std::size_t i = 0; i < branch.outputs.size(); ++i) {
    const bool wanted = i < state.output_count && args.outputs[i] != nullptr;
    outputs[i] = wanted ? args.outputs[i] : workspace + branch.outputs[i];
  }
  Frame frame(*branch.program, *branch.graph, workspace + state.frame, args.control);
  frame.run(args.inputs + branch.first_capture, outputs);
}

std::optional<WantedElements> wanted_elements(const NodeView&, std::size_t input) {
  if (input != 0) return std::nullopt;
  return wanted_truth("which branch is taken: 1 for then_branch");
}

std::optional<std::size_t> taken_body(const NodeView& node) {
  const auto condition = node.input_integers(0);
  if (!condition || condition->size() != 1) return std::nullopt;
  return condition->front() != 0 ? 0 : 1;
}

constexpr InputDef kInputs[] = {{"cond", kBoolType}};

}  // namespace

void register_if(Registry& registry) {
  OpDef op;
  op.name = "If";
  op.inputs = kInputs;
  op.outputs = kBodyOutputs;
  op.parse = parse;
  op.infer = infer;
  op.output_type = output_type;
  op.bodies = {{"then_branch", branch_inputs}, {"else_branch", branch_inputs}};
  op.implementations = {{"staged", Backend::kReference, accepts_staged_bodies, prepare_staged, run_staged},
                        {"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.taken_body = taken_body;
  op.facts.more_value_inputs = more_value_inputs;
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
