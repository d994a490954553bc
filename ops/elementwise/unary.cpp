// Neg, Abs, Reciprocal, Sqrt, Log, Sin, Cos, Floor, Ceil, Round (halves to even), Sign (+0 of both zeros), Tan, Asin,
// Acos, Atan, the hyperbolic Sinh, Cosh, Asinh, Acosh, Atanh, and Erf, the error function: Y = f(X), element by
// element, angles in radians; NaN stays NaN, and is the result outside the function's domain. X and Y have the same
// type and shape, of any rank. Floats are computed in double and rounded once, float32 by the kernel, 16-bit floats by
// way of float32, float64 by a kernel of its own but for angles and Erf; integers wrap around (-128 is its own Neg and
// Abs). Opsets 6 to newest (from 7: Sin, Cos, Tan and their inverses; from 9: Sign, Erf and the hyperbolic ones; from
// 11: Round): Neg takes signed types, Abs and Sign all numeric ones, the others floats; bfloat16 (from 13 or 22) is
// accepted at every opset. Tanh is an activation. Deviation: Erf of integers, which ONNX allows, is not supported.
#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/kernels/doubles.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/half_lines.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/known_elements.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/sized_elements.hpp"

namespace linnet::internal {
namespace {

using kernels::UnaryKind;

constexpr std::size_t kChunk = 16384;
constexpr double kSimdCost = 1.0;        // ns per element
constexpr double kReferenceCost = 10.0;  // the same
constexpr double kLineCost = 0.1;        // the same, of the fast ones in the cache

struct UnaryAttributes : Attributes {
  explicit UnaryAttributes(UnaryKind unary) : kind(unary) {}
  UnaryKind kind;
};

AttributesPtr attributes_of(UnaryKind kind) { return new_shared<UnaryAttributes>(kind); }

template <UnaryKind kKind>
AttributesPtr parse(ParseContext&) {
  return attributes_of(kKind);
}

UnaryKind kind_of(const NodeView& node) { return node.attributes<UnaryAttributes>().kind; }

/// Of integers: Neg, Abs or Sign.
template <typename T>
T computed_integer(UnaryKind kind, T x) {
  if (kind == UnaryKind::kSign) return static_cast<T>((x > 0 ? 1 : 0) - (x < 0 ? 1 : 0));
  if (kind == UnaryKind::kAbs && x >= 0) return x;
  return static_cast<T>(std::uint64_t{0} - static_cast<std::uint64_t>(x));
}

/// Unknown where the result would wrap around. Symbols are sizes, which are not negative.
Dim computed_element(UnaryKind kind, DataType type, Dim x) {
  if (x.is_symbol() && kind == UnaryKind::kAbs) return x;
  if (!x.known() || !holds(type, x.value())) return Dim::unknown();
  if (kind == UnaryKind::kSign || x.value() >= 0) return computed_integer(kind, x.value());
  return x.value() != INT64_MIN && holds(type, -x.value()) ? Dim(-x.value()) : Dim::unknown();
}

void infer(InferContext& context) {
  const UnaryKind kind = kind_of(context);
  const DataType type = context.input_type(0);
  infer_like_first(context);
  if (!has_known_elements(type)) return;
  infer_known_elements(context, [&](const Dims& operands) { return computed_element(kind, type, operands[0]); });
}

struct State {
  UnaryKind kind = UnaryKind::kNeg;
  DataType type = DataType::kUndefined;
  std::size_t count = 0;
  bool streamed = false;  ///< Y, where it is not X
  /// The reference, of elements [first, first + count), at most kLinedUp.
  void (*compute)(const State& state, const void* x, std::size_t first, std::size_t count, void* y) = nullptr;
};

/// In the elements' own type: integers of a size, signed or not, have the same low bits.
void negate_integers(const State& state, const void* inputs, std::size_t first, std::size_t count, void* outputs) {
  visit_size(size_of(state.type), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto* x = static_cast<const T*>(inputs) + first;
    auto* y = static_cast<T*>(outputs) + first;
    for (std::size_t i = 0; i < count; ++i) y[i] = static_cast<T>(0U - x[i]);
  });
}

void compute_doubles(UnaryKind kind, const double* x, std::size_t count, double* y) {
  for (std::size_t i = 0; i < count; ++i) y[i] = kernels::unary_reference(kind, x[i]);
}

/// W is what the type's lines hold.
template <typename W>
void compute_line(const State& state, const void* x, std::size_t first, std::size_t count, void* y) {
  if constexpr (std::is_integral_v<W>) {
    W line[kLinedUp];
    load_line(state.type, x, first, count, line);
    for (std::size_t i = 0; i < count; ++i) line[i] = computed_integer(state.kind, line[i]);
    store_line(state.type, line, first, count, y);
  } else if (state.type == DataType::kFloat64) {
    compute_doubles(state.kind, static_cast<const double*>(x) + first, count, static_cast<double*>(y) + first);
  } else {
    W line[kLinedUp];
    load_line(state.type, x, first, count, line);
    compute_doubles(state.kind, line, count, line);
    store_line(state.type, line, first, count, y);
  }
}

auto* compute_of(const State& state) {
  if (state.kind == UnaryKind::kNeg && kSignedTypes.has(state.type)) return &negate_integers;
  return visit_line_type(state.type, [](auto tag) { return &compute_line<typename decltype(tag)::type>; });
}

void run_line(const LineArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const bool streamed = args.streamed && !kernels::is_slow(state.kind);
  kernels::unary(state.kind, static_cast<const float*>(args.inputs[0]), static_cast<float*>(args.y), args.count,
                 stores_of(streamed));
  if (streamed) kernels::finish_streams();
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->kind = kind_of(context);
  state->type = context.input_type(0);
  state->compute = compute_of(*state);
  state->count = static_cast<std::size_t>(element_count(context.input_shape(0)));
  state->streamed = !kernels::is_slow(state->kind) && exceeds_caches(2 * sizeof(float) * state->count);
  Prepared prepared;
  prepared.state = std::move(state);
  return prepared;
}

double line_cost(UnaryKind kind) { return kernels::is_slow(kind) ? kSimdCost : kLineCost; }

Prepared prepare_simd(const PrepareContext& context) {
  Prepared prepared = prepare(context);
  prepared.line_wise = {run_line, line_cost(kind_of(context)), 0};
  return prepared;
}

void run_simd(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const auto* x = static_cast<const float*>(args.inputs[0]);
  auto* y = static_cast<float*>(args.outputs[0]);
  for_stored_chunks(args.control, state.count, kChunk, kSimdCost, state.streamed && x != y,
                    [&](std::size_t first, std::size_t size, kernels::Stores stores) {
                      kernels::unary(state.kind, x + first, y + first, size, stores);
                    });
}

/// Neg and Abs of 16-bit floats change one bit.
bool changes_one_bit(UnaryKind kind) { return kind == UnaryKind::kNeg || kind == UnaryKind::kAbs; }

void change_sign_bits(UnaryKind kind, const void* inputs, std::size_t first, std::size_t count, void* outputs) {
  constexpr std::uint16_t kSign = 0x8000;
  const auto* x = static_cast<const std::uint16_t*>(inputs) + first;
  auto* y = static_cast<std::uint16_t*>(outputs) + first;
  const std::uint16_t flipped = kind == UnaryKind::kNeg ? kSign : std::uint16_t{0};
  const auto kept = static_cast<std::uint16_t>(kind == UnaryKind::kNeg ? 0xffff : ~kSign);
  for (std::size_t i = 0; i < count; ++i) y[i] = static_cast<std::uint16_t>((x[i] & kept) ^ flipped);
}

void run_half_line(const LineArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  if (changes_one_bit(state.kind)) return change_sign_bits(state.kind, args.inputs[0], 0, args.count, args.y);
  half_line(state.type, args.inputs[0], 0, args.count, args.y,
            [&](float* line, std::size_t count) { kernels::unary(state.kind, line, line, count); });
}

Prepared prepare_half(const PrepareContext& context) {
  Prepared prepared = prepare(context);
  prepared.line_wise = {run_half_line, line_cost(kind_of(context)) + kHalfConversions, 0};
  return prepared;
}

void run_half(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  if (changes_one_bit(state.kind)) {
    return for_chunks(args.control, state.count, kChunk, kLineCost, [&](std::size_t first, std::size_t size) {
      change_sign_bits(state.kind, args.inputs[0], first, size, args.outputs[0]);
    });
  }
  for_half_lines(args.control, state.type, args.inputs[0], state.count, kSimdCost, args.outputs[0],
                 [&](float* line, std::size_t count) { kernels::unary(state.kind, line, line, count); });
}

std::string accepts_double(const NodeView& node) {
  const DataType type = node.input_type(0);
  if (type != DataType::kFloat64) return text("only float64, not ", type);
  return kernels::is_of_doubles(kind_of(node)) ? "" : "functions of angles have no kernel for float64";
}

void run_double_line(const LineArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  kernels::unary_doubles(state.kind, static_cast<const double*>(args.inputs[0]), static_cast<double*>(args.y),
                         args.count);
}

Prepared prepare_double(const PrepareContext& context) {
  Prepared prepared = prepare(context);
  prepared.line_wise = {run_double_line, 2 * line_cost(kind_of(context)), 0};
  return prepared;
}

void run_double(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const auto* x = static_cast<const double*>(args.inputs[0]);
  auto* y = static_cast<double*>(args.outputs[0]);
  for_chunks(args.control, state.count, kChunk, 2 * kSimdCost, [&](std::size_t first, std::size_t size) {
    kernels::unary_doubles(state.kind, x + first, y + first, size);
  });
}

void run_reference_line(const LineArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  state.compute(state, args.inputs[0], 0, args.count, args.y);
}

Prepared prepare_reference(const PrepareContext& context) {
  Prepared prepared = prepare(context);
  prepared.line_wise = {run_reference_line, kReferenceCost, 0};
  return prepared;
}

void run_reference(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  for_chunks(args.control, state.count, kChunk, kReferenceCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
      state.compute(state, args.inputs[0], first, count, args.outputs[0]);
    });
  });
}

constexpr InputDef kSigned[] = {{"X", kFloatTypes | kSignedTypes}};
constexpr InputDef kNumbers[] = {{"X", kNumericTypes}};

void add(Registry& registry, const char* name, int since_opset, AttributesPtr (*parse)(ParseContext&),
         InputTable inputs = kInputOfFloats, OutputTable outputs = kOutputOverFirst) {
  OpDef op;
  op.name = name;
  op.since_opset = since_opset;
  op.inputs = inputs;
  op.outputs = outputs;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {
      {"simd", Backend::kSimd, accepts_float32, prepare_simd, run_simd},
      {"simd half", Backend::kSimd, accepts_half, prepare_half, run_half},
      {"simd double", Backend::kSimd, accepts_double, prepare_double, run_double},
      {"reference", Backend::kReference, nullptr, prepare_reference, run_reference},
  };
  op.facts.channels_last = same_in_any_layout;
  registry.add(std::move(op));
}

}  // namespace

void register_neg(Registry& registry) { add(registry, "Neg", 6, parse<UnaryKind::kNeg>, kSigned, kYOverFirst); }
void register_abs(Registry& registry) { add(registry, "Abs", 6, parse<UnaryKind::kAbs>, kNumbers, kYOverFirst); }
void register_reciprocal(Registry& registry) {
  add(registry, "Reciprocal", 6, parse<UnaryKind::kReciprocal>, kOneOfFloats, kYOverFirst);
}
void register_sqrt(Registry& registry) { add(registry, "Sqrt", 6, parse<UnaryKind::kSqrt>, kOneOfFloats, kYOverFirst); }
void register_log(Registry& registry) { add(registry, "Log", 6, parse<UnaryKind::kLog>); }
void register_sin(Registry& registry) { add(registry, "Sin", 7, parse<UnaryKind::kSin>); }
void register_cos(Registry& registry) { add(registry, "Cos", 7, parse<UnaryKind::kCos>); }
void register_floor(Registry& registry) {
  add(registry, "Floor", 6, parse<UnaryKind::kFloor>, kOneOfFloats, kYOverFirst);
}
void register_ceil(Registry& registry) { add(registry, "Ceil", 6, parse<UnaryKind::kCeil>, kOneOfFloats, kYOverFirst); }
void register_round(Registry& registry) {
  add(registry, "Round", 11, parse<UnaryKind::kRound>, kOneOfFloats, kYOverFirst);
}
void register_sign(Registry& registry) { add(registry, "Sign", 9, parse<UnaryKind::kSign>, kInputOfNumbers); }
void register_tan(Registry& registry) { add(registry, "Tan", 7, parse<UnaryKind::kTan>); }
void register_asin(Registry& registry) { add(registry, "Asin", 7, parse<UnaryKind::kAsin>); }
void register_acos(Registry& registry) { add(registry, "Acos", 7, parse<UnaryKind::kAcos>); }
void register_atan(Registry& registry) { add(registry, "Atan", 7, parse<UnaryKind::kAtan>); }
void register_sinh(Registry& registry) { add(registry, "Sinh", 9, parse<UnaryKind::kSinh>); }
void register_cosh(Registry& registry) { add(registry, "Cosh", 9, parse<UnaryKind::kCosh>); }
void register_asinh(Registry& registry) { add(registry, "Asinh", 9, parse<UnaryKind::kAsinh>); }
void register_acosh(Registry& registry) { add(registry, "Acosh", 9, parse<UnaryKind::kAcosh>); }
void register_atanh(Registry& registry) { add(registry, "Atanh", 9, parse<UnaryKind::kAtanh>); }
void register_erf(Registry& registry) { add(registry, "Erf", 9, parse<UnaryKind::kErf>); }

}  // namespace linnet::internal
