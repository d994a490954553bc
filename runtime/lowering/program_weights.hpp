// The packed weights of one program: those of its graph, and those of constants that it alone has.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>

#include "runtime/infer_values.hpp"
#include "runtime/op.hpp"
#include "runtime/weights_store.hpp"

namespace linnet::internal {

/// Constants of the graph are packed once for all programs. What became constant only through the values of one
/// program's inputs is packed for that program, and goes with it.
class ProgramWeights : public PackedWeights, public MadeConstants {
 public:
  explicit ProgramWeights(PackedWeights& of_graph) : of_graph_(of_graph) {}

  /// Of what was packed for the program alone.
  std::size_t own_bytes() const { return own_.total_bytes(); }

  /// Says that the program alone has this constant. Requires: it lives as long as this object.
  void add(const Constant& constant) override { own_constants_.insert(constant.data); }

  std::shared_ptr<const std::byte> get(const ConstantPtr& source, const std::string& key, std::size_t bytes,
                                       const std::function<void(std::byte*)>& pack) override {
    return own_constants_.count(source->data) != 0 ? own_.get(source, key, bytes, pack)
                                                   : of_graph_.get(source, key, bytes, pack);
  }

 private:
  PackedWeights& of_graph_;
  WeightsStore own_;
  std::unordered_set<const std::byte*> own_constants_;
};

}  // namespace linnet::internal
