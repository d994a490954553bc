// Decides which values share memory: views, in-place results, and graph outputs written straight to the caller's
// buffer.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/graph.hpp"
#include "runtime/program.hpp"

namespace linnet::internal {

/// What the values of one piece of memory need.
struct Storage {
  Place::Kind kind = Place::Kind::kArena;
  std::uint32_t index = 0;  ///< kInput, kOutput
  const void* constant = nullptr;
  std::size_t bytes = 0;
  std::size_t first = 0;  ///< first and last step that touch it
  std::size_t last = 0;
  std::vector<ValueId> values;
};

struct StorageMap {
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  std::vector<Storage> storages;
  std::vector<std::uint32_t> of_value;  ///< beside the values; kNone for values that no step touches
};

/// An input whose memory an output may take over.
struct InPlace {
  std::uint8_t output, input;
};

/// What one step reads and writes; kNoValue stands for an operand left out or not read.
struct StepValues {
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  std::vector<InPlace> in_place;
};

/// `steps`: those that run, in order. `views`: for every value, the value whose bytes it shows (itself, when it is
/// no view). `values` are concrete. A result takes over an input's memory only if the operator allows it, both have as
/// many elements of one size (so element i of the one lies where element i of the other does), the memory belongs to a
/// step's result (never to a graph input or a constant), nobody reads it later, and no other input or output of the
/// step lies in it.
StorageMap assign_storage(const Graph& graph, const std::vector<StepValues>& steps, const std::vector<ValueId>& views,
                          const std::vector<Value>& values);

}  // namespace linnet::internal
