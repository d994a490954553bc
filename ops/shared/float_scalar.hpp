// Constants that a fusion makes attributes of.
#pragma once

#include <optional>

#include "runtime/constant.hpp"

namespace linnet::internal {

/// The only element of a float32 or float64 constant, if a float holds it. Nothing for NaN.
inline std::optional<float> float_scalar(const Constant& constant) {
  const bool is_double = constant.type == DataType::kFloat64;
  if (constant.count() != 1 || (!is_double && constant.type != DataType::kFloat32)) return std::nullopt;
  const double value = is_double ? *constant.as<double>() : *constant.as<float>();
  const auto rounded = static_cast<float>(value);
  if (static_cast<double>(rounded) != value) return std::nullopt;
  return rounded;
}

}  // namespace linnet::internal
