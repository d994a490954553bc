// Cast: output = input converted element by element to the type `to`; CastLike: to the type of target_type, whose
// elements are never read. Any shape. Opsets 6 (CastLike: 15) to newest.
//   float -> float: rounded once, to nearest even; too large becomes infinite. NaN stays NaN.
//   float -> integer: towards zero; what does not fit becomes the nearest end of the range, NaN becomes 0 (ONNX leaves
//   both open). integer -> integer: the low bits. Integer -> float: rounded once, to nearest even. to bool: false for 0
//   and -0 only; from bool: 0 or 1.
//   to float8 (19) and float4: rounded once, to nearest even; what is too large becomes the largest number, or without
//   `saturate` (19) an infinity, or NaN where the type has none. float4 has neither, and no `saturate`. To float8e8m0
//   (24): as `round_mode` (24) says, up, down or nearest. Float -> integer of 4 or 2 bits: towards zero, then the low
//   bits, as ONNX's own tests have it; 0 of NaN and of infinities.
// To and from strings: see text/cast_strings.cpp. Deviation: the newer types are taken at every opset.
#include "ops/elementwise/cast.hpp"

#include <algorithm>
#include <cmath>

#include "ops/kernels/cast.hpp"
#include "ops/kernels/half.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/known_elements.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "runtime/data_type.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kLine = 256;           // elements that are converted at a time
constexpr std::size_t kChunk = 32768;        // elements: whole bytes of every type
constexpr double kCost = 2.0;                // ns per element
constexpr double kSimdCost = 0.2;            // the same, by vectors
constexpr std::uint64_t kTargetType = 0b10;  // CastLike's input that only lends its type

/// `saturate` and `round_mode`, which have no effect on other types than kSmallFloatTypes.
SmallFloatRounding parse_rounding(ParseContext& context, bool has_effect) {
  SmallFloatRounding rounding;
  if (!has_effect) {
    if (context.opset() >= 19) context.ignore("saturate");
    if (context.opset() >= 24) context.ignore("round_mode");
    return rounding;
  }
  if (context.opset() >= 19) rounding.saturate = context.get_int("saturate", 1) != 0;
  if (context.opset() < 24) return rounding;
  const std::string mode = context.get_string("round_mode", "up");
  using Power = SmallFloatRounding::Power;
  if (mode != "up" && mode != "down" && mode != "nearest")
    invalid_model("round_mode is \"", printable(mode), "\", expected up, down or nearest");
  rounding.power = mode == "up" ? Power::kUp : mode == "down" ? Power::kDown : Power::kNearest;
  return rounding;
}

AttributesPtr parse_cast(ParseContext& context) {
  auto attributes = new_shared<CastAttributes>();
  const std::int64_t to = context.require_int("to");
  if (to < 1 || to > 255) invalid_model("attribute \"to\" is ", to, ", which is no element type");
  attributes->to = static_cast<DataType>(to);
  if (!kStoredTypes.has(attributes->to) && attributes->to != DataType::kString)
    unsupported("casting to ", attributes->to, " is not supported");
  attributes->rounding = parse_rounding(context, kSmallFloatTypes.has(attributes->to));
  return attributes;
}

AttributesPtr parse_cast_like(ParseContext& context) {
  auto attributes = new_shared<CastAttributes>();
  attributes->rounding = parse_rounding(context, true);
  return attributes;
}

/// An element of a shape that keeps its value in the other type, or unknown.
Dim cast_element(Dim element, DataType to) {
  if (to == DataType::kInt64) return element;
  if (!element.known()) return Dim::unknown();
  return visit_type(to, [&](auto tag) -> Dim {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, bool>) {
      return element.value() != 0 ? 1 : 0;
    } else if constexpr (std::is_integral_v<T> && sizeof(T) < 8) {
      return static_cast<std::int64_t>(static_cast<T>(element.value()));
    } else {
      return element.value() >= 0 ? element : Dim::unknown();
    }
  });
}

void infer_cast_to(InferContext& context, DataType to) {
  if (!kStoredTypes.has(to)) unsupported("casting to ", to, " is not supported");
  context.set_output(0, to, context.input_dims(0));
  if (!has_known_elements(to)) return;
  std::optional<Dims> elements = context.input_elements(0);
  if (!elements) return;
  for (Dim& element : *elements) element = cast_element(element, to);
  context.set_output_elements(0, std::move(*elements));
}

void infer_cast(InferContext& context) { infer_cast_to(context, context.attributes<CastAttributes>().to); }

void infer_cast_like(InferContext& context) { infer_cast_to(context, context.input_type(1)); }

/// A double that rounds to a shorter float as the integer itself would: of more than 53 bits the lowest say only
/// whether any is set.
template <typename T>
double rounded_to_odd(T value) {
  const bool negative = value < 0;
  const std::uint64_t magnitude =
      negative ? std::uint64_t{0} - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  const std::uint64_t kept =
      (magnitude & ~std::uint64_t{2047}) | ((magnitude & 2047) != 0 && magnitude >> 53 != 0 ? 2048 : 0);
  const double result = static_cast<double>(magnitude >> 53 != 0 ? kept : magnitude);
  return negative ? -result : result;
}

struct CastState {
  /// Elements [first, first + count), at most kLine.
  void (*line)(const CastState& state, const void* from, void* to, std::size_t first, std::size_t count) = nullptr;
  std::size_t count = 0;
  DataType from = DataType::kUndefined;
  DataType to = DataType::kUndefined;
  SmallFloatRounding rounding;
};

/// Towards zero, the low 64 bits: what is larger than those has zeros there.
std::int64_t low_bits(double value) { return std::fabs(value) < 0x1p63 ? static_cast<std::int64_t>(value) : 0; }

/// Numbers to elements [first, first + count) of integers, bools or floats.
void store_numbers(const CastState& state, double* line, std::size_t first, std::size_t count, void* to) {
  if (kSmallFloatTypes.has(state.to)) return store_small_floats(state.to, state.rounding, line, first, count, to);
  if (kFloatTypes.has(state.to)) return store_line(state.to, line, first, count, to);
  visit_line_type(state.to, [&](auto tag) {
    using I = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<I>) {
      I whole[kLine];
      const IntegerRange<I> range = integer_range<I>(state.to);
      for (std::size_t i = 0; i < count; ++i) {
        if (state.to == DataType::kBool) {
          whole[i] = line[i] != 0 ? 1 : 0;
        } else if (kSmallIntegerTypes.has(state.to)) {
          whole[i] = static_cast<I>(low_bits(line[i]));
        } else {
          whole[i] = cut(range, line[i]);
        }
      }
      store_line(state.to, whole, first, count, to);
    }
  });
}

/// W holds all that `from` has, or as much of it as float64 does.
template <typename W>
void cast_line(const CastState& state, const void* from, void* to, std::size_t first, std::size_t count) {
  W line[kLine];
  load_line(state.from, from, first, count, line);
  if constexpr (std::is_integral_v<W>) {
    if (!kFloatLineTypes.has(state.to) && state.to != DataType::kBool)
      return store_line(state.to, line, first, count, to);
    double numbers[kLine];
    for (std::size_t i = 0; i < count; ++i) numbers[i] = rounded_to_odd(line[i]);
    store_numbers(state, numbers, first, count, to);
  } else {
    store_numbers(state, line, first, count, to);
  }
}

using CastLine = decltype(CastState::line);

/// Numbers become floats by doubles, but for integers that a double would round first.
CastLine cast_line_of(DataType from, DataType to) {
  const bool fits = kNumericTypes.has(from) && (bits_of(from) < 64 || to == DataType::kFloat64);
  if (fits && kFloatLineTypes.has(to)) return cast_line<double>;
  return visit_line_type(from, [](auto tag) -> CastLine { return cast_line<typename decltype(tag)::type>; });
}

void cast_elements(const CastState& state, const void* from, void* to, std::size_t first, std::size_t count) {
  for (std::size_t done = 0; done < count; done += kLine)
    state.line(state, from, to, first + done, std::min(kLine, count - done));
}

void run_cast_line(const LineArguments& args) {
  cast_elements(*static_cast<const CastState*>(args.state), args.inputs[0], args.y, 0, args.count);
}

Prepared prepare_cast(const PrepareContext& context) {
  auto state = new_shared<CastState>();
  state->count = static_cast<std::size_t>(element_count(context.input_shape(0)));
  state->from = context.input_type(0);
  state->to = context.output(0).type;
  state->line = cast_line_of(state->from, state->to);
  state->rounding = context.attributes<CastAttributes>().rounding;
  const bool whole_bytes = kTensorTypes.has(state->from) && kTensorTypes.has(state->to);
  Prepared prepared;
  prepared.state = std::move(state);
  prepared.unread_inputs = context.input_count() > 1 ? kTargetType : 0;
  if (whole_bytes) prepared.line_wise = {run_cast_line, kCost, 0};
  return prepared;
}

void run_cast(const RunArguments& args) {
  const auto& state = *static_cast<const CastState*>(args.state);
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t first, std::size_t count) {
    cast_elements(state, args.inputs[0], args.outputs[0], first, count);
  });
}

std::optional<kernels::CastType> kernel_type(DataType type) {
  switch (type) {
    case DataType::kFloat32:
      return kernels::CastType::kFloat32;
    case DataType::kInt32:
      return kernels::CastType::kInt32;
    case DataType::kInt64:
      return kernels::CastType::kInt64;
    case DataType::kUint8:
      return kernels::CastType::kUint8;
    case DataType::kBool:
      return kernels::CastType::kBool;
    default:
      return std::nullopt;
  }
}

std::string accepts_simd(const NodeView& node) {
  const DataType from = node.input_type(0);
  const DataType to = node.output(0).type;
  if (from == DataType::kFloat32 && is_half(to)) return "";
  if (is_half(from) && (to == DataType::kFloat32 || is_half(to) || kernel_type(to))) return "";
  if (from != to && kernel_type(from) && kernel_type(to)) return "";
  return text(
      "only from 16-bit floats, from float32 to them, or between float32, int32, int64, uint8 and bool, not from ",
      from, " to ", to);
}

/// 16-bit floats to anything but float32, by way of it, which has all of them.
void cast_halves(const CastState& state, const std::byte* x, std::byte* y, std::size_t count) {
  for (std::size_t done = 0; done < count; done += kLine) {
    float line[kLine];
    const std::size_t size = std::min(kLine, count - done);
    kernels::widen(half_type(state.from), x + done * size_of(state.from), size, line);
    std::byte* const to = y + done * size_of(state.to);
    if (is_half(state.to)) {
      kernels::narrow(half_type(state.to), line, size, to);
    } else {
      kernels::cast(kernels::CastType::kFloat32, *kernel_type(state.to), reinterpret_cast<const std::byte*>(line), size,
                    to);
    }
  }
}

void cast_vectors(const CastState& state, const void* from, void* to, std::size_t first, std::size_t count) {
  const auto* x = static_cast<const std::byte*>(from) + first * size_of(state.from);
  auto* y = static_cast<std::byte*>(to) + first * size_of(state.to);
  if (is_half(state.from)) {
    if (state.to != DataType::kFloat32) return cast_halves(state, x, y, count);
    kernels::widen(half_type(state.from), x, count, reinterpret_cast<float*>(y));
  } else if (is_half(state.to)) {
    kernels::narrow(half_type(state.to), reinterpret_cast<const float*>(x), count, y);
  } else {
    kernels::cast(*kernel_type(state.from), *kernel_type(state.to), x, count, y);
  }
}

void run_simd_line(const LineArguments& args) {
  cast_vectors(*static_cast<const CastState*>(args.state), args.inputs[0], args.y, 0, args.count);
}

Prepared prepare_simd(const PrepareContext& context) {
  Prepared prepared = prepare_cast(context);
  prepared.line_wise = {run_simd_line, kSimdCost, 0};
  return prepared;
}

void run_simd(const RunArguments& args) {
  const auto& state = *static_cast<const CastState*>(args.state);
  for_chunks(args.control, state.count, kChunk, kSimdCost, [&](std::size_t first, std::size_t count) {
    cast_vectors(state, args.inputs[0], args.outputs[0], first, count);
  });
}

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input != 0 || node.output(0).type != DataType::kBool) return std::nullopt;
  return wanted_truth("true or false");
}

const char* cast_strings(const NodeView& node) {
  if (cast_type(node) == DataType::kString) return "CastToStrings";
  return node.input_type(0) == DataType::kString ? "CastFromStrings" : nullptr;
}

constexpr InputDef kCastInputs[] = {{"input", kStoredTypes, kMoved}};
constexpr InputDef kCastLikeInputs[] = {{"input", kStoredTypes, kMoved}, {"target_type", kStoredTypes, kShapeOnly}};
constexpr OutputDef kCastOutputs[] = {{"output", kStoredTypes, 0, over(0)}};
constexpr OutputDef kCastLikeOutputs[] = {{"output", TypeOf{1}, 0, over(0)}};

OpDef cast_op(const char* name, int since_opset) {
  OpDef op;
  op.name = name;
  op.since_opset = since_opset;
  op.inputs = kCastInputs;
  op.outputs = kCastOutputs;
  op.parse = parse_cast;
  op.infer = infer_cast;
  op.output_type = [](const NodeView& node, std::size_t) { return cast_type(node); };
  op.string_form = cast_strings;
  op.implementations = {{"simd", Backend::kSimd, accepts_simd, prepare_simd, run_simd},
                        {"reference", Backend::kReference, nullptr, prepare_cast, run_cast}};
  op.facts.wanted_elements = wanted_elements;
  op.facts.is_identity = [](const NodeView& node) { return node.input_type(0) == node.output(0).type; };
  return op;
}

}  // namespace

void register_cast(Registry& registry) {
  OpDef op = cast_op("Cast", 6);
  op.facts.channels_last = same_in_any_layout;
  registry.add(std::move(op));
}

void register_cast_like(Registry& registry) {
  OpDef op = cast_op("CastLike", 15);
  op.inputs = kCastLikeInputs;
  op.outputs = kCastLikeOutputs;
  op.parse = parse_cast_like;
  op.infer = infer_cast_like;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
