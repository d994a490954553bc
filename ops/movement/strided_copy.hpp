// Copies elements from strided places into a dense tensor: what Transpose and Slice come down to.
#pragma once

#include "runtime/run_control.hpp"
#include "runtime/shape.hpp"

namespace linnet::internal {

/// Made once per shape, thread-safe to use. All strides and offsets count bytes.
struct StridedCopy {
  /// Destination dimensions, outermost first, without those of size 1; neighbours that walk the source evenly are
  /// joined. A dense innermost run is not among them, it is the unit.
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> source_strides;
  std::vector<std::int64_t> target_strides;
  std::int64_t offset = 0;      ///< of the source's first element
  std::int64_t unit_bytes = 0;  ///< copied at a time; 0 when there is nothing to copy
  int dense_source_axis = -1;   ///< the one of `sizes` along which units lie next to each other in the source
};

/// Destination element [i,j,...] is source element offset + i*strides[0] + j*strides[1] + ... (strides in elements, may
/// be negative). Requires: every such element lies in the source; element_count(shape) * element_bytes does not
/// overflow.
StridedCopy make_strided_copy(std::size_t element_bytes, const Shape& shape, const std::vector<std::int64_t>& strides,
                              std::int64_t offset);

/// Requires: source and target do not overlap.
void run_strided_copy(RunControl& control, const StridedCopy& copy, const void* source, void* target);

}  // namespace linnet::internal
