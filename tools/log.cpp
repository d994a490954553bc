#include "tools/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace linnet::tools {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

std::function<void(LogLevel, std::string_view)> make_log(const std::string& level) {
  if (level == "off") return {};
  auto logger = std::make_shared<spdlog::logger>("linnet", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_level(spdlog::level::from_str(level));
  logger->set_pattern("%n %^%l%$ %v");
  return [logger](LogLevel line_level, std::string_view line) { logger->log(to_spdlog(line_level), "{}", line); };
}

}  // namespace linnet::tools
