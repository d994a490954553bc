// Runs models of one node whose inputs or outputs may be tensors of strings, in every way that a model may have them:
//
//   TextTest("StringConcat", 20).strings({2}, {"a", "b"}).strings({}, {"c"}).expect_strings({2}, {"ac", "bc"}).run();
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linnet/value.hpp>

#include "tests/support/value_models.hpp"

namespace linnet::test {

using Texts = std::vector<std::string>;

inline Message proto_of(const Value& value) {
  if (value.type() == DataType::kString) return string_tensor(value.shape(), value.strings());
  const ConstTensorView view = value.view();
  std::size_t count = 1;
  for (const std::int64_t size : value.shape()) count *= static_cast<std::size_t>(size);
  const std::size_t bits = bits_of(view.type);
  return raw_tensor(view.type, value.shape(), {static_cast<const char*>(view.data), (count * bits + 7) / 8});
}

template <typename T>
Value value_of(const Shape& shape, const std::vector<T>& elements) {
  const std::string bytes = bytes_of(elements);
  return Value(ConstTensorView{data_type_of<T>(), shape.data(), shape.size(), bytes.data()});
}

/// Floats are the same where their bits are.
inline void expect_same(const Value& made, const Value& expected) {
  ASSERT_EQ(made.type(), expected.type());
  EXPECT_EQ(made.shape(), expected.shape());
  if (made.type() == DataType::kString) {
    EXPECT_EQ(made.strings(), expected.strings());
  } else {
    EXPECT_EQ(proto_of(made).str(), proto_of(expected).str());
  }
}

class TextTest {
 public:
  explicit TextTest(std::string op, std::int64_t opset, std::string domain = {})
      : op_(std::move(op)), domain_(std::move(domain)), opset_(opset) {}

  TextTest& with(Message attribute) {
    attributes_.push_back(std::move(attribute));
    return *this;
  }
  TextTest& input(Value value) {
    inputs_.push_back(std::move(value));
    return *this;
  }
  template <typename T>
  TextTest& input(const Shape& shape, const std::vector<T>& elements) {
    return input(value_of(shape, elements));
  }
  TextTest& strings(const Shape& shape, const Texts& texts) { return input(Value::strings(shape, texts)); }
  TextTest& expect(Value value) {
    expected_.push_back(std::move(value));
    return *this;
  }
  template <typename T>
  TextTest& expect(const Shape& shape, const std::vector<T>& elements) {
    return expect(value_of(shape, elements));
  }
  TextTest& expect_strings(const Shape& shape, const Texts& texts) { return expect(Value::strings(shape, texts)); }

  /// With inputs of the run, whose ranks are known or not, and constants; with passes and without; on one thread and
  /// two.
  void run() const {
    for (const From from : {From::kRun, From::kRunOfAnyRank, From::kModel}) {
      for (const bool passes : {true, false}) {
        for (const int threads : {1, 2}) {
          SCOPED_TRACE(op_ +
                       (from == From::kModel ? " of constants"
                        : from == From::kRun ? ""
                                             : " of any rank") +
                       (passes ? "" : " without passes") + " on " + std::to_string(threads));
          Options options;
          options.threads = threads;
          if (!passes) options.disabled_passes = {"all"};
          expect_all(from, options);
        }
      }
    }
  }
  /// At load or at the run.
  void refused(ErrorCode code, const std::string& words, const Options& options = {}) const {
    SCOPED_TRACE(op_);
    try {
      results(From::kRun, options);
      ADD_FAILURE() << "was not refused: " << words;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_THAT(error.what(), testing::HasSubstr(words));
    }
  }
  std::vector<Value> results() const { return results(From::kRun, {}); }

 private:
  enum class From { kRun, kRunOfAnyRank, kModel };

  void expect_all(From from, const Options& options) const {
    const std::vector<Value> made = results(from, options);
    ASSERT_EQ(made.size(), expected_.size());
    for (std::size_t i = 0; i < made.size(); ++i) expect_same(made[i], expected_[i]);
  }

  std::vector<Value> results(From from, const Options& options) const {
    ModelWriter writer = model().opset(domain_.empty() ? opset_ : 20);
    if (!domain_.empty()) writer.opset(opset_, domain_);
    Names inputs;
    Names outputs;
    for (const Value& value : inputs_) {
      inputs.push_back("x" + std::to_string(inputs.size()));
      const std::vector<DimSpec> dims(value.shape().begin(), value.shape().end());
      if (from == From::kModel) writer.initializer(inputs.back(), proto_of(value));
      if (from == From::kRun) writer.input(inputs.back(), value.type(), dims);
      if (from == From::kRunOfAnyRank) writer.input(inputs.back(), value.type());
    }
    for (std::size_t i = 0; i < std::max<std::size_t>(expected_.size(), 1); ++i) {
      outputs.push_back("y" + std::to_string(i));
      writer.output(outputs.back());
    }
    const std::string bytes = writer.node(op_, inputs, outputs, attributes_, "n", domain_).bytes();
    const Model model = Model::load(bytes.data(), bytes.size(), options);
    return run_values(model, from == From::kModel ? std::vector<Value>() : inputs_);
  }

  std::string op_;
  std::string domain_;
  std::int64_t opset_;
  std::vector<Message> attributes_;
  std::vector<Value> inputs_;
  std::vector<Value> expected_;
};

}  // namespace linnet::test
