// Tensor data that never changes: initializers, and what constant folding makes.
#pragma once

#include <cstddef>
#include <memory>

#include "runtime/shape.hpp"

namespace linnet::internal {

/// Borrows or shares the bytes; `owner` keeps them alive (a mapped file, an allocation). Aligned to the element size at
/// least.
struct Constant {
  DataType type = DataType::kUndefined;
  Shape shape;
  std::size_t bytes = 0;
  const std::byte* data = nullptr;
  std::shared_ptr<const void> owner;
  /// For bytes that a file holds too: lets the system take back the memory of `size` bytes at `begin`, to be read from
  /// the file again when touched. Null for bytes that exist nowhere else.
  void (*forget)(const void* owner, const std::byte* begin, std::size_t size) = nullptr;

  template <typename T>
  const T* as() const {
    return reinterpret_cast<const T*>(data);
  }
  /// Says that [begin, begin + size) of the data has been read and is not needed soon.
  void forget_range(const void* begin, std::size_t size) const {
    if (forget != nullptr) forget(owner.get(), static_cast<const std::byte*>(begin), size);
  }
  std::int64_t count() const { return bytes == 0 ? 0 : static_cast<std::int64_t>(bytes / size_of(type)); }
};
using ConstantPtr = std::shared_ptr<const Constant>;

/// A 64-byte aligned block, freed with its last owner; large ones in huge pages where the system allows.
/// Errors: std::bad_alloc.
std::shared_ptr<std::byte> allocate_aligned(std::size_t bytes);

/// A constant with memory of its own; `data` receives where to write the elements.
ConstantPtr make_constant(DataType type, const Shape& shape, std::byte** data);
ConstantPtr copy_constant(DataType type, const Shape& shape, const void* bytes);
/// A 1-D (or with `scalar`, 0-D) int64 tensor.
ConstantPtr make_int64_constant(const std::vector<std::int64_t>& values, bool scalar = false);

/// The elements of an integer (or bool) constant as int64. Errors: kInvalidModel for other types.
std::vector<std::int64_t> integers_of(const Constant& constant);

}  // namespace linnet::internal
