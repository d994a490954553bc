#include <gtest/gtest.h>

#include "tests/ops/recurrent/recurrent_expectation.hpp"

namespace linnet::internal {
namespace {

/// Every operator, and a GRU of either kind.
std::vector<RecurrentCase> cells() {
  RecurrentCase gru_of_torch;
  gru_of_torch.op = "GRU";
  gru_of_torch.linear_before_reset = true;
  RecurrentCase lstm, gru, rnn;
  lstm.op = "LSTM";
  gru.op = "GRU";
  rnn.op = "RNN";
  return {lstm, gru, gru_of_torch, rnn};
}

TEST(Recurrent, GoesInEveryDirectionAndLayout) {
  for (RecurrentCase item : cells()) {
    for (const char* direction : {"forward", "reverse", "bidirectional"}) {
      for (const bool batch_first : {false, true}) {
        item.direction = direction;
        item.batch_first = batch_first;
        recurrent_test(item).run();
      }
    }
  }
}

TEST(Recurrent, TakesAnyHiddenSize) {
  for (RecurrentCase item : cells()) {
    item.constant_weights = true;
    for (const std::int64_t hidden : {1, 2, 15, 16, 17, 33, 64, 70}) {
      item.hidden = hidden;
      item.batch = hidden % 3 + 1;
      recurrent_test(item).run();
    }
  }
}

TEST(Recurrent, TakesOneStepOfOneRow) {
  for (RecurrentCase item : cells()) {
    item.steps = item.batch = 1;
    item.hidden = 40;
    recurrent_test(item).run();
  }
}

// W x is computed for some steps at once.
TEST(Recurrent, CutsManyStepsIntoBlocks) {
  for (RecurrentCase item : cells()) {
    item.constant_weights = true;
    item.hidden = 48;
    item.inputs = 3;
    item.batch = 26;
    item.steps = 65536 / (26 * 48 * (item.op == "LSTM" ? 4 : item.op == "GRU" ? 3 : 1)) + 3;
    item.direction = item.linear_before_reset ? "reverse" : "forward";
    recurrent_test(item).run();
    item.steps += item.steps;
    item.batch = 13;
    item.direction = "bidirectional";
    item.batch_first = true;
    recurrent_test(item).run();
  }
}

TEST(Recurrent, LeavesRowsThatHaveEnded) {
  for (RecurrentCase item : cells()) {
    for (const char* direction : {"forward", "reverse", "bidirectional"}) {
      for (const bool batch_first : {false, true}) {
        item.direction = direction;
        item.batch_first = batch_first;
        item.lengths = {2, 4, 0};
        recurrent_test(item).run();
        item.lengths = {3, 0, 1};
        recurrent_test(item).run();
      }
    }
    item.lengths = {0, 0, 0};
    recurrent_test(item).run();
  }
}

TEST(Recurrent, TakesFewInputsAndGivesFewOutputs) {
  for (RecurrentCase item : cells()) {
    item.direction = "bidirectional";
    item.has_initial_states = false;
    recurrent_test(item).run();
    item.lengths = {4, 2, 1};
    item.has_bias = false;
    recurrent_test(item).run();
    item.lengths.reset();
    recurrent_test(item).run();
    item.outputs = {true, false, false};
    recurrent_test(item).run();
    item.outputs = {false, true, false};
    recurrent_test(item).run();
    if (item.op == "LSTM") item.outputs = {false, false, true};
    recurrent_test(item).run();
  }
}

TEST(Recurrent, TakesEveryType) {
  for (RecurrentCase item : cells()) {
    for (const DataType type : {DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16}) {
      item.type = type;
      item.direction = "bidirectional";
      item.lengths = {4, 3, 1};
      item.has_peepholes = item.op == "LSTM";
      item.hidden = 6;
      item.constant_weights = false;
      recurrent_test(item).run();
      item.hidden = 70;
      item.inputs = 70;
      item.constant_weights = true;
      recurrent_test(item).run();
      item.inputs = 5;
    }
  }
}

TEST(Recurrent, TakesEmptyTensors) {
  for (RecurrentCase item : cells()) {
    item.direction = "bidirectional";
    for (const bool batch_first : {false, true}) {
      item.batch_first = batch_first;
      item.steps = 0;
      recurrent_test(item).run();  // the states are the initial ones
      item.steps = 4;
      item.batch = 0;
      recurrent_test(item).run();
      item.batch = 3;
      item.inputs = 0;
      recurrent_test(item).run();
      item.inputs = 5;
    }
  }
}

TEST(Recurrent, TakesEveryOpset) {
  for (RecurrentCase item : cells()) {
    for (const int opset : {7, 14, 22, 24}) {
      item.opset = opset;
      recurrent_test(item).run();
    }
    OpTest test = recurrent_test(item);
    test.attribute("output_sequence", std::int64_t{0}).run();  // of opset 1
  }
}

TEST(Recurrent, ReadsHiddenSizeFromRWhereItIsLeftOut) {
  OpTest("RNN", 14)
      .input<float>({1, 1, 1}, {0.5F})
      .input<float>({1, 2, 1}, {1.0F, -1.0F})
      .input<float>({1, 2, 2}, {0.0F, 0.0F, 0.0F, 0.0F})
      .expect<float>({1, 1, 1, 2}, {0.46211716F, -0.46211716F})
      .tolerance(ulp(1))
      .run();
}

TEST(Recurrent, TakesTwoNamesForOneDirectionOfRnn) {
  RecurrentCase item;
  item.op = "RNN";
  item.activations = {"Tanh", "Tanh"};
  recurrent_test(item).run();
}

TEST(Recurrent, MayHaveNoUnits) {
  for (const char* op : {"LSTM", "GRU", "RNN"}) {
    OpTest test(op, 14);
    test.named(op)
        .random_input(DataType::kFloat32, {3, 2, 4}, -1, 1)
        .input<float>({1, 0, 4}, {})
        .input<float>({1, 0, 0}, {})
        .expect<float>({3, 1, 2, 0}, {})
        .expect<float>({1, 2, 0}, {});
    test.run();
  }
}

TEST(Recurrent, InfersWhatIsKnown) {
  const auto weights = [](OpTest test) {
    return test.attribute("direction", std::string("bidirectional"))
        .symbolic_input(DataType::kFloat32, {"t", "n", 3})
        .symbolic_input(DataType::kFloat32, {2, 20, 3})
        .symbolic_input(DataType::kFloat32, {2, 20, 5});
  };
  weights(OpTest("LSTM", 14))
      .expect_dims(DataType::kFloat32, {"t", 2, "n", 5})
      .expect_dims(DataType::kFloat32, {2, "n", 5})
      .expect_dims(DataType::kFloat32, {2, "n", 5})
      .infer_only();
  OpTest("GRU", 14)
      .attribute("layout", std::int64_t{1})
      .attribute("hidden_size", std::int64_t{4})
      .symbolic_input(DataType::kBfloat16, {"?", "t", "?"})
      .symbolic_input(DataType::kBfloat16, {"?", "?", "?"})
      .symbolic_input(DataType::kBfloat16, {"?", "?", "?"})
      .no_input()
      .no_input()
      .symbolic_input(DataType::kBfloat16, {7, 1, "?"})
      .expect_dims(DataType::kBfloat16, {7, "t", 1, 4})
      .expect_dims(DataType::kBfloat16, {7, 1, 4})
      .infer_only();
  OpTest("RNN", 14)
      .symbolic_input(DataType::kFloat32, {"t", "?", 3})
      .symbolic_input(DataType::kFloat32, {1, "?", 3})
      .symbolic_input(DataType::kFloat32, {1, "?", "h"})
      .no_input()
      .symbolic_input(DataType::kInt32, {"n"})
      .expect_dims(DataType::kFloat32, {"t", 1, "n", "h"})
      .infer_only();
}

TEST(Recurrent, RefusesLengthsInTheRun) {
  for (const std::int32_t length : {-1, 5, INT32_MAX, INT32_MIN}) {
    OpTest("GRU", 14)
        .random_input(DataType::kFloat32, {4, 2, 3}, -1, 1)
        .random_input(DataType::kFloat32, {1, 6, 3}, -1, 1)
        .random_input(DataType::kFloat32, {1, 6, 2}, -1, 1)
        .no_input()
        .input<std::int32_t>({2}, {4, length})
        .expect_error(ErrorCode::kRuntimeFault,
                      text("sequence_lens[1] is ", length, ", expected 0 to 4, the steps of X"))
        .run();
  }
}

struct Shapes {
  Shape x = {4, 2, 3}, w = {1, 8, 3}, r = {1, 8, 2}, b = {1, 16}, lengths = {2}, h = {1, 2, 2}, c = {1, 2, 2},
        p = {1, 6};
};

OpTest lstm(const Shapes& shapes) {
  OpTest test("LSTM", 14);
  const auto add = [&](const Shape& shape) { test.random_input(DataType::kFloat32, shape, -1, 1); };
  add(shapes.x);
  add(shapes.w);
  add(shapes.r);
  add(shapes.b);
  test.random_input(DataType::kInt32, shapes.lengths, 0, 4);
  add(shapes.h);
  add(shapes.c);
  add(shapes.p);
  return test;
}

TEST(Recurrent, RefusesShapes) {
  struct Case {
    Shape Shapes::*input;
    Shape shape;
    const char* words;
  };
  const Case cases[] = {
      {&Shapes::x, {4, 2}, "input X is [4,2], expected [?,?,?]: steps, batch, input size"},
      {&Shapes::x, {4, 2, 5}, "input W is [1,8,3], expected [1,8,5]: directions, 4 * hidden_size, input size"},
      {&Shapes::w, {2, 8, 3}, "input W is [2,8,3], expected [1,8,3]: directions, 4 * hidden_size, input size"},
      {&Shapes::w, {1, 6, 3}, "input W is [1,6,3], expected [1,8,3]: directions, 4 * hidden_size, input size"},
      {&Shapes::r, {8, 2}, "input R is [8,2], expected [?,?,?]: directions, gates * hidden_size, hidden_size"},
      {&Shapes::r, {1, 7, 2}, "input R is [1,7,2], expected [1,8,2]: directions, 4 * hidden_size, hidden_size"},
      {&Shapes::b, {1, 8}, "input B is [1,8], expected [1,16]: directions, 2 * 4 * hidden_size"},
      {&Shapes::lengths, {3}, "input sequence_lens is [3], expected [2]: batch"},
      {&Shapes::lengths, {2, 1}, "input sequence_lens is [2,1], expected [2]: batch"},
      {&Shapes::h, {2, 2}, "input initial_h is [2,2], expected [1,2,2]: directions, batch, hidden_size"},
      {&Shapes::c, {1, 3, 2}, "input initial_c is [1,3,2], expected [1,2,2]: directions, batch, hidden_size"},
      {&Shapes::p, {1, 8}, "input P is [1,8], expected [1,6]: directions, 3 * hidden_size"},
  };
  for (const Case& c : cases) {
    Shapes shapes;
    shapes.*c.input = c.shape;
    lstm(shapes).expect_error(ErrorCode::kInvalidModel, c.words).run();
  }
}

TEST(Recurrent, RefusesTypes) {
  OpTest("RNN", 14)
      .random_input(DataType::kInt32, {4, 2, 3}, -1, 1)
      .random_input(DataType::kInt32, {1, 2, 3}, -1, 1)
      .random_input(DataType::kInt32, {1, 2, 2}, -1, 1)
      .expect_error(ErrorCode::kInvalidModel, "input X is int32, expected one of")
      .run();
  OpTest("RNN", 14)
      .random_input(DataType::kFloat32, {4, 2, 3}, -1, 1)
      .random_input(DataType::kFloat32, {1, 2, 3}, -1, 1)
      .random_input(DataType::kFloat16, {1, 2, 2}, -1, 1)
      .expect_error(ErrorCode::kInvalidModel, "input R is float16, but X is float32")
      .run();
  OpTest("RNN", 14)
      .random_input(DataType::kFloat32, {4, 2, 3}, -1, 1)
      .random_input(DataType::kFloat32, {1, 2, 3}, -1, 1)
      .random_input(DataType::kFloat32, {1, 2, 2}, -1, 1)
      .no_input()
      .input<std::int64_t>({2}, {4, 4})
      .expect_error(ErrorCode::kInvalidModel, "input sequence_lens is int64, expected int32")
      .run();
}

TEST(Recurrent, RefusesAttributes) {
  struct Case {
    const char* name;
    AttributeValue value;
    const char* words;
  };
  const Case cases[] = {
      {"hidden_size", std::int64_t{0}, "hidden_size is 0, expected 1 or more"},
      {"hidden_size", std::int64_t{3}, "input W is [1,8,3], expected [1,12,3]"},
      {"hidden_size", std::int64_t{1} << 30, "input W is [1,8,3], expected [1,4294967296,3]"},
      {"hidden_size", INT64_MAX, "has more elements than 64 bits can count"},
      {"direction", std::string("backward"), "direction is \"backward\", expected forward, reverse or bidirectional"},
      {"direction", std::string("bidirectional"), "input W is [1,8,3], expected [2,8,3]"},
      {"layout", std::int64_t{2}, "layout is 2, expected 0 or 1"},
      {"clip", 0.0F, "clip is 0, expected a number above 0"},
      {"clip", -1.0F, "clip is -1, expected a number above 0"},
      {"activations", std::vector<std::string>{"Tanh"}, "activations has 1 names, expected 3: 3 for each direction"},
      {"activations", std::vector<std::string>{"Tanh", "Tanh", "Gelu"},
       "activation \"Gelu\" is unknown, expected one of"},
      {"activation_alpha", std::vector<float>{1.0F},
       "activation_alpha has 1 values, but 0 of the 3 activations take one"},
  };
  for (const Case& c : cases) {
    lstm({}).attribute(c.name, c.value).expect_error(ErrorCode::kInvalidModel, c.words).run();
  }
}

}  // namespace
}  // namespace linnet::internal
