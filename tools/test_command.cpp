// linnet test: runs folders in ONNX's test layout: model.onnx beside test_data_set_N/input_K.pb and output_K.pb.
#include <linnet/value.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "tools/arguments.hpp"
#include "tools/commands.hpp"
#include "tools/comparison.hpp"
#include "tools/json_output.hpp"
#include "tools/progress.hpp"

namespace linnet::tools {
namespace {

namespace fs = std::filesystem;

struct TestArguments {
  std::vector<std::string> folders;
  std::string backend = "auto";
  std::vector<std::string> disabled_passes;
  int threads = 0;
  Tolerance tolerance;
  JsonOutput json;
};

struct TestResult {
  std::string name;
  std::string problem;  ///< "": it passed
};

/// The folder itself when it holds a model, otherwise those below it that do, by name. Folders below it that may not be
/// read are named on stderr.
std::vector<fs::path> find_tests(const std::string& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (!fs::is_directory(status)) {
    const bool is_file = fs::exists(status);
    const std::string why = is_file ? "is a file; test wants the folder that holds model.onnx and test_data_set_0"
                            : error ? error.message()
                                    : "there is no such folder";
    throw Error(ErrorCode::kIo, fmt::format("{}: {}", folder, why));
  }
  std::vector<fs::path> tests;
  if (fs::exists(fs::path(folder) / "model.onnx", error)) return {folder};
  std::vector<fs::path> folders = {folder};
  while (!folders.empty()) {
    const fs::path below = folders.back();
    folders.pop_back();
    fs::directory_iterator entries(below, error);
    if (error) {
      if (below == folder)
        throw Error(ErrorCode::kIo, fmt::format("cannot read the folder {}: {}", folder, error.message()));
      fmt::print(stderr, "linnet: cannot read the folder {}: {}\n", below.string(), error.message());
      continue;
    }
    for (const fs::directory_entry& entry : entries) {
      if (entry.path().filename() == "model.onnx") tests.push_back(below);
      if (entry.is_directory(error) && !entry.is_symlink(error)) folders.push_back(entry.path());
    }
  }
  if (tests.empty())
    throw Error(ErrorCode::kInvalidArgument, fmt::format("there is no model.onnx in {} or below", folder));
  std::sort(tests.begin(), tests.end());
  return tests;
}

std::vector<fs::path> data_sets(const fs::path& test) {
  std::vector<fs::path> sets;
  for (const auto& entry : fs::directory_iterator(test)) {
    if (entry.is_directory() && entry.path().filename().string().rfind("test_data_set_", 0) == 0)
      sets.push_back(entry.path());
  }
  std::sort(sets.begin(), sets.end());
  return sets;
}

bool is_optional(ValueKind kind) { return kind == ValueKind::kOptional || kind == ValueKind::kOptionalSequence; }

/// SIDE_0.pb, SIDE_1.pb, ... as far as they go; an optional without a file is not there.
std::vector<Value> read_values(const fs::path& folder, const char* side, const std::vector<ValueInfo>& infos) {
  std::vector<Value> values;
  for (;;) {
    const std::size_t index = values.size();
    const fs::path file = folder / fmt::format("{}_{}.pb", side, index);
    const ValueKind kind = index < infos.size() ? infos[index].kind : ValueKind::kTensor;
    if (fs::exists(file)) {
      values.push_back(read_value_proto(file.string(), kind));
    } else if (is_optional(kind)) {
      values.emplace_back();
    } else {
      return values;
    }
  }
}

/// "nothing", "sequence of 3", "map of 2", "string [2]"
std::string kind_text(const Value& value) {
  if (!value.has_value()) return "nothing";
  if (value.is_sequence()) return fmt::format("sequence of {}", value.size());
  if (value.is_map()) return fmt::format("map of {}", value.keys().shape()[0]);
  return linnet::name_of(value.type()) + " " + text_of(value.shape());
}

/// "" when the two are alike, otherwise how they differ.
std::string difference(const Value& made, const Value& expected, const Tolerance& tolerance) {
  const bool numbers = expected.has_value() && !expected.is_sequence() && expected.type() != DataType::kString;
  if (numbers && made.has_value() && !made.is_sequence() && made.type() != DataType::kString) {
    const Comparison comparison = compare(made.view(), expected.view(), tolerance);
    return comparison.passed() ? "" : describe(comparison);
  }
  if (kind_text(made) != kind_text(expected))
    return fmt::format("{}, expected {}", kind_text(made), kind_text(expected));
  if (!expected.has_value()) return "";
  if (!expected.is_sequence()) return made.strings() == expected.strings() ? "" : "other strings";
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string found = difference(made.at(i), expected.at(i), tolerance);
    if (!found.empty()) return fmt::format("item {}: {}", i, found);
  }
  return "";
}

/// "" when the data set passes, otherwise what is wrong.
std::string run_set(const Model& model, const fs::path& folder, const Tolerance& tolerance) {
  const std::vector<Value> inputs = read_values(folder, "input", model.inputs());
  if (inputs.size() != model.inputs().size())
    return fmt::format("{} files input_K.pb, the model has {} inputs", inputs.size(), model.inputs().size());
  const std::vector<Value> outputs = run_values(model, inputs);
  const std::vector<Value> expected = read_values(folder, "output", model.outputs());
  if (expected.empty()) return "no output_0.pb to compare with";
  if (expected.size() > outputs.size()) return fmt::format("{} outputs, {} expected", outputs.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string found = difference(outputs[i], expected[i], tolerance);
    if (!found.empty()) return fmt::format("output {}: {}", model.outputs()[i].name, found);
  }
  return "";
}

std::string run_test(const fs::path& test, const TestArguments& arguments) {
  ModelArguments model_arguments;
  model_arguments.backend = arguments.backend;
  model_arguments.threads = arguments.threads;
  model_arguments.disabled_passes = arguments.disabled_passes;
  try {
    const Model model = Model::load((test / "model.onnx").string(), model_arguments.options());
    const std::vector<fs::path> sets = data_sets(test);
    if (sets.empty()) return "no test_data_set_0";
    for (const fs::path& set : sets) {
      std::string problem;
      try {
        problem = run_set(model, set, arguments.tolerance);
      } catch (const Error& error) {
        problem = message_of(error);
      }
      if (!problem.empty()) return set.filename().string() + ": " + problem;
    }
    return "";
  } catch (const std::exception& error) {  // Error, and what the file system refuses
    return message_of(error);
  }
}

/// The folder's own name, also of "." and of one that ends with a slash.
std::string name_of(const fs::path& test) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(test, error);
  return (error ? test : whole).filename().string();
}

nlohmann::ordered_json to_json(const std::vector<TestResult>& results, std::size_t failed) {
  nlohmann::ordered_json json = {{"passed", results.size() - failed}, {"failed", failed}};
  json["tests"] = nlohmann::ordered_json::array();
  for (const TestResult& result : results) {
    json["tests"].push_back({{"name", result.name}, {"passed", result.problem.empty()}, {"problem", result.problem}});
  }
  return json;
}

int run(const TestArguments& arguments) {
  std::vector<fs::path> tests;
  for (const std::string& folder : arguments.folders) {
    const std::vector<fs::path> found = find_tests(folder);
    tests.insert(tests.end(), found.begin(), found.end());
  }
  std::vector<TestResult> results;
  std::size_t failed = 0;
  {
    Progress progress;
    for (std::size_t i = 0; i < tests.size(); ++i) {
      const std::string name = name_of(tests[i]);
      progress.show(fmt::format("{} of {}: {}", i + 1, tests.size(), name));
      results.push_back({name, run_test(tests[i], arguments)});
      if (results.back().problem.empty()) continue;
      ++failed;
      if (!arguments.json.alone()) fmt::print("FAIL {}: {}\n", name, results.back().problem);
    }
  }
  if (!arguments.json.alone()) fmt::print("{} passed, {} failed\n", tests.size() - failed, failed);
  arguments.json.write(to_json(results, failed));
  return failed == 0 ? 0 : 1;
}

}  // namespace

void add_test_command(CLI::App& app, Outcome& outcome) {
  CLI::App* command =
      app.add_subcommand("test", "run folders in ONNX's test layout and compare with the outputs kept there");
  auto arguments = std::make_shared<TestArguments>();
  command->add_option("DIR", arguments->folders, "folder with model.onnx and test_data_set_N, or folders of such")
      ->required();
  command->add_option("--backend", arguments->backend, "auto, onednn, simd or reference")
      ->check(CLI::IsMember({"auto", "onednn", "simd", "reference"}))
      ->capture_default_str();
  command->add_option("--threads", arguments->threads, "threads to use; 0: all CPUs this process may use")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_option("--disable-pass", arguments->disabled_passes,
                      "switch an optimisation off by name; all: every one");
  command->add_option("--rtol", arguments->tolerance.rtol, "relative tolerance")->capture_default_str();
  command->add_option("--atol", arguments->tolerance.atol, "absolute tolerance")->capture_default_str();
  arguments->json.add_to(*command);
  command->footer("Example:\n  linnet test onnx/backend/test/data/node --backend simd");
  command->callback([arguments, &outcome] { outcome.status = run(*arguments); });
}

}  // namespace linnet::tools
