// Cast: output = input converted element by element to the type `to`; CastLike: to the type of target_type, whose
// elements are never read. Any shape. Opsets 6 (CastLike: 15) to newest.
//   float -> float: rounded once, to nearest even; too large becomes infinite. NaN stays NaN.
//   float -> integer: towards zero; what does not fit becomes the nearest end of the range, NaN becomes 0 (ONNX leaves
//   both open). integer -> integer: the low bits. Integer -> float: rounded once, to nearest even. to bool: false for 0
//   and -0 only; from bool: 0 or 1.
// `saturate` (19) and `round_mode` (24) are about float8 types only. Deviation: string, float8 and 4-bit types are not
// supported.
#include "ops/broadcast_loops.hpp"
#include "ops/chunks.hpp"
#include "ops/element_lines.hpp"
#include "ops/known_elements.hpp"
#include "ops/shape_helpers.hpp"
#include "ops/wanted_elements.hpp"
#include "runtime/data_type.hpp"

namespace linnet::internal {
namespace {

struct CastAttributes : Attributes {
  DataType to = DataType::kUndefined;
};

/// Attributes that are about float8 types only.
void ignore_float8(ParseContext& context) {
  if (context.opset() >= 19) context.ignore("saturate");
  if (context.opset() >= 24) context.ignore("round_mode");
}

AttributesPtr parse_cast(ParseContext& context) {
  auto attributes = std::make_shared<CastAttributes>();
  const std::int64_t to = context.require_int("to");
  if (to < 1 || to > 255) invalid_model("attribute \"to\" is ", to, ", which is no element type");
  attributes->to = static_cast<DataType>(to);
  if (!kTensorTypes.has(attributes->to)) unsupported("casting to ", attributes->to, " is not supported");
  ignore_float8(context);
  return attributes;
}

AttributesPtr parse_cast_like(ParseContext& context) {
  ignore_float8(context);
  return std::make_shared<NoAttributes>();
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
  require_tensor_type(context, 0, "input");
  context.set_output(0, to, context.input_dims(0));
  if (!has_known_elements(to)) return;
  std::optional<Dims> elements = context.input_elements(0);
  if (!elements) return;
  for (Dim& element : *elements) element = cast_element(element, to);
  context.set_output_elements(0, std::move(*elements));
}

void infer_cast(InferContext& context) { infer_cast_to(context, context.attributes<CastAttributes>().to); }

void infer_cast_like(InferContext& context) {
  require_tensor_type(context, 1, "target_type");
  infer_cast_to(context, context.input_type(1));
}

/// A double that rounds to a 16-bit float as the integer itself would: of more than 53 bits the lowest say only whether
/// any is set.
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

struct CastState;
/// Elements [first, first + count), at most kLinedUp. In place, the same memory holds both types: all are read before
/// any is written.
using CastLine = void (*)(const CastState& state, const RunArguments& args, std::size_t first, std::size_t count);

struct CastState {
  DataType from = DataType::kUndefined;
  DataType to = DataType::kUndefined;
  CastLine line = nullptr;
  std::size_t count = 0;
};

/// Loads lines of From, stores lines of To and makes one of the other by function(element).
template <typename From, typename To, typename Function>
void cast_line(const CastState& state, const RunArguments& args, std::size_t first, std::size_t count,
               const Function& function) {
  From from[kLinedUp];
  To to[kLinedUp];
  load_line(state.from, args.inputs[0], first, count, from);
  for (std::size_t i = 0; i < count; ++i) to[i] = function(from[i]);
  store_line(state.to, to, first, count, args.outputs[0]);
}

/// Whose lines hold every element of both types: nothing is left to do.
template <typename Wide>
void cast_alike(const CastState& state, const RunArguments& args, std::size_t first, std::size_t count) {
  Wide line[kLinedUp];
  load_line(state.from, args.inputs[0], first, count, line);
  store_line(state.to, line, first, count, args.outputs[0]);
}

template <typename From>
void cast_to_bool(const CastState& state, const RunArguments& args, std::size_t first, std::size_t count) {
  cast_line<From, std::uint64_t>(state, args, first, count, [](From element) { return element != 0 ? 1U : 0U; });
}

template <typename To>
void cast_float_to_integer(const CastState& state, const RunArguments& args, std::size_t first, std::size_t count) {
  const IntegerRange<To> range = integer_range<To>(state.to);
  cast_line<double, To>(state, args, first, count, [range](double element) { return cut(range, element); });
}

template <typename From, typename To>
void cast_integer_to_float(const CastState& state, const RunArguments& args, std::size_t first, std::size_t count) {
  cast_line<From, To>(state, args, first, count, [](From element) { return static_cast<To>(element); });
}

template <typename From>
void cast_integer_to_half(const CastState& state, const RunArguments& args, std::size_t first, std::size_t count) {
  cast_line<From, double>(state, args, first, count, [](From element) { return rounded_to_odd(element); });
}

CastLine line_from_float(DataType from, DataType to) {
  if (to == DataType::kBool) return cast_to_bool<double>;
  if (kSignedTypes.has(to)) return cast_float_to_integer<std::int64_t>;
  if (kUnsignedTypes.has(to)) return cast_float_to_integer<std::uint64_t>;
  const bool wide = from == DataType::kFloat64 || to == DataType::kFloat64;
  return wide ? cast_alike<double> : cast_alike<float>;
}

/// From is int64, but uint64 of uint64.
template <typename From>
CastLine line_from_integer(DataType to) {
  if (to == DataType::kBool) return cast_to_bool<From>;
  if (to == DataType::kFloat64) return cast_integer_to_float<From, double>;
  if (to == DataType::kFloat32) return cast_integer_to_float<From, float>;
  return kFloatTypes.has(to) ? cast_integer_to_half<From> : cast_alike<From>;
}

CastLine line_of(DataType from, DataType to) {
  if (kFloatTypes.has(from)) return line_from_float(from, to);
  return from == DataType::kUint64 ? line_from_integer<std::uint64_t>(to) : line_from_integer<std::int64_t>(to);
}

Prepared prepare_cast(const PrepareContext& context) {
  auto state = std::make_shared<CastState>();
  state->count = static_cast<std::size_t>(element_count(context.input_shape(0)));
  state->from = context.input_type(0);
  state->to = context.output(0).type;
  state->line = line_of(state->from, state->to);
  return {state, 0, 0};
}

void run_cast(const RunArguments& args) {
  constexpr std::size_t kChunk = 32768;
  constexpr double kCost = 2.0;  // ns per element
  const auto& state = *static_cast<const CastState*>(args.state);
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) { state.line(state, args, first, count); });
  });
}

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input != 0 || node.output(0).type != DataType::kBool) return std::nullopt;
  WantedElements wanted;
  wanted.meaning = ElementMeaning::kTruth;
  wanted.low = 0;
  wanted.high = 1;
  wanted.what = "true or false";
  return wanted;
}

OpDef cast_op(const char* name, int since_opset) {
  OpDef op;
  op.name = name;
  op.since_opset = since_opset;
  op.parse = parse_cast;
  op.infer = infer_cast;
  op.output_type = [](const NodeView& node, std::size_t) { return node.attributes<CastAttributes>().to; };
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_cast, run_cast}};
  op.facts.in_place_inputs = {0};
  op.facts.element_inputs = 1U << 0;
  op.facts.wanted_elements = wanted_elements;
  op.facts.is_identity = [](const NodeView& node) { return node.input_type(0) == node.output(0).type; };
  return op;
}

}  // namespace

void register_cast(Registry& registry) { registry.add(cast_op("Cast", 6)); }

void register_cast_like(Registry& registry) {
  OpDef op = cast_op("CastLike", 15);
  op.min_inputs = op.max_inputs = 2;
  op.parse = parse_cast_like;
  op.infer = infer_cast_like;
  op.output_type = [](const NodeView& node, std::size_t) { return node.input_type(1); };
  op.facts.shape_only_inputs = 1U << 1;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
