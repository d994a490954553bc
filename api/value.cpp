// <linnet/value.hpp>
#include <linnet/value.hpp>

#include <cstring>

#include "api/guard.hpp"
#include "api/run_values.hpp"
#include "loaders/loader.hpp"
#include "runtime/data_type.hpp"
#include "runtime/held.hpp"

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

namespace internal {
namespace {

/// Of an optional: nothing, or what is in it.
linnet::Value unwrapped(const std::shared_ptr<const Held>& held) {
  if (!is_optional(held->type())) return ValueAccess::given(held);
  if (held->items().empty()) return {};
  return ValueAccess::given(std::shared_ptr<const Held>(held, &held->items()[0]));
}

/// An empty sequence is one of any element type.
bool is_empty_sequence(const Held& held) { return is_sequence(held.type()) && held.items().empty(); }

}  // namespace
}  // namespace internal

Value read_value_proto(const std::string& path, ValueKind kind) {
  return guarded([&] { return internal::unwrapped(internal::read_value_file(path, kind)); });
}

namespace internal {

std::size_t count_of_strings(const Shape& shape) {
  try {
    return static_cast<std::size_t>(element_count(shape));
  } catch (const Error& error) {
    invalid_argument("strings: ", error.what());
  }
}

void require_numbers(std::size_t index, const ConstTensorView& view) {
  if (!is_held(view.type) || type_name(element_type_of(view.type)) == nullptr) return;
  invalid_argument("input ", index, ": a view of ", view.type, " is no tensor of numbers: bind a value");
}

linnet::Value ValueAccess::given(std::shared_ptr<const Held> held) { return linnet::Value(std::move(held)); }

void bind_value(SessionImpl& session, std::size_t index, const linnet::Value& value) {
  const ModelImpl& model = session.model();
  if (index >= model.inputs().size())
    invalid_argument("input ", index, " does not exist: the model has ", model.inputs().size());
  const auto refuse = [&](const std::string& given) {
    invalid_argument("input \"", printable(model.inputs()[index].name), "\": the model wants ",
                     describe(model.inputs()[index]), ", got ", given);
  };
  const DataType type = model.type_of_input(index);
  std::shared_ptr<const Held> held = ValueAccess::held(value);
  const DataType inside = is_optional(type) ? type_inside(type) : type;
  if (held != nullptr && is_sequence(inside) && is_empty_sequence(*held)) {
    const std::shared_ptr<Held> empty = new_shared<Held>();
    empty->make_items(inside, 0);
    held = empty;
  }
  if (is_optional(type)) {
    const std::shared_ptr<Held> optional = new_shared<Held>();
    std::vector<Held>& items = optional->make_items(type, held == nullptr ? 0 : 1);
    if (held != nullptr) {
      if (held->type() != inside) refuse(name_of(held->type()));
      items[0] = *held;
    }
    held = optional;
  }
  if (held == nullptr) refuse("nothing");
  session.bind_value(index, std::move(held));
}

linnet::Value output_value(const SessionImpl& session, std::size_t index) {
  const std::shared_ptr<Held> held = new_shared<Held>();
  copy_to(*held, session.output(index));
  return unwrapped(held);
}

}  // namespace internal

}  // namespace linnet
