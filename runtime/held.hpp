// The memory of a value whose shape only its step finds out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>

#include "runtime/constant.hpp"

namespace linnet::internal {

/// A step of an operator that reveals shapes (OpFacts::reveals) gets one in place of each output's memory. It keeps its
/// memory from run to run, so that a run which needs no more than those before it allocates nothing.
/// Thread-safety: one thread.
class Held {
 public:
  explicit Held(std::size_t budget = SIZE_MAX) : budget_(budget) {}

  /// Memory for this tensor, of which nothing is set. What the value was before is gone, unless its bytes are the first
  /// of these: they stay. Errors: kLimitExceeded above the budget, kOutOfMemory, kInvalidModel for sizes that overflow.
  std::byte* make(DataType type, const Shape& shape) { return make(type, shape.data(), shape.size()); }
  std::byte* make(DataType type, std::initializer_list<std::int64_t> shape) {
    return make(type, shape.begin(), shape.size());
  }

  DataType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  std::size_t bytes() const { return bytes_; }
  /// 64-byte aligned; null before the first `make`.
  std::byte* data() const { return memory_.get(); }

 private:
  std::byte* make(DataType type, const std::int64_t* shape, std::size_t rank);

  std::size_t budget_;
  DataType type_ = DataType::kUndefined;
  Shape shape_;
  std::size_t bytes_ = 0;
  std::size_t capacity_ = 0;
  std::shared_ptr<std::byte> memory_;
};

/// Of RunArguments::outputs. Requires: the operator reveals shapes, and the output is not left out.
inline Held& held(void* output) { return *static_cast<Held*>(output); }

}  // namespace linnet::internal
