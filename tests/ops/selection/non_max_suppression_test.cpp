#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

/// Boxes on a line, each from 10 i to 10 i + 10, so that shifts say how much two overlap.
std::vector<float> boxes_at(const std::vector<float>& tops) {
  std::vector<float> boxes;
  for (const float top : tops) boxes.insert(boxes.end(), {top, 0, top + 10, 1});
  return boxes;
}

OpTest suppression(const std::vector<float>& tops, const std::vector<float>& scores, std::int64_t most, float overlap) {
  const auto count = static_cast<std::int64_t>(tops.size());
  OpTest test("NonMaxSuppression", 11);
  test.input<float>({1, count, 4}, boxes_at(tops))
      .input<float>({1, 1, count}, scores)
      .input<std::int64_t>({1}, {most})
      .input<float>({1}, {overlap});
  return test;
}

OpTest selects(OpTest test, const std::vector<std::int64_t>& boxes) {
  std::vector<std::int64_t> rows;
  for (const std::int64_t box : boxes) rows.insert(rows.end(), {0, 0, box});
  return test.expect<std::int64_t>({static_cast<std::int64_t>(boxes.size()), 3}, rows);
}

TEST(NonMaxSuppression, DropsWhatOverlaps) {
  // Boxes 0 and 1 share 9 of 11, 2 and 3 nothing.
  const std::vector<float> tops = {0, 1, 20, 40};
  const std::vector<float> scores = {0.5F, 0.9F, 0.1F, 0.7F};
  selects(suppression(tops, scores, 9, 0.5F), {1, 3, 2}).run();
  selects(suppression(tops, scores, 9, 0.9F), {1, 3, 0, 2}).run();
  selects(suppression(tops, scores, 2, 0.5F), {1, 3}).run();
  selects(suppression(tops, scores, 0, 0.5F), {}).run();
  selects(suppression(tops, scores, -1, 0.5F), {}).run();
}

TEST(NonMaxSuppression, ComparesWithThresholdsStrictly) {
  // Boxes of 10 shifted by 5 share 5 of 15.
  selects(suppression({0, 5}, {0.9F, 0.8F}, 9, 1.0F / 3), {0, 1}).run();
  selects(suppression({0, 5}, {0.9F, 0.8F}, 9, 0.33F), {0}).run();
  OpTest test = suppression({0, 20, 40}, {0.9F, 0.5F, 0.4F}, 9, 0.5F);
  test.input<float>({1}, {0.5F});
  selects(test, {0}).run();
}

TEST(NonMaxSuppression, TakesTheFirstOfEqualScores) {
  selects(suppression({40, 0, 20}, {0.5F, 0.5F, 0.5F}, 9, 0.5F), {0, 1, 2}).run();
}

TEST(NonMaxSuppression, PutsNanScoresLast) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  selects(suppression({0, 20, 40, 60}, {nan, -INFINITY, nan, 2}, 9, 0.5F), {3, 1, 0, 2}).run();
  OpTest test = suppression({0, 20}, {nan, 1}, 9, 0.5F);
  test.input<float>({}, {-1e30F});
  selects(test, {1}).run();
}

TEST(NonMaxSuppression, LeavesBoxesWithoutAreaAlone) {
  OpTest test("NonMaxSuppression", 10);
  test.input<float>({1, 3, 4}, {0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 4, 4})
      .input<float>({1, 1, 3}, {3, 2, 1})
      .input<std::int64_t>({}, {9});
  selects(test, {0, 1, 2}).run();
}

TEST(NonMaxSuppression, TakesCornersInAnyOrderAndCenters) {
  OpTest corners("NonMaxSuppression", 11);
  corners.input<float>({1, 2, 4}, {10, 1, 0, 0, 1, 0, 11, 1})
      .input<float>({1, 1, 2}, {2, 1})
      .input<std::int64_t>({1}, {9})
      .input<float>({1}, {0.5F});
  selects(corners, {0}).run();
  OpTest centers("NonMaxSuppression", 11);
  centers.attribute("center_point_box", std::int64_t{1})
      .input<float>({1, 3, 4}, {0.5F, 5, 1, 10, 0.5F, 6, 1, 10, 20, 5, 1, 10})
      .input<float>({1, 1, 3}, {2, 1, 0})
      .input<std::int64_t>({1}, {9})
      .input<float>({1}, {0.5F});
  selects(centers, {0, 2}).run();
}

TEST(NonMaxSuppression, KeepsBatchesAndClassesApart) {
  OpTest("NonMaxSuppression", 11)
      .input<float>({2, 2, 4}, {0, 0, 10, 1, 1, 0, 11, 1, 0, 0, 10, 1, 20, 0, 30, 1})
      .input<float>({2, 3, 2}, {1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0})
      .input<std::int64_t>({1}, {5})
      .input<float>({1}, {0.5F})
      .input<float>({1}, {0.5F})
      .expect<std::int64_t>({6, 3}, {0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 1, 1})
      .run();
}

TEST(NonMaxSuppression, AgreesWithTheLoopOfItsDefinition) {
  constexpr std::int64_t kBoxes = 400;
  constexpr std::int64_t kMost = 150;  // of which there are fewer
  const ConstantPtr boxes = random_tensor(DataType::kFloat32, {1, kBoxes, 4}, 0, 10, 21);
  const ConstantPtr scores = random_tensor(DataType::kFloat32, {1, 1, kBoxes}, 0, 1, 22);
  const auto corner = [&](std::int64_t box, int from, bool largest) {
    const float* numbers = boxes->as<float>() + 4 * box;
    return largest ? std::max(numbers[from], numbers[from + 2]) : std::min(numbers[from], numbers[from + 2]);
  };
  const auto area = [&](std::int64_t box) {
    return (corner(box, 0, true) - corner(box, 0, false)) * (corner(box, 1, true) - corner(box, 1, false));
  };
  const auto shared = [&](std::int64_t a, std::int64_t b) {
    float product = 1;
    for (const int axis : {0, 1}) {
      const float side = std::min(corner(a, axis, true), corner(b, axis, true)) -
                         std::max(corner(a, axis, false), corner(b, axis, false));
      product *= std::max(side, 0.0F);
    }
    return product / (area(a) + area(b) - product);
  };
  std::vector<std::int64_t> order(kBoxes);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return scores->as<float>()[a] > scores->as<float>()[b]; });
  std::vector<std::int64_t> kept;
  for (const std::int64_t box : order) {
    const auto suppresses = [&](std::int64_t other) { return shared(box, other) > 0.3F; };
    if (kept.size() < kMost && std::none_of(kept.begin(), kept.end(), suppresses)) kept.push_back(box);
  }
  OpTest test("NonMaxSuppression", 11);
  test.input(boxes).input(scores).input<std::int64_t>({1}, {kMost}).input<float>({1}, {0.3F});
  selects(test, kept).run();
}

TEST(NonMaxSuppression, TakesNoBoxesAndNoClasses) {
  OpTest("NonMaxSuppression", 11)
      .input<float>({1, 0, 4}, {})
      .input<float>({1, 2, 0}, {})
      .input<std::int64_t>({1}, {3})
      .expect<std::int64_t>({0, 3}, {})
      .run();
  OpTest("NonMaxSuppression", 11)
      .input<float>({0, 5, 4}, {})
      .input<float>({0, 2, 5}, {})
      .expect<std::int64_t>({0, 3}, {})
      .run();
}

TEST(NonMaxSuppression, SaysWhatIsWrong) {
  const auto refused = [](OpTest test, ErrorCode code, const char* words) { test.expect_error(code, words).run(); };
  refused(suppression({0}, {1}, 1, 1.5F), ErrorCode::kRuntimeFault, "iou_threshold is 1.5, expected 0 to 1");
  refused(OpTest("NonMaxSuppression", 11).input<float>({1, 4}, {0, 0, 1, 1}).input<float>({1, 1, 1}, {1}),
          ErrorCode::kInvalidModel, "boxes have the shape [1,4], expected [batches,boxes,4]");
  refused(OpTest("NonMaxSuppression", 11).input<float>({1, 1, 4}, {0, 0, 1, 1}).input<float>({1, 1, 2}, {1, 1}),
          ErrorCode::kInvalidModel, "scores have the shape [1,1,2], expected [1,classes,1]");
  refused(OpTest("NonMaxSuppression", 11)
              .input<float>({1, 1, 4}, {0, 0, 1, 1})
              .input<float>({1, 1, 1}, {1})
              .input<std::int64_t>({2}, {1, 1}),
          ErrorCode::kInvalidModel, "input max_output_boxes_per_class has 2 elements, expected 1");
  refused(OpTest("NonMaxSuppression", 11)
              .attribute("center_point_box", std::int64_t{2})
              .input<float>({1, 1, 4}, {0, 0, 1, 1})
              .input<float>({1, 1, 1}, {1}),
          ErrorCode::kInvalidModel, "center_point_box is 2, expected 0 or 1");
}

}  // namespace
}  // namespace linnet::internal
