// What Cast shares with its forms for strings.
#pragma once

#include "runtime/op.hpp"
#include "runtime/small_float.hpp"

namespace linnet::internal {

struct CastAttributes : Attributes {
  DataType to = DataType::kUndefined;  ///< of CastLike: decided by its input
  SmallFloatRounding rounding;
};

/// The type that the node, a Cast or a CastLike, converts to; kUndefined where it is not known yet.
inline DataType cast_type(const NodeView& node) {
  const DataType to = node.attributes<CastAttributes>().to;
  return to == DataType::kUndefined ? node.input_type(1) : to;
}

}  // namespace linnet::internal
