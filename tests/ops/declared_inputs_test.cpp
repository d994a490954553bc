// What operators declare of their inputs is checked for every one of them: each type that is not declared is refused,
// each input that is needed is asked for, and no more inputs are taken than there are. Names, and what may be left out,
// are as in ONNX's schemas.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ops/ops.hpp"
#include "runtime/infer.hpp"
#include "tests/ops/onnx_operands.hpp"

namespace linnet::internal {
namespace {

using testing::HasSubstr;

std::vector<DataType> all_types() {
  std::vector<DataType> types;
  for (int number = 1; number <= static_cast<int>(DataType::kInt2); ++number) {
    const auto type = static_cast<DataType>(number);
    if (kStoredTypes.has(type) || type == DataType::kString) types.push_back(type);
  }
  return types;
}

DataType some_type(const InputDef& input) {
  for (const DataType type : all_types()) {
    if (input.types.has(type)) return type;
  }
  return DataType::kUndefined;
}

bool has(const InputDef& input, DeclaredUse use) { return (input.uses & use) != 0; }

std::string name_of(const InputDef& input, std::size_t index) {
  return *input.name == '\0' ? std::to_string(index) : input.name;
}

/// A node of the operator with an input for each that it declares, and for a repeated one two.
struct Sample {
  explicit Sample(const OpDef& op) {
    node.op = &op;
    std::size_t count = 0;
    for (const InputDef& input : op.inputs) count += has(input, kRepeated) ? 2 : 1;
    const DataType first = count == 0 ? DataType::kUndefined : some_type(*op.inputs.of(0));
    for (std::size_t i = 0; i < count; ++i) {
      const InputDef& input = *op.inputs.of(i);
      Value value;
      value.type.type = has(input, kTypeOfFirst) ? first : some_type(input);
      node.inputs.push_back(static_cast<ValueId>(values.size()));
      values.push_back(std::move(value));
    }
  }

  /// The error of the check; empty for none.
  std::string refused(ErrorCode* code = nullptr) const {
    try {
      check_inputs({node, values, options});
      return "";
    } catch (const Error& error) {
      if (code != nullptr) *code = error.code();
      return error.what();
    }
  }

  Node node;
  std::vector<Value> values;
  Options options;
};

TEST(DeclaredInputs, EveryOperatorDeclaresInputsThatAreOptionalOnlyBehindThoseThatAreNeeded) {
  for (const OpDef* op : all_operators().all()) {
    SCOPED_TRACE(op->domain + "." + op->name);
    std::size_t index = 0;
    bool may_be_left_out = false;
    for (const InputDef& input : op->inputs) {
      ASSERT_NE(input.name, nullptr);
      EXPECT_TRUE(has(input, kMayBeLeftOut) || !may_be_left_out) << index;
      may_be_left_out = has(input, kMayBeLeftOut);
      EXPECT_NE(some_type(input), DataType::kUndefined) << index;
      EXPECT_FALSE(index == 0 && has(input, kTypeOfFirst) && !has(input, kRepeated));
      EXPECT_TRUE(!has(input, kRepeated) || &input + 1 == op->inputs.end()) << "only the last one can be repeated";
      EXPECT_FALSE(has(input, kDecidesShapes) && has(input, kShapeOnly)) << index;
      ++index;
    }
    EXPECT_EQ(Sample(*op).refused(), "");
  }
}

TEST(DeclaredInputs, EveryTypeThatIsNotDeclaredIsRefusedByNameOfInputAndType) {
  std::size_t refusals = 0;
  for (const OpDef* op : all_operators().all()) {
    Sample sample(*op);
    for (std::size_t i = 0; i < sample.node.inputs.size(); ++i) {
      const InputDef& input = *op->inputs.of(i);
      if (has(input, kJudgesTypes)) continue;
      const DataType right = sample.values[i].type.type;
      const bool like_first = i > 0 && has(input, kTypeOfFirst);
      for (const DataType type : all_types()) {
        if (like_first ? type == right : input.types.has(type)) continue;
        if (i == 0) {
          // Those that must be of its type are then, too: the error is about the first.
          for (std::size_t j = 1; j < sample.node.inputs.size(); ++j) {
            if (has(*op->inputs.of(j), kTypeOfFirst)) sample.values[j].type.type = type;
          }
        }
        sample.values[i].type.type = type;
        const std::string expected = text("input ", name_of(input, i), " is ", type);
        EXPECT_THAT(sample.refused(), HasSubstr(expected)) << op->domain << "." << op->name;
        ++refusals;
      }
      sample = Sample(*op);
    }
  }
  EXPECT_GT(refusals, 3000U);
}

TEST(DeclaredInputs, AnInputThatIsNeededIsMissedByName) {
  std::size_t refusals = 0;
  for (const OpDef* op : all_operators().all()) {
    for (std::size_t i = 0; i < Sample(*op).node.inputs.size(); ++i) {
      Sample sample(*op);
      sample.node.inputs[i] = kNoValue;
      const InputDef& input = *op->inputs.of(i);
      if (has(input, kMayBeLeftOut)) continue;
      ErrorCode code = ErrorCode::kInternal;
      EXPECT_THAT(sample.refused(&code), HasSubstr(text("input ", name_of(input, i), " is missing"))) << op->name;
      EXPECT_EQ(code, ErrorCode::kInvalidModel);
      ++refusals;
    }
  }
  EXPECT_GT(refusals, 250U);
}

TEST(DeclaredInputs, TheNumberOfInputsIsThatOfTheDeclaredOnes) {
  for (const OpDef* op : all_operators().all()) {
    SCOPED_TRACE(op->domain + "." + op->name);
    for (const std::size_t count :
         {op->inputs.least() - 1, op->inputs.least(), op->inputs.most(), op->inputs.most() + 1}) {
      if (count > 16) continue;  // one less than none, or as many as one likes
      Sample sample(*op);
      sample.node.inputs.assign(count, 0);
      sample.node.outputs.assign(1, 0);
      if (count >= op->inputs.least() && count <= op->inputs.most()) {
        EXPECT_NO_THROW(check_arity(sample.node)) << count;
      } else {
        EXPECT_THROW(check_arity(sample.node), Error) << count;
      }
    }
  }
}

TEST(DeclaredInputs, AreThoseOfOnnxsSchemas) {
  const test::OnnxSchemas schemas = test::onnx_schemas("inputs");
  std::size_t compared = 0;
  for (const OpDef* op : all_operators().all()) {
    const std::vector<std::vector<test::OnnxOperand>> forms = forms_of(schemas, *op);
    if (forms.empty()) continue;
    SCOPED_TRACE(op->domain + "." + op->name);
    std::size_t most = 0;
    for (const auto& form : forms) most = std::max(most, form.size());
    EXPECT_EQ(static_cast<std::size_t>(op->inputs.end() - op->inputs.begin()), most);
    for (std::size_t i = 0; i < most; ++i) {
      const InputDef* const input = op->inputs.of(i);
      ASSERT_NE(input, nullptr) << i;
      bool needed = true;
      test::OnnxOperand newest;
      for (const auto& form : forms) {
        const bool is_there = i < form.size();
        if (is_there) newest = form[i];
        needed = needed && is_there && newest.option != "Optional";
      }
      EXPECT_EQ(has(*input, kRepeated), newest.option == "Variadic") << i;
      if (has(*input, kRepeated)) continue;
      EXPECT_EQ(input->name, newest.name);
      EXPECT_EQ(has(*input, kMayBeLeftOut), !needed) << newest.name;
      ++compared;
    }
  }
  EXPECT_GT(compared, 250U);
}

TEST(DeclaredInputs, WhatOnnxAllowsIsNotSupportedAndWhatItDoesNotIsInvalid) {
  const auto code_of = [](const char* name, DataType type) {
    Sample sample(*all_operators().find("", name));
    sample.values[0].type.type = type;
    ErrorCode code = ErrorCode::kInternal;
    EXPECT_NE(sample.refused(&code), "");
    return code;
  };
  EXPECT_EQ(code_of("Tile", DataType::kInt4), ErrorCode::kUnsupported);
  EXPECT_EQ(code_of("Relu", DataType::kUint8), ErrorCode::kInvalidModel);
  EXPECT_EQ(code_of("Relu", DataType::kString), ErrorCode::kUnsupported);
  EXPECT_EQ(code_of("StringConcat", DataType::kFloat32), ErrorCode::kInvalidModel);
}

}  // namespace
}  // namespace linnet::internal
