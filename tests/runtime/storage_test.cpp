// The traps of in-place reuse: graph inputs, constants and values read later must survive.
#include "runtime/storage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/runtime/toy_graph.hpp"

namespace linnet::internal {
namespace {

using Rows = std::vector<std::vector<float>>;

std::shared_ptr<const Program> program_of(Graph graph, std::int64_t length) {
  ModelImpl model(std::move(graph), {}, {});
  std::vector<InputBinding> inputs(model.inputs().size());
  std::vector<float> zeros(static_cast<std::size_t>(length), 0.0F);
  for (InputBinding& input : inputs) input = {DataType::kFloat32, {length}, zeros.data(), true};
  ProgramKey key;
  model.make_key(inputs, key);
  return model.program(key, inputs);
}

TEST(InPlace, ChainNeedsOneBuffer) {
  ToyGraph toy(16);
  ValueId value = toy.node("Scratch", {toy.input("x")}, "start");
  for (int i = 0; i < 5; ++i) value = toy.node("Inc", {value}, "inc" + std::to_string(i));
  toy.output(toy.node("Scratch", {value}, "end"));
  const auto program = program_of(toy.take(), 16);
  EXPECT_EQ(program->arena_bytes, 128U);  // the chain's buffer and a workspace
  EXPECT_EQ(program->lower_bound_bytes, 128U);
}

TEST(InPlace, NeverOverAGraphInput) {
  ToyGraph toy(2);
  toy.output(toy.node("Inc", {toy.input("x")}, "y"));
  EXPECT_EQ(run_toy(toy.take(), {{1, 2}}), (Rows{{2, 3}}));
}

TEST(InPlace, NeverOverAGraphInputThatIsAlsoAnOutput) {
  ToyGraph toy(2);
  const ValueId x = toy.input("x");
  toy.output(x);
  toy.output(toy.node("Inc", {x}, "y"));
  EXPECT_EQ(run_toy(toy.take(), {{1, 2}}), (Rows{{1, 2}, {2, 3}}));
}

TEST(InPlace, NeverOverAViewOfAGraphInput) {
  ToyGraph toy(2);
  toy.output(toy.node("Inc", {toy.node("View", {toy.input("x")}, "v")}, "y"));
  EXPECT_EQ(run_toy(toy.take(), {{1, 2}}), (Rows{{2, 3}}));
}

TEST(InPlace, NeverOverAnInitializer) {
  ToyGraph toy(2);
  toy.input("unused");
  toy.output(toy.node("Inc", {toy.constant("w", {5, 6})}, "y"));
  EXPECT_EQ(run_toy(toy.take(), {{0, 0}}), (Rows{{6, 7}}));
}

TEST(InPlace, NeverOverAValueWithALaterReader) {
  ToyGraph toy(2);
  const ValueId a = toy.node("Scratch", {toy.input("x")}, "a");
  const ValueId b = toy.node("Inc", {a}, "b");
  toy.output(toy.node("Sum", {a, b}, "y"));
  EXPECT_EQ(run_toy(toy.take(), {{1, 2}}), (Rows{{5, 3}}));
}

TEST(InPlace, NeverOverAValueWhoseViewIsReadLater) {
  ToyGraph toy(2);
  const ValueId a = toy.node("Scratch", {toy.input("x")}, "a");
  const ValueId view = toy.node("View", {a}, "v");
  const ValueId b = toy.node("Inc", {a}, "b");
  toy.output(toy.node("Sum", {view, b}, "y"));
  EXPECT_EQ(run_toy(toy.take(), {{1, 2}}), (Rows{{5, 3}}));
}

TEST(InPlace, NeverOverAnOutput) {
  ToyGraph toy(2);
  const ValueId a = toy.node("Scratch", {toy.input("x")}, "a");
  toy.output(a);
  toy.output(toy.node("Inc", {a}, "b"));
  EXPECT_EQ(run_toy(toy.take(), {{1, 2}}), (Rows{{2, 1}, {3, 2}}));
}

TEST(InPlace, SameValueTwice) {
  ToyGraph toy(2);
  const ValueId a = toy.node("Scratch", {toy.input("x")}, "a");
  toy.output(toy.node("Sum", {a, a}, "y"));
  EXPECT_EQ(run_toy(toy.take(), {{1, 2}}), (Rows{{4, 2}}));
}

TEST(InPlace, ValueAndItsViewInOneStep) {
  ToyGraph toy(2);
  const ValueId a = toy.node("Scratch", {toy.input("x")}, "a");
  toy.output(toy.node("Sum", {a, toy.node("View", {a}, "v")}, "y"));
  EXPECT_EQ(run_toy(toy.take(), {{1, 2}}), (Rows{{4, 2}}));
}

/// x -> first -> y, where y may take over the memory of `first` if the two have the same element size.
bool shares_memory(const TensorType& first, const TensorType& y) {
  Graph graph;
  const auto value_of = [&](const char* name, const TensorType& type) {
    Value value;
    value.type = type;
    return graph.add_value(name, value);
  };
  const std::vector<ValueId> ids = {value_of("x", y), value_of("first", first), value_of("y", y), value_of("z", y)};
  graph.inputs = {ids[0]};
  graph.outputs = {ids[3]};
  const std::vector<StepValues> steps = {
      {{ids[0]}, {ids[1]}, {}}, {{ids[1], ids[0]}, {ids[2]}, {{0, 0}}}, {{ids[2]}, {ids[3]}, {}}};
  const StorageMap map = assign_storage(graph, steps, ids, graph.values);
  return map.of_value[ids[1]] == map.of_value[ids[2]];
}

/// A comparison of int32 [1,512] with int32 [4,512] gives as many bytes as the first operand has, but reads each of its
/// elements four times.
TEST(InPlace, NeverOverElementsOfAnotherSize) {
  EXPECT_FALSE(shares_memory({DataType::kInt32, true, {1, 512}}, {DataType::kBool, true, {4, 512}}));
  EXPECT_TRUE(shares_memory({DataType::kUint8, true, {4, 512}}, {DataType::kBool, true, {4, 512}}));
  EXPECT_TRUE(shares_memory({DataType::kInt32, true, {4, 512}}, {DataType::kFloat32, true, {4, 512}}));
}

/// x -> a, b -> one step with the outputs y and z -> end. Where y and z lie: 'a' and 'b' in the memory of those, '-' in
/// their own.
std::string places_of(const std::vector<InPlace>& in_place, bool has_y = true) {
  Graph graph;
  const auto value_of = [&](const char* name) {
    Value value;
    value.type = {DataType::kFloat32, true, {3}};
    return graph.add_value(name, value);
  };
  std::vector<ValueId> ids;
  for (const char* name : {"x", "a", "b", "y", "z", "end"}) ids.push_back(value_of(name));
  graph.inputs = {ids[0]};
  graph.outputs = {ids[5]};
  const ValueId y = has_y ? ids[3] : kNoValue;
  const std::vector<StepValues> steps = {{{ids[0]}, {ids[1]}, {}},
                                         {{ids[0]}, {ids[2]}, {}},
                                         {{ids[1], ids[2]}, {y, ids[4]}, in_place},
                                         {{y, ids[4]}, {ids[5]}, {}}};
  const StorageMap map = assign_storage(graph, steps, ids, graph.values);
  std::string places;
  for (const ValueId id : {ids[3], ids[4]}) {
    const std::uint32_t place = map.of_value[id];
    places += place == map.of_value[ids[1]] ? 'a' : place == map.of_value[ids[2]] ? 'b' : '-';
  }
  return places;
}

TEST(InPlace, EveryOutputOverItsOwnInput) {
  EXPECT_EQ(places_of({}), "--");
  EXPECT_EQ(places_of({{1, 0}}), "-a");
  EXPECT_EQ(places_of({{0, 1}, {1, 0}}), "ba");
}

TEST(InPlace, NeverTwoOutputsOverOneInput) {
  EXPECT_EQ(places_of({{0, 0}, {1, 0}}), "a-");
  EXPECT_EQ(places_of({{0, 0}, {1, 0}, {1, 1}}), "ab");
  EXPECT_EQ(places_of({{0, 0}, {1, 0}}, false), "-a");
}

TEST(Outputs, SameValueTwiceInputAndConstant) {
  ToyGraph toy(2);
  const ValueId x = toy.input("x");
  const ValueId y = toy.node("Inc", {x}, "y");
  toy.output(y);
  toy.output(y);
  toy.output(toy.constant("w", {8, 9}));
  toy.output(toy.node("View", {y}, "v"));
  toy.output(x);
  EXPECT_EQ(run_toy(toy.take(), {{1, 2}}), (Rows{{2, 3}, {2, 3}, {8, 9}, {2, 3}, {1, 2}}));
}

TEST(Outputs, UnusedSecondOutputKeepsItsPlace) {
  ToyGraph toy(2);
  const auto [first, second] = toy.pair(toy.input("x"), "p");
  (void)first;
  toy.output(toy.node("Inc", {second}, "y"));
  EXPECT_EQ(run_toy(toy.take(), {{1, 2}}), (Rows{{3, 5}}));
}

/// A random graph gives the same numbers as walking its nodes one by one, and its plan has no overlap.
TEST(InPlace, RandomGraphsGiveTheRightNumbers) {
  std::mt19937 random(5);
  for (int trial = 0; trial < 300; ++trial) {
    const std::size_t length = 1 + random() % 40;
    ToyGraph toy(static_cast<std::int64_t>(length));
    std::vector<ValueId> ids;
    Rows expected;
    Rows inputs;
    const auto fresh = [&] {
      std::vector<float> row(length);
      for (float& element : row) element = static_cast<float>(random() % 7);
      return row;
    };
    for (int i = 0; i < 2; ++i) {
      inputs.push_back(fresh());
      ids.push_back(toy.input("x" + std::to_string(i)));
      expected.push_back(inputs.back());
    }
    expected.push_back(fresh());
    ids.push_back(toy.constant("w", expected.back()));
    const std::size_t nodes = 1 + random() % 14;
    for (std::size_t n = 0; n < nodes; ++n) {
      const std::size_t a = random() % ids.size();
      const std::size_t b = random() % ids.size();
      const std::string name = "n" + std::to_string(n);
      std::vector<float> row = expected[a];
      switch (random() % 5) {
        case 0:
          ids.push_back(toy.node("Inc", {ids[a]}, name));
          for (float& element : row) element += 1.0F;
          break;
        case 1:
          ids.push_back(toy.node("Sum", {ids[a], ids[b]}, name));
          for (std::size_t i = 0; i < length; ++i) row[i] += expected[b][i];
          break;
        case 2:
          ids.push_back(toy.node("View", {ids[a]}, name));
          break;
        case 3:
          ids.push_back(toy.node("Scratch", {ids[a]}, name));
          std::reverse(row.begin(), row.end());
          break;
        default: {
          const auto [first, second] = toy.pair(ids[a], name);
          ids.push_back(first);
          expected.push_back(row);
          ids.push_back(second);
          for (float& element : row) element *= 2.0F;
        }
      }
      expected.push_back(row);
    }
    Rows wanted;
    for (int i = 0; i < 3; ++i) {
      const std::size_t which = random() % ids.size();
      toy.output(ids[which]);
      wanted.push_back(expected[which]);
    }
    Graph graph = toy.take();
    Graph copy = graph;
    ASSERT_EQ(run_toy(std::move(graph), inputs), wanted) << "trial " << trial;
    const auto program = program_of(std::move(copy), static_cast<std::int64_t>(length));
    std::vector<Block> blocks;
    MemoryPlan plan{{}, program->arena_bytes, program->lower_bound_bytes};
    for (const NamedBlock& named : program->blocks) {
      blocks.push_back(named.block);
      plan.offsets.push_back(named.offset);
    }
    ASSERT_EQ(check_plan(blocks, plan), "") << "trial " << trial;
  }
}

}  // namespace
}  // namespace linnet::internal
