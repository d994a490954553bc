// Walks through trees. A step depends on the one before, so that a single walk waits for memory and guesses branches
// wrong half of the time; kLanes walks go side by side without a branch instead: as many rows of one tree, or as many
// trees of one row.
#include <algorithm>

#include "ops/learned/trees.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kLine = 256;       // elements of a row that are converted at a time
constexpr std::uint32_t kLookEvery = 8;  // steps after which walks are asked whether all are at their leaves

/// From nodes `at` to the leaves; lane i looks at keys + i * stride, or all at the keys of one row.
template <bool one_row>
void walk(const TreeNode* nodes, std::uint32_t depth, const std::uint64_t* keys, std::size_t stride,
          std::uint32_t (&at)[kLanes]) {
  for (std::uint32_t step = 1; step <= depth; ++step) {
#pragma GCC unroll 16
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const TreeNode& node = nodes[at[lane]];
      at[lane] = node.children[keys[(one_row ? 0 : lane * stride) + node.feature] - node.range.low > node.range.span];
    }
    if (step % kLookEvery != 0 || step == depth) continue;
    bool walking = false;
    for (const std::uint32_t place : at) walking |= nodes[place].children[0] != place;
    if (!walking) return;
  }
}

void add_leaf(const Trees& trees, const TreeNode& leaf, double* scores, std::uint8_t* seen) {
  const LeafWeight* weight = trees.weights.data() + leaf.range.low;
  for (const LeafWeight* const end = weight + leaf.range.span; weight != end; ++weight) {
    double& score = scores[weight->target];
    if (trees.aggregate <= Aggregate::kSum) {
      score += weight->value;
    } else if (seen[weight->target] == 0 || (weight->value < score) == (trees.aggregate == Aggregate::kMin)) {
      score = weight->value;
    }
    seen[weight->target] = 1;
  }
}

/// The same for the sum of a single target, which would wait for itself in memory.
void add_to_sum(const Trees& trees, const TreeNode& leaf, double& sum, std::uint8_t& seen) {
  const LeafWeight* weight = trees.weights.data() + leaf.range.low;
  for (const LeafWeight* const end = weight + leaf.range.span; weight != end; ++weight) {
    sum += weight->value;
    seen = 1;
  }
}

}  // namespace

void load_tree_keys(const Trees& trees, DataType type, const void* x, std::size_t columns, std::size_t first,
                    std::size_t count, std::uint64_t* keys) {
  double line[kLine];
  for (std::size_t row = first; row < first + count; ++row) {
    std::size_t loaded = 0;  // columns before it are in the line, or were
    std::size_t begin = 0;
    for (const std::uint32_t column : trees.features) {
      if (column >= loaded) {
        begin = column;
        loaded = std::min(columns, begin + kLine);
        load_line(type, x, row * columns + begin, loaded - begin, line);
      }
      *keys++ = tree_key(line[column - begin]);
    }
  }
}

void walk_trees(const Trees& trees, std::size_t first_tree, std::size_t tree_count, const std::uint64_t* keys,
                std::size_t count, double* scores, std::uint8_t* seen) {
  const TreeNode* const nodes = trees.nodes.data();
  const std::size_t stride = trees.features.size();
  const std::size_t end_tree = first_tree + tree_count;
  std::uint32_t at[kLanes];
  const std::size_t full = count - count % kLanes;
  for (std::size_t tree = first_tree; full > 0 && tree < end_tree; ++tree) {
    for (std::size_t row = 0; row < full; row += kLanes) {
      std::fill_n(at, kLanes, trees.trees[tree].root);
      walk<false>(nodes, trees.trees[tree].depth, keys + row * stride, stride, at);
      for (std::size_t lane = 0; lane < kLanes; ++lane)
        add_leaf(trees, nodes[at[lane]], scores + (row + lane) * trees.targets, seen + (row + lane) * trees.targets);
    }
  }
  const bool one_sum = trees.targets == 1 && trees.aggregate <= Aggregate::kSum;
  for (std::size_t row = full; row < count; ++row) {
    double sum = one_sum ? scores[row] : 0;
    std::uint8_t sum_seen = one_sum ? seen[row] : 0;
    for (std::size_t tree = first_tree; tree < end_tree; tree += kLanes) {
      const std::size_t lanes = std::min(kLanes, end_tree - tree);
      std::uint32_t depth = 0;
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const Trees::Tree& of_lane = trees.trees[std::min(tree + lane, end_tree - 1)];
        at[lane] = of_lane.root;
        depth = std::max(depth, of_lane.depth);
      }
      walk<true>(nodes, depth, keys + row * stride, 0, at);
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        if (one_sum) {
          add_to_sum(trees, nodes[at[lane]], sum, sum_seen);
        } else {
          add_leaf(trees, nodes[at[lane]], scores + row * trees.targets, seen + row * trees.targets);
        }
      }
    }
    if (!one_sum) continue;
    scores[row] = sum;
    seen[row] = sum_seen;
  }
}

}  // namespace linnet::internal
