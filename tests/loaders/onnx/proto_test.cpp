#include "loaders/onnx/proto.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/loaders/toy_operators.hpp"

namespace linnet::test {
namespace {

using internal::onnx::AttributeProto;
using internal::onnx::AttributeType;
using internal::onnx::captured_names;
using internal::onnx::for_each_element;
using internal::onnx::NodeProto;
using internal::onnx::read;
using internal::onnx::Span;
using internal::onnx::TensorField;
using internal::onnx::TensorProto;
using internal::onnx::TypeProto;
using internal::onnx::ValueInfoProto;
using internal::onnx::walk_subgraphs;
using testing::ElementsAre;
using testing::HasSubstr;

Span span_of(const std::string& bytes) { return {bytes.data(), bytes.size(), bytes.data()}; }

TEST(Proto, LastScalarWinsListsJoinMessagesMerge) {
  const std::string bytes =
      Message().bytes(4, "First").bytes(1, "a").bytes(4, "Second").bytes(1, "b").integer(77, 5).str();
  const auto node = read<NodeProto>(span_of(bytes));
  EXPECT_EQ(node.op_type, "Second");
  EXPECT_THAT(node.inputs, ElementsAre("a", "b"));

  const Message half = Message().message(1, Message().varint(1, 1).message(2, shape_proto({2})));
  const Message other = Message().message(1, Message().message(2, shape_proto({"n"})));
  const std::string info_bytes = Message().bytes(1, "x").message(2, half).message(2, other).str();
  const auto info = read<ValueInfoProto>(span_of(info_bytes));
  EXPECT_EQ(info.type.elem_type, 1);
  ASSERT_EQ(info.type.dims.size(), 2u);
  EXPECT_EQ(info.type.dims[0].value, 2);
  EXPECT_EQ(info.type.dims[1].param, "n");
}

TEST(Proto, AnotherMemberOfATypeReplacesTheFirst) {
  const std::string bytes = Message().message(1, Message().varint(1, 1)).message(4, Message()).str();
  const auto type = read<TypeProto>(span_of(bytes));
  EXPECT_EQ(type.kind, TypeProto::Kind::kSequence);
  EXPECT_EQ(type.elem_type, 0);
}

TEST(Proto, TensorsInPartsKeepAllTheirElements) {
  const std::string first = Message().integer(1, 3).varint(2, 7).packed(7, {1, -2}).str();
  const std::string second = Message().integer(7, 3).bytes(8, "t").str();
  TensorProto tensor;
  read(tensor, span_of(first));
  read(tensor, span_of(second));
  EXPECT_EQ(tensor.int64_count, 3u);
  EXPECT_EQ(tensor.name, "t");
  std::vector<std::int64_t> elements;
  for_each_element<TensorField::kInt64>(
      tensor, [&](std::uint64_t value) { elements.push_back(static_cast<std::int64_t>(value)); });
  EXPECT_THAT(elements, ElementsAre(1, -2, 3));
}

TEST(Proto, KnowsWhichFieldsAnAttributeHas) {
  const std::string bytes = Message().bytes(1, "a").float32(2, 2.0f).integer(8, 4).packed(8, {5}).str();
  const auto attribute = read<AttributeProto>(span_of(bytes));
  EXPECT_TRUE(attribute.has(AttributeType::kFloat));
  EXPECT_TRUE(attribute.has(AttributeType::kInts));
  EXPECT_FALSE(attribute.has(AttributeType::kInt));
  EXPECT_THAT(attribute.ints, ElementsAre(4, 5));
  EXPECT_EQ(name_of(AttributeType::kSparseTensors), "sparse_tensors");
  EXPECT_EQ(name_of(static_cast<AttributeType>(99)), "type 99");
  EXPECT_EQ(name_of(static_cast<AttributeType>(-1)), "type -1");
}

/// A node whose subgraph holds a node whose subgraph ... `depth` graphs within each other.
std::string nested(int depth) {
  Message node = NodeSpec{"If", {}, {}, {}, {}, {}, {}}.message();
  for (int i = 0; i < depth; ++i) {
    node = NodeSpec{"If", {}, {}, {graph_attribute("then_branch", Message().message(1, node))}, {}, {}, {}}.message();
  }
  return node.str();
}

TEST(Proto, BoundsTheNestingOfSubgraphs) {
  walk_subgraphs(span_of(nested(0)), 64, nullptr);
  walk_subgraphs(span_of(nested(63)), 64, nullptr);
  walk_subgraphs(span_of(nested(64)), 64, nullptr);
  walk_subgraphs(span_of(nested(5000)), 0, nullptr);
  for (const int depth : {65, 5000}) {
    const Error error = error_of([&] { walk_subgraphs(span_of(nested(depth)), 64, nullptr); });
    EXPECT_EQ(error.code(), ErrorCode::kLimitExceeded);
    EXPECT_THAT(error.what(), HasSubstr("subgraphs are nested more than 64 deep (Options::limits.nesting)"));
  }
}

TEST(Proto, GraphsBesideEachOtherAreNotNested) {
  Message attribute = attribute_header("branches", 10);
  for (int i = 0; i < 200; ++i)
    attribute.message(11, Message().message(1, NodeSpec{"If", {}, {}, {}, {}, {}, {}}.message()));
  walk_subgraphs(span_of(NodeSpec{"If", {}, {}, {attribute}, {}, {}, {}}.message().str()), 1, nullptr);
}

TEST(Proto, NamesThatSubgraphsReadFromAround) {
  const auto node = [](const char* input, const char* output, std::vector<Message> attributes = {}) {
    return NodeSpec{"If", {input}, {output}, std::move(attributes), {}, {}, {}}.message();
  };
  const Message inner = Message()
                            .message(1, node("deep", "own"))
                            .message(1, node("own", "t"))
                            .message(1, node("i", "u"))
                            .message(1, node("w", "z"))
                            .message(5, tensor<float>({1}, {1}, "w"))
                            .message(11, value_info("i", DataType::kFloat32))
                            .message(12, value_info("returned", DataType::kFloat32));
  const Message outer =
      Message().message(1, node("a", "b", {graph_attribute("body", inner)})).message(1, node("b", "c"));
  const std::string bytes = node("not this", "nor this", {graph_attribute("then_branch", outer)}).str();
  EXPECT_THAT(captured_names(span_of(bytes)), ElementsAre("a", "deep", "returned"));
}

}  // namespace
}  // namespace linnet::test
