// Sum, Mean, Max and Min of one or more inputs, element by element, with NumPy's broadcasting of all of them; the
// result has their type. Sum adds from left to right, Mean divides that sum by the number of inputs; both in float for
// float32 and the 16-bit types (rounded to those once, at the end) and in double for double. Max and Min give NaN where
// any input is NaN. Opsets 6 to newest: broadcasting (from 8), bfloat16 (from 13), and for Max and Min integers (from
// 12), are accepted at every opset.
#include <algorithm>
#include <cstring>

#include "ops/elementwise/arithmetic.hpp"
#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/kernels/elementwise.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/known_elements.hpp"
#include "ops/shared/layout.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 16384;
constexpr double kSimdCost = 0.2;       // ns per element and input
constexpr double kLineCost = 0.1;       // the same, in the cache
constexpr double kReferenceCost = 2.0;  // the same, for the 16-bit types

enum class VariadicOp { kSum, kMean, kMax, kMin };

struct VariadicAttributes : Attributes {
  explicit VariadicAttributes(VariadicOp variadic) : op(variadic) {}
  VariadicOp op;
};

template <VariadicOp kOp>
AttributesPtr parse(ParseContext&) {
  return new_shared<VariadicAttributes>(kOp);
}

bool selects(VariadicOp op) { return op == VariadicOp::kMax || op == VariadicOp::kMin; }

Dim selected(VariadicOp op, DataType type, const Dims& operands) {
  Dim result = operands[0];
  for (const Dim operand : operands) {
    if (result.same(operand)) continue;
    if (!result.known() || !operand.known() || !holds(type, result.value()) || !holds(type, operand.value())) {
      return Dim::unknown();
    }
    result =
        op == VariadicOp::kMax ? std::max(result.value(), operand.value()) : std::min(result.value(), operand.value());
  }
  return result;
}

void infer(InferContext& context) {
  const VariadicOp op = context.attributes<VariadicAttributes>().op;
  const DataType type = context.input_type(0);
  Dims dims = context.input_dims(0);
  for (std::size_t input = 1; input < context.input_count(); ++input) {
    dims = broadcast(dims, context.input_dims(input));
  }
  context.set_output(0, std::move(dims));
  if (!has_known_elements(type)) return;
  infer_known_elements(context, [&](const Dims& operands) { return selected(op, type, operands); });
}

struct State {
  VariadicOp op = VariadicOp::kSum;
  DataType type = DataType::kUndefined;
  std::size_t count = 0;
  std::vector<BroadcastLoops> operands;  ///< beside the result
};

Prepared prepare(const PrepareContext& context) {
  const Shape shape = context.output_shape(0);
  auto state = new_shared<State>();
  state->op = context.attributes<VariadicAttributes>().op;
  state->type = context.input_type(0);
  state->count = static_cast<std::size_t>(element_count(shape));
  for (std::size_t input = 0; input < context.input_count(); ++input) {
    state->operands.push_back(broadcast_loops(shape, context.input_shape(input)));
  }
  Prepared prepared;
  prepared.state = std::move(state);
  return prepared;
}

kernels::BinaryKind kernel_of(VariadicOp op) {
  switch (op) {
    case VariadicOp::kSum:
    case VariadicOp::kMean:
      return kernels::BinaryKind::kAdd;
    case VariadicOp::kMax:
      return kernels::BinaryKind::kMax;
    case VariadicOp::kMin:
      return kernels::BinaryKind::kMin;
  }
  return {};
}

struct Operand {
  const float* elements;
  bool single;  ///< one element, for all of them
};

/// Of `count` elements, at most kLinedUp. load(input, buffer) gives those of an input, where they lie or in the buffer.
/// Results are written when all inputs are read: y may lie in any of them.
template <typename Load>
void combine(const State& state, std::size_t count, float* y, const Load& load) {
  float so_far_line[kLinedUp];
  float operand_line[kLinedUp];
  const kernels::BinaryKind kind = kernel_of(state.op);
  const std::size_t last = state.operands.size() - 1;
  Operand so_far = load(std::size_t{0}, so_far_line);
  for (std::size_t input = 1; input <= last; ++input) {
    const Operand operand = load(input, operand_line);
    float* target = input == last ? y : so_far_line;
    kernels::binary(kind, so_far.elements, so_far.single, operand.elements, operand.single, target, count);
    so_far = {target, false};
  }
  if (state.op == VariadicOp::kMean) {
    const auto divisor = static_cast<float>(state.operands.size());
    kernels::binary(kernels::BinaryKind::kDiv, so_far.elements, so_far.single, &divisor, true, y, count);
  } else if (so_far.elements != y) {
    std::copy_n(so_far.elements, count, y);
  }
}

void run_line(const LineArguments& args) {
  combine(*static_cast<const State*>(args.state), args.count, static_cast<float*>(args.y),
          [&](std::size_t input, float*) -> Operand {
            return {static_cast<const float*>(args.inputs[input]), has_bit(args.single_inputs, input)};
          });
}

Prepared prepare_simd(const PrepareContext& context) {
  Prepared prepared = prepare(context);
  // A single input has the shape of the result.
  const std::uint64_t takes_single = context.input_count() > 1 ? ~std::uint64_t{0} : 0;
  prepared.line_wise = {run_line, kLineCost * static_cast<double>(context.input_count()), takes_single};
  return prepared;
}

void run_simd(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const double cost = kSimdCost * static_cast<double>(state.operands.size());
  auto* const y = static_cast<float*>(args.outputs[0]);
  for_chunks(args.control, state.count, kChunk, cost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
      combine(state, count, y + first, [&](std::size_t input, float* buffer) -> Operand {
        const auto* elements = static_cast<const float*>(args.inputs[input]);
        return {line_up(state.operands[input], elements, first, count, buffer), false};
      });
    });
  });
}

/// 16-bit floats, widened.
void run_half(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const double cost = kSimdCost * static_cast<double>(state.operands.size());
  for_chunks(args.control, state.count, kChunk, cost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
      float y[kLinedUp];
      combine(state, count, y, [&](std::size_t input, float* buffer) -> Operand {
        load_lined_up(state.operands[input], state.type, args.inputs[input], first, count, buffer);
        return {buffer, false};
      });
      store_line(state.type, y, first, count, args.outputs[0]);
    });
  });
}

Arithmetic arithmetic_of(VariadicOp op) {
  switch (op) {
    case VariadicOp::kSum:
    case VariadicOp::kMean:
      return Arithmetic::kAdd;
    case VariadicOp::kMax:
      return Arithmetic::kMax;
    case VariadicOp::kMin:
      return Arithmetic::kMin;
  }
  return {};
}

/// Elements [first, first + count), at most kLinedUp, in computed_type. As combine.
void combine_reference(const State& state, const RunArguments& args, std::size_t first, std::size_t count) {
  const DataType computed = computed_type(state.type);
  const bool widens = computed != state.type;
  LineBuffer so_far;
  LineBuffer lined_up;
  float floats[kLinedUp];
  const auto operand_of = [&](std::size_t input) -> const void* {
    if (!widens) {
      return line_up(state.operands[input], size_of(state.type), args.inputs[input], first, count, &lined_up);
    }
    load_lined_up(state.operands[input], state.type, args.inputs[input], first, count, floats);
    return floats;
  };
  const ArithmeticLine join = arithmetic_line(arithmetic_of(state.op), computed);
  std::memcpy(&so_far, operand_of(0), count * size_of(computed));
  for (std::size_t input = 1; input < state.operands.size(); ++input) {
    join(&so_far, operand_of(input), count, &so_far);
  }
  if (state.op == VariadicOp::kMean) {
    const auto divisor = static_cast<double>(state.operands.size());
    LineBuffer divisors;
    if (computed == DataType::kFloat64) std::fill_n(reinterpret_cast<double*>(&divisors), count, divisor);
    if (computed == DataType::kFloat32)
      std::fill_n(reinterpret_cast<float*>(&divisors), count, static_cast<float>(divisor));
    arithmetic_line(Arithmetic::kDiv, computed)(&so_far, &divisors, count, &so_far);
  }
  if (widens) {
    store_line(state.type, reinterpret_cast<const float*>(&so_far), first, count, args.outputs[0]);
  } else {
    auto* result = static_cast<std::byte*>(args.outputs[0]);
    std::memcpy(result + first * size_of(state.type), &so_far, count * size_of(state.type));
  }
}

void run_reference(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const double cost = kReferenceCost * static_cast<double>(state.operands.size());
  for_chunks(args.control, state.count, kChunk, cost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size,
                 [&](std::size_t first, std::size_t count) { combine_reference(state, args, first, count); });
  });
}

constexpr InputDef kNumbers[] = {{"", kNumericTypes, kRepeated | kTypeOfFirst}};
constexpr InputDef kFloats[] = {{"", kFloatTypes, kRepeated | kTypeOfFirst}};
constexpr std::uint8_t kOverAny = over(0, 1, 2, 3);
constexpr OutputDef kSumOutputs[] = {{"sum", TypeOf{0}, 0, kOverAny}};
constexpr OutputDef kMeanOutputs[] = {{"mean", TypeOf{0}, 0, kOverAny}};
constexpr OutputDef kMaxOutputs[] = {{"max", TypeOf{0}, 0, kOverAny}};
constexpr OutputDef kMinOutputs[] = {{"min", TypeOf{0}, 0, kOverAny}};

template <VariadicOp kOp>
OpDef variadic(const char* name, OutputTable outputs) {
  OpDef op;
  op.name = name;
  op.since_opset = 6;
  op.inputs = selects(kOp) ? InputTable(kNumbers) : InputTable(kFloats);
  op.outputs = outputs;
  op.parse = parse<kOp>;
  op.infer = infer;
  op.implementations = {
      {"simd", Backend::kSimd, accepts_float32, prepare_simd, run_simd},
      {"simd half", Backend::kSimd, accepts_half, prepare, run_half},
      {"reference", Backend::kReference, nullptr, prepare, run_reference},
  };
  op.facts.commutative = true;
  op.facts.channels_last = same_in_any_layout;
  op.facts.is_identity = [](const NodeView& node) { return node.input_count() == 1; };
  return op;
}

}  // namespace

void register_sum(Registry& registry) { registry.add(variadic<VariadicOp::kSum>("Sum", kSumOutputs)); }
void register_mean(Registry& registry) { registry.add(variadic<VariadicOp::kMean>("Mean", kMeanOutputs)); }
void register_max(Registry& registry) { registry.add(variadic<VariadicOp::kMax>("Max", kMaxOutputs)); }
void register_min(Registry& registry) { registry.add(variadic<VariadicOp::kMin>("Min", kMinOutputs)); }

}  // namespace linnet::internal
