// For operators that move elements whatever they are.
#pragma once

#include <cstdint>

#include "runtime/data_type.hpp"

namespace linnet::internal {

/// Calls visitor(TypeTag<T>{}) with the unsigned integer T of this many bytes. Requires: a size that an element has.
template <typename Visitor>
decltype(auto) visit_size(std::size_t element_bytes, Visitor&& visitor) {
  switch (element_bytes) {
    case 1:
      return visitor(TypeTag<std::uint8_t>{});
    case 2:
      return visitor(TypeTag<std::uint16_t>{});
    case 4:
      return visitor(TypeTag<std::uint32_t>{});
    default:
      return visitor(TypeTag<std::uint64_t>{});
  }
}

}  // namespace linnet::internal
