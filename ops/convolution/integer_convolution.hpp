// Convolutions of 8-bit integers with scales and zero points: ConvInteger, QLinearConv and ConvIntegerToFloat. With
//   S = sum over c, k... of (X[n, c, o * s - p + k * d ...] - x_zero) * (W[m, c, k...] - w_zero[m]),
// modulo 2^32, where X is x_zero outside of its edges, the result is S; or float(S + B[m]) * scale[m]; or that,
// saturated and rounded to integers, plus y_zero. scale is x_scale * w_scale[m] / y_scale in double, rounded once to
// float32. Halves are rounded to even.
#pragma once

#include <limits>

#include "ops/convolution/convolution.hpp"
#include "ops/quantization/integer_operands.hpp"
#include "runtime/data_type.hpp"

namespace linnet::internal {

/// Which input of the node is what; kNone for what the operator does not have.
struct IntegerConvolutionInputs {
  static constexpr std::size_t kNone = 63;
  std::size_t x = 0, x_scale = kNone, x_zero = kNone;
  std::size_t w = 1, w_scale = kNone, w_zero = kNone;
  std::size_t y_scale = kNone, y_zero = kNone;
  std::size_t bias = kNone;  ///< int32, added to S; or float32, in the units of a float result
};
/// Those of QLinearConv; a float32 bias is an internal extension.
constexpr IntegerConvolutionInputs kQLinearConvInputs = {0, 1, 2, 3, 4, 5, 6, 7, 8};
/// An operator of Linnet's own: QLinearConv without y_scale and y_zero_point, to float32.
constexpr const char* kConvIntegerToFloat = "ConvIntegerToFloat";
constexpr const char* kConvIntegerToFloatDomain = "linnet";
constexpr IntegerConvolutionInputs kConvIntegerToFloatInputs = {0, 1, 2, 3, 4, 5, 63, 63, 6};

struct IntegerConvolutionAttributes : ConvolutionAttributes {
  IntegerConvolutionInputs inputs;
  bool takes_float_bias = false;  ///< where a pass has said so
  /// Bounds of the result before it is quantised; where a pass has taken in an activation.
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

/// A node with concrete shapes.
struct IntegerConvolution {
  IntegerConvolutionInputs inputs;
  float low = 0, high = 0;
  Convolution convolution;
  DataType x = DataType::kUndefined, w = DataType::kUndefined, y = DataType::kUndefined;
  DataType types[9] = {};  ///< kUndefined for an input that is left out
  std::size_t counts[9] = {};

  bool has(std::size_t input) const { return input < 9 && types[input] != DataType::kUndefined; }
  bool has_float_bias() const { return has(inputs.bias) && types[inputs.bias] == DataType::kFloat32; }
  /// Element `index` of an input, or its only one; 0 of one that is left out.
  double element(const void* const* operands, std::size_t input, std::size_t index) const;
  /// Of output channel `channel`.
  float scale(const void* const* operands, std::size_t channel) const;
  float bias(const void* const* operands, std::size_t channel) const;  ///< requires: has_float_bias()
  /// Of results in units of y_scale, without y_zero.
  ResultBounds bounds(const void* const* operands) const;
};
IntegerConvolution integer_convolution(const NodeView& node);

Implementation simd_integer_convolution();
Implementation reference_integer_convolution();

}  // namespace linnet::internal
