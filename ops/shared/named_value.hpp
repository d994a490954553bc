// Attributes that name one of a few values.
#pragma once

#include <cstddef>

#include "runtime/op.hpp"

namespace linnet::internal {

template <typename E>
struct NamedValue {
  const char* name;
  E value;
};

/// Which of the names the attribute has; 0 where it is left out. Errors: kInvalidModel, with all names.
std::size_t named_place(ParseContext& context, const char* attribute, const char* const* names, std::size_t count);

/// The value that the attribute names; the first one where it is left out. Errors: kInvalidModel, with all names.
template <typename E, std::size_t kCount>
E named_value(ParseContext& context, const char* attribute, const NamedValue<E> (&values)[kCount]) {
  const char* names[kCount];
  for (std::size_t i = 0; i < kCount; ++i) names[i] = values[i].name;
  return values[named_place(context, attribute, names, kCount)].value;
}

}  // namespace linnet::internal
