// Decide (of Linnet's own domain): what LinearClassifier and LinearRegressor make of the scores ([N,C], float32) that a
// Gemm gives them. Z (float32) are the scores after post_transform; Y [N] the labels (classlabels_ints or
// classlabels_strings) of the largest, the first of equal ones. A single score decides between two labels (else between
// 0 and 1) by its sign; of two labels Z is [N,2] then, 1 - score and score, as ONNX Runtime has it. Without labels
// Y are the places of the largest. Of a single score that stays alone only PROBIT transforms.
#include <algorithm>

#include "ops/learned/scores.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kRows = 16;  // in a task
constexpr double kCost = 10.0;     // ns per score

struct DecideAttributes : Attributes {
  PostTransform transform = PostTransform::kNone;
  Labels labels;  ///< and 0 and 1
  std::size_t classes = 0;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<DecideAttributes>();
  attributes->transform = parse_post_transform(context);
  if (!context.has("classlabels_ints") && !context.has("classlabels_strings")) return attributes;
  attributes->labels = parse_labels(context, "classlabels_ints");
  attributes->classes = add_truth(attributes->labels);
  return attributes;
}

const Labels& labels_of(const Attributes& attributes) {
  return static_cast<const DecideAttributes&>(attributes).labels;
}

void infer(InferContext& context) {
  const auto& attributes = context.attributes<DecideAttributes>();
  const Dims& dims = context.input_dims(0);
  const auto classes = static_cast<std::int64_t>(attributes.classes);
  if (classes > 0 && dims[1].differs(classes) && dims[1].differs(1))
    invalid_model("there are ", dims[1], " scores for ", classes, " labels");
  const bool expanded = classes == 2 && dims[1].known() && dims[1].value() == 1;
  const Dim columns = expanded ? Dim(2) : dims[1];
  context.set_output(0, attributes.labels.type(), {dims[0]});
  context.set_output(1, {dims[0], classes == 2 && !dims[1].known() ? Dim(2) : columns});
}

Prepared prepare(const PrepareContext& context) {
  const auto columns = static_cast<std::size_t>(context.input_shape(0)[1]);
  return prepare_rows(context, (columns + 1) * sizeof(double));
}

void run(const RunArguments& args) {
  const RowsState& state = *static_cast<const RowsState*>(args.state);
  const auto& attributes = static_cast<const DecideAttributes&>(*state.attributes);
  const std::size_t count = state.columns;
  const bool expanded = count == 1 && attributes.classes == 2;
  const std::size_t columns = expanded ? 2 : count;
  const ClassOutputs outputs = state.outputs(attributes.labels, columns);
  float* const z = outputs.z(args);
  std::uint32_t* const places = state.places(args);
  const auto truth = static_cast<std::uint32_t>(expanded ? 0 : attributes.classes);
  const double work = static_cast<double>(state.rows * count) * kCost;
  args.control.parallel_for((state.rows + kRows - 1) / kRows, work, [&](std::size_t block, std::size_t worker) {
    auto* const scores = reinterpret_cast<double*>(state.scratch(args, worker));
    for (std::size_t row = block * kRows; row < std::min(state.rows, (block + 1) * kRows); ++row) {
      load_line(DataType::kFloat32, args.inputs[0], row * count, count, scores);
      if (count == 1) {
        places[row] = truth + (scores[0] > 0 ? 1 : 0);
        expand_score(attributes.transform, expanded ? OtherScore::kComplement : OtherScore::kNone, scores);
      } else {
        places[row] = largest_score(scores, count);
        transform_scores(attributes.transform, scores, count);
      }
      if (z != nullptr) store_line(DataType::kFloat32, scores, 0, columns, z + row * columns);
    }
  });
  outputs.write_labels(args, places);
}

constexpr InputDef kInputs[] = {{"scores", {DataType::kFloat32}}};
constexpr char kStringForm[] = "DecideToStrings";

}  // namespace

void register_decide(Registry& registry) {
  add_classifier<labels_of, kStringForm>(registry, kOwnDomain,
                                         text_op("Decide", 1, kInputs, kClassOutputs, parse, infer, prepare, run));
}

}  // namespace linnet::internal
