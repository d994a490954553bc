// linnet run: runs a model once, prints and keeps its outputs, compares them with files, writes a trace.
#include <linnet/tensor_file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include "tools/arguments.hpp"
#include "tools/commands.hpp"
#include "tools/comparison.hpp"
#include "tools/print_tensor.hpp"
#include "tools/trace_json.hpp"

namespace linnet::tools {
namespace {

struct RunArguments {
  ModelArguments model;
  InputArguments inputs;
  std::string output_dir;
  std::string trace;
  std::vector<std::string> expected;  ///< NAME=FILE.npy
  Tolerance tolerance;
};

/// Output names of exported models may hold characters that a file name should not.
std::string file_name_of(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '/' || c == '\\' || c == '\0'; }, '_');
  return name.empty() || name[0] == '.' ? "_" + name : name;
}

void write_outputs(const Model& model, const std::vector<Tensor>& outputs, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Error(ErrorCode::kIo, fmt::format("cannot make the folder {}: {}", folder, error.message()));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::string path = fmt::format("{}/{}.npy", folder, file_name_of(model.outputs()[i].name));
    write_npy(path, outputs[i].view());
    fmt::print("wrote {}\n", path);
  }
}

/// Of a warm run: the first one compiles, packs weights and starts threads.
void write_trace(const Model& model, const std::vector<Tensor>& inputs, const std::string& title,
                 const std::string& path) {
  Session session = model.session();
  std::vector<ConstTensorView> views;
  views.reserve(inputs.size());
  for (const Tensor& input : inputs) views.push_back(input.view());
  for (std::size_t i = 0; i < views.size(); ++i) session.bind_input(i, views[i]);
  session.run();
  const std::vector<TraceEvent> events = run_traced(session);
  std::ofstream file(path);
  file << trace_json(summarize_program(model, views), events, title).dump() << '\n';
  file.close();
  if (!file) throw Error(ErrorCode::kIo, "cannot write " + path);
  fmt::print("wrote {}\n", path);
}

bool check_expected(const Model& model, const std::vector<Tensor>& outputs, const RunArguments& arguments) {
  bool passed = true;
  for (const std::string& text : arguments.expected) {
    const auto [name, file] = split_assignment(text, "--expect");
    const Tensor expected = read_npy(file);
    const Comparison comparison =
        compare(outputs[model.output_index(name)].view(), expected.view(), arguments.tolerance);
    fmt::print("{} {}: {}\n", comparison.passed() ? "ok  " : "FAIL", name, describe(comparison));
    passed = passed && comparison.passed();
  }
  return passed;
}

int run(const RunArguments& arguments) {
  const Model model = Model::load(arguments.model.path, arguments.model.options());
  const std::vector<Tensor> inputs = make_inputs(model, arguments.model, arguments.inputs);
  const std::vector<Tensor> outputs = model.run(inputs);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    fmt::print("{}  {} {}\n  {}\n", model.outputs()[i].name, name_of(outputs[i].type()), text_of(outputs[i].shape()),
               first_values(outputs[i], 8));
  }
  if (!arguments.output_dir.empty()) write_outputs(model, outputs, arguments.output_dir);
  if (!arguments.trace.empty()) write_trace(model, inputs, arguments.model.path, arguments.trace);
  return check_expected(model, outputs, arguments) ? 0 : 1;
}

}  // namespace

void add_run_command(CLI::App& app, Outcome& outcome) {
  CLI::App* command = app.add_subcommand("run", "run a model once and print its outputs");
  auto arguments = std::make_shared<RunArguments>();
  arguments->model.add_to(*command);
  command->add_option("--input", arguments->inputs.files, "an input's data, as NAME=FILE.npy")
      ->type_name("NAME=FILE.npy");
  command->add_flag("--random", arguments->inputs.random, "random data for inputs that are not given");
  command->add_option("--output-dir", arguments->output_dir, "write every output to this folder, as NAME.npy");
  command->add_option("--expect", arguments->expected, "compare an output, as NAME=FILE.npy")
      ->type_name("NAME=FILE.npy");
  command->add_option("--trace", arguments->trace,
                      "run once more, warm, and write what ran when on which thread, for chrome://tracing or Perfetto");
  command->add_option("--rtol", arguments->tolerance.rtol, "relative tolerance of --expect")->capture_default_str();
  command->add_option("--atol", arguments->tolerance.atol, "absolute tolerance of --expect")->capture_default_str();
  command->footer("Example:\n  linnet run model.onnx --input x=x.npy --expect y=y.npy --output-dir out");
  command->callback([arguments, &outcome] { outcome.status = run(*arguments); });
}

}  // namespace linnet::tools
