// TreeEnsembleRegressor, TreeEnsembleClassifier and TreeEnsemble (ai.onnx.ml): each row of X ([N,columns], or [columns]
// as one row: float32, float64, int32, int64) goes through all trees, and the weights of the leaves where it arrives
// are aggregated by target: summed, or their average, least or largest. Then come base_values and post_transform.
//   Regressor: Y [N,n_targets], float32. Of one target, only PROBIT transforms.
//   Classifier: Y [N], the labels (int64 or strings) of the largest scores, the first of equal ones; Z [N,classes],
//   float32. Two classes: see `decide`, which does as ONNX Runtime does.
//   TreeEnsemble (opset 5): a regressor with other attributes and no base values; X and Y are float32, float64 or
//   float16.
// Opsets 1 to newest; from 3 on, values, weights and base values may be tensors (float32 or float64). Nodes may compare
// in all modes, sets included. nodes_missing_value_tracks_true: NaN goes to the true child; else it goes where
// comparisons with NaN lead. The first node listed of a tree is its root. Weights of nodes that are no leaves are left
// out. What leads to a node that is not there, or to one twice, is refused. Sums are made in float64.
#include <algorithm>
#include <limits>

#include "ops/learned/tree_attributes.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kTreesUntilStop = 64;

void require_columns(const Trees& trees, Dim columns) {
  if (columns.known() && static_cast<std::size_t>(columns.value()) < trees.least_columns())
    invalid_model("rows of X have ", columns, " elements, but the trees look at element ", trees.least_columns() - 1);
}

void infer_regressor(InferContext& context) {
  const auto& attributes = context.attributes<EnsembleAttributes>();
  const RowDims dims = rows_of(context);
  require_columns(attributes.trees, dims.columns);
  context.set_output(0, {dims.rows, Dim(static_cast<std::int64_t>(attributes.trees.targets))});
}

void infer_ensemble(InferContext& context) {
  const auto& attributes = context.attributes<EnsembleAttributes>();
  const Dims& dims = context.input_dims(0);
  if (dims.size() != 2) invalid_model("input X has rank ", dims.size(), ", expected 2");
  require_columns(attributes.trees, dims[1]);
  context.set_output(0, {dims[0], Dim(static_cast<std::int64_t>(attributes.trees.targets))});
}

const Labels& labels_of(const Attributes& attributes) {
  return static_cast<const EnsembleAttributes&>(attributes).labels;
}

void infer_classifier(InferContext& context) {
  const auto& attributes = context.attributes<EnsembleAttributes>();
  const RowDims dims = rows_of(context);
  require_columns(attributes.trees, dims.columns);
  ClassOutputs::infer(context, attributes.labels, dims.rows, static_cast<std::int64_t>(attributes.trees.targets));
}

/// What a worker keeps of its rows, one part behind the other.
struct Scratch {
  std::uint64_t* keys;  ///< [rows, features]
  double* scores;       ///< [rows, targets]
  std::uint8_t* seen;   ///< [rows, targets]

  static std::size_t bytes(const Trees& trees, std::size_t rows) {
    return rows * (trees.features.size() * sizeof(std::uint64_t) + trees.targets * (sizeof(double) + 1));
  }
  Scratch(const Trees& trees, std::size_t rows, std::byte* memory)
      : keys(reinterpret_cast<std::uint64_t*>(memory)),
        scores(reinterpret_cast<double*>(keys + rows * trees.features.size())),
        seen(reinterpret_cast<std::uint8_t*>(scores + rows * trees.targets)) {}
};

Prepared prepare(const PrepareContext& context) {
  const Shape shape = context.input_shape(0);
  const std::size_t rows = shape.size() == 1 ? 1 : std::min(static_cast<std::size_t>(shape[0]), kTreeRows);
  return prepare_rows(context, Scratch::bytes(context.attributes<EnsembleAttributes>().trees, rows));
}

/// Scores of all rows, kTreeRows at a time: finish(first, count, scores, seen) makes of them what they come to.
template <typename Finish>
void run_trees(const RunArguments& args, const RowsState& state, const Finish& finish) {
  const Trees& trees = static_cast<const EnsembleAttributes&>(*state.attributes).trees;
  const double work = static_cast<double>(state.rows) * trees.row_cost;
  const std::size_t blocks = (state.rows + kTreeRows - 1) / kTreeRows;
  args.control.parallel_for(blocks, work, [&](std::size_t block, std::size_t worker) {
    const auto [keys, scores, seen] = Scratch(trees, std::min(state.rows, kTreeRows), state.scratch(args, worker));
    const std::size_t first = block * kTreeRows;
    const std::size_t count = std::min(kTreeRows, state.rows - first);
    load_tree_keys(trees, state.type, args.inputs[0], state.columns, first, count, keys);
    std::fill_n(scores, count * trees.targets, 0.0);
    std::fill_n(seen, count * trees.targets, std::uint8_t{0});
    for (std::size_t tree = 0; tree < trees.trees.size(); tree += kTreesUntilStop) {
      if (args.control.abandon_if_stopped()) return;
      walk_trees(trees, tree, std::min(kTreesUntilStop, trees.trees.size() - tree), keys, count, scores, seen);
    }
    finish(first, count, scores, seen);
  });
}

void run_regressor(const RunArguments& args) {
  const RowsState& state = *static_cast<const RowsState*>(args.state);
  const auto& attributes = static_cast<const EnsembleAttributes&>(*state.attributes);
  const std::size_t targets = attributes.trees.targets;
  const double share =
      attributes.trees.aggregate == Aggregate::kAverage ? static_cast<double>(attributes.trees.trees.size()) : 1;
  run_trees(args, state, [&](std::size_t first, std::size_t count, double* scores, const std::uint8_t*) {
    for (std::size_t row = 0; row < count; ++row) {
      double* const of_row = scores + row * targets;
      for (std::size_t i = 0; i < targets; ++i)
        of_row[i] = of_row[i] / share + (attributes.base.empty() ? 0.0 : attributes.base[i]);
      if (targets > 1 || attributes.transform == PostTransform::kProbit)
        transform_scores(attributes.transform, of_row, targets);
    }
    store_line(attributes.keeps_type ? state.type : DataType::kFloat32, scores, first * targets, count * targets,
               args.outputs[0]);
  });
}

/// Of two classes: makes two scores of those of the leaves, and returns the class. With weights of class 0 alone the
/// score is that of class 1, and the other one its complement, or its negative where some weights are.
std::uint32_t decide(const EnsembleAttributes& attributes, double* scores, const std::uint8_t* seen) {
  const std::vector<double>& base = attributes.base;
  bool single = seen[1] == 0 && base.size() < 2;
  if (base.size() == 2 && seen[1] != 0) {
    scores[1] = base[1] + scores[0];
    scores[0] = seen[0] != 0 ? -scores[1] : 0.0;
  } else if (!base.empty()) {
    scores[0] += seen[0] != 0 || single ? base[0] : 0.0;
  }
  const double score = static_cast<float>(seen[1] != 0 ? scores[1] : scores[0]);
  const bool by_half = attributes.one_class_only && !attributes.weights_negative;
  if (single) {
    const OtherScore other = by_half ? OtherScore::kComplement : OtherScore::kNegated;
    expand_score(attributes.transform, other, scores);
  } else {
    transform_scores(attributes.transform, scores, 2);
  }
  return score > (by_half ? 0.5 : 0.0) ? 1 : 0;
}

/// Of more than two.
std::uint32_t decide_largest(const EnsembleAttributes& attributes, double* scores, std::uint8_t* seen) {
  const std::size_t classes = attributes.trees.targets;
  for (std::size_t i = 0; i < attributes.base.size(); ++i) {
    scores[i] += attributes.base[i];
    seen[i] = 1;
  }
  std::uint32_t best = 0;
  float most = -std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < classes; ++i) {
    const auto score = static_cast<float>(scores[i]);
    if (seen[i] == 0 || score <= most) continue;
    best = static_cast<std::uint32_t>(i);
    most = score;
  }
  transform_scores(attributes.transform, scores, classes);
  return best;
}

/// Of one: whether it is so.
std::uint32_t decide_truth(const EnsembleAttributes& attributes, double* scores) {
  if (!attributes.base.empty()) scores[0] += attributes.base[0];
  const bool truth = scores[0] > 0;
  expand_score(attributes.transform, OtherScore::kNone, scores);
  return truth ? 2 : 1;
}

void run_classifier(const RunArguments& args) {
  const RowsState& state = *static_cast<const RowsState*>(args.state);
  const auto& attributes = static_cast<const EnsembleAttributes&>(*state.attributes);
  const std::size_t classes = attributes.trees.targets;
  const ClassOutputs outputs = state.outputs(attributes.labels, classes);
  float* const z = outputs.z(args);
  std::uint32_t* const places = state.places(args);
  run_trees(args, state, [&](std::size_t first, std::size_t count, double* scores, std::uint8_t* seen) {
    for (std::size_t row = 0; row < count; ++row) {
      double* const of_row = scores + row * classes;
      std::uint8_t* const seen_of_row = seen + row * classes;
      places[first + row] = classes == 1   ? decide_truth(attributes, of_row)
                            : classes == 2 ? decide(attributes, of_row, seen_of_row)
                                           : decide_largest(attributes, of_row, seen_of_row);
    }
    if (z != nullptr) store_line(DataType::kFloat32, scores, first * classes, count * classes, z);
  });
  outputs.write_labels(args, places);
}

constexpr InputDef kInputs[] = {{"X", kEnsembleTypes}};
constexpr char kStringForm[] = "TreeEnsembleClassifierToStrings";

}  // namespace

void register_tree_ensemble(Registry& registry) {
  OpDef op =
      text_op("TreeEnsemble", 5, kInputs, kYOfFirst, parse_tree_ensemble, infer_ensemble, prepare, run_regressor);
  op.domain = "ai.onnx.ml";
  registry.add(std::move(op));
  op = text_op("TreeEnsembleRegressor", 1, kRowsOfNumbers, kScores, parse_tree_regressor, infer_regressor, prepare,
               run_regressor);
  op.domain = "ai.onnx.ml";
  registry.add(std::move(op));
  add_classifier<labels_of, kStringForm>(registry, "ai.onnx.ml",
                                         text_op("TreeEnsembleClassifier", 1, kRowsOfNumbers, kClassOutputs,
                                                 parse_tree_classifier, infer_classifier, prepare, run_classifier));
}

}  // namespace linnet::internal
