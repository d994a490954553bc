#include "tests/runtime/toy_graph.hpp"

#include <gtest/gtest.h>

#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

using Length = std::int64_t;

void infer_same(InferContext& context) {
  for (std::size_t i = 0; i < context.output_count(); ++i)
    context.set_output(i, context.input_type(0), context.input_dims(0));
}

Prepared prepare_length(const PrepareContext& context) {
  return {std::make_shared<const Length>(element_count(context.input_shape(0))), 0, 0};
}

Prepared prepare_scratch(const PrepareContext& context) {
  Prepared prepared = prepare_length(context);
  prepared.workspace_bytes = byte_count(context.input_type(0), context.input_shape(0));
  return prepared;
}

Length length_of(const RunArguments& arguments) { return *static_cast<const Length*>(arguments.state); }
const float* in(const RunArguments& arguments, std::size_t index) {
  return static_cast<const float*>(arguments.inputs[index]);
}
float* out(const RunArguments& arguments, std::size_t index) { return static_cast<float*>(arguments.outputs[index]); }

void run_inc(const RunArguments& arguments) {
  for (Length i = 0; i < length_of(arguments); ++i) out(arguments, 0)[i] = in(arguments, 0)[i] + 1.0F;
}

void run_sum(const RunArguments& arguments) {
  for (Length i = 0; i < length_of(arguments); ++i) out(arguments, 0)[i] = in(arguments, 0)[i] + in(arguments, 1)[i];
}

void run_pair(const RunArguments& arguments) {
  for (Length i = 0; i < length_of(arguments); ++i) {
    if (out(arguments, 0) != nullptr) out(arguments, 0)[i] = in(arguments, 0)[i];
    if (arguments.outputs[1] != nullptr) out(arguments, 1)[i] = 2.0F * in(arguments, 0)[i];
  }
}

void run_scratch(const RunArguments& arguments) {
  auto* scratch = static_cast<float*>(arguments.workspace);
  const Length length = length_of(arguments);
  for (Length i = 0; i < length; ++i) scratch[i] = in(arguments, 0)[length - 1 - i];
  for (Length i = 0; i < length; ++i) out(arguments, 0)[i] = scratch[i];
}

constexpr InputDef kOneInput[] = {{"X", kStoredTypes}};
constexpr InputDef kTwoInputs[] = {{"A", kStoredTypes}, {"B", kStoredTypes}};

constexpr OutputDef kOneOutput[] = {{"Y", TypeOf{0}}};
constexpr OutputDef kOverFirst[] = {{"Y", TypeOf{0}, 0, over(0)}};
constexpr OutputDef kOverBoth[] = {{"Y", TypeOf{0}, 0, over(0, 1)}};
constexpr OutputDef kTwoOverFirst[] = {{"Y", TypeOf{0}, 0, over(0)}, {"Z", TypeOf{0}, 0, over(0)}};

OpDef toy(const char* name, std::size_t inputs, OutputTable outputs, Prepared (*prepare)(const PrepareContext&),
          void (*run)(const RunArguments&)) {
  OpDef op;
  op.name = name;
  op.inputs = inputs == 1 ? InputTable(kOneInput) : InputTable(kTwoInputs);
  op.outputs = outputs;
  op.parse = parse_nothing;
  op.infer = infer_same;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  return op;
}

Registry make_registry() {
  Registry registry;
  registry.add(toy("Inc", 1, kOverFirst, prepare_length, run_inc));
  OpDef sum = toy("Sum", 2, kOverBoth, prepare_length, run_sum);
  sum.facts.commutative = true;
  registry.add(sum);
  registry.add(toy("Pair", 1, kTwoOverFirst, prepare_length, run_pair));
  OpDef view = toy("View", 1, kOneOutput, nullptr, [](const RunArguments&) {});
  view.facts.view_of = 0;
  registry.add(view);
  registry.add(toy("Scratch", 1, kOneOutput, prepare_scratch, run_scratch));
  OpDef same = toy("Same", 1, kOneOutput, prepare_length, [](const RunArguments& arguments) {
    for (Length i = 0; i < length_of(arguments); ++i) out(arguments, 0)[i] = in(arguments, 0)[i];
  });
  same.facts.is_identity = [](const NodeView&) { return true; };
  registry.add(same);
  return registry;
}

}  // namespace

const Registry& toy_operators() {
  static const Registry kRegistry = make_registry();
  return kRegistry;
}

ValueId ToyGraph::input(const std::string& name) {
  Value value;
  value.type = {DataType::kFloat32, true, {length_}};
  const ValueId id = graph_.add_value(name, value);
  graph_.inputs.push_back(id);
  graph_.input_names.push_back(name);
  return id;
}

ValueId ToyGraph::constant(const std::string& name, std::vector<float> elements) {
  return graph_.add_constant(
      name, copy_constant(DataType::kFloat32, {static_cast<std::int64_t>(elements.size())}, elements.data()));
}

std::vector<ValueId> ToyGraph::add(const std::string& op, const std::vector<ValueId>& inputs,
                                   const std::vector<std::string>& outputs) {
  Node node;
  node.op = toy_operators().find("", op);
  node.attributes = std::make_shared<NoAttributes>();
  node.name = outputs.front();
  node.opset = 1;
  node.inputs = inputs;
  for (const std::string& name : outputs) {
    Value value;
    value.producer = static_cast<NodeId>(graph_.nodes.size());
    node.outputs.push_back(graph_.add_value(name, value));
  }
  infer_node(node, graph_.values, {}, {});
  std::vector<ValueId> ids = node.outputs;
  graph_.nodes.push_back(std::move(node));
  return ids;
}

ValueId ToyGraph::node(const std::string& op, const std::vector<ValueId>& inputs, const std::string& name) {
  return add(op, inputs, {name}).front();
}

std::pair<ValueId, ValueId> ToyGraph::pair(ValueId input, const std::string& name) {
  const std::vector<ValueId> ids = add("Pair", {input}, {name + ".0", name + ".1"});
  return {ids[0], ids[1]};
}

void ToyGraph::output(ValueId value) {
  graph_.outputs.push_back(value);
  graph_.output_names.push_back("out" + std::to_string(graph_.outputs.size() - 1));
}

std::vector<std::vector<float>> run_toy(Graph graph, const std::vector<std::vector<float>>& inputs,
                                        const Options& options) {
  ModelImpl model(std::move(graph), {}, options);
  SessionImpl session(model);
  std::vector<std::vector<float>> given = inputs;
  const auto length = [](const std::vector<float>& elements) { return static_cast<std::int64_t>(elements.size()); };
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::int64_t shape = length(given[i]);
    session.bind_input(i, {DataType::kFloat32, &shape, 1, given[i].data()});
  }
  session.run({});
  session.run({});  // memory holds the first run's values now
  EXPECT_EQ(given, inputs) << "a graph input was overwritten";
  std::vector<std::vector<float>> outputs;
  for (std::size_t i = 0; i < model.outputs().size(); ++i) {
    const ConstTensorView view = session.output(i);
    const auto* data = static_cast<const float*>(view.data);
    outputs.emplace_back(data, data + view.shape[0]);
  }
  return outputs;
}

}  // namespace linnet::internal
