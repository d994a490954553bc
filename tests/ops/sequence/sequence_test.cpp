// Operators on sequences and optionals, in models whose values go from input to output.
#include <gtest/gtest.h>

#include "tests/support/value_models.hpp"

namespace linnet::test {
namespace {

using Items = std::vector<std::vector<std::int64_t>>;
constexpr DataType kI = DataType::kInt64;

/// A node on a sequence of int64 and, where `position` is given, that constant.
ModelWriter on_sequence(const char* op, const Names& more, const char* output = "y") {
  ModelWriter writer = model();
  value_input(writer, "s", sequence_type(kI)).initializer<std::int64_t>("t", {1}, {7});
  writer.initializer<std::int64_t>("zero", {}, {0}).initializer<std::int64_t>("minus", {}, {-2});
  writer.initializer<std::int32_t>("three", {}, {3}).initializer<std::int64_t>("five", {}, {5});
  Names inputs = {"s"};
  inputs.insert(inputs.end(), more.begin(), more.end());
  return writer.node(op, inputs, {output}, {}, "n").output("y");
}

const Items kThree = {{1}, {2, 2}, {}};

Items edited(const char* op, const Names& more) {
  return items_of(run_model(on_sequence(op, more), {sequence_of_integers(kThree)})[0]);
}

TEST(Sequence, InsertPutsATensorBeforeThePosition) {
  EXPECT_EQ(edited("SequenceInsert", {"t"}), (Items{{1}, {2, 2}, {}, {7}}));
  EXPECT_EQ(edited("SequenceInsert", {"t", "zero"}), (Items{{7}, {1}, {2, 2}, {}}));
  EXPECT_EQ(edited("SequenceInsert", {"t", "minus"}), (Items{{1}, {7}, {2, 2}, {}}));
  EXPECT_EQ(edited("SequenceInsert", {"t", "three"}), (Items{{1}, {2, 2}, {}, {7}})) << "int32, and the end";
}

TEST(Sequence, EraseTakesATensorOut) {
  EXPECT_EQ(edited("SequenceErase", {}), (Items{{1}, {2, 2}}));
  EXPECT_EQ(edited("SequenceErase", {"zero"}), (Items{{2, 2}, {}}));
  EXPECT_EQ(edited("SequenceErase", {"minus"}), (Items{{1}, {}}));
}

TEST(Sequence, AtAndLengthReadIt) {
  const auto read = [](const char* op, const Names& more) {
    return integers_of(run_model(on_sequence(op, more), {sequence_of_integers(kThree)})[0]);
  };
  EXPECT_EQ(read("SequenceAt", {"minus"}), (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(read("SequenceAt", {"zero"}), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(read("SequenceLength", {}), (std::vector<std::int64_t>{3}));
}

TEST(Sequence, WhatLiesOutsideIsAnErrorOfTheRun) {
  struct Row {
    const char* op;
    Names more;
    Items items;
    const char* words;
  };
  const Row rows[] = {
      {"SequenceAt",
       {"five"},
       kThree,
       "SequenceAt node \"n\" (opset 17): position 5 is outside [-3,2] of a sequence of 3"},
      {"SequenceAt", {"zero"}, {}, "position 0 is outside [0,-1] of a sequence of 0"},
      {"SequenceErase", {"five"}, kThree, "position 5 is outside [-3,2]"},
      {"SequenceErase", {}, {}, "nothing can be taken from an empty sequence"},
      {"SequenceInsert", {"t", "five"}, kThree, "position 5 is outside [-3,3]"},
  };
  for (const Row& row : rows) {
    try {
      run_model(on_sequence(row.op, row.more), {sequence_of_integers(row.items)});
      ADD_FAILURE() << row.words;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kRuntimeFault);
      EXPECT_NE(std::string(error.what()).find(row.words), std::string::npos) << error.what();
    }
  }
}

TEST(Sequence, ASessionRunsOnSequencesOfOtherLengthsOneAfterTheOther) {
  const std::string bytes = on_sequence("SequenceInsert", {"t", "zero"}).bytes();
  Session session = Model::load(bytes.data(), bytes.size()).session();
  std::vector<Value> kept;
  for (const Items& items : {kThree, Items{}, Items{{4, 5, 6}}, kThree}) {
    kept.push_back(run_values(session, {sequence_of_integers(items)})[0]);
  }
  EXPECT_EQ(items_of(kept[0]), (Items{{7}, {1}, {2, 2}, {}})) << "results stay as they were when others are made";
  EXPECT_EQ(items_of(kept[1]), (Items{{7}}));
  EXPECT_EQ(items_of(kept[2]), (Items{{7}, {4, 5, 6}}));
  EXPECT_EQ(items_of(kept[3]), items_of(kept[0]));
}

TEST(Sequence, ConstructAndConcatAreInverseToSplit) {
  for (const std::int64_t axis : {0, 1, -1}) {
    ModelWriter writer = model();
    writer.input("x", kI, {2, 3});
    const std::vector<Message> along = {attribute("axis", axis)};
    writer.node("SplitToSequence", {"x"}, {"s"}, along).node("ConcatFromSequence", {"s"}, {"y"}, along).output("y");
    std::vector<std::int64_t> elements = {1, 2, 3, 4, 5, 6};
    const std::int64_t shape[] = {2, 3};
    const Value y = run_model(writer, {Value(ConstTensorView{kI, shape, 2, elements.data()})})[0];
    EXPECT_EQ(integers_of(y), elements) << axis;
    EXPECT_EQ(y.shape(), (Shape{2, 3})) << axis;
  }
}

TEST(Sequence, APositionIsOneInteger) {
  struct Row {
    const char* op;
    Names more;
    const char* words;
  };
  const Row rows[] = {
      {"SequenceAt", {"pair"}, "input position has 2 elements, expected 1"},
      {"SequenceErase", {"pair"}, "input position has 2 elements, expected 1"},
      {"SequenceInsert", {"t", "pair"}, "input position has 2 elements, expected 1"},
      {"SequenceAt", {"half"}, "input position is float32, expected int32 or int64"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.words);
    ModelWriter writer = on_sequence(row.op, row.more);
    writer.initializer<std::int64_t>("pair", {2}, {0, 1}).initializer<float>("half", {}, {0.5F});
    try {
      run_model(writer, {sequence_of_integers(kThree)});
      ADD_FAILURE() << row.op;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidModel);
      EXPECT_NE(std::string(error.what()).find(row.words), std::string::npos) << error.what();
    }
  }
}

TEST(Sequence, ConcatMakesANewAxis) {
  ModelWriter writer = model();
  value_input(writer, "s", sequence_type(kI));
  writer.node("ConcatFromSequence", {"s"}, {"y"}, {attribute("axis", -1), attribute("new_axis", 1)}, "n").output("y");
  const Value y = run_model(writer, {sequence_of_integers({{1, 2, 3}, {4, 5, 6}})})[0];
  EXPECT_EQ(y.shape(), (Shape{3, 2}));
  EXPECT_EQ(integers_of(y), (std::vector<std::int64_t>{1, 4, 2, 5, 3, 6}));
  EXPECT_THROW(run_model(writer, {sequence_of_integers({})}), Error);
  EXPECT_THROW(run_model(writer, {sequence_of_integers({{1}, {2, 3}})}), Error);
}

TEST(Sequence, SplitTakesSizes) {
  struct Row {
    Shape shape;
    std::vector<std::int64_t> split;
    Items parts;
  };
  for (const Row& row : {Row{{}, {2}, {{1, 2}, {3, 4}, {5}}}, Row{{3}, {1, 0, 4}, {{1}, {}, {2, 3, 4, 5}}}}) {
    ModelWriter writer = model();
    writer.input("x", kI, {5}).initializer<std::int64_t>("split", row.shape, row.split);
    writer.node("SplitToSequence", {"x", "split"}, {"y"}).output("y");
    EXPECT_EQ(items_of(run_model(writer, {integers({1, 2, 3, 4, 5})})[0]), row.parts);
  }
}

TEST(Sequence, SplitIntoMorePartsThanTheBudgetHolds) {
  ModelWriter writer = model();
  writer.input("x", kI, {"n", "m"}).node("SplitToSequence", {"x"}, {"y"}).output("y");
  Options options;
  options.threads = 1;
  options.memory_budget = std::size_t{1} << 20;
  const std::int64_t shape[] = {std::int64_t{1} << 40, 0};
  try {
    run_model(writer, {Value(ConstTensorView{kI, shape, 2, nullptr})}, options);
    ADD_FAILURE() << "2^40 tensors";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kLimitExceeded) << error.what();
  }
}

TEST(Sequence, ALoopCollectsWhatItMakes) {
  // for i in range(n): s.append(x[:i]); the sequence grows from iteration to iteration.
  Message body;
  body.bytes(2, "body").message(5, tensor<std::int64_t>({1}, {0}, "zero"));
  const Message one = Message().bytes(1, "shape");
  body.message(1, NodeSpec{"Reshape", {"i", "one"}, {"end"}, {}, {}, {}, {}}.message());
  body.message(1, NodeSpec{"Slice", {"x", "zero", "end"}, {"part"}, {}, {}, {}, {}}.message());
  body.message(1, NodeSpec{"SequenceInsert", {"before", "part"}, {"after"}, {}, {}, {}, {}}.message());
  body.message(1, NodeSpec{"Identity", {"go"}, {"go_on"}, {}, {}, {}, {}}.message());
  body.message(11, value_info("i", kI, {})).message(11, value_info("go", DataType::kBool, {}));
  body.message(11, Message().bytes(1, "before").message(2, sequence_type(kI)));
  body.message(12, Message().bytes(1, "go_on")).message(12, Message().bytes(1, "after"));
  ModelWriter writer = model();
  writer.input("n", kI, {}).input("x", kI, {"size"}).initializer<std::int64_t>("one", {1}, {1});
  writer.node("SequenceEmpty", {}, {"none"}, {attribute("dtype", 7)});
  writer.node("Loop", {"n", "", "none"}, {"y"}, {graph_attribute("body", body)}).output("y");
  std::int64_t n = 4;
  const Value count(ConstTensorView{kI, nullptr, 0, &n});
  EXPECT_EQ(items_of(run_model(writer, {count, integers({5, 6, 7})})[0]), (Items{{}, {5}, {5, 6}, {5, 6, 7}}));
  n = 0;
  EXPECT_TRUE(items_of(run_model(writer, {Value(ConstTensorView{kI, nullptr, 0, &n}), integers({5})})[0]).empty());
}

TEST(Optional, WhatIsThereComesOutAndWhatIsNotIsAnError) {
  ModelWriter writer = model();
  writer.opset(18);
  value_input(writer, "o", optional_type(tensor_type(kI)));
  writer.node("OptionalHasElement", {"o"}, {"there"}).output("there");
  ModelWriter getting = writer;
  getting.node("OptionalGetElement", {"o"}, {"y"}, {}, "n").output("y");
  const std::vector<Value> got = run_model(getting, {integers({3, 4})});
  EXPECT_EQ(integers_of(got[1]), (std::vector<std::int64_t>{3, 4}));
  EXPECT_TRUE(*static_cast<const bool*>(got[0].view().data));
  EXPECT_FALSE(*static_cast<const bool*>(run_model(writer, {Value()})[0].view().data));
  EXPECT_THROW(run_model(getting, {Value()}), Error);
}

TEST(Optional, IsMadeOfAnInputOrOfNothing) {
  ModelWriter writer = model();
  writer.opset(18).input("x", kI, {2});
  // AttributeProto, type 13: field 14 is a TypeProto.
  const Message type = attribute_header("type", 13).message(14, tensor_type(kI));
  writer.node("Optional", {"x"}, {"full"}).node("Optional", {}, {"empty"}, {type});
  writer.node("OptionalHasElement", {"empty"}, {"there"}).output("full").output("empty").output("there");
  const std::vector<Value> made = run_model(writer, {integers({3, 4})});
  EXPECT_EQ(integers_of(made[0]), (std::vector<std::int64_t>{3, 4}));
  EXPECT_FALSE(made[1].has_value());
  EXPECT_FALSE(*static_cast<const bool*>(made[2].view().data));
}

TEST(Optional, AnInputOfTheModelMayBeItsOutput) {
  ModelWriter writer = model();
  writer.opset(18);
  value_input(writer, "o", optional_type(sequence_type(kI)));
  value_input(writer, "s", tensor_type(DataType::kString));
  writer.node("Identity", {"o"}, {"y"}).output("y").output("s");
  const std::vector<Value> made = run_model(writer, {sequence_of_integers(kThree), Value::strings({1}, {"a"})});
  EXPECT_EQ(items_of(made[0]), kThree);
  EXPECT_EQ(made[1].strings(), (std::vector<std::string>{"a"}));
  EXPECT_FALSE(run_model(writer, {Value(), Value::strings({0}, {})})[0].has_value());
}

}  // namespace
}  // namespace linnet::test
