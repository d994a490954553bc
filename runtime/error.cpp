#include "runtime/error.hpp"

#include <new>

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

std::string printable(std::string_view name, std::size_t limit) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char character : name.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += character;
    }
  }
  if (name.size() > limit) out += "...";
  return out;
}

}  // namespace linnet::internal
