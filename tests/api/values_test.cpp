// linnet::Value: what is no tensor of numbers, from a caller through a model and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linnet/inspect.hpp>

#include "tests/api/float_values.hpp"
#include "tests/api/value_models.hpp"
#include "tests/support/tensor_difference.hpp"

namespace linnet::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Values, StringsGoInAndOut) {
  const std::string odd("\0\xff", 2);
  const Model model = load_any(strings_model());
  EXPECT_EQ(model.inputs()[0].type, DataType::kString);
  EXPECT_EQ(model.inputs()[0].kind, ValueKind::kTensor);
  EXPECT_TRUE(model.inputs()[0].has_shape);
  const std::string long_text(1000, 'z');
  for (int run = 0; run < 2; ++run) {
    const std::vector<Value> made = run_values(model, {Value::strings({3, 2}, {"a", "b", odd, "a", long_text, ""})});
    EXPECT_EQ(made[0].shape(), (Shape{2, 3}));
    EXPECT_THAT(made[0].strings(), ElementsAre("a", odd, long_text, "b", "a", ""));
    const auto* const same = static_cast<const bool*>(made[1].view().data);
    EXPECT_THAT(std::vector<bool>(same, same + 6), ElementsAre(true, false, false, true, false, false));
  }
  EXPECT_EQ(run_values(model, {Value::strings({0, 2}, {})})[0].shape(), (Shape{2, 0}));
}

TEST(Values, SequencesGoInAndOut) {
  const Model model = load_any(sequence_model());
  EXPECT_EQ(model.inputs()[0].kind, ValueKind::kSequence);
  EXPECT_EQ(model.inputs()[0].type, DataType::kFloat32);
  EXPECT_FALSE(model.inputs()[0].has_shape);
  EXPECT_EQ(model.outputs()[0].kind, ValueKind::kSequence);
  const Value one = Value::sequence(DataType::kFloat32, {floats({2}, {1, 2})});
  std::vector<Value> made = run_values(model, {one, floats({1}, {5})});
  EXPECT_THAT(items_of<float>(made[0]), ElementsAre(ElementsAre(1, 2), ElementsAre(5)));
  EXPECT_THAT(elements_of<float>(made[1]), ElementsAre(1, 2));
  made = run_values(model, {made[0], floats({}, {6})});  // what one run gave, another takes
  EXPECT_THAT(items_of<float>(made[0]), ElementsAre(ElementsAre(1, 2), ElementsAre(5), ElementsAre(6)));
  EXPECT_EQ(one.size(), 1U);
}

TEST(Values, AnEmptySequenceIsOneOfAnyType) {
  const Model model = load_any(sequence_model());
  const std::vector<Value> made = run_values(model, {Value::sequence(DataType::kInt8, {}), floats({1}, {5})});
  EXPECT_THAT(items_of<float>(made[0]), ElementsAre(ElementsAre(5)));
}

TEST(Values, OptionalsGoInAndOut) {
  const Model model = load_any(optional_model());
  EXPECT_EQ(model.inputs()[0].kind, ValueKind::kOptional);
  EXPECT_EQ(model.outputs()[1].kind, ValueKind::kOptional);
  for (int run = 0; run < 2; ++run) {
    std::vector<Value> made = run_values(model, {Value()});
    EXPECT_FALSE(*static_cast<const bool*>(made[0].view().data));
    EXPECT_FALSE(made[1].has_value());
    made = run_values(model, {floats({2}, {1, 2})});
    EXPECT_TRUE(*static_cast<const bool*>(made[0].view().data));
    EXPECT_THAT(elements_of<float>(made[1]), ElementsAre(1, 2));
  }
}

TEST(Values, WhatIsMissingInAnOptionalIsAnErrorOfTheRun) {
  ModelWriter writer = model();
  value_input(writer.opset(18), "o", optional_type(sequence_type(DataType::kFloat32)))
      .node("OptionalGetElement", {"o"}, {"y"})
      .output("y");
  const Model model = load_any(writer.bytes());
  EXPECT_EQ(model.inputs()[0].kind, ValueKind::kOptionalSequence);
  const Value one = Value::sequence(DataType::kFloat32, {floats({1}, {5})});
  EXPECT_THAT(items_of<float>(run_values(model, {one})[0]), ElementsAre(ElementsAre(5)));
  EXPECT_THAT(error_of([&] { run_values(model, {Value()}); }, ErrorCode::kInvalidModel),
              HasSubstr("there is nothing in the optional"));
  EXPECT_THAT(items_of<float>(run_values(model, {one})[0]), ElementsAre(ElementsAre(5))) << "the run after the error";
}

TEST(Values, WrongInputsSayWhatTheModelWants) {
  const Model strings = load_any(strings_model());
  const Model sequences = load_any(sequence_model());
  const Model optionals = load_any(optional_model());
  const Value x = floats({1}, {1});
  const Value texts = Value::strings({1, 2}, {"a", "b"});
  const auto wrong = [](const Model& model, const std::vector<Value>& inputs) {
    return refused([&] { run_values(model, inputs); });
  };
  EXPECT_EQ(wrong(strings, {}), "0 inputs given, the model wants 1");
  EXPECT_EQ(wrong(strings, {x}), "input \"x\": the model wants string [n,2], got float32 [1]");
  EXPECT_EQ(wrong(strings, {Value()}), "input \"x\": the model wants string [n,2], got nothing");
  EXPECT_EQ(wrong(strings, {Value::strings({2}, {"a", "b"})}),
            "input \"x\": the model wants string [n,2], got string [2]");
  EXPECT_EQ(wrong(sequences, {x, x}), "input \"s\": the model wants sequence(float32), got float32 [1]");
  EXPECT_EQ(wrong(sequences, {Value::sequence(DataType::kString, {texts}), x}),
            "input \"s\": the model wants sequence(float32), got sequence(string)");
  EXPECT_EQ(wrong(sequences, {Value::sequence(DataType::kFloat32, {}), texts}),
            "input \"x\": the model wants float32 of any shape, got string [1,2]");
  EXPECT_EQ(wrong(optionals, {texts}), "input \"o\": the model wants optional(float32), got string");
  EXPECT_EQ(wrong(optionals, {Value::sequence(DataType::kFloat32, {x})}),
            "input \"o\": the model wants optional(float32), got sequence(float32)");
}

TEST(Values, FormsForNumbersSayThatTheyAreNone) {
  const Model strings = load_any(strings_model());
  const Model sequences = load_any(sequence_model());
  const Tensor x = tensor_with<float>({1}, {1});
  const std::int64_t sizes[] = {1, 2};
  const ConstTensorView no_view = {DataType::kString, sizes, 2, &x};
  const std::string wanted = "input 0: a view of string is no tensor of numbers: bind a value";
  EXPECT_EQ(refused([&] { strings.session().bind_input(0, no_view); }), wanted);
  EXPECT_EQ(refused([&] { strings.session().run({no_view}, {}); }), wanted);
  EXPECT_EQ(refused([&] { summarize_program(strings, {no_view}); }), wanted);
  EXPECT_EQ(refused([&] { strings.run({x}); }),
            "output \"y\" is string, which is no tensor of numbers: run with values");
  EXPECT_EQ(refused([&] {
              sequences.run_views({x.view(), x.view()});
            }),
            "output \"longer\" is sequence(float32), which is no tensor of numbers: run with values");
  Session session = strings.session();
  bind_value(session, 0, Value::strings({1, 2}, {"a", "b"}));
  session.run();
  EXPECT_EQ(refused([&] { session.output(0); }),
            "output \"y\" is string, which is no tensor of numbers: take it as a value");
  EXPECT_TRUE(static_cast<const bool*>(session.output(1).data)[0]);
  Tensor y = Tensor::of<float>({2, 1});
  EXPECT_EQ(refused([&] {
              session.bind_output(0, {DataType::kString, sizes, 2, y.data()});
            }),
            "output 0 is string, which has no buffer to be bound: take its value after the run");
}

TEST(Values, StayBoundUntilAnotherIs) {
  const Model model = load_any(sequence_model());
  Session session = model.session();
  const Tensor x = tensor_with<float>({1}, {5});
  {
    const Value value = Value::sequence(DataType::kFloat32, {floats({1}, {1})});
    bind_value(session, 0, value);
  }
  session.bind_input(1, x.view());
  session.prepare();
  for (int run = 0; run < 3; ++run) {
    session.run();
    EXPECT_THAT(items_of<float>(output_value(session, 0)), ElementsAre(ElementsAre(1), ElementsAre(5)));
  }
  const Value kept = output_value(session, 0);
  bind_value(session, 0, Value::sequence(DataType::kFloat32, {floats({1}, {2}), floats({1}, {3})}));
  session.run();
  EXPECT_THAT(items_of<float>(output_value(session, 0)), ElementsAre(ElementsAre(2), ElementsAre(3), ElementsAre(5)));
  EXPECT_THAT(items_of<float>(kept), ElementsAre(ElementsAre(1), ElementsAre(5))) << "a result is a copy";
  EXPECT_EQ(refused([&] { bind_value(session, 0, Value()); }),
            "input \"s\": the model wants sequence(float32), got nothing");
  session.run();
  EXPECT_EQ(output_value(session, 0).size(), 3U) << "what is refused leaves what was bound";
  EXPECT_EQ(refused([&] { bind_value(session, 2, Value()); }), "input 2 does not exist: the model has 2");
  EXPECT_EQ(refused([&] { output_value(session, 2); }), "output 2 does not exist: the model has 2");
}

TEST(Values, ARunWithValuesLeavesNothingBound) {
  const Model model = load_any(strings_model());
  Session session = model.session();
  EXPECT_EQ(refused([&] { output_value(session, 0); }), "output 0 is not there yet: run the session first");
  run_values(session, {Value::strings({1, 2}, {"a", "b"})});
  EXPECT_EQ(refused([&] { session.run(); }), "input \"x\" is not given: the model wants string [n,2]");
}

TEST(Values, NumbersAreValuesToo) {
  const Model model = load_any(small_network());
  const Tensor x = sample_tensor({4, 20});
  const std::vector<Tensor> expected = model.run({x});
  const std::vector<Value> made = run_values(model, {x});
  for (std::size_t i = 0; i < made.size(); ++i) EXPECT_EQ(bit_difference(made[i].view(), expected[i].view()), "");
}

}  // namespace
}  // namespace linnet::test
