// Windows that slide over spatial axes: what pooling and convolution share. Along one axis, output o reads the taps
//   x[o * stride - pad_begin + tap * dilation], 0 <= tap < kernel,
// of which those outside of x are padding. A window spans 1 + (kernel - 1) * dilation elements.
//
//   auto_pad           outputs along an axis                               pads
//   NOTSET             1 + (input + pads - span) / stride, rounded down    as given, default 0
//   the same, with
//   ceil_mode          rounded up, less a last window that would start     as given
//                      behind input and pad_begin (PyTorch's rule)
//   SAME_UPPER, _LOWER input / stride, rounded up                          as many as that takes; an odd one stands at
//                                                                          the end (UPPER) or at the beginning (LOWER)
//   VALID              1 + (input - span) / stride, rounded down           0
// Where auto_pad is not NOTSET, it decides alone: `pads` has no effect, nor has ceil_mode. An axis without elements or
// outputs is an error, so is one where even the first window is larger than input and pads: with ceil_mode, by a stride
// or more.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/op.hpp"

namespace linnet::internal {

enum class AutoPad : std::uint8_t { kNotSet, kSameUpper, kSameLower, kValid };

/// The attributes as a model has them. An empty list was left out: strides and dilations are 1 then, pads 0.
struct WindowAttributes {
  AutoPad auto_pad = AutoPad::kNotSet;
  bool ceil_mode = false;
  std::vector<std::int64_t> kernel_shape;  ///< each 1 or more, as strides and dilations
  std::vector<std::int64_t> strides;
  std::vector<std::int64_t> dilations;
  std::vector<std::int64_t> pads;  ///< of all axes at the beginning, then of all at the end
};

/// Which attributes an operator has at the opset of the node.
struct WindowForm {
  bool needs_kernel_shape = true;
  bool ceil_mode = false;
  bool dilations = false;
  bool auto_pad = true;
};

/// Reads kernel_shape, strides, pads and what else `form` names. Errors: kInvalidModel for numbers out of
/// range, of which the largest is 2^31 - 1.
WindowAttributes parse_window(ParseContext& context, const WindowForm& form);

/// Errors: kInvalidModel for a list of another length than `spatial_rank` asks for.
void check_window_rank(const WindowAttributes& attributes, std::size_t spatial_rank);

/// A list of an attribute, empty where it was left out. Errors: kInvalidModel for a number outside [least, 2^31 - 1].
std::vector<std::int64_t> parse_window_list(ParseContext& context, const char* name, std::int64_t least);

/// An element of such a list.
inline std::int64_t element_or(const std::vector<std::int64_t>& list, std::size_t index, std::int64_t otherwise) {
  return list.empty() ? otherwise : list[index];
}

/// Whether pads follow from the wish that an output is as long as its input, but for strides.
constexpr bool is_same(AutoPad auto_pad) { return auto_pad == AutoPad::kSameUpper || auto_pad == AutoPad::kSameLower; }

/// Errors: kInvalidModel for a kernel that is no 1 to 2^31 - 1 elements long.
void check_kernel_size(std::size_t axis, std::int64_t kernel);

struct IndexRange {
  std::int64_t begin;
  std::int64_t end;  ///< one behind the last; `begin` where there is none
};
/// The i in [0, count) for which first + i * step lies in [0, size).
IndexRange indices_inside(std::int64_t first, std::int64_t step, std::int64_t size, std::int64_t count);

/// A window along one spatial axis, in numbers.
struct WindowAxis {
  std::int64_t input = 1;
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t pad_begin = 0;
  std::int64_t pad_end = 0;
  std::int64_t output = 1;

  /// From the first tap to behind the last.
  std::int64_t span() const { return 1 + (kernel - 1) * dilation; }
  /// Where the taps of an output begin: below 0 in the padding.
  std::int64_t start(std::int64_t index) const { return index * stride - pad_begin; }
  /// The taps that meet an element of the input.
  IndexRange taps(std::int64_t index) const { return indices_inside(start(index), dilation, input, kernel); }
  /// The outputs whose tap `tap` meets an element of the input.
  IndexRange outputs_of(std::int64_t tap) const {
    return indices_inside(tap * dilation - pad_begin, stride, input, output);
  }
  /// Taps within input and padding: fewer than `kernel` where ceil_mode lets a window stand over the end.
  std::int64_t padded_taps(std::int64_t index) const;
};

/// Of spatial axis `axis`. Errors: kInvalidModel where it would have no output, or the input is empty or
/// longer than 2^61.
/// Requires: lists were checked by check_window_rank.
WindowAxis window_axis(const WindowAttributes& attributes, std::size_t axis, std::int64_t input, std::int64_t kernel);

/// Outputs along spatial axis `axis`, as far as known: also a symbol, where the output is certainly as long as the
/// input. Errors and Requires: as window_axis.
Dim window_output(const WindowAttributes& attributes, std::size_t axis, Dim input, Dim kernel);

}  // namespace linnet::internal
