#include "runtime/held.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "runtime/data_type.hpp"
#include "runtime/new_shared.hpp"

namespace linnet::internal {
namespace {

/// The elements of a tensor of one dimension at these places.
void pick(Held& to, const Held& from, const std::vector<std::size_t>& places) {
  const Shape shape{static_cast<std::int64_t>(places.size())};
  if (from.type() == DataType::kString) {
    std::vector<std::string>& strings = to.make_strings(shape);
    for (std::size_t i = 0; i < places.size(); ++i) strings[i] = from.strings()[places[i]];
    return;
  }
  const std::size_t size = size_of(from.type());
  std::byte* const elements = to.make(from.type(), shape);
  for (std::size_t i = 0; i < places.size(); ++i)
    std::memcpy(elements + i * size, from.data() + places[i] * size, size);
}

}  // namespace

Held::Held(std::size_t budget) : budget_(budget) {}
Held::Held(const Held&) = default;
Held::Held(Held&&) noexcept = default;
Held& Held::operator=(const Held&) = default;
Held& Held::operator=(Held&&) noexcept = default;
Held::~Held() = default;

std::byte* Held::make(DataType type, const std::int64_t* shape, std::size_t rank) {
  shape_.assign(shape, shape + rank);
  const std::size_t bytes = byte_count(type, shape_);
  if (bytes > budget_) {
    fail(ErrorCode::kLimitExceeded, "a result of shape ", shape_, " needs ", bytes, " bytes, the memory budget is ",
         budget_);
  }
  const bool shared = memory_.use_count() > 1;
  // What is written now comes behind the last reader of a copy that is gone: counting up and down sees to that order.
  if (!shared) std::shared_ptr<std::byte>(memory_).reset();
  if (memory_ == nullptr || bytes > capacity_ || shared) {
    // Twice as much, so that what grows piece by piece is not copied at every piece. What a copy keeps does not grow.
    const std::size_t capacity = shared ? bytes : std::max(bytes, std::min(2 * capacity_, budget_));
    std::shared_ptr<std::byte> larger;
    try {
      larger = allocate_aligned(capacity);
    } catch (const std::bad_alloc&) {
      fail(ErrorCode::kOutOfMemory, "no memory for a result of ", bytes, " bytes");
    }
    if (bytes_ > 0) std::memcpy(larger.get(), memory_.get(), std::min(bytes_, capacity));
    memory_ = std::move(larger);
    capacity_ = capacity;
  }
  type_ = type;
  bytes_ = bytes;
  items_.clear();
  strings_.clear();
  return memory_.get();
}

std::vector<std::string>& Held::make_strings(const Shape& shape) {
  const auto count = static_cast<std::size_t>(element_count(shape));
  if (count > budget_ / sizeof(std::string)) {
    fail(ErrorCode::kLimitExceeded, "a result of ", count, " strings needs more than the memory budget of ", budget_,
         " bytes");
  }
  type_ = DataType::kString;
  shape_ = shape;
  bytes_ = 0;
  items_.clear();
  strings_.resize(count);
  return strings_;
}

std::vector<Held>& Held::make_items(DataType type, std::size_t count) {
  if (count > budget_ / sizeof(Held)) {
    fail(ErrorCode::kLimitExceeded, "a sequence of ", count, " tensors needs more than the memory budget of ", budget_,
         " bytes");
  }
  type_ = type;
  shape_.assign(1, static_cast<std::int64_t>(count));
  bytes_ = 0;
  strings_.clear();
  items_.resize(count, Held(budget_));
  return items_;
}

void Held::copy(const Held& other) {
  const std::size_t budget = budget_;
  *this = other;
  budget_ = budget;
  check_budget();
}

std::size_t Held::total_bytes() const {
  std::size_t total = bytes_;
  for (const std::string& string : strings_) total += sizeof(std::string) + string.size();
  for (const Held& item : items_) total += sizeof(Held) + item.total_bytes();
  return total;
}

void Held::check_budget() const {
  if (budget_ != SIZE_MAX) check_budget(total_bytes() - sizeof(std::string) * strings_.size());
}

void Held::check_budget(std::size_t text_bytes) const {
  const std::size_t objects = sizeof(std::string) * strings_.size();
  if (objects <= budget_ && text_bytes <= budget_ - objects) return;
  fail(ErrorCode::kLimitExceeded, "a result of type ", type_, " takes more than ", text_bytes,
       " bytes, the memory budget is ", budget_);
}

ConstTensorView Held::view() const {
  const void* const data = is_held(type_) ? static_cast<const void*>(this) : memory_.get();
  return {type_, shape_.data(), shape_.size(), data};
}

void copy_to(Held& value, const ConstTensorView& view) {
  if (is_held(view.type)) return value.copy(held(view.data));
  std::byte* const memory = value.make(view.type, Shape(view.shape, view.shape + view.rank));
  if (value.bytes() > 0) std::memcpy(memory, view.data, value.bytes());
}

void make_map(Held& map, const Held& keys, const Held& values) {
  const auto* const numbers = reinterpret_cast<const std::int64_t*>(keys.data());
  const auto less = [&](std::size_t a, std::size_t b) {
    return keys.type() == DataType::kString ? keys.strings()[a] < keys.strings()[b] : numbers[a] < numbers[b];
  };
  const auto before = [&](std::size_t a, std::size_t b) { return less(a, b) || (a < b && !less(b, a)); };
  std::vector<std::size_t> places(static_cast<std::size_t>(keys.shape()[0]));
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
  std::make_heap(places.begin(), places.end(), before);  // takes less room than std::sort
  std::sort_heap(places.begin(), places.end(), before);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (i + 1 == places.size() || less(places[i], places[i + 1])) places[kept++] = places[i];
  }
  places.resize(kept);
  std::vector<Held>& pair = map.make_items(map_of(keys.type(), values.type()), 2);
  pick(pair[0], keys, places);
  pick(pair[1], values, places);
}

ConstantPtr held_constant(std::shared_ptr<const Held> value) {
  auto constant = new_shared<Constant>();
  constant->type = value->type();
  constant->shape = value->shape();
  constant->bytes = sizeof(Held);  // what compares constants compares addresses
  constant->data = reinterpret_cast<const std::byte*>(value.get());
  constant->owner = std::move(value);
  return constant;
}

}  // namespace linnet::internal
