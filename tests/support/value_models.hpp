// For models whose inputs are no tensors of numbers, and values beside what is expected.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <linnet/value.hpp>

#include "tests/support/onnx_writer.hpp"

namespace linnet::test {

/// TypeProto. Fields: 1 tensor_type, 4 sequence_type, 9 optional_type; of all three, 1 is elem_type.
inline Message tensor_type(DataType type) { return Message().message(1, Message().integer(1, static_cast<int>(type))); }
/// Field 5 of TypeProto: map_type; of that, 1 key_type, 2 value_type.
inline Message map_type(DataType keys, const Message& values) {
  return Message().message(5, Message().integer(1, static_cast<int>(keys)).message(2, values));
}
inline Message sequence_type(const Message& inside) { return Message().message(4, Message().message(1, inside)); }
inline Message sequence_type(DataType type) { return Message().message(4, Message().message(1, tensor_type(type))); }
inline Message optional_type(const Message& inside) { return Message().message(9, Message().message(1, inside)); }

/// Adds a graph input of the type, whose shape is open.
inline ModelWriter& value_input(ModelWriter& writer, std::string_view name, const Message& type) {
  writer.graph().message(11, Message().bytes(1, name).message(2, type));
  return writer;
}

/// TensorProto of strings. Field 6: string_data.
inline Message string_tensor(const Shape& shape, const std::vector<std::string>& strings) {
  Message message = tensor_header(DataType::kString, shape);
  for (const std::string& string : strings) message.bytes(6, string);
  return message;
}

/// One row of int64.
inline Value integers(std::vector<std::int64_t> elements) {
  const auto size = static_cast<std::int64_t>(elements.size());
  return Value(ConstTensorView{DataType::kInt64, &size, 1, elements.data()});
}

/// Of a tensor of numbers.
template <typename T>
std::vector<T> elements_of(const Value& value) {
  const ConstTensorView view = value.view();
  std::size_t count = 1;
  for (std::size_t i = 0; i < view.rank; ++i) count *= static_cast<std::size_t>(view.shape[i]);
  EXPECT_EQ(view.type, data_type_of<T>());
  const auto* const first = static_cast<const T*>(view.data);
  return {first, first + count};
}

inline std::vector<std::int64_t> integers_of(const Value& value) { return elements_of<std::int64_t>(value); }

inline Value sequence_of_integers(const std::vector<std::vector<std::int64_t>>& items) {
  std::vector<Value> values;
  for (const auto& item : items) values.push_back(integers(item));
  return Value::sequence(DataType::kInt64, values);
}

template <typename T = std::int64_t>
std::vector<std::vector<T>> items_of(const Value& sequence) {
  std::vector<std::vector<T>> items;
  for (std::size_t i = 0; i < sequence.size(); ++i) items.push_back(elements_of<T>(sequence.at(i)));
  return items;
}

inline std::vector<Value> run_model(const ModelWriter& writer, const std::vector<Value>& inputs,
                                    const Options& options = {}) {
  const std::string bytes = writer.bytes();
  return run_values(Model::load(bytes.data(), bytes.size(), options), inputs);
}

}  // namespace linnet::test
