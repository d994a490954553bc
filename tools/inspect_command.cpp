// linnet inspect: what a model holds, what the passes made of it, and how it will run.
#include <linnet/inspect.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <memory>

#include "tools/arguments.hpp"
#include "tools/commands.hpp"
#include "tools/plan_svg.hpp"

namespace linnet::tools {
namespace {

using Json = nlohmann::ordered_json;

struct InspectArguments {
  ModelArguments model;
  InputArguments inputs;
  bool json = false;
  std::string plan;
};

struct Inspection {
  ModelSummary before;
  ModelSummary after;
  ProgramSummary program;
};

Inspection inspect(const InspectArguments& arguments, ModelSummary before) {
  const Model model = Model::load(arguments.model.path, arguments.model.options());
  const std::vector<Tensor> inputs = make_inputs(model, arguments.model, arguments.inputs);
  std::vector<ConstTensorView> views;
  views.reserve(inputs.size());
  for (const Tensor& input : inputs) views.push_back(input.view());
  return {std::move(before), summarize(model), summarize_program(model, views)};
}

/// The library's own JSON, with the nodes before the passes beside those after them.
Json json_of(const Inspection& inspection) {
  Json json = Json::parse(to_json(inspection.after));
  json["nodes_before"] = Json::parse(to_json(inspection.before))["nodes"];
  json["nodes_after"] = std::move(json["nodes"]);
  json.erase("nodes");
  json["isa"] = isa();
  json["program"] = Json::parse(to_json(inspection.program));
  return json;
}

void print_infos(const char* title, const std::vector<ValueInfo>& infos) {
  fmt::print("{}\n", title);
  for (const ValueInfo& info : infos) fmt::print("  {}  {}\n", info.name, text_of(info));
}

void print_node(const char* margin, const NodeSummary& node) {
  fmt::print("{}{}{}{} {}  ({}) -> {}{}{}\n", margin, node.domain, node.domain.empty() ? "" : ".", node.op, node.name,
             fmt::join(node.inputs, ", "), fmt::join(node.outputs, ", "), node.layer.empty() ? "" : "  of ",
             node.layer);
}

void print_nodes(const std::string& title, const std::vector<NodeSummary>& nodes) {
  constexpr std::size_t kShown = 60;
  fmt::print("\n{} ({})\n", title, nodes.size());
  for (std::size_t i = 0; i < std::min(nodes.size(), kShown); ++i) {
    const NodeSummary& node = nodes[i];
    print_node("  ", node);
  }
  if (nodes.size() > kShown) fmt::print("  ... and {} more (--json lists all)\n", nodes.size() - kShown);
}

void print_head(const ModelSummary& model) {
  fmt::print("IR version {}, producer {}, opsets", model.ir_version,
             model.producer.empty() ? "unknown" : model.producer);
  for (const auto& [domain, version] : model.opsets) fmt::print(" {}={}", domain.empty() ? "ai.onnx" : domain, version);
  fmt::print("\n");
  print_infos("inputs", model.inputs);
  print_infos("outputs", model.outputs);
}

/// A model that cannot run: all its nodes, with the ones that are in the way marked.
void print_unsupported(const ModelSummary& model) {
  print_head(model);
  fmt::print("\nnodes ({}); those marked with ! cannot run\n", model.nodes.size());
  for (const NodeSummary& node : model.nodes) {
    print_node(node.unsupported.empty() ? "    " : "  ! ", node);
    if (!node.unsupported.empty()) fmt::print("        {}\n", node.unsupported);
  }
  fmt::print("\nnot supported ({})\n", model.unsupported.size());
  for (const UnsupportedPart& part : model.unsupported) {
    fmt::print("  {}: {}\n", part.what, part.reason);
    if (!part.source.empty()) fmt::print("      from {}\n", part.source);
  }
}

void print(const Inspection& inspection) {
  const ModelSummary& model = inspection.after;
  print_head(model);
  print_nodes("nodes before the passes", inspection.before.nodes);
  print_nodes("nodes after the passes", model.nodes);
  fmt::print("\npasses (changes)");
  for (const auto& [name, changes] : model.passes) fmt::print("  {} {}", name, changes);
  fmt::print("\n\nsteps for these input shapes ({}; isa {})\n", inspection.program.steps.size(), isa());
  for (std::size_t i = 0; i < inspection.program.steps.size(); ++i) {
    const StepSummary& step = inspection.program.steps[i];
    fmt::print("  {} {} {}: {} -> {}\n", i, step.node.op, step.node.name, step.implementation,
               step.output_shapes.empty() ? "" : text_of(step.output_shapes[0]));
    for (const Refusal& refusal : step.refusals)
      fmt::print("      not {}: {}\n", refusal.implementation, refusal.reason);
  }
  fmt::print("\nweights {} bytes, packed {} bytes; arena {} bytes, lower bound {}\n", model.weights_bytes,
             inspection.program.packed_weights_bytes, inspection.program.arena_bytes,
             inspection.program.arena_lower_bound_bytes);
}

int run(const InspectArguments& arguments) {
  ModelSummary before = summarize_file(arguments.model.path, arguments.model.options());
  if (!before.unsupported.empty()) {
    arguments.json ? fmt::print("{}\n", Json::parse(to_json(before)).dump(2)) : print_unsupported(before);
    return 1;
  }
  const Inspection inspection = inspect(arguments, std::move(before));
  if (arguments.json) {
    fmt::print("{}\n", json_of(inspection).dump(2));
  } else {
    print(inspection);
  }
  if (arguments.plan.empty()) return 0;
  std::ofstream file(arguments.plan);
  file << plan_svg(inspection.program, arguments.model.path);
  file.close();
  if (!file) throw Error(ErrorCode::kIo, "cannot write " + arguments.plan);
  return 0;
}

}  // namespace

void add_inspect_command(CLI::App& app, Outcome& outcome) {
  CLI::App* command =
      app.add_subcommand("inspect", "show a model's graph, the implementations chosen and the memory plan");
  auto arguments = std::make_shared<InspectArguments>();
  arguments->inputs.random = true;
  arguments->model.add_to(*command);
  command->add_option("--input", arguments->inputs.files, "an input's data, where shapes depend on it")
      ->type_name("NAME=FILE.npy");
  command->add_flag("--json", arguments->json, "print JSON");
  command->add_option("--plan", arguments->plan, "draw the memory plan into this SVG file");
  command->footer("Example:\n  linnet inspect model.onnx --dim batch=4 --plan plan.svg");
  command->callback([arguments, &outcome] { outcome.status = run(*arguments); });
}

}  // namespace linnet::tools
