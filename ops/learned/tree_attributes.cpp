#include "ops/learned/tree_attributes.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "ops/shared/element_lines.hpp"
#include "ops/shared/named_value.hpp"
#include "ops/text/dictionary.hpp"

namespace linnet::internal {
namespace {

constexpr NamedValue<Aggregate> kAggregates[] = {
    {"SUM", Aggregate::kSum}, {"AVERAGE", Aggregate::kAverage}, {"MIN", Aggregate::kMin}, {"MAX", Aggregate::kMax}};
constexpr NamedValue<SplitMode> kModes[] = {{"BRANCH_LEQ", SplitMode::kLeq}, {"BRANCH_LT", SplitMode::kLt},
                                            {"BRANCH_GTE", SplitMode::kGte}, {"BRANCH_GT", SplitMode::kGt},
                                            {"BRANCH_EQ", SplitMode::kEq},   {"BRANCH_NEQ", SplitMode::kNeq},
                                            {"LEAF", SplitMode::kLeaf}};

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

std::size_t parse_targets(ParseContext& context) {
  const std::int64_t targets = context.get_int("n_targets", 1);
  if (targets < 1 || targets > INT32_MAX) invalid_model("n_targets is ", targets);
  return static_cast<std::size_t>(targets);
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

}  // namespace

AttributesPtr parse_tree_regressor(ParseContext& context) {
  auto attributes = new_shared<EnsembleAttributes>();
  attributes->trees.targets = parse_targets(context);
  attributes->trees.aggregate = named_value(context, "aggregate_function", kAggregates);
  attributes->transform = parse_post_transform(context);
  attributes->base = numbers_of(context, "base_values");
  if (!attributes->base.empty()) require_size(attributes->base.size(), "base_values", attributes->trees.targets, "Y");
  parse_nodes(context, "target", attributes->trees);
  return attributes;
}

AttributesPtr parse_tree_classifier(ParseContext& context) {
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

AttributesPtr parse_tree_ensemble(ParseContext& context) {
  constexpr const char* kOf = "nodes_featureids";
  auto attributes = new_shared<EnsembleAttributes>();
  Trees& trees = attributes->trees;
  const std::int64_t aggregate = context.get_int("aggregate_function", 1);
  const std::int64_t transform = context.get_int("post_transform", 0);
  if (aggregate < 0 || aggregate > 3) invalid_model("aggregate_function is ", aggregate, ", expected 0 to 3");
  if (transform < 0 || transform > 4) invalid_model("post_transform is ", transform, ", expected 0 to 4");
  trees.targets = parse_targets(context);
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
  const std::vector<double> splits = tensor("nodes_splits", kEnsembleTypes);
  const std::vector<double> modes = tensor("nodes_modes", {DataType::kUint8});
  require_size(splits.size(), "nodes_splits", count, kOf);
  require_size(modes.size(), "nodes_modes", count, kOf);
  context.ignore("nodes_hitrates");
  const std::vector<std::int64_t> leaf_targets = list_of_integers(context, "leaf_targetids");
  const std::vector<double> leaf_weights = tensor("leaf_weights", kEnsembleTypes);
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
  const std::vector<double> members = tensor("membership_values", kEnsembleTypes);
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

}  // namespace linnet::internal
