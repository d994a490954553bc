// ZipMap, DictVectorizer and CastMap: maps out of and into a model.
#include "tests/ops/text/text_test.hpp"

namespace linnet::test {
namespace {

using Integers = std::vector<std::int64_t>;
using Floats = std::vector<float>;

/// A model of one node of ai.onnx.ml, whose input has this type.
Model learned(const char* op, const Message& type, std::vector<Message> attributes, const Options& options = {}) {
  ModelWriter writer = model().opset(20).opset(1, "ai.onnx.ml");
  const std::string bytes = value_input(writer, "x", type)
                                .output("y")
                                .node(op, {"x"}, {"y"}, std::move(attributes), "n", "ai.onnx.ml")
                                .bytes();
  return Model::load(bytes.data(), bytes.size(), options);
}

Value run_one(const Model& model, const Value& x) { return run_values(model, {x})[0]; }

void expect_map(const Value& map, const Value& keys, const Value& values) {
  ASSERT_TRUE(map.is_map());
  expect_same(map.keys(), keys);
  expect_same(map.values(), values);
}

template <typename F>
void expect_refused(F&& action, ErrorCode code, const std::string& words) {
  try {
    action();
    ADD_FAILURE() << "was not refused: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_THAT(error.what(), testing::HasSubstr(words));
  }
}

const Message kFloatTensor = tensor_type(DataType::kFloat32);

TEST(ZipMap, MapsFromIntegers) {
  const Model model = learned("ZipMap", kFloatTensor, {attribute("classlabels_int64s", Integers{5, -2, 7})});
  EXPECT_EQ(model.outputs()[0].kind, ValueKind::kMapSequence);
  EXPECT_EQ(model.outputs()[0].type, DataType::kFloat32);
  EXPECT_EQ(model.outputs()[0].key_type, DataType::kInt64);
  for (int run = 0; run < 2; ++run) {
    const Value maps = run_one(model, value_of<float>({2, 3}, {1, 2, 3, 4, 5, 6}));
    ASSERT_EQ(maps.size(), 2U);
    EXPECT_EQ(maps.type(), DataType::kFloat32);
    expect_map(maps.at(0), value_of<std::int64_t>({3}, {-2, 5, 7}), value_of<float>({3}, {2, 1, 3}));
    expect_map(maps.at(1), value_of<std::int64_t>({3}, {-2, 5, 7}), value_of<float>({3}, {5, 4, 6}));
  }
  EXPECT_EQ(run_one(model, value_of<float>({0, 3}, {})).size(), 0U);
  const Value one = run_one(model, value_of<float>({3}, {1, 2, 3}));
  ASSERT_EQ(one.size(), 1U);
  expect_map(one.at(0), value_of<std::int64_t>({3}, {-2, 5, 7}), value_of<float>({3}, {2, 1, 3}));
}

TEST(ZipMap, MapsFromStrings) {
  const Model model = learned("ZipMap", kFloatTensor, {attribute("classlabels_strings", Texts{"b", "a", "b"})});
  EXPECT_EQ(model.outputs()[0].key_type, DataType::kString);
  const Value maps = run_one(model, value_of<float>({1, 3}, {1, 2, 3}));
  expect_map(maps.at(0), Value::strings({2}, {"a", "b"}), value_of<float>({2}, {2, 3}));
}

TEST(ZipMap, WhatARunGaveStaysAsItIs) {
  const Model model = learned("ZipMap", kFloatTensor, {attribute("classlabels_int64s", Integers{0, 1})});
  Session session = model.session();
  const Value first = run_values(session, {value_of<float>({1, 2}, {1, 2})})[0];
  const Value second = run_values(session, {value_of<float>({1, 2}, {3, 4})})[0];
  expect_same(first.at(0).values(), value_of<float>({2}, {1, 2}));
  expect_same(second.at(0).values(), value_of<float>({2}, {3, 4}));
}

TEST(ZipMap, Refusals) {
  const Message two = attribute("classlabels_int64s", Integers{0, 1});
  expect_refused([] { learned("ZipMap", kFloatTensor, {}); }, ErrorCode::kInvalidModel,
                 "neither of classlabels_int64s and classlabels_strings is given");
  expect_refused(
      [&] {
        learned("ZipMap", kFloatTensor, {two, attribute("classlabels_strings", Texts{"a", "b"})});
      },
      ErrorCode::kInvalidModel, "both of classlabels_int64s and classlabels_strings are given");
  expect_refused(
      [&] {
        run_one(learned("ZipMap", tensor_type(DataType::kFloat64), {two}), value_of<double>({1, 2}, {1, 2}));
      },
      ErrorCode::kInvalidModel, "input X is float64, expected float32");
  expect_refused(
      [&] {
        run_one(learned("ZipMap", kFloatTensor, {two}), value_of<float>({1, 3}, {1, 2, 3}));
      },
      ErrorCode::kInvalidModel, "input X has rows of 3 elements, but there are 2 keys");
  expect_refused(
      [&] {
        run_one(learned("ZipMap", kFloatTensor, {two}), value_of<float>({1, 1, 2}, {1, 2}));
      },
      ErrorCode::kInvalidModel, "input X has rank 3, expected 1 or 2");
  Options options;
  options.memory_budget = 4096;
  expect_refused(
      [&] {
        run_one(learned("ZipMap", kFloatTensor, {two}, options), value_of<float>({50, 2}, Floats(100)));
      },
      ErrorCode::kLimitExceeded, "budget");
}

TEST(DictVectorizer, ValuesOfEveryType) {
  const Value texts = Value::strings({3}, {"c", "x", "a"});
  const Value numbers = value_of<std::int64_t>({3}, {30, 99, 10});
  const auto vectorized = [](const Message& type, Message vocabulary, const Value& keys, const Value& values) {
    const Model model = learned("DictVectorizer", type, {std::move(vocabulary)});
    run_one(model, Value::map(keys, values));
    return run_one(model, Value::map(keys, values));
  };
  const auto by_text = [&](const Value& values) {
    return vectorized(map_type(DataType::kString, tensor_type(values.type())),
                      attribute("string_vocabulary", Texts{"a", "b", "c"}), texts, values);
  };
  const auto by_number = [&](const Value& values) {
    return vectorized(map_type(DataType::kInt64, tensor_type(values.type())),
                      attribute("int64_vocabulary", Integers{10, 20, 30}), numbers, values);
  };
  expect_same(by_text(value_of<std::int64_t>({3}, {1, 2, 3})), value_of<std::int64_t>({1, 3}, {3, 0, 1}));
  expect_same(by_text(value_of<float>({3}, {1, 2, 3})), value_of<float>({1, 3}, {3, 0, 1}));
  expect_same(by_text(value_of<double>({3}, {1, 2, 3})), value_of<double>({1, 3}, {3, 0, 1}));
  expect_same(by_number(value_of<float>({3}, {1, 2, 3})), value_of<float>({1, 3}, {3, 0, 1}));
  expect_same(by_number(value_of<double>({3}, {1, 2, 3})), value_of<double>({1, 3}, {3, 0, 1}));
  expect_same(by_number(Value::strings({3}, {"p", "q", "r"})), Value::strings({1, 3}, {"r", "", "p"}));
}

TEST(DictVectorizer, OfNoEntries) {
  const Model model = learned("DictVectorizer", map_type(DataType::kInt64, kFloatTensor),
                              {attribute("int64_vocabulary", Integers{1, 2})});
  EXPECT_EQ(model.inputs()[0].kind, ValueKind::kMap);
  EXPECT_EQ(model.inputs()[0].key_type, DataType::kInt64);
  expect_same(run_one(model, Value::map(value_of<std::int64_t>({0}, {}), value_of<float>({0}, {}))),
              value_of<float>({1, 2}, {0, 0}));
}

TEST(DictVectorizer, Refusals) {
  const Message type = map_type(DataType::kInt64, kFloatTensor);
  const Message vocabulary = attribute("int64_vocabulary", Integers{1, 2});
  expect_refused([&] { learned("DictVectorizer", type, {}); }, ErrorCode::kInvalidModel,
                 "neither of int64_vocabulary and string_vocabulary is given");
  expect_refused(
      [&] {
        learned("DictVectorizer", type, {attribute("int64_vocabulary", Integers{1, 2, 1})});
      },
      ErrorCode::kInvalidModel, "a key is in the vocabulary twice");
  expect_refused([&] { run_one(learned("DictVectorizer", kFloatTensor, {vocabulary}), value_of<float>({1}, {1})); },
                 ErrorCode::kInvalidModel, "input X is float32, expected a map");
  expect_refused([&] { learned("DictVectorizer", type, {attribute("string_vocabulary", Texts{"a"})}); },
                 ErrorCode::kInvalidModel, "input X is map(int64, float32), but the vocabulary is string");
  expect_refused([&] { learned("DictVectorizer", map_type(DataType::kInt32, kFloatTensor), {vocabulary}); },
                 ErrorCode::kUnsupported, "maps from int32 to float32 are not supported");
  expect_refused([&] { learned("DictVectorizer", map_type(DataType::kInt64, type), {vocabulary}); },
                 ErrorCode::kUnsupported, "maps to values of kind map");
  expect_refused(
      [&] {
        run_one(learned("DictVectorizer", type, {vocabulary}),
                Value::map(Value::strings({1}, {"a"}), value_of<float>({1}, {1})));
      },
      ErrorCode::kInvalidArgument, "the model wants map(int64, float32), got map(string, float32)");
  expect_refused([&] { run_one(learned("DictVectorizer", type, {vocabulary}), Value()); }, ErrorCode::kInvalidArgument,
                 "the model wants map(int64, float32), got nothing");
}

TEST(CastMap, DenseIsInTheOrderOfTheKeys) {
  const Message numbers = map_type(DataType::kInt64, kFloatTensor);
  const Message texts = map_type(DataType::kInt64, tensor_type(DataType::kString));
  const Value keys = value_of<std::int64_t>({3}, {7, -1, 3});
  const Value of_numbers = Value::map(keys, value_of<float>({3}, {1.5F, -2.5F, 3}));
  const Value of_texts = Value::map(keys, Value::strings({3}, {"1.5", "2", "-3.25"}));
  const auto cast = [](const Message& type, const char* to, const Value& x) {
    return run_one(learned("CastMap", type, {attribute("cast_to", to)}), x);
  };
  expect_same(run_one(learned("CastMap", numbers, {}), of_numbers), value_of<float>({1, 3}, {-2.5F, 3, 1.5F}));
  expect_same(cast(numbers, "TO_INT64", of_numbers), value_of<std::int64_t>({1, 3}, {-2, 3, 1}));
  expect_same(cast(numbers, "TO_STRING", of_numbers), Value::strings({1, 3}, {"-2.5", "3.0", "1.5"}));
  expect_same(cast(texts, "TO_FLOAT", of_texts), value_of<float>({1, 3}, {2, -3.25F, 1.5F}));
  expect_same(cast(texts, "TO_STRING", of_texts), Value::strings({1, 3}, {"2", "-3.25", "1.5"}));
}

TEST(CastMap, SparseFillsUp) {
  const Message numbers = map_type(DataType::kInt64, kFloatTensor);
  const Message texts = map_type(DataType::kInt64, tensor_type(DataType::kString));
  const Value keys = value_of<std::int64_t>({3}, {2, 0, 9});
  const auto cast = [&](const Message& type, const char* to, const Value& values) {
    const Model model =
        learned("CastMap", type, {attribute("map_form", "SPARSE"), attribute("max_map", 4), attribute("cast_to", to)});
    return run_one(model, Value::map(keys, values));
  };
  expect_same(cast(numbers, "TO_FLOAT", value_of<float>({3}, {1, 2, 3})), value_of<float>({1, 4}, {2, 0, 1, 0}));
  expect_same(cast(texts, "TO_INT64", Value::strings({3}, {"5", "6", "7"})),
              value_of<std::int64_t>({1, 4}, {6, 0, 5, 0}));
  expect_same(cast(texts, "TO_STRING", Value::strings({3}, {"5", "6", "7"})),
              Value::strings({1, 4}, {"6", "0.f", "5", "0.f"}));
}

TEST(CastMap, Refusals) {
  const Message numbers = map_type(DataType::kInt64, kFloatTensor);
  expect_refused([&] { learned("CastMap", numbers, {attribute("cast_to", "TO_BOOL")}); }, ErrorCode::kInvalidModel,
                 "cast_to is \"TO_BOOL\"");
  expect_refused([&] { learned("CastMap", numbers, {attribute("map_form", "THIN")}); }, ErrorCode::kInvalidModel,
                 "map_form is \"THIN\", expected one of DENSE,SPARSE");
  const Message sparse = attribute("map_form", "SPARSE");
  expect_refused(
      [&] {
        learned("CastMap", numbers, {sparse, attribute("max_map", 0)});
      },
      ErrorCode::kInvalidModel, "max_map is 0, expected 1 to");
  expect_refused([] { learned("CastMap", map_type(DataType::kString, kFloatTensor), {}); }, ErrorCode::kInvalidModel,
                 "expected a map from int64 to float32 or string");
  expect_refused(
      [&] {
        run_one(learned("CastMap", numbers, {sparse}),
                Value::map(value_of<std::int64_t>({1}, {-4}), value_of<float>({1}, {1})));
      },
      ErrorCode::kRuntimeFault, "the map has the key -4, expected keys from 0 on");
  Options options;
  options.memory_budget = 1 << 20;
  expect_refused(
      [&] {
        run_one(learned("CastMap", numbers, {sparse, attribute("max_map", 2000000000)}, options),
                Value::map(value_of<std::int64_t>({1}, {4}), value_of<float>({1}, {1})));
      },
      ErrorCode::kLimitExceeded, "budget");
}

}  // namespace
}  // namespace linnet::test
