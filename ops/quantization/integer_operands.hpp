// What products and convolutions of 8-bit integers share: operands that are known at load, and how results end.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "ops/kernels/gemm_int8.hpp"
#include "ops/quantization/scales.hpp"
#include "runtime/constant.hpp"
#include "runtime/data_type.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// As RunArguments::inputs; null for one that is left out.
using IntegerOperands = std::array<const void*, 9>;

/// The inputs but for `first` and `second`, where every run has the same ones.
inline std::optional<IntegerOperands> constant_operands(const NodeView& node, std::size_t first, std::size_t second) {
  IntegerOperands operands = {};
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (!node.has_input(i) || i == first || i == second) continue;
    const ConstantPtr& constant = node.input_constant(i);
    if (constant == nullptr) return std::nullopt;
    operands[i] = constant->aligned();
  }
  return operands;
}

inline kernels::Int8Result int8_result(DataType type) {
  return type == DataType::kFloat32 ? kernels::Int8Result::kFloat
         : type == DataType::kInt8  ? kernels::Int8Result::kInt8
         : type == DataType::kUint8 ? kernels::Int8Result::kUint8
                                    : kernels::Int8Result::kInt32;
}

struct ResultBounds {
  float low = 0, high = 0;
};

/// `bounds` of a result in units of `scale`; of 8-bit integers those that fit, without `zero`.
inline ResultBounds scaled_bounds(ResultBounds bounds, double scale, DataType type, std::int32_t zero) {
  auto low = static_cast<float>(bounds.low / scale);
  auto high = static_cast<float>(bounds.high / scale);
  if (scale < 0) std::swap(low, high);
  if (!kInt8Types.has(type)) return {low, high};
  const std::int32_t lowest = type == DataType::kInt8 ? -128 : 0;
  const auto least = static_cast<float>(lowest - zero);
  const auto most = static_cast<float>(lowest + 255 - zero);
  return {low > least ? std::min(low, most) : least, high < most ? std::max(high, least) : most};
}

}  // namespace linnet::internal
