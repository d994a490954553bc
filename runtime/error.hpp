// Shorthands for throwing linnet::Error.
#pragma once

#include <initializer_list>

#include "runtime/text.hpp"

namespace linnet::internal {

[[noreturn]] void fail_with(ErrorCode code, std::initializer_list<Piece> pieces);

template <typename... Pieces>
[[noreturn, gnu::always_inline]] inline void fail(ErrorCode code, const Pieces&... pieces) {
  fail_with(code, {Piece(pieces)...});
}

template <typename... Pieces>
[[noreturn, gnu::always_inline]] inline void invalid_model(const Pieces&... pieces) {
  fail_with(ErrorCode::kInvalidModel, {Piece(pieces)...});
}

template <typename... Pieces>
[[noreturn, gnu::always_inline]] inline void unsupported(const Pieces&... pieces) {
  fail_with(ErrorCode::kUnsupported, {Piece(pieces)...});
}

template <typename... Pieces>
[[noreturn, gnu::always_inline]] inline void invalid_argument(const Pieces&... pieces) {
  fail_with(ErrorCode::kInvalidArgument, {Piece(pieces)...});
}

}  // namespace linnet::internal
