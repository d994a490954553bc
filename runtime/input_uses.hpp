// What a graph does with the elements of its inputs, as far as the facts of its operators tell.
#pragma once

#include <string>
#include <vector>

#include "runtime/op.hpp"

namespace linnet::internal {

struct InputUse {
  WantedElements wanted;  ///< takes all readers into account
  std::string reason;     ///< `what` of a reader, and which node that is; empty when nobody wants anything
};

/// One per graph input, for these shapes. A reader is asked also where elements reach it through nodes that only move,
/// choose or convert them. Requires: as many shapes as inputs, of the ranks declared. Errors: those of infer.
std::vector<InputUse> find_input_uses(const Graph& graph, const std::vector<Shape>& shapes, const Options& options);

}  // namespace linnet::internal
