#pragma once

#include <linnet/linnet.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace linnet::python {

/// Copies an array with any strides (in bytes, negative and zero too) to `to`, row-major without gaps.
void strided_copy(const void* from, const std::vector<std::int64_t>& strides, const Shape& shape,
                  std::size_t item_bytes, void* to);

}  // namespace linnet::python
