// What operators declare of their outputs: names, what may be left out and types are as in ONNX's schemas, and `infer`
// is held to the types.
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

using test::OnnxOperand;
using Form = std::vector<OnnxOperand>;
using testing::HasSubstr;

bool has(const OutputDef& output, DeclaredUse use) { return (output.uses & use) != 0; }

TEST(DeclaredOutputs, EveryOperatorDeclaresWhatItCanKeepTo) {
  for (const OpDef* op : all_operators().all()) {
    SCOPED_TRACE(op->domain + "." + op->name);
    ASSERT_NE(op->outputs.begin(), op->outputs.end());
    bool may_be_left_out = false;
    for (const OutputDef& output : op->outputs) {
      ASSERT_NE(output.name, nullptr);
      EXPECT_EQ(*output.name == '\0', has(output, kRepeated));
      EXPECT_TRUE(has(output, kMayBeLeftOut) || !may_be_left_out) << output.name;
      may_be_left_out = has(output, kMayBeLeftOut);
      EXPECT_TRUE(!has(output, kRepeated) || &output + 1 == op->outputs.end()) << "only the last one can be repeated";
      const auto allowed = kMayBeLeftOut | kRepeated | kJudgesTypes;
      EXPECT_EQ(output.uses & ~allowed, 0) << output.name;
      EXPECT_EQ(output.like >= 0, output.types == TypeSet{}) << output.name;
      const auto is_input = [&](std::size_t input) { return op->inputs.of(input) != nullptr; };
      EXPECT_TRUE(output.like < 0 || is_input(static_cast<std::size_t>(output.like))) << output.name;
      for (std::size_t input = 0; input < 8; ++input)
        EXPECT_TRUE(!has_bit(output.over, input) || is_input(input)) << output.name;
      const bool open = output.like < 0 && output.types.only() == DataType::kUndefined;
      EXPECT_TRUE(!open || op->output_type != nullptr || op->inputs.begin() == op->inputs.end()) << output.name;
    }
  }
}

TEST(DeclaredOutputs, TheirNumberIsThatOfTheDeclaredOnes) {
  for (const OpDef* op : all_operators().all()) {
    SCOPED_TRACE(op->domain + "." + op->name);
    const std::size_t least = has(*op->outputs.begin(), kMayBeLeftOut) ? 0 : 1;
    for (const std::size_t count : {least - 1, least, op->outputs.most(), op->outputs.most() + 1}) {
      if (count > 16) continue;  // one less than none, or as many as one likes
      Node node;
      node.op = op;
      node.inputs.assign(op->inputs.least(), 0);
      node.outputs.assign(count, 0);
      if (count >= least && count <= op->outputs.most()) {
        EXPECT_NO_THROW(check_arity(node)) << count;
      } else {
        EXPECT_THROW(check_arity(node), Error) << count;
      }
    }
  }
}

/// Output `index` of the newest form that has it, and whether all have it and ask for it.
std::pair<OnnxOperand, bool> newest_of(const std::vector<Form>& forms, std::size_t index) {
  std::pair<OnnxOperand, bool> found{{}, true};
  for (const Form& form : forms) {
    const bool is_there = index < form.size();
    if (is_there) found.first = form[index];
    found.second = found.second && is_there && found.first.option != "Optional";
  }
  return found;
}

TEST(DeclaredOutputs, NamesAndWhatMayBeLeftOutAreThoseOfOnnxsSchemas) {
  const test::OnnxSchemas schemas = test::onnx_schemas("outputs");
  std::size_t compared = 0;
  for (const OpDef* op : all_operators().all()) {
    const std::vector<Form> forms = forms_of(schemas, *op);
    if (forms.empty()) continue;
    SCOPED_TRACE(op->domain + "." + op->name);
    std::size_t most = 0;
    for (const Form& form : forms) most = std::max(most, form.size());
    ASSERT_EQ(static_cast<std::size_t>(op->outputs.end() - op->outputs.begin()), most);
    for (std::size_t i = 0; i < most; ++i) {
      const OutputDef& output = *op->outputs.of(i);
      const auto [newest, needed] = newest_of(forms, i);
      EXPECT_EQ(has(output, kRepeated), newest.option == "Variadic") << newest.name;
      if (has(output, kRepeated)) continue;
      EXPECT_EQ(output.name, newest.name);
      EXPECT_EQ(has(output, kMayBeLeftOut), !needed) << newest.name;
      ++compared;
    }
  }
  EXPECT_GT(compared, 190U);
}

/// What any form allows, and of inputs that have its type in a form what they may be in any: Linnet takes at every
/// operator set what the newest one does.
std::vector<DataType> types_of(const std::vector<Form>& forms, const std::vector<Form>& input_forms,
                               std::size_t index) {
  std::vector<DataType> types;
  const auto add = [&](const std::vector<Form>& from, std::size_t operand) {
    for (const Form& form : from) {
      if (operand < form.size()) types.insert(types.end(), form[operand].types.begin(), form[operand].types.end());
    }
  };
  add(forms, index);
  for (std::size_t i = 0; i < std::min(forms.size(), input_forms.size()); ++i) {
    for (std::size_t input = 0; index < forms[i].size() && input < input_forms[i].size(); ++input) {
      if (input_forms[i][input].type == forms[i][index].type) add(input_forms, input);
    }
  }
  return types;
}

TEST(DeclaredOutputs, TypesAreThoseOfOnnxsSchemas) {
  const test::OnnxSchemas output_schemas = test::onnx_schemas("outputs");
  const test::OnnxSchemas input_schemas = test::onnx_schemas("inputs");
  std::size_t like_inputs = 0, of_own = 0;
  for (const OpDef* op : all_operators().all()) {
    const std::vector<Form> forms = forms_of(output_schemas, *op);
    if (forms.empty()) continue;
    const std::vector<Form> input_forms = forms_of(input_schemas, *op);
    const Form inputs = input_forms.empty() ? Form() : input_forms.back();
    for (std::size_t i = 0; i < static_cast<std::size_t>(op->outputs.end() - op->outputs.begin()); ++i) {
      const OutputDef& output = *op->outputs.of(i);
      SCOPED_TRACE(op->domain + "." + op->name + " " + output.name);
      const OnnxOperand newest = newest_of(forms, i).first;
      if (output.like >= 0) {
        const auto like = static_cast<std::size_t>(output.like);
        ASSERT_LT(like, inputs.size());
        EXPECT_EQ(inputs[like].type, newest.type);
        ++like_inputs;
        continue;
      }
      if (has(output, kJudgesTypes)) continue;
      const bool like_a_needed_one = std::any_of(inputs.begin(), inputs.end(), [&](const OnnxOperand& input) {
        return input.option == "Single" && input.type == newest.type;
      });
      EXPECT_TRUE(!like_a_needed_one || output.types.only() != DataType::kUndefined);
      const std::vector<DataType> allowed = types_of(forms, input_forms, i);
      for (unsigned number = 1; number < 32; ++number) {
        const auto type = static_cast<DataType>(number);
        const bool is_allowed = std::find(allowed.begin(), allowed.end(), type) != allowed.end();
        EXPECT_TRUE(!output.types.has(type) || is_allowed) << text(type);
      }
      ++of_own;
    }
  }
  EXPECT_GT(like_inputs, 130U);
  EXPECT_GT(of_own, 40U);
}

TEST(DeclaredOutputs, AnotherTypeThanTheDeclaredOnesIsNotOursToInfer) {
  const OpDef* relu = all_operators().find("", "Relu");
  OpDef lying = *relu;
  lying.infer = [](InferContext& context) { context.set_output(0, DataType::kInt64, context.input_dims(0)); };
  for (const OpDef* op : std::vector<const OpDef*>{relu, &lying}) {
    Node node;
    node.op = op;
    node.attributes = std::make_shared<NoAttributes>();
    node.inputs = {0};
    node.outputs = {1};
    std::vector<Value> values(2);
    values[0].type = {DataType::kFloat32, true, {2}};
    try {
      infer_node(node, values, {}, {});
      EXPECT_EQ(op, relu);
      EXPECT_EQ(values[1].type.type, DataType::kFloat32);
    } catch (const Error& error) {
      EXPECT_EQ(op, &lying);
      EXPECT_EQ(error.code(), ErrorCode::kInternal);
      EXPECT_THAT(error.what(), HasSubstr("output Y is int64, which is not declared"));
    }
  }
}

}  // namespace
}  // namespace linnet::internal
