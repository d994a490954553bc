// What follows, for the values of a whole graph, from what is known of its inputs.
#pragma once

#include <vector>

#include "runtime/op.hpp"

namespace linnet::internal {

/// For every input of the node: whether a shape, of its outputs or within its bodies, may depend on its elements.
std::vector<bool> find_deciding_inputs(const Node& node);

/// For every value: whether a shape may depend on its elements. Graph inputs among them become part of a program's key.
std::vector<bool> find_shape_values(const Graph& graph);

/// Told of every constant that is made on the way, as far as it has bytes of its own.
class MadeConstants {
 public:
  virtual ~MadeConstants() = default;
  virtual void add(const Constant& constant) = 0;
};

/// Infers the node's outputs in `values`, beside those of its graph. `decides_shapes` are the values whose elements are
/// worth computing where they can be. Errors: those of infer_node and of the run of a node, naming it.
void infer_values(const Node& node, std::vector<Value>& values, const std::vector<bool>& decides_shapes,
                  const Options& options, const std::vector<std::string>& symbols, const Stop& stop,
                  MadeConstants* made);

/// What a body makes of these inputs, all that the body's graph has: its outputs, as far as known. Errors: as above.
std::vector<Value> infer_body(const Graph& body, const std::vector<Value>& inputs, const Options& options);

}  // namespace linnet::internal
