// Attributes that an operator does not have at its opset: passed over where that changes nothing, refused otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/ops.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

struct ForeignAttribute {
  const char* op;
  int opset;
  std::vector<NamedAttribute> attributes;  ///< the last is the one in question
  std::size_t inputs;
  std::string refusal;  ///< empty: passed over
};

TEST(ForeignAttributes, ArePassedOverWhereThatChangesNothing) {
  const NamedAttribute to{"to", std::int64_t{1}};
  const std::string elsewhere = "; it does at others, and its value is not the default there";
  const std::vector<ForeignAttribute> cases = {
      // Attributes of the newest form, at its default and not.
      {"Reshape", 13, {{"allowzero", std::int64_t{0}}}, 2, ""},
      {"Reshape", 13, {{"allowzero", std::int64_t{1}}}, 2, "\"allowzero\" does not exist at opset 13" + elsewhere},
      {"Shape", 13, {{"start", std::int64_t{0}}}, 1, ""},
      {"Shape", 13, {{"start", std::int64_t{1}}}, 1, "\"start\" does not exist at opset 13" + elsewhere},
      {"BatchNormalization", 9, {{"training_mode", std::int64_t{0}}}, 5, ""},
      {"BatchNormalization", 9, {{"training_mode", std::int64_t{1}}}, 5, "\"training_mode\" does not exist"},
      // Of the oldest form.
      {"BatchNormalization", 15, {{"spatial", std::int64_t{1}}}, 5, ""},
      {"BatchNormalization", 15, {{"spatial", std::int64_t{0}}}, 5, "\"spatial\" does not exist at opset 15"},
      {"Squeeze", 13, {{"axes", std::vector<std::int64_t>{0}}}, 1, "\"axes\" does not exist at opset 13" + elsewhere},
      // Without effect at inference, or on the types there are.
      {"Dropout", 13, {{"ratio", 0.5F}}, 1, ""},
      {"Cast", 13, {to, {"saturate", std::int64_t{0}}}, 1, ""},
      {"Cast", 19, {to, {"round_mode", std::string("up")}}, 1, ""},
      {"Cast",
       13,
       {{"to", std::int64_t{17}}, {"saturate", std::int64_t{0}}},
       1,
       "\"saturate\" does not exist at opset"},
      // Of no form: what a writer notes for itself begins with "_".
      {"Relu", 14, {{"_output_shapes", std::vector<std::int64_t>{1, 2}}}, 1, ""},
      {"Relu", 14, {{"alpha", 0.5F}}, 1, "attribute \"alpha\" does not exist at opset 14"},
      {"Softmax", 13, {{"axes", std::int64_t{1}}}, 1, "attribute \"axes\" does not exist at opset 13"},
  };
  for (const ForeignAttribute& item : cases) {
    const std::string& name = item.attributes.back().name;
    SCOPED_TRACE(std::string(item.op) + " " + name);
    const OpDef* op = all_operators().find("", item.op);
    ASSERT_NE(op, nullptr);
    std::vector<std::string> passed_over;
    std::string refusal;
    try {
      parse_node(*op, item.opset, item.attributes, item.inputs, 1, &passed_over);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidModel);
      refusal = error.what();
    }
    if (item.refusal.empty()) {
      EXPECT_EQ(refusal, "");
      EXPECT_THAT(passed_over, testing::ElementsAre(name));
    } else {
      EXPECT_THAT(refusal, testing::HasSubstr(item.refusal));
    }
  }
}

}  // namespace
}  // namespace linnet::internal
