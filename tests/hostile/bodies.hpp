// Models of If and Loop whose bodies are still to be written.
#pragma once

#include <string>

#include "tests/hostile/one_node.hpp"
#include "tests/support/graph_writer.hpp"

namespace linnet::test {

inline constexpr DataType kI = DataType::kInt64;
inline constexpr DataType kB = DataType::kBool;

inline ModelWriter with_input() { return model().input("x", kF, {2, 4}).input("c", kB, {}).input("M", kI, {}); }

inline std::string branches(const GraphWriter& then_branch, const GraphWriter& else_branch,
                            const char* condition = "c") {
  return with_input()
      .node("If", {condition}, {"y"}, {then_branch.as("then_branch"), else_branch.as("else_branch")}, "if")
      .output("y")
      .bytes();
}

inline std::string loop(const GraphWriter& body, const Names& inputs = {"M", "c", "x"}, const Names& outputs = {"y"}) {
  ModelWriter writer = with_input();
  writer.node("Loop", inputs, outputs, {body.as("body")}, "loop");
  for (const std::string& output : outputs) writer.output(output);
  return writer.bytes();
}

/// i, go, s -> go, s: the outputs are still to be named.
inline GraphWriter loop_body() { return GraphWriter().input("i").input("go").input("s"); }

}  // namespace linnet::test
