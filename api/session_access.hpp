// For the parts of api/ that need what a Session is inside.
#pragma once

#include <linnet/linnet.hpp>

namespace linnet::internal {

struct SessionAccess {
  static SessionImpl& impl(const Session& session) { return *session.impl_; }
};

}  // namespace linnet::internal
