// --json, which means the same for every command: its result as JSON, in a file or alone on standard output.
#pragma once

#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include <string>

namespace linnet::tools {

struct JsonOutput {
  std::string path;  ///< "": none; "-": standard output

  /// Adds --json.
  CLI::Option* add_to(CLI::App& command);
  /// Whether standard output belongs to the JSON text: nothing else may be printed there.
  bool alone() const { return path == "-"; }
  /// Nothing unless it was asked for. Bytes that are no UTF-8 become U+FFFD. Errors: kIo.
  void write(const nlohmann::ordered_json& json) const;
};

/// Errors: kIo, saying why.
void write_file(const std::string& path, const std::string& text);

}  // namespace linnet::tools
