// Lays out memory: an offset in the arena for every block, so that no two blocks that are live at once overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace linnet::internal {

inline constexpr std::size_t kArenaAlignment = 64;

/// As many bytes or the next multiple of kArenaAlignment.
inline std::size_t aligned(std::size_t bytes) {
  return (bytes + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment;
}

/// Memory that is needed from step `first` to step `last`, both included.
struct Block {
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t bytes = 0;  ///< a multiple of kArenaAlignment
};

struct MemoryPlan {
  std::vector<std::size_t> offsets;  ///< beside the blocks; multiples of kArenaAlignment
  std::size_t arena_bytes = 0;
  std::size_t lower_bound_bytes = 0;  ///< the most bytes live at once: no plan can do with less
};

/// Tries greedy placement by size and by other orders, then improves the best by a short search with a fixed seed (the
/// same blocks give the same plan). Stops as soon as the lower bound is reached. Near-linear in the blocks for chains;
/// many thousands of blocks skip the search. Errors: kLimitExceeded when the sum of sizes overflows.
MemoryPlan plan_memory(const std::vector<Block>& blocks);

/// The most bytes live at once.
std::size_t lower_bound(const std::vector<Block>& blocks);

/// Independent of how the plan was made: "" when every block lies within the arena and no two live at once overlap,
/// otherwise what is wrong.
std::string check_plan(const std::vector<Block>& blocks, const MemoryPlan& plan);

}  // namespace linnet::internal
