#include "loaders/onnx/attribute.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/loaders/toy_operators.hpp"

namespace linnet::test {
namespace {

using internal::ConstantPtr;
using internal::NamedAttribute;
using internal::onnx::AttributeProto;
using internal::onnx::ExternalData;
using internal::onnx::read;
using internal::onnx::read_attribute;
using internal::onnx::Span;
using testing::HasSubstr;

NamedAttribute read_message(const Message& message) {
  const std::string& bytes = message.str();
  const Options options;
  ExternalData external(options);
  const auto file = internal::MappedFile::copy(bytes.data(), bytes.size());
  const char* data = reinterpret_cast<const char*>(file->data());
  const auto attribute = read<AttributeProto>(Span{data, bytes.size(), data});
  return read_attribute(attribute, attribute.name, {file, &external, &options});
}

TEST(ReadAttribute, EveryKind) {
  EXPECT_EQ(read_message(attribute("a", 1)).name, "a");
  EXPECT_EQ(std::get<float>(read_message(attribute("a", 0.5f)).value), 0.5f);
  EXPECT_EQ(std::get<std::int64_t>(read_message(attribute("a", -3)).value), -3);
  EXPECT_EQ(std::get<std::string>(read_message(attribute("a", "text")).value), "text");
  EXPECT_EQ(std::get<ConstantPtr>(read_message(attribute("a", tensor<float>({1}, {2}))).value)->as<float>()[0], 2.0f);
  EXPECT_EQ(std::get<std::vector<float>>(read_message(attribute("a", std::vector<float>{1, 2})).value).size(), 2u);
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(read_message(attribute("a", std::vector<std::int64_t>{7})).value)[0],
            7);
  EXPECT_EQ(
      std::get<std::vector<std::string>>(read_message(attribute("a", std::vector<std::string>{"x", "y"})).value)[1],
      "y");
  EXPECT_EQ(std::get<internal::OpaqueAttribute>(read_message(graph_attribute("a", Message())).value).kind, "graph");
}

TEST(ReadAttribute, TakesTheTypeFromTheFieldAndTheValueFromTheType) {
  EXPECT_EQ(std::get<std::int64_t>(read_message(Message().bytes(1, "a").integer(3, 4)).value), 4) << "no type";
  EXPECT_EQ(std::get<std::int64_t>(read_message(attribute_header("a", 2)).value), 0) << "no value: zero was left out";
  EXPECT_TRUE(std::get<std::vector<std::int64_t>>(read_message(attribute_header("a", 7)).value).empty());
}

TEST(ReadAttribute, RefusesContradictions) {
  const std::pair<Message, const char*> cases[] = {
      {attribute_header("a", 1).integer(3, 1), "attribute \"a\": is declared as float but holds int"},
      {attribute_header("a", 2).integer(3, 1).float32(2, 1), "attribute \"a\": holds both float and int"},
      {Message().bytes(1, "a"), "attribute \"a\": has neither a type nor a value"},
      {attribute_header("a", 99).integer(3, 1), "attribute \"a\": attribute type 99 does not exist"},
      {attribute_header("a", -1).integer(3, 1), "attribute \"a\": attribute type -1 does not exist"},
      {attribute_header("a", 4), "attribute \"a\": is declared as tensor but holds none"},
      {attribute("a", raw_tensor(DataType::kFloat32, {2}, "x")), "attribute \"a\": raw_data has 1 bytes"},
  };
  for (const auto& [message, expected] : cases) {
    const Error error = error_of([&, &bytes = message] { read_message(bytes); });
    EXPECT_EQ(error.code(), ErrorCode::kInvalidModel);
    EXPECT_THAT(error.what(), HasSubstr(expected));
  }
}

}  // namespace
}  // namespace linnet::test
