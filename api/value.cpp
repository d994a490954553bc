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

const std::vector<Held>& require_map(const Held* held) {
  if (held == nullptr || !internal::is_map(held->type()))
    invalid_argument("the value is ", name_of_held(held), ", not a map");
  return held->items();
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
    const bool of_maps = !items.empty() && items[0].is_map() && items[0].type() == element;
    const DataType inside = of_maps ? items[0].held_->type() : element;
    std::vector<Held>& made = held->make_items(internal::sequence_of(inside), items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Held* const item = items[i].held_.get();
      if (item == nullptr || item->type() != inside)
        invalid_argument("item ", i, " is ", name_of_held(item), ", expected a ", of_maps ? "" : "tensor of ", inside);
      made[i] = *item;
    }
    return Value(std::shared_ptr<const Held>(held));
  });
}

Value Value::map(const Value& keys, const Value& values) {
  return guarded([&] {
    const bool tensors = keys.held_ != nullptr && values.held_ != nullptr;
    if (!tensors || !internal::can_map(keys.held_->type(), values.held_->type()))
      invalid_argument("a map cannot lead from ", name_of_held(keys.held_.get()), " to ",
                       name_of_held(values.held_.get()));
    if (keys.shape().size() != 1 || keys.shape() != values.shape())
      invalid_argument("the keys of a map have shape ", keys.shape(), ", its values ", values.shape(),
                       ", expected one dimension of one size");
    const std::shared_ptr<Held> held = new_held();
    internal::make_map(*held, *keys.held_, *values.held_);
    return Value(std::shared_ptr<const Held>(held));
  });
}

bool Value::is_map() const noexcept { return held_ != nullptr && internal::is_map(held_->type()); }

bool Value::is_sequence() const noexcept { return held_ != nullptr && internal::is_sequence(held_->type()); }

DataType Value::type() const noexcept {
  return held_ == nullptr ? DataType::kUndefined : internal::element_type_of(held_->type());
}

const Shape& Value::shape() const {
  if (held_ == nullptr) guarded([] { invalid_argument("the value is nothing, which has no shape"); });
  return is_map() ? held_->items()[0].shape() : held_->shape();
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

Value Value::keys() const {
  return guarded([&] { return Value(std::shared_ptr<const Held>(held_, &require_map(held_.get())[0])); });
}

Value Value::values() const {
  return guarded([&] { return Value(std::shared_ptr<const Held>(held_, &require_map(held_.get())[1])); });
}

Value read_value_proto(const std::string& path, ValueKind kind) {
  return guarded([&] { return internal::ValueAccess::given(internal::read_value_file(path, kind)); });
}

}  // namespace linnet
