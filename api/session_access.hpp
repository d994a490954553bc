// What several parts of api/ need to know of sessions.
#pragma once

#include <linnet/linnet.hpp>

#include "runtime/error.hpp"
#include "runtime/model_impl.hpp"

namespace linnet::internal {

/// What a Session is inside.
struct SessionAccess {
  static SessionImpl& impl(const Session& session) { return *session.impl_; }
};

/// Errors: kInvalidArgument when the model has another number of inputs.
inline void check_input_count(const ModelImpl& model, std::size_t given) {
  const std::size_t wanted = model.inputs().size();
  if (given != wanted) invalid_argument(given, " inputs given, the model wants ", wanted);
}

}  // namespace linnet::internal
