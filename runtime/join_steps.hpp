// The steps of prepared nodes: single, chains and groups.
#pragma once

#include <vector>

#include "runtime/program.hpp"
#include "runtime/storage.hpp"

namespace linnet::internal {

/// A node that will be a step, or a part of one.
struct PreparedNode {
  NodeId node = kNoNode;
  const Implementation* implementation = nullptr;
  Prepared prepared;
  std::vector<ValueId> inputs;  ///< kNoValue: left out or not read
};

struct JoinedSteps {
  std::vector<Step> steps;
  std::vector<StepValues> values;  ///< beside the steps
};

/// In the order of the nodes; a chain stands where the first of its nodes does, a group where the last does. `views` as
/// for assign_storage. Takes the states and the inputs of the nodes.
JoinedSteps join_steps(const Graph& graph, const std::vector<Value>& values, const std::vector<ValueId>& views,
                       const CompileSettings& settings, std::vector<PreparedNode>& nodes);

}  // namespace linnet::internal
