// Command-line options that several commands share, and the inputs they describe.
#pragma once

#include <CLI/CLI.hpp>

#include <linnet/linnet.hpp>

#include <cstdint>
#include <exception>
#include <map>
#include <string>
#include <vector>

namespace linnet::tools {

/// `NAME=VALUE`, split at the last '=' (names of exported values may hold one). Errors: CLI::ValidationError.
std::pair<std::string, std::string> split_assignment(const std::string& text, const char* option);

struct ModelArguments {
  std::string path;
  int threads = 0;
  std::string backend = "auto";
  std::string precision = "f32";
  std::size_t memory_budget = 0;
  bool flush_denormals = false;
  bool allow_external_links = false;
  std::vector<std::string> disabled_passes;
  std::vector<std::string> dims;  ///< NAME=N
  std::string log_level = "warning";

  /// Adds MODEL and the options above to a command.
  void add_to(CLI::App& command);
  /// Adds one of them alone.
  void add_dims_to(CLI::App& command);
  void add_log_level_to(CLI::App& command);
  Options options() const;
  std::map<std::string, std::int64_t> named_dims() const;
};

/// What `inputs` of a run are made from.
struct InputArguments {
  std::vector<std::string> files;  ///< NAME=FILE.npy
  bool random = false;
};

/// One tensor per model input: from its file, or else random (normal floats, integers 0 and 1) with fixed seed. Named
/// dimensions take --dim, then 1. Errors: linnet::Error naming the input that is missing or whose shape is open.
std::vector<Tensor> make_inputs(const Model& model, const ModelArguments& arguments, const InputArguments& inputs);

/// What the error says, with options named as the command has them: Options::memory_budget is --memory-budget.
std::string message_of(const std::exception& error);
/// "[4,100]"
std::string text_of(const Shape& shape);
/// "float32 [batch,100]"
std::string text_of(const ValueInfo& info);

}  // namespace linnet::tools
