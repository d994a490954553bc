// Compares tensors of any type that Linnet knows.
#pragma once

#include <linnet/linnet.hpp>

#include <string>

namespace linnet::test {

/// |actual - expected| <= absolute + relative * |expected| + of_largest * (the largest finite |expected|) passes.
struct Tolerance {
  double relative = 0.0;
  double absolute = 0.0;
  double of_largest = 0.0;
};

/// The tolerance of models/checking.py for results of the same network computed in two ways, by element type.
Tolerance model_tolerance(DataType type);

/// Empty when type and shape are the same and every element is within the tolerance, else what is different. NaN equals
/// NaN, an infinity only itself; integers and bool must be equal.
std::string difference(const ConstTensorView& actual, const ConstTensorView& expected, const Tolerance& tolerance);

/// Empty when type, shape and all bytes are the same, else what is different.
std::string bit_difference(const ConstTensorView& actual, const ConstTensorView& expected);

}  // namespace linnet::test
