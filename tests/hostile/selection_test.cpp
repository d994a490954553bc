// As many results as data decides: odd scores and boxes, conditions that are too long, many candidates (sections R, B).
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/hostile/one_node.hpp"

namespace linnet::test {
namespace {

using Floats = std::vector<float>;

/// Three boxes of one class.
OneNode suppression(const Floats& boxes, const Floats& scores, std::int64_t most, float overlap) {
  return OneNode("NonMaxSuppression")
      .given<float>({1, 3, 4}, boxes)
      .given<float>({1, 1, 3}, scores)
      .given<std::int64_t>({}, {most})
      .given<float>({}, {overlap});
}

TEST(HostileSelection, BoxesAndScoresOfAnyKind) {
  const Floats apart = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5};
  for (const float odd : {kNan, kInfinity, -kInfinity, 3e38F, -3e38F, 1e-45F}) {
    for (const std::int64_t centers : {0, 1}) {
      OneNode boxes = suppression(Floats(12, odd), {1, 2, 3}, 3, 0.5F);
      const std::vector<Tensor> of_boxes = boxes.with(attribute("center_point_box", centers)).run();
      EXPECT_EQ(of_boxes[0].shape()[1], 3);
      EXPECT_GE(of_boxes[0].shape()[0], 1) << "the best is always selected";
      EXPECT_LE(of_boxes[0].shape()[0], 3);
    }
    EXPECT_EQ(suppression(apart, Floats(3, odd), 3, 0.5F).run()[0].shape(), (Shape{3, 3})) << odd;
    EXPECT_EQ(suppression(apart, {1, odd, odd}, 1, 1).run()[0].shape(), (Shape{1, 3})) << odd;
  }
  for (const std::int64_t most : {std::int64_t{0}, std::int64_t{-1}, kMin})
    EXPECT_EQ(suppression(apart, {1, 2, 3}, most, 0.5F).run()[0].shape(), (Shape{0, 3}));
  EXPECT_EQ(suppression(apart, {1, 2, 3}, kMax, 0.5F).run()[0].shape(), (Shape{3, 3}));
  OneNode none = suppression(apart, {1, 2, 3}, 3, 0.5F);
  EXPECT_EQ(none.given<float>({}, {kNan}).run()[0].shape(), (Shape{0, 3})) << "no score is above NaN";
  expect_nodes_refused({
      {"overlap NaN", suppression(apart, {1, 2, 3}, 3, kNan), "iou_threshold is nan, expected 0 to 1", kFault},
      {"overlap 2", suppression(apart, {1, 2, 3}, 3, 2), "iou_threshold is 2, expected 0 to 1", kFault},
      {"overlap -1", suppression(apart, {1, 2, 3}, 3, -1), "iou_threshold is -1, expected 0 to 1", kFault},
      {"center_point_box", suppression(apart, {1, 2, 3}, 3, 1).with(attribute("center_point_box", 7)),
       "center_point_box is 7, expected 0 or 1"},
      {"boxes of 3", OneNode("NonMaxSuppression").given(kF, {1, 3, 3}).given(kF, {1, 1, 3}),
       "boxes have the shape [1,3,3], expected [batches,boxes,4]"},
      {"fewer scores", OneNode("NonMaxSuppression").given(kF, {1, 3, 4}).given(kF, {1, 1, 2}),
       "scores have the shape [1,1,2], expected [1,classes,3]"},
      {"two maxima",
       OneNode("NonMaxSuppression").given(kF, {1, 3, 4}).given(kF, {1, 1, 3}).given<std::int64_t>({2}, {1, 1}),
       "input max_output_boxes_per_class has 2 elements, expected 1"},
  });
}

TEST(HostileSelection, Conditions) {
  const auto compress = [](const std::vector<bool>& condition) {
    return OneNode("Compress")
        .given<float>({4}, {1, 2, 3, 4})
        .given<bool>({static_cast<std::int64_t>(condition.size())}, condition);
  };
  expect_nodes_refused({
      {"true behind the end", compress({true, true, true, true, true}),
       "condition is true at 4, but there are only 4 to choose from", kFault},
      {"axis 7", compress({true}).with(attribute("axis", 7)), "axis 7 is outside [-1,0] for rank 1"},
      {"axis -2^63", compress({true}).with(attribute("axis", kMin)), "axis -9223372036854775808 is outside"},
      {"two dimensions", OneNode("Compress").given(kF, {4}).given(DataType::kBool, {2, 2}),
       "input condition has the shape [2,2], expected one dimension"},
      {"unique axis", OneNode("Unique").given(kF, {4}).with(attribute("axis", 9)), "axis 9 is outside [-1,0]"},
      {"unique workspace", OneNode("Unique").given(kF, {std::int64_t{1} << 60, 0}).with(attribute("axis", 0)),
       "its workspace needs more bytes than 64 bits can count", kLimit},
  });
  EXPECT_EQ(compress(std::vector<bool>(1000, false)).run()[0].count(), 0U);
  const Floats odd = {kNan, kNan, 1, -0.0F, 0, kInfinity};
  EXPECT_EQ(OneNode("NonZero").given<float>({6}, odd).run()[0].shape(), (Shape{1, 4}));
  for (const std::size_t outputs : {1U, 2U, 3U, 4U})
    EXPECT_EQ(OneNode("Unique").given<float>({6}, odd).outputs(outputs).run().size(), outputs);
}

/// Every element has as many indices as the input has dimensions.
TEST(HostileSelection, IndicesStayWithinTheBudget) {
  Shape shape(64, 1);
  shape.back() = 1 << 20;
  const Floats values = ones(shape);
  Options options;
  options.memory_budget = kRefusalBytes;
  expect_nodes_refused({{"2^26 indices", OneNode("NonZero").given<float>(shape, values),
                         "needs 536870912 bytes, the memory budget is 67108864", kLimit}});
  // A constant is not folded into more than Options::limits.folded_bytes.
  const std::string bytes = OneNode("NonZero").constant<float>(shape, values).bytes();
  const PeakMemory memory;
  const Model model = accept(bytes, options);
  expect_refusal("at the run", kLimit, {"NonZero node \"n\"", "the memory budget is 67108864"},
                 [&] { model.run(std::vector<Tensor>{}); });
  if (const auto growth = memory.growth_bytes()) {
    EXPECT_LE(*growth, std::size_t{96} << 20);
  }
}

/// A million boxes, none of which overlaps another: 5 * 10^11 comparisons in a few bytes each.
TEST(HostileSelection, AMillionBoxes) {
  constexpr std::int64_t kBoxes = 1000000;
  Options options;
  options.threads = 1;
  options.memory_budget = kRefusalBytes;
  const Model model = accept(test::model()
                                 .input("boxes", kF, {1, kBoxes, 4})
                                 .input("scores", kF, {1, 1, kBoxes})
                                 .initializer<std::int64_t>("most", {}, {kBoxes})
                                 .node("NonMaxSuppression", {"boxes", "scores", "most"}, {"y"}, {}, "n")
                                 .output("y")
                                 .bytes(),
                             options);
  Tensor boxes = Tensor::of<float>({1, kBoxes, 4});
  Tensor scores = Tensor::of<float>({1, 1, kBoxes});
  std::mt19937 random(1);
  for (std::int64_t i = 0; i < kBoxes; ++i) {
    const auto place = static_cast<float>(4 * i);
    const float corners[] = {place, place, place + 1, place + 1};
    std::copy(std::begin(corners), std::end(corners), boxes.data<float>() + 4 * i);
    scores.data<float>()[i] = static_cast<float>(random() % 1000);
  }
  const auto code_of = [&](const RunOptions& until) {
    try {
      model.run({boxes, scores}, until);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  const PeakMemory memory;
  RunOptions soon;
  soon.timeout = std::chrono::milliseconds(20);
  EXPECT_EQ(code_of(soon), ErrorCode::kDeadlineExceeded);
  CancelToken cancel;
  RunOptions until;
  until.cancel = &cancel;
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancel.cancel();
  });
  EXPECT_EQ(code_of(until), ErrorCode::kCancelled);
  other.join();
  if (const auto growth = memory.growth_bytes()) {
    EXPECT_LE(*growth, 2 * kRefusalBytes) << "each of the runs had an arena of its own";
  }
  // All of them in one place: each but the first is dropped at once.
  std::fill_n(boxes.data<float>(), boxes.count(), 1.0F);
  for (std::int64_t i = 0; i < kBoxes; ++i) boxes.data<float>()[4 * i] = 0;
  for (std::int64_t i = 0; i < kBoxes; ++i) boxes.data<float>()[4 * i + 1] = 0;
  EXPECT_EQ(model.run({boxes, scores})[0].shape(), (Shape{1, 3}));
}

}  // namespace
}  // namespace linnet::test
