#include "runtime/error.hpp"

#include <new>
#include <utility>

namespace linnet {

namespace {
/// Memory may be what has just run out, so an error without room for its message still says something.
std::shared_ptr<const std::string> share(std::string&& message) {
  try {
    return std::make_shared<const std::string>(std::move(message));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
}  // namespace

Error::Error(ErrorCode code, std::string message) : code_(code), message_(share(std::move(message))) {}

const char* Error::what() const noexcept { return message_ != nullptr ? message_->c_str() : "out of memory"; }

}  // namespace linnet

namespace linnet::internal {

void fail_with(ErrorCode code, std::initializer_list<Piece> pieces) { throw Error(code, text_of(pieces)); }

}  // namespace linnet::internal
