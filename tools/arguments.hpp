// Command-line options that several commands share.
#pragma once

#include <CLI/CLI.hpp>

#include <linnet/linnet.hpp>

#include <cstdint>
#include <exception>
#include <map>
#include <string>
#include <vector>

namespace linnet::tools {

/// `NAME=VALUE`, split at the last '=' (names of exported values may hold one). `form` is what it should look like.
/// Errors: CLI::ValidationError.
std::pair<std::string, std::string> split_assignment(const std::string& text, const std::string& option,
                                                     const std::string& form);

/// The sizes of `NAME=N`; of a name given twice, the last. Errors: CLI::ValidationError.
std::map<std::string, std::int64_t> read_dims(const std::vector<std::string>& words);

/// For CLI::Option::check: "", or what is wrong with a text that should be a positive, finite number.
std::string positive_number(const std::string& text);

struct ModelArguments {
  std::string path;
  int threads = 0;
  std::string backend = "auto";
  std::string precision = "f32";
  std::size_t memory_budget = 0;
  bool flush_denormals = false;
  bool allow_external_links = false;
  std::vector<std::string> disabled_passes;
  std::map<std::string, std::int64_t> dims;  ///< by name, or INPUT.AXIS where the model gives none
  std::string log_level = "warning";

  /// Adds MODEL and the options above to a command.
  void add_to(CLI::App& command);
  /// Adds one of them alone.
  void add_dims_to(CLI::App& command);
  void add_memory_budget_to(CLI::App& command);
  void add_log_level_to(CLI::App& command);
  Options options() const;
};

/// What the error says, with options named as the command has them: Options::memory_budget is --memory-budget.
std::string message_of(const std::exception& error);

/// Of a .npy file or, with a name that ends so, an ONNX TensorProto (.pb).
Tensor read_tensor_file(const std::string& path);
/// Writes `stem`.npy, or `stem`.pb where .npy cannot hold the type, and returns the path.
std::string write_tensor_file(const std::string& stem, const ConstTensorView& tensor);

/// "[4,100]"
std::string text_of(const Shape& shape);
/// "float32 [batch,100]"
std::string text_of(const ValueInfo& info);

}  // namespace linnet::tools
