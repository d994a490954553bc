// linnet check: says of models whether they run, and if not what is in the way.
#include <linnet/inspect.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "tools/arguments.hpp"
#include "tools/commands.hpp"
#include "tools/inputs.hpp"
#include "tools/json_output.hpp"

namespace linnet::tools {
namespace {

using Json = nlohmann::ordered_json;

struct CheckArguments {
  std::vector<std::string> paths;
  ModelArguments model;
  JsonOutput json;
};

struct Verdict {
  enum class Result { kRuns, kLoads, kFails } result = Result::kRuns;
  std::string message;  ///< why not, or why it could not be tried
  std::vector<UnsupportedPart> unsupported;
};

/// Zeros for every input, open dimensions 1; nothing when the model leaves a rank open, or wants no tensor of numbers.
std::optional<std::vector<Tensor>> zeros(const Model& model, const std::map<std::string, std::int64_t>& dims) {
  std::vector<Tensor> inputs;
  for (const ValueInfo& info : model.inputs()) {
    if (!info.has_shape || !is_numbers(info)) return std::nullopt;
    Shape shape;
    for (const Dimension& dimension : info.shape) {
      const auto named = dims.find(dimension.name);
      shape.push_back(dimension.value >= 0 ? dimension.value : named != dims.end() ? named->second : 1);
    }
    inputs.emplace_back(info.type, std::move(shape));
  }
  return inputs;
}

/// Why there are no zeros.
std::string why_untried(const Model& model) {
  const bool numbers = std::all_of(model.inputs().begin(), model.inputs().end(), is_numbers);
  return numbers ? "an input has no shape in the model, so no shapes were tried"
                 : "an input is no tensor of numbers, so no shapes were tried";
}

/// Compiles for one set of shapes. What Linnet cannot run, or not in this budget, may show only then; other errors may
/// come from the shapes.
Verdict compile(const Model& model, const std::map<std::string, std::int64_t>& dims) {
  try {
    const std::optional<std::vector<Tensor>> inputs = zeros(model, dims);
    if (!inputs) return {Verdict::Result::kLoads, why_untried(model), {}};
    std::vector<ConstTensorView> views;
    for (const Tensor& input : *inputs) views.push_back(input.view());
    summarize_program(model, views);
    return {};
  } catch (const Error& error) {
    const bool fails = error.code() == ErrorCode::kUnsupported || error.code() == ErrorCode::kLimitExceeded;
    if (fails) return {Verdict::Result::kFails, message_of(error), {}};
    return {
        Verdict::Result::kLoads, fmt::format("could not be tried with open dimensions 1: {}", message_of(error)), {}};
  }
}

Verdict check(const std::string& path, const CheckArguments& arguments) {
  try {
    const Options options = arguments.model.options();
    ModelSummary summary = summarize_file(path, options);
    if (!summary.unsupported.empty()) {
      const std::size_t count = summary.unsupported.size();
      return {Verdict::Result::kFails, fmt::format("{} {} not supported", count, count == 1 ? "part is" : "parts are"),
              std::move(summary.unsupported)};
    }
    return compile(Model::load(path, options), arguments.model.dims);
  } catch (const Error& error) {
    std::string message = message_of(error);
    const std::string name = fmt::format("\"{}\": ", path);  // which stands before the verdict already
    if (message.compare(0, name.size(), name) == 0) message.erase(0, name.size());
    return {Verdict::Result::kFails, std::move(message), {}};
  }
}

const char* word(Verdict::Result result) {
  switch (result) {
    case Verdict::Result::kRuns:
      return "runs";
    case Verdict::Result::kLoads:
      return "loads";
    case Verdict::Result::kFails:
      break;
  }
  return "does not run";
}

void print(const std::string& path, const Verdict& verdict) {
  fmt::print("{}: {}{}{}\n", path, word(verdict.result), verdict.message.empty() ? "" : ": ", verdict.message);
  for (const UnsupportedPart& part : verdict.unsupported) {
    fmt::print("  {}: {}\n", part.what, part.reason);
    if (!part.source.empty()) fmt::print("      from {}\n", part.source);
  }
}

Json json_of(const std::string& path, const Verdict& verdict) {
  Json json{{"model", path}, {"result", word(verdict.result)}, {"message", verdict.message}};
  json["unsupported"] = Json::array();
  for (const UnsupportedPart& part : verdict.unsupported) {
    json["unsupported"].push_back(
        {{"what", part.what}, {"reason", part.reason}, {"layer", part.layer}, {"source", part.source}});
  }
  return json;
}

int run(const CheckArguments& arguments) {
  int status = 0;
  Json list = Json::array();
  for (const std::string& path : arguments.paths) {
    const Verdict verdict = check(path, arguments);
    if (verdict.result == Verdict::Result::kFails) status = 1;
    list.push_back(json_of(path, verdict));
    if (!arguments.json.alone()) print(path, verdict);
  }
  arguments.json.write(list);
  return status;
}

}  // namespace

void add_check_command(CLI::App& app, Outcome& outcome) {
  CLI::App* command = app.add_subcommand("check", "say of models whether they run, and if not what is in the way");
  auto arguments = std::make_shared<CheckArguments>();
  command->add_option("MODEL", arguments->paths, "ONNX model files")->required();
  arguments->model.add_dims_to(*command);
  arguments->model.add_memory_budget_to(*command);
  arguments->model.add_log_level_to(*command);
  arguments->json.add_to(*command);
  command->footer(
      "Example (the status is 0 when every model runs, or loads where no shapes could be tried, and 1 otherwise):\n"
      "  linnet check models/*.onnx");
  command->callback([arguments, &outcome] { outcome.status = run(*arguments); });
}

}  // namespace linnet::tools
