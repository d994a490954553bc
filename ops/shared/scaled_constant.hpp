// Constants that a fusion makes of weights and the factors that it folds into them.
#pragma once

#include <vector>

#include "runtime/constant.hpp"

namespace linnet::internal {

/// Element i times scale[i / inner % scale.size()], each rounded once. Null where a rounding would lose more than that:
/// the value is infinite or NaN, or becomes denormal. Requires: float32 or float64, inner > 0, a scale.
ConstantPtr scaled_constant(const Constant& source, std::size_t inner, const std::vector<double>& scale);

/// A list of these numbers, likewise.
ConstantPtr rounded_list(DataType type, const std::vector<double>& numbers);

}  // namespace linnet::internal
