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

Inspection inspect(const InspectArguments& arguments) {
  Options options = arguments.model.options();
  const Model model = Model::load(arguments.model.path, options);
  options.disabled_passes = {"all"};
  const Model unchanged = Model::load(arguments.model.path, options);
  const std::vector<Tensor> inputs = make_inputs(model, arguments.model, arguments.inputs);
  std::vector<ConstTensorView> views;
  views.reserve(inputs.size());
  for (const Tensor& input : inputs) views.push_back(input.view());
  return {summarize(unchanged), summarize(model), summarize_program(model, views)};
}

Json to_json(const std::vector<ValueInfo>& infos) {
  Json list = Json::array();
  for (const ValueInfo& info : infos) {
    Json shape = Json::array();
    for (const Dimension& dimension : info.shape) {
      if (dimension.value >= 0) {
        shape.push_back(dimension.value);
      } else {
        shape.push_back(dimension.name.empty() ? Json(nullptr) : Json(dimension.name));
      }
    }
    list.push_back(
        {{"name", info.name}, {"type", name_of(info.type)}, {"shape", info.has_shape ? shape : Json(nullptr)}});
  }
  return list;
}

Json to_json(const NodeSummary& node) {
  return {{"name", node.name},   {"op", node.op},         {"domain", node.domain},
          {"opset", node.opset}, {"inputs", node.inputs}, {"outputs", node.outputs}};
}

Json to_json(const std::vector<NodeSummary>& nodes) {
  Json list = Json::array();
  for (const NodeSummary& node : nodes) list.push_back(to_json(node));
  return list;
}

Json to_json(const ProgramSummary& program) {
  Json json;
  json["steps"] = Json::array();
  for (const StepSummary& step : program.steps) {
    Json refusals = Json::array();
    for (const Refusal& refusal : step.refusals)
      refusals.push_back({{"implementation", refusal.implementation}, {"reason", refusal.reason}});
    Json entry = to_json(step.node);
    entry["implementation"] = step.implementation;
    entry["refusals"] = refusals;
    entry["input_shapes"] = step.input_shapes;
    entry["output_shapes"] = step.output_shapes;
    entry["workspace_bytes"] = step.workspace_bytes;
    json["steps"].push_back(entry);
  }
  json["blocks"] = Json::array();
  for (const BlockSummary& block : program.blocks) {
    json["blocks"].push_back({{"values", block.values},
                              {"workspace", block.workspace},
                              {"offset", block.offset},
                              {"bytes", block.bytes},
                              {"first_step", block.first_step},
                              {"last_step", block.last_step}});
  }
  json["arena_bytes"] = program.arena_bytes;
  json["arena_lower_bound_bytes"] = program.arena_lower_bound_bytes;
  json["packed_weights_bytes"] = program.packed_weights_bytes;
  json["outputs"] = to_json(program.outputs);
  return json;
}

Json to_json(const Inspection& inspection) {
  Json json;
  json["ir_version"] = inspection.after.ir_version;
  json["producer"] = inspection.after.producer;
  json["opsets"] = inspection.after.opsets;
  json["inputs"] = to_json(inspection.after.inputs);
  json["outputs"] = to_json(inspection.after.outputs);
  json["nodes_before"] = to_json(inspection.before.nodes);
  json["nodes_after"] = to_json(inspection.after.nodes);
  json["passes"] = Json::array();
  for (const auto& [name, changes] : inspection.after.passes)
    json["passes"].push_back({{"name", name}, {"changes", changes}});
  json["weights_bytes"] = inspection.after.weights_bytes;
  json["isa"] = isa();
  json["program"] = to_json(inspection.program);
  return json;
}

void print_infos(const char* title, const std::vector<ValueInfo>& infos) {
  fmt::print("{}\n", title);
  for (const ValueInfo& info : infos) fmt::print("  {}  {}\n", info.name, text_of(info));
}

void print_nodes(const std::string& title, const std::vector<NodeSummary>& nodes) {
  constexpr std::size_t kShown = 60;
  fmt::print("\n{} ({})\n", title, nodes.size());
  for (std::size_t i = 0; i < std::min(nodes.size(), kShown); ++i) {
    const NodeSummary& node = nodes[i];
    fmt::print("  {}{}{} {}  ({}) -> {}\n", node.domain, node.domain.empty() ? "" : ".", node.op, node.name,
               fmt::join(node.inputs, ", "), fmt::join(node.outputs, ", "));
  }
  if (nodes.size() > kShown) fmt::print("  ... and {} more (--json lists all)\n", nodes.size() - kShown);
}

void print(const Inspection& inspection) {
  const ModelSummary& model = inspection.after;
  fmt::print("IR version {}, producer {}, opsets", model.ir_version,
             model.producer.empty() ? "unknown" : model.producer);
  for (const auto& [domain, version] : model.opsets) fmt::print(" {}={}", domain.empty() ? "ai.onnx" : domain, version);
  fmt::print("\n");
  print_infos("inputs", model.inputs);
  print_infos("outputs", model.outputs);
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

void run(const InspectArguments& arguments) {
  const Inspection inspection = inspect(arguments);
  if (arguments.json) {
    fmt::print("{}\n", to_json(inspection).dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    print(inspection);
  }
  if (arguments.plan.empty()) return;
  std::ofstream file(arguments.plan);
  file << plan_svg(inspection.program, arguments.model.path);
  file.close();
  if (!file) throw Error(ErrorCode::kIo, "cannot write " + arguments.plan);
}

}  // namespace

void add_inspect_command(CLI::App& app, Outcome&) {
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
  command->callback([arguments] { run(*arguments); });
}

}  // namespace linnet::tools
