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
#include <cmath>
#include <iterator>
#include <limits>

#include "ops/learned/scores.hpp"
#include "ops/learned/trees.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/named_value.hpp"
#include "ops/text/dictionary.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kTreesUntilStop = 64;
constexpr TypeSet kTypes{DataType::kFloat32, DataType::kFloat64, DataType::kFloat16};  // of opset 5
constexpr NamedValue<Aggregate> kAggregates[] = {
    {"SUM", Aggregate::kSum}, {"AVERAGE", Aggregate::kAverage}, {"MIN", Aggregate::kMin}, {"MAX", Aggregate::kMax}};
constexpr NamedValue<SplitMode> kModes[] = {{"BRANCH_LEQ", SplitMode::kLeq}, {"BRANCH_LT", SplitMode::kLt},
                                            {"BRANCH_GTE", SplitMode::kGte}, {"BRANCH_GT", SplitMode::kGt},
                                            {"BRANCH_EQ", SplitMode::kEq},   {"BRANCH_NEQ", SplitMode::kNeq},
                                            {"LEAF", SplitMode::kLeaf}};

struct EnsembleAttributes : Attributes {
  Trees trees;
  PostTransform transform = PostTransform::kNone;
  bool keeps_type = false;  ///< Y has the type of X
  std::vector<double> base;
  Labels labels;                  ///< of a classifier, and 0 and 1
  bool one_class_only = false;    ///< of two classes, weights of one
  bool weights_negative = false;  ///< any of them
};

// What models have

std::vector<double> doubles_of(const Constant& tensor, const std::string& name, TypeSet types) {
  if (!types.has(tensor.type)) invalid_model("attribute \"", name, "\" is a tensor of ", tensor.type);
  std::vector<double> numbers(static_cast<std::size_t>(tensor.count()));
  load_line(tensor.type, tensor.aligned(), 0, numbers.size(), numbers.data());
  return numbers;
}

/// A list of floats, or (from opset 3 on) a tensor under the name with _as_tensor behind it.
std::vector<double> numbers_of(ParseContext& context, const std::string& name) {
  std::vector<double> numbers;
  if (const auto floats = context.get_floats(name)) numbers.assign(floats->begin(), floats->end());
  const std::string tensor_name = name + "_as_tensor";
  if (const ConstantPtr tensor = context.opset() >= 3 ? context.get_tensor(tensor_name) : nullptr) {
    if (!numbers.empty()) invalid_model("both ", name, " and ", tensor_name, " are given");
    numbers = doubles_of(*tensor, tensor_name, {DataType::kFloat32, DataType::kFloat64});
  }
  return numbers;
}

void require_size(std::size_t size, const char* name, std::size_t wanted, const char* of) {
  if (size != wanted) invalid_model(name, " has ", size, " elements, expected ", wanted, " as ", of, " has");
}

constexpr const char* kMissingName = "nodes_missing_value_tracks_true";

void read_lists(ParseContext& context, const char* const* names, std::size_t count, std::vector<std::int64_t>* lists) {
  for (std::size_t i = 0; i < count; ++i) {
    lists[i] = list_of_integers(context, names[i]);
    if (names[i] == kMissingName && lists[i].empty()) lists[i].resize(lists[0].size());
    require_size(lists[i].size(), names[i], lists[0].size(), names[0]);
  }
}

/// Lists of integers that are as long as the first; zeros for one that may be left out: kMissingName.
template <std::size_t kCount>
class NodeLists {
 public:
  NodeLists(ParseContext& context, const char* const (&names)[kCount]) { read_lists(context, names, kCount, lists_); }
  std::size_t count() const { return lists_[0].size(); }
  const std::vector<std::int64_t>& operator[](std::size_t list) const { return lists_[list]; }

 private:
  std::vector<std::int64_t> lists_[kCount];
};

/// The places of nodes, by the numbers of their trees and their own.
class NodePlaces {
 public:
  static constexpr std::uint32_t kNone = Dictionary::kNone;

  /// Whether it is the first node of its tree.
  bool add(std::int64_t tree, std::int64_t node) {
    const std::uint32_t number = trees_.add(static_cast<std::uint64_t>(tree));
    const std::uint32_t place = nodes_.add(key_of(number, node));
    if (place + 1 != ++count_) invalid_model("node ", node, " of tree ", tree, " is there twice");
    const bool is_first = number == tree_count_;
    if (is_first) ++tree_count_;
    return is_first;
  }
  std::uint32_t find(std::int64_t tree, std::int64_t node) const {
    const std::uint32_t number = trees_.find(static_cast<std::uint64_t>(tree));
    const bool known = number != kNone && node >= 0 && node <= UINT32_MAX;
    return known ? nodes_.find(key_of(number, node)) : kNone;
  }

 private:
  static std::uint64_t key_of(std::uint32_t tree, std::int64_t node) {
    if (node < 0 || node > UINT32_MAX) invalid_model("a node has the number ", node);
    return std::uint64_t{tree} << 32 | static_cast<std::uint64_t>(node);
  }
  Dictionary trees_;
  Dictionary nodes_;
  std::size_t count_ = 0;
  std::size_t tree_count_ = 0;
};

SplitMode mode_of(const std::string& name) {
  for (const NamedValue<SplitMode>& mode : kModes) {
    if (name == mode.name) return mode.value;
  }
  invalid_model("nodes_modes has ", quoted(name));
}

std::uint32_t target_of(std::int64_t target, std::size_t targets) {
  if (target < 0 || static_cast<std::size_t>(target) >= targets)
    invalid_model("a weight is of target ", target, ", but there are ", targets);
  return static_cast<std::uint32_t>(target);
}

/// Weights of leaves, in the order of the leaves. `kind`: "target" or "class".
void parse_weights(ParseContext& context, const std::string& kind, const NodePlaces& places,
                   std::vector<SplitNode>& nodes, Trees& trees) {
  const std::string names[] = {kind + "_ids", kind + "_treeids", kind + "_nodeids", kind + "_weights"};
  const char* const list_names[] = {names[0].c_str(), names[1].c_str(), names[2].c_str()};
  const NodeLists<3> lists(context, list_names);
  const std::vector<std::int64_t>& targets = lists[0];
  const std::vector<double> values = numbers_of(context, names[3]);
  require_size(values.size(), names[3].c_str(), targets.size(), list_names[0]);
  std::vector<std::uint32_t> leaves(targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    leaves[i] = places.find(lists[1][i], lists[2][i]);
    if (leaves[i] == NodePlaces::kNone)
      invalid_model("a weight is of node ", lists[2][i], " of tree ", lists[1][i], ", which is not there");
    ++nodes[leaves[i]].count;
  }
  std::size_t first = 0;
  for (SplitNode& node : nodes) {
    node.first = first;
    first += node.count;
    node.count = 0;
  }
  trees.weights.resize(targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    SplitNode& leaf = nodes[leaves[i]];
    trees.weights[leaf.first + leaf.count++] = {values[i], target_of(targets[i], trees.targets)};
  }
}

/// The attributes of opsets 1 and 3.
void parse_nodes(ParseContext& context, const std::string& kind, Trees& trees) {
  enum { kNode, kTree, kFeature, kYes, kNo, kMissing };
  constexpr const char* kNames[] = {"nodes_nodeids",     "nodes_treeids",      "nodes_featureids",
                                    "nodes_truenodeids", "nodes_falsenodeids", kMissingName};
  constexpr const char* kOf = kNames[0];
  const NodeLists<std::size(kNames)> lists(context, kNames);
  const std::size_t count = lists.count();
  if (count == 0) invalid_model("there are no nodes");
  const std::vector<double> values = numbers_of(context, "nodes_values");
  const std::vector<std::string> modes = list_of_strings(context, "nodes_modes");
  require_size(values.size(), "nodes_values", count, kOf);
  require_size(modes.size(), "nodes_modes", count, kOf);
  context.ignore("nodes_hitrates");
  context.ignore("nodes_hitrates_as_tensor");

  NodePlaces places;
  std::vector<std::size_t> roots;
  for (std::size_t i = 0; i < count; ++i) {
    if (places.add(lists[kTree][i], lists[kNode][i])) roots.push_back(i);
  }
  std::vector<SplitNode> nodes(count);
  for (std::size_t i = 0; i < count; ++i) {
    SplitNode& node = nodes[i];
    node.mode = mode_of(modes[i]);
    if (node.mode == SplitMode::kLeaf) continue;
    node.missing_is_true = lists[kMissing][i] != 0;
    node.feature = lists[kFeature][i];
    node.value = values[i];
    for (const std::size_t side : {0, 1}) {
      const std::int64_t child = lists[kYes + side][i];
      const std::uint32_t place = places.find(lists[kTree][i], child);
      if (place == NodePlaces::kNone)
        invalid_model("node ", lists[kNode][i], " of tree ", lists[kTree][i], " leads to node ", child,
                      ", which is not there");
      node.children[side] = place;
    }
  }
  parse_weights(context, kind, places, nodes, trees);
  grow_trees(nodes, {}, roots, trees);
}

AttributesPtr parse_regressor(ParseContext& context) {
  auto attributes = new_shared<EnsembleAttributes>();
  const std::int64_t targets = context.get_int("n_targets", 1);
  if (targets < 1 || targets > INT32_MAX) invalid_model("n_targets is ", targets);
  attributes->trees.targets = static_cast<std::size_t>(targets);
  attributes->trees.aggregate = named_value(context, "aggregate_function", kAggregates);
  attributes->transform = parse_post_transform(context);
  attributes->base = numbers_of(context, "base_values");
  if (!attributes->base.empty()) require_size(attributes->base.size(), "base_values", attributes->trees.targets, "Y");
  parse_nodes(context, "target", attributes->trees);
  return attributes;
}

AttributesPtr parse_classifier(ParseContext& context) {
  auto attributes = new_shared<EnsembleAttributes>();
  Trees& trees = attributes->trees;
  attributes->labels = parse_labels(context, "classlabels_int64s");
  trees.targets = add_truth(attributes->labels);
  attributes->transform = parse_post_transform(context);
  attributes->base = numbers_of(context, "base_values");
  if (attributes->base.size() > trees.targets)
    invalid_model("base_values has ", attributes->base.size(), " elements for ", trees.targets, " classes");
  parse_nodes(context, "class", trees);
  const auto same_class = [&](const LeafWeight& weight) { return weight.target == trees.weights[0].target; };
  attributes->one_class_only = std::all_of(trees.weights.begin(), trees.weights.end(), same_class);
  attributes->weights_negative = std::any_of(trees.weights.begin(), trees.weights.end(),
                                             [](const LeafWeight& weight) { return weight.value < 0; });
  return attributes;
}

/// The sets of the splits by sets: as many lists as there are such splits, with NaN behind each.
void parse_members(const std::vector<double>& members, std::vector<SplitNode>& nodes) {
  std::size_t next = 0;
  for (SplitNode& node : nodes) {
    if (node.mode != SplitMode::kMember) continue;
    node.first = next;
    while (next < members.size() && !std::isnan(members[next])) ++next;
    node.count = next - node.first;
    if (node.count == 0) invalid_model("membership_values has fewer sets than there are nodes that ask for one");
    ++next;
  }
}

AttributesPtr parse_ensemble(ParseContext& context) {
  constexpr const char* kOf = "nodes_featureids";
  auto attributes = new_shared<EnsembleAttributes>();
  Trees& trees = attributes->trees;
  const std::int64_t targets = context.get_int("n_targets", 1);
  const std::int64_t aggregate = context.get_int("aggregate_function", 1);
  const std::int64_t transform = context.get_int("post_transform", 0);
  if (targets < 1 || targets > INT32_MAX) invalid_model("n_targets is ", targets);
  if (aggregate < 0 || aggregate > 3) invalid_model("aggregate_function is ", aggregate, ", expected 0 to 3");
  if (transform < 0 || transform > 4) invalid_model("post_transform is ", transform, ", expected 0 to 4");
  trees.targets = static_cast<std::size_t>(targets);
  trees.aggregate = static_cast<Aggregate>(aggregate);
  attributes->keeps_type = true;
  attributes->transform = static_cast<PostTransform>(transform);

  const auto tensor = [&](const char* name, TypeSet types) {
    const ConstantPtr constant = context.get_tensor(name);
    return constant == nullptr ? std::vector<double>() : doubles_of(*constant, name, types);
  };
  enum { kFeature, kYes, kNo, kYesIsLeaf, kNoIsLeaf, kMissing };
  constexpr const char* kNames[] = {"nodes_featureids", "nodes_truenodeids", "nodes_falsenodeids",
                                    "nodes_trueleafs",  "nodes_falseleafs",  kMissingName};
  const NodeLists<std::size(kNames)> lists(context, kNames);
  const std::size_t count = lists.count();
  const std::vector<double> splits = tensor("nodes_splits", kTypes);
  const std::vector<double> modes = tensor("nodes_modes", {DataType::kUint8});
  require_size(splits.size(), "nodes_splits", count, kOf);
  require_size(modes.size(), "nodes_modes", count, kOf);
  context.ignore("nodes_hitrates");
  const std::vector<std::int64_t> leaf_targets = list_of_integers(context, "leaf_targetids");
  const std::vector<double> leaf_weights = tensor("leaf_weights", kTypes);
  require_size(leaf_weights.size(), "leaf_weights", leaf_targets.size(), "leaf_targetids");

  std::vector<SplitNode> nodes(count + leaf_targets.size());  // leaves behind splits
  for (std::size_t i = 0; i < count; ++i) {
    SplitNode& node = nodes[i];
    if (modes[i] >= static_cast<double>(SplitMode::kLeaf)) invalid_model("nodes_modes has ", modes[i]);
    node.mode = static_cast<SplitMode>(modes[i]);
    node.missing_is_true = lists[kMissing][i] != 0;
    node.feature = lists[kFeature][i];
    node.value = splits[i];
    for (const std::size_t side : {0, 1}) {
      const bool leaf = lists[kYesIsLeaf + side][i] != 0;
      const std::size_t below = leaf ? leaf_targets.size() : count;
      const std::int64_t child = lists[kYes + side][i];
      if (child < 0 || static_cast<std::size_t>(child) >= below)
        invalid_model("node ", i, " leads to ", leaf ? "leaf " : "node ", child, ", but there are ", below);
      node.children[side] = static_cast<std::size_t>(child) + (leaf ? count : 0);
    }
  }
  for (std::size_t i = 0; i < leaf_targets.size(); ++i) {
    trees.weights.push_back({leaf_weights[i], target_of(leaf_targets[i], trees.targets)});
    nodes[count + i].first = i;
    nodes[count + i].count = 1;
  }
  const std::vector<double> members = tensor("membership_values", kTypes);
  parse_members(members, nodes);
  std::vector<std::size_t> roots;
  for (const std::int64_t root : list_of_integers(context, "tree_roots")) {
    if (root < 0 || static_cast<std::size_t>(root) >= count)
      invalid_model("tree_roots has ", root, ", but there are ", count, " nodes");
    roots.push_back(static_cast<std::size_t>(root));
  }
  if (roots.empty()) invalid_model("there are no trees");
  grow_trees(nodes, members, roots, trees);
  return attributes;
}

// Runs

void require_columns(const Trees& trees, Dim columns) {
  if (columns.known() && static_cast<std::size_t>(columns.value()) < trees.least_columns())
    invalid_model("rows of X have ", columns, " elements, but the trees look at element ", trees.least_columns() - 1);
}

void infer_regressor(InferContext& context) {
  const auto& attributes = context.attributes<EnsembleAttributes>();
  const RowDims dims = rows_of(context);
  require_columns(attributes.trees, dims.columns);
  context.set_output(0, DataType::kFloat32, {dims.rows, Dim(static_cast<std::int64_t>(attributes.trees.targets))});
}

void infer_ensemble(InferContext& context) {
  const auto& attributes = context.attributes<EnsembleAttributes>();
  const DataType type = context.input_type(0);
  const Dims& dims = context.input_dims(0);
  if (dims.size() != 2) invalid_model("input X has rank ", dims.size(), ", expected 2");
  require_columns(attributes.trees, dims[1]);
  context.set_output(0, type, {dims[0], Dim(static_cast<std::int64_t>(attributes.trees.targets))});
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

constexpr InputDef kInputs[] = {{"X", kTypes}};

}  // namespace

void register_tree_ensemble(Registry& registry) {
  OpDef op = text_op("TreeEnsemble", 5, kInputs, parse_ensemble, infer_ensemble, prepare, run_regressor);
  op.domain = "ai.onnx.ml";
  registry.add(std::move(op));
  op = text_op("TreeEnsembleRegressor", 1, kRowsOfNumbers, parse_regressor, infer_regressor, prepare, run_regressor);
  op.domain = "ai.onnx.ml";
  op.output_type = [](const NodeView&, std::size_t) { return DataType::kFloat32; };
  registry.add(std::move(op));
  add_classifier<labels_of>(
      registry, "ai.onnx.ml",
      text_op("TreeEnsembleClassifier", 1, kRowsOfNumbers, parse_classifier, infer_classifier, prepare, run_classifier),
      "TreeEnsembleClassifierToStrings", [](const NodeView& node) -> const char* {
        return labels_of(*node.node().attributes).are_strings() ? "TreeEnsembleClassifierToStrings" : nullptr;
      });
}

}  // namespace linnet::internal
