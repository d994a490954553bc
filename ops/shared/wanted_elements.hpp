// Answers for OpFacts::wanted_elements.
#pragma once

#include <linnet/inspect.hpp>

#include <string>

#include "runtime/op.hpp"

namespace linnet::internal {

/// Elements of the input, where known; else 0.
std::size_t length_of(const NodeView& node, std::size_t input);

/// Positions along an axis of this size: [0, size); 0 where the size is not known.
WantedElements wanted_indices(Dim size, std::string what);

/// Sizes of at least `low`.
WantedElements wanted_sizes(std::int64_t low, std::string what);

/// True or false.
WantedElements wanted_truth(std::string what);

/// These sizes, which depend on each other.
WantedElements wanted_list(std::vector<std::int64_t> elements, std::string what);

/// Of input 1: an integer divisor is not 0.
std::optional<WantedElements> wanted_divisor(const NodeView& node, std::size_t input);

/// As many axes as the input has elements: 0, 1, 2, ...
WantedElements wanted_axes(const NodeView& node, std::size_t input);

}  // namespace linnet::internal
