// NonMaxSuppression: of overlapping boxes those with the highest scores. For every batch and class, boxes are looked at
// by falling score, of equal ones the first; a box is selected unless its score is not above score_threshold, or its
// intersection over union with one selected before is above iou_threshold. Output [number selected, 3] (int64): batch,
// class, box, in this order of batches and classes.
//   boxes [batches,boxes,4]: two opposite corners y1,x1,y2,x2, or with center_point_box = 1 x,y,width,height;
//   scores [batches,classes,boxes]; both float32. max_output_boxes_per_class (int64, default 0: none), iou_threshold
//   (float32, in [0,1], default 0), score_threshold (float32; left out: no limit) are scalars or one element.
// A box without area overlaps none. A NaN score is never selected where there is a score_threshold, and else comes
// last. Opsets 10 to newest. How many are selected only the run knows.
#include <algorithm>
#include <cmath>

#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "ops/shared/workspace_layout.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

enum Input : std::size_t { kBoxes, kScores, kMostBoxes, kIouThreshold, kScoreThreshold };

constexpr std::size_t kComparisonsBetweenLooks = 100000;
constexpr double kSortCost = 50.0;  // ns per box

struct NonMaxSuppressionAttributes : Attributes {
  bool centers = false;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<NonMaxSuppressionAttributes>();
  const std::int64_t centers = context.get_int("center_point_box", 0);
  if (centers != 0 && centers != 1) invalid_model("center_point_box is ", centers, ", expected 0 or 1");
  attributes->centers = centers == 1;
  return attributes;
}

void infer(InferContext& context) {
  const Dims& boxes = context.input_dims(kBoxes);
  const Dims& scores = context.input_dims(kScores);
  if (boxes.size() != 3 || boxes[2].differs(4))
    invalid_model("boxes have the shape ", boxes, ", expected [batches,boxes,4]");
  if (scores.size() != 3 || scores[0].differs(boxes[0]) || scores[2].differs(boxes[1])) {
    invalid_model("scores have the shape ", scores, ", expected [", boxes[0], ",classes,", boxes[1],
                  "]: as many batches and boxes as boxes has");
  }
  for (const std::size_t input : {kMostBoxes, kIouThreshold, kScoreThreshold}) {
    if (context.has_input(input)) require_one_element(context, input);
  }
  context.set_output(0, {Dim::unknown(), 3});
}

/// Corners in order, and the area.
struct Box {
  float top, left, bottom, right, area;
};

Box make_box(const float* numbers, bool centers) {
  Box box{};
  if (centers) {
    box.left = numbers[0] - numbers[2] / 2;
    box.right = numbers[0] + numbers[2] / 2;
    box.top = numbers[1] - numbers[3] / 2;
    box.bottom = numbers[1] + numbers[3] / 2;
  } else {
    box.top = std::min(numbers[0], numbers[2]);
    box.bottom = std::max(numbers[0], numbers[2]);
    box.left = std::min(numbers[1], numbers[3]);
    box.right = std::max(numbers[1], numbers[3]);
  }
  box.area = (box.bottom - box.top) * (box.right - box.left);
  return box;
}

/// The boxes that were selected, as lines of their numbers.
struct Selected {
  float* tops;
  float* lefts;
  float* bottoms;
  float* rights;
  float* areas;

  Selected(float* numbers, std::size_t most)
      : tops(numbers),
        lefts(numbers + most),
        bottoms(numbers + 2 * most),
        rights(numbers + 3 * most),
        areas(numbers + 4 * most) {}

  void put(std::size_t place, const Box& box) const {
    tops[place] = box.top;
    lefts[place] = box.left;
    bottoms[place] = box.bottom;
    rights[place] = box.right;
    areas[place] = box.area;
  }
};

/// Whether one of `count` selected boxes overlaps the box too much: without branches, for compilers to use vectors.
bool any_overlaps(const Selected& selected, std::size_t count, const Box& box, float threshold) {
  constexpr std::size_t kBlock = 64;
  for (std::size_t first = 0; first < count; first += kBlock) {
    unsigned any = 0;
    for (std::size_t i = first; i < std::min(first + kBlock, count); ++i) {
      const float height = std::min(box.bottom, selected.bottoms[i]) - std::max(box.top, selected.tops[i]);
      const float width = std::min(box.right, selected.rights[i]) - std::max(box.left, selected.lefts[i]);
      const float intersection = height * width;
      const float ratio = intersection / (box.area + selected.areas[i] - intersection);
      any |= unsigned{height > 0} & unsigned{width > 0} & unsigned{selected.areas[i] > 0} & unsigned{ratio > threshold};
    }
    if (any != 0 && box.area > 0) return true;
  }
  return false;
}

struct Candidate {
  float score;
  std::uint32_t box;
};

bool comes_before(const Candidate& a, const Candidate& b) {
  if (a.score > b.score) return true;
  if (a.score < b.score) return false;
  if (std::isnan(a.score) != std::isnan(b.score)) return std::isnan(b.score);
  return a.box < b.box;
}

struct State {
  std::size_t inputs = 0;  ///< of the node
  bool centers = false;
  std::size_t batches = 0, classes = 0, boxes = 0;
  // Workspace offsets:
  std::size_t corners = 0;     ///< of the boxes of a batch
  std::size_t candidates = 0;  ///< of a worker; those selected take the place of those that were looked at
  std::size_t candidates_bytes = 0;
  std::size_t selected = 0;  ///< numbers of the boxes selected by a worker
  std::size_t selected_bytes = 0;
  std::size_t counts = 0;  ///< selected, by worker
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const Shape scores = context.input_shape(kScores);
  state->inputs = context.input_count();
  state->centers = context.attributes<NonMaxSuppressionAttributes>().centers;
  state->batches = static_cast<std::size_t>(scores[0]);
  state->classes = static_cast<std::size_t>(scores[1]);
  state->boxes = static_cast<std::size_t>(scores[2]);
  if (state->boxes > UINT32_MAX) fail(ErrorCode::kLimitExceeded, "there are more than ", UINT32_MAX, " boxes");
  const auto threads = static_cast<std::size_t>(context.threads());
  WorkspaceLayout layout;
  state->corners = layout.add(state->boxes * sizeof(Box));
  state->candidates_bytes = state->boxes * sizeof(Candidate);
  state->candidates = layout.add(threads * state->candidates_bytes);
  state->selected_bytes = state->boxes * sizeof(Box);
  state->selected = layout.add(threads * state->selected_bytes);
  state->counts = layout.add(threads * sizeof(std::size_t));
  return {state, layout.bytes()};
}

/// One run of the node.
class Suppression {
 public:
  explicit Suppression(const RunArguments& args)
      : args_(args),
        state_(*static_cast<const State*>(args.state)),
        workspace_(static_cast<std::byte*>(args.workspace)),
        corners_(reinterpret_cast<Box*>(workspace_ + state_.corners)),
        counts_(reinterpret_cast<std::size_t*>(workspace_ + state_.counts)) {
    if (given(kMostBoxes)) {
      const std::int64_t most = *static_cast<const std::int64_t*>(args.inputs[kMostBoxes]);
      most_ = static_cast<std::size_t>(std::clamp<std::int64_t>(most, 0, static_cast<std::int64_t>(state_.boxes)));
    }
    if (given(kIouThreshold)) overlap_ = *static_cast<const float*>(args.inputs[kIouThreshold]);
    if (!(overlap_ >= 0 && overlap_ <= 1))
      fail(ErrorCode::kRuntimeFault, "iou_threshold is ", overlap_, ", expected 0 to 1");
    if (given(kScoreThreshold)) least_score_ = static_cast<const float*>(args.inputs[kScoreThreshold]);
  }

  void run() {
    Held& output = held(args_.outputs[0]);
    std::int64_t* rows = reinterpret_cast<std::int64_t*>(output.make(DataType::kInt64, {0, 3}));
    const auto threads = static_cast<std::size_t>(args_.control.threads());
    for (std::size_t batch = 0; batch < state_.batches && most_ > 0; ++batch) {
      make_corners(batch);
      for (std::size_t first = 0; first < state_.classes; first += threads) {
        const std::size_t classes = std::min(threads, state_.classes - first);
        const double work = kSortCost * static_cast<double>(classes * state_.boxes);
        args_.control.parallel_for(classes, work, [&](std::size_t i) { select(batch, first + i, i); });
        for (std::size_t i = 0; i < classes; ++i) {
          const std::size_t before = found_;
          found_ += counts_[i];
          rows = reinterpret_cast<std::int64_t*>(output.make(DataType::kInt64, {static_cast<std::int64_t>(found_), 3}));
          write(rows + 3 * before, batch, first + i, i);
        }
      }
    }
  }

 private:
  bool given(std::size_t input) const { return input < state_.inputs && args_.inputs[input] != nullptr; }

  Candidate* candidates(std::size_t place) const {
    return reinterpret_cast<Candidate*>(workspace_ + state_.candidates + place * state_.candidates_bytes);
  }

  void make_corners(std::size_t batch) const {
    const float* numbers = static_cast<const float*>(args_.inputs[kBoxes]) + batch * state_.boxes * 4;
    for (std::size_t i = 0; i < state_.boxes; ++i) corners_[i] = make_box(numbers + 4 * i, state_.centers);
  }

  /// A heap gives the candidates in order, so that no more are sorted than are looked at.
  void select(std::size_t batch, std::size_t of_class, std::size_t place) const {
    const float* scores =
        static_cast<const float*>(args_.inputs[kScores]) + (batch * state_.classes + of_class) * state_.boxes;
    Candidate* const begin = candidates(place);
    Candidate* end = begin;
    for (std::size_t i = 0; i < state_.boxes; ++i) {
      if (least_score_ == nullptr || scores[i] > *least_score_) *end++ = {scores[i], static_cast<std::uint32_t>(i)};
    }
    const auto later = [](const Candidate& a, const Candidate& b) { return comes_before(b, a); };
    std::make_heap(begin, end, later);
    // The heap shrinks from its end, where those that were selected gather.
    Candidate* next = end;
    Candidate* const all = end;
    const Selected selected(reinterpret_cast<float*>(workspace_ + state_.selected + place * state_.selected_bytes),
                            state_.boxes);
    std::size_t count = 0;
    std::size_t comparisons = 0;
    while (begin != end && count < most_) {
      comparisons += count + 1;
      if (comparisons > kComparisonsBetweenLooks) {
        comparisons = 0;
        if (args_.control.abandon_if_stopped()) break;
      }
      std::pop_heap(begin, end, later);
      const Candidate best = *--end;
      const Box& box = corners_[best.box];
      if (any_overlaps(selected, count, box, overlap_)) continue;
      selected.put(count, box);
      *--next = best;
      ++count;
    }
    counts_[place] = count;
    // In order, at the beginning.
    std::reverse(next, all);
    std::move(next, all, begin);
  }

  void write(std::int64_t* rows, std::size_t batch, std::size_t of_class, std::size_t place) const {
    const Candidate* selected = candidates(place);
    for (std::size_t i = 0; i < counts_[place]; ++i) {
      *rows++ = static_cast<std::int64_t>(batch);
      *rows++ = static_cast<std::int64_t>(of_class);
      *rows++ = static_cast<std::int64_t>(selected[i].box);
    }
  }

  const RunArguments& args_;
  const State& state_;
  std::byte* workspace_;
  Box* corners_;
  std::size_t* counts_;
  std::size_t most_ = 0;
  float overlap_ = 0;
  const float* least_score_ = nullptr;
  std::size_t found_ = 0;
};

void run(const RunArguments& args) { Suppression(args).run(); }

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input != kMostBoxes) return std::nullopt;
  WantedElements wanted = wanted_sizes(0, "the most boxes to select of a class");
  const Dim boxes = node.input_dims(kBoxes).size() == 3 ? node.input_dims(kBoxes)[1] : Dim::unknown();
  if (boxes.known()) wanted.high = boxes.value();
  return wanted;
}

constexpr InputDef kInputs[] = {
    {"boxes", kFloat32Type},
    {"scores", kFloat32Type},
    {"max_output_boxes_per_class", kInt64Type, kMayBeLeftOut},
    {"iou_threshold", kFloat32Type, kMayBeLeftOut},
    {"score_threshold", kFloat32Type, kMayBeLeftOut},
};
constexpr OutputDef kOutputs[] = {{"selected_indices", kInt64Type}};

}  // namespace

void register_non_max_suppression(Registry& registry) {
  OpDef op;
  op.name = "NonMaxSuppression";
  op.since_opset = 10;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.reveals = true;
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
