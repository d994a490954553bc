// input_uses: what a model does with the elements of its inputs.
#include <linnet/inspect.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/api/sample_models.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<float> zeros(std::size_t count) { return std::vector<float>(count, 0.0F); }

std::vector<InputUse> uses_of(const std::string& bytes, const std::vector<Shape>& shapes) {
  const Model loaded = load(bytes, options_for(Backend::kAuto, 1));
  return input_uses(loaded, shapes);
}

TEST(InputUses, AnIndexLiesInTheTable) {
  const std::string bytes = model()
                                .opset(13)
                                .input("ids", DataType::kInt64, {"batch", 8})
                                .input("x", DataType::kFloat32, {"batch", 8, 2})
                                .initializer<float>("table", {1000, 2}, zeros(2000))
                                .node("Gather", {"table", "ids"}, {"g"})
                                .node("Add", {"g", "x"}, {"y"})
                                .output("y", DataType::kFloat32, {"batch", 8, 2})
                                .bytes();
  const std::vector<InputUse> uses = uses_of(bytes, {{3, 8}, {3, 8, 2}});
  ASSERT_EQ(uses.size(), 2U);
  EXPECT_EQ(uses[0].meaning, ElementMeaning::kIndices);
  EXPECT_EQ(uses[0].low, 0);
  EXPECT_EQ(uses[0].high, 999);
  EXPECT_THAT(uses[0].reason, HasSubstr("an index into axis 0 of size 1000 (Gather node"));
  EXPECT_EQ(uses[1].meaning, ElementMeaning::kNumbers);
  EXPECT_EQ(uses[1].reason, "");
}

/// Cast, Reshape and Unsqueeze hand the elements on; of two tables the smaller one counts.
TEST(InputUses, AnIndexIsFollowedThroughWhatOnlyMovesIt) {
  const std::string bytes = model()
                                .opset(13)
                                .input("ids", DataType::kInt32, {"batch", 8})
                                .initializer<float>("table", {1000, 2}, zeros(2000))
                                .initializer<float>("small", {50, 2}, zeros(100))
                                .initializer<std::int64_t>("axes", {1}, {0})
                                .initializer<std::int64_t>("flat", {1}, {-1})
                                .node("Cast", {"ids"}, {"wide"}, {attribute("to", 7)})
                                .node("Unsqueeze", {"wide", "axes"}, {"u"})
                                .node("Transpose", {"u"}, {"t"})
                                .node("Gather", {"table", "t"}, {"y"})
                                .node("Reshape", {"wide", "flat"}, {"r"})
                                .node("Gather", {"small", "r"}, {"z"})
                                .output("y", DataType::kFloat32, {8, "batch", 1, 2})
                                .output("z", DataType::kFloat32, {"rows", 2})
                                .bytes();
  const std::vector<InputUse> uses = uses_of(bytes, {{3, 8}});
  EXPECT_EQ(uses[0].meaning, ElementMeaning::kIndices);
  EXPECT_EQ(uses[0].high, 49);
}

TEST(InputUses, TheSizeOfATableMayBeThatOfAnInput) {
  const std::string bytes = model()
                                .opset(13)
                                .input("x", DataType::kFloat32, {"rows", 2})
                                .input("i", DataType::kInt64, {"picked"})
                                .node("Gather", {"x", "i"}, {"y"})
                                .output("y", DataType::kFloat32, {"picked", 2})
                                .bytes();
  EXPECT_EQ(uses_of(bytes, {{7, 2}, {3}})[1].high, 6);
}

TEST(InputUses, AnIntegerThatBecomesABooleanIsAMask) {
  const std::string bytes = model()
                                .opset(13)
                                .input("mask", DataType::kInt64, {"n"})
                                .input("x", DataType::kFloat32, {"n"})
                                .initializer<float>("low", {}, {-1e9F})
                                .node("Cast", {"mask"}, {"keep"}, {attribute("to", 9)})
                                .node("Where", {"keep", "x", "low"}, {"y"})
                                .output("y", DataType::kFloat32, {"n"})
                                .bytes();
  const InputUse use = uses_of(bytes, {{5}, {5}})[0];
  EXPECT_EQ(use.meaning, ElementMeaning::kTruth);
  EXPECT_EQ(use.low, 0);
  EXPECT_EQ(use.high, 1);
}

TEST(InputUses, WhatDecidesShapesHasElementsThatFit) {
  const std::string bytes = model()
                                .opset(13)
                                .input("x", DataType::kFloat32, {6, 4})
                                .input("shape", DataType::kInt64, {3})
                                .input("limit", DataType::kInt64, {})
                                .initializer<std::int64_t>("zero", {}, {0})
                                .initializer<std::int64_t>("one", {}, {1})
                                .node("Reshape", {"x", "shape"}, {"y"})
                                .node("Range", {"zero", "limit", "one"}, {"z"})
                                .output("y", DataType::kFloat32, {"a", "b", "c"})
                                .output("z", DataType::kInt64, {"d"})
                                .bytes();
  const std::vector<InputUse> uses = uses_of(bytes, {{6, 4}, {3}, {}});
  EXPECT_EQ(uses[1].meaning, ElementMeaning::kSizes);
  EXPECT_THAT(uses[1].elements, ElementsAre(-1, 1, 1));
  EXPECT_EQ(uses[2].meaning, ElementMeaning::kSizes);
  EXPECT_THAT(uses[2].elements, ElementsAre(1));
}

TEST(InputUses, AnIntegerDivisorIsNotZero) {
  const std::string bytes = model()
                                .opset(13)
                                .input("a", DataType::kInt64, {3})
                                .input("b", DataType::kInt64, {3})
                                .node("Div", {"a", "b"}, {"y"})
                                .output("y", DataType::kInt64, {3})
                                .bytes();
  const std::vector<InputUse> uses = uses_of(bytes, {{3}, {3}});
  EXPECT_EQ(uses[0].low, INT64_MIN);
  EXPECT_EQ(uses[1].low, 1);
}

TEST(InputUses, RefusesShapesThatTheModelDoesNotTake) {
  const Model network = load(small_network());
  EXPECT_THROW(input_uses(network, {}), Error);
  EXPECT_THROW(input_uses(network, {{20}}), Error);
  EXPECT_THROW(input_uses(network, {{-1, 20}}), Error);
}

}  // namespace
}  // namespace linnet::test
