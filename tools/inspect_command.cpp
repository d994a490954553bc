// linnet inspect: what a model holds, what the passes made of it, and how it will run.
#include <linnet/inspect.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/arguments.hpp"
#include "tools/commands.hpp"
#include "tools/inputs.hpp"
#include "tools/json_output.hpp"
#include "tools/plan_svg.hpp"

namespace linnet::tools {
namespace {

using Json = nlohmann::ordered_json;

struct InspectArguments {
  ModelArguments model;
  bool operators = false;
  std::vector<std::string> further_models;
  InputArguments inputs;
  JsonOutput json;
  std::string plan;
};

struct Inspection {
  ModelSummary before;
  ModelSummary after;
  std::optional<ProgramSummary> program;  ///< none where an input is no tensor of numbers
};

Inspection inspect(const InspectArguments& arguments, ModelSummary before) {
  const Model model = Model::load(arguments.model.path, arguments.model.options());
  if (!std::all_of(model.inputs().begin(), model.inputs().end(), is_numbers)) {
    if (!arguments.plan.empty()) require_numbers(model.inputs(), "input");
    return {std::move(before), summarize(model), std::nullopt};
  }
  const Inputs inputs = make_inputs(model, arguments.model, arguments.inputs);
  ProgramSummary program = with_inputs(model, inputs, [&] { return summarize_program(model, inputs.views()); });
  return {std::move(before), summarize(model), std::move(program)};
}

/// The library's own JSON, with the nodes before the passes beside those after them.
Json json_of(const Inspection& inspection) {
  Json json = Json::parse(to_json(inspection.after));
  json["nodes_before"] = Json::parse(to_json(inspection.before))["nodes"];
  json["nodes_after"] = std::move(json["nodes"]);
  json.erase("nodes");
  json["isa"] = isa();
  json["program"] = inspection.program ? Json::parse(to_json(*inspection.program)) : Json(nullptr);
  return json;
}

void print_infos(const char* title, const std::vector<ValueInfo>& infos) {
  fmt::print("{}\n", title);
  for (const ValueInfo& info : infos) fmt::print("  {}  {}\n", info.name, text_of(info));
}

void print_node(const std::string& margin, const NodeSummary& node) {
  fmt::print("{}{}{}{} {}  ({}) -> {}{}{}\n", margin, node.domain, node.domain.empty() ? "" : ".", operator_text(node),
             node.name, fmt::join(node.inputs, ", "), fmt::join(node.outputs, ", "), node.layer.empty() ? "" : "  of ",
             node.layer);
  for (const BodySummary& body : node.bodies) {
    fmt::print("{}  {} ({}) -> {}\n", margin, body.attribute, fmt::join(body.inputs, ", "),
               fmt::join(body.outputs, ", "));
    for (const NodeSummary& inner : body.nodes) print_node(margin + "    ", inner);
  }
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

void print_program(const ProgramSummary& program) {
  fmt::print("\n\nsteps for these input shapes ({}; isa {})\n", program.steps.size(), isa());
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    const StepSummary& step = program.steps[i];
    fmt::print("  {} {} {}: {} -> {}\n", i, operator_text(step), step.node.name, step.implementation,
               step.output_shapes.empty() ? "" : text_of(step.output_shapes[0]));
    for (const Refusal& refusal : step.refusals)
      fmt::print("      not {}: {}\n", refusal.implementation, refusal.reason);
  }
}

void print(const Inspection& inspection) {
  const ModelSummary& model = inspection.after;
  print_head(model);
  print_nodes("nodes before the passes", inspection.before.nodes);
  print_nodes("nodes after the passes", model.nodes);
  fmt::print("\npasses (changes)");
  for (const auto& [name, changes] : model.passes) fmt::print("  {} {}", name, changes);
  if (!inspection.program) {
    fmt::print("\n\nno steps: an input is no tensor of numbers\nweights {} bytes\n", model.weights_bytes);
    return;
  }
  print_program(*inspection.program);
  fmt::print("\nweights {} bytes, packed {} bytes; arena {} bytes, lower bound {}\n", model.weights_bytes,
             inspection.program->packed_weights_bytes, inspection.program->arena_bytes,
             inspection.program->arena_lower_bound_bytes);
}

void add_operators(const std::vector<NodeSummary>& nodes, std::set<std::string>& operators) {
  for (const NodeSummary& node : nodes) {
    operators.insert(node.domain.empty() ? node.op : node.domain + "." + node.op);
    for (const BodySummary& body : node.bodies) add_operators(body.nodes, operators);
  }
}

/// What the models have before the passes and after them: a list for the build option LINNET_OPERATORS.
int print_operators(const InspectArguments& arguments) {
  std::set<std::string> operators;
  std::vector<std::string> paths = arguments.further_models;
  paths.insert(paths.begin(), arguments.model.path);
  for (const std::string& path : paths) {
    const ModelSummary before = summarize_file(path, arguments.model.options());
    if (!before.unsupported.empty()) {
      print_unsupported(before);
      return 1;
    }
    add_operators(before.nodes, operators);
    add_operators(summarize(Model::load(path, arguments.model.options())).nodes, operators);
  }
  for (std::string& path : paths) path = std::filesystem::path(path).filename().string();
  fmt::print("# of {}\n{}\n", fmt::join(paths, ", "), fmt::join(operators, "\n"));
  return 0;
}

int run(const InspectArguments& arguments) {
  if (arguments.operators) return print_operators(arguments);
  ModelSummary before = summarize_file(arguments.model.path, arguments.model.options());
  if (!before.unsupported.empty()) {
    if (!arguments.json.alone()) print_unsupported(before);
    arguments.json.write(Json::parse(to_json(before)));
    return 1;
  }
  const Inspection inspection = inspect(arguments, std::move(before));
  if (!arguments.json.alone()) print(inspection);
  arguments.json.write(json_of(inspection));
  if (!arguments.plan.empty()) write_file(arguments.plan, plan_svg(*inspection.program, arguments.model.path));
  return 0;
}

}  // namespace

void add_inspect_command(CLI::App& app, Outcome& outcome) {
  CLI::App* command =
      app.add_subcommand("inspect", "show a model's graph, the implementations chosen and the memory plan");
  auto arguments = std::make_shared<InspectArguments>();
  arguments->inputs.make_up = true;
  arguments->model.add_to(*command);
  arguments->inputs.add_to(*command, "its shape is that of the file; the data matters where shapes depend on it");
  arguments->json.add_to(*command);
  CLI::Option* operators = command->add_flag(
      "--operators", arguments->operators,
      "print the operators of the models, one in a line, for a build with these alone (LINNET_OPERATORS)");
  command->add_option("MODELS", arguments->further_models, "further models, with --operators")->needs(operators);
  command->add_option("--plan", arguments->plan, "draw the memory plan into this SVG file")->type_name("FILE.svg");
  command->footer("Example:\n  linnet inspect model.onnx --dim batch=4 --plan plan.svg");
  command->callback([arguments, &outcome] { outcome.status = run(*arguments); });
}

}  // namespace linnet::tools
