#include "ops/shared/window.hpp"

#include <algorithm>

#include "ops/shared/shape_helpers.hpp"

namespace linnet::internal {
namespace {

// With these bounds no sum or product below can overflow.
constexpr std::int64_t kMostNumber = INT32_MAX;
constexpr std::int64_t kMostInput = std::int64_t{1} << 61;

/// a / b rounded down or up. Requires: b > 0.
std::int64_t floor_of(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
std::int64_t ceil_of(std::int64_t a, std::int64_t b) {
  return b == 1 ? a : a / b + (a % b > 0 ? 1 : 0);  // most often 1, and divisions are slow
}

AutoPad parse_auto_pad(ParseContext& context) {
  const std::string name = context.get_string("auto_pad", "NOTSET");
  if (name == "NOTSET") return AutoPad::kNotSet;
  if (name == "SAME_UPPER") return AutoPad::kSameUpper;
  if (name == "SAME_LOWER") return AutoPad::kSameLower;
  if (name == "VALID") return AutoPad::kValid;
  invalid_model("auto_pad is \"", printable(name), "\", expected NOTSET, SAME_UPPER, SAME_LOWER or VALID");
}

void check_length(const std::vector<std::int64_t>& list, const char* name, std::size_t spatial_rank,
                  std::size_t for_axis) {
  const std::size_t expected = spatial_rank * for_axis;
  if (list.empty() || list.size() == expected) return;
  invalid_model(name, " ", short_list(list), " has ", list.size(), list.size() == 1 ? " element" : " elements",
                ", expected ", expected, " for ", spatial_rank, spatial_rank == 1 ? " spatial axis" : " spatial axes");
}

/// Without input and output, and of SAME_* without pads.
WindowAxis axis_of(const WindowAttributes& attributes, std::size_t axis, std::int64_t kernel) {
  WindowAxis result;
  result.kernel = kernel;
  result.stride = element_or(attributes.strides, axis, 1);
  result.dilation = element_or(attributes.dilations, axis, 1);
  if (attributes.auto_pad == AutoPad::kNotSet) {
    result.pad_begin = element_or(attributes.pads, axis, 0);
    result.pad_end = element_or(attributes.pads, attributes.pads.size() / 2 + axis, 0);
  }
  return result;
}

void set_same_pads(WindowAxis& axis, AutoPad auto_pad) {
  axis.output = ceil_of(axis.input, axis.stride);
  const std::int64_t total = std::max<std::int64_t>(0, (axis.output - 1) * axis.stride + axis.span() - axis.input);
  axis.pad_begin = auto_pad == AutoPad::kSameUpper ? total / 2 : total - total / 2;
  axis.pad_end = total - axis.pad_begin;
}

}  // namespace

std::vector<std::int64_t> parse_window_list(ParseContext& context, const char* name, std::int64_t least) {
  std::vector<std::int64_t> list = context.get_ints(name).value_or(std::vector<std::int64_t>{});
  for (const std::int64_t number : list) {
    if (number < least || number > kMostNumber) {
      invalid_model(name, " ", short_list(list), " has ", number, ", expected numbers from ", least, " to ",
                    kMostNumber);
    }
  }
  return list;
}

void check_kernel_size(std::size_t axis, std::int64_t kernel) {
  if (kernel >= 1 && kernel <= kMostNumber) return;
  invalid_model("the kernel has ", kernel, " elements along spatial axis ", axis, ", expected 1 to ", kMostNumber);
}

WindowAttributes parse_window(ParseContext& context, const WindowForm& form) {
  WindowAttributes attributes;
  if (form.auto_pad) attributes.auto_pad = parse_auto_pad(context);
  attributes.kernel_shape = parse_window_list(context, "kernel_shape", 1);
  if (form.needs_kernel_shape && attributes.kernel_shape.empty()) invalid_model("kernel_shape is missing");
  attributes.strides = parse_window_list(context, "strides", 1);
  attributes.pads = parse_window_list(context, "pads", 0);
  if (form.dilations) attributes.dilations = parse_window_list(context, "dilations", 1);
  if (form.ceil_mode) attributes.ceil_mode = context.get_int("ceil_mode", 0) != 0;
  return attributes;
}

void check_window_rank(const WindowAttributes& attributes, std::size_t spatial_rank) {
  check_length(attributes.kernel_shape, "kernel_shape", spatial_rank, 1);
  check_length(attributes.strides, "strides", spatial_rank, 1);
  check_length(attributes.dilations, "dilations", spatial_rank, 1);
  check_length(attributes.pads, "pads", spatial_rank, 2);
}

IndexRange indices_inside(std::int64_t first, std::int64_t step, std::int64_t size, std::int64_t count) {
  const std::int64_t begin = std::min(count, first < 0 ? ceil_of(-first, step) : 0);
  const std::int64_t end = std::min(count, first < size ? ceil_of(size - first, step) : 0);
  return {begin, std::max(begin, end)};
}

std::int64_t WindowAxis::padded_taps(std::int64_t index) const {
  return std::min(kernel, ceil_of(input + pad_end - start(index), dilation));
}

WindowAxis window_axis(const WindowAttributes& attributes, std::size_t axis, std::int64_t input, std::int64_t kernel) {
  if (input > kMostInput) invalid_model("spatial axis ", axis, " has ", input, " elements, more than windows reach");
  check_kernel_size(axis, kernel);
  WindowAxis result = axis_of(attributes, axis, kernel);
  result.input = input;
  if (is_same(attributes.auto_pad)) {
    set_same_pads(result, attributes.auto_pad);
  } else {
    const std::int64_t room = input + result.pad_begin + result.pad_end - result.span();
    const bool rounds_up = attributes.ceil_mode && attributes.auto_pad == AutoPad::kNotSet;
    result.output = 1 + (rounds_up ? ceil_of(room, result.stride) : floor_of(room, result.stride));
    if (rounds_up && (result.output - 1) * result.stride >= input + result.pad_begin) --result.output;
  }
  if (input < 1 || result.output < 1) {
    invalid_model("spatial axis ", axis, " of ", input, " elements, with pads ", result.pad_begin, " and ",
                  result.pad_end, ", has no place for a window of ", result.span());
  }
  return result;
}

Dim window_output(const WindowAttributes& attributes, std::size_t axis, Dim input, Dim kernel) {
  const bool same = is_same(attributes.auto_pad);
  if (input.known() && (kernel.known() || same)) {
    return window_axis(attributes, axis, input.value(), kernel.known() ? kernel.value() : 1).output;
  }
  const WindowAxis known = axis_of(attributes, axis, kernel.known() ? kernel.value() : 1);
  if (known.stride != 1) return Dim::unknown();
  if (same || (kernel.known() && known.pad_begin + known.pad_end == known.span() - 1)) return input;
  return Dim::unknown();
}

}  // namespace linnet::internal
