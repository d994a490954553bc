// Shorthands for throwing linnet::Error.
#pragma once

#include "runtime/text.hpp"

namespace linnet::internal {

template <typename... Pieces>
[[noreturn]] void fail(ErrorCode code, const Pieces&... pieces) {
  throw Error(code, text(pieces...));
}

template <typename... Pieces>
[[noreturn]] void invalid_model(const Pieces&... pieces) {
  throw Error(ErrorCode::kInvalidModel, text(pieces...));
}

template <typename... Pieces>
[[noreturn]] void unsupported(const Pieces&... pieces) {
  throw Error(ErrorCode::kUnsupported, text(pieces...));
}

template <typename... Pieces>
[[noreturn]] void invalid_argument(const Pieces&... pieces) {
  throw Error(ErrorCode::kInvalidArgument, text(pieces...));
}

}  // namespace linnet::internal
