// Tensors that iterations take apart or put together, a slice each.
#pragma once

#include "ops/control/iterations.hpp"
#include "ops/movement/strided_copy.hpp"

namespace linnet::internal {

/// An input taken apart, or an output put together.
struct SlicePlan {
  std::size_t operand = 0;  ///< input or output of the node
  bool backwards = false;
  std::size_t bytes = 0;         ///< of a slice
  bool strided = false;          ///< along another axis than the first
  StridedCopy copy;              ///< of a slice out of the input; of all slices, stacked, to the output
  std::size_t stride_bytes = 0;  ///< from one slice of the input to the next
  std::size_t place = 0;         ///< workspace offset of a slice copied out, of the stacked ones, or of one not wanted
};

/// Of an input; its place is the caller's to choose.
SlicePlan plan_slice(const PrepareContext& context, const ScanAxis& axis, std::size_t input);

/// The slice at a position: where it lies, or copied to `memory` if it is strided.
const void* slice_at(RunControl& control, const SlicePlan& plan, const void* whole, std::int64_t position,
                     std::byte* memory);

}  // namespace linnet::internal
