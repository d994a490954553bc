#include "tools/command_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace linnet::tools {
namespace {

/// Text that Markdown shows as it stands, in a cell of a table too.
std::string cell(std::string text) {
  for (const char* const special : {"|", "<", "*", "_"}) {
    for (std::size_t at = 0; (at = text.find(special, at)) != std::string::npos; at += 2) text.insert(at, "\\");
  }
  return text;
}

/// "--threads N"
std::string form(const CLI::Option& option) {
  if (option.nonpositional()) {
    // Checks add ":{auto,...}" or ":INT in [0 - 1024]" to a type that CLI11 names; the description has the choices.
    std::string type = option.get_type_name();
    for (const char* const named : {"TEXT:", "INT:", "UINT:", "FLOAT:"}) {
      if (type.rfind(named, 0) == 0) type.resize(type.find(':'));
    }
    const std::string name = "--" + option.get_lnames().front();
    return option.get_items_expected_max() == 0 || type.empty() ? name : name + " " + type;
  }
  return option.get_name();
}

/// As in --help, with the default and whether it may come again.
std::string description(const CLI::Option& option) {
  std::string text = option.get_description();
  if (!option.get_default_str().empty()) text += fmt::format("; default {}", option.get_default_str());
  if (option.get_items_expected_max() > 1 && option.get_expected_max() > 2) text += "; may be repeated";
  return text;
}

std::string table(const CLI::App& command) {
  std::string text = "| | |\n|---|---|\n";
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;
    text += fmt::format("| `{}` | {} |\n", form(*option), cell(description(*option)));
  }
  return text;
}

/// Footers are "Example:" or "Examples:" and lines of shell.
std::string examples(const CLI::App& command) {
  const std::string footer = command.get_footer();
  const std::size_t end = footer.find('\n');
  if (end == std::string::npos) return "";
  std::string text = footer.substr(0, end) + "\n\n";
  for (std::size_t at = end + 1; at < footer.size();) {
    const std::size_t next = std::min(footer.find('\n', at), footer.size());
    text += "    " + footer.substr(at, next - at).substr(footer.compare(at, 2, "  ") == 0 ? 2 : 0) + "\n";
    at = next + 1;
  }
  return text + "\n";
}

}  // namespace

std::string command_page(const CLI::App& app) {
  std::string text =
      "# The command line\n\n"
      "`linnet` runs, inspects, measures and tests ONNX models. This page is made from the program's own help\n"
      "(`linnet --command-line-page`); `linnet COMMAND --help` shows the same.\n\n";
  text += "| command | |\n|---|---|\n";
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    const std::string& name = command->get_name();
    text += fmt::format("| [`linnet {}`](#linnet-{}) | {} |\n", name, name, cell(command->get_description()));
  }
  text += "\n" + app.get_footer() + "\n";
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    text += fmt::format("\n## linnet {}\n\n{}.\n\n", command->get_name(), command->get_description());
    text += examples(*command) + table(*command);
  }
  return text;
}

}  // namespace linnet::tools
