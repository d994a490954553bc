// linnet run: runs a model once, prints and keeps its outputs, compares them with files, writes a trace.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "tools/arguments.hpp"
#include "tools/commands.hpp"
#include "tools/comparison.hpp"
#include "tools/inputs.hpp"
#include "tools/json_output.hpp"
#include "tools/print_tensor.hpp"
#include "tools/trace_json.hpp"

namespace linnet::tools {
namespace {

struct RunArguments {
  ModelArguments model;
  InputArguments inputs;
  std::string output_dir;
  std::string trace;
  std::vector<std::string> expected;  ///< NAME=FILE
  JsonOutput json;
  Tolerance tolerance;
};

/// Output names of exported models may hold characters that a file name should not, and more of them.
std::string file_name_of(std::string name) {
  constexpr std::size_t kMostBytes = 200;  // file systems allow 255
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '/' || c == '\\' || c == '\0'; }, '_');
  name.resize(std::min(name.size(), kMostBytes));
  return name.empty() || name[0] == '.' ? "_" + name : name;
}

/// One for each output, all different: names that have become the same get the output's index behind them.
std::vector<std::string> file_names_of(const std::vector<ValueInfo>& outputs) {
  std::vector<std::string> names;
  for (const ValueInfo& output : outputs) {
    std::string name = file_name_of(output.name);
    while (std::find(names.begin(), names.end(), name) != names.end()) name += fmt::format("_{}", names.size());
    names.push_back(std::move(name));
  }
  return names;
}

struct RunResult {
  Inputs inputs;
  std::vector<Tensor> outputs;
  std::vector<std::string> written;                             ///< files
  std::vector<std::pair<std::string, Comparison>> comparisons;  ///< by output name

  bool passed() const {
    return std::all_of(comparisons.begin(), comparisons.end(), [](const auto& entry) { return entry.second.passed(); });
  }
};

void write_outputs(const Model& model, const std::string& folder, RunResult& result) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Error(ErrorCode::kIo, fmt::format("cannot make the folder {}: {}", folder, error.message()));
  const std::vector<std::string> names = file_names_of(model.outputs());
  for (std::size_t i = 0; i < result.outputs.size(); ++i) {
    result.written.push_back(write_tensor_file(fmt::format("{}/{}", folder, names[i]), result.outputs[i].view()));
  }
}

/// Of a warm run: the first one compiles, packs weights and starts threads.
void write_trace(const Model& model, const std::string& title, const std::string& path, RunResult& result) {
  Session session = model.session();
  const std::vector<ConstTensorView> views = result.inputs.views();
  for (std::size_t i = 0; i < views.size(); ++i) session.bind_input(i, views[i]);
  session.run();
  const std::vector<TraceEvent> events = run_traced(session);
  write_file(path, trace_json(summarize_program(model, views), events, title).dump() + "\n");
  result.written.push_back(path);
}

struct Expected {
  std::string name;
  std::size_t output;
  Tensor tensor;
};

/// Before the run: a name or file that is wrong should not cost one.
std::vector<Expected> read_expected(const Model& model, const std::vector<std::string>& words) {
  std::vector<Expected> all;
  for (const std::string& word : words) {
    const auto [name, file] = split_assignment(word, "--expect", "NAME=FILE");
    all.push_back({name, model.output_index(name), read_tensor_file(file)});
  }
  return all;
}

void print(const Model& model, const RunResult& result) {
  fmt::print("{}", describe_made(model, result.inputs));
  for (std::size_t i = 0; i < result.outputs.size(); ++i) {
    const Tensor& output = result.outputs[i];
    fmt::print("{}  {} {}\n  {}\n", model.outputs()[i].name, name_of(output.type()), text_of(output.shape()),
               first_values(output, 8));
  }
  for (const std::string& path : result.written) fmt::print("wrote {}\n", path);
  for (const auto& [name, comparison] : result.comparisons)
    fmt::print("{} {}: {}\n", comparison.passed() ? "ok  " : "FAIL", name, describe(comparison));
}

nlohmann::ordered_json to_json(const Model& model, const RunArguments& arguments, const RunResult& result) {
  nlohmann::ordered_json json = {{"model", arguments.model.path}, {"inputs", json_of(model, result.inputs)}};
  json["outputs"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < result.outputs.size(); ++i) {
    const Tensor& output = result.outputs[i];
    json["outputs"].push_back({{"name", model.outputs()[i].name},
                               {"type", name_of(output.type())},
                               {"shape", output.shape()},
                               {"first", first_values(output, 8)}});
  }
  json["written"] = result.written;
  json["expected"] = nlohmann::ordered_json::array();
  for (const auto& [name, comparison] : result.comparisons) {
    json["expected"].push_back({{"name", name}, {"passed", comparison.passed()}, {"difference", describe(comparison)}});
  }
  json["passed"] = result.passed();
  return json;
}

int run(const RunArguments& arguments) {
  const Model model = Model::load(arguments.model.path, arguments.model.options());
  require_numbers(model.outputs(), "output");
  const std::vector<Expected> expected = read_expected(model, arguments.expected);
  RunResult result;
  result.inputs = make_inputs(model, arguments.model, arguments.inputs);
  result.outputs = with_inputs(model, result.inputs, [&] { return model.run_views(result.inputs.views()); });
  if (!arguments.output_dir.empty()) write_outputs(model, arguments.output_dir, result);
  if (!arguments.trace.empty()) write_trace(model, arguments.model.path, arguments.trace, result);
  for (const Expected& entry : expected) {
    result.comparisons.emplace_back(
        entry.name, compare(result.outputs[entry.output].view(), entry.tensor.view(), arguments.tolerance));
  }
  if (!arguments.json.alone()) print(model, result);
  arguments.json.write(to_json(model, arguments, result));
  return result.passed() ? 0 : 1;
}

}  // namespace

void add_run_command(CLI::App& app, Outcome& outcome) {
  CLI::App* command = app.add_subcommand("run", "run a model once and print its outputs");
  auto arguments = std::make_shared<RunArguments>();
  arguments->model.add_to(*command);
  arguments->inputs.add_to(*command, "every input is given so, by --range or by --random");
  command->add_flag("--random", arguments->inputs.make_up, "make up data that suits the model for inputs not given");
  command
      ->add_option("--output-dir", arguments->output_dir,
                   "write every output to this folder, as NAME.npy (NAME.pb for types below 16 bits that NumPy lacks)")
      ->type_name("DIR");
  command->add_option("--expect", arguments->expected, "compare an output with a file; exit status 1 where they differ")
      ->type_name("NAME=FILE");
  command
      ->add_option("--trace", arguments->trace,
                   "run once more, warm, and write what ran when on which thread, for chrome://tracing or Perfetto")
      ->type_name("FILE.json");
  arguments->json.add_to(*command);
  command->add_option("--rtol", arguments->tolerance.rtol, "relative tolerance of --expect")->capture_default_str();
  command->add_option("--atol", arguments->tolerance.atol, "absolute tolerance of --expect")->capture_default_str();
  command->footer("Example:\n  linnet run model.onnx --input x=x.npy --expect y=y.npy --output-dir out");
  command->callback([arguments, &outcome] { outcome.status = run(*arguments); });
}

}  // namespace linnet::tools
