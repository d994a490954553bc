// Log lines of the library on stderr, through spdlog.
#pragma once

#include <linnet/linnet.hpp>

#include <functional>
#include <string>

namespace linnet::tools {

/// For Options::log. `level`: debug, info, warning, error; "off" gives an empty function.
std::function<void(LogLevel, std::string_view)> make_log(const std::string& level);

}  // namespace linnet::tools
