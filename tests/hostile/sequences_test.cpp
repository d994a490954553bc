// Sequences that explode, types within types, and strings that say one thing and are another (section T, R, B).
#include <string>
#include <vector>

#include "tests/hostile/refusal.hpp"
#include "tests/support/value_models.hpp"

namespace linnet::test {
namespace {

constexpr DataType kI = DataType::kInt64;

/// A loop of 2^40 iterations that doubles what its sequence takes.
TEST(HostileSequences, ThoseThatExplodeEndAtTheBudget) {
  Message body;
  body.bytes(2, "body");
  body.message(1, NodeSpec{"ConcatFromSequence", {"before"}, {"whole"}, {attribute("axis", 0)}, {}, {}, {}}.message());
  body.message(1, NodeSpec{"SequenceInsert", {"before", "whole"}, {"after"}, {}, {}, {}, {}}.message());
  body.message(1, NodeSpec{"Identity", {"go"}, {"go_on"}, {}, {}, {}, {}}.message());
  body.message(11, value_info("i", kI, {})).message(11, value_info("go", DataType::kBool, {}));
  body.message(11, Message().bytes(1, "before").message(2, sequence_type(kI)));
  body.message(12, Message().bytes(1, "go_on")).message(12, Message().bytes(1, "after"));
  ModelWriter writer = model();
  writer.input("x", kI, {8}).initializer<std::int64_t>("n", {}, {std::int64_t{1} << 40});
  writer.node("SequenceConstruct", {"x"}, {"one"});
  writer.node("Loop", {"n", "", "one"}, {"y"}, {graph_attribute("body", body)}, "n").output("y");
  Options options;
  options.threads = 1;
  options.memory_budget = std::size_t{4} << 20;
  expect_refusal("doubling", ErrorCode::kLimitExceeded, {"Loop node \"n\"", "memory budget"}, [&] {
    run_model(writer, {integers({1, 2, 3, 4, 5, 6, 7, 8})}, options);
  });
}

TEST(HostileSequences, TypesWithinTypes) {
  Message deep = tensor_type(kI);
  for (int i = 0; i < 10000; ++i) deep = Message().message(4, Message().message(1, deep));
  const auto with = [](const Message& type) {
    ModelWriter writer = model();
    value_input(writer, "s", type);
    return writer.node("Identity", {"s"}, {"y"}).output("y").bytes();
  };
  const Message of_optionals = Message().message(4, Message().message(1, optional_type(tensor_type(kI))));
  const Message of_maps = Message().message(4, Message().message(1, Message().message(5, Message())));
  const Message of_none = Message().message(4, Message());
  const Message twice = optional_type(optional_type(tensor_type(kI)));
  const ErrorCode unsupported = ErrorCode::kUnsupported;
  expect_all_refused({
      {"sequences 10,000 deep", with(deep), {"sequences of kind sequence are not supported"}, unsupported},
      {"optionals in a sequence", with(of_optionals), {"sequences of kind optional are not supported"}, unsupported},
      {"maps in a sequence", with(of_maps), {"maps to values of kind none are not supported"}, unsupported},
      {"a sequence of nothing", with(of_none), {"sequences of kind none are not supported"}, unsupported},
      {"an optional optional", with(twice), {"optionals of kind optional are not supported"}, unsupported},
      {"no element type", with(sequence_type(DataType::kUndefined)), {"the element type is missing"}},
      {"element type 999", with(sequence_type(static_cast<DataType>(99))), {"element type 99 does not exist"}},
  });
}

TEST(HostileSequences, TensorsOfStringsThatAreNone) {
  const auto with = [](Message tensor) {
    return model().initializer("s", std::move(tensor)).node("Identity", {"s"}, {"y"}).output("y").bytes();
  };
  const DataType kS = DataType::kString;
  expect_all_refused({
      {"raw_data", with(raw_tensor(kS, {1}, "abc")), {"strings are given in raw_data; they belong in string_data"}},
      {"external data", with(external_tensor(kS, {1}, {{"location", "x"}})), {"strings are given in external data"}},
      {"too few", with(string_tensor({3}, {"a", "b"})), {"string_data has 2 elements, but shape [3] needs 3"}},
      {"too many", with(string_tensor({1}, {"a", "b"})), {"string_data has 2 elements, but shape [1] needs 1"}},
      {"int64_data", with(tensor_header(kS, {1}).packed(7, {1})), {"strings are given in int64_data"}},
      {"2^62", with(tensor_header(kS, {std::int64_t{1} << 62})), {"string_data has 0 elements"}},
      {"overflow", with(tensor_header(kS, {INT64_MAX, INT64_MAX})), {"more elements than 64 bits can count"}},
      {"a negative size", with(tensor_header(kS, {-1})), {"has a negative dimension"}},
  });
}

TEST(HostileSequences, OperatorsThatWantOneAreGivenATensor) {
  const auto with = [](const char* op, std::vector<Message> attributes = {}) {
    ModelWriter writer = model();
    writer.input("x", DataType::kFloat32, {2}).initializer<std::int64_t>("i", {}, {0});
    const bool two = std::string(op) == "SequenceAt" || std::string(op) == "SequenceInsert";
    Names inputs = {"x"};
    if (two) inputs.emplace_back("i");
    return writer.node(op, inputs, {"y"}, std::move(attributes), "n").output("y").bytes();
  };
  const char* const words = "input input_sequence is float32, expected a sequence";
  expect_all_refused({
      {"SequenceAt", with("SequenceAt"), {"SequenceAt node \"n\"", words}},
      {"SequenceErase", with("SequenceErase"), {words}},
      {"SequenceInsert", with("SequenceInsert"), {words}},
      {"SequenceLength", with("SequenceLength"), {words}},
      {"ConcatFromSequence", with("ConcatFromSequence", {attribute("axis", 0)}), {words}},
  });
}

}  // namespace
}  // namespace linnet::test
