#include "python/src/strided_copy.hpp"

#include <cstring>

namespace linnet::python {
namespace {

/// One row; the size is a constant in each instance, so that memcpy is one move.
template <std::size_t kBytes>
void copy_row(const unsigned char* from, std::int64_t stride, std::int64_t count, unsigned char* to) {
  for (std::int64_t i = 0; i < count; ++i)
    std::memcpy(to + static_cast<std::size_t>(i) * kBytes, from + i * stride, kBytes);
}

using RowCopy = void (*)(const unsigned char*, std::int64_t, std::int64_t, unsigned char*);

RowCopy row_copy(std::size_t item_bytes) {
  switch (item_bytes) {
    case 1:
      return copy_row<1>;
    case 2:
      return copy_row<2>;
    case 4:
      return copy_row<4>;
    case 8:
      return copy_row<8>;
    default:
      return copy_row<16>;  // complex128, the largest there is
  }
}

}  // namespace

void strided_copy(const void* from, const std::vector<std::int64_t>& strides, const Shape& shape,
                  std::size_t item_bytes, void* to) {
  const RowCopy copy = row_copy(item_bytes);
  const auto* source = static_cast<const unsigned char*>(from);
  auto* target = static_cast<unsigned char*>(to);
  if (shape.empty()) {
    copy(source, 0, 1, target);
    return;
  }
  for (const std::int64_t size : shape) {
    if (size == 0) return;
  }
  const std::size_t last = shape.size() - 1;
  const std::size_t row_bytes = static_cast<std::size_t>(shape[last]) * item_bytes;
  Shape at(shape.size(), 0);
  for (;;) {
    copy(source, strides[last], shape[last], target);
    target += row_bytes;
    std::size_t axis = last;
    for (;;) {
      if (axis == 0) return;
      --axis;
      source += strides[axis];
      if (++at[axis] < shape[axis]) break;
      source -= strides[axis] * shape[axis];
      at[axis] = 0;
    }
  }
}

}  // namespace linnet::python
