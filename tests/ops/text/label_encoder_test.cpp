#include <cmath>
#include <limits>

#include "tests/ops/text/text_test.hpp"

namespace linnet::test {
namespace {

using Integers = std::vector<std::int64_t>;
using Floats = std::vector<float>;

TextTest encoder(std::int64_t opset = 4) { return TextTest("LabelEncoder", opset, "ai.onnx.ml"); }

TEST(LabelEncoder, KeysAndValuesOfEveryKind) {
  const std::vector<std::pair<Message, Value>> keys = {
      {attribute("keys_strings", Texts{"b", "a"}), Value::strings({3}, {"a", "b", "c"})},
      {attribute("keys_int64s", Integers{7, -7}), value_of<std::int64_t>({3}, {-7, 7, 0})},
      {attribute("keys_floats", Floats{0.5F, -1}), value_of<float>({3}, {-1, 0.5F, 2})},
  };
  const std::vector<std::pair<Message, Value>> values = {
      {attribute("values_strings", Texts{"x", "y"}), Value::strings({3}, {"y", "x", "_Unused"})},
      {attribute("values_int64s", Integers{5, 6}), value_of<std::int64_t>({3}, {6, 5, -1})},
      {attribute("values_floats", Floats{0.25F, 4}), value_of<float>({3}, {4, 0.25F, -0.0F})},
  };
  for (const std::int64_t opset : {2, 3, 4, 5}) {
    for (const auto& [key, x] : keys) {
      for (const auto& [value, y] : values) encoder(opset).with(key).with(value).input(x).expect(y).run();
    }
  }
}

TEST(LabelEncoder, Tensors) {
  const auto numbers = [](auto type) {
    using T = decltype(type);
    encoder()
        .with(attribute("keys_tensor", tensor<T>({3}, {1, 2, 3})))
        .with(attribute("values_tensor", tensor<T>({3}, {10, 20, 30})))
        .with(attribute("default_tensor", tensor<T>({1}, {99})))
        .template input<T>({2, 2}, {3, 2, 1, 0})
        .template expect<T>({2, 2}, {30, 20, 10, 99})
        .run();
    encoder()
        .with(attribute("keys_strings", Texts{"a"}))
        .with(attribute("values_tensor", tensor<T>({1}, {4})))
        .strings({2}, {"a", "A"})
        .template expect<T>({2}, {4, static_cast<T>(std::is_floating_point_v<T> ? -0.0 : -1)})
        .run();
  };
  numbers(std::int16_t{});
  numbers(std::int32_t{});
  numbers(std::int64_t{});
  numbers(float{});
  numbers(double{});
  encoder()
      .with(attribute("keys_tensor", string_tensor({2}, {"a", "b"})))
      .with(attribute("values_tensor", string_tensor({2}, {"1", "2"})))
      .with(attribute("default_tensor", string_tensor({}, {"-"})))
      .strings({3}, {"b", "c", "a"})
      .expect_strings({3}, {"2", "-", "1"})
      .run();
}

TEST(LabelEncoder, Defaults) {
  const auto strings = [] {
    return encoder().with(attribute("keys_int64s", Integers{1})).input<std::int64_t>({1}, {0});
  };
  strings()
      .with(attribute("values_strings", Texts{"a"}))
      .with(attribute("default_string", "none"))
      .with(attribute("default_int64", 3))
      .expect_strings({1}, {"none"})
      .run();
  strings()
      .with(attribute("values_int64s", Integers{2}))
      .with(attribute("default_int64", 3))
      .with(attribute("default_float", 1.5F))
      .expect<std::int64_t>({1}, {3})
      .run();
  strings()
      .with(attribute("values_floats", Floats{2}))
      .with(attribute("default_float", 1.5F))
      .expect<float>({1}, {1.5F})
      .run();
}

TEST(LabelEncoder, KeysThatAreThereTwice) {
  encoder()
      .with(attribute("keys_strings", Texts{"a", "b", "a"}))
      .with(attribute("values_int64s", Integers{1, 2, 3}))
      .strings({2}, {"a", "b"})
      .expect<std::int64_t>({2}, {3, 2})
      .run();
}

TEST(LabelEncoder, FloatsThatAreOneKey) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto test = [&](std::int64_t opset) {
    return encoder(opset)
        .with(attribute("keys_floats", Floats{nan, 0}))
        .with(attribute("values_int64s", Integers{1, 2}))
        .input<float>({4}, {nan, std::copysign(nan, -1.0F), 0, -0.0F});
  };
  test(4).expect<std::int64_t>({4}, {1, 1, 2, 2}).run();
  test(2).expect<std::int64_t>({4}, {1, -1, 2, -1}).run();
}

TEST(LabelEncoder, Classes) {
  const auto classes = [] { return encoder(1).with(attribute("classes_strings", Texts{"a", "b", "a"})); };
  classes().strings({4}, {"b", "a", "c", ""}).expect<std::int64_t>({4}, {1, 0, -1, -1}).run();
  classes().input<std::int64_t>({4}, {0, 1, 2, 3}).expect_strings({4}, {"a", "b", "a", "_Unused"}).run();
  classes().with(attribute("default_int64", 9)).strings({1}, {"x"}).expect<std::int64_t>({1}, {9}).run();
  classes().with(attribute("default_string", "?")).input<std::int64_t>({1}, {-1}).expect_strings({1}, {"?"}).run();
}

TEST(LabelEncoder, ManyElementsAndShapes) {
  Texts keys;
  Integers values;
  Texts x;
  Integers y;
  for (std::int64_t i = 0; i < 1000; ++i) {
    keys.push_back("key " + std::to_string(i * 7919 % 1000));
    values.push_back(i);
  }
  for (std::int64_t i = 0; i < 10000; ++i) {
    x.push_back(i % 3 == 0 ? "none" : keys[static_cast<std::size_t>(i % 1000)]);
    y.push_back(i % 3 == 0 ? -1 : i % 1000);
  }
  encoder()
      .with(attribute("keys_strings", keys))
      .with(attribute("values_int64s", values))
      .strings({100, 100}, x)
      .expect<std::int64_t>({100, 100}, y)
      .run();
  encoder()
      .with(attribute("keys_int64s", values))
      .with(attribute("values_strings", keys))
      .input<std::int64_t>({0, 3}, {})
      .expect_strings({0, 3}, {})
      .run();
  encoder()
      .with(attribute("keys_strings", Texts{""}))
      .with(attribute("values_floats", Floats{1}))
      .strings({}, {""})
      .expect<float>({}, {1})
      .run();
}

TEST(LabelEncoder, Refusals) {
  const auto refused = [](TextTest test, const char* words) {
    test.strings({1}, {"a"}).refused(ErrorCode::kInvalidModel, words);
  };
  const Message keys = attribute("keys_strings", Texts{"a"});
  const Message values = attribute("values_int64s", Integers{1});
  refused(encoder().with(keys), "0 lists of values are given (values_strings and others), expected one");
  refused(encoder().with(values), "0 lists of keys are given");
  refused(encoder().with(keys).with(values).with(attribute("values_floats", Floats{1})), "2 lists of values are given");
  refused(encoder().with(keys).with(attribute("values_int64s", Integers{1, 2})), "there are 1 keys, but 2 values");
  refused(encoder().with(attribute("keys_int64s", Integers{1})).with(values),
          "input X is string, but the keys are int64");
  refused(encoder().with(keys).with(attribute("values_tensor", tensor<bool>({1}, {true}))),
          "attribute \"values_tensor\" is bool, expected strings or numbers");
  refused(encoder().with(keys).with(values).with(attribute("default_tensor", tensor<float>({1}, {1}))),
          "default_tensor has 1 elements of float32, expected one of int64");
  refused(encoder().with(keys).with(values).with(attribute("default_tensor", tensor<std::int64_t>({2}, {1, 2}))),
          "default_tensor has 2 elements of int64, expected one of int64");
  refused(encoder(2).with(attribute("keys_tensor", string_tensor({1}, {"a"}))).with(values),
          "0 lists of keys are given");
  refused(encoder(1), "attribute \"classes_strings\" is missing");
}

}  // namespace
}  // namespace linnet::test
