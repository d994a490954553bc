// docs/command-line.md, made from the commands' own help.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace linnet::tools {

/// The page in Markdown: what each command takes, with the words of its --help.
std::string command_page(const CLI::App& app);

}  // namespace linnet::tools
