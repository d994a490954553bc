// linnet::Value by itself, and from files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/api/float_values.hpp"
#include "tests/loaders/temporary_folder.hpp"
#include "tests/support/value_models.hpp"

namespace linnet::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Value, IsATensorOfNumbers) {
  const Value value = floats({2, 1}, {3, 4});
  EXPECT_TRUE(value.has_value());
  EXPECT_FALSE(value.is_sequence());
  EXPECT_EQ(value.type(), DataType::kFloat32);
  EXPECT_EQ(value.shape(), (Shape{2, 1}));
  EXPECT_THAT(elements_of<float>(value), ElementsAre(3, 4));
  const Value empty = floats({0, 3}, {});
  EXPECT_EQ(empty.shape(), (Shape{0, 3}));
  EXPECT_EQ(elements_of<float>(floats({}, {7})).front(), 7);
}

TEST(Value, IsAMap) {
  const Value map = Value::map(integers({3, 1, 3}), Value::strings({3}, {"first", "b", "c"}));
  EXPECT_TRUE(map.is_map());
  EXPECT_FALSE(map.is_sequence());
  EXPECT_EQ(map.type(), DataType::kString);
  EXPECT_EQ(map.shape(), (Shape{2}));
  EXPECT_THAT(integers_of(map.keys()), ElementsAre(1, 3));
  EXPECT_THAT(map.values().strings(), ElementsAre("b", "c"));
  const Value by_text = Value::map(Value::strings({2}, {"z", "\xff"}), floats({2}, {1, 2}));
  EXPECT_THAT(by_text.keys().strings(), ElementsAre("z", "\xff"));
  EXPECT_EQ(Value::map(integers({}), floats({0}, {})).shape(), (Shape{0}));
  const Value maps = Value::sequence(DataType::kString, {map, map});
  EXPECT_TRUE(maps.is_sequence());
  EXPECT_FALSE(maps.is_map());
  EXPECT_EQ(maps.type(), DataType::kString);
  EXPECT_THAT(integers_of(maps.at(1).keys()), ElementsAre(1, 3));
}

TEST(Value, WrongMapsAreRefused) {
  const auto message_of = [](const auto& action) { return error_of(action, ErrorCode::kInvalidArgument); };
  const Value keys = integers({1, 2});
  EXPECT_THAT(message_of([&] {
                Value::map(floats({2}, {1, 2}), keys);
              }),
              HasSubstr("a map cannot lead from float32 to int64"));
  EXPECT_THAT(message_of([&] { Value::map(keys, Value()); }), HasSubstr("from int64 to nothing"));
  EXPECT_THAT(message_of([&] {
                Value::map(keys, floats({3}, {1, 2, 3}));
              }),
              HasSubstr("the keys of a map have shape [2], its values [3]"));
  EXPECT_THAT(message_of([&] {
                Value::map(floats({2}, {1, 2}).view(), Value::map(keys, keys));
              }),
              HasSubstr("to map(int64, int64)"));
  const Value map = Value::map(keys, keys);
  EXPECT_THAT(message_of([&] { (void)keys.keys(); }), HasSubstr("the value is int64, not a map"));
  EXPECT_THAT(message_of([&] { (void)Value().values(); }), HasSubstr("the value is nothing, not a map"));
  EXPECT_THAT(message_of([&] { (void)map.view(); }), HasSubstr("the value is map(int64, int64), not a tensor"));
  EXPECT_THAT(message_of([&] { (void)map.size(); }), HasSubstr("not a sequence"));
  EXPECT_THAT(message_of([&] {
                Value::sequence(DataType::kInt64, {map, keys});
              }),
              HasSubstr("item 1 is int64, expected a map(int64, int64)"));
}

TEST(Value, CopiesTheElements) {
  Tensor tensor = tensor_with<float>({1}, {1});
  const Value value = tensor;
  tensor.data<float>()[0] = 2;
  EXPECT_THAT(elements_of<float>(value), ElementsAre(1));
}

TEST(Value, IsATensorOfStrings) {
  const std::string odd("nul\0 and \xff", 10);
  const Value value = Value::strings({1, 2}, {"", odd});
  EXPECT_EQ(value.type(), DataType::kString);
  EXPECT_EQ(value.shape(), (Shape{1, 2}));
  EXPECT_THAT(value.strings(), ElementsAre("", odd));
  EXPECT_TRUE(Value::strings({2, 0}, {}).strings().empty());
  EXPECT_THAT(Value::strings({}, {"scalar"}).strings(), ElementsAre("scalar"));
}

TEST(Value, IsASequence) {
  const Value value = Value::sequence(DataType::kFloat32, {floats({2}, {1, 2}), floats({}, {3})});
  EXPECT_TRUE(value.is_sequence());
  EXPECT_EQ(value.type(), DataType::kFloat32);
  EXPECT_EQ(value.shape(), (Shape{2}));
  ASSERT_EQ(value.size(), 2U);
  EXPECT_EQ(value.at(1).shape(), (Shape{}));
  EXPECT_THAT(items_of<float>(value), ElementsAre(ElementsAre(1, 2), ElementsAre(3)));
  const Value texts = Value::sequence(DataType::kString, {Value::strings({1}, {"a"})});
  EXPECT_EQ(texts.type(), DataType::kString);
  EXPECT_THAT(texts.at(0).strings(), ElementsAre("a"));
  EXPECT_EQ(Value::sequence(DataType::kInt64, {}).size(), 0U);
}

TEST(Value, AnItemOutlivesItsSequence) {
  Value value = Value::sequence(DataType::kFloat32, {floats({2}, {1, 2})});
  const Value item = value.at(0);
  value = Value();
  EXPECT_THAT(elements_of<float>(item), ElementsAre(1, 2));
}

TEST(Value, CanBeNothing) {
  const Value value;
  EXPECT_FALSE(value.has_value());
  EXPECT_FALSE(value.is_sequence());
  EXPECT_EQ(value.type(), DataType::kUndefined);
  EXPECT_EQ(refused([&] { value.shape(); }), "the value is nothing, which has no shape");
  EXPECT_EQ(refused([&] { value.view(); }), "the value is nothing, not a tensor of numbers");
  EXPECT_EQ(refused([&] { value.strings(); }), "the value is nothing, not a tensor of strings");
  EXPECT_EQ(refused([&] { value.size(); }), "the value is nothing, not a sequence");
}

TEST(Value, RefusesWhatItIsNot) {
  const Value numbers = floats({1}, {1});
  const Value texts = Value::strings({1}, {"a"});
  const Value sequence = Value::sequence(DataType::kString, {texts});
  EXPECT_EQ(refused([&] { numbers.strings(); }), "the value is float32, not a tensor of strings");
  EXPECT_EQ(refused([&] { numbers.size(); }), "the value is float32, not a sequence");
  EXPECT_EQ(refused([&] { texts.view(); }), "the value is string, not a tensor of numbers");
  EXPECT_EQ(refused([&] { texts.at(0); }), "the value is string, not a sequence");
  EXPECT_EQ(refused([&] { sequence.view(); }), "the value is sequence(string), not a tensor of numbers");
  EXPECT_EQ(refused([&] { sequence.strings(); }), "the value is sequence(string), not a tensor of strings");
  EXPECT_EQ(refused([&] { sequence.at(1); }), "item 1 of a sequence of 1");
}

TEST(Value, RefusesWrongElements) {
  EXPECT_EQ(refused([] { Value::strings({2}, {"a", "b", "c"}); }), "3 strings are given, but shape [2] has 2");
  EXPECT_EQ(refused([] { Value::strings({-1}, {}); }), "strings: shape [-1] has a negative dimension");
  EXPECT_EQ(refused([] {
              Value::strings({INT64_MAX, 4}, {});
            }),
            "strings: shape [9223372036854775807,4] has more elements than 64 bits can count");
  const Value one = floats({1}, {1});
  EXPECT_EQ(refused([&] { Value::sequence(DataType::kInt64, {one}); }),
            "item 0 is float32, expected a tensor of int64");
  EXPECT_EQ(refused([&] {
              Value::sequence(DataType::kFloat32, {one, Value()});
            }),
            "item 1 is nothing, expected a tensor of float32");
  EXPECT_EQ(refused([&] { Value::sequence(DataType::kFloat32, {Value::sequence(DataType::kFloat32, {one})}); }),
            "item 0 is sequence(float32), expected a tensor of float32");
  EXPECT_EQ(refused([] { Value::sequence(DataType::kUndefined, {}); }), "a sequence cannot be one of undefined");
}

TEST(Value, RefusesViewsThatShowNothing) {
  const std::int64_t sizes[] = {2, -2};
  const float data[2] = {};
  EXPECT_EQ(refused([&] {
              Value(ConstTensorView{DataType::kFloat32, nullptr, 1, data});
            }),
            "the view has rank 1 but no shape");
  EXPECT_EQ(refused([&] {
              Value(ConstTensorView{DataType::kFloat32, sizes, 1, nullptr});
            }),
            "the view has no data (null)");
  EXPECT_EQ(refused([&] {
              Value(ConstTensorView{DataType::kFloat32, sizes, 2, data});
            }),
            "the view: shape [2,-2] has a negative dimension");
  for (const DataType type : {DataType::kString, DataType::kUndefined, static_cast<DataType>(0x41)})
    EXPECT_THAT(refused([&] {
                  Value(ConstTensorView{type, sizes, 1, data});
                }),
                HasSubstr("a value cannot be made of a view of "));
}

TEST(Values, AreReadFromFilesOfEveryKind) {
  const TemporaryFolder folder;
  const Message tensor = test::tensor<float>({2}, {1, 2});
  const std::string one = folder.write("tensor.pb", tensor.str());
  const std::string texts = folder.write("strings.pb", string_tensor({1}, {"a"}).str());
  const std::string sequence = folder.write("sequence.pb", Message().message(3, tensor).message(3, tensor).str());
  const std::string optional = folder.write("optional.pb", Message().message(3, tensor).str());
  const std::string of_sequence =
      folder.write("optional_sequence.pb", Message().message(5, Message().message(3, tensor)).str());
  const std::string empty = folder.write("empty.pb", "");
  EXPECT_THAT(elements_of<float>(read_value_proto(one, ValueKind::kTensor)), ElementsAre(1, 2));
  EXPECT_THAT(read_value_proto(texts, ValueKind::kTensor).strings(), ElementsAre("a"));
  EXPECT_THAT(items_of<float>(read_value_proto(sequence, ValueKind::kSequence)),
              ElementsAre(ElementsAre(1, 2), ElementsAre(1, 2)));
  EXPECT_EQ(read_value_proto(empty, ValueKind::kSequence).size(), 0U);
  EXPECT_THAT(elements_of<float>(read_value_proto(optional, ValueKind::kOptional)), ElementsAre(1, 2));
  EXPECT_THAT(items_of<float>(read_value_proto(of_sequence, ValueKind::kOptionalSequence)),
              ElementsAre(ElementsAre(1, 2)));
  EXPECT_FALSE(read_value_proto(empty, ValueKind::kOptional).has_value());
  EXPECT_FALSE(read_value_proto(empty, ValueKind::kOptionalSequence).has_value());
}

TEST(Values, WrongFilesAreRefused) {
  const TemporaryFolder folder;
  const auto message_of = [&](const Message& content, ValueKind kind, ErrorCode code) {
    const std::string path = folder.write("value.pb", content.str());
    return error_of([&] { read_value_proto(path, kind); }, code);
  };
  error_of([&] { read_value_proto(folder.path("missing.pb"), ValueKind::kTensor); }, ErrorCode::kIo);
  error_of([&] { read_value_proto(folder.path(), ValueKind::kTensor); }, ErrorCode::kIo);
  const Message two_types =
      Message().message(3, test::tensor<float>({1}, {1})).message(3, test::tensor<std::int64_t>({1}, {1}));
  EXPECT_THAT(message_of(two_types, ValueKind::kSequence, ErrorCode::kInvalidModel),
              HasSubstr("tensor 1 of the sequence is int64, not float32"));
  const Message nested = Message().message(5, Message());  // 5 sequence_values
  EXPECT_THAT(message_of(nested, ValueKind::kSequence, ErrorCode::kUnsupported), HasSubstr("no dense tensors"));
  message_of(Message().bytes(3, "\xff\xff\xff"), ValueKind::kSequence, ErrorCode::kInvalidModel);
  message_of(string_tensor({3}, {"a"}), ValueKind::kTensor, ErrorCode::kInvalidModel);
}

}  // namespace
}  // namespace linnet::test
