// A toy graph and what compiling it needs, for tests that call the functions of lowering one by one.
#pragma once

#include <cstdint>
#include <utility>

#include "runtime/lowering/lowering.hpp"
#include "runtime/weights_store.hpp"
#include "tests/runtime/toy_graph.hpp"

namespace linnet::internal {

class ToyLowering : BodyModels {
 public:
  explicit ToyLowering(Graph graph, std::size_t memory_budget = SIZE_MAX)
      : graph_(std::move(graph)), settings_{options_, 1, weights_, control, memory_budget, *this} {}

  RunControl control{nullptr, 1};
  Lowering& operator*() { return lowering_; }
  Lowering* operator->() { return &lowering_; }

  /// With inputs of this length.
  void specialize(std::int64_t length) {
    internal::specialize(lowering_, std::vector<ProgramInput>(graph_.inputs.size(), {{length}, nullptr}));
  }

 private:
  ModelImpl& model_of(const std::shared_ptr<const Graph>&) override {
    fail(ErrorCode::kInternal, "toy operators have no bodies");
  }

  Graph graph_;
  Options options_;
  WeightsStore weights_;
  CompileSettings settings_;
  Lowering lowering_{graph_, settings_};
};

/// The error of `body`, or one that says that there was none.
template <typename Body>
Error error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  return {ErrorCode::kInternal, "no error"};
}

}  // namespace linnet::internal
