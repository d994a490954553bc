// Products of 8-bit integers with scales and zero points: MatMulInteger, QLinearMatMul and their kin. With
//   S = sum over k of (A[m,k] - a_zero) * (B[k,n] - b_zero),  an int32, modulo 2^32
// the result is S; or float(S) * scale + bias; or that, saturated and rounded to integers, plus y_zero. The scale of an
// element is one float32: a_scale * b_scale / y_scale in double, rounded once. Where a_scale has an element for each
// row, b_scale / y_scale is rounded first. Halves are rounded to even.
#pragma once

#include <limits>

#include "ops/product/matrix_product.hpp"
#include "ops/quantization/integer_operands.hpp"

namespace linnet::internal {

/// Which input of the node is what; kNone for what the operator does not have.
struct IntegerProductInputs {
  static constexpr std::size_t kNone = 63;
  std::size_t a = 0, a_scale = kNone, a_zero = kNone;
  std::size_t b = 1, b_scale = kNone, b_zero = kNone;
  std::size_t y_scale = kNone, y_zero = kNone;
  std::size_t bias = kNone;  ///< one element for each column, in the units of a float result
};

/// Those of QLinearMatMul; input 8 is an internal extension.
constexpr IntegerProductInputs kQLinearMatMulInputs = {0, 1, 2, 3, 4, 5, 6, 7, 8};
/// Those of MatMulIntegerToFloat.
constexpr IntegerProductInputs kMatMulIntegerToFloatInputs = {0, 2, 4, 1, 3, 5, 63, 63, 6};

struct IntegerProductAttributes : Attributes {
  IntegerProductInputs inputs;
  bool quantizes_a = false;  ///< A is float32, and becomes uint8 as by DynamicQuantizeLinear
  bool transpose_b = false;  ///< B is [N, K]; only where a pass has said so
  /// Bounds of the result before it is quantised; where a pass has taken in an activation.
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

/// Scales and zero points as the kernels want them, from elements of any type that infer lets through.
struct IntegerParameters {
  std::int32_t* a_zero = nullptr;  ///< of each row of A, as of int8
  std::int32_t* b_zero = nullptr;  ///< of each column of each B, as of uint8
  float* row_scale = nullptr;      ///< null for 1
  float* column_scale = nullptr;   ///< of each B; null for 1
  float* column_bias = nullptr;    ///< null for none
  bool shifts_a = false;           ///< some a_zero is not 0
  std::int32_t y_zero = 0;
  ResultBounds bounds;  ///< in units of y_scale
};

/// A node with concrete shapes.
struct IntegerProduct {
  IntegerProductAttributes attributes;
  MatrixProduct product;
  DataType a = DataType::kUndefined, b = DataType::kUndefined, y = DataType::kUndefined;
  std::size_t a_rows = 0;          ///< of all A
  std::size_t padded_columns = 0;  ///< of one B, in the lists
  bool has[9] = {};                ///< of inputs
  DataType types[9] = {};
  std::size_t counts[9] = {};

  bool one_b_zero() const { return count_or_one(attributes.inputs.b_zero) == 1; }
  std::size_t count_or_one(std::size_t input) const { return has_input(input) ? counts[input] : 1; }
  bool has_input(std::size_t input) const { return input < 9 && has[input]; }
  std::size_t parameter_bytes() const;
  /// `memory`: parameter_bytes(), aligned to 64. a_scale and a_zero: of the A that was quantised; else null.
  IntegerParameters fill_parameters(const void* const* inputs, const float* a_scale, const std::uint8_t* a_zero,
                                    std::byte* memory) const;
};
IntegerProduct integer_product(const NodeView& node);

Implementation simd_integer_product();
Implementation reference_integer_product();

}  // namespace linnet::internal
