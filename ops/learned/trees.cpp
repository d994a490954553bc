#include "ops/learned/trees.hpp"

#include <algorithm>
#include <limits>

#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

constexpr double kStepCost = 0.5;  // ns per step of a walk
constexpr double kLeafCost = 2.0;  // ns per tree

constexpr std::uint64_t kNanKey = 0;
constexpr KeyRange kNothing{1, 0};  // between NaN and -inf, where no key is

/// What is inside; for kNeq and kEq the value itself.
KeyRange range_of(const SplitNode& node) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::uint64_t key = tree_key(node.value);
  if (node.mode == SplitMode::kEq || node.mode == SplitMode::kNeq) return key == kNanKey ? kNothing : KeyRange{key, 0};
  const bool below = node.mode == SplitMode::kLeq || node.mode == SplitMode::kLt;
  const std::uint64_t strict = node.mode == SplitMode::kLt || node.mode == SplitMode::kGt ? 1 : 0;
  const std::uint64_t low = below ? tree_key(-kInfinity) : key + strict;
  const std::uint64_t high = below ? key - strict : tree_key(kInfinity);
  const bool nothing = key == kNanKey || low > high;  // no comparison with NaN holds
  if (!node.missing_is_true) return nothing ? kNothing : KeyRange{low, high - low};
  if (nothing) return {kNanKey, 0};
  return below ? KeyRange{kNanKey, high} : KeyRange{low, kNanKey - low};
}

class Grower {
 public:
  Grower(const std::vector<SplitNode>& nodes, const std::vector<double>& members, Trees& trees)
      : nodes_(nodes), members_(members), trees_(trees), reached_(nodes.size()) {}

  void grow(std::size_t root) {
    Trees::Tree tree;
    tree.root = new_node();
    waiting_.assign(1, {root, tree.root, 0});
    for (std::size_t next = 0; next < waiting_.size(); ++next) {
      const Place place = waiting_[next];
      const SplitNode& node = nodes_[place.node];
      if (node.mode == SplitMode::kLeaf) {
        trees_.nodes[place.at] = {{node.first, node.count}, 0, {place.at, place.at}};
        tree.depth = std::max(tree.depth, place.depth);
        continue;
      }
      if (reached_[place.node]) invalid_model("node ", place.node, " of the trees is reached twice");
      reached_[place.node] = true;
      split(node, place);
    }
    trees_.trees.push_back(tree);
  }

 private:
  struct Place {
    std::size_t node;
    std::uint32_t at;
    std::uint32_t depth;
  };

  std::uint32_t new_node() {
    if (trees_.nodes.size() >= std::numeric_limits<std::int32_t>::max()) invalid_model("the trees have too many nodes");
    trees_.nodes.emplace_back();
    return static_cast<std::uint32_t>(trees_.nodes.size() - 1);
  }

  void split(const SplitNode& node, Place place) {
    const std::uint32_t yes = new_node();
    const std::uint32_t no = new_node();
    const auto feature = static_cast<std::uint32_t>(
        std::lower_bound(trees_.features.begin(), trees_.features.end(), node.feature) - trees_.features.begin());
    const auto add = [&](KeyRange range, std::uint32_t inside, std::uint32_t outside) {
      trees_.nodes[place.at] = {range, feature, {inside, outside}};
    };
    const auto chain = [&](KeyRange range) {  // where the key is not inside, another node looks
      const std::uint32_t next = new_node();
      add(range, yes, next);
      place.at = next;
      ++place.depth;
    };
    if (node.mode == SplitMode::kMember) {
      for (std::size_t i = 0; i < node.count; ++i) chain({tree_key(members_[node.first + i]), 0});
      add(node.missing_is_true ? KeyRange{kNanKey, 0} : kNothing, yes, no);
    } else if (node.mode == SplitMode::kNeq) {
      add(range_of(node), no, yes);
    } else {
      if (node.mode == SplitMode::kEq && node.missing_is_true) chain({kNanKey, 0});
      add(range_of(node), yes, no);
    }
    waiting_.push_back({node.children[0], yes, place.depth + 1});
    waiting_.push_back({node.children[1], no, place.depth + 1});
  }

  const std::vector<SplitNode>& nodes_;
  const std::vector<double>& members_;
  Trees& trees_;
  std::vector<bool> reached_;
  std::vector<Place> waiting_;
};

}  // namespace

void grow_trees(const std::vector<SplitNode>& nodes, const std::vector<double>& members,
                const std::vector<std::size_t>& roots, Trees& trees) {
  for (const SplitNode& node : nodes) {
    if (node.mode == SplitMode::kLeaf) continue;
    if (node.feature < 0 || node.feature > std::numeric_limits<std::int32_t>::max())
      invalid_model("a node looks at feature ", node.feature);
    trees.features.push_back(static_cast<std::uint32_t>(node.feature));
  }
  std::sort(trees.features.begin(), trees.features.end());
  trees.features.erase(std::unique(trees.features.begin(), trees.features.end()), trees.features.end());
  trees.nodes.reserve(2 * nodes.size());
  Grower grower(nodes, members, trees);
  for (const std::size_t root : roots) grower.grow(root);
  for (const Trees::Tree& tree : trees.trees) trees.row_cost += kLeafCost + kStepCost * tree.depth;
}

}  // namespace linnet::internal
