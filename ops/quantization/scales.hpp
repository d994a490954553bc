// What QuantizeLinear and DequantizeLinear share: attributes, and how scales and zero points lie beside the tensor that
// they are for. There is one for all elements, one for each index along an axis, or one for each block along an axis.
#pragma once

#include <algorithm>

#include "ops/kernels/quantize.hpp"
#include "runtime/data_type.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// What elements are quantised to.
inline constexpr TypeSet kQuantizedTypes =
    TypeSet{DataType::kInt8,         DataType::kUint8,          DataType::kInt16,      DataType::kUint16,
            DataType::kFloat8e4m3fn, DataType::kFloat8e4m3fnuz, DataType::kFloat8e5m2, DataType::kFloat8e5m2fnuz} |
    kPackedTypes;

/// Of these, integers of 8 bits and less: of weights and tables that stay as small as they are.
inline constexpr TypeSet kCodeTypes{DataType::kInt8,  DataType::kUint8, DataType::kInt4,
                                    DataType::kUint4, DataType::kInt2,  DataType::kUint2};

struct QuantizationAttributes : Attributes {
  std::int64_t axis = 1;
  std::int64_t block_size = 0;                  ///< 0: not in blocks
  DataType output_type = DataType::kUndefined;  ///< kUndefined: as the inputs say
  DataType precision = DataType::kUndefined;    ///< of the division; kUndefined: as the scale's type says
  bool saturate = true;                         ///< to float8
};

/// axis (opset 13) and block_size (21). Errors: kInvalidModel for a negative block_size.
void parse_granularity(ParseContext& context, QuantizationAttributes& attributes);

/// Errors: kInvalidModel unless input 1 (a scale called so) suits the shape of input 0, and input 2 (a zero point), if
/// there is one, has the shape of input 1, where one element has any.
void check_scales(const NodeView& node, const char* scale, const char* zero_point);

/// Element [outer, a, inner] of a tensor belongs to scale [outer * outer_stride + a / block * block_stride + inner *
/// inner_stride], where `a` is its index along the axis.
class ScaleLayout {
 public:
  ScaleLayout() = default;
  /// Requires: check_scales passed; all sizes are known.
  explicit ScaleLayout(const NodeView& node);

  /// line[i] is the scale (or zero point) of element first + i, for i < count. W is float or double.
  template <typename W>
  void load(DataType type, const void* scales, std::size_t first, std::size_t count, W* line) const;

  /// line[i] = (element first + i of x - its zero point) * its scale, for i < count, kLineElements at most.
  /// `zero_points`, of x's type, may be null.
  void dequantize(DataType type, const void* x, DataType scale, const void* scales, const void* zero_points,
                  std::size_t first, std::size_t count, float* line) const;

  /// Elements from `first` on and their scales.
  struct Run {
    std::size_t scale;  ///< of the first of them
    std::size_t count;
    bool shared;  ///< by all of them; else each has the scale behind that of the one before
  };
  /// Requires: there is an element `first`.
  Run run_at(std::size_t first) const noexcept;

  /// Calls shared(first, count, scale) for runs of elements that share one, and line(first, count), count being
  /// `longest` at most, for what lies in shorter ones; together they cover [first, first + count).
  template <typename Shared, typename Line>
  void for_runs(std::size_t first, std::size_t count, std::size_t longest, const Shared& shared,
                const Line& line) const {
    constexpr std::size_t kShort = 64;
    while (count > 0) {
      const Run run = run_at(first);
      const bool is_long = run.shared && std::min(run.count, count) >= kShort;
      const std::size_t done = std::min(count, is_long ? run.count : longest);
      is_long ? shared(first, done, run.scale) : line(first, done);
      first += done;
      count -= done;
    }
  }

 private:
  std::size_t axis_size_ = 1;
  std::size_t inner_ = 1;
  std::size_t block_ = 1;
  std::size_t outer_stride_ = 0;
  std::size_t block_stride_ = 0;
  std::size_t inner_stride_ = 0;
};

/// Scale and zero point (of `type`, none where null) number `index`.
kernels::QuantizedBytes quantized_bytes(DataType type, const void* scales, const void* zero_points, std::size_t index);

}  // namespace linnet::internal
