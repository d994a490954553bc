// Tensor data that never changes: initializers, and what constant folding makes.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "runtime/shape.hpp"

namespace linnet::internal {

struct Constant;

/// The elements of a constant whose bytes are not aligned to them, copied when they are first asked for: packing, which
/// is what happens to most weights, reads bytes. Thread-safety: all members.
class AlignedCopy {
 public:
  AlignedCopy() = default;
  ~AlignedCopy() { delete copy_.load(std::memory_order_relaxed); }
  AlignedCopy(const AlignedCopy&) = delete;
  AlignedCopy& operator=(const AlignedCopy&) = delete;

  /// Always of the same constant, or one with the same bytes. Errors: std::bad_alloc.
  const std::byte* of(const Constant& constant);

 private:
  /// No mutex: the child of a fork would find it locked for ever.
  std::atomic<const std::shared_ptr<std::byte>*> copy_{nullptr};
};

/// Borrows or shares the bytes; `owner` keeps them alive (a mapped file, an allocation).
struct Constant {
  DataType type = DataType::kUndefined;
  Shape shape;
  std::size_t bytes = 0;
  /// At any address, as a file has them: for packing, copying and as an identity. Elements: `as`, `aligned`.
  const std::byte* data = nullptr;
  std::shared_ptr<const void> owner;
  /// Null where `data` is aligned to the element size.
  std::shared_ptr<AlignedCopy> aligned_copy;
  /// For bytes that a file holds too: lets the system take back the memory of `size` bytes at `begin`, to be read from
  /// the file again when touched. Null for bytes that exist nowhere else.
  void (*forget)(const void* owner, const std::byte* begin, std::size_t size) = nullptr;

  /// The elements, aligned to their size at least. Where `data` is not, the first call copies them, for as long as the
  /// constant lives. Errors: std::bad_alloc.
  const std::byte* aligned() const { return aligned_copy == nullptr ? data : aligned_copy->of(*this); }
  /// Likewise.
  template <typename T>
  const T* as() const {
    return reinterpret_cast<const T*>(aligned());
  }
  /// Copies all bytes to `memory`, and lets go of a file's pages behind it.
  void copy_to(std::byte* memory) const;
  /// Says that [begin, begin + size) of the data has been read and is not needed soon.
  void forget_range(const void* begin, std::size_t size) const {
    if (forget != nullptr) forget(owner.get(), static_cast<const std::byte*>(begin), size);
  }
  std::int64_t count() const { return bytes == 0 ? 0 : element_count(shape); }
};
using ConstantPtr = std::shared_ptr<const Constant>;

/// A 64-byte aligned block, freed with its last owner. Those of 4 MiB and more are mapped, in huge pages where the
/// system allows: freed, they go back to the system, where the heap might keep them. Errors: std::bad_alloc.
std::shared_ptr<std::byte> allocate_aligned(std::size_t bytes);

/// A constant with memory of its own; `data` receives where to write the elements.
ConstantPtr make_constant(DataType type, const Shape& shape, std::byte** data);
ConstantPtr copy_constant(DataType type, const Shape& shape, const void* bytes);
/// A 1-D (or with `scalar`, 0-D) int64 tensor.
ConstantPtr make_int64_constant(const std::vector<std::int64_t>& values, bool scalar = false);

/// The elements of an integer (or bool) constant as int64. Errors: kInvalidModel for other types.
std::vector<std::int64_t> integers_of(const Constant& constant);

}  // namespace linnet::internal
