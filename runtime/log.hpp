// Log lines for Options::log; nothing is built when it is not set.
#pragma once

#include "runtime/text.hpp"

namespace linnet::internal {

template <typename... Pieces>
void log(const Options& options, LogLevel level, const Pieces&... pieces) {
  if (options.log) options.log(level, text(pieces...));
}

}  // namespace linnet::internal
