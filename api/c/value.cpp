// linnet_value, and runs on values.
#include <linnet/value.hpp>

#include <cstring>
#include <string>

#include "api/c/status.hpp"
#include "api/run_values.hpp"
#include "api/session_access.hpp"

namespace {

using linnet::Shape;
using linnet::Value;
using linnet::internal::check_shape;
using linnet::internal::give;
using linnet::internal::invalid_argument;
using linnet::internal::needed;
using linnet::internal::new_handle;
using linnet::internal::run_options_of;
using linnet::internal::status_of;
using linnet::internal::type_of;
using linnet::internal::values_of;

const Value& value_of(const linnet_value* handle) { return needed(handle, "value").value; }

/// The caller's strings, copied.
std::vector<std::string> copied_strings(std::size_t count, const char* const* strings, const size_t* lengths) {
  if (count > 0) needed(strings, "strings");
  std::vector<std::string> copies;
  for (std::size_t i = 0; i < count; ++i) {
    if (strings[i] != nullptr) {
      copies.emplace_back(strings[i], lengths != nullptr ? lengths[i] : std::strlen(strings[i]));
    } else if (lengths != nullptr && lengths[i] == 0) {
      copies.emplace_back();
    } else {
      invalid_argument("strings[", i, "] is NULL");
    }
  }
  return copies;
}

}  // namespace

extern "C" {

linnet_status linnet_value_create_tensor(linnet_type type, const int64_t* shape, size_t rank, const void* data,
                                         linnet_value** value) {
  return give(value, "value", [&] {
    check_shape(shape, rank);
    return new_handle(Value(linnet::ConstTensorView{type_of(type), shape, rank, data}));
  });
}

linnet_status linnet_value_create_strings(const int64_t* shape, size_t rank, const char* const* strings,
                                          const size_t* lengths, linnet_value** value) {
  return give(value, "value", [&] {
    check_shape(shape, rank);
    const Shape sizes(shape, shape + rank);
    return new_handle(
        Value::strings(sizes, copied_strings(linnet::internal::count_of_strings(sizes), strings, lengths)));
  });
}

linnet_status linnet_value_create_sequence(linnet_type type, const linnet_value* const* items, size_t count,
                                           linnet_value** value) {
  return give(value, "value", [&] {
    if (count > 0) needed(items, "items");
    return new_handle(Value::sequence(type_of(type), values_of(items, count)));
  });
}

linnet_status linnet_value_create_map(const linnet_value* keys, const linnet_value* values, linnet_value** value) {
  return give(value, "value",
              [&] { return new_handle(Value::map(needed(keys, "keys").value, needed(values, "values").value)); });
}

void linnet_value_destroy(linnet_value* value) { delete value; }

linnet_kind linnet_value_kind(const linnet_value* value) {
  if (value == nullptr) return LINNET_KIND_OPTIONAL;
  if (value->value.is_map()) return LINNET_KIND_MAP;
  return value->value.is_sequence() ? LINNET_KIND_SEQUENCE : LINNET_KIND_TENSOR;
}

linnet_type linnet_value_type(const linnet_value* value) {
  return value != nullptr ? static_cast<linnet_type>(value->value.type()) : LINNET_UNDEFINED;
}

const int64_t* linnet_value_shape(const linnet_value* value) {
  return value != nullptr ? value->value.shape().data() : nullptr;
}

size_t linnet_value_rank(const linnet_value* value) { return value != nullptr ? value->value.shape().size() : 0; }

size_t linnet_value_count(const linnet_value* value) {
  if (value == nullptr) return 0;
  size_t count = 1;
  for (const int64_t size : value->value.shape()) count *= static_cast<size_t>(size);
  return count;
}

linnet_status linnet_value_data(const linnet_value* value, const void** data) {
  return give(data, "data", [&] { return value_of(value).view().data; });
}

linnet_status linnet_value_string(const linnet_value* value, size_t index, const char** string, size_t* length) {
  if (length != nullptr) *length = 0;
  return give(string, "string", [&] {
    const std::vector<std::string>& strings = value_of(value).strings();
    if (index >= strings.size()) invalid_argument("string ", index, " of a tensor of ", strings.size());
    if (length != nullptr) *length = strings[index].size();
    return strings[index].c_str();
  });
}

linnet_status linnet_value_item(const linnet_value* value, size_t index, linnet_value** item) {
  return give(item, "item", [&] { return new_handle(value_of(value).at(index)); });
}

linnet_status linnet_value_keys(const linnet_value* value, linnet_value** keys) {
  return give(keys, "keys", [&] { return new_handle(value_of(value).keys()); });
}

linnet_status linnet_value_values(const linnet_value* value, linnet_value** values) {
  return give(values, "values", [&] { return new_handle(value_of(value).values()); });
}

linnet_status linnet_value_read_proto(const char* path, linnet_kind kind, linnet_value** value) {
  return give(value, "value", [&] {
    const auto known = linnet::internal::enumerator(kind, linnet::ValueKind::kMapSequence, "kind");
    return new_handle(linnet::read_value_proto(&needed(path, "path"), known));
  });
}

linnet_status linnet_model_run_values(const linnet_model* model, const linnet_value* const* inputs, size_t input_count,
                                      linnet_value** outputs, size_t output_count, const linnet_run_options* options) {
  return status_of([&] {
    const linnet::internal::OutputHandles<linnet_value> handles(outputs, output_count);
    const linnet::Model& value = needed(model, "model").value;
    handles.check(value.outputs().size());
    handles.set(linnet::run_values(value, values_of(inputs, input_count), run_options_of(options)));
  });
}

linnet_status linnet_session_run_values(linnet_session* session, const linnet_value* const* inputs, size_t input_count,
                                        linnet_value** outputs, size_t output_count,
                                        const linnet_run_options* options) {
  return status_of([&] {
    const linnet::internal::OutputHandles<linnet_value> handles(outputs, output_count);
    linnet::Session& value = needed(session, "session").value;
    handles.check(linnet::internal::SessionAccess::impl(value).model().outputs().size());
    handles.set(linnet::run_values(value, values_of(inputs, input_count), run_options_of(options)));
  });
}

linnet_status linnet_session_bind_value(linnet_session* session, size_t index, const linnet_value* value) {
  return status_of(
      [&] { linnet::bind_value(needed(session, "session").value, index, value != nullptr ? value->value : Value()); });
}

linnet_status linnet_session_output_value(const linnet_session* session, size_t index, linnet_value** value) {
  return give(value, "value",
              [&] { return new_handle(linnet::output_value(needed(session, "session").value, index)); });
}

}  // extern "C"
