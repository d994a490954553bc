// Ensembles of decision trees as flat arrays, and walks through them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ops/shared/ordered_keys.hpp"
#include "runtime/data_type.hpp"

namespace linnet::internal {

/// Numbers as integers that order as they do, from 1 on. NaN is 0, which lies beside both ends of the numbers modulo
/// 2^64: a range of keys may have it or not.
inline std::uint64_t tree_key(double number) {
  constexpr std::uint64_t kOneAboveNan = (std::uint64_t{1} << 63) + 1;
  return static_cast<std::uint64_t>(ordered_key(number)) + kOneAboveNan;
}

/// Every kind of split is one comparison: a key is inside when key - low <= span, modulo 2^64.
struct KeyRange {
  std::uint64_t low = 0;
  std::uint64_t span = 0;
};

/// In the order of TreeEnsemble's numbers.
enum class SplitMode : std::uint8_t { kLeq, kLt, kGte, kGt, kEq, kNeq, kMember, kLeaf };
/// In the order of TreeEnsemble's numbers.
enum class Aggregate : std::uint8_t { kAverage, kSum, kMin, kMax };

/// A node as models have it. A leaf: weights [first, first + count). A split: children; of a set, its members likewise.
struct SplitNode {
  SplitMode mode = SplitMode::kLeaf;
  bool missing_is_true = false;  ///< NaN goes where what is inside goes
  std::int64_t feature = 0;
  double value = 0;
  std::size_t children[2] = {};  ///< where the comparison holds, and where not
  std::size_t first = 0;
  std::size_t count = 0;
};

struct LeafWeight {
  double value = 0;
  std::uint32_t target = 0;
};

/// A node as it is walked: to children[0] where the key of the feature is inside the range, else to children[1]. A leaf
/// leads to itself, and its range are its weights: low the first, span their number.
struct alignas(32) TreeNode {
  KeyRange range;
  std::uint32_t feature = 0;  ///< among those that the trees look at
  std::uint32_t children[2] = {};
};

struct Trees {
  struct Tree {
    std::uint32_t root = 0;
    std::uint32_t depth = 0;  ///< steps to the farthest leaf
  };
  std::vector<TreeNode> nodes;
  std::vector<Tree> trees;
  std::vector<LeafWeight> weights;
  std::vector<std::uint32_t> features;  ///< columns that the trees look at, in ascending order
  std::size_t targets = 1;
  Aggregate aggregate = Aggregate::kSum;
  double row_cost = 0;  ///< nanoseconds on one thread

  /// How many columns rows must have.
  std::size_t least_columns() const { return features.empty() ? 0 : features.back() + std::size_t{1}; }
};

/// Fills nodes, trees, features and row_cost. `members`: of the splits by sets. Errors: kInvalidModel for features that
/// are none, and for what is no tree: a split that is reached twice. Requires: children, roots and members are in
/// range.
void grow_trees(const std::vector<SplitNode>& nodes, const std::vector<double>& members,
                const std::vector<std::size_t>& roots, Trees& trees);

/// Rows that are walked together.
inline constexpr std::size_t kTreeRows = 64;

/// The keys of rows [first, first + count) of a matrix: [count, features]. Requires: columns >= least_columns.
void load_tree_keys(const Trees& trees, DataType type, const void* x, std::size_t columns, std::size_t first,
                    std::size_t count, std::uint64_t* keys);

/// Adds to scores [count, targets] what the leaves of trees [first_tree, first_tree + tree_count) make of rows with
/// these keys, tree by tree whatever the count, and notes in `seen` which of the scores are set.
void walk_trees(const Trees& trees, std::size_t first_tree, std::size_t tree_count, const std::uint64_t* keys,
                std::size_t count, double* scores, std::uint8_t* seen);

}  // namespace linnet::internal
