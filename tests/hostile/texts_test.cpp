// Texts that explode, and attributes of operators on strings that ask for too much (sections O, R, B).
#include <string>
#include <vector>

#include "tests/hostile/one_node.hpp"
#include "tests/support/value_models.hpp"

namespace linnet::test {
namespace {

using Strings = std::vector<std::string>;
constexpr DataType kS = DataType::kString;
constexpr std::int64_t kMany = 4096;

Options small_budget() {
  Options options;
  options.threads = 1;
  options.memory_budget = std::size_t{16} << 20;
  return options;
}

void expect_bomb(const char* name, ModelWriter& writer, const std::vector<Value>& inputs) {
  writer.output("y");
  expect_refusal(name, ErrorCode::kLimitExceeded, {"memory budget"},
                 [&] { run_model(writer, inputs, small_budget()); });
}

Value many(const std::string& text) { return Value::strings({kMany}, Strings(kMany, text)); }

TEST(HostileTexts, WhatExplodesEndsAtTheBudget) {
  const Value one_long = Value::strings({1}, {std::string(std::size_t{1} << 20, 'x')});
  ModelWriter every_with_every = model().opset(20).input("x", kS, {kMany, 1}).input("z", kS, {1, kMany});
  every_with_every.node("StringConcat", {"x", "z"}, {"y"});
  expect_bomb("2^24 strings", every_with_every,
              {Value::strings({kMany, 1}, Strings(kMany)), Value::strings({1, kMany}, Strings(kMany))});
  ModelWriter long_ones = model().opset(20).input("x", kS, {1}).input("z", kS, {kMany});
  expect_bomb("4 GiB of text", long_ones.node("StringConcat", {"x", "z"}, {"y"}), {one_long, many("")});

  ModelWriter split = model().opset(20).input("x", kS, {kMany});
  split.node("StringSplit", {"x"}, {"y"}, {attribute("delimiter", ",")});
  Strings texts(kMany);
  texts[7] = std::string(std::size_t{1} << 17, ',');
  expect_bomb("one with all the parts", split, {Value::strings({kMany}, texts)});

  ModelWriter labels = model().opset(20).opset(4, "ai.onnx.ml").input("x", DataType::kInt64, {kMany});
  labels.node("LabelEncoder", {"x"}, {"y"},
              {attribute("keys_int64s", Ints{1}), attribute("values_strings", one_long.strings()),
               attribute("default_string", one_long.strings()[0].c_str())},
              {}, "ai.onnx.ml");
  expect_bomb("long labels", labels, {integers(Ints(kMany, 1))});

  ModelWriter tile = model().input("x", kS, {1}).initializer<std::int64_t>("n", {1}, {kMany});
  expect_bomb("repeated", tile.node("Expand", {"x", "n"}, {"y"}), {one_long});
}

/// Numbers beside strings would be taken for addresses.
TEST(HostileTexts, NumbersBesideStringsAreRefused) {
  const auto mixed = [] {
    return model()
        .opset(20)
        .input("strings", kS, {2})
        .input("numbers", DataType::kInt64, {2})
        .input("chosen", DataType::kBool, {2})
        .initializer<std::int64_t>("one", {1}, {1})
        .initializer<std::int64_t>("ones", {2}, {1, 1})
        .initializer<std::int64_t>("rows", {2, 1}, {1, 0});
  };
  struct Mix {
    const char* op;
    Names inputs;
    const char* input;
    std::vector<Message> attributes = {};
  };
  const Mix mixes[] = {
      {"Where", {"chosen", "numbers", "strings"}, "X"},
      {"Where", {"chosen", "strings", "numbers"}, "Y"},
      {"Concat", {"strings", "numbers"}, "1", {attribute("axis", 0)}},
      {"Concat", {"numbers", "strings", "strings"}, "0", {attribute("axis", 0)}},
      {"ScatterElements", {"strings", "ones", "numbers"}, "updates"},
      {"ScatterElements", {"numbers", "ones", "strings"}, "data"},
      {"ScatterElements", {"numbers", "ones", "strings"}, "data", {attribute("reduction", "add")}},
      {"ScatterND", {"strings", "rows", "numbers"}, "updates"},
      {"Pad", {"strings", "ones", "one"}, "constant_value"},
  };
  for (const Mix& mix : mixes) {
    ModelWriter writer = mixed();
    const std::string bytes = writer.node(mix.op, mix.inputs, {"y"}, mix.attributes).output("y").bytes();
    expect_refusal(mix.op, ErrorCode::kInvalidModel, {mix.op, mix.input, "int64 beside strings, expected string"},
                   [&] { Model::load(bytes.data(), bytes.size()); });
  }
}

/// None takes more than the budget, and all of them do.
TEST(HostileTexts, ManyTogetherEndAtTheBudget) {
  ModelWriter writer = model().opset(20).input("x", kS, {1});
  writer.node("StringConcat", {"x", "x"}, {"twice"});
  for (int i = 0; i < 8; ++i) {
    const std::string number = std::to_string(i);
    writer.node("StringConcat", {"twice", "x"}, {"y" + number}).output("y" + number);
  }
  const Value text = Value::strings({1}, {std::string(std::size_t{1} << 20, 'x')});
  expect_refusal("26 MiB in eight", ErrorCode::kLimitExceeded,
                 {"the values that the run holds take ", "the memory budget is 16777216"},
                 [&] { run_model(writer, {text}, small_budget()); });
}

/// A loop of 2^40 iterations that stacks long texts.
TEST(HostileTexts, StackedOnesEndAtTheBudget) {
  Message body;
  body.bytes(2, "body");
  body.message(1, NodeSpec{"Identity", {"go"}, {"go_on"}, {}, {}, {}, {}}.message());
  body.message(1, NodeSpec{"Identity", {"x"}, {"each"}, {}, {}, {}, {}}.message());
  body.message(11, value_info("i", DataType::kInt64, {})).message(11, value_info("go", DataType::kBool, {}));
  body.message(12, Message().bytes(1, "go_on")).message(12, Message().bytes(1, "each"));
  ModelWriter writer = model().input("x", kS, {1}).initializer<std::int64_t>("n", {}, {kTwo40});
  writer.node("Loop", {"n"}, {"y"}, {graph_attribute("body", body)}, "n");
  expect_bomb("stacked", writer, {Value::strings({1}, {std::string(std::size_t{1} << 16, 'x')})});
}

OneNode vectorizer(const Ints& counts, const Ints& indexes, std::int64_t longest, std::int64_t skips) {
  return OneNode("TfIdfVectorizer")
      .with(attribute("mode", "TF"))
      .with(attribute("min_gram_length", 1))
      .with(attribute("max_gram_length", longest))
      .with(attribute("max_skip_count", skips))
      .with(attribute("ngram_counts", counts))
      .with(attribute("ngram_indexes", indexes))
      .with(attribute("pool_int64s", Ints{1, 2, 3}))
      .given<std::int64_t>({3}, {1, 2, 3});
}

TEST(HostileTexts, PoolsOfNGrams) {
  expect_nodes_refused({
      {"columns", vectorizer({0}, {0, 1, INT32_MAX - 1}, 1, 0), "memory budget", kLimit},
      {"far column", vectorizer({0}, {0, 1, kMax}, 1, 0), "which is no column"},
      {"column -2^63", vectorizer({0}, {0, 1, kMin}, 1, 0), "which is no column"},
      {"count 2^62", vectorizer({kTwo62}, {0, 1, 2}, 1, 0), "by ngram_counts the n-grams of 1 elements are"},
      {"count -2^63", vectorizer({0, kMin}, {0, 1, 2}, 1, 0), "by ngram_counts the n-grams of 1 elements are"},
      {"counts in the middle", vectorizer({0, kMax, 0}, {0, 1, 2}, 1, 0), "by ngram_counts the n-grams of 1 elements"},
      {"n-grams of 2^62", vectorizer({0}, {0, 1, 2}, kTwo62, 0), "n-grams have 1 to 4611686018427387904 elements"},
      {"skips -1", vectorizer({0}, {0, 1, 2}, 1, -1), "max_skip_count is -1"},
  });
  EXPECT_EQ(vectorizer({0, 1}, {0, 1}, 2, kMax).run()[0].shape(), (Shape{2}));
}

}  // namespace
}  // namespace linnet::test
