// Attributes that name one of a few values.
#pragma once

#include <cstddef>
#include <string>

#include "runtime/op.hpp"

namespace linnet::internal {

template <typename E>
struct NamedValue {
  const char* name;
  E value;
};

/// The value that the attribute names; the first one where it is left out. Errors: kInvalidModel, with all names.
template <typename E, std::size_t kCount>
E named_value(ParseContext& context, const char* attribute, const NamedValue<E> (&names)[kCount]) {
  const std::string found = context.get_string(attribute, names[0].name);
  std::string known;
  for (const NamedValue<E>& name : names) {
    if (found == name.name) return name.value;
    known += text(known.empty() ? "" : ", ", name.name);
  }
  invalid_model(attribute, " is \"", printable(found), "\", expected one of ", known);
}

}  // namespace linnet::internal
