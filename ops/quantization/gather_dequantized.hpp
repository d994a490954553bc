// GatherDequantized: what the fusion that makes it needs to know.
#pragma once

namespace linnet::internal {

inline constexpr const char* kGatherDequantized = "GatherDequantized";

}  // namespace linnet::internal
