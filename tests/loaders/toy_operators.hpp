// A few operators without implementations, so that loading can be tested by itself.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "loaders/loader.hpp"
#include "runtime/data_type.hpp"
#include "tests/support/onnx_writer.hpp"

namespace linnet::test {

struct ToyConstantAttributes : internal::Attributes {
  internal::ConstantPtr value;
  internal::ConstantPtr constant_value() const override { return value; }
};

struct ToyScaleAttributes : internal::Attributes {
  float factor = 0;
  std::int64_t mode = 0;
};

inline void infer_same(internal::InferContext& context) {
  context.set_output(0, context.input_type(0), context.input_dims(0));
}

/// Relu (1 -> 1), Add (2 -> 1, broadcasting), Sum (variadic -> 1), Pair (1..2 -> 1..2), Scale (1 -> 1, float attribute
/// `factor`, int `mode`; from opset 9), Constant, Fussy (1 -> 1, cannot take float64), Move and Turn (1 -> 1, of
/// strings too, by operators of Linnet's own domain, which are not there).
inline const internal::Registry& toy_operators() {
  static const internal::Registry kRegistry = [] {
    using internal::AttributesPtr;
    using internal::InferContext;
    using internal::OpDef;
    using internal::ParseContext;
    internal::Registry registry;
    static constexpr internal::InputDef kOne[] = {{"X", internal::kStoredTypes}};
    static constexpr internal::InputDef kTwo[] = {{"A", internal::kStoredTypes}, {"B", internal::kStoredTypes}};
    static constexpr internal::InputDef kOneOrTwo[] = {{"X", internal::kStoredTypes},
                                                       {"Y", internal::kStoredTypes, internal::kMayBeLeftOut}};
    static constexpr internal::InputDef kSeveral[] = {{"", internal::kStoredTypes, internal::kRepeated}};
    static constexpr internal::OutputDef kOneOutput[] = {{"Y", internal::TypeOf{0}}};
    static constexpr internal::OutputDef kAnyOutput[] = {{"Y", internal::kStoredTypes}};
    static constexpr internal::OutputDef kTwoOutputs[] = {{"Y", internal::TypeOf{0}},
                                                          {"Z", internal::TypeOf{0}, internal::kMayBeLeftOut}};
    const auto add = [&](const char* name, internal::InputTable inputs, internal::OutputTable outputs,
                         AttributesPtr (*parse)(ParseContext&), void (*infer)(InferContext&), int since = 1,
                         const char* (*string_form)(const internal::NodeView&) = nullptr) {
      OpDef op;
      op.name = name;
      op.since_opset = since;
      op.inputs = inputs;
      op.outputs = outputs;
      op.parse = parse;
      op.infer = infer;
      op.string_form = string_form;
      registry.add(std::move(op));
    };
    add("Relu", kOne, kOneOutput, internal::parse_nothing, infer_same);
    add("Sum", kSeveral, kOneOutput, internal::parse_nothing, infer_same);
    add("Add", kTwo, kOneOutput, internal::parse_nothing, [](InferContext& context) {
      if (context.input_type(0) != context.input_type(1)) internal::invalid_model("types differ");
      context.set_output(0, context.input_type(0), internal::broadcast(context.input_dims(0), context.input_dims(1)));
    });
    add("Pair", kOneOrTwo, kTwoOutputs, internal::parse_nothing, [](InferContext& context) {
      context.set_output(0, context.input_type(0), context.input_dims(0));
      context.set_output(1, context.input_type(0), context.input_dims(0));
    });
    add(
        "Scale", kOne, kOneOutput,
        [](ParseContext& context) -> AttributesPtr {
          auto attributes = std::make_shared<ToyScaleAttributes>();
          attributes->factor = context.get_float("factor", 1.0f);
          attributes->mode = context.get_int("mode", 0);
          return attributes;
        },
        infer_same, 9);
    add(
        "Constant", {}, kAnyOutput,
        [](ParseContext& context) -> AttributesPtr {
          auto attributes = std::make_shared<ToyConstantAttributes>();
          attributes->value = context.get_tensor("value");
          if (attributes->value == nullptr) internal::invalid_model("attribute \"value\" is missing");
          return attributes;
        },
        [](InferContext&) {});
    add("Fussy", kOne, kOneOutput, internal::parse_nothing, [](InferContext& context) {
      if (context.input_type(0) == DataType::kFloat64) internal::unsupported("float64 is too much");
      infer_same(context);
    });
    static constexpr internal::InputDef kMoves[] = {{"X", internal::kStoredTypes, internal::kMoved}};
    add("Move", kMoves, kOneOutput, internal::parse_nothing, infer_same);
    add("Turn", kOne, kOneOutput, internal::parse_nothing, infer_same, 1,
        [](const internal::NodeView&) { return "TurnStrings"; });
    return registry;
  }();
  return kRegistry;
}

inline internal::LoadedModel load_toy(const std::string& bytes, const Options& options = {}) {
  return internal::load_model_bytes(bytes.data(), bytes.size(), toy_operators(), options);
}

/// load_toy, and what was logged as a warning.
inline std::pair<internal::LoadedModel, std::string> load_with_log(const std::string& bytes) {
  std::string warnings;
  Options options;
  options.log = [&](LogLevel level, std::string_view line) {
    if (level == LogLevel::kWarning) warnings += std::string(line) + "\n";
  };
  internal::LoadedModel loaded = load_toy(bytes, options);
  return {std::move(loaded), warnings};
}

/// The error that `action` throws; a failed test when it throws none.
template <typename Action>
Error error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return {ErrorCode::kInternal, "no error was thrown"};
}

/// x float32 [batch,4] -> Relu -> y.
inline ModelWriter relu_model() {
  return model()
      .input("x", DataType::kFloat32, {"batch", 4})
      .node("Relu", {"x"}, {"y"}, {}, "r")
      .output("y", DataType::kFloat32, {"batch", 4});
}

}  // namespace linnet::test
