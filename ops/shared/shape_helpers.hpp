// What the operators that compute with shapes share.
#pragma once

#include "runtime/data_type.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// Number of elements of a 1-D (or 0-D: one) input, as far as known. Errors: kInvalidModel for a higher rank.
Dim list_length(const NodeView& node, std::size_t input, const char* name);

/// Errors: kInvalidModel, naming the input, where it certainly has not one element.
void require_one_element(const NodeView& node, std::size_t input);

/// Product of dims[first, last), as far as known: a number, a multiple of the only factor that is a symbol, or unknown.
/// Errors: kInvalidModel when it overflows.
Dim product_of(const Dims& dims, std::size_t first, std::size_t last);

/// Before many dimensions are made. Errors: kLimitExceeded past the rank limit of the options; 4096 where it is off.
void check_rank(const NodeView& node, std::size_t output, std::int64_t rank);

/// An output whose dimensions are unknown, and its rank too if `rank` is. Errors: as check_rank.
void set_output_of_rank(InferContext& context, std::size_t output, DataType type, Dim rank);
/// Of the type that the declaration of the output says.
void set_output_of_rank(InferContext& context, std::size_t output, Dim rank);

/// For operators that keep or only rearrange one row of elements: output 0 has the elements of the input, in the same
/// order. Requires: set_output was called for output 0.
void pass_elements(InferContext& context, std::size_t input = 0);

/// Whether output 0 certainly has the shape of input 0.
bool keeps_shape(const NodeView& node);
/// Whether output 0 certainly has the rank of input 0.
bool keeps_rank(const NodeView& node);

/// For messages: [0,2,1], or the first few and "..." of a list that a model made long.
std::string short_list(const std::vector<std::int64_t>& values);

/// Axes normalised to [0, rank). Errors: kInvalidModel for one outside [-rank, rank) or named twice.
std::vector<std::size_t> distinct_axes(const std::vector<std::int64_t>& axes, std::size_t rank);

}  // namespace linnet::internal
