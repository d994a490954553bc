// Where the largest or smallest elements along an axis stand: what ArgMax, ArgMin and Hardmax share.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/data_type.hpp"
#include "runtime/run_control.hpp"

namespace linnet::internal {

/// Data is [outer, size, inner]; the search runs over the middle one.
struct ExtremeSearch {
  DataType type = DataType::kUndefined;
  bool last = false;  ///< of equal elements the last one counts, else the first
  bool smallest = false;
  std::size_t outer = 0, size = 0, inner = 1;  ///< outer is 0 where there is nothing to do
};

/// found[o * inner + i] is the index of the extreme among the elements [o, *, i]. NaN comes before every number, and 0
/// and -0 are equal. In plain loops. Errors: those of RunControl::parallel_for.
void find_extremes(RunControl& control, const ExtremeSearch& search, const void* data, std::int64_t* found);

}  // namespace linnet::internal
