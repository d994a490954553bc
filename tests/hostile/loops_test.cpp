// Loops without end, and what they let grow without bound; conditions of any byte (section B).
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "tests/hostile/bodies.hpp"

namespace linnet::test {
namespace {

template <typename T>
Tensor scalar(T value) {
  Tensor tensor = Tensor::of<T>({});
  tensor.data<T>()[0] = value;
  return tensor;
}

// --- How often ---

RunOptions soon() {
  RunOptions until;
  until.timeout = std::chrono::milliseconds(20);
  return until;
}

/// Runs as often as M says: s += s.
std::string counted(bool constant, std::int64_t most = 0) {
  const GraphWriter body = loop_body().node("Add", {"s", "s"}, {"t"}).output("go").output("t");
  ModelWriter writer = model().input("x", kF, {2});
  if (constant) {
    writer.initializer<std::int64_t>("M", {}, {most});
  } else {
    writer.input("M", kI, {});
  }
  return writer.node("Loop", {"M", "", "x"}, {"y"}, {body.as("body")}, "loop").output("y").bytes();
}

TEST(HostileControlFlow, TripCounts) {
  Tensor x = Tensor::of<float>({2});
  x.data<float>()[0] = 3;
  const Model model = accept(counted(false));
  for (const std::int64_t none : {std::int64_t{0}, std::int64_t{-1}, kMin}) {
    EXPECT_EQ(model.run({x, scalar(none)})[0].data<float>()[0], 3.0F);
    EXPECT_EQ(accept(counted(true, none)).run({x})[0].data<float>()[0], 3.0F);
  }
  expect_refusal("2^63-1", ErrorCode::kDeadlineExceeded, {"deadline"}, [&] { model.run({x, scalar(kMax)}, soon()); });
  expect_refusal("constant 2^63-1", ErrorCode::kDeadlineExceeded, {"deadline"},
                 [&] { accept(counted(true, kMax)).run({x}, soon()); });
  CancelToken cancelled;
  cancelled.cancel();
  RunOptions until;
  until.cancel = &cancelled;
  expect_refusal("cancelled", ErrorCode::kCancelled, {"cancelled"}, [&] { model.run({x, scalar(kMax)}, until); });
  EXPECT_EQ(model.run({x, scalar(std::int64_t{2})})[0].data<float>()[0], 12.0F) << "the process is as good as before";
}

/// Not every byte is a valid bool of C++; each but 0 is true.
TEST(HostileControlFlow, BytesThatAreNoBools) {
  Tensor x = Tensor::of<float>({2, 4});
  x.data<float>()[0] = 3;
  const Model branch = accept(branches(GraphWriter().node("Neg", {"x"}, {"n"}).output("n"),
                                       GraphWriter().node("Abs", {"x"}, {"n"}).output("n")));
  const Model shapes = accept(branches(
      GraphWriter().node("Neg", {"x"}, {"n"}).output("n"),
      GraphWriter().node("NonZero", {"x"}, {"z"}).node("Cast", {"z"}, {"n"}, {attribute("to", 1)}).output("n")));
  const Model counted = accept(loop(loop_body().node("Neg", {"s"}, {"t"}).output("go").output("t")));
  const Model compress = accept(model()
                                    .input("x", kF, {2, 4})
                                    .input("c", kB, {2})
                                    .node("Compress", {"x", "c"}, {"y"}, {attribute("axis", 0)})
                                    .output("y")
                                    .bytes());
  for (const unsigned char byte : {std::uint8_t{2}, std::uint8_t{0x80}, std::uint8_t{0xff}}) {
    Tensor condition = Tensor::of<bool>({});
    std::memcpy(condition.data(), &byte, 1);
    const Tensor one = scalar(std::int64_t{1});
    EXPECT_EQ(branch.run({x, condition, one})[0].data<float>()[0], -3.0F);
    EXPECT_EQ(shapes.run({x, condition, one})[0].data<float>()[0], -3.0F);
    EXPECT_EQ(counted.run({x, condition, one})[0].data<float>()[0], -3.0F);
    Tensor two = Tensor::of<bool>({2});
    std::memcpy(two.data(), &byte, 1);
    EXPECT_EQ(compress.run({x, two})[0].shape(), (Shape{1, 4}));
  }
}

// --- Growth ---

/// Expects that a loop is ended, in bounded memory. `most`: iterations that it was told to make.
template <typename Run>
void expect_bounded(std::int64_t most, const Run& run) {
  SCOPED_TRACE(most);
  const PeakMemory memory;
  try {
    run();
    ADD_FAILURE() << "was not ended";
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == kLimit || error.code() == ErrorCode::kInvalidModel) << error.what();
    EXPECT_THAT(error.what(), testing::HasSubstr("Loop node \"loop\""));
  }
  if (const auto growth = memory.growth_bytes()) {
    EXPECT_LE(*growth, kRefusalBytes);
  }
}

/// What ends a loop: M, or M and what its data says, or nothing.
enum class Ends { kCount, kData, kNever };

/// What goes round is twice as long after every iteration.
std::string doubling(Ends ends) {
  GraphWriter body = loop_body();
  body.node("Concat", {"s", "s"}, {"t"}, {attribute("axis", 0)});
  if (ends == Ends::kData) {
    body.node("ReduceSum", {"s"}, {"sum"}, {attribute("keepdims", 0)}).node("Less", {"sum", "limit"}, {"on"});
  }
  body.output(ends == Ends::kData ? "on" : "go").output("t");
  return model()
      .input("x", kF, {"n"})
      .input("M", kI, {})
      .input("limit", kF, {})
      .node("Loop", {ends == Ends::kNever ? "" : "M", "", "x"}, {"y"}, {body.as("body")}, "loop")
      .output("y")
      .bytes();
}

TEST(HostileControlFlow, StatesThatDouble) {
  Options options;
  options.threads = 1;
  options.memory_budget = std::size_t{4} << 20;
  const Tensor x = Tensor::of<float>({4});
  const Tensor limit = scalar(1.0F);
  for (const Ends ends : {Ends::kCount, Ends::kData}) {
    SCOPED_TRACE(ends == Ends::kCount ? "count" : "data");
    const Model model = accept(doubling(ends), options);
    for (const std::int64_t most : {std::int64_t{60}, std::int64_t{1000}, kMax})
      expect_bounded(most, [&] { model.run({x, scalar(most), limit}); });
    EXPECT_EQ(model.run({x, scalar(std::int64_t{3}), limit})[0].count(), 32U);
  }
  // Nothing ends it.
  expect_refusal("endless", ErrorCode::kUnsupported, {"Loop node \"loop\"", "shape of output 0"}, [&] {
    accept(doubling(Ends::kNever), options).run({x, scalar(std::int64_t{1}), limit});
  });
}

TEST(HostileControlFlow, StatesThatDoubleInConstantLoops) {
  // All of it is known at load, where it may be followed, but not folded without bound.
  for (const std::int64_t most : {std::int64_t{24}, std::int64_t{60}, std::int64_t{1000}, kMax}) {
    const GraphWriter body =
        loop_body().node("Concat", {"s", "s"}, {"t"}, {attribute("axis", 0)}).output("go").output("t");
    const std::string bytes = model()
                                  .initializer<float>("w", {1024}, std::vector<float>(1024, 1.0F))
                                  .initializer<std::int64_t>("M", {}, {most})
                                  .node("Loop", {"M", "", "w"}, {"y"}, {body.as("body")}, "loop")
                                  .output("y")
                                  .bytes();
    Options options;
    options.memory_budget = std::size_t{4} << 20;
    expect_bounded(most, [&] { accept(bytes, options).run(std::vector<Tensor>{}); });
  }
}

/// Pieces pile up for as long as data says, which is always.
TEST(HostileControlFlow, PiecesThatPileUp) {
  Options options;
  options.threads = 1;
  options.memory_budget = std::size_t{4} << 20;
  const GraphWriter body =
      loop_body().node("ReduceSum", {"s"}, {"sum"}, {attribute("keepdims", 0)}).node("Less", {"sum", "one"}, {"on"});
  GraphWriter stacked = body;
  stacked.output("on").output("s").output("s");
  const std::string endless = model()
                                  .input("x", kF, {1000})
                                  .initializer<float>("one", {}, {1})
                                  .node("Loop", {"", "", "x"}, {"y", "z"}, {stacked.as("body")}, "loop")
                                  .output("z")
                                  .bytes();
  const Model model_of_data = accept(endless, options);
  expect_refusal("data", kLimit, {"Loop node \"loop\"", "needs ", " bytes, the memory budget is 4194304"},
                 [&] { model_of_data.run({Tensor::of<float>({1000})}); });
  // As many as M says.
  const Model model_of_count =
      accept(loop(loop_body().output("go").output("s").output("s"), {"M", "c", "x"}, {"y", "z"}), options);
  for (const std::int64_t most : {kTwo40, std::int64_t{1} << 60, kMax}) {
    expect_bounded(most, [&] { model_of_count.run({Tensor::of<float>({2, 4}), scalar(true), scalar(most)}); });
  }
  // As many as a tensor without elements has rows.
  const Model rows = accept(model()
                                .input("x", kF, {"n", 0})
                                .node("Scan", {"x"}, {"y"},
                                      {GraphWriter()
                                           .input("row")
                                           .initializer<float>("one", {}, {1})
                                           .node("Identity", {"one"}, {"piece"})
                                           .output("piece")
                                           .as("body"),
                                       attribute("num_scan_inputs", 1)},
                                      "scan")
                                .output("y")
                                .bytes(),
                            options);
  expect_refusal("2^40 rows", kLimit, {"Scan node \"scan\"", "the memory budget is 4194304"}, [&] {
    rows.run({Tensor::of<float>({kTwo40, 0})});
  });
  EXPECT_EQ(rows.run({Tensor::of<float>({3, 0})})[0].count(), 3U);
}

/// Loops that data ends, within each other: the innermost never does.
TEST(HostileControlFlow, EndlessLoopsWithinLoops) {
  GraphWriter body = loop_body();
  body.node("NonZero", {"s"}, {"z"}).node("Size", {"z"}, {"n"}).node("Cast", {"n"}, {"none"}, {attribute("to", 9)});
  body.node("Not", {"none"}, {"on"}).output("on").output("s").output("z");
  for (int depth = 1; depth < 20; ++depth) {
    GraphWriter around = loop_body();
    around.node("Loop", {"", "", "s"}, {"t"}, {body.as("body")}, "inner").output("go").output("t");
    body = around;
  }
  const std::string bytes =
      model().input("x", kF, {2}).node("Loop", {"", "", "x"}, {"y"}, {body.as("body")}, "loop").output("y").bytes();
  const Model model = accept(bytes);
  expect_refusal("endless", ErrorCode::kDeadlineExceeded, {"deadline"},
                 [&] { model.run({Tensor::of<float>({2})}, soon()); });
}

}  // namespace
}  // namespace linnet::test
