// A value that owns its memory: one whose shape only its step finds out, or that is no dense array (value_type.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "runtime/constant.hpp"
#include "runtime/value_type.hpp"

namespace linnet::internal {

/// A step of an operator that reveals shapes (OpFacts::reveals) gets one in place of each output's memory. It keeps its
/// memory from run to run, so that a run which needs no more than those before it allocates nothing. Copies share the
/// elements of numbers until one of them is made anew. Thread-safety: one thread, copies included.
class Held {
 public:
  explicit Held(std::size_t budget = SIZE_MAX);
  // Not inlined wherever there are some: they take room.
  Held(const Held& other);
  Held(Held&& other) noexcept;
  Held& operator=(const Held& other);
  Held& operator=(Held&& other) noexcept;
  ~Held();

  /// Memory for this tensor, of which nothing is set. What the value was before is gone, unless its bytes are the first
  /// of these: they stay. Errors: kLimitExceeded above the budget, kOutOfMemory, kInvalidModel for sizes that overflow.
  std::byte* make(DataType type, const Shape& shape) { return make(type, shape.data(), shape.size()); }
  std::byte* make(DataType type, std::initializer_list<std::int64_t> shape) {
    return make(type, shape.begin(), shape.size());
  }
  /// As many strings as the shape has elements, whose texts are to be set; where strings were there, the first ones
  /// keep their texts. Errors: as above.
  std::vector<std::string>& make_strings(const Shape& shape);
  /// As many values as a sequence or an optional of this type is to have, each to be made. What was in there is gone.
  std::vector<Held>& make_items(DataType type, std::size_t count);
  /// Becomes what another is, whose budget does not count. Errors: kLimitExceeded.
  void copy(const Held& other);
  /// After strings or items were set. Errors: kLimitExceeded when all that is in it takes more than the budget.
  void check_budget() const;
  /// Before or while strings are set: the same for so many bytes of them, which nothing counts yet.
  void check_budget(std::size_t text_bytes) const;

  DataType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  /// Of a dense array.
  std::size_t bytes() const { return bytes_; }
  /// Of all that is in it, strings and items included.
  std::size_t total_bytes() const;
  /// 64-byte aligned; null before the first `make`.
  std::byte* data() const { return memory_.get(); }
  std::vector<std::string>& strings() { return strings_; }
  const std::vector<std::string>& strings() const { return strings_; }
  std::vector<Held>& items() { return items_; }
  const std::vector<Held>& items() const { return items_; }
  /// As steps and sessions pass it on: the data are those of an array, or this object.
  ConstTensorView view() const;

 private:
  std::byte* make(DataType type, const std::int64_t* shape, std::size_t rank);

  std::size_t budget_;
  DataType type_ = DataType::kUndefined;
  Shape shape_;
  std::size_t bytes_ = 0;
  std::size_t capacity_ = 0;
  std::shared_ptr<std::byte> memory_;
  std::vector<std::string> strings_;
  std::vector<Held> items_;
};

/// Of RunArguments::outputs. Requires: the operator reveals shapes, and the output is not left out.
inline Held& held(void* output) { return *static_cast<Held*>(output); }
/// Of RunArguments::inputs. Requires: is_held(type of the input).
inline const Held& held(const void* input) { return *static_cast<const Held*>(input); }

/// The value becomes a copy of what the view shows, which may be one of a held value.
void copy_to(Held& value, const ConstTensorView& view);

/// The map becomes one from each key to the value beside it, copied: keys in ascending order (strings by their bytes),
/// each once, of those that are there twice the last. All maps are so. Requires: can_map, one dimension and one size.
void make_map(Held& map, const Held& keys, const Held& values);

/// A constant that is held. Requires: nothing changes it any more.
ConstantPtr held_constant(std::shared_ptr<const Held> value);

}  // namespace linnet::internal
