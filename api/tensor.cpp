// linnet::Tensor.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "api/guard.hpp"
#include "runtime/data_type.hpp"
#include "runtime/shape.hpp"

namespace linnet {

using internal::guarded;

void Tensor::Free::operator()(void* memory) const noexcept { std::free(memory); }

Tensor::Tensor(DataType type, Shape shape) : type_(type), shape_(std::move(shape)) {
  guarded([&] {
    std::size_t bytes = 0;
    try {
      bytes = internal::byte_count(type_, shape_);
    } catch (const Error& error) {
      internal::invalid_argument("Tensor: ", error.what());
    }
    count_ = static_cast<std::size_t>(internal::element_count(shape_));
    const std::size_t rounded = (std::max<std::size_t>(bytes, 1) + 63) / 64 * 64;
    data_.reset(rounded < bytes ? nullptr : std::aligned_alloc(64, rounded));
    if (data_ == nullptr) internal::fail(ErrorCode::kOutOfMemory, "no memory for a tensor of ", bytes, " bytes");
    std::memset(data_.get(), 0, rounded);
  });
}

Tensor::Tensor(const Tensor& other) {
  if (other.data_ == nullptr) return;
  Tensor copy(other.type_, other.shape_);
  std::memcpy(copy.data(), other.data(), other.bytes());
  *this = std::move(copy);
}

Tensor& Tensor::operator=(const Tensor& other) {
  if (this != &other) *this = Tensor(other);
  return *this;
}

std::size_t Tensor::bytes() const noexcept { return internal::array_bytes(type_, count_); }

void Tensor::require(DataType type) const {
  if (type != type_) internal::invalid_argument("the tensor holds ", type_, ", not ", type);
}

}  // namespace linnet
