// linnet::Value: what is no tensor of numbers, from a caller through a model and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linnet/inspect.hpp>

#include <thread>

#include "tests/api/control_flow.hpp"
#include "tests/api/value_models.hpp"
#include "tests/loaders/temporary_folder.hpp"
#include "tests/support/tensor_difference.hpp"

namespace linnet::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Value floats(const Shape& shape, const std::vector<float>& values) { return tensor_with<float>(shape, values); }

std::vector<float> floats_of(const Value& value) {
  const ConstTensorView view = value.view();
  std::size_t count = 1;
  for (std::size_t i = 0; i < view.rank; ++i) count *= static_cast<std::size_t>(view.shape[i]);
  const auto* const data = static_cast<const float*>(view.data);
  return {data, data + count};
}

std::vector<std::vector<float>> float_items_of(const Value& sequence) {
  std::vector<std::vector<float>> items;
  for (std::size_t i = 0; i < sequence.size(); ++i) items.push_back(floats_of(sequence.at(i)));
  return items;
}

std::string refused(const std::function<void()>& body) { return error_of(body, ErrorCode::kInvalidArgument); }

Model load_any(const std::string& bytes, int threads = 1) { return load(bytes, options_for(Backend::kAuto, threads)); }

TEST(Value, IsATensorOfNumbers) {
  const Value value = floats({2, 1}, {3, 4});
  EXPECT_TRUE(value.has_value());
  EXPECT_FALSE(value.is_sequence());
  EXPECT_EQ(value.type(), DataType::kFloat32);
  EXPECT_EQ(value.shape(), (Shape{2, 1}));
  EXPECT_THAT(floats_of(value), ElementsAre(3, 4));
  const Value empty = floats({0, 3}, {});
  EXPECT_EQ(empty.shape(), (Shape{0, 3}));
  EXPECT_EQ(floats_of(floats({}, {7})).front(), 7);
}

TEST(Value, CopiesTheElements) {
  Tensor tensor = tensor_with<float>({1}, {1});
  const Value value = tensor;
  tensor.data<float>()[0] = 2;
  EXPECT_THAT(floats_of(value), ElementsAre(1));
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
  EXPECT_THAT(float_items_of(value), ElementsAre(ElementsAre(1, 2), ElementsAre(3)));
  const Value texts = Value::sequence(DataType::kString, {Value::strings({1}, {"a"})});
  EXPECT_EQ(texts.type(), DataType::kString);
  EXPECT_THAT(texts.at(0).strings(), ElementsAre("a"));
  EXPECT_EQ(Value::sequence(DataType::kInt64, {}).size(), 0U);
}

TEST(Value, AnItemOutlivesItsSequence) {
  Value value = Value::sequence(DataType::kFloat32, {floats({2}, {1, 2})});
  const Value item = value.at(0);
  value = Value();
  EXPECT_THAT(floats_of(item), ElementsAre(1, 2));
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

// Through models.

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
  EXPECT_THAT(float_items_of(made[0]), ElementsAre(ElementsAre(1, 2), ElementsAre(5)));
  EXPECT_THAT(floats_of(made[1]), ElementsAre(1, 2));
  made = run_values(model, {made[0], floats({}, {6})});  // what one run gave, another takes
  EXPECT_THAT(float_items_of(made[0]), ElementsAre(ElementsAre(1, 2), ElementsAre(5), ElementsAre(6)));
  EXPECT_EQ(one.size(), 1U);
}

TEST(Values, AnEmptySequenceIsOneOfAnyType) {
  const Model model = load_any(sequence_model());
  const std::vector<Value> made = run_values(model, {Value::sequence(DataType::kInt8, {}), floats({1}, {5})});
  EXPECT_THAT(float_items_of(made[0]), ElementsAre(ElementsAre(5)));
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
    EXPECT_THAT(floats_of(made[1]), ElementsAre(1, 2));
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
  EXPECT_THAT(float_items_of(run_values(model, {one})[0]), ElementsAre(ElementsAre(5)));
  EXPECT_THAT(error_of([&] { run_values(model, {Value()}); }, ErrorCode::kInvalidModel),
              HasSubstr("there is nothing in the optional"));
  EXPECT_THAT(float_items_of(run_values(model, {one})[0]), ElementsAre(ElementsAre(5))) << "the run after the error";
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
    EXPECT_THAT(float_items_of(output_value(session, 0)), ElementsAre(ElementsAre(1), ElementsAre(5)));
  }
  const Value kept = output_value(session, 0);
  bind_value(session, 0, Value::sequence(DataType::kFloat32, {floats({1}, {2}), floats({1}, {3})}));
  session.run();
  EXPECT_THAT(float_items_of(output_value(session, 0)), ElementsAre(ElementsAre(2), ElementsAre(3), ElementsAre(5)));
  EXPECT_THAT(float_items_of(kept), ElementsAre(ElementsAre(1), ElementsAre(5))) << "a result is a copy";
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

// Files.

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
  EXPECT_THAT(floats_of(read_value_proto(one, ValueKind::kTensor)), ElementsAre(1, 2));
  EXPECT_THAT(read_value_proto(texts, ValueKind::kTensor).strings(), ElementsAre("a"));
  EXPECT_THAT(float_items_of(read_value_proto(sequence, ValueKind::kSequence)),
              ElementsAre(ElementsAre(1, 2), ElementsAre(1, 2)));
  EXPECT_EQ(read_value_proto(empty, ValueKind::kSequence).size(), 0U);
  EXPECT_THAT(floats_of(read_value_proto(optional, ValueKind::kOptional)), ElementsAre(1, 2));
  EXPECT_THAT(float_items_of(read_value_proto(of_sequence, ValueKind::kOptionalSequence)),
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

// Control flow.

/// s, with i behind it for every i below M.
std::string counting_loop() {
  const GraphWriter body = GraphWriter()
                               .input("i")
                               .input("goes_on")
                               .input("so_far")
                               .node("Cast", {"i"}, {"f"}, {attribute("to", 1)})
                               .node("SequenceInsert", {"so_far", "f"}, {"longer"})
                               .output("goes_on")
                               .output("longer");
  ModelWriter writer = model();
  value_input(writer, "s", sequence_type(DataType::kFloat32))
      .input("M", DataType::kInt64, {})
      .node("Loop", {"M", "", "s"}, {"y"}, {body.as("body")})
      .output("y");
  return writer.bytes();
}

TEST(Values, GoRoundALoop) {
  const Model model = load_any(counting_loop());
  const Value start = Value::sequence(DataType::kFloat32, {floats({}, {7})});
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(float_items_of(run_values(model, {start, number(3)})[0]),
                ElementsAre(ElementsAre(7), ElementsAre(0), ElementsAre(1), ElementsAre(2)));
    EXPECT_THAT(float_items_of(run_values(model, {start, number(0)})[0]), ElementsAre(ElementsAre(7)));
  }
}

TEST(Values, ComeFromBranches) {
  const GraphWriter longer = GraphWriter().node("SequenceInsert", {"s", "x"}, {"t"}).output("t");
  const GraphWriter same = GraphWriter().node("Identity", {"s"}, {"e"}).output("e");
  ModelWriter writer = model();
  value_input(writer, "s", sequence_type(DataType::kFloat32))
      .input("x", DataType::kFloat32)
      .input("condition", DataType::kBool, {})
      .node("If", {"condition"}, {"y"}, {longer.as("then_branch"), same.as("else_branch")})
      .output("y");
  const Model model = load_any(writer.bytes());
  const Value s = Value::sequence(DataType::kFloat32, {floats({}, {7})});
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(float_items_of(run_values(model, {s, floats({1}, {8}), truth(true)})[0]),
                ElementsAre(ElementsAre(7), ElementsAre(8)));
    EXPECT_THAT(float_items_of(run_values(model, {s, floats({1}, {8}), truth(false)})[0]), ElementsAre(ElementsAre(7)));
  }
}

TEST(Values, StringsGoRoundALoop) {
  const GraphWriter body = GraphWriter()
                               .input("i")
                               .input("goes_on")
                               .input("so_far")
                               .node("Concat", {"so_far", "x"}, {"longer"}, {attribute("axis", 0)})
                               .output("goes_on")
                               .output("longer");
  const Model model = load_any(test::model()
                                   .input("x", DataType::kString, {1})
                                   .input("M", DataType::kInt64, {})
                                   .node("Loop", {"M", "", "x"}, {"y"}, {body.as("body")})
                                   .output("y")
                                   .bytes());
  for (const std::int64_t most : {0, 1, 3}) {
    const Value made = run_values(model, {Value::strings({1}, {"text"}), number(most)})[0];
    EXPECT_EQ(made.strings(), std::vector<std::string>(static_cast<std::size_t>(most + 1), "text")) << most;
  }
}

// Bounds.

/// A sequence twice as long at every iteration: each item is the whole sequence so far, joined.
std::string exploding_loop() {
  const GraphWriter body = GraphWriter()
                               .input("i")
                               .input("goes_on")
                               .input("so_far")
                               .node("ConcatFromSequence", {"so_far"}, {"whole"}, {attribute("axis", 0)})
                               .node("SequenceInsert", {"so_far", "whole"}, {"longer"})
                               .output("goes_on")
                               .output("longer");
  ModelWriter writer = model();
  value_input(writer, "s", sequence_type(DataType::kFloat32))
      .input("M", DataType::kInt64, {})
      .node("Loop", {"M", "", "s"}, {"y"}, {body.as("body")})
      .output("y");
  return writer.bytes();
}

TEST(Values, TheBudgetBoundsASequenceThatExplodes) {
  Options options = options_for(Backend::kAuto, 1);
  options.memory_budget = std::size_t{1} << 20;
  const Model model = load(exploding_loop(), options);
  const Value start = Value::sequence(DataType::kFloat32, {floats({2}, {1, 2})});
  EXPECT_EQ(run_values(model, {start, number(4)})[0].size(), 5U);
  const std::string message = error_of([&] { run_values(model, {start, number(1000)}); }, ErrorCode::kLimitExceeded);
  EXPECT_THAT(message, HasSubstr("the memory budget is 1048576"));
  EXPECT_EQ(run_values(model, {start, number(4)})[0].at(4).shape(), (Shape{16})) << "the run after the refused one";
}

TEST(Values, TheBudgetBoundsManySmallItems) {
  Options options = options_for(Backend::kAuto, 1);
  options.memory_budget = std::size_t{1} << 18;
  const Model model = load(counting_loop(), options);
  error_of(
      [&] {
        run_values(model, {Value::sequence(DataType::kFloat32, {}), number(1 << 20)});
      },
      ErrorCode::kLimitExceeded);
}

TEST(Values, RunsStopInsideALoopOfSequences) {
  const Model model = load_any(counting_loop());
  Session session = model.session();
  const Tensor most = number(INT64_MAX);
  bind_value(session, 0, Value::sequence(DataType::kFloat32, {}));
  session.bind_input(1, most.view());
  RunOptions options;
  options.timeout = std::chrono::milliseconds(20);
  error_of([&] { session.run(options); }, ErrorCode::kDeadlineExceeded);
  CancelToken token;
  RunOptions cancelled;
  cancelled.cancel = &token;
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    token.cancel();
  });
  error_of([&] { session.run(cancelled); }, ErrorCode::kCancelled);
  canceller.join();
  const std::vector<Value> made = run_values(session, {Value::sequence(DataType::kFloat32, {}), number(2)});
  EXPECT_THAT(float_items_of(made[0]), ElementsAre(ElementsAre(0), ElementsAre(1)))
      << "the run after those that stopped";
}

}  // namespace
}  // namespace linnet::test
