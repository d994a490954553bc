// Einsum's equation, and what it means for operands of known shapes.
#pragma once

#include <string>
#include <vector>

#include "runtime/op.hpp"

namespace linnet::internal {

/// The terms of an equation without spaces; a single "." stands for an ellipsis.
struct EinsumAttributes : Attributes {
  std::vector<std::string> operands;
  std::string output;
};

/// Y[i, j, ...] is the sum over the summed indices of the product of the operands' elements. An index is a letter of
/// the equation, or a dimension of the ellipsis.
struct Contraction {
  std::vector<std::int64_t> sizes;                 ///< by index
  std::vector<std::vector<std::int64_t>> strides;  ///< of each operand, by index; 0: it is the same all along
  std::vector<std::size_t> output;                 ///< the indices of Y's dimensions
  std::vector<std::size_t> summed;                 ///< the others

  std::int64_t size_of(const std::vector<std::size_t>& indices) const;
};

/// Requires: the node has passed infer, and all dimensions are known.
Contraction contraction_of(const NodeView& node);

/// Two operands that come down to a product of matrices, by the kernels of MatMul.
Implementation einsum_by_product();

}  // namespace linnet::internal
