#include "ops/shared/named_value.hpp"

#include <string>

namespace linnet::internal {

std::size_t named_place(ParseContext& context, const char* attribute, const char* const* names, std::size_t count) {
  const std::string found = context.get_string(attribute, names[0]);
  std::string known;
  for (std::size_t i = 0; i < count; ++i) {
    if (found == names[i]) return i;
    known += text(known.empty() ? "" : ", ", names[i]);
  }
  invalid_model(attribute, " is \"", printable(found), "\", expected one of ", known);
}

}  // namespace linnet::internal
