// A chain of row-wise steps that run as one step: a block of rows goes through all of them while it is in the cache,
// and nothing but the last result goes to memory.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/op.hpp"

namespace linnet::internal {

/// How many of the row-wise steps `first[0] ... first[count - 1]`, each of which is the only reader of the one before
/// it, are better run as one step on so many threads: 1 when the first is better left alone.
///
/// A chain divides its work by rows only, and every block of rows reads all weights. So steps are chained when the run
/// is too short to share or there are rows enough for every thread, and when the weights either stay in the
/// second-level cache or are read once. Requires: count >= 1, equal `rows`.
std::size_t chained_steps(const RowWise* first, std::size_t count, int threads);

class RowChain {
 public:
  struct Member {
    RowWise rows;
    std::shared_ptr<const void> state;
    std::uint32_t first_input = 0;  ///< of the member's inputs among the chain's
    std::size_t y_row_bytes = 0;    ///< as in RowArguments; the chain chooses it
  };

  /// Requires: at least one member; the rows of each are what the next one reads.
  RowChain(std::vector<Member> members, int threads);

  /// For the rows between the members, two blocks for each thread.
  std::size_t workspace_bytes() const;

  /// As Implementation::run; `state` is a RowChain, the inputs those of all members, one after another, of which the
  /// first is x and input 0 of the others is not read; output 0 is y.
  static void run(const RunArguments& arguments);

 private:
  void run_block(const RunArguments& arguments, std::size_t block, std::size_t worker) const;

  std::vector<Member> members_;
  int threads_;
  std::size_t rows_;
  std::size_t rows_per_block_;
  std::size_t blocks_;
  std::size_t between_bytes_ = 0;  ///< of a block of the widest rows between members
  double work_ = 0.0;              ///< nanoseconds of one thread
};

}  // namespace linnet::internal
