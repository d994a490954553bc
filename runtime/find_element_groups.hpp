// Which steps of a program run as one element group.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/graph.hpp"

namespace linnet::internal {

/// A step of a program, as far as groups look at it.
struct ElementStep {
  const std::vector<ValueId>* inputs = nullptr;  ///< kNoValue: left out or not read; null: not line-wise
  ValueId output = kNoValue;
};

/// Positions in the list of steps, ascending, two or more; the last is where the group runs.
using ElementGroupSteps = std::vector<std::uint32_t>;

/// The steps that are better run as one: what a member makes is read by later members alone, but for the last, and all
/// of them make as many elements, at least one. `views` and `values` as for assign_storage; `readers`: how often the
/// bytes of a value are read, a graph output counted as a reader.
///
/// A member that steps outside the group stand behind waits for them, and so do its inputs. So it joins only where
/// those take no more memory than its output would. The time is near-linear in the steps.
std::vector<ElementGroupSteps> find_element_groups(const std::vector<ElementStep>& steps,
                                                   const std::vector<ValueId>& views,
                                                   const std::vector<std::uint32_t>& readers,
                                                   const std::vector<Value>& values);

}  // namespace linnet::internal
