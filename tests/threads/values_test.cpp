// Values shared by threads: one value bound in many sessions, and results of one thread taken by others.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/test_options.hpp"
#include "tests/support/value_models.hpp"

namespace linnet::test {
namespace {

constexpr int kThreads = 4;
constexpr int kRuns = 30;

/// "longer" is the sequence "s" of int64 with "x" behind it; "text" is twice the string "t".
Model model_of_values() {
  ModelWriter writer = model();
  value_input(writer, "s", sequence_type(DataType::kInt64))
      .input("x", DataType::kInt64, {"n"})
      .input("t", DataType::kString, {1})
      .node("SequenceInsert", {"s", "x"}, {"longer"})
      .node("Concat", {"t", "t"}, {"text"}, {attribute("axis", 0)})
      .output("longer")
      .output("text");
  const std::string bytes = writer.bytes();
  return Model::load(bytes.data(), bytes.size(), options_for(Backend::kAuto, 2));
}

template <typename Body>
void in_threads(const Body& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back([&body, i] { body(i); });
  for (std::thread& thread : threads) thread.join();
}

const std::vector<std::vector<std::int64_t>> kItems = {{1, 2, 3}, {4}};

bool as_expected(const std::vector<Value>& made, std::int64_t own) {
  std::vector<std::vector<std::int64_t>> expected = kItems;
  expected.push_back({own, own});
  return items_of(made[0]) == expected && made[1].strings() == std::vector<std::string>{"shared", "shared"};
}

TEST(ValuesInThreads, OneValueInManySessions) {
  const Model model = model_of_values();
  const Value sequence = sequence_of_integers(kItems);
  const Value text = Value::strings({1}, {"shared"});
  std::atomic<int> wrong{0};
  in_threads([&](int thread) {
    Session session = model.session();
    bind_value(session, 0, sequence);
    bind_value(session, 2, text);
    for (int run = 0; run < kRuns; ++run) {
      const std::int64_t own = kRuns * thread + run;
      bind_value(session, 1, integers({own, own}));
      session.run();
      if (!as_expected({output_value(session, 0), output_value(session, 1)}, own)) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST(ValuesInThreads, RunsOfOneModelOnSharedValues) {
  const Model model = model_of_values();
  const Value sequence = sequence_of_integers(kItems);
  const Value text = Value::strings({1}, {"shared"});
  std::atomic<int> wrong{0};
  in_threads([&](int thread) {
    for (int run = 0; run < kRuns; ++run) {
      const std::int64_t own = kRuns * thread + run;
      if (!as_expected(run_values(model, {sequence, integers({own, own}), text}), own)) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

/// The items of what a session gave are shared with its next runs until those make them anew.
TEST(ValuesInThreads, ResultsOutliveTheRunsAfterThem) {
  const Model model = model_of_values();
  Session session = model.session();
  const Value text = Value::strings({1}, {"shared"});
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int run = 0; run < kRuns; ++run) {
    const std::vector<Value> made = run_values(session, {sequence_of_integers(kItems), integers({run, run}), text});
    readers.emplace_back([made, run, &wrong] {
      if (!as_expected(made, run)) ++wrong;
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace linnet::test
