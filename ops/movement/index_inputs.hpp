// Inputs of int32 or int64 indices, of which only the run knows whether they are in range.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/shared/element_lines.hpp"
#include "runtime/run_control.hpp"

namespace linnet::internal {

/// Requires: index lies in [-size, size).
inline std::size_t counted_from_front(std::int64_t index, std::int64_t size) {
  return static_cast<std::size_t>(index < 0 ? index + size : index);
}

/// Of `count` indices, index i belongs to an axis of size sizes[i % axes]. Errors: kRuntimeFault for the first that
/// lies outside [-size, size); those of RunControl::check. Requires: int32 or int64; 1 or more axes.
void check_indices(const RunControl& control, DataType type, const void* indices, std::size_t count,
                   const std::int64_t* sizes, std::size_t axes = 1);

/// An axis that an input names: its one element. Errors: kRuntimeFault unless it lies in [-rank, rank).
std::size_t axis_from_input(DataType type, const void* axis, std::size_t rank);

}  // namespace linnet::internal
