// How far a tensor is from the one expected.
#pragma once

#include <linnet/linnet.hpp>

#include <cstdint>
#include <string>

namespace linnet::tools {

struct Tolerance {
  double rtol = 1e-3;  ///< ONNX's defaults for its own tests
  double atol = 1e-7;
};

struct Comparison {
  bool comparable = true;         ///< same type and shape
  std::string reason;             ///< why not comparable
  double largest_absolute = 0.0;  ///< this and the next without elements that are NaN
  /// Steps between neighbouring floats of the type (float32, float64, float16, bfloat16); 0 for other types.
  double largest_ulp = 0.0;
  std::size_t not_a_number = 0;  ///< elements that are NaN on one side only; they are outside, too
  std::size_t outside = 0;       ///< elements with |actual - expected| > atol + rtol |expected|
  std::size_t first_outside = 0;
  std::string actual_at_first;
  std::string expected_at_first;

  bool passed() const { return comparable && outside == 0; }
};

/// NaN equals NaN, an infinity only itself.
Comparison compare(const ConstTensorView& actual, const ConstTensorView& expected, const Tolerance& tolerance);

/// One line: what failed, or the largest differences.
std::string describe(const Comparison& comparison);

}  // namespace linnet::tools
