#include "api/run_values.hpp"

#include <string>
#include <utility>
#include <vector>

#include "runtime/data_type.hpp"
#include "runtime/error.hpp"
#include "runtime/model_impl.hpp"
#include "runtime/new_shared.hpp"
#include "runtime/shape.hpp"
#include "runtime/value_type.hpp"

namespace linnet::internal {

linnet::Value ValueAccess::given(const std::shared_ptr<const Held>& held) {
  if (!is_optional(held->type())) return linnet::Value(held);
  if (held->items().empty()) return {};
  return linnet::Value(std::shared_ptr<const Held>(held, &held->items()[0]));
}

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
  const bool is_empty_sequence = held != nullptr && is_sequence(held->type()) && held->items().empty();
  if (is_empty_sequence && is_sequence(inside) && held->type() != inside) {  // one of any element type
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
  return ValueAccess::given(held);
}

}  // namespace linnet::internal
