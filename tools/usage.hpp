// What the command line says about wrong usage: one line, with the nearest thing there is.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace linnet::tools {

/// The candidate that differs least from what was typed; "" when none is near.
std::string nearest(const std::string& typed, const std::vector<std::string>& candidates);

/// The message for an error of `app.parse`, on the command that was chosen: `linnet run: ...`, and where to read more.
/// Ends with a newline.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error);

}  // namespace linnet::tools
