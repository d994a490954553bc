// <linnet/value.hpp>
#include <linnet/value.hpp>

#include <cstring>

#include "api/guard.hpp"
#include "api/run_values.hpp"
#include "loaders/loader.hpp"
#include "runtime/data_type.hpp"
#include "runtime/error.hpp"
#include "runtime/held.hpp"
#include "runtime/new_shared.hpp"

namespace linnet {

using internal::guarded;
using internal::Held;
using internal::invalid_argument;

namespace {

std::shared_ptr<Held> new_held() { return internal::new_shared<Held>(); }

std::string name_of_held(const Held* held) { return held == nullptr ? "nothing" : name_of(held->type()); }

const Held& require_tensor(const Held* held, bool strings) {
  const bool fits = held != nullptr && (strings ? held->type() == DataType::kString : !internal::is_held(held->type()));
  if (!fits) {
    invalid_argument("the value is ", name_of_held(held), ", not a tensor of ", strings ? "strings" : "numbers");
  }
  return *held;
}

const Held& require_sequence(const Held* held) {
  if (held == nullptr || !internal::is_sequence(held->type()))
    invalid_argument("the value is ", name_of_held(held), ", not a sequence");
  return *held;
}

}  // namespace

Value::Value(const Tensor& tensor) : Value(tensor.view()) {}

Value::Value(const ConstTensorView& tensor) {
  guarded([&] {
    if (tensor.rank > 0 && tensor.shape == nullptr)
      invalid_argument("the view has rank ", tensor.rank, " but no shape");
    if (!internal::kStoredTypes.has(tensor.type)) invalid_argument("a value cannot be made of a view of ", tensor.type);
    const Shape shape(tensor.shape, tensor.shape + tensor.rank);
    const std::shared_ptr<Held> held = new_held();
    try {
      held->make(tensor.type, shape);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kInvalidModel) throw;
      invalid_argument("the view: ", error.what());
    }
    if (held->bytes() > 0) {
      if (tensor.data == nullptr) invalid_argument("the view has no data (null)");
      std::memcpy(held->data(), tensor.data, held->bytes());
    }
    held_ = held;
  });
}

Value Value::strings(const Shape& shape, std::vector<std::string> elements) {
  return guarded([&] {
    const std::size_t count = internal::count_of_strings(shape);
    if (count != elements.size())
      invalid_argument(elements.size(), " strings are given, but shape ", shape, " has ", count);
    const std::shared_ptr<Held> held = new_held();
    held->make_strings(shape) = std::move(elements);
    return Value(std::shared_ptr<const Held>(held));
  });
}

Value Value::sequence(DataType element, const std::vector<Value>& items) {
  return guarded([&] {
    if (!internal::kStoredTypes.has(element) && element != DataType::kString)
      invalid_argument("a sequence cannot be one of ", element);
    const std::shared_ptr<Held> held = new_held();
    std::vector<Held>& made = held->make_items(internal::sequence_of(element), items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Held* const item = items[i].held_.get();
      if (item == nullptr || item->type() != element)
        invalid_argument("item ", i, " is ", name_of_held(item), ", expected a tensor of ", element);
      made[i] = *item;
    }
    return Value(std::shared_ptr<const Held>(held));
  });
}

bool Value::is_sequence() const noexcept { return held_ != nullptr && internal::is_sequence(held_->type()); }

DataType Value::type() const noexcept {
  return held_ == nullptr ? DataType::kUndefined : internal::element_type_of(held_->type());
}

const Shape& Value::shape() const {
  if (held_ == nullptr) guarded([] { invalid_argument("the value is nothing, which has no shape"); });
  return held_->shape();
}

ConstTensorView Value::view() const {
  return guarded([&] { return require_tensor(held_.get(), false).view(); });
}

const std::vector<std::string>& Value::strings() const {
  return guarded([&]() -> const std::vector<std::string>& { return require_tensor(held_.get(), true).strings(); });
}

std::size_t Value::size() const {
  return guarded([&] { return require_sequence(held_.get()).items().size(); });
}

Value Value::at(std::size_t index) const {
  return guarded([&] {
    const std::vector<Held>& items = require_sequence(held_.get()).items();
    if (index >= items.size()) invalid_argument("item ", index, " of a sequence of ", items.size());
    return Value(std::shared_ptr<const Held>(held_, &items[index]));
  });
}

Value read_value_proto(const std::string& path, ValueKind kind) {
  return guarded([&] { return internal::ValueAccess::given(internal::read_value_file(path, kind)); });
}

}  // namespace linnet
