#include "runtime/constant.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>

#include "runtime/data_type.hpp"
#include "runtime/new_shared.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

/// `size` bytes from the system, on a boundary of huge pages; null when there is not enough. Requires: whole huge
/// pages.
std::byte* map_huge_pages(std::size_t size) {
  const std::size_t mapped = size + kHugePage;
  void* const memory = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  auto* const first = static_cast<std::byte*>(memory);
  const std::size_t behind = reinterpret_cast<std::uintptr_t>(first) % kHugePage;
  const std::size_t before = kHugePage - behind;
  ::munmap(first, before);
  if (behind > 0) ::munmap(first + before + size, behind);
  return first + before;
}

/// Frees a block.
struct Release {
  std::size_t mapped_bytes;  ///< 0: it comes from the heap
  void operator()(std::byte* start) const {
    if (mapped_bytes == 0) return std::free(start);
    ::munmap(start, mapped_bytes);
  }
};

}  // namespace

std::shared_ptr<std::byte> allocate_aligned(std::size_t bytes) {
  const bool mapped = bytes >= 2 * kHugePage;
  const std::size_t alignment = mapped ? kHugePage : 64;
  const std::size_t rounded = (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  if (rounded < bytes || rounded > SIZE_MAX - kHugePage) throw std::bad_alloc();
  auto* const memory =
      mapped ? map_huge_pages(rounded) : static_cast<std::byte*>(std::aligned_alloc(alignment, rounded));
  if (memory == nullptr) throw std::bad_alloc();
  std::shared_ptr<std::byte> block(memory, Release{mapped ? rounded : 0});
#if defined(MADV_HUGEPAGE)
  // Whole huge pages only; a system that does not have them says so, which does no harm.
  if (mapped) ::madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
  return block;
}

const std::byte* AlignedCopy::of(const Constant& constant) {
  const std::shared_ptr<std::byte>* copy = copy_.load(std::memory_order_acquire);
  if (copy == nullptr) {
    auto made = std::make_unique<const std::shared_ptr<std::byte>>(allocate_aligned(constant.bytes));
    constant.copy_to(made->get());
    // Of two threads one comes second, and takes the other's.
    if (copy_.compare_exchange_strong(copy, made.get(), std::memory_order_acq_rel)) copy = made.release();
  }
  return copy->get();
}

void Constant::copy_to(std::byte* memory) const {
  constexpr std::size_t kBandBytes = std::size_t{4} << 20;         // what is in memory twice at a time
  constexpr std::size_t kLeastForgetBytes = std::size_t{1} << 20;  // less is not worth a system call
  for (std::size_t begin = 0; begin < bytes; begin += kBandBytes) {
    const std::size_t size = std::min(kBandBytes, bytes - begin);
    std::memcpy(memory + begin, data + begin, size);
    if (bytes >= kLeastForgetBytes) forget_range(data + begin, size);
  }
}

ConstantPtr make_constant(DataType type, const Shape& shape, std::byte** data) {
  auto constant = new_shared<Constant>();
  constant->type = type;
  constant->shape = shape;
  constant->bytes = byte_count(type, shape);
  const std::shared_ptr<std::byte> memory = allocate_aligned(constant->bytes);
  constant->data = memory.get();
  constant->owner = memory;
  *data = memory.get();
  return constant;
}

ConstantPtr copy_constant(DataType type, const Shape& shape, const void* bytes) {
  std::byte* data = nullptr;
  ConstantPtr constant = make_constant(type, shape, &data);
  if (constant->bytes > 0) std::memcpy(data, bytes, constant->bytes);
  return constant;
}

ConstantPtr make_int64_constant(const std::vector<std::int64_t>& values, bool scalar) {
  const Shape shape = scalar ? Shape{} : Shape{static_cast<std::int64_t>(values.size())};
  return copy_constant(DataType::kInt64, shape, values.data());
}

std::vector<std::int64_t> integers_of(const Constant& constant) {
  if (!(kIntegerTypes | TypeSet{DataType::kBool}).has(constant.type)) {
    invalid_model("a tensor of ", constant.type, " stands where integers are needed");
  }
  std::vector<std::int64_t> values(static_cast<std::size_t>(constant.count()));
  visit_type(constant.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T>) {
      // A bool is read as a byte, since not every byte is a valid bool.
      using Stored = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;
      const auto* elements = reinterpret_cast<const Stored*>(constant.as<T>());
      for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<std::int64_t>(elements[i]);
        if constexpr (std::is_same_v<T, bool>) values[i] = values[i] != 0 ? 1 : 0;
      }
    }
  });
  return values;
}

}  // namespace linnet::internal
